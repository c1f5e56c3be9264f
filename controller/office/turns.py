"""Which track when: the day's order of a playlist, and how far it has come up. Pure.

The clock gives the place in it, so a restart finds the same track at the same place. Only three things move it, and
they are kept: «next», a file that came or went, and the playlist's second time on the same day, which goes on where
the first ended. So no track comes twice in a day while others wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.office.music import Wanted
from controller.sound.device.ramps import locate

Piece = tuple[str, float]
"""A track's file name and its seconds."""
BEGUN_S = 1.0
"""A track that sounded for less has not had its turn."""
_ALIKE_S = 0.5
"""Header and measurement differ by less: that is not worth moving anything."""
_JUST_BEHIND_S = 0.001
"""Behind a track's end, so that no rounding finds it in the track before."""


@dataclass(frozen=True, slots=True)
class Turn:
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

    def skipped(self, now: datetime) -> Turn:
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
    def from_json(cls, value: object) -> Turn | None:
        """Back from the store; None when nothing usable is there."""
        if not isinstance(value, dict) or not value.get("pieces"):
            return None
        since, until = (datetime.fromisoformat(str(value[name])) for name in ("since", "until"))
        pieces = tuple((str(name), float(seconds)) for name, seconds in value["pieces"])
        return cls(str(value["playlist"]), since, until, float(value["start_s"]), pieces)


def turn(
    kept: Turn | None, wanted: Wanted, files: Sequence[Piece], now: datetime, sounding: str | None = None
) -> Turn | None:
    """What sounds for `wanted`; None when there is nothing to play.

    `kept`: the playlist's last turn; `files`: what there is now, in the day's order; `sounding`: the file that is
    playing, which plays to its end even when it was deleted.
    """
    if kept is None or kept.since > wanted.since or kept.since.date() != wanted.since.date():
        began = Turn(wanted.playlist, wanted.since, wanted.until, 0.0, tuple(files))
        return began if files else None
    if kept.since < wanted.since:
        kept = replace(kept, since=wanted.since, start_s=_reached(kept, wanted.since))
    kept = _as_long_as(dict(files), kept, now)
    return _with(files, replace(kept, until=wanted.until), now, sounding)


def _reached(last: Turn, again: datetime) -> float:
    """Where the next turn of the day begins: with the first piece that has not had its turn."""
    end = min(last.until, again)
    if end <= last.since:
        return last.start_s
    index, offset = last.place(end)
    heard = last.pieces[: index + 1 if offset >= BEGUN_S else index]
    whole = sum(seconds for _, seconds in last.pieces)
    reached = sum(seconds for _, seconds in heard) + _JUST_BEHIND_S
    return reached % whole if whole > 0 else 0.0


def _as_long_as(lengths: Mapping[str, float], turn: Turn, now: datetime) -> Turn:
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


def _with(files: Sequence[Piece], turn: Turn, now: datetime, sounding: str | None) -> Turn | None:
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
