"""axe-core on phone (tabs and sheets), timetable, every wall scene, poster and pairing page: no serious violations.

Downloaded from npm into a temporary folder and deleted: no third-party code is in this repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "signage"), str(HERE.parents[1])]

from glances import moment  # noqa: E402
from house import running  # noqa: E402
from phonesheets import OPENED, closed, each_sheet  # noqa: E402
from playwright.sync_api import Browser, Page, ViewportSize  # noqa: E402
from table import Row  # noqa: E402
from wallroom import Room, chromium  # noqa: E402

from tests.storybook import stories  # noqa: E402

VERSION = "4.10.2"
PHONE: ViewportSize = {"width": 390, "height": 844}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOCALES = ("zh-CN", "en-GB")
SERIOUS = ("serious", "critical")
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .map(v => [v.impact, v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(', ')])"""


def rows() -> list[Row]:
    """Check all pages in about a minute; without npm report that."""
    with tempfile.TemporaryDirectory() as name:
        script = _fetched(Path(name))
        if script is None:
            return [
                Row(
                    "axe-core on phone and walls",
                    "not measured: no npm or no network",
                    "nothing serious",
                    True,
                )
            ]
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
        with chromium() as browser:
            return [
                *(
                    _row(
                        f"phone's tabs and sheets, poster, pairing, {scheme}, {locale}",
                        _phone(Path(name), browser, script, scheme, locale),
                    )
                    for scheme in SCHEMES
                    for locale in LOCALES
                ),
                _row(f"walls, {len(stories())} stories", _walls(browser, script)),
            ]


def _fetched(folder: Path) -> str | None:
    """Return the script's text; None when it is not available."""
    if not shutil.which("npm"):
        return None
    words = [
        "npm",
        "install",
        "--prefix",
        str(folder),
        "--ignore-scripts",
        "--no-save",
        f"axe-core@{VERSION}",
    ]
    if subprocess.run(words, capture_output=True, timeout=120, check=False).returncode:
        return None
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def _look(page: Page, script: str) -> Iterator[tuple[str, str]]:
    page.evaluate(script)
    found: list[Any] = page.evaluate(RUN)
    yield from ((impact, what) for impact, what in found)


def _phone(
    folder: Path, browser: Browser, script: str, scheme: Literal["light", "dark"], locale: str
) -> list[tuple[str, str]]:
    """Check the sign-in, each tab, each opened sheet, and the pages that need no PIN."""
    found: list[tuple[str, str]] = []

    def look(place: str) -> None:
        found.extend((impact, f"{place}: {what}") for impact, what in _look(page, script))

    with running(folder / f"{scheme}-{locale}", sounds=False) as house:
        house.sell("王小明", 12800, "an-order")
        house.call("POST", "/api/walls/hall/painted", {"scene": "rhythm", "width": 1920}, role=None)
        house.call("PUT", "/api/targets", {"team": "猛虎队", "amount": 100000})
        context = browser.new_context(bypass_csp=True, viewport=PHONE, color_scheme=scheme, locale=locale)
        page = context.new_page()
        page.goto(f"{house.address}/login")
        look("login")
        invited = house.call(
            "POST", "/api/access/phones", {"role": "owner", "name": "desk"}, role="owner"
        ).json
        page.goto(f"{house.address}/join/{invited['link'].rsplit('/', 1)[1]}")
        look("join")
        page.click(".go")
        page.wait_for_selector("nav.tabs")
        for tab, sheets in OPENED.items() if locale == "zh-CN" else ():
            page.goto(f"{house.address}/#{tab}")
            page.reload()
            page.wait_for_timeout(300)
            for opened in sheets:
                opened(page)
                page.wait_for_timeout(200)
                look(f"{tab}, {opened.__name__}")
                closed(page)
        for place in each_sheet(page, house.address):
            look(place)
        page.goto(f"{house.address}/timetable")
        page.wait_for_selector("#rhythm li")
        for tab in ("day", "texts", "settings", "history", "file"):
            page.locator(f".tabs a[href='#{tab}']").click()
            page.wait_for_timeout(300)
            look(f"timetable, {tab}")
        for place in ("day #rhythm", "day #cues", "texts", "settings #pages"):
            page.locator(f".tabs a[href='#{place.split()[0]}']").click()
            page.locator(f"#{place} li button").first.click()
            page.wait_for_selector("#sheet-save")
            look(f"timetable, form of {place}")
            closed(page)
        for path in ("/poster", "/wall/new", "/wall"):
            page.goto(house.address + path)
            page.wait_for_timeout(300)
            look(path)
        page.context.close()
    return found


def _walls(browser: Browser, script: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    room = Room(moment("14:52"))
    try:
        page = browser.new_context(bypass_csp=True, viewport={"width": 1920, "height": 1080}).new_page()
        for path in ("/storybook/poster", "/storybook/", "/storybook/rhythm-full"):
            page.goto(room.url(path))
            found += [(impact, f"{path}: {what}") for impact, what in _look(page, script)]
        for name, story in stories().items():
            page.evaluate("story => Wall.story(story)", story)
            found += [(impact, f"{name}: {what}") for impact, what in _look(page, script)]
    finally:
        room.stop()
    return found


def _row(what: str, found: list[tuple[str, str]]) -> Row:
    serious = sorted({text for impact, text in found if impact in SERIOUS})
    measured = f"{len(serious)} serious, {len(found) - len(serious)} lesser" + "".join(
        f"; {s}" for s in serious[:5]
    )
    return Row(f"axe-core {VERSION}: {what}", measured, "nothing serious", not serious)


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ")
