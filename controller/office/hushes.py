"""When a hush ends early, or later than was said, what it had put off follows; each with the reason as it is now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from controller.book.broadcasts import HUSHED, on_the_hour
from controller.book.model import TARGET, Announcement
from controller.office import etiquette
from controller.office.room import Room
from controller.office.talk import AMONG_OTHERS

_SAME = timedelta(milliseconds=5)
"""The book keeps whole milliseconds."""


def rearrange(
    room: Room, was: datetime, until: datetime | None, next_roundup: Callable[[datetime], datetime | None]
) -> None:
    """What waits for `was`, the end that a hush had, waits for the present end, or not at all any more.

    `until`: when the hush ends now, None when it is over. Orders among others go back to their full hour.
    """
    now = room.clock.now()
    with room.store.write() as book:
        for found in book.outbox.waiting():
            if found.due is None or abs(found.due - was) > _SAME:
                continue
            own = _own_moment(found, next_roundup)
            if own is None or own >= was - _SAME:
                continue
            due = max(own, until or now, room.state(now).quiet_until or now)
            if abs(due - found.due) > _SAME:
                book.outbox.put_off(found.id, due, _why(room, found, due, until, now))


def _own_moment(found: Announcement, next_roundup: Callable[[datetime], datetime | None]) -> datetime | None:
    """When it would have been said without a hush; None when it does not wait for one."""
    if found.kind in AMONG_OTHERS or (found.kind == TARGET and found.priority == etiquette.AFTER_ROUNDUP):
        return next_roundup(found.created)
    return found.created if found.why.startswith(HUSHED) or found.kind == TARGET else None


def _why(room: Room, found: Announcement, due: datetime, until: datetime | None, now: datetime) -> str:
    state = room.state(now)
    if due <= now:
        return "静音提前结束，现在播报。"
    together = " 一起播报" if found.kind in AMONG_OTHERS else " 播报"
    if until is not None and due == until:
        return f"{HUSHED}，{due:%H:%M}{together}。"
    if found.kind in AMONG_OTHERS:
        return on_the_hour(due, now)
    return f"{state.entry.name if state.entry else '安静'}时间，{due:%H:%M} 播报。"
