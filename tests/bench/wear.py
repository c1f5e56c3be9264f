"""Bytes that a day writes on the card: idle, and with 300 deals.

As root the home is on a separate file system in a file (ext4), whose counter includes the journal and metadata;
otherwise only the pages are counted that the daemon and its children make dirty. `WEAR_MINUTES` sets the idle time
(60), from which the day is extrapolated.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from running import Running, timetable  # noqa: E402
from table import Row  # noqa: E402

DAY = timetable("at: 00:00-24:00, name: 全天, music: morning")
CARD_MB, LIMIT_MB = 700, 50
WALLS, WALL_EVERY_S = 3, 10
DEALS, DEALS_A_DAY = 30, 300
SETTLE_S = 60
"""After the first backup, which copies all music once, the kernel writes the rest."""


def rows() -> list[Row]:
    """Measure for a little more than `WEAR_MINUTES`."""
    minutes = float(os.environ.get("WEAR_MINUTES", "60"))
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("WEAR_DIR")) as folder,
        _card(Path(folder)) as (
            place,
            counted,
        ),
        _memory() as memory,
        Running(
            place / "home", {"SDL_AUDIODRIVER": "dummy", "RUNTIME_DIRECTORY": memory}, timetable=DAY
        ) as house,
    ):
        house.start()
        how = counted if counted is not None else _Family(house).written
        _first_backup(house)
        _pass(house, SETTLE_S)
        idle, spent = _during(how, lambda: _pass(house, 60 * minutes))
        deals, _ = _during(how, lambda: _sell(house, DEALS))
        backup, _ = _during(how, lambda: _back_up(house))
    day_idle = idle / spent * 86_400 + backup
    day_busy = day_idle + deals / DEALS * DEALS_A_DAY
    by = "counted by the file system" if counted is not None else "pages made dirty"
    what = (
        f"bytes written, {minutes:.0f} idle minutes, {WALLS} walls, music, extrapolated, with a backup, {by}"
    )
    return [
        Row(f"{what}: idle day", _mb(day_idle), f"≤ {LIMIT_MB} MB", day_idle <= LIMIT_MB * 1e6),
        Row(f"the same with {DEALS_A_DAY} announced deals", _mb(day_busy), "≤ 200 MB", day_busy <= 200e6),
        Row(
            "of these: an idle hour; a deal; a backup",
            f"{_mb(idle / spent * 3600)}; {deals / DEALS / 1e3:.0f} KB; {_mb(backup)}",
            "",
            True,
        ),
    ]


def _mb(count: float) -> str:
    return f"{count / 1e6:.1f} MB"


@contextlib.contextmanager
def _card(folder: Path) -> Iterator[tuple[Path, Callable[[], float] | None]]:
    """Yield a folder, and its count of bytes written if it is a separate file system."""
    image, place = folder / "card.img", folder / "card"
    place.mkdir()
    with image.open("wb") as made:
        made.truncate(CARD_MB * 1_000_000)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    mounted = (
        os.geteuid() == 0
        and subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", image], **quiet).returncode == 0  # type: ignore[call-overload]
        and subprocess.run(["mount", "-o", "loop,noatime", image, place], **quiet).returncode == 0  # type: ignore[call-overload]
    )
    if not mounted:
        yield place, None
        return
    try:
        source = next(
            line.split()[0]
            for line in Path("/proc/mounts").read_text().splitlines()
            if line.split()[1] == str(place)
        )
        counter = Path("/sys/fs/ext4") / Path(source).name / "session_write_kbytes"
        yield place, lambda: 1024.0 * int(counter.read_text())
    finally:
        subprocess.run(["umount", place], check=False)


@contextlib.contextmanager
def _memory() -> Iterator[str]:
    """Yield a folder in memory, as the package's unit gives one to the daemon under /run."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield folder


class _Family:
    """Count by /proc/PID/io; a child that has ended keeps its last figure."""

    def __init__(self, house: Running) -> None:
        assert house.process is not None
        self._daemon, self._seen = psutil.Process(house.process.pid), dict[int, float]()

    def written(self) -> float:
        for one in (self._daemon, *self._daemon.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                self._seen[one.pid] = float(one.io_counters().write_bytes)
        return sum(self._seen.values())


def _during(written: Callable[[], float], work: Callable[[], object]) -> tuple[float, float]:
    """Return the bytes written by `work`, also those still in memory, and its seconds."""
    os.sync()
    before, began = written(), time.monotonic()
    work()
    spent = time.monotonic() - began
    os.sync()
    return written() - before, spent


def _pass(house: Running, seconds: float) -> None:
    """Let time pass while walls fetch their state and report their painting."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number in range(WALLS):
            house.get(f"/api/wall?name=wall{number}")
            house.call("POST", f"/api/walls/wall{number}/painted", {"scene": "rhythm", "revision": 1})
        time.sleep(min(WALL_EVERY_S, max(0.1, end - time.monotonic())))


def _sell(house: Running, count: int) -> None:
    """Record deals and wait until they are announced."""
    for number in range(count):
        house.sell("王小明", 20_000 + 10 * number, f"wear-{number}")
        time.sleep(2)
    end = time.monotonic() + 600
    while any(row["state"] in ("waiting", "playing") for row in house.get("/api/announcements")):
        assert time.monotonic() < end
        time.sleep(1)


def _first_backup(house: Running) -> None:
    """Wait for the backup that a new box makes some minutes after its start."""
    end = time.monotonic() + 600
    while not list((house.folder / "var" / "backups").glob("zhangu-*.zip")):
        assert time.monotonic() < end
        _pass(house, 10)


def _back_up(house: Running) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.port}/api/backups",
        b"{}",
        {"Content-Type": "application/json", "Authorization": f"Bearer {house.token}"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=60):
        pass
    end = time.monotonic() + 120
    while house.get("/api/backups")["busy"]:
        assert time.monotonic() < end
        time.sleep(0.5)
