"""Compute the plan of a day, the state at a moment and the due cues. Pure functions of timetable and time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from controller.moments import local
from controller.sentences import say
from controller.timetable.changed_day import apply
from controller.timetable.day_rules import DayRule
from controller.timetable.exceptions import DayException, ExceptionKind, weekday_of, words_of
from controller.timetable.model import (
    FREE_TEXT,
    Ceiling,
    Cue,
    CueRule,
    DayPlan,
    Duty,
    DutyRule,
    Entry,
    Moments,
    Music,
    SoundSettings,
    Span,
    State,
    Timetable,
)
from controller.timetable.slots import fill
from controller.timetable.times import DAY, moment, written, written_end
from controller.timetable.workdays import WEEKDAYS, Workday, Workdays

MOST_DAYS = 200  # per year; a rule that holds on at least so many belongs to the usual day
LAST_WEEK = 25  # of December: from then on the missing holidays of the next year are a warning, before a hint
NEXT_WORKDAY = "下个工作日"
_CLAUSE = re.compile(r"[^，。；、！？]*[，。；、！？]+|[^，。；、！？]+")
Cut = tuple[timedelta, timedelta, Span]
Holds = Callable[[DayRule], bool]
_ALL_DAY = datetime.max.replace(tzinfo=UTC)  # duties without a time come last


def plan_for(
    day: date, rhythm: Timetable, workdays: Workdays, exceptions: Sequence[DayException] = ()
) -> DayPlan:
    """Compute the plan of a date, with its exceptions applied; `workdays` knows those of all dates (`calendar`).

    A span with a narrower day rule replaces the overlapped part of wider spans; the remainder stays. Of equally
    wide overlapping spans (`load.check_day` refuses those it can foresee) the first in the file stays, with a
    warning.
    """
    worked = workdays.is_workday(day)
    warnings = list(_calendar_warnings(day, worked, workdays))
    values = _slot_values(day, rhythm, workdays)
    holds = _holding(day, workdays, exceptions)
    pieces = _displace([span for span in rhythm.spans if holds(span.on)], warnings)
    entries = tuple(_entries(day, pieces, rhythm, holds, values))
    cues = _cues(day, rhythm, holds, entries, warnings)
    duties = [_duty(day, rule, rhythm, values) for rule in rhythm.duties if holds(rule.on)]
    plan = DayPlan(
        date=day,
        workday=worked.workday,
        why=worked.why,
        guess=worked.guess,
        zone=rhythm.zone,
        entries=entries,
        cues=cues,
        duties=tuple(sorted(duties, key=lambda duty: duty.at if duty.at else _ALL_DAY)),
        warnings=tuple(warnings),
        hints=tuple(_calendar_hints(day, workdays)),
    )
    return apply(plan, exceptions) if exceptions else plan


def _holding(day: date, workdays: Workdays, exceptions: Sequence[DayException]) -> Holds:
    """Return the test of a rule for this date, which may be run as another day of its week."""
    for exception in exceptions:
        if exception.kind == ExceptionKind.LIKE and exception.like:
            like = weekday_of(exception.like, day)
            return lambda rule: rule.holds_like(day, like, workdays)
    return lambda rule: rule.holds(day, workdays)


def usual(rhythm: Timetable) -> Timetable:
    """Return the timetable without spans and duties of few days and without dated text: for a poster used for months.

    Clauses with the day's share of new customers are removed; `{next_workday}` becomes "the next working day".
    A timetable in which no span holds on most days is returned unchanged.
    """
    spans = tuple(replace(span, text=_undated(span.text)) for span in rhythm.spans if _usual(span.on))
    duties = tuple(
        replace(rule, what=_undated(rule.what))
        for rule in rhythm.duties
        if rule.at is not None and _usual(rule.on)
    )
    return replace(rhythm, spans=spans, duties=duties) if spans else rhythm


def everyday(rhythm: Timetable) -> frozenset[str]:
    """Return the names of entries, announcements and duties of rules that hold on most days."""
    names = {span.name for span in rhythm.spans if _usual(span.on)}
    names |= {
        str(rule.text if rule.say == FREE_TEXT else rule.say) for rule in rhythm.cues if _usual(rule.on)
    }
    return frozenset(names | {rule.what for rule in rhythm.duties if _usual(rule.on)})


def _usual(rule: DayRule) -> bool:
    return rule.width >= MOST_DAYS


def _undated(text: str) -> str:
    clauses = _CLAUSE.findall(text)
    kept = [clause for clause in clauses if "{new_customers}" not in clause]
    ends = "。" if kept and kept != clauses and text.endswith("。") else ""
    joined = "".join(kept)
    return fill(
        joined.rstrip("，；、。") + ends if kept != clauses else joined, {"next_workday": NEXT_WORKDAY}
    )


def share_of_new_customers(day: date, rhythm: Timetable) -> int:
    """Return the percentage of new customers in that date's call list; a working weekend day counts as Friday."""
    return rhythm.new_customers[min(day.weekday(), 4)]


def _calendar_warnings(day: date, worked: Workday, workdays: Workdays) -> Iterator[str]:
    if worked.guess:
        yield say("holidays_guessed", year=day.year)
    elif day.month == 12 and day.day >= LAST_WEEK and workdays.guesses(day.year + 1):
        yield say("holidays_missing", year=day.year + 1)


def _calendar_hints(day: date, workdays: Workdays) -> Iterator[str]:
    if day.month == 12 and day.day < LAST_WEEK and workdays.guesses(day.year + 1):
        yield say("holidays_ahead", year=day.year + 1)


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
    """Cut the spans so that none overlap and the narrowest wins: (from, until, span), sorted by time."""
    placed: list[tuple[Cut, float]] = []
    for width, span in sorted(((span.on.width, span) for span in spans), key=lambda pair: pair[0]):
        rest = [(span.at, span.until)]
        for (at, until, above), width_above in placed:
            if width_above == width and span.at < until and at < span.until:
                warnings.append(say("spans_meet", one=span.name, other=above.name))
            rest = [piece for whole in rest for piece in _without(whole, at, until)]
        placed += [((at, until, span), width) for at, until in rest]
    return sorted((cut for cut, _ in placed), key=lambda cut: cut[0])


def _without(
    whole: tuple[timedelta, timedelta], at: timedelta, until: timedelta
) -> list[tuple[timedelta, timedelta]]:
    first, last = whole
    pieces = [(first, min(last, at)), (max(first, until), last)]
    return [(a, b) for a, b in pieces if a < b]


def _entries(
    day: date, pieces: list[Cut], rhythm: Timetable, holds: Holds, values: dict[str, str]
) -> Iterator[Entry]:
    for at, until, span in pieces:
        begins, ends = moment(day, at, rhythm.zone), moment(day, until, rhythm.zone)
        if begins >= ends:
            continue  # skipped by the start of summer time
        music = next((choice.playlist for choice in span.music if holds(choice.on)), None)
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
    day: date, rhythm: Timetable, holds: Holds, entries: tuple[Entry, ...], warnings: list[str]
) -> tuple[Cue, ...]:
    planned = []
    for rule in rhythm.cues:
        if not holds(rule.on):
            continue
        cue = _cue(day, rule, rhythm)
        if quiet := _quiet_entry(entries, cue.at):
            warnings.append(say("cue_in_quiet", at=written(cue.at), name=quiet.name))
        else:
            planned.append(cue)
    return tuple(sorted(planned, key=lambda cue: cue.at))


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
    return next((entry for entry in entries if entry.quiet and entry.at <= at < entry.until), None)


# --- The state at a moment and the due cues

__all__ = ["ceiling_at", "due", "next_quiet", "plan_for", "share_of_new_customers", "state_at", "to_json"]

ON_TIME = timedelta(seconds=5)  # a cue this late still counts as punctual


def state_at(plan: DayPlan, now: datetime) -> State:
    """Return the desired sound and scene at `now`. Raises ValueError when `now` is not on the plan's date."""
    now = _on(plan, now)
    entry = _entry_at(plan.entries, now)
    quiet = next_quiet(plan, now) if entry and entry.quiet else None
    return State(
        entry=entry,
        next=next((later for later in plan.entries if later.at > now), None),
        music=next((part for part in music_of(plan) if part.since <= now < part.until), None),
        quiet=quiet is not None,
        quiet_until=quiet[1] if quiet else None,
        wall=_wall(plan, entry, now),
        changes_at=next(edge for edge in _edges(plan) if edge > now),
        silent_until=next((end for begin, end in silent_times(plan) if begin <= now < end), None),
    )


def music_of(plan: DayPlan) -> Iterator[Music]:
    """Yield the parts of the date with music: of each entry with music, those outside the spans without."""
    for entry in plan.entries:
        if entry.music is None or entry.quiet:
            continue
        begins = entry.at
        for since, until in plan.no_music:
            if since < entry.until and until > begins:
                if begins < since:
                    yield Music(entry.music, entry.volume, begins, since)
                begins = until
        if begins < entry.until:
            yield Music(entry.music, entry.volume, begins, entry.until)


def silent_times(plan: DayPlan) -> list[Moments]:
    """Return the spans in which nothing is announced: quiet times and spans without announcements, joined."""
    times: list[Moments] = []
    for since, until in sorted([*_quiet_times(plan), *plan.no_announcements], key=lambda span: span[0]):
        if times and since <= times[-1][1]:
            times[-1] = (times[-1][0], max(until, times[-1][1]))
        else:
            times.append((since, until))
    return times


def due(plan: DayPlan, since: datetime, now: datetime) -> tuple[Cue, ...]:
    """Return the cues to execute now, of those after `since` up to and including `now`.

    All punctual cues are due. Of the late cues within their grace, only those of the latest moment are due, so that
    at most one late moment is announced after the machine slept. Older cues are dropped.
    """
    passed = [cue for cue in plan.cues if since < cue.at <= now]
    alive = [cue for cue in passed if now - cue.at <= max(ON_TIME, cue.grace)]
    late = [cue for cue in alive if now - cue.at > ON_TIME]
    return tuple(cue for cue in alive if cue not in late or cue.at == late[-1].at)


def next_quiet(plan: DayPlan, now: datetime) -> tuple[datetime, datetime] | None:
    """Return start and end of the present or next quiet time of the date; adjoining quiet entries count as one."""
    return next((span for span in _quiet_times(plan) if span[1] > now), None)


def _quiet_times(plan: DayPlan) -> list[tuple[datetime, datetime]]:
    times: list[tuple[datetime, datetime]] = []
    for entry in plan.entries:
        if entry.quiet and times and times[-1][1] == entry.at:
            times[-1] = (times[-1][0], entry.until)
        elif entry.quiet:
            times.append((entry.at, entry.until))
    return times


def ceiling_at(sound: SoundSettings, now: datetime) -> int:
    """Return the maximum volume (0 to 100) allowed at this time of day."""
    clock = timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    return min((limit.volume for limit in sound.ceilings if _within(limit, clock)), default=100)


def _within(limit: Ceiling, clock: timedelta) -> bool:
    return limit.at <= clock < limit.until


def _on(plan: DayPlan, now: datetime) -> datetime:
    now = local(now, plan.zone)
    if now.date() != plan.date:
        raise ValueError(f"plan is for {plan.date}, not for {now}")
    return now


def _entry_at(entries: tuple[Entry, ...], now: datetime) -> Entry | None:
    return next((entry for entry in entries if entry.at <= now < entry.until), None)


def _wall(plan: DayPlan, entry: Entry | None, now: datetime) -> str:
    """Return the scene: quiet time before a cue's scene before the entry's; `rest` outside the day's entries."""
    if entry and entry.quiet:
        return entry.wall
    for cue in reversed(plan.cues):
        if cue.show and cue.until and cue.at <= now < cue.until:
            return cue.show
    if entry:
        return entry.wall
    inside = plan.entries and plan.entries[0].at <= now < plan.entries[-1].until
    return "rhythm" if inside else "rest"


def _edges(plan: DayPlan) -> list[datetime]:
    edges = [edge for entry in plan.entries for edge in (entry.at, entry.until)]
    edges += [edge for cue in plan.cues if cue.show and cue.until for edge in (cue.at, cue.until)]
    edges += [edge for span in (*plan.no_music, *plan.no_announcements) for edge in span]
    edges.append(moment(plan.date + DAY, timedelta(), plan.zone))
    return sorted(edges)


def to_json(plan: DayPlan) -> dict[str, Any]:
    """Return the plan for `zhangu today --json` (a contract): times as HH:MM, absent values as null.

    A date with exceptions has further keys, see `exceptions_json`.
    """
    values = {
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
    return values | exceptions_json(plan) if plan.exceptions else values


def exceptions_json(plan: DayPlan) -> dict[str, Any]:
    """Return the exceptions of a plan and the spans that they silence."""
    return {
        "exceptions": [_exception_json(exception) for exception in plan.exceptions],
        "no_music": [_span_json(*span) for span in plan.no_music],
        "no_announcements": [_span_json(*span) for span in plan.no_announcements],
    }


def _exception_json(exception: DayException) -> dict[str, Any]:
    """Return an exception with its words, and who made it when (absent until it is stored)."""
    made = exception.made.isoformat(timespec="seconds") if exception.made else None
    return {
        "id": exception.id,
        **exception.to_json(),
        "words": words_of(exception),
        "by": exception.by,
        "made": made,
    }


def _span_json(at: datetime, until: datetime) -> dict[str, str]:
    return {"at": written(at), "until": written_end(at, until)}


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
