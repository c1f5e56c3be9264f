"""The talk desk: brings what the book says is to be said to the announcer, and what became of it back.

The book's outbox is the truth. An announcement is handed to the announcer when it is due; every report is
written down before anyone is told. What was not heard goes on into the next round-up: nothing is lost.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from controller.glance import OnAir
from controller.hearing import MUTED, Hearing
from controller.sales import messages
from controller.sales.model import (
    BURST,
    DROPPED,
    HEARD,
    NOT_HEARD,
    PLAYING,
    RESULTS,
    WAITING,
    Announcement,
    Deal,
    StoreTrouble,
)
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.context import Context
from controller.services.scripts import ScriptBuilder, readings
from controller.sound.announcer import Announcer
from controller.sound.playback import Job, Report
from controller.sound.tts.script import Script
from controller.sound.voice import AHEAD, Voice
from controller.timetable.model import State
from controller.timetable.plan import next_quiet

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=2)
"""What could not be said for longer than this is not said by itself any more."""
NEAR = timedelta(minutes=3)
"""A quiet time nearer than this is what the announcer waits for."""
HOURLY = "hourly"
EVENING = "evening"
STOPPED = "有人按了停止。"
SHOWN_FOR = timedelta(seconds=12)
"""How long walls show what nobody can hear at the moment."""
ALARM_FOR = timedelta(seconds=60)
"""How long walls show an emergency at least."""
MOST_SHOWN = 20
AMONG_OTHERS = (HOURLY, EVENING)
"""Orders that wait for the full hour, and for the results. Never spoken alone: those take them in."""


class AnnouncementService:
    """Thread-safe. `late` is called with announcements that were to be said and were not, and why."""

    def __init__(
        self, context: Context, announcer: Announcer, voice: Voice, builder: ScriptBuilder,
        hearing: Callable[[datetime], Hearing], late: Callable[[Announcement, str], None],
    ):  # fmt: skip
        self._context, self._announcer, self._voice, self._builder = context, announcer, voice, builder
        self.hearing, self._late = hearing, late
        self._lock = threading.RLock()
        self._handed: set[int] = set()
        self._dues: tuple[datetime, ...] = ()
        self._unwritten: deque[Report] = deque()
        self._sounding: OnAir | None = None
        self._silent: tuple[OnAir, ...] = ()

    def names(self) -> dict[str, str]:
        """The readings of all names of the office."""
        with self._context.store.read() as session:
            return readings(session.roster.teams(), session.roster.people())

    def on_air(self, now: datetime) -> OnAir | None:
        """What walls celebrate: what is being said, else what is shown without a sound."""
        with self._lock:
            alarm = next(
                (shown for shown in self._silent if shown.kind == announcement_priority.EMERGENCY), None
            )
            if self._sounding is None and alarm is not None and alarm.started <= now < alarm.ends:
                return alarm
            return self._sounding or next(
                (shown for shown in self._silent if shown.started <= now < shown.ends), None
            )

    def hold(self, now: datetime) -> None:
        """While it is quiet, what has just come due waits for the end: a restart may have brought it here."""
        state = self._context.state(now)
        if state.quiet_until is None:
            return
        with self._context.store.read() as session:
            due = [found for found in session.outbox.waiting() if found.due is None or found.due <= now]
        fresh = [found for found in due if now - (found.due or found.created) <= FRESH]
        self._wait_out(fresh, state)

    def _wait_out(self, announcements: Iterable[Announcement], state: State) -> None:
        held = [
            found
            for found in announcements
            if found.id not in self._handed and found.kind != announcement_priority.EMERGENCY
        ]
        if state.quiet_until is None or not held:
            return
        why = f"{state.entry.name if state.entry else '安静'}时间，{state.quiet_until:%H:%M} 播报。"
        with self._context.store.write() as session:
            for found in held:
                session.outbox.put_off(found.id, state.quiet_until, why)

    def release(self, now: datetime) -> None:
        """Hands everything that is due to the announcer, nothing while it is quiet.

        Orders for the full hour are the round-up's affair.
        """
        self._write_down_late()
        with self._context.store.read() as session:
            waiting = session.outbox.waiting()
        self._dues = tuple({found.due for found in waiting if found.due is not None and found.due > now})
        quiet = self._context.state(now).quiet
        self.hand(
            found
            for found in waiting
            if found.kind not in AMONG_OTHERS
            and (found.due is None or found.due <= now)
            and (not quiet or found.kind == announcement_priority.EMERGENCY)
        )

    def moments(self) -> tuple[datetime, ...]:
        """When something that waits becomes due, as of the last `release`, and when a silent picture changes."""
        return (*self._dues, *(edge for shown in self._silent for edge in (shown.started, shown.ends)))

    def hand(self, announcements: Iterable[Announcement]) -> None:
        """Hands announcements to the announcer, each once; what was merged or taken back meanwhile is left out.

        While it is quiet nothing but an emergency is handed over: the rest waits for the end. What nobody can hear at
        the moment is shown on the walls at once.
        """
        now = self._context.clock.now()
        state, told = self._context.state(now), tuple(announcements)
        if state.quiet:
            self._wait_out(told, state)
            told = tuple(found for found in told if found.kind == announcement_priority.EMERGENCY)
        for announcement in told:
            with self._lock:
                if announcement.id in self._handed or not self._waits(announcement.id):
                    continue
                self._handed.add(announcement.id)
                self._announcer.submit(self._job(announcement))
            if self.hearing(now).held is not None:
                self._show_silently(announcement, now)

    def _show_silently(self, announcement: Announcement, now: datetime) -> None:
        """The walls celebrate now, one after the other; the results are revealed by the wall itself."""
        if announcement.kind == RESULTS:
            return
        with self._context.store.read() as session:
            deals = as_told(session, announcement)
        with self._lock:
            kept = tuple(shown for shown in self._silent if shown.ends > now)[-MOST_SHOWN:]
            started = max([now, *(shown.ends for shown in kept)])
            lasts = ALARM_FOR if announcement.kind == announcement_priority.EMERGENCY else SHOWN_FOR
            shown = OnAir(
                announcement.id, announcement.kind, announcement.text, deals, started, started + lasts
            )
            self._silent = (*kept, shown)

    def _waits(self, ident: int) -> bool:
        with self._context.store.read() as session:
            found = session.outbox.get(ident)
        return found is not None and found.state == WAITING

    def held(self) -> AbstractContextManager[object]:
        """While this is held nothing is handed to the announcer by anybody else."""
        return self._lock

    def withdraw(self, announcements: Sequence[Announcement]) -> list[Announcement]:
        """Those of them that are not being said: never handed over, or taken out of the queue again."""
        with self._lock:
            handed = {found.id for found in announcements} & self._handed
            free = self._announcer.withdraw(handed)
            self._handed -= free
        return [found for found in announcements if found.id not in handed or found.id in free]

    def spent_s(self, session: Session, now: datetime) -> float:
        """How long something was said since the last full hour."""
        return session.outbox.talked_s(announcement_priority.hour_of(now), now)

    def _job(self, announcement: Announcement) -> Job:
        stale = max(announcement.created, announcement.due or announcement.created) + FRESH
        return Job(
            id=announcement.id,
            script=self.script(announcement),
            priority=announcement.priority,
            stale_at=self._context.clock.to_monotonic(stale),
            urgent=announcement.kind == announcement_priority.EMERGENCY,
        )

    def script(self, announcement: Announcement, unsent: Deal | None = None) -> Script:
        """What the voice will be given; `unsent`: the order that it tells, when it is not in the book yet."""
        return self._builder.build(announcement, self.names(), unsent)

    def prepare(self, announcement: Announcement, unsent: Deal | None = None) -> None:
        """Render the speech of an announcement ahead; the player plays the chime by itself."""
        self._voice.prepare(replace(self.script(announcement, unsent), chime=None), AHEAD)

    def learns(self) -> bool:
        """Whether the present voice keeps clauses that are rendered ahead."""
        return self._voice.status().natural

    def learn(self, announcements: Iterable[Announcement]) -> int:
        """Have the clauses of announcements rendered in idle time; return how many are new."""
        if not self.learns():
            return 0
        names = self.names()
        return self._voice.learn([self._builder.build(found, names) for found in announcements])

    def cancel(self, ids: Iterable[int], why: str) -> None:
        """Takes announcements back, wherever they are: waiting in the book, in the queue, or in the air."""
        now = self._context.clock.now()
        for ident in ids:
            with self._lock:  # until it is written down nobody hands it over
                handed = ident in self._handed
                if not handed:
                    with self._context.store.write() as session:
                        session.outbox.move(ident, DROPPED, why, now)
            if handed:
                self._announcer.cancel(ident, why)

    def stop_all(self) -> tuple[int, ...]:
        """Ends what is being said and what waits to be said at once; returns what waited, so that it can be restored.

        Orders of both go into the next round-up.
        """
        with self._lock:
            handed = tuple(sorted(self._handed))
            present = self._sounding.id if self._sounding is not None else None
            self._silent = ()
        self.cancel(handed, STOPPED)
        return tuple(ident for ident in handed if ident != present)

    # --- what became of it

    def on_report(self, report: Report) -> None:
        """Writes down what the announcer tells; on a full disk later, for the sound goes on meanwhile."""
        try:
            self._take_in(report)
        except StoreTrouble as trouble:
            log.warning("what became of #%d is not written down yet: %s", report.id, trouble.sentence)
            self._unwritten.append(report)
            self._context.feed.notify()

    def _take_in(self, report: Report) -> None:
        if report.state == "playing":
            self._playing(report)
        elif report.state == "waiting":
            self._still_waiting(report)
        else:
            self._ended(report)

    def _write_down_late(self) -> None:
        """Takes up what a full disk did not take, in its order."""
        while self._unwritten:
            self._take_in(self._unwritten[0])
            self._unwritten.popleft()

    def _playing(self, report: Report) -> None:
        clock = self._context.clock
        started = clock.from_monotonic(report.started or clock.monotonic())
        ends = clock.from_monotonic(report.ends or clock.monotonic())
        with self._context.store.read() as session:
            announcement = session.outbox.get(report.id)
            deals = as_told(session, announcement) if announcement else ()
        if announcement is None:
            return
        marks = tuple((name, clock.from_monotonic(at)) for name, at in report.marks)
        with self._lock:
            if self._sounding is None or self._sounding.id != report.id:
                log.info("saying #%d (%s): %s", report.id, announcement.kind, announcement.text)
            self._silent = tuple(shown for shown in self._silent if shown.id != report.id)
            if not self._unwritten:
                self._sounding = OnAir(
                    report.id, announcement.kind, announcement.text, deals, started, ends, marks
                )
        if announcement.state == PLAYING:  # its end is known better now
            self._context.feed.notify()
            return
        self._begun(report, started)

    def _begun(self, report: Report, started: datetime) -> None:
        with self._context.store.write() as session:
            session.outbox.move(report.id, PLAYING, report.why, started)

    def _still_waiting(self, report: Report) -> None:
        now = self._context.clock.now()
        muted = next((found for found in self.hearing(now).reasons if found.cause == MUTED), None)
        self._off_air(report.id)
        with self._context.store.write() as session:
            announcement = session.outbox.get(report.id)
            if announcement is not None and announcement.state == PLAYING:
                why = f"正在静音，{muted.until:%H:%M} 播报。" if muted and muted.until else report.why
                session.outbox.move(report.id, WAITING, why, now, announcement.due)
            elif announcement is not None:
                session.outbox.put_off(report.id, self._after_quiet() or announcement.due, report.why)

    def _after_quiet(self) -> datetime | None:
        """The end of a quiet time that is on or about to begin: whatever restarts until then, it is due there."""
        now = self._context.clock.now()
        span = next_quiet(self._context.plan(now), now)
        return span[1] if span is not None and span[0] - now <= NEAR else None

    def _ended(self, report: Report) -> None:
        now = self._context.clock.now()
        state = {"heard": HEARD, "dropped": DROPPED}.get(report.state, NOT_HEARD)
        self._off_air(report.id, over=state != DROPPED)
        with self._context.store.write() as session:
            announcement = session.outbox.get(report.id)
            if report.why == STOPPED and announcement is not None and announcement.deals:
                state = NOT_HEARD  # nobody heard it to its end: its orders go into the next round-up
            session.outbox.move(report.id, state, report.why, now)
            announcement = session.outbox.get(report.id)
        with self._lock:
            self._handed.discard(report.id)
        log.info("#%d is %s: %s", report.id, report.state, report.why)
        if announcement is not None and state == NOT_HEARD:
            self._late(announcement, report.why)

    def _off_air(self, ident: int, *, over: bool = False) -> None:
        with self._lock:
            shown = self._sounding
            self._silent = tuple(other for other in self._silent if other.id != ident)
            if shown is None or shown.id != ident:
                return
            self._sounding = None
            if (
                over and shown.kind == announcement_priority.EMERGENCY
            ):  # to be read to its end, however short it was
                self._silent = (*self._silent, replace(shown, ends=shown.started + ALARM_FOR))


def as_told(session: Session, announcement: Announcement) -> tuple[Deal, ...]:
    """The orders of an announcement as the voice names them: in the order of the functions that wrote its text."""
    deals = session.deals.of_ids(announcement.deals)
    if len(deals) < 2:
        return deals
    if announcement.kind == BURST:
        own = {
            deal.id
            for deal in deals
            for first in session.outbox.of_deal(deal.id)
            if first.kind in announcement_priority.FIRSTS
        }
        return messages.burst_order(deals, own)
    return messages.round_up(deals, (), announcement.created).told
