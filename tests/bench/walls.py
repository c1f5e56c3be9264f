"""The walls in a real Chromium: from an event to the visible picture, and picture against sound."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "signage"), str(HERE.parents[1])]

from house import House, running  # noqa: E402
from office import office  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from table import Row  # noqa: E402
from wallroom import chromium, eventually, scene  # noqa: E402

PAGES, EVENTS, ORDERS = 5, 20, 6
# On each change the moment at which the frame after the drawn one begins: then the picture is visible.
STAMP = """() => { window.stamps = {}; var old = Wall.painted; Wall.painted = function (scene, state, now) {
    old(scene, state, now);
    requestAnimationFrame(function () { requestAnimationFrame(function () {
        var key = scene + '/' + state.revision;
        if (!window.stamps[key]) { window.stamps[key] = Date.now(); }
    }); });
}; }"""


def rows() -> list[Row]:
    """Measure for about two minutes."""
    found: list[Row] = []
    for measure in (painted, in_step):
        with tempfile.TemporaryDirectory() as name:
            found += measure(Path(name))
    return found


@contextmanager
def quiet_house(folder: Path) -> Iterator[House]:
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    with running(folder / "home", sounds=False, warm=True) as house:
        yield house


def opened(browser: Browser, address: str, name: str, width: int = 1920) -> Page:
    page = browser.new_context(viewport={"width": width, "height": width * 9 // 16}).new_page()
    page.goto(f"{address}/wall/{name}")
    assert eventually(lambda: scene(page) is not None)
    page.evaluate(STAMP)
    return page


def painted(folder: Path) -> list[Row]:
    """Measure from the office's event to the visible picture on five televisions of this machine at once."""
    with quiet_house(folder) as house, chromium() as browser:
        pages = [opened(browser, house.address, f"wall-{n}", 1280) for n in range(PAGES)]
        time.sleep(2)
        notified: dict[int, float] = {}
        for _ in range(EVENTS):
            moment_ms = time.time() * 1000
            notified[house.daemon.feed.notify()] = moment_ms
            time.sleep(0.7)
        delays = []
        for page in pages:
            stamps = page.evaluate("window.stamps")
            for key, at in stamps.items():
                revision = int(key.split("/")[1])
                if revision in notified:
                    delays.append(at - notified[revision])
    if len(delays) < PAGES * EVENTS * 0.9:
        return [
            Row("event → painted on 5 real pages", f"{len(delays)} of {PAGES * EVENTS} painted", "all", False)
        ]
    worst = sorted(delays)[int(len(delays) * 0.99) - 1]
    measured = f"{statistics.median(delays):.0f} ms median, {worst:.0f} ms 99 of 100 (n={len(delays)})"
    return [Row("event → painted on 5 real pages", measured, "≤ 300 ms 99 of 100", worst <= 300)]


def in_step(folder: Path) -> list[Row]:
    """Measure the first frame of a celebration against the first sample of its chime, as recorded."""
    apart = []
    with office(folder, "at: 00:00-24:00, name: 全天") as (pulse, house), chromium() as browser:
        house.start()
        page = opened(browser, f"http://127.0.0.1:{house.port}", "main")
        for number in range(ORDERS):
            sent = time.monotonic()
            house.sell("王小明", 20000 + number, f"in-step-{number}")
            heard = pulse.recording.wait_sound(sent, 10)
            assert heard is not None
            assert eventually(lambda: _celebrated(page), 10), "no celebration"
            shown = _celebrated(page)
            assert eventually(lambda: scene(page) != "celebration", 60)
            page.evaluate("window.stamps = {}")
            apart.append(
                min(shown) - 1000 * (heard + time.time() - time.monotonic()) if shown else float("inf")
            )
            time.sleep(2)
    worst = max(apart, key=abs)
    measured = f"{statistics.median(apart):+.0f} ms median, {worst:+.0f} ms worst (n={len(apart)})"
    return [Row("picture of a celebration after its sound", measured, "within ±150 ms", abs(worst) <= 150)]


def _celebrated(page: Page) -> list[float]:
    """Return the moments (ms) at which pictures of a celebration became visible."""
    stamps = page.evaluate("window.stamps")
    return [at for key, at in stamps.items() if key.startswith("celebration/")]


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", flush=True)
