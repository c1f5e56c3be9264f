"""What the timetable will say is rendered before its moment, so that its words wait for nothing.

Texts that hang on nothing but the timetable (free words, greeting, sprint, and that nobody has sold yet) shortly
after a start, an edit and midnight; what hangs on figures a minute before its moment, as the figures are by then.
All of it when the voice has nothing better to do; its child ends a minute later as always.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from controller.office.cues import CueDesk
from controller.office.room import Room
from controller.office.talk import Talk
from controller.rhythm.model import Cue, DayPlan

SETTLED_S = 5.0
"""So long after a start the music, the web and the walls come first."""
SHORTLY = timedelta(seconds=60)


class Foresight:
    """Called by the timekeeper's thread alone."""

    def __init__(self, room: Room, cues: CueDesk, talk: Talk, manner: Callable[[], object]):
        """manner: the chosen voices and speed; another choice is rendered again."""
        self._room, self._cues, self._talk, self._manner = room, cues, talk, manner
        self._began: float | None = None
        self._seen: tuple[object, ...] = ()
        self._shortly: set[datetime] = set()

    def follow(self, plan: DayPlan, now: datetime) -> None:
        """Has rendered what is to be said later today and is not being rendered yet."""
        monotonic = self._room.clock.monotonic()
        self._began = monotonic if self._began is None else self._began
        if monotonic - self._began < SETTLED_S:
            return
        ahead = [cue for cue in plan.cues if cue.say is not None and cue.at > now]
        present = (plan.date, self._room.rhythm, self._manner())
        if self._seen != present:
            self._seen, self._shortly = present, set()
            self._prepare([cue for cue in ahead if self._cues.fixed(cue, plan)], plan, now)
        near = [cue for cue in ahead if cue.at - now <= SHORTLY and cue.at not in self._shortly]
        self._shortly.update(cue.at for cue in near)
        self._prepare(near, plan, now)

    def _prepare(self, cues: list[Cue], plan: DayPlan, now: datetime) -> None:
        for cue in cues:
            foreseen = self._cues.foresee(cue, plan, now)
            if foreseen is not None:
                self._talk.prepare(foreseen)
