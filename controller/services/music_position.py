"""The present place in each playlist: the music command from it, skipping, and its storing over restarts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from controller.sales.model import StoreTrouble
from controller.services import music_order
from controller.services.context import Context
from controller.services.music_order import DesiredMusic, PlaylistPosition
from controller.sound.library import UNMEASURED_DB, Library
from controller.sound.speaker import MusicOrder, Track
from controller.system.files import readable

log = logging.getLogger(__name__)

BEGINNING_S = 5.0
"""A track that has played for longer keeps its file and length to its end."""


class MusicPosition:
    """Called under the lock of `MusicService`. `playing`: the present file, as reported by the speaker."""

    def __init__(self, context: Context, library: Library):
        self._context, self._library = context, library
        self._turns: dict[str, PlaylistPosition] = {}
        self.present: tuple[PlaylistPosition, tuple[Track, ...]] | None = None
        self.playing: Path | None = None
        self._given: dict[Path, Track] = {}

    def started(self, file: Path) -> None:
        """Note that the speaker plays this file now."""
        self.playing = file

    def stopped(self) -> None:
        """Note that the speaker plays no music any more."""
        self.playing = None

    @property
    def sounding(self) -> Track | None:
        """The track that plays, as given to the speaker; None when nothing plays."""
        if self.playing is None:
            return None
        return self._given.get(self.playing) or Track(self.playing, name=readable(self.playing.name))

    def order(self, wanted: DesiredMusic, now: datetime) -> MusicOrder | None:
        """Return the music command for `wanted` and set `present`; None when there is nothing to play."""
        by_name = self._tracks(wanted, now)
        turn = self._turn(wanted, tuple(by_name.values()), now)
        if turn is None:
            self.present = None
            return None
        tracks = tuple(self._track(name, by_name.get(name), seconds) for name, seconds in turn.pieces)
        self.present = turn, tracks
        sounding = self.sounding
        self._given = {track.path: track for track in (*((sounding,) if sounding else ()), *tracks)}
        sound = self._context.rhythm.sound
        return MusicOrder(
            tracks=tracks,
            start_at=self._context.clock.to_monotonic(wanted.since),
            position_s=turn.start_s,
            until=self._context.clock.to_monotonic(wanted.until),
            volume=wanted.volume,
            fade_in_ms=round(1000 * sound.fade_in_s),
            fade_out_ms=round(1000 * sound.fade_out_s),
        )

    def skip(self, wanted: DesiredMusic, now: datetime) -> bool:
        """Skip to the next track, from the next music command on; return False when there is nothing to play."""
        turn = self._turn(wanted, tuple(self._tracks(wanted, now).values()), now)
        if turn is not None:
            self._remember(turn.skipped(now))
        return turn is not None

    def keep(self) -> None:
        """Store the position; called after the music command is sent, because the disk may be slow."""
        if self.present is not None:
            self._remember(self.present[0])

    def left(self, now: datetime) -> None:
        """Store that the present playlist ended now, because other music or none is wanted."""
        if self.present is not None:
            turn, self.present = self.present[0], None
            if turn.since <= now < turn.until:
                self._remember(replace(turn, until=now))

    def _tracks(self, wanted: DesiredMusic, now: datetime) -> dict[str, Track]:
        """Return the playlist's tracks by name. The present track keeps its file and length to its end, although
        its length or its playable version may be known more exactly meanwhile."""
        by_name = {track.name: track for track in self._library.tracks(wanted.playlist, wanted.since.date())}
        old = self.sounding
        new = by_name.get(old.name) if old is not None else None
        if old is not None and new is not None and self._under_way(wanted.playlist, old.name, now):
            by_name[old.name] = replace(new, duration_s=old.duration_s) if new.path == old.path else old
        return by_name

    def _under_way(self, playlist: str, name: str, now: datetime) -> bool:
        turn = self._turns.get(playlist)
        if turn is None:
            return False
        index, offset = turn.place(now)
        return turn.pieces[index][0] == name and offset > BEGINNING_S

    def _turn(self, wanted: DesiredMusic, tracks: Sequence[Track], now: datetime) -> PlaylistPosition | None:
        name = wanted.playlist
        kept = self._turns.get(name) or PlaylistPosition.from_json(self._context.preferences.get(_key(name)))
        files = [(track.name, track.duration_s) for track in tracks]
        sounding = self.sounding
        return music_order.turn(kept, wanted, files, now, sounding.name if sounding else None)

    def _track(self, name: str, track: Track | None, seconds: float) -> Track:
        """Return the track of a piece; for one deleted while it plays, the file that the player has open."""
        if track is None:
            return Track(self.playing or Path(), UNMEASURED_DB, seconds, name)
        return replace(track, duration_s=seconds)

    def _remember(self, turn: PlaylistPosition) -> None:
        """Store the position; a full disk must not stop the music."""
        if self._turns.get(turn.playlist) == turn:
            return
        self._turns[turn.playlist] = turn
        try:
            self._context.preferences.set(_key(turn.playlist), turn.to_json(), quiet=True)
        except StoreTrouble as trouble:
            log.warning("cannot store the position in playlist %s: %s", turn.playlist, trouble.sentence)


def _key(playlist: str) -> str:
    return f"music_turn:{playlist}"
