"""The timetable and a date → that date's plan. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from controller.rhythm.dayrule import DayRule
from controller.rhythm.model import Cue, CueRule, DayPlan, Duty, DutyRule, Entry, Rhythm, Span
from controller.rhythm.moments import DAY, covers, moment, utc, written
from controller.rhythm.workdays import WEEKDAYS, Workday, Workdays
from controller.slots import fill

MOST_DAYS = 200  # of a year: a rule for so many is part of the usual day
NEXT_WORKDAY = "下个工作日"
_CLAUSE = re.compile(r"[^，。；、！？]*[，。；、！？]+|[^，。；、！？]+")
Cut = tuple[timedelta, timedelta, Span]
_ALL_DAY = datetime.max.replace(tzinfo=UTC)  # duties without a time come last


def plan_for(day: date, rhythm: Rhythm, workdays: Workdays) -> DayPlan:
    """Everything that one date holds.

    A span with a narrower day rule displaces what it overlaps of wider ones; the rest of those stays. Of
    equally wide ones (refused by `config.load` where that can be foreseen) the one written first stays, with
    a warning.
    """
    worked = workdays.is_workday(day)
    warnings = list(_calendar_warnings(day, worked, workdays))
    values = _slot_values(day, rhythm, workdays)
    spans = [span for span in rhythm.spans if span.on.holds(day, workdays)]
    pieces = _displace(spans, warnings)
    entries = tuple(_entries(day, pieces, rhythm, workdays, values))
    cues = _cues(day, rhythm, workdays, entries, warnings)
    duties = [_duty(day, rule, rhythm, values) for rule in rhythm.duties if rule.on.holds(day, workdays)]
    return DayPlan(
        date=day,
        workday=worked.workday,
        why=worked.why,
        guess=worked.guess,
        zone=rhythm.zone,
        entries=entries,
        cues=cues,
        duties=tuple(sorted(duties, key=lambda duty: utc(duty.at) if duty.at else _ALL_DAY)),
        warnings=tuple(warnings),
    )


def usual(rhythm: Rhythm) -> Rhythm:
    """The timetable without what holds on few days only or names a day: for a sheet that hangs for months.

    Of a text with the day's own share of new customers that clause is left out; the day it is about is "the next
    working day". A timetable in which no span is for most days stays whole.
    """
    spans = tuple(replace(span, text=_undated(span.text)) for span in rhythm.spans if _usual(span.on))
    duties = tuple(
        replace(rule, what=_undated(rule.what))
        for rule in rhythm.duties
        if rule.at is not None and _usual(rule.on)
    )
    return replace(rhythm, spans=spans, duties=duties) if spans else rhythm


def _usual(rule: DayRule) -> bool:
    return rule.width >= MOST_DAYS


def _undated(text: str) -> str:
    clauses = _CLAUSE.findall(text)
    kept = [clause for clause in clauses if "{new_customers}" not in clause]
    ends = "。" if kept and kept != clauses and text.endswith("。") else ""
    found = "".join(kept)
    return fill(found.rstrip("，；、。") + ends if kept != clauses else found, {"next_workday": NEXT_WORKDAY})


def share_of_new_customers(day: date, rhythm: Rhythm) -> int:
    """Percent of new customers in that date's call list; a weekend worked counts as Friday."""
    return rhythm.new_customers[min(day.weekday(), 4)]


def _calendar_warnings(day: date, worked: Workday, workdays: Workdays) -> Iterator[str]:
    if worked.guess:
        yield f"{day.year}年的放假安排还没公布，今天是否上班是推算的；不对就写进 days_off 或 extra_workdays。"
    elif day.month == 12 and workdays.guesses(day.year + 1):
        yield f"{day.year + 1}年的放假安排还不在日历里，请更新软件，或写进 days_off 和 extra_workdays。"


def _slot_values(day: date, rhythm: Rhythm, workdays: Workdays) -> dict[str, str]:
    following = workdays.next(day)
    if following is None:
        return {"office": rhythm.office, "new_customers": "", "next_workday": NEXT_WORKDAY}
    share = share_of_new_customers(following, rhythm)
    return {"office": rhythm.office, "new_customers": f"{share}%", "next_workday": _name_of(following, day)}


def _name_of(day: date, today: date) -> str:
    if day - today == DAY:
        return "明天"
    name = f"周{WEEKDAYS[day.weekday()]}"
    return name if day - today < timedelta(days=4) else f"{day.month}月{day.day}日（{name}）"


def _displace(spans: list[Span], warnings: list[str]) -> list[Cut]:
    """Spans laid over each other, the narrowest on top: (from, until, span) by time, nothing overlapping."""
    placed: list[Cut] = []
    for span in sorted(spans, key=lambda span: span.on.width):
        rest = [(span.at, span.until)]
        for at, until, above in placed:
            if above.on.width == span.on.width and span.at < until and at < span.until:
                warnings.append(f"“{span.name}”和“{above.name}”在同一时间，今天按“{above.name}”。")
            rest = [piece for whole in rest for piece in _without(whole, at, until)]
        placed += [(at, until, span) for at, until in rest]
    return sorted(placed, key=lambda cut: cut[0])


def _without(
    whole: tuple[timedelta, timedelta], at: timedelta, until: timedelta
) -> list[tuple[timedelta, timedelta]]:
    first, last = whole
    pieces = [(first, min(last, at)), (max(first, until), last)]
    return [(a, b) for a, b in pieces if a < b]


def _entries(
    day: date, pieces: list[Cut], rhythm: Rhythm, workdays: Workdays, values: dict[str, str]
) -> Iterator[Entry]:
    for at, until, span in pieces:
        begins, ends = moment(day, at, rhythm.zone), moment(day, until, rhythm.zone)
        if utc(begins) >= utc(ends):
            continue  # summer time begins and skips it
        music = next((choice.playlist for choice in span.music if choice.on.holds(day, workdays)), None)
        yield Entry(
            at=begins,
            until=ends,
            name=span.name,
            text=fill(span.text, values),
            music=None if span.quiet else music,
            volume=span.volume,
            quiet=span.quiet,
            wall=span.wall,
        )


def _cues(
    day: date, rhythm: Rhythm, workdays: Workdays, entries: tuple[Entry, ...], warnings: list[str]
) -> tuple[Cue, ...]:
    planned = []
    for rule in rhythm.cues:
        if not rule.on.holds(day, workdays):
            continue
        cue = _cue(day, rule, rhythm)
        if hushed := _quiet_entry(entries, cue.at):
            warnings.append(f"{written(cue.at)} 的提示落在“{hushed.name}”里，今天不播。")
        else:
            planned.append(cue)
    return tuple(sorted(planned, key=lambda cue: utc(cue.at)))


def _cue(day: date, rule: CueRule, rhythm: Rhythm) -> Cue:
    return Cue(
        at=moment(day, rule.at, rhythm.zone),
        say=rule.say,
        show=rule.show,
        until=None if rule.until is None else moment(day, rule.until, rhythm.zone),
        text=None if rule.text is None else fill(rule.text, {"office": rhythm.office}),
        grace=rule.grace,
    )


def _duty(day: date, rule: DutyRule, rhythm: Rhythm, values: dict[str, str]) -> Duty:
    at = None if rule.at is None else moment(day, rule.at, rhythm.zone)
    return Duty(at, rule.who, fill(rule.what, values))


def _quiet_entry(entries: tuple[Entry, ...], at: datetime) -> Entry | None:
    return next((entry for entry in entries if entry.quiet and covers(entry.at, entry.until, at)), None)
