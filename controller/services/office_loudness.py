"""Measure the loudness of the office with a microphone; announcements follow it within the timetable's limits.

Measured every two minutes of working time, only while nothing of ours has sounded for a while: the microphone would
hear our own loudspeakers. Of a recording only its level is kept. A fault never delays an announcement and leaves it at
its normal level.
"""

from __future__ import annotations

import logging
import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from controller.health import SpeakerTestValues
from controller.hearing import NO_VOICE, Hearing
from controller.sales.model import Conflict, Refused, StoreTrouble
from controller.services import office_gain
from controller.services.context import Context
from controller.services.health import working_since
from controller.services.office_gain import NEVER, NOT_LOWERED, OFF, Day, Decision, Usual
from controller.sound import microphone
from controller.sound.microphone import BUSY, FAULTS, Listened
from controller.sound.speaker import Event
from controller.timetable.model import DayPlan

log = logging.getLogger(__name__)

USUAL: Final = "office_level"
EVERY: Final = timedelta(minutes=2)
SETTLED_S: Final = 30.0
"""So long after music or an announcement people may still clap and cheer: that is not how loud the office is."""
QUIET_S: Final = 3.0
"""The same when a person measures now: only the room's echo must be over."""
STALE: Final = timedelta(minutes=10)
"""An older level says nothing about now, for example while music plays."""
SMOOTHED: Final = 3
"""The present level is the median of so many measurements."""
KEEP_EVERY: Final = 10
"""The day is stored after so many measurements: a memory card wears."""
OWN_SOUNDS: Final = frozenset(
    {"part_started", "part_ended", "done", "track", "music_ended", "toned", "lost", "ready"}
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """The last measurement. `found`: "level", or one of `microphone.FAULTS`."""

    at: datetime
    found: str
    level_db: float | None
    microphone: str


@dataclass(frozen=True, slots=True)
class Followed:
    """An announcement, and by how much it differed from its normal level."""

    at: datetime
    gain_db: float
    why: str


class OfficeLoudness:
    """Thread-safe. `levels`: see `MusicService.levels`; `music`: whether music plays; `gain`: see `Announcer.gain`."""

    def __init__(
        self, context: Context, hearing: Callable[[datetime], Hearing],
        levels: Callable[[datetime], tuple[int, int]], music: Callable[[], bool], gain: Callable[[float], None],
        measure: Callable[[str], Listened] = microphone.measure,
    ):  # fmt: skip
        self._context, self._hearing, self._levels, self._music = context, hearing, levels, music
        self._set_gain, self._measure = gain, measure
        self._lock = threading.Lock()
        self._storing = threading.Lock()
        self._running = False
        self._sounded_at = context.clock.monotonic()
        self._announcing = False
        self._tried_at: datetime | None = None
        self._last: Measurement | None = None
        self._recent: tuple[tuple[datetime, float], ...] = ()  # the last measurements
        self._today: list[float] = []
        self._day: Day | None = None  # as stored before `_today`
        self._gain_db = 0.0  # wanted by the measurements; the volume may leave less room
        self._decisions: tuple[Decision, ...] = (Decision(),)  # the last ones
        self._followed: tuple[int, Followed] | None = None  # the last announcement

    @property
    def running(self) -> bool:
        """Return whether a measurement is under way."""
        return self._running

    # --- following

    def follow(self, plan: DayPlan, now: datetime, *, trusted: bool) -> None:
        """Set the gain of the next announcement, and measure when it is due."""
        if self._music():
            self._sounded()
        with self._lock:
            self._decide(now)
        if trusted and self._due(plan, now):
            self._begin(now, learn=True)

    def _due(self, plan: DayPlan, now: datetime) -> bool:
        if not self._context.rhythm.sound.follows_office or working_since(plan, now) is None:
            return False
        if self._tried_at is not None and timedelta() <= now - self._tried_at < EVERY:
            return False
        may = all(reason.cause == NO_VOICE for reason in self._hearing(now).reasons)
        return may and self._silent_for() >= SETTLED_S

    def _silent_for(self) -> float:
        """Return the seconds since our own last sound."""
        return 0.0 if self._announcing else self._context.clock.monotonic() - self._sounded_at

    def _sounded(self) -> None:
        self._sounded_at = self._context.clock.monotonic()

    def on_speaker(self, event: Event) -> None:
        """Note our own sounds: a recording that they may be in does not count."""
        if event.kind in OWN_SOUNDS:
            self._sounded()
        if event.kind == "part_started":
            self._announcing = True
        elif event.kind in ("done", "lost"):
            self._announcing = False

    def announced(self, id: int, gain_db: float) -> None:
        """Note that an announcement plays with this gain; called repeatedly while it plays, and waits for no lock."""
        if self._followed is not None and self._followed[0] == id:
            return
        newest, *older = reversed(self._decisions)
        if newest.gain_db < 0 and gain_db == 0:
            why = NOT_LOWERED
        else:  # the gain may have changed since it began
            why = next((one.why for one in (newest, *older) if one.gain_db == gain_db), "")
        self._followed = id, Followed(self._context.clock.now(), gain_db, why)
        if gain_db:
            log.info("#%d plays %+.1f dB: the office is louder or quieter than usual", id, gain_db)

    # --- measuring

    def measure_now(self) -> None:
        """Measure for a person who waits. Raises Refused while off or while we sound, Conflict while one runs."""
        if not self._context.rhythm.sound.follows_office:
            raise Refused("先选最多提高、降低几分贝，保存以后再量。", "office_loudness")
        if self._music() or self._silent_for() < QUIET_S:
            raise Refused(
                "正在放音乐或播报，麦克风听到的是自己的声音。停下来几秒以后再量。", "office_loudness"
            )
        if not self._begin(self._context.clock.now(), learn=False):
            raise Conflict("正在量，请等几秒。", "office_loudness")

    def _begin(self, now: datetime, *, learn: bool) -> bool:
        with self._lock:
            if self._running:
                return False
            self._running, self._tried_at = True, now
        threading.Thread(target=self._run, args=(learn,), name="office-loudness", daemon=True).start()
        return True

    def _run(self, learn: bool) -> None:
        began = self._context.clock.monotonic()
        try:
            heard = self._measure(self._context.rhythm.health.microphone)
            if heard.found == BUSY or self._music() or self._sounded_at >= began:
                self._tried_at = None  # our own sound came between: again when it is over
                return
            self._conclude(heard, self._context.clock.now(), learn=learn)
        except StoreTrouble as trouble:
            log.warning("cannot store how loud the office is: %s", trouble.sentence)
        except Exception:  # no measurement may end the following ones
            log.exception("measuring the office failed")
        finally:
            with self._lock:
                self._running = False

    def _conclude(self, heard: Listened, now: datetime, *, learn: bool) -> None:
        found = heard.found if heard.found in FAULTS or heard.level_db is not None else "mic_lost"
        name = heard.microphone or self._context.rhythm.health.microphone
        with self._lock:
            if self._last is not None and name != self._last.microphone:
                self._recent = ()
                self._day = None
            self._last = Measurement(now, found, heard.level_db if found == "level" else None, name)
            if self._last.level_db is None:
                self._recent = ()
                self._gain_db = 0.0
            else:
                self._recent = (*self._recent, (now, self._last.level_db))[-SMOOTHED:]
                self._step(now)
            self._decide(now)
        log.info("office: %s, %s dB, gain %+.1f dB", found, heard.level_db, self._gain_db)
        if learn and self._last.level_db is not None:
            self._learn(self._last.level_db, name, now)

    def _level(self, now: datetime) -> float | None:
        """Return the present level, None when it has not been measured for a while."""
        levels = [level for at, level in self._recent if abs(now - at) < STALE]
        return round(statistics.median(levels), 1) if levels else None

    def _step(self, now: datetime) -> None:
        sound, level, usual = self._context.rhythm.sound, self._level(now), self._usual().level_db
        if level is None or usual is None:
            self._gain_db = 0.0
            return
        limits = sound.office_raise_db, sound.office_lower_db
        self._gain_db = office_gain.next_gain(self._gain_db, level - usual, *limits)

    # --- the gain

    def _decide(self, now: datetime) -> None:
        """Set the gain and its reason. Call under the lock."""
        sound = self._context.rhythm.sound
        if not sound.follows_office:
            self._forget()
        self._gain_db = office_gain.within(self._gain_db, sound.office_raise_db, sound.office_lower_db)
        decision = self._decision(now)
        if decision != self._decisions[-1]:
            self._decisions = (*self._decisions, decision)[-4:]
            self._set_gain(decision.gain_db)

    def _decision(self, now: datetime) -> Decision:
        if not self._context.rhythm.sound.follows_office:
            return Decision(0.0, OFF)
        if self._last is None:
            return Decision(0.0, NEVER)
        return office_gain.decided(
            self._last.found, self._level(now), self._usual().level_db, self._gain_db,
            office_gain.room_db(*self._levels(now)),
        )  # fmt: skip

    def _forget(self) -> None:
        self._recent = ()
        self._last, self._gain_db, self._tried_at = None, 0.0, None

    # --- the usual level

    def _usual(self) -> Usual:
        """Return the usual level of the microphone in use; nothing while the store cannot be read."""
        try:
            usual = office_gain.usual_from(self._context.preferences.get(USUAL))
        except StoreTrouble:
            return Usual()
        return usual.of(self._last.microphone) if self._last is not None else usual

    def _learn(self, level_db: float, name: str, now: datetime) -> None:
        """Add a level to its day. Only the day's median is stored, from time to time."""
        with self._storing:
            usual = self._usual().of(name)
            if self._day is None or self._day.date != str(now.date()):
                self._day, self._today = usual.day(now.date()), []
            self._today.append(level_db)
            if len(self._today) % KEEP_EVERY == 0:
                self._keep(usual.with_day(self._day.with_more(self._today)), quiet=True)

    def set_usual(self) -> None:
        """Take the present level as the usual one. Raises Refused when it is not known."""
        now, last = self._context.clock.now(), self._last
        with self._storing:
            level = self._level(now)
            if level is None or last is None:
                raise Refused("还没有量到现在的声音。先点“现在量一次”。", "office_loudness")
            self._keep(replace(self._usual().of(last.microphone), set_db=level, set_at=now.isoformat()))
        self._begin_again(now)

    def learn_again(self) -> None:
        """Forget the usual level, and learn it from the next days."""
        last = self._last
        with self._storing:
            self._keep(Usual(last.microphone if last is not None else ""))
            self._day = None
        self._begin_again(self._context.clock.now())

    def _begin_again(self, now: datetime) -> None:
        with self._lock:
            self._gain_db = 0.0
            self._decide(now)

    def _keep(self, usual: Usual, *, quiet: bool = False) -> None:
        self._context.preferences.set(USUAL, usual.to_json(), quiet=quiet)

    # --- present state

    def values(self) -> SpeakerTestValues:
        """Return the values for the judgement of health; while it is off nothing is judged."""
        on, last = self._context.rhythm.sound.follows_office, self._last
        if not on or last is None:
            return SpeakerTestValues(on)
        return SpeakerTestValues(True, last.found, last.at, last.microphone)

    def status(self) -> dict[str, Any]:
        """Return the state for the phone."""
        now, sound = self._context.clock.now(), self._context.rhythm.sound
        with self._lock:
            usual, last, decision = self._usual(), self._last, self._decisions[-1]
            followed = self._followed[1] if self._followed else None
            level = self._level(now)
        return {
            "on": sound.follows_office,
            "raise_db": sound.office_raise_db,
            "lower_db": sound.office_lower_db,
            "running": self._running,
            "level_db": level,
            "measured_at": last.at.isoformat() if last else None,
            "found": last.found if last else None,
            "microphone": last.microphone if last else "",
            "usual_db": usual.level_db,
            "usual_set_at": usual.set_at,
            "days": len(usual.full_days),
            "days_needed": office_gain.LEAST_DAYS,
            "room_db": round(office_gain.room_db(*self._levels(now)), 1),
            "gain_db": decision.gain_db,
            "why": decision.why,
            "last": _followed_json(followed) if followed else None,
        }


def _followed_json(followed: Followed) -> dict[str, Any]:
    return {"at": followed.at.isoformat(), "gain_db": followed.gain_db, "why": followed.why}
