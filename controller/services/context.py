"""What all services share: store, clock, timetable, and the signal of a change."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from controller.clock import Clock
from controller.feed import Feed
from controller.sales.messages import Words
from controller.sales.store import Store
from controller.sound.mandarin import amount_in_words, count_in_words
from controller.timetable.current import TimetableFile
from controller.timetable.model import DayPlan, State, Timetable
from controller.timetable.plan import state_at

PERIODS = ("day", "week", "month")
MOST_KEPT = 5000
"""Values held in memory; an office of 2,000 people asks for fewer."""


class Preferences:
    """Small things that people chose and that outlive a restart. Read once, then from memory; thread-safe."""

    def __init__(self, store: Store):
        self._store = store
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}
        store.when_healed(self._forget)

    def _forget(self) -> None:
        with self._lock:
            self._values.clear()

    def get(self, name: str, default: Any = None) -> Any:
        """What was kept under that name, or `default`."""
        with self._lock:
            if name not in self._values:
                with self._store.read() as session:
                    value = session.desk.setting(name)
                if (
                    len(self._values) >= MOST_KEPT
                ):  # whoever asks for songs that are not there asks for ever new ones
                    self._values.clear()
                self._values[name] = value
            found = self._values[name]
        return default if found is None else found

    def set(self, name: str, value: object) -> None:
        """Keeps whatever JSON can hold; None forgets. On the disk when it returns."""
        with self._store.write() as session:
            session.desk.set_setting(name, value)
        with self._lock:
            self._values[name] = value


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every desk; holds nothing of its own."""

    clock: Clock
    timetable_file: TimetableFile
    store: Store
    feed: Feed
    kept: Preferences

    @property
    def rhythm(self) -> Timetable:
        """The timetable in force."""
        return self.timetable_file.rhythm

    def plan(self, now: datetime) -> DayPlan:
        """The plan of the day of `now`."""
        return self.timetable_file.plan(now.date())

    def state(self, now: datetime) -> State:
        """What should be at `now`."""
        return state_at(self.plan(now), now)

    def next_workday(self, day: date) -> date:
        """The first working day after `day`; the next day when none is found in two months."""
        return self.timetable_file.workday_after(day) or day + timedelta(days=1)


def period_of(period: str, day: date) -> tuple[date, date]:
    """First and last date of the day, week (from Monday) or month that `day` is in."""
    if period == "day":
        return day, day
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


# --- How the office says numbers

WORDS = Words(amount_in_words, count_in_words)
