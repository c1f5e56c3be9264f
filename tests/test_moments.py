"""Moments carry an offset, not a zone: they compare and subtract exactly, also across the change of summer time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.clock import Clock
from controller.moments import local, local_time
from controller.sales.announcement_policy import next_roundup, time_text
from controller.sales.rows import from_ms, to_ms
from controller.timetable.times import moment

ROOT = Path(__file__).resolve().parents[1]
BERLIN = ZoneInfo("Europe/Berlin")
SUMMER_ENDS = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


def sources() -> Iterator[tuple[str, str]]:
    for part in ("timetable", "sales", "services"):
        for path in sorted((ROOT / "controller" / part).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for name in ("clock", "timekeeper", "glance", "hearing", "feed"):
        yield f"controller/{name}.py", (ROOT / "controller" / f"{name}.py").read_text(encoding="utf-8")


@given(st.integers(-7200, 7200), st.integers(-7200, 7200))
def test_moments_compare_by_time_that_passed(one: int, other: int) -> None:
    """In the repeated hour, too, the later moment is the larger one and the difference is the time between them."""
    a, b = (local(SUMMER_ENDS + timedelta(seconds=s), BERLIN) for s in (one, other))
    assert (a < b, a == b, (b - a).total_seconds()) == (one < other, one == other, other - one)


def test_every_source_of_moments_gives_an_offset() -> None:
    """Clock, store, plan and round-ups show the office's time with a fixed offset."""
    rehearsal = Clock(BERLIN, SUMMER_ENDS)
    roundup = next_roundup(
        local(SUMMER_ENDS, BERLIN),
        time(9),
        time(17),
        workday=False,
        next_workday=date(2026, 10, 26),
        zone=BERLIN,
    )
    assert roundup is not None
    made = [
        rehearsal.now(), rehearsal.from_monotonic(rehearsal.monotonic()), from_ms(to_ms(SUMMER_ENDS), BERLIN),
        moment(date(2026, 10, 25), timedelta(hours=2), BERLIN),
        local_time(date(2026, 10, 25), time(2), BERLIN), roundup,
    ]  # fmt: skip
    assert [type(one.tzinfo) for one in made] == [timezone] * len(made)
    assert roundup.isoformat() == "2026-10-26T09:00:00+01:00"


def test_a_later_moment_is_written_in_its_own_offset() -> None:
    """On Friday in summer time, Monday's 09:00 in winter time is written as 09:00."""
    friday = local_time(date(2026, 10, 23), time(15), BERLIN)
    monday = local_time(date(2026, 10, 26), time(9), BERLIN)
    assert time_text(monday, friday) == "周一 09:00"
    assert monday - friday == timedelta(days=2, hours=19)


@pytest.mark.parametrize(
    ("clock", "utc"), [(time(1, 59), "00:59"), (time(2, 30), "01:30"), (time(3), "01:00")]
)
def test_a_skipped_time_of_day_is_a_moment_after_the_skip(clock: time, utc: str) -> None:
    """When summer time begins, 02:30 does not exist; it is the moment half an hour after the skip."""
    assert f"{local_time(date(2026, 3, 29), clock, BERLIN).astimezone(UTC):%H:%M}" == utc


def test_only_moments_and_times_make_moments_in_a_zone() -> None:
    """No other module of the inside puts the office's zone into a datetime, where comparisons would be wrong."""
    in_a_zone = re.compile(r"combine\([^)]*[zZ]one|tzinfo=[\w.]*zone|astimezone\([\w.]*zone|now\([\w.]*zone")
    allowed = {"controller/timetable/times.py": 1}  # moment()
    found = {name: len(in_a_zone.findall(text)) for name, text in sources()}
    assert {name: count for name, count in found.items() if count} == allowed


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]
)
@given(ms=st.integers(1_325_376_000_000, 4_000_000_000_000))
def test_a_stored_moment_has_the_offset_of_its_time(zone: str, ms: int) -> None:
    """Offsets are kept by quarter of an hour: the same as asked for each moment, also around changes."""
    place = ZoneInfo(zone)
    exact = local(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms), place)
    shown = from_ms(ms, place)
    assert (shown, shown.utcoffset(), to_ms(shown)) == (exact, exact.utcoffset(), ms)
