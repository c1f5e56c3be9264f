"""A person's mute: kept as one span, so that what waited in it knows when it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

JOINED = timedelta(minutes=2)
"""A mute that begins so soon after the last one continues it: what waited in that has not become stale."""


@dataclass(frozen=True, slots=True)
class Mute:
    """From `since` to `until`, both in the office's zone. `early`: somebody ended it before its time."""

    since: datetime
    until: datetime
    early: bool = False

    def to_json(self) -> dict[str, object]:
        """As it is kept."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "early": self.early}

    def ended(self, now: datetime) -> Mute:
        """The mute as somebody ends it at `now`."""
        return Mute(self.since, min(self.until, now), self.until > now)


def mute_of(kept: object, now: datetime) -> Mute | None:
    """The last mute as it was kept, also when it is over; None when there was none."""
    if not isinstance(kept, dict):
        return None
    since, until = (
        datetime.fromisoformat(str(kept[name])).astimezone(now.tzinfo) for name in ("since", "until")
    )
    return Mute(since, until, bool(kept.get("early", False)))


def muted(last: Mute | None, over: datetime, until: datetime, now: datetime) -> Mute:
    """A mute from `now` on, which continues the last one when that is on or has just ended.

    `over`: when the last one ended and whatever quiet time came behind it.
    """
    since = now
    if last is not None and last.since <= now < over + JOINED:
        since = last.since
    return Mute(since, until)
