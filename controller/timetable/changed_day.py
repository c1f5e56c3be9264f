"""Apply the exceptions of a date to its plan. Pure.

Their effect does not depend on when they were made: entries and cues are skipped and moved first, then the time off is
cut out, then extra moments are added, which are also announced in time off. "Run as another day" works on the day rules
instead: see `plan.plan_for` and `calendar`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from controller.sentences import say
from controller.timetable.exceptions import (
    CUE,
    DAY_END,
    WORKDAY,
    DayException,
    ExceptionKind,
    day_words,
    since_midnight,
    words_of,
)
from controller.timetable.model import FREE_TEXT, Cue, DayPlan, Duty, Entry, Moments
from controller.timetable.times import moment, written
from controller.timetable.workdays import Workday, Workdays

GRACE = timedelta(seconds=120)
MOVING = (ExceptionKind.SKIP, ExceptionKind.MOVE)
Item = Entry | Cue


def calendar(workdays: Workdays, exceptions: Mapping[date, Sequence[DayException]]) -> Workdays:
    """Return the calendar in which dates run as a working day, or off as a whole, count as such."""
    changed: dict[date, Workday] = {}
    for day, of_day in exceptions.items():
        for exception in of_day:
            if exception.kind == ExceptionKind.OFF:
                changed[day] = Workday(False, "临时安排休息", False)
            elif exception.kind == ExceptionKind.LIKE:
                changed[day] = Workday(True, _as_workday(exception.like or WORKDAY), False)
    return workdays.with_changes(changed) if changed else workdays


def _as_workday(like: str) -> str:
    return "临时安排上班" if like == WORKDAY else f"临时安排，按{day_words(like)}"


def apply(plan: DayPlan, exceptions: Sequence[DayException]) -> DayPlan:
    """Return the plan of a date with its exceptions; one that has lost its entry or cue becomes a warning."""
    plan = replace(plan, exceptions=tuple(exceptions))
    for exception in exceptions:
        if exception.kind in MOVING:
            plan = _skip_or_move(plan, exception)
    plan = _cut_off(plan, exceptions)
    no_music = _spans(plan, exceptions, ExceptionKind.NO_MUSIC)
    no_announcements = _spans(plan, exceptions, ExceptionKind.NO_ANNOUNCEMENTS)
    entries = tuple(_without_music(entry, no_music) for entry in plan.entries)
    plan = replace(plan, entries=entries, no_music=no_music, no_announcements=no_announcements)
    for exception in exceptions:
        if exception.kind == ExceptionKind.EXTRA:
            plan = _add(plan, exception)
    return _without_quiet_cues(plan)


def _without_quiet_cues(plan: DayPlan) -> DayPlan:
    """Drop cues that an exception has brought into quiet time, each with a warning as in any plan."""
    kept, warnings = [], list(plan.warnings)
    for cue in plan.cues:
        quiet = next((e for e in plan.entries if e.quiet and e.at <= cue.at < e.until), None)
        if quiet is None:
            kept.append(cue)
        else:
            warnings.append(say("cue_in_quiet", at=written(cue.at), name=quiet.name))
    return replace(plan, cues=tuple(kept), warnings=tuple(warnings))


# --- Skip and move


def find(plan: DayPlan, exception: DayException) -> Item | None:
    """Return the entry or cue that an exception means: by name and start, else the only one of that name."""
    items: list[Item] = list(plan.cues if exception.item == CUE else plan.entries)
    named = [item for item in items if _name(item) == exception.name]
    exact = [item for item in named if since_midnight(item.at) == exception.was]
    if exact:
        return exact[0]
    return named[0] if len(named) == 1 else None


def _name(item: Item) -> str | None:
    if isinstance(item, Entry):
        return item.name
    return cue_name(item)


def cue_name(cue: Cue) -> str:
    """Return the name by which exceptions mean a cue: its text, else its announcement, else its scene."""
    return (cue.text if cue.say == FREE_TEXT else cue.say) or cue.show or ""


def _skip_or_move(plan: DayPlan, exception: DayException) -> DayPlan:
    item = find(plan, exception)
    if item is None:
        lost = say("exception_lost", words=words_of(exception))
        return replace(plan, warnings=(*plan.warnings, lost))
    kept, taken = _without_item(plan, item)
    return kept if exception.kind == ExceptionKind.SKIP else _put(kept, taken, exception.at or timedelta())


def _without_item(plan: DayPlan, item: Item) -> tuple[DayPlan, DayPlan]:
    """Split a plan into the rest and the item. An entry takes along the cues and duties within its time."""

    def within(at: datetime | None) -> bool:
        return at is not None and isinstance(item, Entry) and item.at <= at < item.until

    def own(one: Item) -> bool:
        return one == item or (isinstance(one, Cue) and within(one.at))

    def part(taken: bool) -> DayPlan:
        return replace(
            plan,
            entries=tuple(entry for entry in plan.entries if own(entry) == taken),
            cues=tuple(cue for cue in plan.cues if own(cue) == taken),
            duties=tuple(duty for duty in plan.duties if within(duty.at) == taken),
        )

    return part(False), part(True)


def _put(plan: DayPlan, taken: DayPlan, at: timedelta) -> DayPlan:
    """Put the entries, cues and duties of `taken` into a plan so that the first starts at `at`."""
    items: list[Item] = [*taken.entries, *taken.cues]
    by = at - min(since_midnight(item.at) for item in items)

    def moved(old: datetime) -> datetime:
        day_end = moment(plan.date, DAY_END, plan.zone)
        clock = (since_midnight(old) if old.date() == plan.date else DAY_END) + by
        return min(moment(plan.date, clock, plan.zone), day_end)

    entries = [replace(entry, at=moved(entry.at), until=moved(entry.until)) for entry in taken.entries]
    cues = [
        replace(cue, at=moved(cue.at), until=None if cue.until is None else moved(cue.until))
        for cue in taken.cues
    ]
    duties = [replace(duty, at=None if duty.at is None else moved(duty.at)) for duty in taken.duties]
    rest = [
        piece for entry in plan.entries for piece in without(entry, [(one.at, one.until) for one in entries])
    ]
    return _sorted(
        replace(plan, entries=(*rest, *entries), cues=(*plan.cues, *cues), duties=(*plan.duties, *duties))
    )


def without(entry: Entry, spans: Iterable[Moments]) -> list[Entry]:
    """Return the pieces of an entry outside some spans."""
    pieces = [(entry.at, entry.until)]
    for since, until in spans:
        cut = [((a, min(b, since)), (max(a, until), b)) for a, b in pieces]
        pieces = [piece for both in cut for piece in both if piece[0] < piece[1]]
    return [replace(entry, at=at, until=until) for at, until in pieces]


def _sorted(plan: DayPlan) -> DayPlan:
    late = moment(plan.date, DAY_END, plan.zone)
    by_time: Callable[[Item | Duty], datetime] = lambda one: one.at or late
    return replace(
        plan,
        entries=tuple(sorted((e for e in plan.entries if e.at < e.until), key=by_time)),
        cues=tuple(sorted(plan.cues, key=by_time)),
        duties=tuple(sorted(plan.duties, key=by_time)),
    )


# --- Time off, spans without music or announcements, extra moments


def _cut_off(plan: DayPlan, exceptions: Sequence[DayException]) -> DayPlan:
    off = _spans(plan, exceptions, ExceptionKind.OFF_FROM, ExceptionKind.OFF_UNTIL)
    if not off:
        return plan

    def free(at: datetime | None) -> bool:
        return at is not None and any(since <= at < until for since, until in off)

    def shortened(cue: Cue) -> Cue:
        ends = [since for since, _ in off if cue.until and cue.at < since < cue.until]
        return replace(cue, until=min(ends)) if ends else cue

    return replace(
        plan,
        off=off,
        entries=tuple(piece for entry in plan.entries for piece in without(entry, off)),
        cues=tuple(shortened(cue) for cue in plan.cues if not free(cue.at)),
        duties=tuple(duty for duty in plan.duties if not free(duty.at)),
    )


def _spans(plan: DayPlan, exceptions: Sequence[DayException], *kinds: ExceptionKind) -> tuple[Moments, ...]:
    """Return the spans of some kinds of exceptions, joined where they meet."""
    spans: list[tuple[timedelta, timedelta]] = []
    for since, until in sorted(_span(exception) for exception in exceptions if exception.kind in kinds):
        if spans and since <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(until, spans[-1][1]))
        else:
            spans.append((since, until))
    moments = [(moment(plan.date, a, plan.zone), moment(plan.date, b, plan.zone)) for a, b in spans]
    return tuple(span for span in moments if span[0] < span[1])


def _span(exception: DayException) -> tuple[timedelta, timedelta]:
    at = exception.at or timedelta()
    if exception.kind == ExceptionKind.OFF_UNTIL:
        return timedelta(), at
    return at, exception.until or DAY_END


def _without_music(entry: Entry, spans: Sequence[Moments]) -> Entry:
    """Return an entry without its music when that does not play at all; a part of it: see `plan.music_of`."""
    return entry if entry.music is None or without(entry, spans) else replace(entry, music=None)


def _add(plan: DayPlan, exception: DayException) -> DayPlan:
    """Add an extra moment: announced, and beforehand a line for everyone in what is to be done."""
    at, text = moment(plan.date, exception.at or timedelta(), plan.zone), exception.text or ""
    cue = Cue(at, FREE_TEXT, None, None, text, GRACE, extra=True)
    return _sorted(replace(plan, cues=(*plan.cues, cue), duties=(*plan.duties, Duty(at, "everyone", text))))
