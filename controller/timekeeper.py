"""Wakes at each boundary of the day, asks the timetable what should be, and hands the difference on.

`schedule` only wakes this thread. What should sound and show is always worked out from the timetable and the
present moment, so a start, a restart, an edit, a clock that jumps and a machine that slept all end in the same
state. A job that fails is logged and harms no other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from schedule import CancelJob, Scheduler

from controller.clock import Clock, JumpWatch
from controller.timetable.current import TimetableFile
from controller.timetable.model import Cue, DayPlan, State
from controller.timetable.plan import due, state_at
from controller.timetable.times import utc

log = logging.getLogger(__name__)

PULSE_S = 1.0
"""The longest sleep: a clock that jumps is noticed this soon."""
LOOK_S = 5.0
"""All is worked out anew this often also when nothing is known to have changed; each time costs about a millisecond."""
EDIT_S = WATCH_S = 1.0
"""So soon an edit of the timetable is taken up, and whatever else screens show reaches them."""
ALIVE_S = 10


class Follower(Protocol):
    """What the timekeeper hands the time on to."""

    def follow(self, plan: DayPlan, state: State, now: datetime) -> None:
        """Make sound and walls what `state` says. Called at every pulse; only differences cost anything."""

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """A moment of the timetable has come."""

    def watch(self) -> None:
        """Called every second, to notice what changes without an event of its own."""

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """Further moments of today at which `follow` must be called exactly."""

    def jumped(self, seconds: float) -> None:
        """The clock has jumped: whatever was arranged by the old one is void."""


class Timekeeper:
    """One thread. `start` and `close`; `poke` makes it look at once."""

    def __init__(
        self,
        clock: Clock,
        timetable_file: TimetableFile,
        follower: Follower,
        alive: Callable[[], object] = lambda: None,
        speed: float = 1.0,
    ):
        """`alive` is called every ten seconds for as long as this thread works. `speed` divides all intervals."""
        self._speed = speed
        self._clock, self._timetable_file, self._follower, self._alive = (
            clock,
            timetable_file,
            follower,
            alive,
        )
        self._scheduler = Scheduler()
        self._watch = JumpWatch(clock)
        self._since = clock.now()
        self._wake = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="timekeeper", daemon=True)

    def start(self) -> None:
        """Looks once, so that the right state holds when this returns; then keeps it in a thread."""
        self._guarded(self.look)
        self._arrange()
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._over = True
        self._wake.set()
        self._thread.join(timeout=3)

    def wake(self) -> None:
        """Something that the state depends on has changed: look now."""
        self._wake.set()

    def _run(self) -> None:
        while not self._over:
            self._wake.wait(self._patience())
            woken = self._wake.is_set()
            self._wake.clear()
            jump = self._watch.jumped()
            if jump:
                self._guarded(partial(self._after_jump, jump))
                self._arrange()
            elif woken or not self._scheduler.get_jobs("boundary"):  # it could not be reckoned the last time
                self._pulse()
            self._scheduler.run_pending()

    def _patience(self) -> float:
        idle = self._scheduler.idle_seconds
        pulse_s = PULSE_S / self._speed
        return pulse_s if idle is None else min(pulse_s, max(0.0, idle))

    def _arrange(self) -> None:
        """Jobs anew: one at the next boundary, the pulse, the eye on the file."""
        self._scheduler.clear()
        self._every(LOOK_S, self._pulse)
        self._every(EDIT_S, partial(self._guarded, self._take_up_edit))
        self._every(WATCH_S, partial(self._guarded, self._follower.watch))
        self._every(ALIVE_S, partial(self._guarded, self._alive))
        self._guarded(self._at_next_boundary)

    def _every(self, seconds: float, job: Callable[[], object]) -> None:
        self._scheduler.every(seconds / self._speed).seconds.do(job)  # type: ignore[arg-type]

    def _at_next_boundary(self) -> None:
        now = self._clock.now()
        plan = self._timetable_file.plan(now.date())
        moments = [state_at(plan, now).changes_at, *(cue.at for cue in plan.cues)]
        moments += self._follower.moments(plan, now)
        ahead = [(utc(moment) - utc(now)).total_seconds() for moment in moments if utc(moment) > utc(now)]
        seconds = max(0.001, min(ahead))
        self._scheduler.clear("boundary")
        self._scheduler.every(seconds).seconds.do(self._boundary).tag("boundary")  # type: ignore[arg-type]

    def _pulse(self) -> None:
        self._guarded(self.look)
        self._guarded(self._at_next_boundary)  # a look may have put something off

    def _boundary(self) -> type[CancelJob]:
        self._pulse()
        return CancelJob

    def _take_up_edit(self) -> None:
        if self._timetable_file.refresh():
            self.look()
            self._at_next_boundary()

    def _after_jump(self, seconds: float) -> None:
        log.warning("the clock has jumped by %.1f s", seconds)
        if seconds < 0:
            self._since = self._clock.now()
        self._follower.jumped(seconds)
        self.look()

    def look(self) -> None:
        """Works out what should be now and hands it on; what `schedule` wakes."""
        now = self._clock.now()
        plan = self._timetable_file.plan(now.date())
        since, self._since = min(self._since, now), now
        self._guarded(partial(self._follower.follow, plan, state_at(plan, now), now))
        for cue in self._cues(plan, since, now):
            self._guarded(partial(self._follower.cue, cue, plan, now))

    def _cues(self, plan: DayPlan, since: datetime, now: datetime) -> tuple[Cue, ...]:
        """What has come due; across midnight today's count from 00:00."""
        midnight = datetime.combine(plan.date, datetime.min.time(), plan.zone)
        return due(plan, max(since, midnight - timedelta(microseconds=1)), now)

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception:
            log.exception("a job of the timekeeper failed; the others go on")
