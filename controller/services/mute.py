"""A person's mute, stored as one span, so that postponed announcements know when it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

JOINED = timedelta(minutes=2)
"""A mute that starts within this time after the last one continues it: announcements postponed by the last are not
stale."""


@dataclass(frozen=True, slots=True)
class Mute:
    """A mute from `since` to `until`, both in the office's zone. `early`: a person ended it before its time."""

    since: datetime
    until: datetime
    early: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "early": self.early}

    def ended(self, now: datetime) -> Mute:
        """Return the mute as ended by a person at `now`."""
        return Mute(self.since, min(self.until, now), self.until > now)


def mute_of(kept: object, now: datetime) -> Mute | None:
    """Return the last mute from its stored form, also when it is over; None when there was none."""
    if not isinstance(kept, dict):
        return None
    since, until = (
        datetime.fromisoformat(str(kept[name])).astimezone(now.tzinfo) for name in ("since", "until")
    )
    return Mute(since, until, bool(kept.get("early", False)))


def muted(last: Mute | None, over: datetime, until: datetime, now: datetime) -> Mute:
    """Return a mute from `now` on, which continues the last one if that is in force or has just ended.

    `over`: the end of the last one, including a quiet time that followed directly.
    """
    since = now
    if last is not None and last.since <= now < over + JOINED:
        since = last.since
    return Mute(since, until)
