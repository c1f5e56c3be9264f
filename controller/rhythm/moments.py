"""What a clock on the wall reads → a moment, also on the days when summer time begins or ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
YEARS = range(1970, 2201)
"""Of the days that may be asked about: no rule looks before the first day that Python knows, nor past its last."""


def moment(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    """The moment at which the office's clock reads `clock` on `day`, aware and in the zone.

    Never runs backwards: a later clock time is never an earlier moment. A clock time that is skipped (summer
    time begins) is the moment of the skip; one that comes twice (summer time ends) is its first coming.
    """
    naive = datetime.combine(day, time()) + clock
    first = naive.replace(tzinfo=zone)
    if _exists(first):
        return first
    return _skip(first).astimezone(zone)


def utc(at: datetime) -> datetime:
    """The same moment in UTC: the only form in which moments are compared and subtracted.

    Python compares two moments of one zone by their wall clocks, which is wrong across summer time.
    """
    return at.astimezone(UTC)


def covers(at: datetime, until: datetime, now: datetime) -> bool:
    """Whether now is in the span; its end is not part of it."""
    return utc(at) <= utc(now) < utc(until)


def written(at: datetime) -> str:
    """`HH:MM`, with seconds only when there are some."""
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def written_end(at: datetime, until: datetime) -> str:
    """The end of a span, "24:00" at midnight: what ends at 00:00 would have ended before it began."""
    return written(until) if until.date() == at.date() else "24:00"


def _exists(at: datetime) -> bool:
    back = at.astimezone(UTC).astimezone(at.tzinfo)
    return back.replace(tzinfo=None) == at.replace(tzinfo=None)


def _skip(at: datetime) -> datetime:
    """The moment, in UTC and to the second, at which the clock jumps over `at`."""
    after = at.astimezone(UTC)  # fold=0 reads the clock of before the jump, which lands after it
    before = at.replace(fold=1).astimezone(UTC)
    new = after.astimezone(at.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + ((after - before) / 2 // timedelta(seconds=1)) * timedelta(seconds=1)
        if middle.astimezone(at.tzinfo).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after
