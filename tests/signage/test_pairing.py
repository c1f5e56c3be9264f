"""Pairing: an unpaired TV shows digits, the phone confirms them, and the TV gets read access only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import House, running
from playwright.sync_api import Browser, Page
from wallroom import eventually, scene

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("house") / "home", sounds=False) as house:
        yield house


@pytest.fixture(scope="module")
def unpaired(browser: Browser, house: House) -> Iterator[Page]:
    """A television that only shows its digits."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{house.address}/wall/new")
    yield page
    context.close()


@pytest.fixture
def television(browser: Browser, house: House) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(f"{house.address}/wall/new")
    yield page
    context.close()


def confirm(house: House, code: str, name: str, role: str = "admin") -> int:
    return house.call("POST", "/api/pairings", {"code": code, "name": name}, role).status


def test_six_digits_make_a_television_a_wall(house: House, television: Page) -> None:
    """The phone enters the TV's digits; the TV opens its wall, now and the next time."""
    code = television.inner_text("#code")
    assert confirm(house, "000000" if code != "000 000" else "111111", "前台") == 422
    assert confirm(house, code, "前台", role="leader") == 403
    assert confirm(house, code, "前台") == 201
    assert eventually(lambda: scene(television) == "rhythm")
    assert eventually(
        lambda: "前台" in [wall["name"] for wall in house.call("GET", "/api/phone").json["walls"]]
    )
    television.goto(f"{house.address}/wall/new")
    assert "/wall/%E5%89%8D%E5%8F%B0" in television.url


def test_a_paired_television_looks_and_posts_nothing(house: House, television: Page) -> None:
    """Its token has the read rights of programs; deals, requests to walls and pairings are refused."""
    ask = """async ([method, path, body]) => (await fetch(path, {method, headers: {'Content-Type': 'application/json'},
        body: body && JSON.stringify(body)})).status"""
    assert television.evaluate(ask, ["GET", "/api/deals", None]) == 401
    assert confirm(house, television.inner_text("#code"), "会议室") == 201
    assert eventually(lambda: scene(television) == "rhythm")
    assert television.evaluate(ask, ["GET", "/api/deals", None]) == 200
    deal = {"person": "王小明", "product": "套餐", "amount": 1, "key": "tv-1"}
    for method, path, data in (
        ("POST", "/api/deals", deal),
        ("POST", "/api/announcements", {"text": "大家好", "key": "tv-2"}),
        ("POST", "/api/pairings", {"code": "123456", "name": "x"}),
        ("PATCH", "/api/walls/main", {"scene": "off"}),
        ("POST", "/api/stop", {}),
        ("PUT", "/api/volume", {"volume": 0}),
    ):
        assert television.evaluate(ask, [method, path, data]) == 403, path
    assert television.goto(f"{house.address}/").url.endswith("/login")  # type: ignore[union-attr]


def test_a_forgotten_television_is_a_stranger_again(house: House, television: Page) -> None:
    """Its cookie is no longer accepted, also if the wall was renamed meanwhile."""
    assert confirm(house, television.inner_text("#code"), "走廊") == 201
    assert eventually(lambda: scene(television) == "rhythm")
    path = "/api/walls/%E8%B5%B0%E5%BB%8A"
    assert house.call("POST", f"{path}/rename", {"name": "corridor"}, "admin").status == 200
    assert eventually(lambda: television.evaluate("location.pathname") == "/wall/corridor")
    look = "async () => (await fetch('/api/deals')).status"
    assert television.evaluate(look) == 200
    assert house.call("DELETE", "/api/walls/corridor", None, "admin").status == 200
    assert television.evaluate(look) == 401


def test_choices_reach_the_wall(house: House, television: Page) -> None:
    """Pin the leaderboard, choose the paper theme, turn off and on from the phone: the wall follows at once."""
    television.goto(f"{house.address}/wall/door")
    assert eventually(lambda: scene(television) == "rhythm")
    path = "/api/walls/door"
    assert house.call("PATCH", path, {"scene": "leaderboard", "theme": "paper"}, "admin").status == 200
    assert eventually(lambda: scene(television) == "leaderboard")
    assert television.evaluate("document.body.classList.contains('light')")
    assert house.call("PATCH", path, {"scene": "off"}, "admin").status == 200
    assert eventually(lambda: scene(television) == "off")
    assert television.inner_text(".stage").strip() == ""
    assert house.call("PATCH", path, {"scene": None, "theme": None}, "admin").status == 200
    assert eventually(lambda: scene(television) == "rhythm")
    assert house.call("PATCH", path, {"scene": "red"}, "admin").status == 422
    assert house.call("PATCH", path, {"scene": "dark"}, "leader").status == 403
    assert house.call("PATCH", "/api/walls/nowhere", {"scene": "dark"}, "admin").status == 404
    assert house.call("POST", f"{path}/rename", {"name": "gate"}, "admin").status == 200
    assert eventually(lambda: television.evaluate("location.pathname") == "/wall/gate")


def test_the_phone_adds_pins_and_turns_off_a_screen(browser: Browser, house: House, television: Page) -> None:
    """On the 设备 tab: enter the digits, pin the leaderboard, turn the screen off and on, each with a tap."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    phone = context.new_page()
    phone.goto(f"{house.address}/login")
    phone.fill("input[name=pin]", house.daemon.office.keys.pin())
    phone.press("input[name=pin]", "Enter")
    phone.wait_for_selector("nav.tabs")
    phone.goto(f"{house.address}/#device")
    phone.click("#add-wall")
    phone.fill("#wall-code", "12")
    phone.fill("#wall-new-name", "大厅")
    phone.click("#sheet button.go")
    phone.wait_for_selector("#sheet .wrong:has-text('没有屏幕正在显示这个数字')")
    phone.fill("#wall-code", television.inner_text("#code"))
    phone.click("#sheet button.go")
    assert eventually(lambda: scene(television) == "rhythm")
    mine = "#walls button:has-text('大厅')"
    phone.wait_for_selector(f"{mine}:has-text('在线')")
    phone.click(mine)
    phone.click("#sheet button:has-text('显示设置')")
    phone.select_option("#w-scene", "leaderboard")
    phone.select_option("#w-diagonal", "65")
    phone.select_option("#w-distance", "8")
    phone.click("#sheet button.go")
    assert eventually(lambda: scene(television) == "leaderboard")
    assert eventually(
        lambda: television.evaluate("[Wall.state().wall.diagonal, Wall.state().wall.distance]") == [65, 8]
    )
    phone.click(mine)
    phone.click("#sheet button:has-text('关掉这块屏幕')")
    assert eventually(lambda: scene(television) == "off")
    phone.wait_for_selector(f"{mine}:has-text('已关屏')")
    phone.click(mine)
    phone.click("#sheet button:has-text('打开这块屏幕')")
    assert eventually(lambda: scene(television) == "rhythm")
    context.close()


SIZES = [(1280, 720), (1366, 768), (1920, 1080), (3840, 2160), (1024, 768), (1280, 1024), (1080, 1920)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_digits_fit_every_screen(unpaired: Page, width: int, height: int) -> None:
    """Nothing scrolls or exceeds the screen, the type has a wall's minimum size, and phones can open the address."""
    unpaired.set_viewport_size({"width": width, "height": height})
    faults = unpaired.evaluate(
        """() => { var unit = Math.min(innerWidth, innerHeight) / 54, found = [];
        if (document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight) {
          found.push('scrolls'); }
        [].forEach.call(document.querySelectorAll('.pair p, .pair h1, .pair img'), function (node) {
          var box = node.getBoundingClientRect(), size = parseFloat(getComputedStyle(node).fontSize);
          if (box.left < 0 || box.top < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) {
            found.push('out: ' + node.textContent); }
          if (node.scrollWidth > node.clientWidth + 1) { found.push('cut: ' + node.textContent); }
          if (node.textContent && size < 1.7 * unit) { found.push('small: ' + node.textContent); }
        });
        return found; }"""
    )
    assert faults == []
    assert "127.0.0.1" not in unpaired.inner_text(".pair")


def test_where_walls_are_english_the_digits_are_too(browser: Browser, tmp_path: Path) -> None:
    """`walls: {default: {language: en}}` in the timetable: a new TV shows no Chinese text."""
    with running(tmp_path / "home", sounds=False) as house:
        sheet = tmp_path / "home" / "config" / "rhythm.yaml"
        written = sheet.read_text(encoding="utf-8")
        sheet.write_text(written.replace("theme: ink}", "theme: ink, language: en}"), encoding="utf-8")
        assert eventually(lambda: house.daemon.office.snapshot.glance().walls.default.language == "en", 15)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{house.address}/wall/new")
        read = "document.title + document.body.innerText + document.images[0].alt + document.documentElement.lang"
        text = page.evaluate(read)
        fits = page.evaluate("document.querySelector('.words').getBoundingClientRect().bottom <= innerHeight")
        page.close()
    assert "New screen" in text
    assert not re.search("[\u2e80-\u9fff]", text)
    assert fits


def test_the_picture_to_scan_is_the_address_asked(house: House) -> None:
    """The QR code encodes the address by which the screen reached this server."""
    import urllib.request

    with urllib.request.urlopen(f"{house.address}/qr.svg", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("image/svg+xml")
        assert answer.read().startswith(b"<svg")
