"""The store's tables of targets: months, hand-ins, reviews; and the targets of a period put together from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from controller.sales.people import Roster
from controller.sales.rows import Row, Rows, day, from_ms, to_json, to_ms
from controller.sales.targets import (
    DayTargets,
    MonthTargets,
    PeriodTargets,
    Works,
    days_of,
    month_of,
    period_targets,
)

_HAND_IN: Final = "SELECT date, team_id, number, key, who, at, value FROM hand_ins"
IN_USE: Final = timedelta(days=14)
"""An office that set a target or handed one in within this time works with targets."""


@dataclass(frozen=True, slots=True)
class HandIn:
    """The targets of a team's people for a date, as handed in. `number` counts the team's hand-ins of the date.

    `fen`: by the person's id. A hand-in is never changed: another one follows it.
    """

    date: date
    team_id: int
    number: int
    key: str
    who: str
    at: datetime
    fen: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Review:
    """A review of the day, the first or the second. `teams`: deals and fen of each team at that moment, by id."""

    date: date
    number: int
    who: str
    at: datetime
    teams: Mapping[int, tuple[int, int]]


class Targets:
    """Targets of months, hand-ins and reviews as seen by one snapshot or transaction. Amounts are fen."""

    def __init__(self, rows: Rows, roster: Roster, works: Works) -> None:
        self._rows, self._roster, self._works = rows, roster, works

    # --- months

    def set_month(self, month: str, scope: str, ident: int, fen: int | None) -> None:
        """Set the month's target of the "office" (`ident` 0), a "team" or a "person"; None removes it."""
        if fen is None:
            sql = "DELETE FROM month_targets WHERE month = ? AND scope = ? AND ident = ?"
            self._rows.change(sql, month, scope, ident)
            return
        sql = (
            "INSERT INTO month_targets (month, scope, ident, fen) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET fen = excluded.fen"
        )
        self._rows.change(sql, month, scope, ident, fen)

    def month(self, month: str) -> MonthTargets:
        """Return the targets set for a month."""
        rows = self._rows.all("SELECT scope, ident, fen FROM month_targets WHERE month = ?", month)
        by_scope: dict[str, dict[int, int]] = {"office": {}, "team": {}, "person": {}}
        for scope, ident, fen in rows:
            by_scope[scope][ident] = fen
        return MonthTargets(by_scope["office"].get(0, 0), by_scope["team"], by_scope["person"])

    # --- periods

    def calendar_of(self, since: date, until: date) -> tuple[date, ...]:
        """Return the working days on which the period's targets depend; none without a month's target."""
        if not self._months(since, until):
            return ()
        first, last = since.replace(day=1), (until.replace(day=1) + timedelta(days=31)).replace(day=1)
        return tuple(one for one in days_of(first, last) if self._works(one))

    def of_period(self, since: date, until: date, team_of: Mapping[int, int]) -> PeriodTargets:
        """Return the targets of the days `since`..`until`; see the rules in `controller/sales/targets.py`."""
        months = self._months(since, until)
        if not months:
            return PeriodTargets(*self._roster.targets_in_fen(since, until))
        by_month = {month: self.month(month) for month in months}
        return period_targets(since, until, self.days(since, until), by_month, team_of, self._works)

    def days(self, since: date, until: date) -> dict[date, DayTargets]:
        """Return the targets set for single days."""
        teams = self._by_day("SELECT date, team_id, fen FROM team_targets", since, until)
        people = self._by_day("SELECT date, person_id, fen FROM person_targets", since, until)
        return {
            one: DayTargets(teams.get(one, {}), people.get(one, {})) for one in teams.keys() | people.keys()
        }

    def _by_day(self, sql: str, since: date, until: date) -> dict[date, dict[int, int]]:
        by_day: dict[date, dict[int, int]] = {}
        for written, ident, fen in self._rows.all(
            f"{sql} WHERE date BETWEEN ? AND ?", day(since), day(until)
        ):
            by_day.setdefault(date.fromisoformat(written), {})[ident] = fen
        return by_day

    def _months(self, since: date, until: date) -> tuple[str, ...]:
        sql = "SELECT DISTINCT month FROM month_targets WHERE month BETWEEN ? AND ?"
        return tuple(row[0] for row in self._rows.all(sql, month_of(since), month_of(until)))

    def in_use(self, today: date) -> bool:
        """Return whether the office works with targets: this month has one, or the last two weeks had."""
        since = day(today - IN_USE)
        sql = (
            "SELECT EXISTS (SELECT 1 FROM month_targets WHERE month = ?)"
            " OR EXISTS (SELECT 1 FROM team_targets WHERE date BETWEEN ? AND ?)"
            " OR EXISTS (SELECT 1 FROM hand_ins WHERE date BETWEEN ? AND ?)"
        )
        row = self._rows.one(sql, month_of(today), since, day(today), since, day(today))
        return bool(row and row[0])

    # --- hand-ins

    def staffed(self) -> frozenset[int]:
        """Return the ids of the teams with people: those that hand in."""
        return frozenset(
            row[0] for row in self._rows.all("SELECT DISTINCT team_id FROM people WHERE active = 1")
        )

    def hand_in(self, new: HandIn) -> None:
        """Store a hand-in; the targets of the day follow it: each person's, and the team's as their sum."""
        self._rows.add(
            "INSERT INTO hand_ins (date, team_id, number, key, who, at, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
            day(new.date), new.team_id, new.number, new.key, new.who, to_ms(new.at),
            to_json({str(person): fen for person, fen in new.fen.items()}),
        )  # fmt: skip
        for person, fen in new.fen.items():
            self._set_day("person_targets", new.date, person, fen)
        self._set_day("team_targets", new.date, new.team_id, sum(new.fen.values()))

    def _set_day(self, table: str, on: date, ident: int, fen: int) -> None:
        owner = "team_id" if table == "team_targets" else "person_id"
        sql = f"INSERT INTO {table} (date, {owner}, fen) VALUES (?, ?, ?)"  # noqa: S608
        self._rows.change(f"{sql} ON CONFLICT DO UPDATE SET fen = excluded.fen", day(on), ident, fen)

    def hand_ins(self, on: date) -> tuple[HandIn, ...]:
        """Return all hand-ins of a date, oldest first."""
        return self._hand_ins(self._rows.all(f"{_HAND_IN} WHERE date = ? ORDER BY id", day(on)))

    def latest(self, on: date) -> dict[int, HandIn]:
        """Return the newest hand-in of each team on a date, by the team's id."""
        return {one.team_id: one for one in self.hand_ins(on)}

    def with_key(self, key: str) -> HandIn | None:
        """Return the hand-in that was sent with this key, or None."""
        return next(iter(self._hand_ins(self._rows.all(f"{_HAND_IN} WHERE key = ?", key))), None)

    def _hand_ins(self, rows: Iterable[Row]) -> tuple[HandIn, ...]:
        return tuple(
            HandIn(
                date.fromisoformat(on), team, number, key, who, from_ms(at, self._rows.zone),
                {int(person): fen for person, fen in json.loads(value).items()},
            )
            for on, team, number, key, who, at, value in rows
        )  # fmt: skip

    # --- reviews

    def add_review(self, new: Review) -> None:
        """Store a review; each number once a date."""
        self._rows.change(
            "INSERT INTO reviews (date, number, who, at, value) VALUES (?, ?, ?, ?, ?)",
            day(new.date), new.number, new.who, to_ms(new.at),
            to_json({str(team): list(total) for team, total in new.teams.items()}),
        )  # fmt: skip

    def reviews(self, on: date) -> tuple[Review, ...]:
        """Return the reviews of a date, the first one first."""
        rows = self._rows.all(
            "SELECT number, who, at, value FROM reviews WHERE date = ? ORDER BY number", day(on)
        )
        return tuple(
            Review(
                on, number, who, from_ms(at, self._rows.zone),
                {int(team): (int(count), int(fen)) for team, (count, fen) in json.loads(value).items()},
            )
            for number, who, at, value in rows
        )  # fmt: skip
