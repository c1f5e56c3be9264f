"""Working days: China's notices, the office's own days, and honesty about years not announced."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta

import holidays
import pytest
from small_office import day

from controller.timetable.workdays import (
    CALLED,
    COUNTRIES,
    KINDS,
    REGIONAL,
    REGIONS,
    USUAL_KINDS,
    PublicDays,
    Workday,
    Workdays,
    calendar_of,
    from_json,
    public_days,
)

CN = Workdays("CN")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-02-14", Workday(True, "周六调休上班", False)),
        ("2026-09-20", Workday(True, "周日调休上班", False)),
        ("2026-10-01", Workday(False, "国庆节", False)),
        ("2026-02-20", Workday(False, "假期调休，2月14日补班", False)),
        ("2026-10-08", Workday(True, "周一至周五", False)),
        ("2026-11-28", Workday(False, "周六休息", False)),
    ],
)
def test_days_of_2026_as_the_state_council_announced_them(when: str, expected: Workday) -> None:
    """Holidays, make-up days and ordinary days, each with its reason."""
    assert CN.is_workday(day(when)) == expected


def test_a_year_not_announced_is_called_a_guess() -> None:
    """2026 is announced, 2035 cannot be; Germany's holidays are law and never a guess."""
    assert not CN.guesses(2026)
    assert CN.guesses(2035)
    assert CN.is_workday(day("2035-03-01")).guess
    assert not Workdays("DE").guesses(2035)


def test_the_offices_own_days_win() -> None:
    """days_off and extra_workdays stand above the public calendar, and are never a guess."""
    own = Workdays("CN", days_off=[day("2026-02-14"), day("2035-03-01")], extra_workdays=[day("2026-10-01")])
    assert own.is_workday(day("2026-02-14")) == Workday(False, "公司安排放假", False)
    assert own.is_workday(day("2026-10-01")) == Workday(True, "公司安排上班", False)
    assert own.is_workday(day("2035-03-01")).guess is False


def test_another_countrys_holidays() -> None:
    """A German office rests on its own holidays, named in its own language."""
    assert Workdays("DE").is_workday(day("2026-10-03")) == Workday(False, "Tag der Deutschen Einheit", False)


def test_without_a_country_only_weekends_are_off() -> None:
    """`holidays: none` asks nobody."""
    assert Workdays(None).is_workday(day("2026-10-01")) == Workday(True, "周一至周五", False)


def test_the_working_day_after_and_before() -> None:
    """The holiday of October 2026 is passed over in both directions."""
    assert CN.next(day("2026-09-30")) == day("2026-10-08")
    assert CN.previous(day("2026-10-08")) == day("2026-09-30")


def test_the_list_of_countries_is_that_of_the_package() -> None:
    """The codes written out by hand are all that `holidays` knows."""
    assert frozenset(holidays.list_supported_countries(include_aliases=False)) == COUNTRIES


def test_a_year_survives_the_way_through_json() -> None:
    """What a child prints as JSON is the same year again."""
    year = public_days("CN", 2026)
    assert from_json(json.loads(json.dumps(year.to_json()))) == year


def test_a_child_can_be_asked_for_a_year() -> None:
    """`python -m controller.timetable.workdays CN 2026` prints what Workdays needs of that year."""
    told = subprocess.run(
        [sys.executable, "-m", "controller.timetable.workdays", "CN", "2026"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert from_json(json.loads(told.stdout)["2026"]) == public_days("CN", 2026)


def test_each_year_is_looked_up_once() -> None:
    """A whole week's questions load the calendar a single time."""
    asked: list[int] = []

    def look(country: str | None, year: int) -> PublicDays:
        asked.append(year)
        return public_days(None, year)

    some = Workdays("CN", look=look)
    assert [some.works(day("2026-05-04") + timedelta(days=n)) for n in range(7)].count(True) == 5
    assert asked == [2026]


def test_nobody_works_at_all() -> None:
    """A calendar without a single working day has no next one, and says so instead of searching for ever."""
    closed = Workdays(None, look=lambda c, y: PublicDays({}, frozenset(), frozenset(range(7)), guess=False))
    assert closed.next(day("2026-05-04")) is None


@pytest.mark.parametrize(
    ("calendar", "when", "works"),
    [
        ("HK", "2026-04-03", False), ("HK", "2026-04-04", False), ("HK", "2026-12-26", False),
        ("HK", "2026-11-28", False), ("HK", "2026-11-27", True), ("MO", "2026-04-03", False),
        ("GB", "2026-04-06", True), ("GB-ENG", "2026-04-06", False), ("GB-ENG", "2026-08-31", False),
        ("US-CA", "2026-03-31", False), ("DE-BY", "2026-01-06", False), ("DE-BY", "2026-08-15", False),
        ("DE-BY+catholic", "2025-08-15", False), ("DE-BY", "2025-08-15", True), ("SA", "2026-11-27", False),
    ],
)  # fmt: skip
def test_regions_and_kinds_of_days(calendar: str, when: str, works: bool) -> None:
    """Good Friday in Hong Kong, bank holidays of England, a state's own days; Saturdays are off in Hong Kong too."""
    assert Workdays(calendar).works(date.fromisoformat(when)) is works


def test_the_lists_of_regions_and_kinds_are_those_of_the_package() -> None:
    """What is written out by hand is what `holidays` knows, and every usual kind is one of them."""
    for country in COUNTRIES:
        known = getattr(holidays, country)
        assert REGIONS.get(country, ()) == tuple(known.subdivisions), country
        assert set(KINDS.get(country, ())) == set(known.supported_categories) - {"public", "workday"}, country
    assert all(set(kinds) <= set(KINDS[country]) for country, kinds in USUAL_KINDS.items())
    assert set(CALLED.values()) | REGIONAL <= COUNTRIES


@pytest.mark.parametrize(
    ("written", "calendar"),
    [
        ("gb-eng", "GB-ENG"),
        ("英国-ENG", "GB-ENG"),
        ("中国", "CN"),
        ("de-by + catholic", "DE-BY+catholic"),
        ("GB-XX", None),
    ],
)
def test_a_calendar_has_one_writing(written: str, calendar: str | None) -> None:
    """Small letters, Chinese names and blanks make no other calendar."""
    assert calendar_of(written) == calendar
