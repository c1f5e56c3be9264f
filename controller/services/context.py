"""What all services share: store, clock, timetable, and the signal of a change."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from controller.changes import Changes
from controller.clock import Clock
from controller.feed import Feed
from controller.sales.announcement_policy import HUSHED
from controller.sales.messages import Words
from controller.sales.store import Session, Store
from controller.services.announcement_priority import Silence, hour_of
from controller.services.mute import Mute, mute_of
from controller.sound.mandarin import amount_in_words, count_in_words
from controller.timetable.current import TimetableFile
from controller.timetable.model import DayPlan, State, Timetable
from controller.timetable.plan import state_at

MUTE = "hush"
"""The preference that keeps the last mute."""
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

    def set(self, name: str, value: object, *, quiet: bool = False) -> None:
        """Keeps whatever JSON can hold; None forgets. On the disk when it returns. `quiet`: see `Store.write`."""
        with self._store.write(quiet=quiet) as session:
            session.desk.set_setting(name, value)
            session.after_commit(lambda: self._remember(name, value))

    def _remember(self, name: str, value: object) -> None:
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

    @property
    def changes(self) -> Changes:
        """The signal of the store's commits; also for changes of what the store does not hold."""
        return self.store.changes

    def plan(self, now: datetime) -> DayPlan:
        """The plan of the day of `now`."""
        return self.timetable_file.plan(now.date())

    def state(self, now: datetime) -> State:
        """What should be at `now`."""
        return state_at(self.plan(now), now)

    def next_workday(self, day: date) -> date:
        """The first working day after `day`; the next day when none is found in two months."""
        return self.timetable_file.workday_after(day) or day + timedelta(days=1)

    def last_mute(self, now: datetime) -> Mute | None:
        """The mute that is on at `now`, else the last one; None when there was none."""
        return mute_of(self.kept.get(MUTE), now)

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Today's quiet times and the last mute, also those that are over or still to come."""
        found = [
            Silence(entry.at, entry.until, f"{entry.name}时间", f"{entry.name}时间结束，现在播报。")
            for entry in self.plan(now).entries
            if entry.quiet
        ]
        mute = self.last_mute(now)
        if mute is not None:
            over = "静音提前结束，现在播报。" if mute.early else "静音结束，现在播报。"
            found.append(Silence(mute.since, mute.until, HUSHED, over))
        return tuple(found)

    def muted_until(self, now: datetime) -> datetime | None:
        """When the mute ends; None when there is none at `now`."""
        mute = self.last_mute(now)
        return mute.until if mute is not None and mute.since <= now < mute.until else None

    def unmuted_at(self, now: datetime) -> datetime | None:
        """When something may sound after the mute: its end or, if that is in a quiet time, the end of that."""
        until = self.muted_until(now)
        if until is None or until.date() != now.date():
            return until
        return self.state(until).quiet_until or until


def spent_s(session: Session, now: datetime) -> float:
    """How long something was said since the last full hour."""
    return session.outbox.talked_s(hour_of(now), now)


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
