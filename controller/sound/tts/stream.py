"""Speech played while it is still being rendered, and when its first word may start."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from controller.sound.tts.script import Clip

KEPT_COST_S = 0.05
"""Seconds until a clause from the cache is ready."""
GAP_S = 0.6
"""A pause inside an announcement may grow by this and still sounds like a pause."""
SLOW_GAP_S = 0.8
"""The same on a slow machine, where the alternative is a longer wait for the first word: with the pause of a comma
1.0 s of silence, and up to 0.2 s more where an estimate is wrong (with 1.0 here 1.37 s were measured, limit 1.5 s)."""
SLOW_PACE = 2.0
"""From this pace on (seconds of rendering per second of sound) a machine is slow."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One clause: seconds of sound, seconds to render (nearly none when it is kept)."""

    sounds_s: float
    render_s: float


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part of the announcement: WAV, 44,100 Hz, 16 bit, stereo; follows the previous one without a gap."""

    path: Path
    seconds: float


def lead_s(costs: Sequence[Cost], gap_s: float = GAP_S) -> float:
    """Return the seconds from the start of rendering until the first word may sound so that no later pause grows by
    more than `gap_s`: for each clause, the time when it is rendered minus the speech that sounds before it."""
    lead = rendered = sounded = 0.0
    for number, cost in enumerate(costs):
        rendered += cost.render_s
        lead = max(lead, rendered - sounded - (gap_s if number else 0.0))
        sounded += cost.sounds_s
    return lead


def _ahead(costs: Sequence[Cost], head_s: float) -> tuple[Cost, ...]:
    """Return the costs when the first clause that is not kept has already been rendering for `head_s`."""
    number = next((n for n, cost in enumerate(costs) if cost.render_s > KEPT_COST_S), None)
    if number is None:
        return tuple(costs)
    cost = costs[number]
    begun = Cost(cost.sounds_s, max(KEPT_COST_S, cost.render_s - head_s))
    return (*costs[:number], begun, *costs[number + 1 :])


class Stream:
    """The parts of one announcement. Thread-safe. `clip`: the whole, when it is finished; raises VoiceFailed."""

    def __init__(
        self, costs: Sequence[Cost], clip: Future[Clip], gap_s: float = GAP_S, head_s: float = 0.0
    ) -> None:
        """gap_s: a later pause may grow by this. head_s: the first clause not kept has been rendering for so long."""
        self.clip = clip
        self._costs, self._gap_s = _ahead(costs, head_s), gap_s
        self._changed = threading.Condition()
        self._parts: list[Part] = []
        self._taken = self._finished = 0  # parts, clauses
        self._over = clip.done()
        self._closed = False
        self._began = time.monotonic()

    @property
    def closed(self) -> bool:
        """Return whether the listener is gone."""
        return self._closed

    def add(self, number: int, path: Path, seconds: float, clauses: int) -> None:
        """Add part `number` of a rendering, with which `clauses` are finished in all.

        Deletes its file if it does not follow the last one or there is no listener.
        After an interruption a rendering for an earlier listener may still send its later parts.
        """
        with self._changed:
            if self._closed or number != len(self._parts):
                path.unlink(missing_ok=True)
                return
            self._parts.append(Part(path, seconds))
            self._finished = clauses
            self._changed.notify_all()

    def end(self) -> None:
        """Expect no more parts."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def begun(self) -> bool:
        """Return whether a part has been taken."""
        return self._taken > 0

    def estimate_s(self) -> float:
        """Return the estimated duration of the speech."""
        return sum(cost.sounds_s for cost in self._costs)

    def cost_s(self) -> float:
        """Return the estimated rendering time on this machine."""
        return sum(cost.render_s for cost in self._costs)

    def lead_s(self) -> float:
        """Return the seconds until the first word may sound without a later gap; 0.0 when it may at once."""
        with self._changed:
            return self._lead()

    def wait(self, seconds: float) -> None:
        """Wait until something changes, at most that many seconds."""
        with self._changed:
            if not self._over:
                self._changed.wait(seconds)

    def parts(self, timeout_s: float, *, at_once: bool = False) -> list[Part]:
        """Return the parts that are finished and may be played, each once; empty at the end.

        Waits for the first until all later ones will be ready in time, or only for itself with `at_once`.
        Raises TimeoutError when nothing comes.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._over and (self._taken == len(self._parts) or (not at_once and self._lead() > 0)):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._changed.wait(min(left, 0.2))
            fresh = self._parts[self._taken :]
            self._taken = len(self._parts)
            return fresh

    def _lead(self) -> float:
        """Call with the lock held. Parts already played need no more waiting."""
        finished = self._finished
        rest = self._costs[finished:]
        if self._taken or self._over or not rest:
            return 0.0
        under_way = time.monotonic() - self._began - sum(cost.render_s for cost in self._costs[:finished])
        first = max(0.0, rest[0].render_s - max(0.0, under_way))
        played = [Cost(part.seconds, 0.0) for part in self._parts]
        return lead_s([*played, Cost(rest[0].sounds_s, first), *rest[1:]], self._gap_s)

    def close(self) -> None:
        """Delete the files of the parts: the player has them in memory."""
        with self._changed:
            self._closed = True
            for part in self._parts:
                with contextlib.suppress(OSError):
                    part.path.unlink(missing_ok=True)
