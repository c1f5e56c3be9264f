"""The etiquette of the PA: what goes before what, what is told in one breath, how much talk an hour bears. Pure.

**What goes first.** An emergency interrupts everything, also quiet time and mute. A person's stop ends everything.
Then the microphone; then first, record and big orders, alone
or several in one breath, each followed by the target it fulfilled; then what people say; then the full hour's
round-up; then what the timetable says; last music, which makes room for all of them.

**In one breath.** When more than two first or big orders wait at the same time (12:55 after the nap, the end of a
hush, a rush at month's end) they become one announcement that names each. What is on the air is never touched.

**The hour's measure.** `sound.talk_minutes_per_hour` counts what has sounded since the last full hour. Once it is
used up, small things wait for the next full hour, where a new measure begins: a team's target, something said
again, the timetable's own words (greeting, sprint, free texts). A round-up gets the rest of the measure, names as
many orders as that allows and sums up the others. First and big orders, the microphone, what people say for the
first time, top sales and results are always said. Nothing waits twice, and nothing waits past midnight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from controller.sales.announcement_policy import said
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
"""Larger goes first; what is not named here has its place from `TIMETABLE`."""
AFTER_ROUNDUP: Final = 39
TIMETABLE: Final = 30

HOURLY: Final = Kind.HOURLY
EVENING: Final = Kind.EVENING
AMONG_OTHERS: Final = (HOURLY, EVENING)
"""Deals that wait for the full hour, and for the results. Never spoken alone: those take them in."""
FRESH: Final = timedelta(minutes=2)
"""What could not be said for longer than this after its moment is not said by itself any more."""
NEAR: Final = timedelta(minutes=3)
"""What came due this shortly before a silence and was not said waits for the end of it."""

AGAIN: Final = "repeat:"
"""How the key of what is said again begins."""
BY_HAND: Final = "say:"
"""How a person's key is kept when it could be one of the house's own, which all have a colon (deal:15)."""
FIRSTS: Final = (FIRST_OF_WEEK, FIRST_OF_DAY)
URGENT: Final = (*FIRSTS, RECORD, BIG, BURST)
ALONE_AT_MOST: Final = 2
SMALL_TALK: Final = (Kind.GREETING, Kind.SPRINT, Kind.TEXT)
LEAST_ROUNDUP_S: Final = 18.0
"""Number and sum, and the best order or two: less would be no round-up."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A quiet time or a mute. `name` begins the reason of what waits for its end; `over` is the reason afterwards."""

    since: datetime
    until: datetime
    name: str
    over: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do with what waits. `ready`: may be said now, first things first; `stale`: too late to be said alone;
    `together`: those of `ready` that are told in one breath; `ahead`: moments at which something else becomes ready."""

    ready: tuple[Announcement, ...] = ()
    stale: tuple[Announcement, ...] = ()
    together: tuple[Announcement, ...] = ()
    ahead: tuple[datetime, ...] = ()


def choose(waiting: Iterable[Announcement], silences: Sequence[Silence], now: datetime) -> Choice:
    """What of `waiting` is said next. Emergencies know no silence; in a silence nothing becomes stale."""
    silent = any(silence.since <= now < silence.until for silence in silences)
    ready, stale, ahead = [], [], []
    for found in waiting:
        moment, _ = released(found, silences, now)
        if moment > now:
            ahead.append(moment)
        elif found.kind in AMONG_OTHERS or (silent and found.kind != EMERGENCY):
            continue
        elif now - moment > FRESH:
            stale.append(found)
        else:
            ready.append(found)
    ready.sort(key=lambda found: (-found.priority, found.id))
    deals = [found for found in ready if gathers(found)]
    return Choice(tuple(ready), tuple(stale), tuple(deals) if in_one_breath(deals) else (), tuple(ahead))


def released(
    found: Announcement, silences: Sequence[Silence], now: datetime
) -> tuple[datetime, Silence | None]:
    """When something may be said: its own moment, or the end of the silences that it falls into, with the last."""
    moment = found.due or min(found.created, now)  # no clock that was set back makes it wait
    return (moment, None) if found.kind == EMERGENCY else after(moment, silences, now)


def after(moment: datetime, silences: Sequence[Silence], now: datetime) -> tuple[datetime, Silence | None]:
    """The end of the silences that `moment` falls into, one behind the other, with the last; itself without any."""
    last = None
    for silence in sorted(silences, key=lambda one: one.since):
        begin = silence.since - NEAR if silence.since <= now else silence.since
        if begin <= moment < silence.until:
            moment, last = silence.until, silence
    return moment, last


def as_it_waits(found: Announcement, silences: Sequence[Silence], now: datetime) -> Announcement:
    """An announcement as people read it at `now`: what waits for the end of a silence is due there, and says so."""
    if found.state != WAITING:
        return found
    moment, silence = released(found, silences, now)
    if silence is None:
        return found
    if moment <= now:
        return replace(found, due=moment, why=silence.over)
    if found.kind == EVENING:
        return replace(found, due=moment, why=f"{said(moment, now)} 在战报里一起公布。")
    how = " 一起播报" if found.kind == HOURLY else " 播报"
    return replace(found, due=moment, why=f"{silence.name}，{said(moment, now)}{how}。")


def kept_key(key: str) -> str:
    """A key that somebody sent, as the outbox keeps it: whatever it is, the next order's own stays free."""
    return BY_HAND + key if ":" in key else key


def gathers(waiting: Announcement) -> bool:
    """Whether this may be told in one breath with others: not what somebody wanted to hear again."""
    return waiting.kind in URGENT and not waiting.key.startswith(AGAIN)


def in_one_breath(waiting: Sequence[Announcement]) -> bool:
    """Whether these, which all wait, are told as one."""
    orders = {ident for announcement in waiting for ident in announcement.deals}
    return len(waiting) > 1 and len(orders) > ALONE_AT_MOST


def applause(amount: Decimal, big_over: Decimal) -> str:
    """Which applause an order gets: the large one is for big orders."""
    return "large" if amount > big_over else "small"


def put_off(now: datetime, spent_s: float, minutes: float) -> datetime | None:
    """When a small thing is said of which `now` would be too much; None: now.

    `spent_s`: what has sounded since the last full hour, `minutes`: the hour's measure.
    """
    if spent_s < minutes * 60:
        return None
    later = hour_of(now) + timedelta(hours=1)
    return later if later.date() == now.date() else None


def why_later(minutes: float, due: datetime) -> str:
    """The sentence to `put_off`."""
    return f"这一小时的播报已满 {minutes:g} 分钟，{due:%H:%M} 再播。"


def roundup_limit(spent_s: float, minutes: float) -> float:
    """How many seconds a round-up may take."""
    return max(LEAST_ROUNDUP_S, min(ROUNDUP_SECONDS, minutes * 60 - spent_s))


def hour_of(now: datetime) -> datetime:
    """The last full hour."""
    return now.replace(minute=0, second=0, microsecond=0)
