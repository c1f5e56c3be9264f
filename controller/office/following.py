"""What the clock, the speaker and the announcer tell the office, and how its desks follow."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from controller.book.model import StoreTrouble
from controller.office.bursts import Bursts
from controller.office.cues import CueDesk
from controller.office.deals import DealDesk
from controller.office.foresight import Foresight
from controller.office.room import Room
from controller.office.sounding import SoundDesk
from controller.office.speaking import Speaking
from controller.office.talk import Talk
from controller.office.troubles import Troubles
from controller.office.view import View
from controller.rhythm.model import Cue, DayPlan, State
from controller.sound.library import Library
from controller.sound.performance import Report
from controller.sound.speaker import Event

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Following:
    """The timekeeper's follower, and where speaker and announcer report. Thread-safe as the desks are."""

    room: Room
    sound: SoundDesk
    talk: Talk
    bursts: Bursts
    deals: DealDesk
    cues: CueDesk
    view: View
    troubles: Troubles
    library: Library
    foresight: Foresight
    speaking: Speaking

    def follow(self, plan: DayPlan, state: State, now: datetime) -> None:
        """The present moment: sound, round-ups and what is due follow it."""
        trusted = self.troubles.clock_trusted()
        steps: list[Callable[[], None]] = [
            partial(self.sound.follow, plan, state, now, trusted=trusted),
            partial(self.talk.hold, now),
            partial(self.bursts.gather, now),
            partial(self.talk.release, now),
            partial(self.view.turn_with, state),
            self._follow_voice,
            partial(self.foresight.follow, plan, now),
        ]
        if trusted:
            steps.insert(2, partial(self.deals.round_up, now))
        for step in steps:
            try:
                step()
            except Exception:  # a full disk must not stop the music, nor a playlist the orders
                log.exception("a part of the office could not follow the clock; the others go on")

    def _follow_voice(self) -> None:
        self.speaking.obey()
        if self.speaking.turned():
            self.room.feed.tell()

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """A cue has come. Without a trusted clock it is not said, nor when it comes so late that it is quiet."""
        if self.troubles.clock_trusted() and not self.room.state(now).quiet:
            self.cues.come(cue, plan, now)

    def watch(self) -> None:
        """Called every second: screens are told of what has no event of its own."""
        self.view.watch()

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """When `follow` must be called exactly: full hours, what waits, and shortly before music."""
        return (*self.talk.moments(), *self.sound.moments(plan, now))

    def jumped(self, seconds: float) -> None:
        """The clock has jumped."""
        self.sound.forget()
        self.room.feed.tell()

    def on_speaker(self, event: Event) -> None:
        """The sound device tells something."""
        self.sound.on_speaker(event)
        if event.kind in ("ready", "lost", "track"):
            self.room.feed.tell()

    def on_report(self, report: Report) -> None:
        """The announcer tells what became of an announcement."""
        self.talk.on_report(report)

    def recover(self) -> None:
        """At a start: what the last run left behind is said, put off or dropped, each with its reason."""
        try:
            self.deals.recover()
        except StoreTrouble as trouble:  # the music starts; the phones say what is wrong
            log.error("what the last run left behind waits for the book: %s", trouble.sentence)
            self.room.store.when_healed(self.deals.recover)
        self.library.sweep()
        self.library.measure_all()
