"""Moments: aware datetimes with a fixed offset, which compare and subtract exactly.

Python compares and subtracts two datetimes of one `ZoneInfo` by their local times, which is wrong by an hour across
the change to or from summer time. So the office's zone is used here alone, where a moment is made (clock, store,
plan); the moment then carries the offset that holds at it. Dates, texts and JSON made from it show the office's time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache


def local(at: datetime, zone: tzinfo) -> datetime:
    """Return the moment with the offset of the office's zone at that moment."""
    shown = at.astimezone(zone)
    offset = shown.utcoffset()
    assert offset is not None  # noqa: S101  astimezone returns an aware datetime
    return shown.replace(tzinfo=_fixed(offset), fold=0)


def local_time(day: date, clock: time, zone: tzinfo) -> datetime:
    """Return the moment of a time of day; a skipped one (start of summer time) gives a moment after the skip."""
    return local(datetime.combine(day, clock, zone).astimezone(UTC), zone)


@lru_cache(maxsize=64)
def _fixed(offset: timedelta) -> timezone:
    return timezone(offset)
