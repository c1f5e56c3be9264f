"""The tracks on the player's one music stream:

one sounds, the next is queued behind it, unplayable ones are skipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from controller.sound.player.protocol import Track

ENQUEUE_S = 1.0
"""The next track is opened this long after the start; not at once, because it would delay the start."""
NEAR_S = 0.5
"""Two places in a track closer than this count as the same: jumping between them would only be heard as a fault."""
WATCH_S = 0.01
"""Polling interval near the end of a track: the next one has another level."""


class Stream(Protocol):
    """The device's one music stream.

    `load`, `play` and `enqueue` raise ValueError for unreadable files.
    """

    latency_s: float

    def load(self, path: Path) -> None:
        """Open a file."""

    def play(self, offset_s: float, *, held: bool) -> float:
        """Start it at an offset, or near it, and return where; held: opened, but silent until released."""

    def release(self) -> None:
        """Let a held track sound."""

    def enqueue(self, path: Path) -> None:
        """Queue this file to follow the present one without a gap."""

    def halt(self) -> None:
        """Stop at once and clear the queue."""

    def sounding(self) -> bool:
        """Return whether it plays."""

    def volume(self, steps: int) -> None:
        """Set the volume, 0..128, from the next buffer on."""


class TrackQueue:
    """Reports `track` when one starts and `track_failed` once for each that cannot be played."""

    def __init__(self, stream: Stream, notify: Callable[..., None]) -> None:
        self._stream, self._notify = stream, notify
        self.tracks: Sequence[Track] = ()
        self._bad: set[Path] = set()
        self._index = 0
        self._queued: int | None = None
        self._level_db: float | None = None  # the present track's, when the command has changed it since
        self._began = -math.inf
        self.ends = self._enqueue_at = math.inf
        self._early_s = 0.0  # the present track was entered this much before the wanted place

    def set_tracks(self, tracks: Sequence[Track]) -> None:
        """Use these tracks and try failed ones again."""
        self.tracks, self._bad, self._level_db = tracks, set(), None

    def replace_tracks(self, tracks: Sequence[Track], now: float) -> None:
        """Replace the tracks before and behind the present one, which continues.

        It keeps its level until it is played again, unless that level was a guess.
        """
        present = self.tracks[self._index]
        self._index = next(n for n, track in enumerate(tracks) if track.path == present.path)
        self.tracks = tracks
        self._level_db = present.gain_db if self._level_db is None else self._level_db
        if present.guessed and not tracks[self._index].guessed:
            self._level_db = None
        self.ends += tracks[self._index].duration_s - present.duration_s
        self._queued, self._enqueue_at = None, max(now, self._began + ENQUEUE_S)

    def plays(self, path: Path, offset_s: float, now: float) -> bool:
        """Return whether this file sounds, at about this place, as nearly as it could be entered."""
        if not self.tracks:
            return False
        present = self.tracks[self._index]
        position = present.duration_s - (self.ends - now) + self._early_s
        return present.path == path and abs(position - offset_s) < NEAR_S

    def place(self, now: float) -> tuple[Path, float] | None:
        """Return the present file, and the seconds from its start; None near its beginning and its end."""
        track = self.tracks[self._index]
        position = track.duration_s - (self.ends - now)
        return (track.path, position) if now - self._began > 1.0 and self.ends - now > 1.0 else None

    @property
    def playable(self) -> bool:
        """Return whether any track may be playable."""
        return any(track.path not in self._bad for track in self.tracks)

    @property
    def gain_db(self) -> float:
        """The present track's gain."""
        if self._level_db is not None:
            return self._level_db
        return self.tracks[self._index].gain_db if self.tracks else 0.0

    def open_track(self, index: int, offset_s: float, begins: float, *, held: bool) -> bool:
        """Open track `index`, or the first readable one after it; return False when there is none."""
        for ahead in range(len(self.tracks)):
            place = (index + ahead) % len(self.tracks)
            track, offset = self.tracks[place], 0.0 if ahead else offset_s
            if track.path in self._bad:
                continue
            try:
                self._stream.load(track.path)
                entered = self._stream.play(offset, held=held)
            except ValueError as error:
                self.fail(track, str(error))
                continue
            self._index, self._queued, self._level_db = place, None, None
            self.ends, self._early_s = begins + track.duration_s - entered, offset - entered
            return True
        return False

    def started(self, now: float) -> None:
        """Note that the opened track now sounds."""
        self._began = now
        self._enqueue_at = min(now + ENQUEUE_S, max(now, self.ends - 2 * ENQUEUE_S))
        self._notify("track", path=self.tracks[self._index].path, at=now + self._stream.latency_s)

    def ended(self, now: float) -> bool:
        """Continue with the next track when the present one ends:

        it is queued already, or is opened. Return False when nothing is playable.
        """
        over = self.tracks[self._index]
        if now - self._began < 0.25 and over.duration_s > 1:
            self.fail(over, "it ended at once")
        queued = self._queued
        if queued is not None and self._stream.sounding():
            self._index, self._queued, self._level_db = queued, None, None
            self.ends, self._early_s = now + self.tracks[queued].duration_s, 0.0
        elif not self.open_track(self._index + 1, 0.0, now, held=False):
            return False
        self.started(now)
        return True

    def skip(self, now: float) -> float:
        """Go to the next track; return how many seconds of the present one were skipped."""
        left = max(0.0, self.ends - now)
        self._stream.halt()
        if self.open_track(self._index + 1, 0.0, now, held=False):
            self.started(now)
        return left

    def reopen(self, now: float) -> bool:
        """Open the present track again where it should be; return False when nothing is playable any more."""
        index, level_db = self._index, self._level_db
        position = self.tracks[index].duration_s - (self.ends - now)
        self._stream.halt()
        if not self.open_track(index, position, now, held=False):
            return False
        if self._index == index:
            self._level_db, self._enqueue_at = level_db, now + ENQUEUE_S
        else:
            self.started(now)
        return True

    def off(self) -> None:
        """Stop at once."""
        self._stream.halt()
        self._queued = None
        self.ends = self._enqueue_at = math.inf

    def tick(self, now: float) -> None:
        """Queue the next track when it is due."""
        if now < self._enqueue_at:
            return
        self._enqueue_at = math.inf
        for ahead in range(1, len(self.tracks) + 1):
            place = (self._index + ahead) % len(self.tracks)
            track = self.tracks[place]
            if track.path in self._bad:
                continue
            try:
                self._stream.enqueue(track.path)
            except ValueError as error:
                self.fail(track, str(error))
                continue
            self._queued = place
            return

    def wake(self, now: float) -> float:
        """Return the moment of the next call: frequent near the end of a track, for the change of level."""
        near = now + WATCH_S if abs(self.ends - now) < 0.1 else self.ends - 0.1
        return min(self._enqueue_at, near if near > now else math.inf)

    def fail(self, track: Track, why: str) -> None:
        """Mark this track as unplayable."""
        if track.path not in self._bad:
            self._bad.add(track.path)
            self._notify("track_failed", path=track.path, why=why)
