"""Readers of times and days: `13:00`, `13:00-13:10`, `2026-12-24`, `每月第一个工作日`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from controller.rhythm import rulewords
from controller.rhythm.dayrule import DayRule
from controller.rhythm.faults import Said, nearest
from controller.rhythm.shape import Schema, Where, text_of
from controller.rhythm.values import plain
from controller.rhythm.yaml_nodes import Items, Node

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_BETWEEN = re.compile(r"\s*(?:-|–|—|~|至|到|to)\s*")
_TIME = Said(
    "小时从 00 到 23，分钟从 00 到 59，例如“13:00”",
    'Hours go from 00 to 23, minutes from 00 to 59, for example "13:00"',
)
_SPAN = Said(
    "写成“开始-结束”，小时从 00 到 23，例如“13:00-13:10”",
    'Write "from-until", hours from 00 to 23, for example "13:00-13:10"',
)
_ONE = Said(
    f"{_TIME.zh}；一条只写一个时刻，要在几个时刻就写几条",
    f"{_TIME.en}; one item has one time, so write an item for each",
)
_ORDER = Said("结束要晚于开始，并且在同一天", "The end comes after the beginning, on the same day")
_DAYS = Said(
    "可以写工作日、每天、周二和周五、每月第一个工作日、2026-12-24 这样的日子",
    'Write days such as "workdays", "tuesdays and fridays", "first workday of month" or "2026-12-24"',
)


def clock(text: str, *, end: bool = False) -> timedelta | None:
    """`HH:MM` or `HH:MM:SS` → time since 00:00; None when it is none. 24:00 only as an end."""
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
        found = clock(text_of(node, where, _TIME))
        return where.refuse(node, _TIME) if found is None else found

    def schema(self) -> Schema:
        return _pattern(r"^\d{1,2}:\d{2}(:\d{2})?$", "13:00")


class TimeOfDay(Clock):
    """`13:00` → datetime.time."""

    def read(self, node: Node, where: Where) -> Any:
        found = super().read(node, where)
        return time(found.seconds // 3600, found.seconds // 60 % 60, found.seconds % 60)


def _in_order(at: timedelta, until: timedelta) -> Said:
    """The way to write a span that ends at or after midnight."""
    first, last, none = (str(clock)[:-3].rjust(5, "0") for clock in (at, until, timedelta()))
    if at == until:
        return Said(f"全天写成“{none}-24:00”", f'Write "{none}-24:00" for the whole day')
    if not until:
        return Said(f"到零点写成“{first}-24:00”", f'Write "{first}-24:00" until midnight')
    noon = timedelta(hours=12)
    if not until <= noon <= at:
        return _ORDER
    return Said(
        f"{_ORDER.zh}；跨过零点就写成两段：{first}-24:00 和 {none}-{last}",
        f"{_ORDER.en}; write a span over midnight as two: {first}-24:00 and {none}-{last}",
    )


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
    """Words for dates (see rulewords), one text or a list of them → DayRule."""

    def read(self, node: Node, where: Where) -> DayRule:
        written = node.items if isinstance(node, Items) and node.items else (node,)
        words = [text_of(item, where, _DAYS) for item in written]
        for item, rule in zip(written, words, strict=True):
            try:
                rulewords.parse(rule)
            except rulewords.UnknownRuleError as unknown:
                where.refuse(item, _DAYS, nearest(str(unknown), rulewords.EXAMPLES))
        return rulewords.parse(", ".join(words))

    def schema(self) -> Schema:
        one: Schema = {"type": "string", "examples": list(rulewords.EXAMPLES)}
        return {"anyOf": [one, {"type": "array", "items": one}]}


@dataclass(frozen=True, slots=True)
class Day:
    """`2026-12-24` → date."""

    def read(self, node: Node, where: Where) -> date:
        allowed = Said("写成“年-月-日”，例如“2026-12-24”", 'Write "year-month-day", for example "2026-12-24"')
        match = re.fullmatch(
            r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", plain(text_of(node, where, allowed))
        )
        try:
            return date(*(int(part) for part in match.groups())) if match else where.refuse(node, allowed)
        except ValueError:
            where.refuse(node, allowed)

    def schema(self) -> Schema:
        return _pattern(r"^\d{4}-\d{1,2}-\d{1,2}$", "2026-12-24")
