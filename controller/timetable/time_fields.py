"""Readers of times, spans, day rules and dates in the timetable file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from controller.timetable import day_rules
from controller.timetable.day_rules import DayRule
from controller.timetable.problems import nearest
from controller.timetable.schema import Schema, Where, text_of
from controller.timetable.times import clock, meant, plain
from controller.timetable.yaml_source import Items, Node

_BETWEEN = re.compile(r"\s*(?:-|–|—|~|至|到|to)\s*")
_TIME = "小时从 00 到 23，分钟从 00 到 59，例如“13:00”"
_SPAN = "写成“开始-结束”，小时从 00 到 23，例如“13:00-13:10”"
_ONE = f"{_TIME}；一条只写一个时刻，要在几个时刻就写几条"
_ORDER = "结束要晚于开始，并且在同一天"
_DAYS = "可以写工作日、每天、周二和周五、每月第一个工作日、2026-12-24 这样的日子"


def _pattern(pattern: str, example: str) -> Schema:
    return {"type": "string", "pattern": pattern, "examples": [example]}


@dataclass(frozen=True, slots=True)
class Clock:
    """`13:00` → timedelta since 00:00."""

    def read(self, node: Node, where: Where) -> timedelta:
        text = text_of(node, where, _TIME)
        time_of_day = clock(text)
        return where.refuse(node, _TIME, _near(text)) if time_of_day is None else time_of_day

    def schema(self) -> Schema:
        return _pattern(r"^\d{1,2}:\d{2}(:\d{2})?$", "13:00")


class TimeOfDay(Clock):
    """`13:00` → datetime.time."""

    def read(self, node: Node, where: Where) -> Any:
        since_midnight = super().read(node, where).seconds
        return time(since_midnight // 3600, since_midnight // 60 % 60, since_midnight % 60)


def _near(text: str) -> str | None:
    """Return the time that a person probably meant."""
    return meant(text)[0] or None


def _near_span(pieces: list[str]) -> str | None:
    """Return the span that a person probably meant: 下午2点-5点半 is 14:00-17:30."""
    if len(pieces) != 2:
        return None
    later, part = meant(pieces[1])
    first, own = meant(pieces[0], part)
    later = meant(pieces[1], own)[0] if own else later
    if plain(pieces[1]) in ("24:00", "24点"):
        later = "24:00"
    return f"{first}-{later}" if first and first < later else None


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
            return (where.refuse(node, _ONE, self._one_near(pieces[0])) if at is None else at), None
        until = clock(pieces[1], end=True) if len(pieces) == 2 else None
        if at is None or until is None:
            where.refuse(node, _SPAN, _near_span(pieces))
        if at >= until:
            where.refuse(node, _in_order(at, until))
        return at, until

    def _one_near(self, written: str) -> str | None:
        """Return the time that a person probably meant; midnight begins the next day."""
        return "00:00" if plain(written) in ("24:00", "24点") else _near(written)

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
