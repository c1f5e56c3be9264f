"""Wake at each boundary of the day, compute the state from the timetable, and apply the difference.

`schedule` only wakes this thread. The state (sound and screens) is always computed from the timetable and the
present moment, so a start, a restart, an edit, a clock jump and a resume from sleep all lead to the same state.
A job that fails is logged and does not affect the others.
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
from controller.moments import local_time
from controller.timetable.current import TimetableFile
from controller.timetable.model import Cue, DayPlan, State
from controller.timetable.plan import due, state_at

log = logging.getLogger(__name__)

PULSE_S = 1.0
"""The longest sleep: a clock jump is noticed within this time."""
LOOK_S = 5.0
"""Interval at which the state is recomputed without any known change; each run costs about a millisecond."""
EDIT_S = WATCH_S = 1.0
"""Interval of the checks for an edited timetable and for other changes that screens show."""
ALIVE_S = 10


class Follower(Protocol):
    """The receiver of the timekeeper's calls."""

    def follow(self, plan: DayPlan, state: State, now: datetime) -> None:
        """Bring sound and walls to `state`. Called at every pulse; only differences cost anything."""

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """Handle a cue of the timetable that is due."""

    def watch(self) -> None:
        """Check, every second, for changes that send no event."""

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        """Return further moments of today at which `follow` must be called exactly."""

    def jumped(self, seconds: float) -> None:
        """Handle a clock jump: everything scheduled by the old time is void."""


class Timekeeper:
    """One thread, with `start` and `close`; `wake` makes it recompute at once."""

    def __init__(
        self,
        clock: Clock,
        timetable_file: TimetableFile,
        follower: Follower,
        alive: Callable[[], object] = lambda: None,
        speed: float = 1.0,
    ):
        """`alive` is called every ten seconds while this thread works. `speed` divides all intervals."""
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
        """Apply the state once, so that it is right when this returns; then start the thread."""
        self._guarded(self.refresh)
        self._arrange()
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._over = True
        self._wake.set()
        self._thread.join(timeout=3)

    def wake(self) -> None:
        """Recompute now: something the state depends on has changed."""
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
            elif woken or not self._scheduler.get_jobs("boundary"):  # computing it failed the last time
                self._pulse()
            self._scheduler.run_pending()

    def _patience(self) -> float:
        idle = self._scheduler.idle_seconds
        pulse_s = PULSE_S / self._speed
        return pulse_s if idle is None else min(pulse_s, max(0.0, idle))

    def _arrange(self) -> None:
        """Replace all jobs: the next boundary, the pulse, the check of the file."""
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
        ahead = [(moment - now).total_seconds() for moment in moments if moment > now]
        seconds = max(0.001, min(ahead))
        self._scheduler.clear("boundary")
        self._scheduler.every(seconds).seconds.do(self._boundary).tag("boundary")  # type: ignore[arg-type]

    def _pulse(self) -> None:
        self._guarded(self.refresh)
        self._guarded(self._at_next_boundary)  # refresh() may have postponed something

    def _boundary(self) -> type[CancelJob]:
        self._pulse()
        return CancelJob

    def _take_up_edit(self) -> None:
        if self._timetable_file.take_up():
            self.refresh()
            self._at_next_boundary()

    def _after_jump(self, seconds: float) -> None:
        log.warning("clock jumped by %.1f s", seconds)
        if seconds < 0:
            self._since = self._clock.now()
        self._follower.jumped(seconds)
        self.refresh()

    def refresh(self) -> None:
        """Compute the state of this moment and apply it; `schedule` triggers this."""
        now = self._clock.now()
        plan = self._timetable_file.plan(now.date())
        since, self._since = min(self._since, now), now
        self._guarded(partial(self._follower.follow, plan, state_at(plan, now), now))
        for cue in self._cues(plan, since, now):
            self._guarded(partial(self._follower.cue, cue, plan, now))

    def _cues(self, plan: DayPlan, since: datetime, now: datetime) -> tuple[Cue, ...]:
        """Return the cues that became due; across midnight, those of today from 00:00."""
        midnight = local_time(plan.date, datetime.min.time(), plan.zone)
        since = max(since, midnight - timedelta(microseconds=1))
        ready = due(plan, since, now)
        for cue in plan.cues:
            if since < cue.at <= now and cue not in ready:
                log.warning("missed the cue %s %s: its time passed while the machine slept or the clock was set",
                            f"{cue.at:%H:%M:%S}", cue.say or cue.show)  # fmt: skip
        return ready

    def _guarded(self, job: Callable[[], object]) -> None:
        try:
            job()
        except Exception:
            log.exception("a timekeeper job failed; the others continue")
