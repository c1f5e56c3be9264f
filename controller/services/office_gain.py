"""By how much announcements follow the loudness of the office: usual level, gain and its reason. Pure.

The gain is half of the difference between level and usual level, as people themselves raise their voices by about
half of it in noise (Lane and Tranel, "The Lombard sign and the role of hearing in speech", 1971).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

SHARE: Final = 0.5
"""Gain per decibel of difference."""
LEAST_CHANGE_DB: Final = 1.0
"""A smaller change of the gain is not made: it is inaudible, and the gain would never rest."""
STEP_DB: Final = 2.0
"""The gain changes by so much from one measurement to the next at most."""
FULL_DAY: Final = 20
"""A day counts with so many measurements: 40 minutes in which nothing of ours sounded."""
LEAST_DAYS, MOST_DAYS = 3, 10
"""Days from which the usual level is known, and those that are kept."""

OFF: Final = "没有打开，播报保持平常的音量。"
NEVER: Final = "还没有量过，播报保持平常的音量。"
NOT_LATELY: Final = "最近十分钟没有量到，播报保持平常的音量。"
UNKNOWN: Final = "还不知道平常有多响，播报保持平常的音量。"
BACK: Final = "正在慢慢调回平常的音量。"
NOT_LOWERED: Final = "紧急广播不降低。"
WHY_NOT: Final = {
    "no_microphone": "没有找到麦克风，播报保持平常的音量。",
    "mic_muted": "麦克风被静音了，播报保持平常的音量。",
    "mic_lost": "麦克风打不开，或者断开了，播报保持平常的音量。",
    "clipped": "麦克风太灵敏，声音过载，量不准，播报保持平常的音量。",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The gain of the next announcement, and why, as people read it."""

    gain_db: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day's median of `count` measurements."""

    date: str
    level_db: float
    count: int

    def with_more(self, levels: Sequence[float]) -> Day:
        """Return the day with the measurements since the last start of the program."""
        count = self.count + len(levels)
        mean = (self.level_db * self.count + statistics.median(levels) * len(levels)) / count
        return replace(self, level_db=round(mean, 1), count=count)


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual level of one microphone: set by a person (`set_db` at `set_at`), else learnt from the last days."""

    microphone: str = ""
    set_db: float | None = None
    set_at: str | None = None
    days: tuple[Day, ...] = ()

    @property
    def full_days(self) -> tuple[Day, ...]:
        """The days with enough measurements."""
        return tuple(day for day in self.days if day.count >= FULL_DAY)

    @property
    def level_db(self) -> float | None:
        """The usual level, None while it is not known."""
        if self.set_db is not None:
            return self.set_db
        full = self.full_days
        return round(statistics.median(day.level_db for day in full), 1) if len(full) >= LEAST_DAYS else None

    def of(self, microphone: str) -> Usual:
        """Return the knowledge about this microphone: levels of two microphones cannot be compared."""
        return self if self.microphone == microphone else Usual(microphone)

    def day(self, day: date) -> Day:
        """Return the stored values of a day."""
        return next((one for one in self.days if one.date == str(day)), Day(str(day), 0.0, 0))

    def with_day(self, day: Day) -> Usual:
        """Return it with a day replaced; the oldest ones are left out."""
        days = [one for one in self.days if one.date != day.date]
        return replace(self, days=tuple([*days, day][-MOST_DAYS:]))

    def to_json(self) -> dict[str, Any]:
        """Return the stored form."""
        days = [[day.date, day.level_db, day.count] for day in self.days]
        return {
            "microphone": self.microphone,
            "set_db": self.set_db,
            "set_at": self.set_at,
            "days": days,
        }


def usual_from(kept: object) -> Usual:
    """Return the stored usual level; without one, or when it is damaged, nothing is known."""
    try:
        if not isinstance(kept, dict):
            return Usual()
        days = tuple(Day(str(name), float(level), int(count)) for name, level, count in kept["days"])
        set_db = None if kept["set_db"] is None else float(kept["set_db"])
        return Usual(str(kept["microphone"]), set_db, kept["set_at"], days)
    except (KeyError, TypeError, ValueError):
        return Usual()


def next_gain(gain_db: float, above_db: float, raise_db: float, lower_db: float) -> float:
    """Return the gain, in whole decibels, after one more measurement, `above_db` above the usual level."""
    wanted = within(SHARE * above_db, raise_db, lower_db)
    if abs(wanted - gain_db) < LEAST_CHANGE_DB:
        return gain_db
    return gain_db + max(-STEP_DB, min(STEP_DB, round(wanted) - gain_db))


def within(gain_db: float, raise_db: float, lower_db: float) -> float:
    """Return the gain inside the limits that the office has set."""
    return max(-lower_db, min(raise_db, gain_db))


def room_db(volume: int, ceiling: int) -> float:
    """Return by how much the volume can be raised: up to the ceiling of this time of day, which is 100 at most."""
    return 20 * math.log10(ceiling / volume) if 0 < volume < ceiling else 0.0


def decided(found: str, level: float | None, usual: float | None, gain_db: float, room: float) -> Decision:
    """Return the gain of the next announcement with its reason.

    `found`: by the last measurement; `level`, `usual`: of now and usual, None when not known; `gain_db`: wanted by the
    measurements; `room`: by how much the volume can be raised.
    """
    if found in WHY_NOT:
        return Decision(0.0, WHY_NOT[found])
    if level is None or usual is None:
        return Decision(0.0, NOT_LATELY if level is None else UNKNOWN)
    return _with_reason(gain_db, level - usual, room)


def _with_reason(gain_db: float, above_db: float, room: float) -> Decision:
    """Return the gain that the volume leaves room for, with its reason."""
    given, by = round(float(min(gain_db, room)), 1), f"{abs(above_db):.0f}"
    size = f"{abs(given):g}"
    if given < gain_db:
        raised = f"比平常响 {by} 分贝，总音量已经到顶，只能提高 {size} 分贝。"
        return Decision(given, raised if given > 0 else f"比平常响 {by} 分贝，总音量已经到顶，不能再提高。")
    if given == 0:
        return Decision(0.0, _not_changed(above_db, by))
    if (given > 0) != (above_db > 0):
        return Decision(given, BACK)
    if given > 0:
        return Decision(given, f"比平常响 {by} 分贝，播报提高 {size} 分贝。")
    return Decision(given, f"比平常安静 {by} 分贝，播报降低 {size} 分贝。")


def _not_changed(above_db: float, by: str) -> str:
    if abs(above_db) * SHARE < LEAST_CHANGE_DB:
        return "和平常差不多，不调。"
    return f"比平常响 {by} 分贝，设的是不提高。" if above_db > 0 else f"比平常安静 {by} 分贝，设的是不降低。"
