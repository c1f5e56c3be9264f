"""Priority of announcements, batching of deals, and the limit of announcements per hour. Pure.

**Priority.** An emergency interrupts everything, also quiet time and mute. A person's stop ends everything.
Then the microphone; then first, record and big deals, alone or in a burst, each followed by the target that it
reached; then texts that people announce; then the round-up of the full hour; then announcements of the timetable;
last music, which is ducked under all of them.

**Burst.** When more than two first or big deals wait at the same time (12:55 after the nap, the end of mute, a rush
at month's end) they become one announcement that names each. The one that is playing is never changed.

**Limit per hour.** `sound.talk_minutes_per_hour` limits the sound since the last full hour. Once it is used up, minor
announcements wait for the next full hour, where the count restarts: a team's target, repeats, and texts of the
timetable (greeting, sprint, birthdays, free texts). A round-up gets the rest of the limit, names as many deals as fit
and sums up the others. First and big deals, the microphone, new texts of people, top sales and results are always
played. No announcement waits twice, and none waits past midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from controller.sales.announcement_policy import time_text
from controller.sales.messages import ROUNDUP_SECONDS
from controller.sales.model import (
    BIG,
    BURST,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    RECORD,
    ROUNDUP,
    TARGET,
    WAITING,
    Announcement,
    Kind,
    Outcome,
)

MICROPHONE: Final = Kind.MICROPHONE
SAY: Final = Kind.SAY
EMERGENCY: Final = Kind.EMERGENCY
PRIORITY: Final = {
    EMERGENCY: 100,
    MICROPHONE: 70,
    FIRST_OF_WEEK: 60,
    FIRST_OF_DAY: 60,
    RECORD: 60,
    BIG: 60,
    BURST: 60,
    TARGET: 59,
    SAY: 50,
    ROUNDUP: 40,
}
"""Larger goes first; other kinds have `TIMETABLE`."""
AFTER_ROUNDUP: Final = 39
TIMETABLE: Final = 30

HOURLY: Final = Kind.HOURLY
EVENING: Final = Kind.EVENING
Waits = TypeVar("Waits", Announcement, Outcome)
AMONG_OTHERS: Final = (HOURLY, EVENING)
"""Deals that wait for the full hour, and for the results. Never played alone: those include them."""
FRESH: Final = timedelta(minutes=2)
"""An announcement that is later than this is not played alone any more."""
NEAR: Final = timedelta(minutes=3)
"""An announcement due this shortly before a silence and not played waits for the end of the silence."""

AGAIN: Final = "repeat:"
"""Prefix of the keys of repeats."""
BY_HAND: Final = "say:"
"""Prefix for a key from a person that contains a colon, as all internal keys do (deal:15)."""
FIRSTS: Final = (FIRST_OF_WEEK, FIRST_OF_DAY)
URGENT: Final = (*FIRSTS, RECORD, BIG, BURST)
ALONE_AT_MOST: Final = 2
SMALL_TALK: Final = (Kind.GREETING, Kind.SPRINT, Kind.BIRTHDAYS, Kind.COMPANY_YEARS, Kind.TEXT)
CHIME_S: Final = 1.3
APPLAUSE_S: Final = {"small": 3.2, "large": 5.8}
"""Lengths of the shipped sounds, in seconds."""
LEAST_ROUNDUP_S: Final = 18.0
"""Enough for number, sum and the best one or two deals, the least a round-up contains."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A quiet time or a mute. `name` starts the reason of announcements postponed by it; `over` is the reason after."""

    since: datetime
    until: datetime
    name: str
    over: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The waiting announcements, sorted. `ready`: can be played now, by priority; `stale`: too late to be played alone;
    `together`: those of `ready` that form a burst; `ahead`: moments at which others become ready."""

    ready: tuple[Announcement, ...] = ()
    stale: tuple[Announcement, ...] = ()
    together: tuple[Announcement, ...] = ()
    ahead: tuple[datetime, ...] = ()


def choose(
    waiting: Iterable[Announcement],
    silences: Sequence[Silence],
    now: datetime,
    among_others: Iterable[datetime] = (),
) -> Choice:
    """Sort `waiting` for playing. Emergencies ignore silences; during a silence nothing becomes stale.

    `among_others`: due moments of announcements that are `AMONG_OTHERS`, which are never played alone.
    """
    silent = any(silence.since <= now < silence.until for silence in silences)
    ready, stale, ahead = [], [], []
    for announcement in waiting:
        moment, _ = released(announcement, silences, now)
        if moment > now:
            ahead.append(moment)
        elif announcement.kind in AMONG_OTHERS or (silent and announcement.kind != EMERGENCY):
            continue
        elif now - moment > FRESH:
            stale.append(announcement)
        else:
            ready.append(announcement)
    ahead += [moment for due in among_others if (moment := after(due, silences, now)[0]) > now]
    ready.sort(key=lambda one: (-one.priority, one.id))
    deals = [one for one in ready if may_batch(one)]
    return Choice(tuple(ready), tuple(stale), tuple(deals) if is_burst(deals) else (), tuple(ahead))


def released(
    announcement: Announcement | Outcome, silences: Sequence[Silence], now: datetime
) -> tuple[datetime, Silence | None]:
    """Return when an announcement can be played: its due moment, or the end of the silences around it with the last."""
    moment = announcement.due or min(announcement.created, now)  # a clock that was set back must not delay it
    return (moment, None) if announcement.kind == EMERGENCY else after(moment, silences, now)


def after(moment: datetime, silences: Sequence[Silence], now: datetime) -> tuple[datetime, Silence | None]:
    """Return the end of the consecutive silences that contain `moment`, with the last one; else `moment`, None."""
    last = None
    for silence in sorted(silences, key=lambda one: one.since):
        begin = silence.since - NEAR if silence.since <= now else silence.since
        if begin <= moment < silence.until:
            moment, last = silence.until, silence
    return moment, last


def as_it_waits(announcement: Waits, silences: Sequence[Silence], now: datetime) -> Waits:
    """Return an announcement, or what became of several, as people read it at `now`.

    One that waits for a silence has its end as due and reason.
    """
    if announcement.state != WAITING:
        return announcement
    moment, silence = released(announcement, silences, now)
    if silence is None:
        return announcement
    if moment <= now:
        return replace(announcement, due=moment, why=silence.over)
    if announcement.kind == EVENING:
        return replace(announcement, due=moment, why=f"{time_text(moment, now)} 在战报里一起公布。")
    how = " 一起播报" if announcement.kind == HOURLY else " 播报"
    return replace(announcement, due=moment, why=f"{silence.name}，{time_text(moment, now)}{how}。")


def outbox_key(key: str) -> str:
    """Return the outbox key for a key from a request, so that it never equals an internal key."""
    return BY_HAND + key if ":" in key else key


def may_batch(waiting: Announcement) -> bool:
    """Return whether an announcement may be part of a burst; repeats may not."""
    return waiting.kind in URGENT and not waiting.key.startswith(AGAIN)


def is_burst(waiting: Sequence[Announcement]) -> bool:
    """Return whether these waiting announcements form a burst."""
    deals = {ident for announcement in waiting for ident in announcement.deals}
    return len(waiting) > 1 and len(deals) > ALONE_AT_MOST


def applause(amount: Decimal, big_over: Decimal) -> str:
    """Return the applause for a deal: large for big deals."""
    return "large" if amount > big_over else "small"


def postpone(now: datetime, spent_s: float, minutes: float) -> datetime | None:
    """Return when a minor announcement is played if the limit per hour is used up; None: now.

    `spent_s`: seconds of announcements since the last full hour, `minutes`: the limit per hour.
    """
    if spent_s < minutes * 60:
        return None
    later = hour_of(now) + timedelta(hours=1)
    return later if later.date() == now.date() else None


def why_later(minutes: float, due: datetime) -> str:
    """Return the reason for `put_off`."""
    return f"这一小时的播报已满 {minutes:g} 分钟，{due:%H:%M} 再播。"


def roundup_limit(spent_s: float, minutes: float) -> float:
    """Return the maximum length of a round-up in seconds."""
    return max(LEAST_ROUNDUP_S, min(ROUNDUP_SECONDS, minutes * 60 - spent_s))


def speech_limit(limit_s: float, applause: str, speed: float) -> float:
    """Return how long the text of an announcement may be, in seconds of speech at speed 1, to end within `limit_s`.

    The limit includes chime and applause. A round-up of `LEAST_ROUNDUP_S` always fits.
    """
    return max(LEAST_ROUNDUP_S, limit_s - CHIME_S - APPLAUSE_S[applause]) * speed


def hour_of(now: datetime) -> datetime:
    """Return the last full hour."""
    return now.replace(minute=0, second=0, microsecond=0)
