"""Announcing: the announcer takes the next announcement here and reports its state here.

The outbox is the only source: an announcement waits if its row waits, and only `announcement_priority.choose` decides
which is next. Every report is stored before it is shown. Deals that were not heard go into the next round-up.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.glance import OnAir
from controller.hearing import NO_DEVICE
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
from controller.services.announcement_priority import AMONG_OTHERS, Choice, Silence, Waits
from controller.services.batching import Batching
from controller.services.context import Context, HearingAt
from controller.services.scripts import Scripts
from controller.sound.announcer import Announcer
from controller.sound.playback import Job, Report

log = logging.getLogger(__name__)

STOPPED = "有人按了停止。"
SHOWN_FOR = timedelta(seconds=12)
"""Time for which walls show an announcement that cannot be heard at the moment."""
ALARM_FOR = timedelta(seconds=60)
"""Minimum time for which walls show an emergency."""
MOST_SHOWN = 20
RENDERED_AHEAD = 3
"""Number of waiting announcements that are rendered while another plays."""


@dataclass(frozen=True, slots=True)
class Present:
    """The announcement that the announcer has taken and not yet reported as ended.

    `on_air`: set once it sounds. `taken_back`: it was cancelled; it fades, and walls leave it.
    """

    id: int
    on_air: OnAir | None = None
    taken_back: bool = False

    @property
    def shown(self) -> OnAir | None:
        """Return it as walls show it."""
        return None if self.taken_back else self.on_air


class AnnouncementService:
    """Thread-safe. `late` is called with each announcement that was due and was not heard, and the reason;

    `gained` with each one that plays, and by how much it differs from its normal level.
    """

    def __init__(
        self, context: Context, announcer: Announcer, scripts: Scripts, hearing: HearingAt, batching: Batching,
        late: Callable[[Announcement, str], None],
        gained: Callable[[int, float], None] = lambda ident, gain_db: None,
    ):  # fmt: skip
        self._context, self._announcer, self._scripts = context, announcer, scripts
        self.hearing, self._batching, self._late, self._gained = hearing, batching, late, gained
        self._lock = threading.RLock()
        self._read: tuple[int, tuple[Announcement, ...], tuple[datetime, ...]] = (-1, (), ())
        self._present: Present | None = None
        self._unwritten: deque[Report] = deque()
        self._last_silence: Silence | None = None
        self._failed: set[int] = set()  # their report could not be stored: not played until the next start
        self._silent: tuple[OnAir, ...] = ()
        self._shown: frozenset[int] = frozenset()  # waiting ones already shown on the walls without sound

    def shown_on_walls(self, now: datetime) -> OnAir | None:
        """Return the announcement for the walls: the one playing, else one shown without sound."""
        with self._lock:
            self._show_unheard(now)
            alarm = next(
                (shown for shown in self._silent if shown.kind == announcement_priority.EMERGENCY), None
            )
            sounding = self._present.shown if self._present is not None else None
            if sounding is None and alarm is not None and alarm.started <= now < alarm.ends:
                return alarm
            return sounding or next(
                (shown for shown in self._silent if shown.started <= now < shown.ends), None
            )

    # --- what is next

    def take(self, *, urgent: bool, begin: Callable[[Job], None]) -> Job | None:
        """Return the job to play now, else None; `urgent`: only an emergency.

        `begin` is called with the job before it can be taken back. It counts as playing until its end is reported.
        """
        now = self._context.clock.now()
        self._settle(now)
        with self._lock:
            first = next((one for one in self._choice(now).ready if not urgent or _urgent(one)), None)
            if first is None or not self._waits(first.id):
                return None
            try:
                job = self._job(first)
            except Exception:  # otherwise it would block all others for ever
                log.exception("cannot play #%d", first.id)
                self.on_report(Report(first.id, "not_heard", "播报时出了问题，已写入日志。"))
                return None
            self._present = Present(first.id)
            begin(job)
        return job

    def ahead(self, most: int = RENDERED_AHEAD) -> tuple[Job, ...]:
        """Return the waiting jobs that are due, by priority, to render them meanwhile."""
        now = self._context.clock.now()
        self._settle(now)
        with self._lock:
            return tuple(self._job(ready) for ready in self._choice(now).ready[:most])

    def urgent(self) -> bool:
        """Return whether an emergency is due."""
        with self._lock:
            return any(_urgent(ready) for ready in self._choice(self._context.clock.now()).ready)

    def follow(self, now: datetime) -> None:
        """Store reports that a full disk refused, merge or drop waiting announcements, and wake the announcer."""
        self._write_down_late()
        self._settle(now)
        self._announcer.wake()

    def jumped(self, seconds: float) -> None:
        """After a clock change, make announcements that were ready due now, so that they do not become stale."""
        now = self._context.clock.now()
        with self._lock:
            ready = self._choice(now - timedelta(seconds=seconds)).ready
            with self._context.store.write() as session:
                for announcement in ready:
                    session.outbox.postpone(announcement.id, now, announcement.why)

    def moments(self, now: datetime) -> tuple[datetime, ...]:
        """Return the moments at which a waiting announcement becomes due or a silent display changes."""
        with self._lock:
            edges = (edge for shown in self._silent for edge in (shown.started, shown.ends))
            return (*self._choice(now).ahead, *edges)

    def read(self, announcements: Iterable[Waits], now: datetime) -> tuple[Waits, ...]:
        """Return announcements, or what became of them, as people read them; see `as_it_waits`."""
        with self._lock:
            silences = self._silences(now)
        return tuple(announcement_priority.as_it_waits(one, silences, now) for one in announcements)

    def _presented(self, ident: int) -> Present | None:
        """Return the present announcement if it is this one. Call under the lock."""
        return self._present if self._present is not None and self._present.id == ident else None

    def _choice(self, now: datetime) -> Choice:
        """Sort the waiting announcements without the present one. Call under the lock."""
        busy = {*self._failed, *(report.id for report in self._unwritten)}
        read, among_others = self._waiting()
        waiting = [one for one in read if one.id not in busy and self._presented(one.id) is None]
        if not waiting and not among_others:
            return Choice()
        return announcement_priority.choose(waiting, self._silences(now), now, among_others)

    def _silences(self, now: datetime) -> tuple[Silence, ...]:
        """Return today's silences, and the last one if an edit has just removed it. Call under the lock."""
        silences = self._context.silences(now)
        present = next((one for one in silences if one.since <= now < one.until), None)
        if present is not None:
            self._last_silence = replace(present, until=now)
        last = self._last_silence
        return (*silences, last) if last is not None and last.until <= now else silences

    def _waiting(self) -> tuple[tuple[Announcement, ...], tuple[datetime, ...]]:
        """Return the outbox's waiting rows, read again after each change; of those that are never played alone the due
        moments, because there may be thousands.
        """
        number = self._context.changes.number
        if self._read[0] != number:
            with self._context.store.read() as session:
                alone = session.outbox.waiting_besides(AMONG_OTHERS)
                others = tuple(due for _, due in session.outbox.waiting_until(AMONG_OTHERS))
                self._read = number, alone, others
        return self._read[1:]

    def _settle(self, now: datetime) -> None:
        """Merge announcements that are batched, and report those too late to be played alone as stale."""
        with self._lock:
            choice = self._choice(now)
            try:
                if choice.together:
                    self._batching.merge(choice.together, now)
            except StoreTrouble as trouble:
                log.warning("cannot merge announcements, playing them one by one: %s", trouble.sentence)
            for stale in choice.stale:
                self.on_report(Report(stale.id, "stale", self._why_stale(now)))

    def _why_stale(self, now: datetime) -> str:
        held = self.hearing(now).held
        if held == NO_DEVICE:
            return "没有音响，没有播出。"
        return "总音量是 0，没有播出。" if held else "等得太久，不再单独播报。"

    def _show_unheard(self, now: datetime) -> None:
        """Show due announcements that cannot be heard, one after the other. Call under the lock.

        Results are left out: the wall reveals them itself.
        """
        ready = self._choice(now).ready
        waiting = {announcement.id for announcement in ready}
        self._shown &= waiting
        if not waiting - self._shown or self.hearing(now).held is None:
            return
        for announcement in sorted(ready, key=lambda one: one.id):
            if announcement.id not in self._shown and announcement.kind != RESULTS:
                self._show_silently(announcement, now)
        self._shown |= waiting

    def _show_silently(self, announcement: Announcement, now: datetime) -> None:
        with self._context.store.read() as session:
            deals = deals_in_sequence(session, announcement)
        kept = tuple(shown for shown in self._silent if shown.ends > now)[-MOST_SHOWN:]
        started = max([now, *(shown.ends for shown in kept)])
        lasts = ALARM_FOR if _urgent(announcement) else SHOWN_FOR
        shown = OnAir(announcement.id, announcement.kind, announcement.text, deals, started, started + lasts)
        self._silent = (*kept, shown)

    def _waits(self, ident: int) -> bool:
        with self._context.store.read() as session:
            announcement = session.outbox.get(ident)
        return announcement is not None and announcement.state == WAITING

    def without_voided(self, burst: Announcement) -> None:
        """Reword a burst after one of its deals was taken back, unless it is playing."""
        with self._lock:
            if self._presented(burst.id) is None:
                self._batching.without_voided(burst)

    def _job(self, announcement: Announcement) -> Job:
        script = self._scripts.build(announcement)
        return Job(announcement.id, script, announcement.priority, urgent=_urgent(announcement))

    def cancel(self, ids: Iterable[int], why: str) -> None:
        """Take announcements back, whether they wait or play. Walls leave one that plays at once."""
        for ident in ids:
            with self._lock:  # the announcer cannot take it until the change is stored
                present = self._presented(ident)
                playing = present is not None or self._is_playing(ident)
                if present is not None:
                    self._present = replace(present, taken_back=True)
                if not playing:
                    self._ended(Report(ident, "dropped", why))
            if playing:
                self._announcer.cancel(ident, why)
                self._context.feed.notify()

    def _is_playing(self, ident: int) -> bool:
        with self._context.store.read() as session:
            announcement = session.outbox.get(ident)
        return announcement is not None and announcement.state == PLAYING

    def stop_all(self) -> tuple[int, ...]:
        """End the present and all due announcements; return the ids of those that waited, for `restore`.

        Their deals go into the next round-up.
        """
        now = self._context.clock.now()
        with self._lock:
            waited = tuple(sorted(ready.id for ready in self._choice(now).ready))
            present = [self._present.id] if self._present is not None else []
            self._silent = ()
        self.cancel([*present, *waited], STOPPED)
        return tuple(ident for ident in waited if ident not in present)

    # --- what became of it

    def on_report(self, report: Report) -> None:
        """Store a report of the announcer; on a full disk retry later, because the sound goes on meanwhile."""
        try:
            self._take_in(report)
        except StoreTrouble as trouble:
            log.warning("cannot store the report on #%d yet: %s", report.id, trouble.sentence)
            with self._lock:
                self._unwritten.append(report)
            self._context.feed.notify()
        except Exception:
            with self._lock:
                self._failed.add(report.id)
            raise
        if report.state != "playing":
            with self._lock:
                if self._presented(report.id) is not None:
                    self._present = None

    def _take_in(self, report: Report) -> None:
        if report.state == "playing":
            self._gained(report.id, report.gain_db)
            self._playing(report)
        elif report.state == "waiting":
            self._still_waiting(report)
        else:
            self._ended(report)

    def _write_down_late(self) -> None:
        """Store the reports that a full disk refused, oldest first."""
        while self._unwritten:
            self._take_in(self._unwritten[0])
            with self._lock:
                self._unwritten.popleft()

    def _playing(self, report: Report) -> None:
        clock = self._context.clock
        started = clock.from_monotonic(report.started or clock.monotonic())
        ends = clock.from_monotonic(report.ends or clock.monotonic())
        with self._context.store.read() as session:
            announcement = session.outbox.get(report.id)
            deals = deals_in_sequence(session, announcement) if announcement else ()
        if announcement is None:
            return
        marks = tuple((name, clock.from_monotonic(at)) for name, at in report.marks)
        with self._lock:
            present = self._presented(report.id) or Present(report.id)
            if present.on_air is None:
                log.info("playing #%d (%s): %s", report.id, announcement.kind, announcement.text)
            self._silent = tuple(shown for shown in self._silent if shown.id != report.id)
            if not self._unwritten:
                on_air = OnAir(report.id, announcement.kind, announcement.text, deals, started, ends, marks)
                self._present = replace(present, on_air=on_air)
        if announcement.state == PLAYING:
            self._show_new_end()
        else:
            self._store_start(report, started)

    def _show_new_end(self) -> None:
        """Notify screens: no row has changed, but walls show the end."""
        self._context.feed.notify()

    def _store_start(self, report: Report, started: datetime) -> None:
        with self._context.store.write() as session:
            session.outbox.move(report.id, PLAYING, report.why, started)

    def _still_waiting(self, report: Report) -> None:
        now = self._context.clock.now()
        self._off_air(report.id)
        with self._context.store.write() as session:
            if not session.outbox.move(report.id, WAITING, report.why, now, now):
                session.outbox.postpone(report.id, now, report.why)

    def _ended(self, report: Report) -> None:
        now = self._context.clock.now()
        state = {"heard": HEARD, "dropped": DROPPED}.get(report.state, NOT_HEARD)
        self._off_air(report.id, over=state != DROPPED)
        with self._context.store.write() as session:
            announcement = session.outbox.get(report.id)
            if report.why == STOPPED and announcement is not None and announcement.deals:
                state = NOT_HEARD  # not heard to its end: its deals go into the next round-up
            moved = session.outbox.move(report.id, state, report.why, now)
            announcement = session.outbox.get(report.id)
        log.info("#%d is %s: %s", report.id, report.state, report.why)
        if announcement is not None and moved and state == NOT_HEARD:
            self._late(announcement, report.why)

    def _off_air(self, ident: int, *, over: bool = False) -> None:
        with self._lock:
            self._silent = tuple(other for other in self._silent if other.id != ident)
            present = self._presented(ident)
            if present is None or present.on_air is None:
                return
            shown = present.on_air
            self._present = replace(present, on_air=None)
            if over and shown.kind == announcement_priority.EMERGENCY:
                # Even a short one stays readable for a minute.
                self._silent = (*self._silent, replace(shown, ends=shown.started + ALARM_FOR))


def _urgent(announcement: Announcement) -> bool:
    return announcement.kind == announcement_priority.EMERGENCY


def deals_in_sequence(session: Session, announcement: Announcement) -> tuple[Deal, ...]:
    """Return the deals of an announcement as the voice names them, sorted like the functions that wrote its text."""
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
    return messages.round_up(deals, (), announcement.created).announced
