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

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from controller.sales.messages import ROUNDUP_SECONDS
from controller.sales.model import (
    BIG,
    BURST,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    RECORD,
    ROUNDUP,
    TARGET,
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


def kept_key(key: str) -> str:
    """A key that somebody sent, as the outbox keeps it: whatever it is, the next order's own stays free."""
    return BY_HAND + key if ":" in key else key


def gathers(waiting: Announcement, now: datetime) -> bool:
    """Whether this may be told in one breath with others at `now`: not what somebody wanted to hear again."""
    due = waiting.due is None or waiting.due <= now
    return due and waiting.kind in URGENT and not waiting.key.startswith(AGAIN)


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
