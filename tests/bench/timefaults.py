"""Faults of time: 200 clock jumps, and a simulated year in two zones in which every cue is accounted for.

The jumps run on the timekeeper's real thread; the year on the whole office with its real store and a clock that the
measurement moves. Each cue ends as played, silent with a reason, or skipped with a reason.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE), str(HERE.parent), str(HERE.parent / "services")]

from fakes import HandClock  # noqa: E402
from office_made import House  # noqa: E402
from table import Row  # noqa: E402
from test_timekeeper import TUESDAY, kept, soon  # noqa: E402

from controller.services import cues as cue_service  # noqa: E402
from controller.timetable.model import Cue, DayPlan  # noqa: E402
from controller.timetable.plan import state_at  # noqa: E402

JUMPS = 200
ROOT = HERE.parents[1]
SHIPPED = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
NIGHTLY = """
  - {at: 02:30, on: every day, say: 现在是夜里两点半。}
"""
"""A cue in the hour that summer time skips and repeats."""


class TrueClock(HandClock):
    """Move in real time, so that an hour of a change to or from summer time is an hour."""

    def __init__(self, start: datetime, zone: ZoneInfo):
        super().__init__(start.astimezone(UTC))
        self.zone = zone


class YearHouse(House):
    """An office in a zone. A day takes some tens of milliseconds."""

    def __init__(self, folder: Path, first: date, zone: ZoneInfo, timetable: str):
        self.zone, self.first = zone, first
        super().__init__(folder, datetime.combine(first, datetime.min.time(), zone), timetable)

    def open(self) -> None:
        """Start the office at midnight of its first day."""
        self.clock = TrueClock(self.clock.now(), self.zone)
        super().open()

    def live(self, day: date) -> list[tuple[Cue, str]]:
        """Live through a day and return the fate of each cue."""
        plan = self.timetable_file.plan(day)
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), self.zone).astimezone(UTC)
        deal_at = end - timedelta(hours=14, minutes=7)
        moments = [(cue.at.astimezone(UTC), False) for cue in plan.cues]
        if plan.workday and day.day % 3:
            moments.append((deal_at, True))
        slept = None
        if day.day == 21:  # the machine is suspended from before the first cue of the evening to midnight
            slept = end - timedelta(hours=6, minutes=30)
        for moment, is_deal in sorted(moments):
            if slept is not None and moment > slept:
                continue
            self.clock.go_to(max(self.clock.present, moment))
            if is_deal:
                self.deal("王小明", 10_000 + day.toordinal() % 90_000)
            self._meet()
        self.clock.go_to(max(self.clock.present, end))
        self._meet()
        return [
            (cue, "skipped: the machine slept" if slept and cue.at > slept else self._fate(cue, plan))
            for cue in plan.cues
        ]

    def _meet(self) -> None:
        self.keeper.refresh()
        self.announcer.say(self.clock, seconds=0.5)

    def _fate(self, cue: Cue, plan: DayPlan) -> str:
        if cue.say is None:
            return "shown"
        with self.store.read() as session:
            row = session.outbox.by_key(cue_service._key(cue, plan))
        if row is not None:
            return (
                "played"
                if row.state == "heard"
                else f"silent: {row.why}"
                if row.why
                else f"lost: {row.state}"
            )
        if state_at(plan, cue.at).quiet:
            return "skipped: quiet time"
        with self.store.read() as session:
            lines, _ = self.office.timetable_listener.cues._lines(session, cue, plan, cue.at, final=False)
        return "lost" if lines else "skipped: nothing to say"


def timetable(zone: str, holidays: str) -> str:
    """Return the shipped timetable for another zone, with two more cues."""
    text = SHIPPED.replace("timezone: Asia/Shanghai", f"timezone: {zone}").replace(
        "holidays: CN", f"holidays: {holidays}"
    )
    assert "\ncues:\n" in text
    return text.replace("\ncues:\n", f"\ncues:{NIGHTLY}", 1)


def live_through(
    zone: str, holidays: str, first: date, days: int
) -> tuple[Counter[str], list[str], list[float]]:
    """Return how many cues ended how, those that were lost or played twice, and the memory (MB) at each month's end."""
    fates, lost, memory = Counter[str](), list[str](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        house = YearHouse(Path(folder), first, ZoneInfo(zone), timetable(zone, holidays))
        try:
            for number in range(days):
                day = first + timedelta(days=number)
                for cue, fate in house.live(day):
                    fates[fate.split("：")[0] if fate.startswith("silent") else fate] += 1
                    lost += [f"{day} {cue.at:%H:%M} {cue.say}: {fate}"] * fate.startswith("lost")
                if number % 30 == 29:
                    memory.append(_resident_mb())
            lost += _twice(house, first, days)
        finally:
            house.close()
    return fates, lost, memory


def _twice(house: House, first: date, days: int) -> list[str]:
    """Return the cues that have more than one announcement."""
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        keys = Counter(one.key for one in house.office.announced.of_day(day) if one.key.startswith("cue:"))
        found += [f"twice: {key}" for key, times in keys.items() if times > 1]
    return found


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def jumps(count: int, seed: int = 1) -> Row:
    """Set the clock of a running timekeeper `count` times, both ways, by seconds to days."""
    chance, wrong = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder, kept(Path(folder) / "keeper", TUESDAY) as office:
        for _ in range(count):
            before = len(office.seen.jumps)
            size = chance.choice((2, 30, 600, 7200, 90_000, 400_000))
            by = timedelta(seconds=chance.choice((-1, 1)) * chance.uniform(0.5, 1) * size)
            office.timetable_file.plan((office.clock.now() + by).date())
            office.clock.jump(by)
            noticed = soon(lambda n=before: len(office.seen.jumps) > n)
            right = soon(lambda: office.seen.states[-1] == _state(office))
            wrong += not (noticed and right)
        says = Counter(office.seen.cues)
    late = [cue for cue, times in says.items() if times > count // 4]
    return Row(
        f"{count} clock jumps: not noticed, or another state than a start would have",
        str(wrong),
        "0",
        not wrong and not late,
    )


def _state(office: object) -> object:
    now = office.clock.now()  # type: ignore[attr-defined]
    return state_at(office.timetable_file.plan(now.date()), now)  # type: ignore[attr-defined]


def rows() -> list[Row]:
    """Measure for some minutes; JUMPS and DAYS set the numbers."""
    days = int(os.environ.get("DAYS", "365"))
    found = [jumps(int(os.environ.get("JUMPS", JUMPS)))]
    for zone, holidays in (("Asia/Shanghai", "CN"), ("Europe/Berlin", "DE")):
        began = time.monotonic()
        fates, lost, memory = live_through(zone, holidays, date(2026, 1, 1), days)
        parts = ", ".join(f"{count} {fate}" for fate, count in fates.most_common())
        what = f"{days} days of 2026 in {zone}: cues not accounted for"
        found.append(Row(what, f"{len(lost)} ({parts}; {time.monotonic() - began:.0f} s)", "0", not lost))
        if len(memory) > 2:
            growth = memory[-1] - memory[1]
            found.append(
                Row(
                    f"memory after month 2 and at the end, {zone}",
                    f"{memory[1]:.0f}, {memory[-1]:.0f} MB",
                    "+ 15 MB",
                    growth < 15,
                )
            )
        for one in lost[:10]:
            print(one, file=sys.stderr)
    return found


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", flush=True)
