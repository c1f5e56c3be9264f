"""What is said: the announcer asks here for the next announcement, and reports here what became of it.

The outbox's rows are the truth: what waits is a row that waits, and `announcement_priority.choose` alone says which is
next. Every report is written down before anybody reads of it. What was not heard goes on into the next round-up.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from controller.glance import OnAir
from controller.hearing import NO_DEVICE, Hearing
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
from controller.services.announcement_priority import Choice, Silence
from controller.services.context import Context
from controller.services.roundups import Batching
from controller.services.scripts import ScriptBuilder, readings
from controller.sound.announcer import Announcer
from controller.sound.playback import Job, Report
from controller.sound.tts.script import Script
from controller.sound.voice import AHEAD, Voice

log = logging.getLogger(__name__)

STOPPED = "有人按了停止。"
SHOWN_FOR = timedelta(seconds=12)
"""How long walls show what nobody can hear at the moment."""
ALARM_FOR = timedelta(seconds=60)
"""How long walls show an emergency at least."""
MOST_SHOWN = 20
RENDERED_AHEAD = 3
"""So much of what waits for its turn is rendered while something else is said."""


class AnnouncementService:
    """Thread-safe. `late` is called with announcements that were to be said and were not, and why."""

    def __init__(
        self, context: Context, announcer: Announcer, voice: Voice, builder: ScriptBuilder,
        hearing: Callable[[datetime], Hearing], batching: Batching, late: Callable[[Announcement, str], None],
    ):  # fmt: skip
        self._context, self._announcer, self._voice, self._builder = context, announcer, voice, builder
        self.hearing, self._batching, self._late = hearing, batching, late
        self._lock = threading.RLock()
        self._read: tuple[int, tuple[Announcement, ...]] = (-1, ())
        self._present: int | None = None  # what the announcer has taken and not yet reported as ended
        self._unwritten: deque[Report] = deque()
        self._last_silence: Silence | None = None
        self._failed: set[int] = (
            set()
        )  # whose report could not be taken in: said no more until the next start
        self._sounding: OnAir | None = None
        self._silent: tuple[OnAir, ...] = ()
        self._shown: frozenset[int] = frozenset()  # of what waits: shown on the walls without a sound

    def names(self) -> dict[str, str]:
        """The readings of all names of the office."""
        with self._context.store.read() as session:
            return readings(session.roster.teams(), session.roster.people())

    def on_air(self, now: datetime) -> OnAir | None:
        """What walls celebrate: what is being said, else what is shown without a sound."""
        with self._lock:
            self._show_unheard(now)
            alarm = next(
                (shown for shown in self._silent if shown.kind == announcement_priority.EMERGENCY), None
            )
            if self._sounding is None and alarm is not None and alarm.started <= now < alarm.ends:
                return alarm
            return self._sounding or next(
                (shown for shown in self._silent if shown.started <= now < shown.ends), None
            )

    # --- what is next

    def take(self, *, urgent: bool, begin: Callable[[Job], None]) -> Job | None:
        """What is to be said now; `urgent`: an emergency or nothing. None: nothing.

        `begin` is called with it before anybody can take it back. It counts as being said until its end is reported.
        """
        now = self._context.clock.now()
        self._settle(now)
        with self._lock:
            found = next((one for one in self._choice(now).ready if not urgent or _urgent(one)), None)
            if found is None or not self._waits(found.id):
                return None
            try:
                job = self._job(found)
            except Exception:  # it would be in the way of all others for ever
                log.exception("#%d cannot be said", found.id)
                self.on_report(Report(found.id, "not_heard", "播报时出了问题，已写入日志。"))
                return None
            self._present = found.id
            begin(job)
        return job

    def ahead(self, most: int = RENDERED_AHEAD) -> tuple[Job, ...]:
        """What may be said now and waits for its turn, first things first, to be rendered meanwhile."""
        now = self._context.clock.now()
        self._settle(now)
        with self._lock:
            return tuple(self._job(found) for found in self._choice(now).ready[:most])

    def urgent(self) -> bool:
        """Whether an emergency waits to be said."""
        with self._lock:
            return any(_urgent(found) for found in self._choice(self._context.clock.now()).ready)

    def follow(self, now: datetime) -> None:
        """Write down what could not be written, and settle what waits; the announcer looks at the rest."""
        self._write_down_late()
        self._settle(now)
        self._announcer.wake()

    def jumped(self, seconds: float) -> None:
        """The clock was set: what could be said before is as fresh as it was, whatever its date is now."""
        now = self._context.clock.now()
        with self._lock:
            ready = self._choice(now - timedelta(seconds=seconds)).ready
            with self._context.store.write() as session:
                for found in ready:
                    session.outbox.put_off(found.id, now, found.why)

    def moments(self, now: datetime) -> tuple[datetime, ...]:
        """When something that waits may be said, and when a silent picture changes."""
        with self._lock:
            edges = (edge for shown in self._silent for edge in (shown.started, shown.ends))
            return (*self._choice(now).ahead, *edges)

    def read(self, announcements: Iterable[Announcement], now: datetime) -> tuple[Announcement, ...]:
        """Announcements as people read them: what waits for the end of a silence says so."""
        with self._lock:
            silences = self._silences(now)
        return tuple(announcement_priority.as_it_waits(found, silences, now) for found in announcements)

    def _choice(self, now: datetime) -> Choice:
        """Under the lock: what to do with what waits, apart from what is being said."""
        busy = {self._present, *self._failed, *(report.id for report in self._unwritten)}
        waiting = [found for found in self._waiting() if found.id not in busy]
        if not waiting:
            return Choice()
        return announcement_priority.choose(waiting, self._silences(now), now)

    def _silences(self, now: datetime) -> tuple[Silence, ...]:
        """Under the lock: today's silences, and the one that was on until now when an edit has taken it away."""
        found = self._context.silences(now)
        present = next((one for one in found if one.since <= now < one.until), None)
        if present is not None:
            self._last_silence = replace(present, until=now)
        last = self._last_silence
        return (*found, last) if last is not None and last.until <= now else found

    def _waiting(self) -> tuple[Announcement, ...]:
        """The outbox's waiting rows, read again after each change."""
        number = self._context.changes.number
        if self._read[0] != number:
            with self._context.store.read() as session:
                self._read = number, session.outbox.waiting()
        return self._read[1]

    def _settle(self, now: datetime) -> None:
        """Make one of what is told in one breath, and give up what is too late to be said alone."""
        with self._lock:
            choice = self._choice(now)
            try:
                if choice.together:
                    self._batching.merge(choice.together, now)
            except StoreTrouble as trouble:
                log.warning("what waits is told one by one: %s", trouble.sentence)
            for found in choice.stale:
                self.on_report(Report(found.id, "stale", self._why_stale(now)))

    def _why_stale(self, now: datetime) -> str:
        held = self.hearing(now).held
        if held == NO_DEVICE:
            return "没有音响，没有播出。"
        return "总音量是 0，没有播出。" if held else "等得太久，不再单独播报。"

    def _show_unheard(self, now: datetime) -> None:
        """Under the lock: what may be said but cannot be heard is shown at once, one after the other.

        The results are revealed by the wall itself.
        """
        ready = self._choice(now).ready
        waiting = {found.id for found in ready}
        self._shown &= waiting
        if not waiting - self._shown or self.hearing(now).held is None:
            return
        for found in sorted(ready, key=lambda one: one.id):
            if found.id not in self._shown and found.kind != RESULTS:
                self._show_silently(found, now)
        self._shown |= waiting

    def _show_silently(self, announcement: Announcement, now: datetime) -> None:
        with self._context.store.read() as session:
            deals = as_told(session, announcement)
        kept = tuple(shown for shown in self._silent if shown.ends > now)[-MOST_SHOWN:]
        started = max([now, *(shown.ends for shown in kept)])
        lasts = ALARM_FOR if _urgent(announcement) else SHOWN_FOR
        shown = OnAir(announcement.id, announcement.kind, announcement.text, deals, started, started + lasts)
        self._silent = (*kept, shown)

    def _waits(self, ident: int) -> bool:
        with self._context.store.read() as session:
            found = session.outbox.get(ident)
        return found is not None and found.state == WAITING

    def without_voided(self, burst: Announcement) -> None:
        """A deal of a burst was taken back: unless it is being said, the others are told without it."""
        with self._lock:
            if burst.id != self._present:
                self._batching.without_voided(burst)

    def _job(self, announcement: Announcement) -> Job:
        script = self.script(announcement)
        return Job(announcement.id, script, announcement.priority, urgent=_urgent(announcement))

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
        """Take announcements back, whether they wait or are being said."""
        for ident in ids:
            with self._lock:  # until it is written down the announcer cannot take it
                begun = ident == self._present or self._is_playing(ident)
                if not begun:
                    self._ended(Report(ident, "dropped", why))
            if begun:
                self._announcer.cancel(ident, why)

    def _is_playing(self, ident: int) -> bool:
        with self._context.store.read() as session:
            found = session.outbox.get(ident)
        return found is not None and found.state == PLAYING

    def stop_all(self) -> tuple[int, ...]:
        """End at once what is being said and what may be said now; return what waited, so that it can be restored.

        The deals of both go into the next round-up.
        """
        now = self._context.clock.now()
        with self._lock:
            waited = tuple(sorted(found.id for found in self._choice(now).ready))
            present = self._present or (self._sounding.id if self._sounding is not None else None)
            self._silent = ()
        self.cancel([*([present] if present is not None else []), *waited], STOPPED)
        return tuple(ident for ident in waited if ident != present)

    # --- what became of it

    def on_report(self, report: Report) -> None:
        """Writes down what the announcer tells; on a full disk later, for the sound goes on meanwhile."""
        try:
            self._take_in(report)
        except StoreTrouble as trouble:
            log.warning("what became of #%d is not written down yet: %s", report.id, trouble.sentence)
            self._unwritten.append(report)
            self._context.feed.notify()
        except Exception:
            self._failed.add(report.id)
            raise
        if report.state != "playing":
            with self._lock:
                self._present = None if self._present == report.id else self._present

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
        if announcement.state == PLAYING:
            self._known_better()
        else:
            self._begun(report, started)

    def _known_better(self) -> None:
        """No row has changed, but walls show when it ends."""
        self._context.feed.notify()

    def _begun(self, report: Report, started: datetime) -> None:
        with self._context.store.write() as session:
            session.outbox.move(report.id, PLAYING, report.why, started)

    def _still_waiting(self, report: Report) -> None:
        now = self._context.clock.now()
        self._off_air(report.id)
        with self._context.store.write() as session:
            if not session.outbox.move(report.id, WAITING, report.why, now, now):
                session.outbox.put_off(report.id, now, report.why)

    def _ended(self, report: Report) -> None:
        now = self._context.clock.now()
        state = {"heard": HEARD, "dropped": DROPPED}.get(report.state, NOT_HEARD)
        self._off_air(report.id, over=state != DROPPED)
        with self._context.store.write() as session:
            announcement = session.outbox.get(report.id)
            if report.why == STOPPED and announcement is not None and announcement.deals:
                state = NOT_HEARD  # nobody heard it to its end: its orders go into the next round-up
            moved = session.outbox.move(report.id, state, report.why, now)
            announcement = session.outbox.get(report.id)
        log.info("#%d is %s: %s", report.id, report.state, report.why)
        if announcement is not None and moved and state == NOT_HEARD:
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


def _urgent(announcement: Announcement) -> bool:
    return announcement.kind == announcement_priority.EMERGENCY


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
