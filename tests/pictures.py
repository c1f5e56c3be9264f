"""`make pictures`: play the demo and take screenshots of walls and phone for README.md, in signage/pictures/.

Each screenshot is taken at its time of the made-up day, of the real pages in a real Chromium, and saved with 256
colours or fewer: flat ink and type look the same and a page loads fast.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from fractions import Fraction
from pathlib import Path

import av
import av.filter
from playwright.sync_api import Browser, Page, sync_playwright

from controller.daemon import Daemon
from controller.glance import Glance
from controller.simulation import demo
from controller.system.paths import Home

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "signage" / "pictures"
LARGEST = 250_000
AFTERWARDS_S = 100
"""The walls' pages alternate; each appears within this time."""
FLAGS = [
    "--accept-lang=zh-CN",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
]
WALL = {"width": 1600, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Moment:
    """A picture and when to take it; `seen`: text that must be on the page."""

    name: str
    ripe: Callable[[Glance], bool]
    page: str = "wall"
    seen: tuple[str, ...] = ()


def _at(hour: int, minute: int, second: int = 0) -> Callable[[Glance], bool]:
    begin = clock_time(hour, minute, second)
    return lambda glance: (
        begin
        <= glance.now.time()
        < (datetime.combine(glance.now.date(), begin) + timedelta(seconds=20)).time()
    )


def _said(kind: str, person: str, after: float) -> Callable[[Glance], bool]:
    """Match the celebration of a deal of `person`, `after` seconds after its chime."""

    def ripe(glance: Glance) -> bool:
        air = glance.on_air
        return (
            air is not None
            and air.kind == kind
            and any(deal.person == person for deal in air.deals)
            and (glance.now - air.started).total_seconds() > after
        )

    return ripe


def _results(glance: Glance) -> bool:
    return glance.scene == "leaderboard" and glance.now.time() > clock_time(18, 5, 20)


MOMENTS = (
    Moment("wall-welcome", _at(8, 49, 48)),
    Moment("wall-countdown", _at(9, 0, 4)),
    Moment("wall-roundup", _said("roundup", "林晓雨", 5)),
    Moment("wall-dark", _at(12, 30, 4)),
    Moment("wall-rhythm", _at(14, 41, 2)),
    Moment("wall-celebration", _said("record", "陈芳", 6)),
    Moment("wall-burst", _said("burst", "周婷", 6)),
    Moment("phone", _at(17, 55, 4), "phone"),
    Moment("phone-results", _at(17, 55, 8), "results"),
    Moment("wall-award", lambda glance: glance.scene == "award"),
    Moment("wall-leaderboard", _results, seen=(".comment.said", ".teams.ranked")),
    Moment("wall-honours", _results, seen=(".comment.said", ".honours")),
)


class Photographer:
    """Take the pictures; the demo uses `pause` to let time pass."""

    def __init__(self, daemon: Daemon, browser: Browser, wanted: set[str]):
        self._daemon, self._browser = daemon, browser
        self._left = [moment for moment in MOMENTS if not wanted or moment.name in wanted]
        self._address = f"http://127.0.0.1:{daemon.server.port}"
        self._pages = {"wall": self._wall()}
        if any(moment.page != "wall" for moment in self._left):
            self._pages["phone"] = self._pages["results"] = self._phone()

    def _wall(self) -> Page:
        page = self._browser.new_page(viewport=WALL)  # type: ignore[arg-type]
        page.goto(self._address + "/wall")
        return page

    def _phone(self) -> Page:
        page = self._browser.new_page(viewport=PHONE, device_scale_factor=2, locale="zh-CN", has_touch=True)  # type: ignore[arg-type]
        page.goto(self._address)
        page.fill("#pin", self._daemon.office.keys.pin())
        page.click("text=进入")
        return page

    def pause(self, seconds: float) -> bool:
        """Wait and take pictures that are due; return True when all are taken."""
        end = time.monotonic() + seconds
        while True:
            glance = self._daemon.office.snapshot.glance()
            for moment in [due for due in self._left if due.ripe(glance) and self._sees(due)]:
                self._take(moment)
                self._left.remove(moment)
            if not self._left:
                return True
            rest = end - time.monotonic()
            if rest <= 0:
                return False
            self._pages["wall"].wait_for_timeout(min(200, rest * 1000))

    def _sees(self, moment: Moment) -> bool:
        page = self._pages[moment.page]
        return all(page.locator(what).first.is_visible() for what in moment.seen)

    def _take(self, moment: Moment) -> None:
        page = self._pages[moment.page]
        if moment.page == "phone":
            _fill_in(page)
        elif moment.page == "results":
            page.click("nav >> text=战报")
        page.wait_for_timeout(900 if moment.page == "wall" else 1200)
        data = fewer_colours(page.screenshot())
        (FOLDER / f"{moment.name}.png").write_bytes(data)
        print(f"{moment.name}.png  {len(data) // 1000} KB")
        if len(data) > LARGEST:
            print(f"{moment.name}.png is larger than {LARGEST // 1000} KB", file=sys.stderr)

    @property
    def missing(self) -> list[str]:
        """Return the pictures that were not taken."""
        return [moment.name for moment in self._left]


def _fill_in(page: Page) -> None:
    """Fill in a deal, ready for 播报."""
    page.locator("#teams").get_by_text("先锋队", exact=True).tap()
    page.locator("#people").get_by_text("郑凯", exact=True).tap()
    page.fill("#amount", "12800")
    page.locator("#products").get_by_text("年度会员", exact=True).tap()


def fewer_colours(png: bytes, colours: int = 256) -> bytes:
    """Return the picture as PNG with its best palette."""
    with av.open(io.BytesIO(png)) as source:
        frame = next(source.decode(video=0)).reformat(format="rgb24")
    graph = av.filter.Graph()
    whole = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base="1/25")
    split = graph.add("split")
    palette = graph.add("palettegen", f"max_colors={colours}:reserve_transparent=0:stats_mode=full")
    use = graph.add("paletteuse", "dither=none")
    sink = graph.add("buffersink")
    whole.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    whole.push(frame)
    whole.push(None)
    out = io.BytesIO()
    coder = av.CodecContext.create("png", "w")
    drawn = sink.pull()
    coder.width, coder.height, coder.pix_fmt = drawn.width, drawn.height, "pal8"
    coder.options = {"compression_level": "9", "pred": "none"}
    coder.time_base = Fraction(1, 25)
    for packet in [*coder.encode(drawn), *coder.encode(None)]:
        out.write(bytes(packet))
    return out.getvalue()


def main(wanted: set[str]) -> int:
    """Play the day until all wanted pictures are taken; return 1 when some are missing."""
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    FOLDER.mkdir(exist_ok=True)
    with (
        demo.stage(Home(ROOT)) as made_up,
        demo.opened(made_up, "127.0.0.1", 0, marked=False) as daemon,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        photographer = Photographer(daemon, browser, wanted)
        with contextlib.suppress(demo.Ended):
            demo.DemoPlayer(daemon, print, photographer.pause).play()
            photographer.pause(AFTERWARDS_S)
        browser.close()
    if photographer.missing:
        print("not taken:", ", ".join(photographer.missing), file=sys.stderr)
    return 1 if photographer.missing else 0


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:])))
