"""The receiver of calls from timekeeper and speaker: it brings all services to the present moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from controller.sales.model import StoreTrouble
from controller.services.announcements import AnnouncementService
from controller.services.change_log import ChangeLog
from controller.services.context import Context
from controller.services.cues import CueService
from controller.services.daily import DailyNews
from controller.services.deals import DealService
from controller.services.fault_news import FaultNews
from controller.services.health import HealthMonitor
from controller.services.music import MusicService
from controller.services.office_loudness import OfficeLoudness
from controller.services.prerender import Prerenderer
from controller.services.roster_dates import RosterDates
from controller.services.snapshot import SnapshotBuilder
from controller.services.speaker_test import SpeakerTest
from controller.services.timetable_edit import TimetableEditor
from controller.services.voices import Speaking
from controller.sound.library import Library
from controller.sound.speaker import Event
from controller.timetable.model import Cue, DayPlan, State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimetableListener:
    """Implements the timekeeper's `Follower`, and receives events of the speaker. As thread-safe as the services."""

    context: Context
    sound: MusicService
    talk: AnnouncementService
    deals: DealService
    cues: CueService
    view: SnapshotBuilder
    health: HealthMonitor
    library: Library
    foresight: Prerenderer
    speaking: Speaking
    timetable: TimetableEditor
    log: ChangeLog
    roster_dates: RosterDates
    faults: FaultNews
    daily: DailyNews
    speaker_test: SpeakerTest
    office_loudness: OfficeLoudness

    def follow(self, plan: DayPlan, state: State, now: datetime) -> None:
        """Bring sound, round-ups and waiting announcements to the present moment."""
        trusted = self.health.clock_trusted()
        steps: list[Callable[[], None]] = [
            partial(self.sound.follow, plan, state, now, trusted=trusted),
            partial(self.talk.follow, now),
            partial(self.view.turn_with, state),
            self._follow_voice,
            partial(self.foresight.follow, plan, now),
            partial(self.office_loudness.follow, plan, now, trusted=trusted),
        ]
        if trusted:
            steps.insert(0, partial(self.roster_dates.follow, now.date()))  # before a deal of the new day
            steps.insert(2, partial(self.deals.round_up, now))
            steps.append(partial(self.log.trim, now))
            steps.append(partial(self.faults.follow, now))
            steps.append(partial(self.daily.follow, now))
            steps.append(partial(self.speaker_test.follow, plan, now))
        for step in steps:
            try:
                step()
            except Exception:  # a full disk must not stop the music, and a playlist must not stop the deals
                log.exception("a service could not follow the clock; the others continue")

    def _follow_voice(self) -> None:
        self.speaking.apply_settings()
        if self.speaking.turned():
            self.context.feed.notify()

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """Announce or only show a due cue; ignore it without a trusted clock and in quiet time."""
        if not self.health.clock_trusted() or self.context.state(now).quiet:
            return
        if cue.say is None:
            self._only_shown()
        else:
            self.cues.come(cue, plan, now)

    def _only_shown(self) -> None:
        """Notify screens: walls show something else, but no row has changed."""
        self.context.feed.notify()

    def watch(self) -> None:
        """Notify screens, every second, of changes that send no event; keep an edited timetable as a version."""
        self.view.watch()
        self.timetable.notice()

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """Return the moments for calling `follow` exactly: full hours, waiting announcements, shortly before music."""
        return (*self.talk.moments(now), *self.sound.moments(plan, now))

    def jumped(self, seconds: float) -> None:
        """Handle a clock jump."""
        self.sound.forget()
        self.talk.jumped(seconds)
        self._only_shown()

    def on_speaker(self, event: Event) -> None:
        """Handle an event of the speaker."""
        self.sound.on_speaker(event)
        self.speaker_test.on_speaker(event)
        self.office_loudness.on_speaker(event)
        if event.kind in ("ready", "lost", "outputs", "track"):
            self.context.feed.notify()

    def recover(self) -> None:
        """At a start, play, postpone or drop unfinished announcements of the last run, each with its reason."""
        try:
            self.deals.recover()
        except StoreTrouble as trouble:  # music starts anyway; the phones show the problem
            log.error("recovery of the last run waits for the store: %s", trouble.sentence)
            self.context.store.when_healed(self.deals.recover)
        self.library.sweep()
        self.library.measure_all()
