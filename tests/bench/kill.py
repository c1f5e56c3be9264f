"""Check that a thousand `kill -9` while deals are recorded, and a hundred of the speaking daemon, lose nothing.

The first part kills only the writer of the database, about every 50 ms; the second simulates power cuts of the office:
deals come in by HTTP, and each start finds the data of the last one.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "sales")]

from running import Running, timetable  # noqa: E402
from survival import faults, kill_while_recording  # noqa: E402
from table import Row  # noqa: E402

from controller.sales.store import Store  # noqa: E402

KILLS, CUTS = 1000, 100
ALL_DAY = timetable("at: 00:00-24:00, name: 全天")
SETTLED = ("heard", "merged", "dropped")


def rows() -> list[Row]:
    """Measure for about eight minutes; `KILL_CUTS` sets the number of power cuts."""
    return [_recorder(KILLS), *power_cuts(int(os.environ.get("KILL_CUTS", CUTS)))]


def _recorder(kills: int, seed: int = 1) -> Row:
    chance, promised = random.Random(seed), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.db"
        for n in range(kills):
            promised.update(kill_while_recording(path, f"run{n}", chance.random() * 0.05))
        store = Store(path)
        wrong = faults(store, promised)
        store.close()
    what = f"deals lost or damaged by {kills:,} kill -9 of their writer ({len(promised):,} confirmed)"
    return Row(what, str(len(wrong)), "0", not wrong)


def power_cuts(cuts: int, seed: int = 2) -> list[Row]:
    """Kill the whole daemon at random moments, mostly while it speaks."""
    chance, promised = random.Random(seed), []
    with tempfile.TemporaryDirectory() as name:
        house = Running(Path(name), {"SDL_AUDIODRIVER": "dummy"}, timetable=ALL_DAY)
        with house:
            for n in range(cuts):
                house.start()
                for key in (f"cut-{n}-{number}" for number in range(chance.randrange(3))):
                    status, _ = house.sell("王小明", 20_000 + n, key)
                    promised += [key] * (status == 201)
                time.sleep(chance.random() * 4)
                house.stop(kill=True)
            house.start()
            announcements = _settled(house)
            lost = set(promised) - {deal["key"] for deal in house.get("/api/deals")}
            twice = _heard_twice(announcements) + _said_after_heard(house.log())
            open_ = _unsettled(announcements)
    what = f"{cuts} power cuts of the speaking office, {len(promised)} deals"
    return [
        Row(f"{what}: lost", str(len(lost)), "0", not lost),
        Row(f"{what}: heard twice", str(twice), "0", not twice),
        Row(f"{what}: neither ended nor scheduled", str(len(open_)), "0", not open_),
    ]


def _settled(house: Running) -> list[dict[str, Any]]:
    """Return all announcements, once none is playing or due (two minutes at most)."""
    end = time.monotonic() + 120
    while True:
        announcements: list[dict[str, Any]] = house.get("/api/announcements")
        if not _unsettled(announcements) or time.monotonic() > end:
            return announcements
        time.sleep(0.5)


def _unsettled(announcements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in announcements if one["state"] not in SETTLED and not one["due"]]


def _heard_twice(announcements: list[dict[str, Any]]) -> int:
    heard = Counter(ident for one in announcements if one["state"] == "heard" for ident in one["deals"])
    return sum(1 for times in heard.values() if times > 1)


def _said_after_heard(log: str) -> int:
    """Count announcements that started again after their end was recorded."""
    over, again = set[str](), 0
    for saying, heard in re.findall(r"playing (#\d+) |(#\d+) is heard", log):
        again += bool(saying) and saying in over  # one group is empty in each match
        over |= {heard} - {""}
    return again


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ")
