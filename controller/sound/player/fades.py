"""Levels that move and spans that may sound: the arithmetic of the player, without a clock or a device."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = 128
"""SDL_mixer knows this many volumes."""
OFF_DB = -60.0
"""Taken for silence: half a step of 128 is -48 dB."""
SOFT_DB = -24.0
"""Where a fade-in begins: what is softer is not heard in an office, and would make the start seem late."""
MARGIN_S = 0.12
"""Sound has ended this long before a silence begins. Samples handed to a device leave it later: 35 ms measured
on PulseAudio and through the disk driver, 85 ms to be expected with the longer queue of a small computer.
"""

Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Ramp:
    """A level in dB that moves evenly from one value to another within `seconds` after `start`."""

    start: float
    seconds: float
    from_db: float
    to_db: float

    def at(self, now: float) -> float:
        """The level at a moment."""
        if now >= self.start + self.seconds:
            return self.to_db
        share = max(0.0, now - self.start) / self.seconds
        return self.from_db + (self.to_db - self.from_db) * share

    @property
    def end(self) -> float:
        """When it has arrived."""
        return self.start + self.seconds

    def over(self, now: float) -> bool:
        """Whether it has arrived."""
        return now >= self.end


def still(db: float) -> Ramp:
    """A level that does not move."""
    return Ramp(-math.inf, 0.0, db, db)


def steps(volume: float, db: float) -> int:
    """The mixer's volume, 0..128, of `volume` (0..1) changed by `db`.

    What is soft on purpose is not rounded to nothing.
    """
    amplitude = 0.0 if db <= OFF_DB else volume * 10 ** (db / 20)
    exact = amplitude * STEPS
    return min(STEPS, round(exact) or (1 if exact > 0.2 else 0))


def silent_until(silences: Spans, now: float) -> float | None:
    """The end of the silence in which `now` lies (or which begins within the margin); None outside."""
    ends = [until for start, until in silences if start - MARGIN_S <= now < until]
    return max(ends, default=None)


def next_run(start_at: float, until: float | None, silences: Spans, now: float) -> tuple[float, float] | None:
    """The span, from now on, in which something wanted from `start_at` to `until` may sound;

    None when there is none left.
    """
    begin = max(start_at, now)
    while (end := silent_until(silences, begin)) is not None:
        begin = end
    end = min([until if until is not None else math.inf, *(start for start, _ in silences if start >= begin)])
    return (begin, end) if end - MARGIN_S > begin else None


def locate(durations: Sequence[float], position_s: float) -> tuple[int, float]:
    """Which track, and how far into it, at a position of tracks played round and round.

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
