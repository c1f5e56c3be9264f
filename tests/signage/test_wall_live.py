"""A wall on a real server: hints, celebrations, lost connection, recovery, upgrade, and its reports."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from glances import deal, moment, said
from playwright.sync_api import Browser, Page
from wallroom import Room, eventually, renewed, scene

pytestmark = pytest.mark.browser


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room(moment("14:52"))
    yield room
    room.stop()


@pytest.fixture
def wall(browser: Browser, room: Room) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(room.url("/wall/hall"))
    assert eventually(lambda: scene(page) == "rhythm")
    assert eventually(lambda: "hall" in room.app.extensions["streams"].names())
    yield page
    page.close()


def celebrate(room: Room, seconds: float, ago: float = 0.0, number: int = 1) -> None:
    on_air = said(
        "big", room.clock.now(), deal(number, amount="12800.50"), ago=ago, lasts=ago + seconds, id=number
    )
    room.show(scene="celebration", on_air=on_air)


def test_a_deal_is_shown_as_long_as_it_sounds(room: Room, wall: Page) -> None:
    """The celebration appears with the hint and ends with the sound, without another hint."""
    celebrate(room, 4.0)
    assert eventually(lambda: scene(wall) == "celebration")
    assert wall.inner_text(".celebration h1") == "王小明"
    assert eventually(lambda: scene(wall) == "rhythm")
    assert room.clock.now() >= room.shown.on_air.ends - timedelta(milliseconds=150)  # type: ignore[union-attr]


def test_the_amount_counts_up_to_the_truth(room: Room, wall: Page) -> None:
    """The figure counts up and ends at the exact amount."""
    celebrate(room, 8.0)
    assert eventually(lambda: scene(wall) == "celebration")
    assert eventually(lambda: wall.inner_text(".celebration .amount") == "¥12,800.50")


def test_nothing_old_is_celebrated(room: Room, wall: Page) -> None:
    """A wall that connects late does not celebrate a deal announced more than a minute ago."""
    celebrate(room, 30.0, ago=61.0)
    revision = room.feed.revision
    assert eventually(lambda: wall.evaluate("Wall.state().revision") == revision)
    assert scene(wall) == "rhythm"
    celebrate(room, 30.0, ago=55.0, number=2)
    assert eventually(lambda: scene(wall) == "celebration")


def test_the_servers_clock_counts(browser: Browser, room: Room) -> None:
    """A TV whose clock is three hours wrong shows the office's time and celebrates on time."""
    page = browser.new_page()
    page.add_init_script("var real = Date.now; Date.now = function () { return real() + 3 * 3600 * 1000; };")
    page.goto(room.url("/wall"))
    assert eventually(lambda: scene(page) == "rhythm")
    assert page.inner_text(".clock") in ("14:52", "14:53")
    assert abs(page.evaluate("Wall.now()") - room.clock.now().timestamp() * 1000) < 500
    celebrate(room, 5.0)
    assert eventually(lambda: scene(page) == "celebration", 2.0)
    page.close()


def test_the_picture_stays_and_the_wall_comes_back(room: Room, wall: Page) -> None:
    """Server down: the last picture stays and shows its age. Server back: the wall recovers automatically."""
    room.stop()
    assert eventually(lambda: "数据截至 14:52" in wall.inner_text(".foot"))
    assert wall.inner_text(".now h1") == "决战时刻"
    room.start_again()
    room.show(office="上海分公司")
    assert eventually(lambda: "上海分公司" in wall.inner_text(".head"))
    assert "数据截至" not in wall.inner_text(".foot")
    celebrate(room, 3.0)
    assert eventually(lambda: scene(wall) == "celebration", 3.0)


def test_a_screen_that_never_reads_delays_no_other_wall(room: Room) -> None:
    """A screen that sends 3,000 requests without reading fills only its own connection; others get their states."""
    ask = b"GET /api/wall HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", room.port))
        deaf.sendall(3000 * ask)
        connections = room.server._server.connections
        # Its requests are answered, as far as the kernel's buffers and the server's bound of 256 KB hold the answers.
        full = lambda: any(
            one.total_outbufs_len and (not one.requests or one.total_outbufs_len >= 256 * 1024)
            for one in connections()
        )
        assert eventually(full)
        time.sleep(2.0)  # until its connection is full
        with socket.create_connection(("127.0.0.1", room.port), 5) as wall:
            wall.sendall(ask)
            assert wall.recv(100).startswith(b"HTTP/1.1 200")


def test_an_upgrade_is_fetched_once(room: Room, wall: Page) -> None:
    """After an upgrade the page reloads itself once and continues."""
    wall.evaluate("window.old = true")
    room.stop()
    room.start_again(build="newer")
    assert eventually(lambda: renewed(wall), 31.0)
    assert wall.evaluate("document.body.getAttribute('data-build')") == "newer"
    wall.evaluate("window.old = true")
    room.show()
    revision = room.feed.revision
    assert eventually(lambda: wall.evaluate("Wall.state().revision") == revision)
    assert wall.evaluate("window.old")


def test_it_reports_its_frames(room: Room, wall: Page) -> None:
    """The wall reports scene, revision, size and the delay from hint to display."""
    celebrate(room, 5.0)
    revision = room.feed.revision
    assert eventually(
        lambda: any(r.scene == "celebration" and r.revision == revision for r in room.reports())
    )

    def newest() -> Any:
        (report,) = [report for report in room.reports() if report.wall == "hall"]
        return report

    if (
        newest().delay_ms is None
    ):  # painted from the first snapshot, before its stream was open: no hint, no delay
        time.sleep(2)
        celebrate(room, 5.0)
    assert eventually(lambda: newest().delay_ms is not None)
    assert (newest().width, newest().height) == (1280, 720)
    assert "Chrom" in newest().agent
    assert newest().delay_ms < 5000


def test_the_poster_fits_one_sheet(browser: Browser, room: Room) -> None:
    """The day's timetable prints on exactly one A3 page, with every entry on it."""
    page = browser.new_page()
    page.goto(room.url("/poster"))
    for entry in room.shown.plan.entries:
        assert entry.name in page.inner_text("ol")
    sheet = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    width, height = (float(n) for n in re.findall(rb"/MediaBox\s*\[\S+ \S+ (\S+) (\S+?)\s*\]", sheet)[0])
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (297, 420)


def test_the_poster_says_what_its_codes_are_for(browser: Browser, room: Room) -> None:
    """One code needs no choice; beside the code of the name a second one is marked as the other way. Still one page."""
    page = browser.new_page()
    room.addresses.set("", ("192.0.2.7",))
    page.goto(room.url("/poster"))
    assert page.locator(".reach .why").all_inner_texts() == ["手机扫码"]
    room.addresses.set("zhangu.local", ("192.0.2.7",))
    page.reload()
    assert page.locator(".reach .why").all_inner_texts() == ["手机扫码", "打不开就扫这个"]
    sheet = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1


def test_which_screen_is_which(room: Room, wall: Page) -> None:
    """On identify the wall shows its name large; on reload it reloads once."""
    screens = room.app.extensions["screens"]
    with room.app.app_context():
        screens.identify("hall")
    room.feed.notify()
    assert eventually(lambda: wall.is_visible(".identify"))
    assert wall.inner_text(".identify .number") == "hall"
    wall.evaluate("window.old = true")
    with room.app.app_context():
        screens.reload("hall")
    room.feed.notify()
    assert eventually(lambda: renewed(wall))
