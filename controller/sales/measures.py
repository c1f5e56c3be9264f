"""Numbers beside the deals, such as calls or payments received: a person's value of a day, corrected by a new entry.

Values are whole hundredths of the unit, so that a unit that changes in the timetable changes no stored value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from controller.sales.model import Conflict, Person, Refused
from controller.sales.money import LARGEST, from_fen, parse_amount, to_fen
from controller.sales.rows import Rows, day, to_ms

MOST_OF_A_DAY: Final = 1_000_000
"""Largest count of one person on one day."""
YUAN: Final = "元"
"""The unit of amounts of money; all other units are counts."""
_COUNT: Final = re.compile(r"\d{1,9}(?:\.0*)?")
Measured = tuple[int, int, int]
"""A person's id, the id of the team in which the value was made, and the value in a period."""
_DAILY: Final = (
    "SELECT person_id, team_id, sum(value) FROM measure_daily WHERE measure = ? AND date BETWEEN ? AND ?"
)
_MONTHLY: Final = "SELECT person_id, team_id, value FROM measure_monthly WHERE measure = ? AND month = ?"
_BY_PERSON: Final = " GROUP BY person_id, team_id"


@dataclass(frozen=True, slots=True)
class Entered:
    """One value to store: the person's day gets `value`, or with `added` that much more."""

    person: Person
    value: int
    added: bool = False


@dataclass(frozen=True, slots=True)
class DayValue:
    """A stored value as the export shows it; `value` in units."""

    date: date
    team: str
    person: str
    measure: str
    value: Decimal


def parse_value(value: object, unit: str) -> int:
    """Parse a count or, with the unit 元, an amount; 0 is allowed. Raises Refused (field "value")."""
    try:
        return _yuan(value) if unit == YUAN else _count(value, unit)
    except Refused as refused:
        raise Refused(refused.sentence, "value") from refused


def _yuan(value: object) -> int:
    text = unicodedata.normalize("NFKC", str(value)).strip()
    return (
        0
        if not isinstance(value, bool) and re.fullmatch(r"[¥￥]?0(\.0*)?", text)
        else to_fen(parse_amount(value))
    )


def _count(value: object, unit: str) -> int:
    text = unicodedata.normalize("NFKC", str(value)[:40]).strip().replace(",", "").removesuffix(unit).strip()
    if isinstance(value, bool) or not _COUNT.fullmatch(text) or int(text.split(".")[0]) > MOST_OF_A_DAY:
        raise Refused(f"要写 0 到 {MOST_OF_A_DAY} 的整数（{unit}），收到的是“{str(value)[:20]}”。", "value")
    return int(text.split(".")[0]) * 100


def in_units(value: int) -> Decimal:
    """Return a stored value in its unit."""
    return from_fen(value)


class Measures:
    """The numbers beside the deals as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def enter(self, measure: str, when: date, entered: Entered, key: str, at: datetime, by: str) -> bool:
        """Store an entry; return False when it was stored before, or changes nothing.

        Raises Conflict when `key` was used with other content, Refused when the sum is too large.
        """
        person, asked = (
            entered.person,
            f"{measure}|{when}|{entered.person.id}|{entered.value}|{entered.added}",
        )
        known = self._rows.one("SELECT asked FROM measure_entries WHERE key = ?", key)
        if known is not None:
            if known[0] != asked:
                raise Conflict("这个 key 已经用来记过别的数，请换一个。", "key")
            return False
        row = self._rows.one(
            "SELECT value, team_id FROM measure_daily WHERE measure = ? AND date = ? AND person_id = ?",
            measure, day(when), person.id,
        )  # fmt: skip
        before, team = row or (0, person.team_id)
        value = before + entered.value if entered.added else entered.value
        if value > to_fen(LARGEST):
            raise Refused(f"{person.name}这一天的合计太大了。", "value")
        if value == before and not entered.added:
            return False
        self._rows.add(
            "INSERT INTO measure_entries"
            " (key, asked, measure, date, person_id, team_id, value, change, at, entered_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key, asked, measure, day(when), person.id, team, value, value - before, to_ms(at), by,
        )  # fmt: skip
        return True

    def last_entry(self) -> int:
        """Return the number of the last entry; it grows with each change of a value."""
        return int(self._rows.all("SELECT coalesce(max(id), 0) FROM measure_entries")[0][0])

    def of_span(self, measure: str, since: date, until: date) -> list[Measured]:
        """Return the sums of a span by person and team."""
        return self._rows.all(_DAILY + _BY_PERSON, measure, day(since), day(until))

    def of_month(self, measure: str, first: date) -> list[Measured]:
        """Return the sums of a month by person and team."""
        return self._rows.all(_MONTHLY, measure, day(first)[:7])

    def of_people(self, when: date, people: Iterable[int]) -> dict[tuple[str, int], int]:
        """Return the stored values of some people on a day, by measure and person."""
        wanted = frozenset(people)
        rows = self._rows.all("SELECT measure, person_id, value FROM measure_daily WHERE date = ?", day(when))
        return {(measure, person): value for measure, person, value in rows if person in wanted}

    def next(
        self, since: date, until: date, after: tuple[date, str, int], count: int
    ) -> list[tuple[object, ...]]:
        """Return the next values of a span for the export: date, measure, person's id, team, person, value."""
        return self._rows.all(
            "SELECT d.date, d.measure, d.person_id, t.name, p.name, d.value FROM measure_daily d"
            " JOIN people p ON p.id = d.person_id JOIN teams t ON t.id = d.team_id"
            " WHERE d.date BETWEEN ? AND ? AND (d.date, d.measure, d.person_id) > (?, ?, ?)"
            " ORDER BY d.date, d.measure, d.person_id LIMIT ?",
            day(max(since, after[0])), day(until), day(after[0]), after[1], after[2], count,
        )  # fmt: skip
