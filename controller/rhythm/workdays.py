"""Which dates are working days: the office's own days first, then public holidays and China's make-up days.

Source of the public days: the `holidays` package (for China it carries the State Council's notices). It
is imported only when a year is first asked for, because it takes 17 MB;
`python -m controller.rhythm.workdays CN 2026` prints a year as JSON, so that a short-lived child can pay that
price instead of the daemon.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from controller.rhythm.countries import parts_of

WEEKDAYS = "一二三四五六日"
# These announce holidays and make-up days year by year; beyond the last notice the package only reckons.
ANNOUNCED_YEARLY = frozenset({"CN"})
FURTHEST = timedelta(days=60)  # no office rests longer than this


@dataclass(frozen=True, slots=True)
class PublicDays:
    """One year of one country: days off by name, working days at a weekend, whether the year is a guess."""

    names: Mapping[date, str]
    make_up: frozenset[date]
    weekend: frozenset[int]  # date.weekday() numbers
    guess: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "names": {day.isoformat(): name for day, name in sorted(self.names.items())},
            "make_up": [day.isoformat() for day in sorted(self.make_up)],
            "weekend": sorted(self.weekend),
            "guess": self.guess,
        }


@dataclass(frozen=True, slots=True)
class Workday:
    """Whether one date is worked, why in one short Chinese sentence, and whether that is only a guess."""

    workday: bool
    why: str
    guess: bool


def from_json(told: Mapping[str, Any]) -> PublicDays:
    """The inverse of `PublicDays.to_json`. Raises KeyError, TypeError or ValueError on anything else."""
    return PublicDays(
        {date.fromisoformat(day): str(name) for day, name in told["names"].items()},
        frozenset(date.fromisoformat(day) for day in told["make_up"]),
        frozenset(int(day) for day in told["weekend"]),
        bool(told["guess"]),
    )


def public_days(country: str | None, year: int) -> PublicDays:
    """What `holidays` knows of that year; without a country only Saturdays and Sundays are off.

    `country` is a calendar's one writing, see `countries`: `CN`, `GB-ENG`, `DE-BY+catholic`.
    """
    if country is None:
        return PublicDays({}, frozenset(), frozenset({5, 6}), guess=False)
    import holidays  # 17 MB with China's lunar tables: only when a year is really asked for

    place, region, kinds = parts_of(country)
    chosen = getattr(holidays, place)
    language = "zh_CN" if "zh_CN" in chosen.supported_languages else chosen.default_language
    found = chosen(
        years=(year, year + 1), language=language, subdiv=region, categories=("public", *kinds)
    )  # a notice for January may move days of December
    return PublicDays(
        {day: name for day, name in found.items() if day.year == year},
        frozenset(day for day in found.weekend_workdays if day.year == year),
        _weekend(frozenset(found.weekend)),
        guess=place in ANNOUNCED_YEARLY and year > max(found.special_public_holidays),
    )


def _weekend(by_law: frozenset[int]) -> frozenset[int]:
    """The days an office rests each week. Where the law knows Sundays only (Hong Kong), it rests on Saturdays too."""
    return frozenset({5, 6}) if by_law == {6} else by_law


class Workdays:
    """The working days of one office.

    The office's own `extra_workdays` win over its `days_off`, and both win over the public days. `look`
    fetches one year of a country (default: `public_days`, in this process); each year is fetched once.
    """

    def __init__(
        self,
        country: str | None,
        days_off: Iterable[date] = (),
        extra_workdays: Iterable[date] = (),
        look: Callable[[str | None, int], PublicDays] = public_days,
    ) -> None:
        self._country = country
        self._days_off = frozenset(days_off)
        self._extra = frozenset(extra_workdays)
        self._look = look
        self._years: dict[int, PublicDays] = {}
        self._known: dict[date, bool] = {}

    def is_workday(self, day: date) -> Workday:
        if day in self._extra:
            return Workday(True, "公司安排上班", False)
        if day in self._days_off:
            return Workday(False, "公司安排放假", False)
        public = self._year(day.year)
        if day in public.make_up:
            return Workday(True, f"周{WEEKDAYS[day.weekday()]}调休上班", public.guess)
        if name := public.names.get(day):
            return Workday(False, _holiday(name), public.guess)
        if day.weekday() in public.weekend:
            return Workday(False, f"周{WEEKDAYS[day.weekday()]}休息", public.guess)
        return Workday(True, "周一至周五" if public.weekend == {5, 6} else "平日", public.guess)

    def works(self, day: date) -> bool:
        """The same, asked often and answered from memory."""
        if day not in self._known:
            self._known[day] = self.is_workday(day).workday
        return self._known[day]

    def next(self, day: date) -> date | None:
        """The first working day after this date, or None when there is none within two months."""
        return self._near(day, 1)

    def previous(self, day: date) -> date | None:
        """The last working day before this date, or None when there is none within two months."""
        return self._near(day, -1)

    def is_first_of_week(self, day: date) -> bool:
        """Whether this is the first working day since Monday (weeks run from Monday to Sunday)."""
        return self.works(day) and _week(self.previous(day)) != _week(day)

    def is_last_of_week(self, day: date) -> bool:
        return self.works(day) and _week(self.next(day)) != _week(day)

    def is_first_of_month(self, day: date) -> bool:
        return self.works(day) and _month(self.previous(day)) != _month(day)

    def is_last_of_month(self, day: date) -> bool:
        return self.works(day) and _month(self.next(day)) != _month(day)

    def guesses(self, year: int) -> bool:
        """Whether that year's public days are not announced yet, or not known to this version."""
        return self._year(year).guess

    def _near(self, day: date, step: int) -> date | None:
        for n in range(1, FURTHEST.days + 1):
            if self.works(other := day + timedelta(days=n * step)):
                return other
        return None

    def _year(self, year: int) -> PublicDays:
        if year not in self._years:
            self._years[year] = self._look(self._country, year)
        return self._years[year]


def _week(day: date | None) -> tuple[int, int] | None:
    return (day.isocalendar().year, day.isocalendar().week) if day else None


def _month(day: date | None) -> tuple[int, int] | None:
    return (day.year, day.month) if day else None


def _holiday(name: str) -> str:
    """`休息日（由 2026-10-10 调休）` → 假期调休，10月10日补班; any other name as the package gives it."""
    if name.startswith("休息日（由 ") and name.endswith(" 调休）"):
        moved = date.fromisoformat(name.removeprefix("休息日（由 ").removesuffix(" 调休）"))
        return f"假期调休，{moved.month}月{moved.day}日补班"
    return name


if __name__ == "__main__":
    country, *years = sys.argv[1:]
    json.dump(
        {year: public_days(country, int(year)).to_json() for year in years}, sys.stdout, ensure_ascii=False
    )
