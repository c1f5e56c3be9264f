"""Compute the music of a moment: playlist, track and second in the track. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.sound.player.fades import locate
from controller.timetable.model import DayPlan, Music, State
from controller.timetable.plan import music_of

Piece = tuple[str, float]
"""A track's file name and its seconds."""
BEGUN_S = 1.0
"""A track that played for less counts as not played."""
_ALIKE_S = 0.5
"""Header and measurement differ by less: too little to change positions."""
_JUST_BEHIND_S = 0.001
"""Added to a track's end, so that rounding does not place it in the track before."""


@dataclass(frozen=True, slots=True)
class PlaylistPosition:
    """From `since` to `until` the pieces play one after the other, in a loop, from `start_s` on."""

    playlist: str
    since: datetime
    until: datetime
    start_s: float
    pieces: tuple[Piece, ...]

    def place(self, now: datetime) -> tuple[int, float]:
        """Return the index of the piece at `now`, and the seconds into it."""
        gone = max(0.0, (now - self.since).total_seconds())
        return locate([seconds for _, seconds in self.pieces], self.start_s + gone)

    def skipped(self, now: datetime) -> PlaylistPosition:
        """Return the position moved to the start of the next piece."""
        index, offset = self.place(now)
        return replace(self, start_s=self.start_s + self.pieces[index][1] - offset + _JUST_BEHIND_S)

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {
            "playlist": self.playlist, "since": self.since.isoformat(), "until": self.until.isoformat(),
            "start_s": self.start_s, "pieces": [list(piece) for piece in self.pieces],
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: object) -> PlaylistPosition | None:
        """Return the value of a stored form; None when it is unusable."""
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
    """Return the position for `wanted`; None when there is nothing to play.

    `kept`: the playlist's last position; `files`: its present files, sorted for the day; `sounding`: the file that is
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
    """Return the start of the playlist's next span of the day: the first piece that has not been played."""
    end = min(last.until, again)
    if end <= last.since:
        return last.start_s
    index, offset = last.place(end)
    heard = last.pieces[: index + 1 if offset >= BEGUN_S else index]
    whole = sum(seconds for _, seconds in last.pieces)
    reached = sum(seconds for _, seconds in heard) + _JUST_BEHIND_S
    return reached % whole if whole > 0 else 0.0


def _as_long_as(lengths: Mapping[str, float], turn: PlaylistPosition, now: datetime) -> PlaylistPosition:
    """Return the same position with updated lengths of pieces: a header may have been wrong."""
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
    """Return the same position with added files after the present piece, and without deleted files."""
    there, listed = {name for name, _ in files}, {name for name, _ in turn.pieces}
    if there == listed:
        return turn
    index, offset = turn.place(now)
    present, started = turn.pieces[index], now > turn.since
    before = [piece for piece in turn.pieces[:index] if piece[0] in there]
    behind = [piece for piece in turn.pieces[index + 1 :] if piece[0] in there]
    added = [piece for piece in files if piece[0] not in listed]
    stays = present[0] in there or (started and present[0] == sounding)
    if stays:
        pieces = [*before, present, *added, *behind] if started else [*before, *added, present, *behind]
    else:
        pieces, offset = [*before, *added, *behind], 0.0
    if not pieces:
        return None
    gone = max(0.0, (now - turn.since).total_seconds())
    return replace(turn, pieces=tuple(pieces), start_s=sum(s for _, s in before) + offset - gone)


# --- Desired music

LONGEST_BY_HAND = timedelta(hours=1)
"""Music started by a person ends by itself, so that it is not still playing tomorrow."""


@dataclass(frozen=True, slots=True)
class ManualOverride:
    """A person's choice, valid from `since` to `until`: a playlist, or None for no music."""

    playlist: str | None
    since: datetime
    until: datetime

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {"playlist": self.playlist, "since": self.since.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, value: object) -> ManualOverride | None:
        """Return the value of a stored form; None when it is unusable."""
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
    """The music that should play: playlist, volume 0..100, and its span."""

    playlist: str
    volume: int
    since: datetime
    until: datetime


def wanted(
    state: State, by_hand: ManualOverride | None, muted_until: datetime | None, now: datetime
) -> DesiredMusic | None:
    """Return the music of `now`. Precedence: quiet time, mute, a person's choice, the timetable."""
    if state.quiet or (muted_until is not None and now < muted_until):
        return None
    if by_hand is not None and by_hand.since <= now < by_hand.until:
        return _overriding(by_hand, state)
    if state.music is None:
        return None
    return _from(state.music)


def _from(music: Music) -> DesiredMusic:
    return DesiredMusic(music.playlist, music.volume, music.since, music.until)


def _overriding(override: ManualOverride, state: State) -> DesiredMusic | None:
    if override.playlist is None:
        return None
    volume = state.entry.volume if state.entry else 40
    return DesiredMusic(override.playlist, volume, override.since, override.until)


def until_when(state: State, plan: DayPlan, now: datetime, *, playing: bool) -> datetime:
    """Return the end of a manual override: for a stop the end of the music's span, for a start an hour at most.

    Both end when music or quiet time of the timetable starts.
    """
    latest = now + LONGEST_BY_HAND
    if not playing and state.music is not None:
        latest = state.music.until
    nexts = [entry.at for entry in plan.entries if entry.quiet] + [music.since for music in music_of(plan)]
    return min([latest, *(at for at in nexts if at > now)])


def upcoming(plan: DayPlan, now: datetime, within: timedelta) -> DesiredMusic | None:
    """Return music of the timetable that starts within `within`, to send the command ahead so that it is on time."""
    for music in music_of(plan):
        if now < music.since <= now + within:
            return _from(music)
    return None
