"""Read, format and compare times of day and moments, also across time zones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from controller.moments import local
from controller.timetable import day_rules
from controller.timetable.day_rules import DayRule
from controller.timetable.fields import plain
from controller.timetable.problems import nearest
from controller.timetable.schema import Schema, Where, text_of
from controller.timetable.yaml_source import Items, Node

DAY = timedelta(days=1)
YEARS = range(1970, 2201)
"""Years for which a plan may be requested: far enough from Python's first and last date for every rule."""


def moment(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    """Return the aware moment at which the office's clock shows `clock` on `day`.

    Monotonic: a later clock time is never an earlier moment. A skipped clock time (start of summer time) gives
    the moment of the skip; a repeated one (end of summer time) gives its first occurrence.
    """
    naive = datetime.combine(day, time()) + clock
    first = naive.replace(tzinfo=zone)
    return local(first if _exists(first) else _skip(first), zone)


def utc(at: datetime) -> datetime:
    """Return a moment that compares exactly: one with a zone instead of an offset (see `moments`) in UTC.

    Converting also those with an offset was a tenth of the computation of a day's plan and states.
    """
    return at if type(at.tzinfo) is timezone else at.astimezone(UTC)


def covers(at: datetime, until: datetime, now: datetime) -> bool:
    """Return whether `now` is in the span from `at` to `until`, the end excluded."""
    return utc(at) <= utc(now) < utc(until)


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


# --- Readers of times and days

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_BETWEEN = re.compile(r"\s*(?:-|–|—|~|至|到|to)\s*")
_TIME = "小时从 00 到 23，分钟从 00 到 59，例如“13:00”"
_SPAN = "写成“开始-结束”，小时从 00 到 23，例如“13:00-13:10”"
_ONE = f"{_TIME}；一条只写一个时刻，要在几个时刻就写几条"
_ORDER = "结束要晚于开始，并且在同一天"
_DAYS = "可以写工作日、每天、周二和周五、每月第一个工作日、2026-12-24 这样的日子"


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


def _pattern(pattern: str, example: str) -> Schema:
    return {"type": "string", "pattern": pattern, "examples": [example]}


@dataclass(frozen=True, slots=True)
class Clock:
    """`13:00` → timedelta since 00:00."""

    def read(self, node: Node, where: Where) -> timedelta:
        time_of_day = clock(text_of(node, where, _TIME))
        return where.refuse(node, _TIME) if time_of_day is None else time_of_day

    def schema(self) -> Schema:
        return _pattern(r"^\d{1,2}:\d{2}(:\d{2})?$", "13:00")


class TimeOfDay(Clock):
    """`13:00` → datetime.time."""

    def read(self, node: Node, where: Where) -> Any:
        since_midnight = super().read(node, where).seconds
        return time(since_midnight // 3600, since_midnight // 60 % 60, since_midnight % 60)


def _in_order(at: timedelta, until: timedelta) -> str:
    """Return advice for writing a span that ends at or after midnight."""
    first, last, none = (str(clock)[:-3].rjust(5, "0") for clock in (at, until, timedelta()))
    if at == until:
        return f"全天写成“{none}-24:00”"
    if not until:
        return f"到零点写成“{first}-24:00”"
    noon = timedelta(hours=12)
    if not until <= noon <= at:
        return _ORDER
    return f"{_ORDER}；跨过零点就写成两段：{first}-24:00 和 {none}-{last}"


@dataclass(frozen=True, slots=True)
class ClockRange:
    """`13:00-13:10` → (from, until); with `point` a single `13:00` is (from, None)."""

    point: bool = False

    def read(self, node: Node, where: Where) -> tuple[timedelta, timedelta | None]:
        pieces = _BETWEEN.split(plain(text_of(node, where, _ONE if self.point else _SPAN)))
        at = clock(pieces[0])
        if self.point and len(pieces) == 1:
            return (where.refuse(node, _ONE) if at is None else at), None
        until = clock(pieces[1], end=True) if len(pieces) == 2 else None
        if at is None or until is None:
            where.refuse(node, _SPAN)
        if at >= until:
            where.refuse(node, _in_order(at, until))
        return at, until

    def schema(self) -> Schema:
        one = r"\d{1,2}:\d{2}(:\d{2})?"
        return _pattern(rf"^{one}( *- *{one}){'?' if self.point else ''}$", "13:00-13:10")


@dataclass(frozen=True, slots=True)
class Days:
    """A day rule (see `day_rules.parse`) or a list of them → DayRule."""

    def read(self, node: Node, where: Where) -> DayRule:
        written = node.items if isinstance(node, Items) and node.items else (node,)
        words = [text_of(item, where, _DAYS) for item in written]
        for item, rule in zip(written, words, strict=True):
            try:
                day_rules.parse(rule)
            except day_rules.UnknownRuleError as unknown:
                where.refuse(item, _DAYS, nearest(str(unknown), day_rules.EXAMPLES))
        return day_rules.parse(", ".join(words))

    def schema(self) -> Schema:
        one: Schema = {"type": "string", "examples": list(day_rules.EXAMPLES)}
        return {"anyOf": [one, {"type": "array", "items": one}]}


@dataclass(frozen=True, slots=True)
class Day:
    """`2026-12-24` → date."""

    def read(self, node: Node, where: Where) -> date:
        allowed = "写成“年-月-日”，例如“2026-12-24”"
        match = re.fullmatch(
            r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", plain(text_of(node, where, allowed))
        )
        try:
            return date(*(int(part) for part in match.groups())) if match else where.refuse(node, allowed)
        except ValueError:
            where.refuse(node, allowed)

    def schema(self) -> Schema:
        return _pattern(r"^\d{4}-\d{1,2}-\d{1,2}$", "2026-12-24")
