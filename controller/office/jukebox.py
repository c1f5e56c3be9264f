"""The jukebox: which tracks a piece of music is made of, as orders for the speaker; how far each playlist has come."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from controller.book.model import StoreTrouble
from controller.machine.filenames import readable
from controller.office import turns
from controller.office.music import Wanted
from controller.office.room import Room
from controller.office.turns import Turn
from controller.sound.library import UNMEASURED_DB, Library
from controller.sound.speaker import MusicOrder, Track

log = logging.getLogger(__name__)

BEGINNING_S = 5.0
"""A track that sounds for longer is well under way."""


class Jukebox:
    """Called under the sound desk's lock. `playing`: the file that sounds, as the speaker tells."""

    def __init__(self, room: Room, library: Library):
        self._room, self._library = room, library
        self._turns: dict[str, Turn] = {}
        self.present: tuple[Turn, tuple[Track, ...]] | None = None
        self.playing: Path | None = None
        self._given: dict[Path, Track] = {}

    @property
    def sounding(self) -> Track | None:
        """The track that plays, as it was ordered; None when nothing does."""
        if self.playing is None:
            return None
        return self._given.get(self.playing) or Track(self.playing, name=readable(self.playing.name))

    def order(self, wanted: Wanted, now: datetime) -> MusicOrder | None:
        """What the speaker gets for `wanted`, also told by `present`; None when there is nothing to play."""
        found = self._tracks(wanted, now)
        turn = self._turn(wanted, tuple(found.values()), now)
        if turn is None:
            self.present = None
            return None
        tracks = tuple(self._track(name, found.get(name), seconds) for name, seconds in turn.pieces)
        self.present = turn, tracks
        sounding = self.sounding
        self._given = {track.path: track for track in (*((sounding,) if sounding else ()), *tracks)}
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
        turn = self._turn(wanted, tuple(self._tracks(wanted, now).values()), now)
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

    def _tracks(self, wanted: Wanted, now: datetime) -> dict[str, Track]:
        """The playlist's tracks by name. One that is well under way stays the same file of the same length to its
        end: its length, or what is played in its place, may have become known better meanwhile."""
        found = {track.name: track for track in self._library.tracks(wanted.playlist, wanted.since.date())}
        old = self.sounding
        new = found.get(old.name) if old is not None else None
        if old is not None and new is not None and self._under_way(wanted.playlist, old.name, now):
            found[old.name] = replace(new, duration_s=old.duration_s) if new.path == old.path else old
        return found

    def _under_way(self, playlist: str, name: str, now: datetime) -> bool:
        turn = self._turns.get(playlist)
        if turn is None:
            return False
        index, offset = turn.place(now)
        return turn.pieces[index][0] == name and offset > BEGINNING_S

    def _turn(self, wanted: Wanted, tracks: Sequence[Track], now: datetime) -> Turn | None:
        name = wanted.playlist
        kept = self._turns.get(name) or Turn.from_json(self._room.kept.get(_key(name)))
        files = [(track.name, track.duration_s) for track in tracks]
        sounding = self.sounding
        return turns.turn(kept, wanted, files, now, sounding.name if sounding else None)

    def _track(self, name: str, found: Track | None, seconds: float) -> Track:
        """The file of a piece; one that was deleted while it plays, as the player has it open."""
        if found is None:
            return Track(self.playing or Path(), UNMEASURED_DB, seconds, name)
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
