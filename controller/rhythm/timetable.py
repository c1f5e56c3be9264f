"""What should be sounding and showing at a moment, and which cues are due. Pure: values in, values out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from controller.rhythm.model import FREE_TEXT, Ceiling, Cue, DayPlan, Entry, Music, SoundSettings, State
from controller.rhythm.moments import DAY, covers, moment, utc, written, written_end
from controller.rhythm.plan import plan_for, share_of_new_customers

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
