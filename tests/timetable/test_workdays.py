"""Working days: China's holiday notices, the office's own days, and guessed years marked as such."""

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
    """Holidays, make-up days and ordinary days are right, each with its reason."""
    assert CN.is_workday(day(when)) == expected


def test_a_year_not_announced_is_marked_as_a_guess() -> None:
    """2026 is announced, 2035 is not; Germany's holidays are fixed by law and never a guess."""
    assert not CN.guesses(2026)
    assert CN.guesses(2035)
    assert CN.is_workday(day("2035-03-01")).guess
    assert not Workdays("DE").guesses(2035)


def test_the_offices_own_days_win() -> None:
    """days_off and extra_workdays override the public calendar and are never a guess."""
    own = Workdays("CN", days_off=[day("2026-02-14"), day("2035-03-01")], extra_workdays=[day("2026-10-01")])
    assert own.is_workday(day("2026-02-14")) == Workday(False, "公司安排放假", False)
    assert own.is_workday(day("2026-10-01")) == Workday(True, "公司安排上班", False)
    assert own.is_workday(day("2035-03-01")).guess is False


def test_another_countrys_holidays() -> None:
    """A German office closes on German holidays, named in German."""
    assert Workdays("DE").is_workday(day("2026-10-03")) == Workday(False, "Tag der Deutschen Einheit", False)


def test_without_a_country_only_weekends_are_off() -> None:
    """With `holidays: none` no public holidays apply."""
    assert Workdays(None).is_workday(day("2026-10-01")) == Workday(True, "周一至周五", False)


def test_the_working_day_after_and_before() -> None:
    """The holiday of October 2026 is skipped in both directions."""
    assert CN.next(day("2026-09-30")) == day("2026-10-08")
    assert CN.previous(day("2026-10-08")) == day("2026-09-30")


def test_the_list_of_countries_matches_the_package() -> None:
    """The codes in the source are all those of `holidays`."""
    assert frozenset(holidays.list_supported_countries(include_aliases=False)) == COUNTRIES


def test_a_year_survives_json() -> None:
    """A year written to JSON and read back is equal."""
    year = public_days("CN", 2026)
    assert from_json(json.loads(json.dumps(year.to_json()))) == year


def test_a_child_process_prints_a_year() -> None:
    """`python -m controller.timetable.workdays CN 2026` prints the data that Workdays needs for that year."""
    child = subprocess.run(
        [sys.executable, "-m", "controller.timetable.workdays", "CN", "2026"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert from_json(json.loads(child.stdout)["2026"]) == public_days("CN", 2026)


def test_each_year_is_looked_up_once() -> None:
    """Queries for a whole week load the calendar once."""
    asked: list[int] = []

    def look(country: str | None, year: int) -> PublicDays:
        asked.append(year)
        return public_days(None, year)

    some = Workdays("CN", look=look)
    assert [some.works(day("2026-05-04") + timedelta(days=n)) for n in range(7)].count(True) == 5
    assert asked == [2026]


def test_a_calendar_without_working_days() -> None:
    """A calendar without any working day has no next one; the search ends with None."""
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
    """Hong Kong's Good Friday and Saturdays, England's bank holidays and holidays of a state are days off."""
    assert Workdays(calendar).works(date.fromisoformat(when)) is works


def test_the_lists_of_regions_and_kinds_match_the_package() -> None:
    """The lists in the source equal those of `holidays`, and every usual kind is in them."""
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
def test_calendar_names_are_normalised(written: str, calendar: str | None) -> None:
    """Small letters, Chinese names and blanks do not make a different calendar."""
    assert calendar_of(written) == calendar
