"""A month of the real daemon, player and voice in half an hour: memory, descriptors, threads, disk and log stay flat.

The shipped timetable and music, on SDL's dummy device and the built-in voice. The daemon's clock jumps from one busy
moment of a day to the next and runs at normal speed there; nights with their backup included. Each day has 300 deals,
walls that connect and go, and phones that look; `MONTH_DAYS` (30) and `MONTH_DAY_S` (60) make it shorter or longer.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from running import Running  # noqa: E402
from table import Row  # noqa: E402

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 11, 30)
"""A Monday: the shipped timetable decides on work days and holidays from there on."""
MOMENTS = {
    "00:00:05": 0.05, "08:29:57": 0.1, "08:49:57": 0.1, "09:59:57": 0.25, "12:29:57": 0.05, "12:54:57": 0.1,
    "17:59:57": 0.25, "18:29:57": 0.05, "23:59:50": 0.05,
}  # fmt: skip
"""Times of day, and the share of a day's seconds that is spent at each."""
DEALS_A_DAY, PHONES, WALLS = 300, 20, 20
PEOPLE = ("王小明", "陈芳", "李思思", "赵磊")
LIMITS = {"daemon": 0.3, "player": 0.1, "descriptors": 0.1, "threads": 0.1, "log": 0.3, "disk": 3.0}
"""Growth a day after the warm-up: MB, or a count."""


@dataclass(frozen=True)
class Sample:
    """The state at the end of a day; MB. `used` and `free`: in the daemon's heaps (glibc's).

    `voice`: the most memory of the voice's child on that day.
    """

    daemon: float
    used: float
    free: float
    player: float
    voice: float
    descriptors: int
    threads: int
    disk: float
    log: float


def rows() -> list[Row]:
    """Live through the days (half an hour)."""
    days, seconds = int(os.environ.get("MONTH_DAYS", "30")), float(os.environ.get("MONTH_DAY_S", "60"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ahead = folder / "ahead"
        ahead.write_text("0")
        paths = os.pathsep.join((str(HERE / "ahead"), str(HERE.parents[1])))
        env = {
            "SDL_AUDIODRIVER": "dummy",
            "PYTHONPATH": paths,
            "CLOCK_AHEAD": str(ahead),
            **service_environment(),
        }
        with Running(folder / "home", env) as house:
            month = Month(house, ahead)
            month.set_clock(datetime.combine(FIRST, datetime.min.time(), ZONE))
            house.start()
            samples = [month.live(FIRST + timedelta(days=number), seconds) for number in range(days)]
            log = house.log()
    slopes = [_slope(name, samples) for name in LIMITS]
    return [*_counts(month, days, seconds, log), *slopes, _heaps(samples), _voice(samples)]


def service_environment() -> dict[str, str]:
    """Return the variables that the service file gives the daemon."""
    lines = (HERE.parents[1] / "config" / "zhangu.service").read_text(encoding="utf-8").splitlines()
    settings = (line.removeprefix("Environment=") for line in lines if line.startswith("Environment="))
    return dict(setting.split("=", 1) for setting in settings)


class Month:
    """An office that lives through days."""

    def __init__(self, house: Running, ahead: Path) -> None:
        self._house, self._ahead = house, ahead
        self.sold = self.looks = self.failed = self.heard = 0
        self.refused: Counter[str] = Counter()
        self._voice = 0.0

    def set_clock(self, when: datetime) -> None:
        """Set the daemon's clock."""
        part = self._ahead.with_suffix(".part")
        part.write_text(str((when - datetime.now(UTC)).total_seconds()))
        part.replace(self._ahead)

    def live(self, day: date, seconds: float) -> Sample:
        """Live through a day's moments; return the state at its end."""
        self._voice = 0.0
        for number, (moment, share) in enumerate(MOMENTS.items()):
            self.set_clock(datetime.combine(day, datetime.strptime(moment, "%H:%M:%S").time(), ZONE))  # noqa: DTZ007 - only its time is used
            ends = time.monotonic() + seconds * share
            deals = DEALS_A_DAY // (len(MOMENTS) - 2) if 0 < number < len(MOMENTS) - 1 else 0
            self._work(day, number, deals)
            while time.monotonic() < ends:
                self._watch_voice()
                time.sleep(0.5)
        self.heard += sum(row["state"] == "heard" for row in self._house.get("/api/announcements"))
        sample = self._sample()
        print(f"{day}: {sample}", file=sys.stderr, flush=True)
        return sample

    def _work(self, day: date, number: int, deals: int) -> None:
        """Walls come and go, phones look, deals are recorded: two at the same time."""
        lines = [self._wall(place) for place in range(WALLS)]
        halves = [
            threading.Thread(target=self._sell, args=(f"{day}-{number}-{half}", deals // 2))
            for half in range(2)
        ]
        for half in halves:
            half.start()
        for path in ("/api/phone", "/api/deals", "/api/wall", "/health", "/api/announcements") * (
            PHONES // 5
        ):
            try:
                self._house.get(path)
                self.looks += 1
            except OSError:
                self.failed += 1
        for half in halves:
            half.join()
        for line in lines:
            line.close()

    def _wall(self, place: int) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self._house.port), 30)
        line.sendall(f"GET /events?wall=wall-{place} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            line.recv(4096)
        return line

    def _sell(self, key: str, count: int) -> None:
        for number in range(count):
            amount = 12_000 if number == 0 else 300 + number
            try:
                status, answer = self._house.sell(PEOPLE[number % len(PEOPLE)], amount, f"{key}-{number}")
                why = f"{status} {answer}"
            except OSError as error:
                status, why = 0, str(error) or type(error).__name__
            if status == 201:
                self.sold += 1
            else:
                self.refused[why[:120]] += 1

    def _children(self) -> dict[str, list[psutil.Process]]:
        found: dict[str, list[psutil.Process]] = {"daemon": [], "player": [], "voice": []}
        for number, pid in enumerate(self._house.pids()):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                words = " ".join(process.cmdline())
                kind = "daemon" if number == 0 else "player" if "player.process" in words else "voice"
                found[kind].append(process)
        return found

    def _watch_voice(self) -> None:
        with contextlib.suppress(psutil.Error):
            used = sum(one.memory_info().rss for one in self._children()["voice"]) / 1e6
            self._voice = max(self._voice, used)

    def _sample(self) -> Sample:
        found = self._children()
        daemon = found["daemon"][0]
        held = lambda kind: sum(one.memory_info().rss for one in found[kind]) / 1e6
        every = [daemon, *found["player"]]
        home = self._house.folder
        files = [file.stat() for file in (home / "var").rglob("*") if file.is_file()]
        disk = sum({one.st_ino: 512 * one.st_blocks for one in files}.values())  # backups share their files
        return Sample(
            held("daemon"), *self._heaps(), held("player"), self._voice, sum(one.num_fds() for one in every),
            sum(one.num_threads() for one in every), disk / 1e6, (home / "daemon.log").stat().st_size / 1e6,
        )  # fmt: skip

    def _heaps(self) -> tuple[float, float]:
        """Return the used and the free MB of the daemon's heaps at the last jump of its clock."""
        heaps = json.loads(Path(f"{self._ahead}.heaps").read_text())
        return (heaps["uordblks"] + heaps["hblkhd"]) / 1e6, heaps["fordblks"] / 1e6


def _counts(month: Month, days: int, seconds: float, log: str) -> list[Row]:
    tracebacks = log.count("Traceback")
    what = f"{days} days of {seconds:.0f} s: deals; refused; looks of phones and walls; of these failed; tracebacks"
    refused = "".join(f" ({times} × {why})" for why, times in month.refused.most_common(3))
    measured = (
        f"{month.sold:,}; {month.refused.total()}{refused}; {month.looks:,}; {month.failed}; {tracebacks}"
    )
    well = not (month.refused or month.failed or tracebacks) and month.sold > 0
    return [
        Row(what, measured, "0 refused, failed, tracebacks", well),
        Row(
            "of these days: announcements heard",
            f"{month.heard:,}",
            "at least one a day",
            month.heard >= days / 2,
        ),
    ]


def _slope(name: str, samples: list[Sample]) -> Row:
    """Return the growth of a value a day in the second half: caches are filled by then, and 14 backups are kept."""
    values = [float(getattr(sample, name)) for sample in samples]
    kept = values[len(values) // 2 :]
    slope = float(np.polyfit(range(len(kept)), kept, 1)[0]) if len(kept) > 1 else float("inf")
    unit = "" if name in ("descriptors", "threads") else " MB"
    measured = f"{slope:+.2f}{unit} a day; first day {values[0]:.1f}, at half-time {kept[0]:.1f}, last {kept[-1]:.1f}"
    return Row(f"{name} of the daemon and player" if not unit else name, measured, f"≤ {LIMITS[name]:+g}{unit} a day",
               slope <= LIMITS[name])  # fmt: skip


def _heaps(samples: list[Sample]) -> Row:
    """Show the daemon's pieces of memory in use, and the free ones between them."""
    three = (samples[0], samples[len(samples) // 2], samples[-1])
    measured = "; ".join(f"{sample.used:.1f}, {sample.free:.1f}" for sample in three)
    return Row("the daemon's heaps, used and free MB: first day; half-time; last", measured, "–", True)


def _voice(samples: list[Sample]) -> Row:
    most = [sample.voice for sample in samples if sample.voice]
    measured = f"{most[0]:.0f} MB on the first day, {max(most):.0f} at most" if most else "never seen"
    return Row("the voice's child", measured, "≤ first day + 20 MB", bool(most) and max(most) <= most[0] + 20)


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row, ensure_ascii=False), flush=True)
