"""The timetable in force: read from the file, kept when an edit is faulty; the source of each day's plan.

A valid file is copied to `last-good`, so that a start with a faulty file uses the last valid timetable.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from controller.changes import Changes
from controller.system.atomic_file import is_complete, make_folder, rewrite, stamp_of
from controller.timetable.changed_day import calendar
from controller.timetable.exceptions import DayException
from controller.timetable.load import hints, load
from controller.timetable.model import DayPlan, Timetable
from controller.timetable.plan import plan_for, usual
from controller.timetable.problems import TimetableInvalid
from controller.timetable.public_holidays import kept_in
from controller.timetable.workdays import Workdays

log = logging.getLogger(__name__)

Exceptions = Mapping[date, Sequence[DayException]]


class TimetableFile:
    """Thread-safe. `faults`: one sentence per fault of an edit that is not in force; empty when the file is valid.

    `changes` is notified after each edit, including a faulty one.
    """

    def __init__(self, path: Path, last_good: Path):
        self._path, self._last_good = path, last_good
        self._lock = threading.Lock()
        self._stamp = self._seen = stamp_of(path)
        self._plans: dict[date, DayPlan] = {}
        self._exceptions: Exceptions = {}
        self._hint_lock = threading.Lock()
        self._hinted: tuple[tuple[Timetable, date, tuple[str, ...] | None], tuple[str, ...]] | None = None
        self.faults: tuple[str, ...] = ()
        self.changes = Changes()
        self.rhythm, self._usual_days = self._first()
        self._workdays = self._usual_days

    @property
    def path(self) -> Path:
        """The file that people edit."""
        return self._path

    def _first(self) -> tuple[Timetable, Workdays]:
        """Load the file, else its last good copy. Raises TimetableInvalid when neither can be used."""
        try:
            rhythm = load(self._path)
        except TimetableInvalid as faulty:
            try:
                rhythm = load(self._last_good)
            except TimetableInvalid:
                raise faulty from None  # report the file that people edit, not its copy
            self.faults = tuple(str(fault) for fault in faulty.faults)
            log.warning("timetable invalid, using the last good copy: %s", " ".join(self.faults))
            return rhythm, self._days(rhythm)
        self._keep_copy()
        return rhythm, self._days(rhythm)

    def _days(self, rhythm: Timetable) -> Workdays:
        look = kept_in(self._last_good.parent / "cache" / "public-days")
        return Workdays(rhythm.holidays, rhythm.days_off, rhythm.extra_workdays, look)

    def plan(self, day: date) -> DayPlan:
        """Return the plan of a date by the timetable in force."""
        with self._lock:
            if day not in self._plans:
                if len(self._plans) > 40:
                    self._plans.clear()
                self._plans[day] = plan_for(day, self.rhythm, self._workdays, self._exceptions.get(day, ()))
            return self._plans[day]

    def plan_with(self, day: date, exceptions: Sequence[DayException]) -> DayPlan:
        """Return the plan of a date as if it had only these exceptions."""
        with self._lock:
            rhythm, days, changed = self.rhythm, self._usual_days, {**self._exceptions, day: exceptions}
        return plan_for(day, rhythm, calendar(days, changed), exceptions)

    def except_on(self, exceptions: Exceptions) -> None:
        """Use these exceptions, by date, in place of the former ones. The caller signals the change."""
        with self._lock:
            if self._exceptions == exceptions:
                return  # the plans stay
            self._exceptions = dict(exceptions)
            self._workdays = calendar(self._usual_days, self._exceptions)
            self._plans.clear()

    def preview(self, rhythm: Timetable, day: date) -> DayPlan:
        """Return the plan of a date by a timetable that is not in force, with the exceptions that are."""
        with self._lock:
            exceptions = dict(self._exceptions)
        return plan_for(day, rhythm, calendar(self._days(rhythm), exceptions), exceptions.get(day, ()))

    def usual(self, day: date) -> DayPlan:
        """Return the usual plan of the first working day from `day` on; see `plan.usual`."""
        with self._lock:
            rhythm, workdays = self.rhythm, self._usual_days
        ahead = (day + timedelta(days=n) for n in range(32))
        return plan_for(next((d for d in ahead if workdays.works(d)), day), usual(rhythm), workdays)

    def works(self, day: date) -> bool:
        """Return whether a date is a working day. Cheap enough to look back over months."""
        with self._lock:
            return self._workdays.works(day)

    def workday_after(self, day: date) -> date | None:
        """Return the first working day after a date; None when there is none within two months."""
        with self._lock:
            return self._workdays.next(day)

    def workday_before(self, day: date) -> date | None:
        """Return the last working day before a date; None when there is none within two months."""
        with self._lock:
            return self._workdays.previous(day)

    def hints(self, today: date, teams: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return sentences about rules that will never apply, with advice; see `load.hints`."""
        with self._hint_lock:  # a separate lock: loading new years takes seconds, and plan() must not wait
            rhythm = self.rhythm
            asked = (rhythm, today, teams)
            if self._hinted is None or self._hinted[0] != asked:
                self._hinted = asked, hints(rhythm, self._days(rhythm), today, teams)
            return self._hinted[1]

    def take_up(self) -> bool:
        """Load an edit when it is complete; return as `refresh`. Call it every second.

        The first half of a file may be a valid timetable, without the afternoon.
        """
        stamp, before = stamp_of(self._path), self._seen
        self._seen = stamp
        return is_complete(stamp, before, self._stamp) and self.refresh()

    def refresh(self) -> bool:
        """Load an edit of the file; return whether anything visible has changed.

        A faulty edit changes only `faults`. `SnapshotBuilder.watch` notifies the screens.
        """
        stamp = stamp_of(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            rhythm = load(self._path)
        except TimetableInvalid as faulty:
            self.faults = tuple(str(fault) for fault in faulty.faults)
            log.warning("timetable edit invalid, not loaded: %s", " ".join(self.faults))
            self.changes.notify()
            return True
        with self._lock:
            self.rhythm, self._usual_days = rhythm, self._days(rhythm)
            self._workdays = calendar(self._usual_days, self._exceptions)
            self._plans.clear()
            self.faults = ()
        self._keep_copy()
        log.info("timetable edit loaded")
        self.changes.notify()
        return True

    def _keep_copy(self) -> None:
        try:
            make_folder(self._last_good.parent)
            rewrite(self._last_good, self._path.read_bytes())
        except OSError as error:
            log.warning("could not save a copy of the valid timetable: %s", error)
