"""The plan of a day, the state of a moment and the cues that are due: pure functions of the timetable and the time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from controller.sentences import say
from controller.timetable.day_rules import DayRule
from controller.timetable.model import (
    FREE_TEXT,
    Ceiling,
    Cue,
    CueRule,
    DayPlan,
    Duty,
    DutyRule,
    Entry,
    Music,
    SoundSettings,
    Span,
    State,
    Timetable,
)
from controller.timetable.slots import fill
from controller.timetable.times import DAY, covers, moment, utc, written, written_end
from controller.timetable.workdays import WEEKDAYS, Workday, Workdays

MOST_DAYS = 200  # of a year: a rule for so many is part of the usual day
NEXT_WORKDAY = "下个工作日"
_CLAUSE = re.compile(r"[^，。；、！？]*[，。；、！？]+|[^，。；、！？]+")
Cut = tuple[timedelta, timedelta, Span]
_ALL_DAY = datetime.max.replace(tzinfo=UTC)  # duties without a time come last


def plan_for(day: date, rhythm: Timetable, workdays: Workdays) -> DayPlan:
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


def usual(rhythm: Timetable) -> Timetable:
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


def share_of_new_customers(day: date, rhythm: Timetable) -> int:
    """Percent of new customers in that date's call list; a weekend worked counts as Friday."""
    return rhythm.new_customers[min(day.weekday(), 4)]


def _calendar_warnings(day: date, worked: Workday, workdays: Workdays) -> Iterator[str]:
    if worked.guess:
        yield say("holidays_guessed", year=day.year)
    elif day.month == 12 and workdays.guesses(day.year + 1):
        yield say("holidays_missing", year=day.year + 1)


def _slot_values(day: date, rhythm: Timetable, workdays: Workdays) -> dict[str, str]:
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
                warnings.append(say("spans_meet", one=span.name, other=above.name))
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
    day: date, pieces: list[Cut], rhythm: Timetable, workdays: Workdays, values: dict[str, str]
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
    day: date, rhythm: Timetable, workdays: Workdays, entries: tuple[Entry, ...], warnings: list[str]
) -> tuple[Cue, ...]:
    planned = []
    for rule in rhythm.cues:
        if not rule.on.holds(day, workdays):
            continue
        cue = _cue(day, rule, rhythm)
        if hushed := _quiet_entry(entries, cue.at):
            warnings.append(say("cue_in_quiet", at=written(cue.at), name=hushed.name))
        else:
            planned.append(cue)
    return tuple(sorted(planned, key=lambda cue: utc(cue.at)))


def _cue(day: date, rule: CueRule, rhythm: Timetable) -> Cue:
    return Cue(
        at=moment(day, rule.at, rhythm.zone),
        say=rule.say,
        show=rule.show,
        until=None if rule.until is None else moment(day, rule.until, rhythm.zone),
        text=None if rule.text is None else fill(rule.text, {"office": rhythm.office}),
        grace=rule.grace,
    )


def _duty(day: date, rule: DutyRule, rhythm: Timetable, values: dict[str, str]) -> Duty:
    at = None if rule.at is None else moment(day, rule.at, rhythm.zone)
    return Duty(at, rule.who, fill(rule.what, values))


def _quiet_entry(entries: tuple[Entry, ...], at: datetime) -> Entry | None:
    return next((entry for entry in entries if entry.quiet and covers(entry.at, entry.until, at)), None)


# --- What should be sounding and showing at a moment, and which cues are due

__all__ = ["ceiling_at", "due", "next_quiet", "plan_for", "share_of_new_customers", "state_at", "to_json"]

ON_TIME = timedelta(seconds=5)  # a cue this late still counts as punctual


def state_at(plan: DayPlan, now: datetime) -> State:
    """What should be sounding and showing now. Raises ValueError when `now` is not on the plan's date."""
    now = _on(plan, now)
    entry = _entry_at(plan.entries, now)
    quiet = next_quiet(plan, now) if entry and entry.quiet else None
    music = None
    if entry and entry.music:
        music = Music(entry.music, entry.volume, entry.at, entry.until)
    return State(
        entry=entry,
        next=next((later for later in plan.entries if utc(later.at) > utc(now)), None),
        music=music,
        quiet=quiet is not None,
        quiet_until=quiet[1] if quiet else None,
        wall=_wall(plan, entry, now),
        changes_at=next(edge for edge in _edges(plan) if utc(edge) > utc(now)),
    )


def due(plan: DayPlan, since: datetime, now: datetime) -> tuple[Cue, ...]:
    """The cues to carry out now, of those after `since` up to now.

    Punctual ones all; of the late ones only those of the last moment that is still within its grace, so that
    after a sleep at most one late thing sounds. Older ones are forgotten.
    """
    passed = [cue for cue in plan.cues if utc(since) < utc(cue.at) <= utc(now)]
    alive = [cue for cue in passed if utc(now) - utc(cue.at) <= max(ON_TIME, cue.grace)]
    late = [cue for cue in alive if utc(now) - utc(cue.at) > ON_TIME]
    return tuple(cue for cue in alive if cue not in late or utc(cue.at) == utc(late[-1].at))


def next_quiet(plan: DayPlan, now: datetime) -> tuple[datetime, datetime] | None:
    """The quiet time now or next on this date, whole; adjoining quiet entries are one."""
    return next((span for span in _quiet_times(plan) if utc(span[1]) > utc(now)), None)


def _quiet_times(plan: DayPlan) -> list[tuple[datetime, datetime]]:
    times: list[tuple[datetime, datetime]] = []
    for entry in plan.entries:
        if entry.quiet and times and utc(times[-1][1]) == utc(entry.at):
            times[-1] = (times[-1][0], entry.until)
        elif entry.quiet:
            times.append((entry.at, entry.until))
    return times


def ceiling_at(sound: SoundSettings, now: datetime) -> int:
    """The loudest volume (0 to 100) allowed at this time of day."""
    clock = timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    return min((limit.volume for limit in sound.ceilings if _within(limit, clock)), default=100)


def _within(limit: Ceiling, clock: timedelta) -> bool:
    return limit.at <= clock < limit.until


def _on(plan: DayPlan, now: datetime) -> datetime:
    now = now.astimezone(plan.zone)
    if now.date() != plan.date:
        raise ValueError(f"the plan is for {plan.date}, asked about {now}")
    return now


def _entry_at(entries: tuple[Entry, ...], now: datetime) -> Entry | None:
    return next((entry for entry in entries if covers(entry.at, entry.until, now)), None)


def _wall(plan: DayPlan, entry: Entry | None, now: datetime) -> str:
    """Quiet time wins over a cue's picture, that over the entry's; outside the day's entries it is `rest`."""
    if entry and entry.quiet:
        return entry.wall
    for cue in reversed(plan.cues):
        if cue.show and cue.until and covers(cue.at, cue.until, now):
            return cue.show
    if entry:
        return entry.wall
    inside = plan.entries and covers(plan.entries[0].at, plan.entries[-1].until, now)
    return "rhythm" if inside else "rest"


def _edges(plan: DayPlan) -> list[datetime]:
    edges = [edge for entry in plan.entries for edge in (entry.at, entry.until)]
    edges += [edge for cue in plan.cues if cue.show and cue.until for edge in (cue.at, cue.until)]
    edges.append(moment(plan.date + DAY, timedelta(), plan.zone))
    return sorted(edges, key=utc)


def to_json(plan: DayPlan) -> dict[str, Any]:
    """The contract of `zhangu today --json`: times as HH:MM, absent as null."""
    return {
        "date": plan.date.isoformat(),
        "workday": plan.workday,
        "why": plan.why,
        "entries": [_entry_json(entry) for entry in plan.entries],
        "cues": [
            {"at": written(cue.at), "say": cue.text if cue.say == FREE_TEXT else cue.say, "show": cue.show}
            for cue in plan.cues
        ],
        "duties": [
            {"at": written(duty.at) if duty.at else None, "who": duty.who, "what": duty.what}
            for duty in plan.duties
        ],
        "warnings": list(plan.warnings),
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "at": written(entry.at),
        "until": written_end(entry.at, entry.until),
        "name": entry.name,
        "text": entry.text,
        "music": entry.music,
        "volume": None if entry.music is None else entry.volume,
        "quiet": entry.quiet,
        "wall": entry.wall,
    }
