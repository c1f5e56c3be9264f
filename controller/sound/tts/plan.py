"""Plan a rendering: the clauses of a script, their costs on this machine, and how finely sums are cut."""

from __future__ import annotations

from dataclasses import dataclass

from controller.sound.tts import amount_parts
from controller.sound.tts import cache as takes
from controller.sound.tts.cache import Takes
from controller.sound.tts.engine_choice import FIRST_PACE
from controller.sound.tts.script import Delivery, Script, rendered_s, seconds
from controller.sound.tts.stream import GAP_S, KEPT_COST_S, SLOW_GAP_S, SLOW_PACE, Cost, lead_s

SPOKEN = 0.8
"""Speech of a clause, against the estimate `script.seconds` (66 clauses of `make bench understood`: 0.81)."""
CHIME_S, PREVIEW_S = 1.25, 3.0
"""Time before the first word: during the chime, and while a form is read before it is sent."""
PATIENCE_S = 0.8
"""The first word may follow the chime this late before sums are cut into parts: a whole clause sounds better."""


class Interrupted(Exception):  # noqa: N818 - it was interrupted
    """More urgent work came; this goes back into the queue."""


@dataclass(frozen=True, slots=True)
class VoiceStatus:
    """engine: the voice in use ("" until a child has reported one). passed_over: (engine, reason). fault: the last
    failure's sentence, None after a success. pid: of the running child; None while there is none. natural: is it a
    natural voice? longest: characters of one clause. pace: seconds of rendering per second of sound."""

    engine: str
    passed_over: tuple[tuple[str, str], ...]
    fault: str | None
    pid: int | None
    natural: bool = False
    longest: int = 80
    pace: float = FIRST_PACE

    @property
    def gap_s(self) -> float:
        """Return how much a pause inside an announcement may grow."""
        return SLOW_GAP_S if self.slow else GAP_S

    @property
    def slow(self) -> bool:
        """Return whether this machine needs sums in parts."""
        return self.natural and self.pace >= SLOW_PACE


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause to be rendered in idle time."""

    text: str
    delivery: Delivery


def cut(script: Script, longest: int, level: int = 0) -> list[Clause]:
    """Return the clauses of a script in sequence; `level`: how finely sums are cut."""
    return [
        Clause(text, Delivery(segment.language, script.voice, script.speed))
        for segment in script.segments
        for text, _ in amount_parts.cut(segment.text, longest, level)
    ]


class Planner:
    """Estimates with the clauses that are kept on disk."""

    def __init__(self, kept: Takes) -> None:
        self._kept = kept

    def is_kept(self, status: VoiceStatus, clause: Clause) -> bool:
        """Return whether the clause has been rendered."""
        return self._kept.has(takes.name(status.engine, clause.text, clause.delivery))

    def costs(self, status: VoiceStatus, script: Script, level: int) -> tuple[Cost, ...]:
        """Return the estimated duration and rendering time of each clause on this machine."""
        out = []
        for clause in cut(script, status.longest, level) if status.natural else ():
            speed = clause.delivery.speed
            whole_s = rendered_s(clause.text, speed) * status.pace
            render_s = KEPT_COST_S if self.is_kept(status, clause) else whole_s
            out.append(Cost(seconds(clause.text, speed) * SPOKEN, render_s))
        return tuple(out)

    def level(self, status: VoiceStatus, script: Script, *, previewed: bool) -> int:
        """Choose how finely sums are cut: not at all when the whole can be ready in time, else as little as needed.

        When nothing is in time, the level with the earliest first word.
        """
        if not status.slow:
            return 0
        in_time = CHIME_S + PATIENCE_S + (PREVIEW_S if previewed else 0.0)
        leads = []
        for level in amount_parts.LEVELS:
            lead = lead_s(self.costs(status, script, level), status.gap_s)
            if lead <= in_time:
                return level
            leads.append((lead, level))
        return min(leads)[1]
