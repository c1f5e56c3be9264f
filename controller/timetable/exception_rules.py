"""Refuse exceptions that make no sense on a date; describe the effects of the others in sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from controller.timetable.changed_day import Item, cue_name, find
from controller.timetable.exceptions import (
    CUE,
    DAY_END,
    WEEKDAYS,
    WORKDAY,
    DayException,
    ExceptionKind,
    hhmm,
    since_midnight,
    words_of,
)
from controller.timetable.labels import SAYINGS, SCENES
from controller.timetable.model import Cue, DayPlan, Entry
from controller.timetable.plan import music_of
from controller.timetable.times import moment, written, written_end
from controller.timetable.workdays import WEEKDAYS as ZH_WEEKDAYS

MOST_EXCEPTIONS: Final = 50
"""Per date."""
FURTHEST: Final = timedelta(days=400)
WHOLE_DAY: Final = (ExceptionKind.LIKE, ExceptionKind.OFF)
ONCE: Final = (ExceptionKind.OFF_FROM, ExceptionKind.OFF_UNTIL)
JUST_NOW: Final = timedelta(minutes=10)
Refusal = tuple[str, str]
"""The sentence, and the field it is about."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An exception that is to be added at `now`: the plan of its date before and after.

    `whole`: the plan before, without its time off: what was to be then can still be moved or skipped.
    """

    exception: DayException
    before: DayPlan
    after: DayPlan
    whole: DayPlan
    now: datetime

    @property
    def active(self) -> Sequence[DayException]:
        """The exceptions that the date has already."""
        return self.before.exceptions


def refusal(proposal: Proposal) -> Refusal | None:
    """Return why a proposed exception makes no sense, else None."""
    return next((fault for rule in _RULES for fault in rule(proposal)), None)


def day_name(day: date) -> str:
    """Return 11月27日（周五）."""
    return f"{day.month}月{day.day}日（周{ZH_WEEKDAYS[day.weekday()]}）"


def _date(one: Proposal) -> Iterator[Refusal]:
    day, today = one.before.date, one.now.date()
    if day < today:
        yield f"{day_name(day)}已经过去了，不能再改。", "date"
    elif day > today + FURTHEST:
        yield f"最多安排到 {today + FURTHEST}。", "date"


def _number(one: Proposal) -> Iterator[Refusal]:
    if len(one.active) >= MOST_EXCEPTIONS:
        yield f"这一天已经有 {MOST_EXCEPTIONS} 项临时安排了。请先撤销几项。", "kind"


def _overlap(one: Proposal) -> Iterator[Refusal]:
    exception = one.exception
    for other in one.active:
        if other.same(exception):
            yield f"已经这样安排了：{words_of(other)}{_author(other)}。", "kind"
        both = (exception.kind, other.kind)
        if all(kind in WHOLE_DAY for kind in both) or (both[0] == both[1] and both[0] in ONCE):
            yield f"这一天已经安排了“{words_of(other)}”{_author(other)}。要换，请先撤销它。", "kind"
        if set(both) == set(ONCE):
            begin, end = _hours(exception, other)
            if begin >= end:
                yield f"{hhmm(begin)} 前和 {hhmm(end)} 起都休息，就没有上班的时间了。请改用“全天休息”。", "at"


def _author(exception: DayException) -> str:
    return f"（{exception.by}）" if exception.by else ""


def _hours(one: DayException, other: DayException) -> tuple[timedelta, timedelta]:
    """Return from when until when the office works with both "off until" and "off from"."""
    until, since = (one, other) if one.kind == ExceptionKind.OFF_UNTIL else (other, one)
    return until.at or timedelta(), since.at or DAY_END


def _whole_day(one: Proposal) -> Iterator[Refusal]:
    exception, before = one.exception, one.before
    if exception.kind == ExceptionKind.OFF and not before.workday:
        yield f"{day_name(before.date)}本来就休息：{before.why}。", "kind"
    if exception.kind != ExceptionKind.LIKE or not before.workday:
        return
    if exception.like == WORKDAY:
        yield f"{day_name(before.date)}本来就上班。", "like"
    elif exception.like == WEEKDAYS[before.date.weekday()]:
        yield f"{day_name(before.date)}本来就按周{ZH_WEEKDAYS[before.date.weekday()]}的安排。", "like"


def _over(one: Proposal) -> Iterator[Refusal]:
    """Times of today that are over."""
    exception, plan = one.exception, one.before
    clock = exception.at if exception.until is None else exception.until
    if clock is None:
        return
    at = moment(plan.date, clock, plan.zone)
    if exception.kind == ExceptionKind.OFF_FROM:
        if at < one.now - JUST_NOW:
            yield f"{written(at)} 已经过了。要现在就下班，请写 {one.now:%H:%M}。", "at"
    elif at <= one.now:
        yield (
            f"{written(at)} 已经过了，现在是 {one.now:%H:%M}。请写以后的时间。",
            ("at" if exception.until is None else "until"),
        )


def _item(one: Proposal) -> Iterator[Refusal]:
    exception = one.exception
    if exception.name is None:
        return
    item = find(one.whole, exception)
    if item is None:
        called = SAYINGS.get(exception.name, exception.name)
        yield f"这一天的安排里没有“{called}”，可能刚刚改过。请重新打开这一天。", "name"
        return
    end = item.until if isinstance(item, Entry) else item.at
    if end <= one.now:
        yield f"“{label(item)}”已经过去了。", "name"
    if exception.kind == ExceptionKind.MOVE:
        yield from _moved(one, item)


def _moved(one: Proposal, item: Item) -> Iterator[Refusal]:
    exception = one.exception
    at = exception.at or timedelta()
    if at == since_midnight(item.at):
        yield f"“{label(item)}”本来就在 {written(item.at)}。", "at"
    if isinstance(item, Entry) and at + (item.until - item.at) > DAY_END:
        minutes = (item.until - item.at) // timedelta(minutes=1)
        yield f"“{item.name}”要 {minutes} 分钟，从 {hhmm(at)} 开始会过零点。请写早一点。", "at"
    moved = moment(one.before.date, at, one.before.zone)
    if any(since <= moved < until for since, until in one.after.off):
        yield f"{hhmm(at)} 在休息的时间里。请换一个时间，或者先撤销休息。", "at"


def _quiet(one: Proposal) -> Iterator[Refusal]:
    """Nothing that is made or moved by a person falls into quiet time, where it would be lost."""
    exception, plan = one.exception, one.after
    if exception.kind == ExceptionKind.EXTRA or (exception.kind, exception.item) == (ExceptionKind.MOVE, CUE):
        at = moment(plan.date, exception.at or timedelta(), plan.zone)
        for entry in plan.entries:
            if entry.quiet and entry.at <= at < entry.until:
                span = f"{written(entry.at)}–{written_end(entry.at, entry.until)}"
                yield f"{written(at)} 在“{entry.name}”（{span}）里，安静时间什么都不播。请换一个时间。", "at"
    elif exception.kind == ExceptionKind.MOVE and (lost := _lost_cues(one.before, plan)):
        listed = "、".join(f"“{label(cue)}”" for cue in lost)
        yield f"这样一改，{listed}就落在安静或休息的时间里，播不出来了。请换一个时间。", "at"


def _lost_cues(before: DayPlan, after: DayPlan) -> list[Cue]:
    names = {cue_name(cue) for cue in after.cues}
    return [cue for cue in before.cues if cue_name(cue) not in names]


def _nothing(one: Proposal) -> Iterator[Refusal]:
    """Exceptions that would change nothing."""
    exception, before, after = one.exception, one.before, one.after
    if exception.kind in ONCE and (before.entries, before.cues) == (after.entries, after.cues):
        side = "起" if exception.kind == ExceptionKind.OFF_FROM else "前"
        why = "没有安排" if before.workday else f"休息：{before.why}"
        yield f"{day_name(before.date)} {hhmm(exception.at or timedelta())} {side}本来就{why}。", "at"
    if exception.kind == ExceptionKind.NO_MUSIC and list(music_of(before)) == list(music_of(after)):
        spans = "、".join(
            f"{written(part.since)}–{written_end(part.since, part.until)}" for part in music_of(before)
        )
        when = f"这一天放音乐的时间：{spans}。" if spans else "这一天没有音乐。"
        yield f"这段时间本来就不放音乐。{when}", "at"


_RULES = (_date, _number, _overlap, _whole_day, _over, _item, _quiet, _nothing)


# --- Effects


def effects(before: DayPlan, after: DayPlan) -> tuple[str, ...]:
    """Return the effects of a change on the plan, in sentences: entries and announcements that end, wait or stay."""
    return tuple(
        sentence
        for rule in (_gone_entries, _gone_cues, _waiting_cues, _outside, _gone_duties)
        for sentence in rule(before, after)
    )


def _gone_entries(before: DayPlan, after: DayPlan) -> Iterator[str]:
    names = {entry.name for entry in after.entries}
    gone = [entry for entry in before.entries if entry.name not in names]
    if gone:
        listed = "、".join(f"{entry.name}（{written(entry.at)}）" for entry in gone)
        yield f"这些时段没有了：{listed}。"


def _gone_cues(before: DayPlan, after: DayPlan) -> Iterator[str]:
    gone = _lost_cues(before, after)
    if gone:
        yield f"不再播报：{'、'.join(f'{written(cue.at)} {label(cue)}' for cue in gone)}。"
    if any(cue.say == "results" for cue in gone):
        yield "这一天没有战报：订单照常记录，等下个工作日的整点一起播报。"


def _waiting_cues(_: DayPlan, after: DayPlan) -> Iterator[str]:
    for cue in after.cues:
        for since, until in after.no_announcements:
            if cue.say is not None and since <= cue.at < until:
                yield f"{written(cue.at)} {label(cue)}：等到 {written_end(since, until)} 再播。"


def _outside(before: DayPlan, after: DayPlan) -> Iterator[str]:
    for cue in after.cues:
        free = any(since <= cue.at < until for since, until in after.off)
        if (free or not after.workday) and cue.extra and cue not in before.cues:
            yield f"{written(cue.at)} 在不上班的时间里，照样播报。"


def _gone_duties(before: DayPlan, after: DayPlan) -> Iterator[str]:
    gone = [duty for duty in before.duties if duty.what not in {one.what for one in after.duties}]
    if gone:
        yield f"少了 {len(gone)} 件要做的事。"


def label(item: Item) -> str:
    """Return how people call an entry or a cue: its name, announcement or scene."""
    if isinstance(item, Entry):
        return item.name
    name = cue_name(item)
    return SAYINGS.get(name, name) if item.say else f"画面：{SCENES.get(name, name)}"
