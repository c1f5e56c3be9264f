"""What the timekeeper, the speaker and the announcer call: the services follow the present moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from controller.sales.announcement_policy import HUSHED, on_the_hour
from controller.sales.model import TARGET, Announcement, StoreTrouble
from controller.services import announcement_priority
from controller.services.announcements import AMONG_OTHERS, AnnouncementService
from controller.services.context import Context
from controller.services.cues import CueService
from controller.services.deals import DealService
from controller.services.health import HealthMonitor
from controller.services.music import MusicService
from controller.services.prerender import Prerenderer
from controller.services.roundups import Batching
from controller.services.snapshot import SnapshotBuilder
from controller.services.voices import Speaking
from controller.sound.library import Library
from controller.sound.playback import Report
from controller.sound.speaker import Event
from controller.timetable.model import Cue, DayPlan, State

_SAME = timedelta(milliseconds=5)
"""The book keeps whole milliseconds."""


def rearrange(
    context: Context,
    was: datetime,
    until: datetime | None,
    next_roundup: Callable[[datetime], datetime | None],
) -> None:
    """What waits for `was`, the end that a hush had, waits for the present end, or not at all any more.

    `until`: when the hush ends now, None when it is over. Orders among others go back to their full hour.
    """
    now = context.clock.now()
    with context.store.write() as session:
        for found in session.outbox.waiting():
            if found.due is None or abs(found.due - was) > _SAME:
                continue
            own = _own_moment(found, next_roundup)
            if own is None or own >= was - _SAME:
                continue
            due = max(own, until or now, context.state(now).quiet_until or now)
            if abs(due - found.due) > _SAME:
                session.outbox.put_off(found.id, due, _why(context, found, due, until, now))


def _own_moment(found: Announcement, next_roundup: Callable[[datetime], datetime | None]) -> datetime | None:
    """When it would have been said without a hush; None when it does not wait for one."""
    if found.kind in AMONG_OTHERS or (
        found.kind == TARGET and found.priority == announcement_priority.AFTER_ROUNDUP
    ):
        return next_roundup(found.created)
    return found.created if found.why.startswith(HUSHED) or found.kind == TARGET else None


def _why(context: Context, found: Announcement, due: datetime, until: datetime | None, now: datetime) -> str:
    state = context.state(now)
    if due <= now:
        return "静音提前结束，现在播报。"
    together = " 一起播报" if found.kind in AMONG_OTHERS else " 播报"
    if until is not None and due == until:
        return f"{HUSHED}，{due:%H:%M}{together}。"
    if found.kind in AMONG_OTHERS:
        return on_the_hour(due, now)
    return f"{state.entry.name if state.entry else '安静'}时间，{due:%H:%M} 播报。"


# --- What the clock, the speaker and the announcer tell the office, and how its desks follow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimetableListener:
    """The timekeeper's follower, and where speaker and announcer report. Thread-safe as the desks are."""

    context: Context
    sound: MusicService
    talk: AnnouncementService
    bursts: Batching
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
            self.context.feed.notify()

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """A cue has come: said, or only shown; not without a trusted clock, nor so late that it is quiet."""
        if not self.troubles.clock_trusted() or self.context.state(now).quiet:
            return
        if cue.say is None:
            self.context.feed.notify()
        else:
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
        self.context.feed.notify()

    def on_speaker(self, event: Event) -> None:
        """The sound device tells something."""
        self.sound.on_speaker(event)
        if event.kind in ("ready", "lost", "track"):
            self.context.feed.notify()

    def on_report(self, report: Report) -> None:
        """The announcer tells what became of an announcement."""
        self.talk.on_report(report)

    def recover(self) -> None:
        """At a start: what the last run left behind is said, put off or dropped, each with its reason."""
        try:
            self.deals.recover()
        except StoreTrouble as trouble:  # the music starts; the phones say what is wrong
            log.error("what the last run left behind waits for the book: %s", trouble.sentence)
            self.context.store.when_healed(self.deals.recover)
        self.library.sweep()
        self.library.measure_all()
