"""Shared by all services: store, clock, timetable, the signal of changes; and the mute."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from controller.changes import Changes
from controller.clock import Clock
from controller.feed import Feed
from controller.hearing import Hearing
from controller.sales.announcement_policy import BY_MUTE
from controller.sales.messages import Words
from controller.sales.store import Session, Store
from controller.services.announcement_priority import Silence, hour_of
from controller.sound.mandarin import amount_in_words, count_in_words
from controller.timetable.current import TimetableFile
from controller.timetable.model import DayPlan, State, Timetable
from controller.timetable.plan import state_at

MUTE = "hush"
"""The preference that keeps the last mute."""
UNANNOUNCED = "这段时间不播报"
"""Start of the reason for announcements postponed by an exception of the date."""
MOST_KEPT = 5000
"""Maximum number of cached values; an office of 2,000 people needs fewer."""


JOINED = timedelta(minutes=2)
"""A mute that starts within this time after the last one continues it: announcements postponed by the last are not
stale."""


@dataclass(frozen=True, slots=True)
class Mute:
    """A mute from `since` to `until`, both in the office's zone. `early`: a person ended it before its time."""

    since: datetime
    until: datetime
    early: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the stored form."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), "early": self.early}

    def ended(self, now: datetime) -> Mute:
        """Return the mute as ended by a person at `now`."""
        return Mute(self.since, min(self.until, now), self.until > now)


def mute_of(kept: object, now: datetime) -> Mute | None:
    """Return the last mute from its stored form, also when it is over; None when there was none."""
    if not isinstance(kept, dict):
        return None
    since, until = (
        datetime.fromisoformat(str(kept[name])).astimezone(now.tzinfo) for name in ("since", "until")
    )
    return Mute(since, until, bool(kept.get("early", False)))


def muted(last: Mute | None, over: datetime, until: datetime, now: datetime) -> Mute:
    """Return a mute from `now` on, which continues the last one if that is in force or has just ended.

    `over`: the end of the last one, including a quiet time that followed directly.
    """
    since = now
    if last is not None and last.since <= now < over + JOINED:
        since = last.since
    return Mute(since, until)


class HearingAt(Protocol):
    """See `MusicService.hearing`."""

    def __call__(self, now: datetime, state: State | None = None) -> Hearing: ...


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision made when the request was accepted; the same for each repetition of the request."""

    kept: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return `{"when", "why", "kind"}`; see `announcement_policy.Decision.to_json`."""
        return dict(self.kept)


class Preferences:
    """Choices of people that survive a restart. Read once, then served from memory; thread-safe."""

    def __init__(self, store: Store):
        self._store = store
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}
        store.when_healed(self._forget)

    def _forget(self) -> None:
        with self._lock:
            self._values.clear()

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value stored under `name`, or `default`."""
        with self._lock:
            if name not in self._values:
                with self._store.read() as session:
                    value = session.settings.setting(name)
                if len(self._values) >= MOST_KEPT:  # requests for missing songs can add names without end
                    self._values.clear()
                self._values[name] = value
            value = self._values[name]
        return default if value is None else value

    def set(self, name: str, value: object, *, quiet: bool = False) -> None:
        """Store a JSON value, on the disk when this returns; None removes it. `quiet`: see `Store.write`."""
        with self._store.write(quiet=quiet) as session:
            session.settings.set_setting(name, value)
            session.after_commit(lambda: self.remember(name, value))

    def remember(self, name: str, value: object) -> None:
        """Serve a value that another transaction has stored; call it after the commit."""
        with self._lock:
            self._values[name] = value


@dataclass(frozen=True, slots=True)
class Context:
    """The objects that every service gets; has no state."""

    clock: Clock
    timetable_file: TimetableFile
    store: Store
    feed: Feed
    preferences: Preferences

    @property
    def rhythm(self) -> Timetable:
        """The timetable in force."""
        return self.timetable_file.rhythm

    @property
    def changes(self) -> Changes:
        """The signal of the store's commits; also used for changes outside the store."""
        return self.store.changes

    def plan(self, now: datetime) -> DayPlan:
        """Return the plan of the day of `now`."""
        return self.timetable_file.plan(now.date())

    def state(self, now: datetime) -> State:
        """Return the timetable's state at `now`."""
        return state_at(self.plan(now), now)

    def next_workday(self, day: date) -> date:
        """Return the first workday after `day`; the next day when there is none in two months."""
        return self.timetable_file.workday_after(day) or day + timedelta(days=1)

    def last_mute(self, now: datetime) -> Mute | None:
        """Return the mute in force at `now`, else the last one; None when there was none."""
        return mute_of(self.preferences.get(MUTE), now)

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Return today's quiet times, spans without announcements and the last mute, past and future ones included."""
        silences = [
            Silence(entry.at, entry.until, f"{entry.name}时间", f"{entry.name}时间结束，现在播报。")
            for entry in self.plan(now).entries
            if entry.quiet
        ]
        for since, until in self.plan(now).no_announcements:
            silences.append(Silence(since, until, UNANNOUNCED, "不播报的时间结束，现在播报。"))
        mute = self.last_mute(now)
        if mute is not None:
            over = "静音提前结束，现在播报。" if mute.early else "静音结束，现在播报。"
            silences.append(Silence(mute.since, mute.until, BY_MUTE, over))
        return tuple(silences)

    def muted_until(self, now: datetime) -> datetime | None:
        """Return when the mute ends; None when there is none at `now`."""
        mute = self.last_mute(now)
        return mute.until if mute is not None and mute.since <= now < mute.until else None

    def unmuted_at(self, now: datetime) -> datetime | None:
        """Return when sound is allowed after the mute: its end or, if that is in a quiet time, the end of that."""
        until = self.muted_until(now)
        if until is None or until.date() != now.date():
            return until
        return self.state(until).silent_until or until


def spent_s(session: Session, now: datetime) -> float:
    """Return the seconds of announcements since the last full hour."""
    return session.outbox.talked_s(hour_of(now), now)


# --- Numbers in words

WORDS = Words(amount_in_words, count_in_words)
