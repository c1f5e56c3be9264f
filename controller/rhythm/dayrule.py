"""On which dates something holds: `workdays`, `tuesdays and fridays`, `first workday of month`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

ALL_MONTHS = frozenset(range(1, 13))


class Calendar(Protocol):
    """What a day rule asks about a date; `Workdays` answers it."""

    def works(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One alternative of a rule. `n` counts from 1, from the end when negative; Monday is 1, Sunday 7."""

    kind: str
    n: int = 0
    months: frozenset[int] = ALL_MONTHS
    day: date | None = None


@dataclass(frozen=True, slots=True)
class DayRule:
    """The dates on which any of its parts holds; `words` is how the office wrote it."""

    words: str
    parts: tuple[Part, ...]

    def holds(self, day: date, calendar: Calendar) -> bool:
        """Whether the rule names this date.

        Every kind but `every day`, `days off` and a date written out names working days only: `friday` does
        not hold on a Friday that is a public holiday.
        """
        return any(day.month in part.months and _HOLDS[part.kind](part, day, calendar) for part in self.parts)

    @property
    def width(self) -> float:
        """Roughly on how many days a year the rule holds; of two rules for one time the narrower wins."""
        return sum(
            _DAYS_A_YEAR[part.kind] * max(1, part.n if part.kind == "before" else 1) * len(part.months) / 12
            for part in self.parts
        )


def _nth(part: Part, day: date, calendar: Calendar, period: Callable[[date], object]) -> bool:
    """Whether this is a working day with |n| - 1 others of its period before it (n > 0) or after (n < 0)."""
    if not calendar.works(day):
        return False
    step = timedelta(days=-1 if part.n > 0 else 1)
    others, other = abs(part.n) - 1, day + step
    while others >= 0 and period(other) == period(day):
        others -= calendar.works(other)
        other += step
    return others == 0


def _nth_of_week(part: Part, day: date, calendar: Calendar) -> bool:
    return _nth(part, day, calendar, lambda other: other.isocalendar()[:2])


def _nth_of_month(part: Part, day: date, calendar: Calendar) -> bool:
    return _nth(part, day, calendar, lambda other: other.month)


def _last_day(day: date) -> bool:
    return (day + timedelta(days=1)).month != day.month


_HOLDS: dict[str, Callable[[Part, date, Calendar], bool]] = {
    "every": lambda part, day, calendar: True,
    "workdays": lambda part, day, calendar: calendar.works(day),
    "days_off": lambda part, day, calendar: not calendar.works(day),
    "weekday": lambda part, day, calendar: day.isoweekday() == part.n and calendar.works(day),
    "of_week": _nth_of_week,
    "of_month": _nth_of_month,
    "day": lambda part, day, calendar: (
        (day.day == part.n or (part.n == -1 and _last_day(day))) and calendar.works(day)
    ),
    "before": lambda part, day, calendar: day.day < part.n and calendar.works(day),
    "date": lambda part, day, calendar: day == part.day,
    "yearly": lambda part, day, calendar: (
        part.day is not None and (day.month, day.day) == (part.day.month, part.day.day)
    ),
}

# How wide each kind is: days a year, a weekday counting 50 so that Monday to Friday is as wide as `workdays`.
_DAYS_A_YEAR = {
    "every": 365,
    "workdays": 250,
    "days_off": 115,
    "weekday": 50,
    "of_week": 50,
    "of_month": 12,
    "day": 12,
    "before": 9,
    "date": 1,
    "yearly": 1,
}
