"""The jukebox: which tracks a piece of music is made of, as orders for the speaker; how far each playlist has come."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from controller.book.model import StoreTrouble
from controller.office import turns
from controller.office.music import Wanted
from controller.office.room import Room
from controller.office.turns import Turn
from controller.sound.library import UNMEASURED_DB, Library
from controller.sound.speaker import MusicOrder, Track

log = logging.getLogger(__name__)


class Jukebox:
    """Called under the sound desk's lock. `playing`: the file that sounds, as the speaker tells."""

    def __init__(self, room: Room, library: Library):
        self._room, self._library = room, library
        self._turns: dict[str, Turn] = {}
        self.present: tuple[Turn, tuple[Track, ...]] | None = None
        self.playing: Path | None = None

    def order(self, wanted: Wanted, now: datetime) -> MusicOrder | None:
        """What the speaker gets for `wanted`, also told by `present`; None when there is nothing to play."""
        found = {track.path.name: track for track in self._tracks(wanted)}
        turn = self._turn(wanted, tuple(found.values()), now)
        if turn is None:
            self.present = None
            return None
        tracks = tuple(self._track(found.get(name), seconds) for name, seconds in turn.pieces)
        self.present = turn, tracks
        sound = self._room.rhythm.sound
        return MusicOrder(
            tracks=tracks,
            start_at=self._room.clock.to_monotonic(wanted.since),
            position_s=turn.start_s,
            until=self._room.clock.to_monotonic(wanted.until),
            volume=wanted.volume,
            fade_in_ms=round(1000 * sound.fade_in_s),
            fade_out_ms=round(1000 * sound.fade_out_s),
        )

    def skip(self, wanted: Wanted, now: datetime) -> bool:
        """From the next track on, as of the next order; False when there is nothing to play."""
        turn = self._turn(wanted, self._tracks(wanted), now)
        if turn is not None:
            self._remember(turn.skipped(now))
        return turn is not None

    def keep(self) -> None:
        """Writes down how far it has come; after the order is given, for the disk may be slow."""
        if self.present is not None:
            self._remember(self.present[0])

    def left(self, now: datetime) -> None:
        """Other music, or none, is wanted: this has had its turn up to now, also where it was to go on for longer."""
        if self.present is not None:
            turn, self.present = self.present[0], None
            if turn.since <= now < turn.until:
                self._remember(replace(turn, until=now))

    def _tracks(self, wanted: Wanted) -> tuple[Track, ...]:
        return self._library.tracks(wanted.playlist, wanted.since.date())

    def _turn(self, wanted: Wanted, tracks: Sequence[Track], now: datetime) -> Turn | None:
        name = wanted.playlist
        kept = self._turns.get(name) or Turn.from_json(self._room.kept.get(_key(name)))
        files = [(track.path.name, track.duration_s) for track in tracks]
        return turns.turn(kept, wanted, files, now, self.playing.name if self.playing else None)

    def _track(self, found: Track | None, seconds: float) -> Track:
        """The file of a piece; one that was deleted while it plays, as the player has it open."""
        if found is None:
            return Track(self.playing or Path(), UNMEASURED_DB, seconds)
        return replace(found, duration_s=seconds)

    def _remember(self, turn: Turn) -> None:
        """Keeps it; a full disk must not stop the music."""
        if self._turns.get(turn.playlist) == turn:
            return
        self._turns[turn.playlist] = turn
        try:
            self._room.kept.set(_key(turn.playlist), turn.to_json())
        except StoreTrouble as trouble:
            log.warning("how far playlist %s has come is not kept: %s", turn.playlist, trouble.sentence)


def _key(playlist: str) -> str:
    return f"music_turn:{playlist}"
