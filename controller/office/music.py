"""Which music: what the timetable wants, what a person asked for instead, and for how long.

What a person asked for is kept in the store, so the answer stays a function of timetable, store and moment: a
restart finds the same music; which track, and where in it: `turns`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.rhythm.model import DayPlan, Music, State

LONGEST_BY_HAND = timedelta(hours=1)
"""Music that a person started ends by itself: nobody wants to find it still playing tomorrow."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person asked for: `playlist` None means no music. It holds from `since` up to `until`."""

    playlist: str | None
    since: datetime
    until: datetime

    def to_json(self) -> dict[str, object]:
        """For the store."""
        return {"playlist": self.playlist, "since": self.since.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, value: object) -> ByHand | None:
        """Back from the store; None when nothing usable is there."""
        if not isinstance(value, dict) or "since" not in value or "until" not in value:
            return None
        playlist = value.get("playlist")
        since, until = (
            datetime.fromisoformat(str(value["since"])),
            datetime.fromisoformat(str(value["until"])),
        )
        return cls(str(playlist) if playlist is not None else None, since, until)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The music that should sound: playlist, volume 0..100, and its span."""

    playlist: str
    volume: int
    since: datetime
    until: datetime


def wanted(
    state: State, by_hand: ByHand | None, hushed_until: datetime | None, now: datetime
) -> Wanted | None:
    """What should sound at `now`. Quiet beats a hush beats a person beats the timetable."""
    if state.quiet or (hushed_until is not None and now < hushed_until):
        return None
    if by_hand is not None and by_hand.since <= now < by_hand.until:
        return _by_hand(by_hand, state)
    if state.music is None:
        return None
    return _from(state.music)


def _from(music: Music) -> Wanted:
    return Wanted(music.playlist, music.volume, music.since, music.until)


def _by_hand(asked: ByHand, state: State) -> Wanted | None:
    if asked.playlist is None:
        return None
    volume = state.entry.volume if state.entry else 40
    return Wanted(asked.playlist, volume, asked.since, asked.until)


def until_when(state: State, plan: DayPlan, now: datetime, *, playing: bool) -> datetime:
    """How long a person's wish holds: a stop to the end of the music's span, a start for an hour at most.

    Both end where the timetable brings music of its own, or quiet.
    """
    latest = now + LONGEST_BY_HAND
    if not playing and state.music is not None:
        latest = state.music.until
    nexts = [
        entry.at for entry in plan.entries if entry.at > now and (entry.music is not None or entry.quiet)
    ]
    return min([latest, *nexts])


def upcoming(plan: DayPlan, now: datetime, within: timedelta) -> Wanted | None:
    """Music of the timetable that begins within the next moments: it is ordered ahead so that it starts on time."""
    for entry in plan.entries:
        if now < entry.at <= now + within and entry.music is not None and not entry.quiet:
            return Wanted(entry.music, entry.volume, entry.at, entry.until)
    return None
