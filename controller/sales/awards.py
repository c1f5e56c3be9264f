"""Awards in the store: recorded once when the results are frozen, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from controller.sales.money import from_fen, to_fen
from controller.sales.rows import Row, Rows, day, from_ms, to_ms

PERIODS: Final = ("day", "week", "month", "contest")
CONTEST: Final = "contest"
_SELECT: Final = (
    "SELECT id, period, since, until, contest_id, title, person_id, person, team_id, team, count, fen, prize, at"
    " FROM awards "
)


@dataclass(frozen=True, slots=True)
class Award:
    """A win of a person (or, in a contest, of a team: `person_id` 0) in a period; names of that day.

    `id` 0: not recorded. `title`: the name of the contest, "" for top sales. `at`: when it was recorded.
    """

    period: str
    since: date
    until: date
    person_id: int
    person: str
    team_id: int
    team: str
    count: int
    amount: Decimal
    prize: str
    at: datetime
    contest_id: int = 0
    title: str = ""
    id: int = 0


class Awards:
    """Awards as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, award: Award) -> bool:
        """Record an award; return False and keep the first one when it was recorded before."""
        sql = (
            "INSERT INTO awards (period, since, until, contest_id, title, person_id, person, team_id, team,"
            " count, fen, prize, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        )
        values = (
            award.period, day(award.since), day(award.until), award.contest_id, award.title, award.person_id,
            award.person, award.team_id, award.team, award.count, to_fen(award.amount), award.prize, to_ms(award.at),
        )  # fmt: skip
        return self._rows.change(sql, *values) == 1

    def of_period(self, period: str, since: date) -> tuple[Award, ...]:
        """Return the awards of the day, week or month that begins on `since`."""
        return self._list("WHERE period = ? AND since = ? ORDER BY id", period, day(since))

    def between(self, since: date, until: date) -> tuple[Award, ...]:
        """Return the awards of all periods that ended on `since`..`until`, in sequence."""
        return self._list("WHERE until BETWEEN ? AND ? ORDER BY until, id", day(since), day(until))

    def newest(self, count: int, before: int | None = None) -> tuple[Award, ...]:
        """Return the awards recorded last, newest first; `before`: only those with a smaller id."""
        return self._list("WHERE id < ? ORDER BY id DESC LIMIT ?", before or 1 << 62, count)

    def of_person(self, person_id: int, count: int, before: int | None = None) -> tuple[Award, ...]:
        """Return a person's awards, newest first."""
        where = "WHERE person_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
        return self._list(where, person_id, before or 1 << 62, count)

    def counts(self, person_id: int) -> dict[str, int]:
        """Return how many awards of each period a person has."""
        rows = self._rows.all(
            "SELECT period, count(*) FROM awards WHERE person_id = ? GROUP BY period", person_id
        )
        return {str(period): int(count) for period, count in rows}

    def sum_now(self, award: Award) -> Decimal:
        """Return the person's present sum in the award's period: less when a deal was taken back later."""
        row = self._rows.one(
            "SELECT coalesce(sum(fen), 0) FROM daily WHERE person_id = ? AND date BETWEEN ? AND ?",
            award.person_id, day(award.since), day(award.until),
        )  # fmt: skip
        return from_fen(0 if row is None else int(row[0]))

    def _list(self, where: str, *values: str | int) -> tuple[Award, ...]:
        return tuple(map(self._award, self._rows.all(_SELECT + where, *values)))

    def _award(self, row: Row) -> Award:
        (
            ident,
            period,
            since,
            until,
            contest,
            title,
            person_id,
            person,
            team_id,
            team,
            count,
            fen,
            prize,
            at,
        ) = row
        return Award(
            period, date.fromisoformat(since), date.fromisoformat(until), person_id, person, team_id, team, count,
            from_fen(fen), prize, from_ms(at, self._rows.zone), contest, title, ident,
        )  # fmt: skip
