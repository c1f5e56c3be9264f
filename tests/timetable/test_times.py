"""Clock times in zones with summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.timetable.times import meant, moment

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "America/Santiago",
)


def clock(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def test_a_skipped_clock_time_is_the_moment_of_the_skip() -> None:
    """When Berlin's clock jumps from 02:00 to 03:00, 02:30 is that jump."""
    jump = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert moment(date(2026, 3, 29), clock("02:30"), BERLIN) == jump
    assert moment(date(2026, 3, 29), clock("02:00"), BERLIN) == jump
    assert moment(date(2026, 3, 29), clock("03:00"), BERLIN) == jump
    assert moment(date(2026, 3, 29), clock("01:59"), BERLIN) == jump - timedelta(minutes=1)


def test_a_repeated_clock_time_is_its_first_occurrence() -> None:
    """When Berlin's clock is set back, 02:30 is the one in summer time."""
    assert moment(date(2026, 10, 25), clock("02:30"), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert moment(date(2026, 10, 25), clock("03:00"), BERLIN) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


def test_the_end_of_a_day_is_the_next_ones_midnight() -> None:
    """24:00 is a valid moment."""
    assert moment(date(2026, 12, 31), timedelta(hours=24), BERLIN).isoformat() == "2027-01-01T00:00:00+01:00"


@given(
    st.sampled_from(ZONES),
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.integers(0, 1440),
    st.integers(0, 1440),
)
def test_time_never_runs_backwards(zone: str, day: date, a: int, b: int) -> None:
    """A later clock time is never an earlier moment, in any zone on any date."""
    early, late = (moment(day, timedelta(minutes=n), ZoneInfo(zone)) for n in sorted((a, b)))
    assert early <= late


def changes(zone: str) -> list[date]:
    """Return the dates of 2024 to 2026 that do not have 24 hours."""
    days = (date(2024, 1, 1) + timedelta(days=n) for n in range(1096))
    midnights = [(day, moment(day, timedelta(), ZoneInfo(zone))) for day in days]
    pairs = pairwise(midnights)
    return [day for (day, a), (_, b) in pairs if b - a != timedelta(hours=24)]


@pytest.mark.parametrize("zone", ZONES)
def test_every_transition_day_is_ordered(zone: str) -> None:
    """When summer time starts or ends, minutes are ascending, and all but the skipped ones are shown correctly."""
    days = changes(zone)
    assert len(days) == (0 if zone in ("Asia/Shanghai", "Pacific/Apia") else 6)
    for day in days:
        minutes = [moment(day, timedelta(minutes=n), ZoneInfo(zone)) for n in range(1440)]
        assert minutes == sorted(minutes)
        assert sum(minute.hour * 60 + minute.minute != n for n, minute in enumerate(minutes)) in (0, 30, 60)


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("9点半", "09:30"), ("9点一刻", "09:15"), ("9点05分", "09:05"), ("8:5", "08:05"), ("9", "09:00"),
        ("下午2点", "14:00"), ("晚上8:15", "20:15"), ("中午12点", "12:00"), ("2:30 PM", "14:30"), ("12 am", "00:00"),
        ("12:05 p.m.", "12:05"), ("1430", "14:30"), ("14.30", "14:30"), ("“09:30”", "09:30"),
        ("25:00", ""), ("9:60", ""), ("早上", ""), ("noon", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_time_in_other_words_is_guessed(written: str, time: str) -> None:
    """For the question 是不是“09:30”？ beside the fault; the file itself needs HH:MM."""
    assert meant(written)[0] == time
