"""Fading levels and spans of sound: the player's arithmetic, without clock or device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = 128
"""SDL_mixer's number of volume steps."""
OFF_DB = -60.0
"""Silence: half a step of 128 is -48 dB."""
SOFT_DB = -24.0
"""Level at which a fade-in starts: anything softer is inaudible in an office, and would make the start seem late."""
MARGIN_S = 0.12
"""Sound ends this long before quiet time begins, because samples leave the device later: 35 ms measured
on PulseAudio and the disk driver, 85 ms expected with the longer queue of a small computer.
"""
LEAST_FADE_S = 0.08
"""Length of the shortest fade-out: what begins closer than this to the margin could only end inside it."""

Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Fade:
    """A level in dB that moves linearly from one value to another within `seconds` after `start`."""

    start: float
    seconds: float
    from_db: float
    to_db: float

    def at(self, now: float) -> float:
        """Return the level at a moment."""
        if now >= self.start + self.seconds:
            return self.to_db
        share = max(0.0, now - self.start) / self.seconds
        return self.from_db + (self.to_db - self.from_db) * share

    @property
    def end(self) -> float:
        """The moment at which the level reaches its goal."""
        return self.start + self.seconds

    def over(self, now: float) -> bool:
        """Return whether the level has reached its goal."""
        return now >= self.end


def constant(db: float) -> Fade:
    """Return a level that does not move."""
    return Fade(-math.inf, 0.0, db, db)


def steps(volume: float, db: float) -> int:
    """Return the mixer's volume, 0..128, for `volume` (0..1) changed by `db`.

    A low volume is not rounded to zero.
    """
    amplitude = 0.0 if db <= OFF_DB else volume * 10 ** (db / 20)
    exact = amplitude * STEPS
    return min(STEPS, round(exact) or (1 if exact > 0.2 else 0))


def silent_until(silences: Spans, now: float) -> float | None:
    """Return the end of the quiet time that contains `now`, or leaves no time to fade out before it; None outside."""
    ends = [until for start, until in silences if start - MARGIN_S - LEAST_FADE_S <= now < until]
    return max(ends, default=None)


def next_run(start_at: float, until: float | None, silences: Spans, now: float) -> tuple[float, float] | None:
    """Return the span, from now on, in which a sound wanted from `start_at` to `until` may play;

    None when none is left.
    """
    begin = max(start_at, now)
    while (end := silent_until(silences, begin)) is not None:
        begin = end
    end = min([until if until is not None else math.inf, *(start for start, _ in silences if start >= begin)])
    return (begin, end) if end - MARGIN_S - LEAST_FADE_S > begin else None


def locate(durations: Sequence[float], position_s: float) -> tuple[int, float]:
    """Return the track, and the second in it, at a position of tracks played in a loop.

    Unknown lengths count as zero.
    """
    total = sum(durations)
    if total <= 0:
        return 0, 0.0
    left = position_s % total
    for index, duration in enumerate(durations):
        if left < duration:
            return index, left
        left -= duration
    return 0, 0.0
