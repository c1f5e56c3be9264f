"""Times of day and moments: parse, format, and place them on a date of the office."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from controller.moments import local

DAY = timedelta(days=1)
YEARS = range(1970, 2201)
"""Years for which a plan may be requested: far enough from Python's first and last date for every rule."""
PERIODS = ("day", "week", "month")
"""Spans of the calendar for which results are added up; see `period_of`."""
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def plain(text: str) -> str:
    """Replace full-width digits, colons and letters by ASCII ones."""
    return unicodedata.normalize("NFKC", text).strip()


def clock(text: str, *, end: bool = False) -> timedelta | None:
    """Parse `HH:MM` or `HH:MM:SS` to the time since 00:00; None when invalid. 24:00 is valid only as an end."""
    match = _CLOCK.fullmatch(plain(text))
    if not match:
        return None
    hours, minutes, secs = (int(part or 0) for part in match.groups())
    if (hours, minutes, secs) == (24, 0, 0) and end:
        return timedelta(hours=24)
    return (
        timedelta(hours=hours, minutes=minutes, seconds=secs) if hours < 24 and minutes < 60 > secs else None
    )


_MEANT = re.compile(
    r"(上午|早上|早晨|早|凌晨|中午|下午|傍晚|晚上|晚)? ?(\d{1,2})"
    r"(?:([:.点时h])(?:(半)|(一刻)|(三刻)|(\d{1,2})分?)?)? ?([ap])?\.?(?:m\.?)?"
)
_COMPACT = re.compile(r"(\d{2})(\d{2})")
_LATER = ("下午", "傍晚", "晚上", "晚")


def meant(text: str, part: str = "") -> tuple[str, str]:
    """Return the HH:MM that 9点半, 下午2点, 2:30 PM, 1400 or 8:5 probably means, and its part of the day.

    "" when unclear. `part`: that of the other end of a span, for a time without its own.
    """
    written_ = plain(text).lower().strip("\"'“”‘’ ")
    if (compact := _COMPACT.fullmatch(written_)) is not None:
        written_ = f"{compact[1]}:{compact[2]}"
    found = _MEANT.fullmatch(written_)
    if found is None:
        return "", ""
    own = found[1] or found[8] or part
    hours, minutes = (
        int(found[2]),
        30 if found[4] else 15 if found[5] else 45 if found[6] else int(found[7] or 0),
    )
    later = own in _LATER or own == "p" or (own == "中午" and hours < 3)
    hours = hours % 12 + 12 if later and hours <= 12 else 0 if own == "a" and hours == 12 else hours
    return (f"{hours:02}:{minutes:02}", own) if hours < 24 and minutes < 60 else ("", "")


def moment(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    """Return the aware moment at which the office's clock shows `clock` on `day`.

    Monotonic: a later clock time is never an earlier moment. A skipped clock time (start of summer time) gives
    the moment of the skip; a repeated one (end of summer time) gives its first occurrence.
    """
    naive = datetime.combine(day, time()) + clock
    first = naive.replace(tzinfo=zone)
    return local(first if _exists(first) else _skip(first), zone)


def written(at: datetime) -> str:
    """Format as `HH:MM`, or `HH:MM:SS` when the seconds are not 0."""
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def written_end(at: datetime, until: datetime) -> str:
    """Format the end of a span; "24:00" at midnight, because 00:00 would be before the start."""
    return written(until) if until.date() == at.date() else "24:00"


def _exists(at: datetime) -> bool:
    back = at.astimezone(UTC).astimezone(at.tzinfo)
    return back.replace(tzinfo=None) == at.replace(tzinfo=None)


def _skip(at: datetime) -> datetime:
    """Return the moment, in UTC and to the second, at which the clock skips `at`."""
    after = at.astimezone(UTC)  # fold=0 uses the offset before the jump, which gives a moment after it
    before = at.replace(fold=1).astimezone(UTC)
    new = after.astimezone(at.tzinfo).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + ((after - before) / 2 // timedelta(seconds=1)) * timedelta(seconds=1)
        if middle.astimezone(at.tzinfo).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after


def period_of(period: str, day: date) -> tuple[date, date]:
    """Return first and last date of the day, week (from Monday) or month that contains `day`."""
    if period == "day":
        return day, day
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
