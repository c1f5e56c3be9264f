"""Which music should play at a moment, from which second of which track. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.sound.player.fades import locate
from controller.timetable.model import DayPlan, Music, State

Piece = tuple[str, float]
"""A track's file name and its seconds."""
BEGUN_S = 1.0
"""A track that sounded for less has not had its turn."""
_ALIKE_S = 0.5
"""Header and measurement differ by less: that is not worth moving anything."""
_JUST_BEHIND_S = 0.001
"""Behind a track's end, so that no rounding finds it in the track before."""


@dataclass(frozen=True, slots=True)
class PlaylistPosition:
    """From `since` to `until` the pieces sound one after the other, round and round, from `start_s` on."""

    playlist: str
    since: datetime
    until: datetime
    start_s: float
    pieces: tuple[Piece, ...]

    def place(self, now: datetime) -> tuple[int, float]:
        """Which piece sounds at `now`, and how many seconds into it."""
        gone = max(0.0, (now - self.since).total_seconds())
        return locate([seconds for _, seconds in self.pieces], self.start_s + gone)

    def skipped(self, now: datetime) -> PlaylistPosition:
        """The same from the next piece's beginning on."""
        index, offset = self.place(now)
        return replace(self, start_s=self.start_s + self.pieces[index][1] - offset + _JUST_BEHIND_S)

    def to_json(self) -> dict[str, object]:
        """For the store."""
        return {
            "playlist": self.playlist, "since": self.since.isoformat(), "until": self.until.isoformat(),
            "start_s": self.start_s, "pieces": [list(piece) for piece in self.pieces],
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: object) -> PlaylistPosition | None:
        """Back from the store; None when nothing usable is there."""
        if not isinstance(value, dict) or not value.get("pieces"):
            return None
        since, until = (datetime.fromisoformat(str(value[name])) for name in ("since", "until"))
        pieces = tuple((str(name), float(seconds)) for name, seconds in value["pieces"])
        return cls(str(value["playlist"]), since, until, float(value["start_s"]), pieces)


def turn(
    kept: PlaylistPosition | None,
    wanted: DesiredMusic,
    files: Sequence[Piece],
    now: datetime,
    sounding: str | None = None,
) -> PlaylistPosition | None:
    """What sounds for `wanted`; None when there is nothing to play.

    `kept`: the playlist's last turn; `files`: what there is now, in the day's order; `sounding`: the file that is
    playing, which plays to its end even when it was deleted.
    """
    if kept is None or kept.since > wanted.since or kept.since.date() != wanted.since.date():
        began = PlaylistPosition(wanted.playlist, wanted.since, wanted.until, 0.0, tuple(files))
        return began if files else None
    if kept.since < wanted.since:
        kept = replace(kept, since=wanted.since, start_s=_reached(kept, wanted.since))
    kept = _as_long_as(dict(files), kept, now)
    return _with(files, replace(kept, until=wanted.until), now, sounding)


def _reached(last: PlaylistPosition, again: datetime) -> float:
    """Where the next turn of the day begins: with the first piece that has not had its turn."""
    end = min(last.until, again)
    if end <= last.since:
        return last.start_s
    index, offset = last.place(end)
    heard = last.pieces[: index + 1 if offset >= BEGUN_S else index]
    whole = sum(seconds for _, seconds in last.pieces)
    reached = sum(seconds for _, seconds in heard) + _JUST_BEHIND_S
    return reached % whole if whole > 0 else 0.0


def _as_long_as(lengths: Mapping[str, float], turn: PlaylistPosition, now: datetime) -> PlaylistPosition:
    """The same at the same place, with each piece as long as it is known to be now: a header may have been wrong."""
    pieces = tuple(
        (name, new if abs((new := lengths.get(name, seconds)) - seconds) > _ALIKE_S else seconds)
        for name, seconds in turn.pieces
    )
    if pieces == turn.pieces:
        return turn
    index, offset = turn.place(now)
    gone = max(0.0, (now - turn.since).total_seconds())
    before = sum(seconds for _, seconds in pieces[:index])
    return replace(turn, pieces=pieces, start_s=before + min(offset, pieces[index][1]) - gone)


def _with(
    files: Sequence[Piece], turn: PlaylistPosition, now: datetime, sounding: str | None
) -> PlaylistPosition | None:
    """The same with what came right behind the present piece, and without what is gone."""
    there, listed = {name for name, _ in files}, {name for name, _ in turn.pieces}
    if there == listed:
        return turn
    index, offset = turn.place(now)
    present, begun = turn.pieces[index], now > turn.since
    before = [piece for piece in turn.pieces[:index] if piece[0] in there]
    behind = [piece for piece in turn.pieces[index + 1 :] if piece[0] in there]
    came = [piece for piece in files if piece[0] not in listed]
    stays = present[0] in there or (begun and present[0] == sounding)
    if stays:
        pieces = [*before, present, *came, *behind] if begun else [*before, *came, present, *behind]
    else:
        pieces, offset = [*before, *came, *behind], 0.0
    if not pieces:
        return None
    gone = max(0.0, (now - turn.since).total_seconds())
    return replace(turn, pieces=tuple(pieces), start_s=sum(s for _, s in before) + offset - gone)


# --- Which music

LONGEST_BY_HAND = timedelta(hours=1)
"""Music that a person started ends by itself: nobody wants to find it still playing tomorrow."""


@dataclass(frozen=True, slots=True)
class ManualOverride:
    """What a person asked for: `playlist` None means no music. It holds from `since` up to `until`."""

    playlist: str | None
    since: datetime
    until: datetime

    def to_json(self) -> dict[str, object]:
        """For the store."""
        return {"playlist": self.playlist, "since": self.since.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, value: object) -> ManualOverride | None:
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
class DesiredMusic:
    """The music that should sound: playlist, volume 0..100, and its span."""

    playlist: str
    volume: int
    since: datetime
    until: datetime


def wanted(
    state: State, by_hand: ManualOverride | None, hushed_until: datetime | None, now: datetime
) -> DesiredMusic | None:
    """What should sound at `now`. Quiet beats a hush beats a person beats the timetable."""
    if state.quiet or (hushed_until is not None and now < hushed_until):
        return None
    if by_hand is not None and by_hand.since <= now < by_hand.until:
        return _by_hand(by_hand, state)
    if state.music is None:
        return None
    return _from(state.music)


def _from(music: Music) -> DesiredMusic:
    return DesiredMusic(music.playlist, music.volume, music.since, music.until)


def _by_hand(asked: ManualOverride, state: State) -> DesiredMusic | None:
    if asked.playlist is None:
        return None
    volume = state.entry.volume if state.entry else 40
    return DesiredMusic(asked.playlist, volume, asked.since, asked.until)


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


def upcoming(plan: DayPlan, now: datetime, within: timedelta) -> DesiredMusic | None:
    """Music of the timetable that begins within the next moments: it is ordered ahead so that it starts on time."""
    for entry in plan.entries:
        if now < entry.at <= now + within and entry.music is not None and not entry.quiet:
            return DesiredMusic(entry.music, entry.volume, entry.at, entry.until)
    return None
