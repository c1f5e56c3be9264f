"""When a message is sent, with which others, and when again after a failure. Pure.

Rules: a link sends one parcel at a time, at most one per `pace_s`; deals that wait together become one parcel; a parcel
that was tried keeps its messages; after failures the link waits longer and longer; nothing is sent in quiet hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from controller.links.port import TEST
from controller.sales.link_messages import LinkMessage

MERGED: Final = frozenset({"first", "big", "deal", "target", "correction"})
"""Kinds that share a message; all others go alone."""
MOST_TOGETHER: Final = 40
MOST_FIRST: Final = 3
"""Attempts after which a message lets newer ones go first: perhaps only this one fails."""
SETTLE: Final = timedelta(seconds=3)
"""Deals wait this long, so that those entered at the same time become one message."""
BACK_OFF_S: Final = (5.0, 15.0, 60.0, 180.0, 600.0, 900.0)
LONGEST: Final = timedelta(minutes=90)
"""More than any waiting time after a failure: a later `next_try` comes from a clock that was wrong."""
GIVEN_UP: Final = timedelta(days=1)
GIVEN_UP_WHY: Final = "一天都没有发出去，不再发送。最后一次：{why}"


def back_off_s(failures: int, chance: float) -> float:
    """Return the seconds to wait after `failures` failures in succession; `chance` from 0 to 1 spreads them."""
    step = BACK_OFF_S[min(max(failures, 1), len(BACK_OFF_S)) - 1]
    return step * (1 + 0.25 * chance)


@dataclass(frozen=True, slots=True)
class Choice:
    """The messages to send now, else the moment to look again (None: when something changes)."""

    messages: tuple[LinkMessage, ...] = ()
    look_at: datetime | None = None

    @property
    def batch(self) -> str:
        """The id under which the messages are sent."""
        return self.messages[0].batch or self.messages[0].uid


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of a link: its quiet hours, the minutes to avoid, whether and up to which size it merges."""

    quiet: tuple[tuple[timedelta, timedelta], ...] = ()
    avoids: tuple[int, ...] = ()
    merges: bool = True
    most_bytes: int = 2000
    size: Callable[[LinkMessage], int] = lambda message: 100


def choose(waiting: Sequence[LinkMessage], habits: Habits, now: datetime, *, paused: bool = False) -> Choice:
    """Return the messages that a link sends at `now`."""
    tests = [message for message in waiting if message.kind == TEST and _ready(message, now)]
    if tests:
        return Choice((tests[0],))
    if paused or not waiting:
        return Choice()
    free = _free_at(now, habits)
    if free > now:
        return Choice(look_at=free)
    ready = [message for message in waiting if _ready(message, now)]
    if not ready:
        return Choice(look_at=min(_ready_at(message, now) for message in waiting))
    first = min(ready, key=lambda message: (message.attempts > MOST_FIRST, message.due, message.id))
    if first.batch is not None:
        return Choice(tuple(message for message in waiting if message.batch == first.batch))
    if not habits.merges or first.kind not in MERGED:
        return Choice((first,))
    together = [m for m in waiting if m.kind in MERGED and m.batch is None and m.created <= now]
    return Choice(_fitting(together, habits))


def _fitting(messages: Iterable[LinkMessage], habits: Habits) -> tuple[LinkMessage, ...]:
    """Return the first messages that fit into one parcel, at least one."""
    fitting: list[LinkMessage] = []
    left = habits.most_bytes
    for message in messages:
        left -= habits.size(message)
        if fitting and (left < 0 or len(fitting) == MOST_TOGETHER):
            break
        fitting.append(message)
    return tuple(fitting)


def _ready_at(message: LinkMessage, now: datetime) -> datetime:
    again = message.next_try
    if again is None or again > now + LONGEST:
        return message.due
    return max(message.due, again)


def _ready(message: LinkMessage, now: datetime) -> bool:
    return _ready_at(message, now) <= now


def _free_at(now: datetime, habits: Habits) -> datetime:
    """Return the first moment from `now` on outside quiet hours and avoided minutes."""
    at = now
    for _ in range(len(habits.quiet) + 2):
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        clock = at - midnight
        end = next((until for since, until in habits.quiet if since <= clock < until), None)
        if end is None:
            break
        at = midnight + end
    if at.minute in habits.avoids:
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return at
