"""A whole day on one wall, with 300 deals, in a quarter of an hour: memory of the page and the server.

The office is the real one, rehearsing: its clock advances in steps, so that every entry, quiet time, the round-ups and
the 18:05 results occur. Between the steps the page has time to draw.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "signage"), str(HERE.parents[1])]

from house import PEOPLE, ZONE, House, running  # noqa: E402
from playwright.sync_api import CDPSession  # noqa: E402
from table import Row  # noqa: E402
from wallroom import chromium, eventually, scene  # noqa: E402

ORDERS, STEP_S = 300, 2.4
HOURS = 9.55  # 08:35 to 18:08
RESULTS_S = 60.0
NAMES = [name for names in PEOPLE.values() for name in names]


def rows() -> list[Row]:
    """Measure for about a quarter of an hour; `WALLDAY_STEP_S` makes the steps longer (12 for a day in an hour)."""
    from datetime import datetime

    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    step = float(os.environ.get("WALLDAY_STEP_S", STEP_S))
    start = datetime(2026, 11, 23, 8, 35, tzinfo=ZONE)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "home", start, sounds=False, warm=True) as house,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{house.address}/wall/day")
        assert eventually(lambda: scene(page) is not None)
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable")
        for number in range(20):
            _sell(house, number)
            time.sleep(0.5)
        heap, nodes = _page(tools)
        memory = psutil.Process().memory_info().rss
        seen: set[str] = set()
        for number in range(20, ORDERS):
            house.daemon.clock.jump_to(start + timedelta(hours=HOURS * number / ORDERS))
            _sell(house, number)
            end = time.monotonic() + step
            while time.monotonic() < end:
                seen.add(str(scene(page)))
                time.sleep(0.3)
        # On a busy machine the top sales may still be announced when the clock has passed the results.
        if eventually(lambda: scene(page) == "leaderboard", RESULTS_S):
            seen.add("leaderboard")
        heap_after, nodes_after = _page(tools)
        grown, server = (heap_after - heap) / 1e6, (psutil.Process().memory_info().rss - memory) / 1e6
        right = page.evaluate("Wall.state().totals.day.amount") == f"{_sum():.2f}"
    pictures = {"rhythm", "countdown", "dark", "celebration", "leaderboard"}
    return [
        Row(
            f"a day of {ORDERS} orders on one page: heap grown",
            f"{grown:+.2f} MB, {nodes_after - nodes:+.0f} nodes",
            "≤ 10 MB",
            grown <= 10,
        ),
        Row("the same day: server's memory grown", f"{server:+.1f} MB", "≤ 30 MB", server <= 30),
        Row(
            "the same day: scenes seen, sum right at its end",
            f"{', '.join(sorted(seen))}; {'right' if right else 'wrong'}",
            ", ".join(sorted(pictures)),
            right and pictures <= seen,
        ),
    ]


def _amount(number: int) -> int:
    return 15_000 + number if number % 30 == 0 else 300 + 7 * number


def _sum() -> int:
    return sum(_amount(number) for number in range(ORDERS))


def _sell(house: House, number: int) -> None:
    answer = house.sell(NAMES[number % len(NAMES)], _amount(number), f"day-{number}")
    assert answer.status == 201, answer


def _page(tools: CDPSession) -> tuple[float, float]:
    tools.send("HeapProfiler.collectGarbage")
    found = {row["name"]: row["value"] for row in tools.send("Performance.getMetrics")["metrics"]}
    return found["JSHeapUsedSize"], found["Nodes"]


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ")
