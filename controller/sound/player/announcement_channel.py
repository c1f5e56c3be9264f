"""The player's announcements: parts back to back on one channel, over ducked music."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from controller.sound.player import fades
from controller.sound.player.fades import LEAST_FADE_S, MARGIN_S, Spans
from controller.sound.player.music_channel import MusicChannel
from controller.sound.player.protocol import Duck, Part

REST_S = 0.3
"""Music stays ducked this long after the last part: another announcement may follow."""
WAIT_S = 45.0
"""An announcement that waits for further parts ends after this: twice the time of the longest clause
on a machine that needs 4 s to render a second of speech. The announcer ends it earlier when the voice fails."""
DRAIN_S = 0.06
"""A part counts as heard when the device lived this long past its end:

this much may still be in its buffers.
"""
WATCH_S = 0.01


class Channel(Protocol):
    """The device's one channel for announcements."""

    latency_s: float

    def open(self, path: Path, gain_db: float, floor: float = 0.0) -> Any:
        """Decode a file; raises ValueError when it cannot be read. `floor` (0..1): its lowest volume."""

    def say(self, sound: Any) -> None:
        """Play from the next buffer on."""

    def say_next(self, sound: Any) -> None:
        """Queue a sound to follow the present one without a gap."""

    def fade_out(self, fade_s: float) -> None:
        """Silence after a short fade, and clear the queue."""


class AnnouncementChannel:
    """One announcement at a time.

    Never blocks: `tick` does what is due and returns the moment of the next call.
    """

    def __init__(self, channel: Channel, music: MusicChannel, notify: Callable[..., None]) -> None:
        self._channel, self._music, self._notify = channel, music, notify
        self._silences: Spans = ()
        self._id: int | None = None
        self._open = False
        self._sounds: list[Any] = []  # the readable ones of this announcement, in order
        self._numbers: list[int] = []  # the part number of each
        self._given = 0  # parts received
        self._began = self._ended = self._sent = 0  # counts of sounds
        self._faulty = False
        self._floor = 0.0  # above 0: an emergency, which quiet time does not stop
        self._until = self._rest_until = self._idle_since = math.inf

    @property
    def sounding(self) -> bool:
        """Return whether an announcement is under way."""
        return self._id is not None

    # -- commands ----------------------------------------------------------------------------------

    def quiet(self, silences: Spans) -> None:
        """Sound in none of these spans."""
        self._silences = silences

    def announce(
        self, id: int, parts: Sequence[Part], *, open: bool, duck: Duck, until: float | None, now: float,
        floor: float = 0.0,
    ) -> None:  # fmt: skip
        """Start at once; with `open` more parts will be appended. `floor` above 0: an emergency at that volume."""
        refusal = self._refusal(until, now, urgent=floor > 0)
        if refusal:
            self._notify("done", id=id, ok=False, why=refusal)
            return
        self._id, self._open, self._faulty, self._floor = id, open, False, floor
        self._sounds, self._numbers, self._given = [], [], 0
        self._began = self._ended = self._sent = 0
        self._until, self._idle_since = math.inf if until is None else until, now
        self._rest_until = math.inf
        for part in parts:
            self._add(part, now)
        self._music.duck(duck, now)

    def append(self, id: int, part: Part, now: float) -> None:
        """Append a part; ignored when the announcement is over."""
        if id == self._id:
            self._add(part, now)

    def finish(self, id: int) -> None:
        """Expect no more parts."""
        if id == self._id:
            self._open = False

    def stop(self, id: int | None, fade_s: float, now: float) -> None:
        """End this announcement, or with None the present one."""
        if self._id is not None and id in (None, self._id):
            self._cut("stopped", fade_s, now)

    # -- events ------------------------------------------------------------------------------------

    def part_ended(self, now: float) -> None:
        """Note that the channel has finished a part."""
        if self._id is None or self._ended >= self._sent:
            return
        number = self._numbers[self._ended]
        self._notify("part_ended", id=self._id, n=number, at=now + self._channel.latency_s)
        self._sounds[self._ended] = None
        self._ended += 1
        self._idle_since = now
        if self._began < self._sent:
            self._notify_began(now)
        self._send(now)

    def tick(self, now: float) -> float:
        """Do what is due; return the moment of the next call."""
        if self._id is not None:
            limit, why = self._limit(now)
            if now >= limit - LEAST_FADE_S:
                self._cut(why, LEAST_FADE_S, now)
            elif self._ended == len(self._sounds):
                self._wait(now)
        if now >= self._rest_until:
            self._rest_until = math.inf
            self._music.restore(now)
        return self._rest_until if self._id is None else now + WATCH_S

    def _refusal(self, until: float | None, now: float, *, urgent: bool) -> str | None:
        if self._id is not None:
            return "busy"
        if not urgent and fades.silent_until(self._silences, now) is not None:
            return "quiet"
        return "until" if until is not None and until <= now + LEAST_FADE_S else None

    def _add(self, part: Part, now: float) -> None:
        number, self._given = self._given, self._given + 1
        try:
            self._sounds.append(self._channel.open(part.path, part.gain_db, self._floor))
            self._numbers.append(number)
        except ValueError as error:  # the other parts are played all the same
            self._faulty = True
            self._notify("part_failed", id=self._id, n=number, path=part.path, why=str(error))
        self._send(now)

    def _send(self, now: float) -> None:
        """Play the next part when nothing sounds, or queue it behind the present one."""
        if self._sent == self._ended and self._sent < len(self._sounds):
            self._channel.say(self._sounds[self._sent])
            self._sent += 1
            self._notify_began(now)
        if self._sent == self._ended + 1 and self._sent < len(self._sounds):
            self._channel.say_next(self._sounds[self._sent])
            self._sent += 1

    def _notify_began(self, now: float) -> None:
        number = self._numbers[self._began]
        self._notify("part_started", id=self._id, n=number, at=now + self._channel.latency_s)
        self._began += 1

    def _limit(self, now: float) -> tuple[float, str]:
        if self._floor > 0:
            return math.inf, "quiet"
        silence = min((start - MARGIN_S for start, until in self._silences if until > now), default=math.inf)
        return (silence, "quiet") if silence <= self._until else (self._until, "until")

    def _wait(self, now: float) -> None:
        """End, or wait for more, when every part so far has been played."""
        idle = now - self._idle_since
        if self._open:
            if idle > WAIT_S:
                self._cut("waited", 0.0, now)
        elif idle >= DRAIN_S:
            self._over(None if not self._faulty else "file", self._idle_since + REST_S)

    def _cut(self, why: str, fade_s: float, now: float) -> None:
        self._channel.fade_out(fade_s)
        self._over(why, now)

    def _over(self, why: str | None, rest_until: float) -> None:
        self._notify("done", id=self._id, ok=why is None, why=why)
        self._id, self._sounds = None, []
        self._rest_until = rest_until
