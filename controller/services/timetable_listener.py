"""What the timekeeper, the speaker and the announcer call: the services follow the present moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from controller.sales.model import StoreTrouble
from controller.services.announcements import AnnouncementService
from controller.services.context import Context
from controller.services.cues import CueService
from controller.services.deals import DealService
from controller.services.health import HealthMonitor
from controller.services.music import MusicService
from controller.services.prerender import Prerenderer
from controller.services.snapshot import SnapshotBuilder
from controller.services.voices import Speaking
from controller.sound.library import Library
from controller.sound.speaker import Event
from controller.timetable.model import Cue, DayPlan, State

# --- What the clock, the speaker and the announcer tell the office, and how its desks follow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimetableListener:
    """The timekeeper's follower, and where speaker and announcer report. Thread-safe as the desks are."""

    context: Context
    sound: MusicService
    talk: AnnouncementService
    deals: DealService
    cues: CueService
    view: SnapshotBuilder
    troubles: HealthMonitor
    library: Library
    foresight: Prerenderer
    speaking: Speaking

    def follow(self, plan: DayPlan, state: State, now: datetime) -> None:
        """The present moment: sound, round-ups and what is due follow it."""
        trusted = self.troubles.clock_trusted()
        steps: list[Callable[[], None]] = [
            partial(self.sound.follow, plan, state, now, trusted=trusted),
            partial(self.talk.follow, now),
            partial(self.view.turn_with, state),
            self._follow_voice,
            partial(self.foresight.follow, plan, now),
        ]
        if trusted:
            steps.insert(1, partial(self.deals.round_up, now))
        for step in steps:
            try:
                step()
            except Exception:  # a full disk must not stop the music, nor a playlist the orders
                log.exception("a part of the office could not follow the clock; the others go on")

    def _follow_voice(self) -> None:
        self.speaking.obey()
        if self.speaking.turned():
            self.context.feed.notify()

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """A cue has come: said, or only shown; not without a trusted clock, nor so late that it is quiet."""
        if not self.troubles.clock_trusted() or self.context.state(now).quiet:
            return
        if cue.say is None:
            self._only_shown()
        else:
            self.cues.come(cue, plan, now)

    def _only_shown(self) -> None:
        """Walls show something else, and no row has changed."""
        self.context.feed.notify()

    def watch(self) -> None:
        """Called every second: screens are told of what has no event of its own."""
        self.view.watch()

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """When `follow` must be called exactly: full hours, what waits, and shortly before music."""
        return (*self.talk.moments(now), *self.sound.moments(plan, now))

    def jumped(self, seconds: float) -> None:
        """The clock has jumped."""
        self.sound.forget()
        self.talk.jumped(seconds)
        self._only_shown()

    def on_speaker(self, event: Event) -> None:
        """The sound device tells something."""
        self.sound.on_speaker(event)
        if event.kind in ("ready", "lost", "track"):
            self.context.feed.notify()

    def recover(self) -> None:
        """At a start: what the last run left behind is said, put off or dropped, each with its reason."""
        try:
            self.deals.recover()
        except StoreTrouble as trouble:  # the music starts; the phones say what is wrong
            log.error("what the last run left behind waits for the book: %s", trouble.sentence)
            self.context.store.when_healed(self.deals.recover)
        self.library.sweep()
        self.library.measure_all()
