"""Addresses as people type them, HTML errors for browsers and JSON for programs, and the home screen icon."""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from signage.devices import described, device_name
from signage.icon import SIZES, png
from tests.signage.house import House, running

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home") as house:
            yield house


def get(house: House, path: str, accept: str = BROWSER) -> tuple[int, str, str, bytes]:
    """Return status, final path, content type and body."""
    request = urllib.request.Request(
        house.address + urllib.parse.quote(path, safe="/?="), headers={"Accept": accept}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            body, kind, status, where = (
                answer.read(),
                answer.headers["Content-Type"],
                answer.status,
                answer.url,
            )
    except urllib.error.HTTPError as error:
        with error:
            body, kind, status, where = error.read(), error.headers["Content-Type"], error.code, error.url
    return status, urllib.parse.unquote(where.removeprefix(house.address)), kind, body


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/wall/", "/wall"), ("/Wall", "/wall"), ("/Wall/", "/wall"), ("/WALL", "/wall"),
        ("/wall/前台/", "/wall/前台"), ("/Wall/前台", "/wall/前台"), ("/Wall/前台/", "/wall/前台"),
        ("/WALL/lobby", "/wall/lobby"), ("/wall/?screen=3", "/wall?screen=3"),
        ("/wall/new/", "/wall/new"), ("/Poster/", "/poster"), ("/LOGIN", "/login"), ("//wall/x/", "/wall/x"),
    ],
)  # fmt: skip
def test_a_walls_address_works_as_televisions_type_it(house: House, typed: str, meant: str) -> None:
    """A slash at the end and capitals lead to the wall; the query string is kept."""
    status, where, kind, _ = get(house, typed)
    assert (status, where) == (200, meant)
    assert kind.startswith("text/html")


@pytest.mark.parametrize(
    "path",
    ["/nirgends", "/wall/a/b", "/wall/a/b/", "/phone", "/报单", "/poster/x", "//example.com/", "/Wall/\\x/y"],
)
def test_a_wrong_address_is_a_page_for_people(house: House, path: str) -> None:
    """In Chinese, with links to the phone's page and to the wall; the status stays 404."""
    status, _, kind, body = get(house, path)
    assert status == 404
    assert kind.startswith("text/html")
    page = body.decode()
    assert "没有这个页面" in page
    assert 'href="/"' in page
    assert 'href="/wall"' in page


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/api/nirgends", BROWSER),
        ("/nirgends", "application/json"),
        ("/nirgends", "*/*"),
        ("/api/deals/9/x", "*/*"),
    ],
)
def test_a_program_at_a_wrong_address_gets_json(house: House, path: str, accept: str) -> None:
    """Under /api always, elsewhere for each client that does not prefer HTML."""
    status, _, kind, body = get(house, path, accept)
    assert status == 404
    assert kind.startswith("application/json")
    assert json.loads(body) == {"error": "没有这个地址。", "field": None}


def test_a_wrong_address_shows_nothing_of_the_request(house: House) -> None:
    """No markup from the address appears in the page."""
    body = get(house, "/<script>alert(1)</script>")[3]
    assert b"alert" not in body


def test_the_page_can_live_on_a_home_screen(house: House) -> None:
    """Manifest and icons are served without signing in, have the declared sizes, and are small files."""
    status, _, kind, body = get(house, "/manifest.webmanifest")
    assert (status, kind) == (200, "application/manifest+json")
    manifest = json.loads(body)
    assert (manifest["short_name"], manifest["display"], manifest["start_url"]) == ("战鼓", "standalone", "/")
    sizes = []
    for icon in manifest["icons"]:
        picture = get(house, icon["src"])[3]
        assert picture.startswith(b"\x89PNG")
        wide, high = struct.unpack(">II", picture[16:24])
        assert icon["sizes"] == f"{wide}x{high}"
        assert len(picture) < 20_000
        sizes.append(wide)
    assert tuple(sizes) == SIZES
    assert 'rel="apple-touch-icon"' in get(house, "/login")[3].decode()
    assert b"manifest" in get(house, "/login")[3]


@pytest.mark.long
def test_the_icon_is_drawn_by_its_own_code() -> None:
    """The shipped file is the output of `python -m signage.icon`."""
    from signage import icon

    shipped = icon.__file__.replace("icon.py", "static/icon-180.png")
    with open(shipped, "rb") as file:  # noqa: PTH123
        assert file.read() == png(180)


ANDROID = "Mozilla/5.0 (Linux; Android 14; M2012K11AC) AppleWebKit/537.36 Chrome/119.0.0.0 {}Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "device", "whole"),
    [
        ("Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
         "Linux 电脑", "Linux 电脑，Chrome 119"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/53.0.2785.34 Safari/537.36",
         "LG 电视", "LG 电视，Chrome 53"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/5.0 TV Safari/538.1",
         "三星电视", "三星电视，Safari 5"),
        (ANDROID.format("Mobile "), "安卓手机", "安卓手机，Chrome 119"),
        (ANDROID.format(""), "安卓平板或电视", "安卓平板或电视，Chrome 119"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Mobile/15E148 MicroMessenger/8.0.42", "iPhone 微信", "iPhone，微信 8"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
         "Safari/537.36 Edg/120.0.2210.61", "Windows 电脑", "Windows 电脑，Edge 120"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.1 Safari/605.1.15",
         "Mac", "Mac，Safari 17"),
        ("curl/8.5", "浏览器", "浏览器"),
        ("", "浏览器", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_by_its_device(agent: str, device: str, whole: str) -> None:
    """The device's common name, and the browser's release for support; never the raw user agent."""
    assert device_name(agent) == device
    assert described(agent) == whole


def test_a_walls_device_is_in_the_phones_state(house: House) -> None:
    """With a readable name, and whether it has a font with Chinese characters."""
    report = {
        "scene": "rhythm",
        "width": 1920,
        "height": 1080,
        "agent": ANDROID.format(""),
        "no_chinese": True,
    }
    house.call("POST", "/api/walls/hall/painted", report, role=None)
    lines = {line["name"]: line for line in house.call("GET", "/api/phone").json["walls"]}
    assert lines["hall"]["device"] == "安卓平板或电视，Chrome 119"
    assert lines["hall"]["no_chinese"] is True
    house.call("POST", "/api/walls/hall/painted", {**report, "no_chinese": "yes"}, role=None)
    lines = {line["name"]: line for line in house.call("GET", "/api/phone").json["walls"]}
    assert lines["hall"]["no_chinese"] is False


def test_a_wall_of_a_team_that_is_gone_says_so(house: House) -> None:
    """A wall of a team that does not exist shows its name; a wall of an existing team, or of all, does not."""
    house.call("POST", "/api/walls/stray/painted", {"scene": "rhythm"}, role=None)

    def stray() -> object:
        return {w["name"]: w for w in house.call("GET", "/api/phone").json["walls"]}["stray"]["stray"]

    assert stray() is None
    house.call("PATCH", "/api/walls/stray", {"team": "猛虎队"}, role="admin")
    assert stray() is None


def test_products_are_hidden_and_restored(house: House) -> None:
    """Manually; a product that is sold again reappears; an invalid request is refused with a sentence."""
    for key in ("p1", "p2"):
        house.sell("陈芳", 300, key, "网络招骋")
    assert "网络招骋" in house.call("GET", "/api/phone").json["products"]

    def ask(hidden: object, product: object = "网络招骋") -> object:
        return house.call("PATCH", "/api/products", {"product": product, "hidden": hidden}).json

    assert "网络招骋" not in ask(True)["products"]  # type: ignore[index]
    assert "网络招骋" not in house.call("GET", "/api/phone").json["products"]
    assert "网络招骋" in ask(False)["products"]  # type: ignore[index]
    ask(True)
    house.sell("陈芳", 300, "p3", "网络招骋")
    assert "网络招骋" in house.call("GET", "/api/phone").json["products"]
    for body in (
        {"product": "报纸"},
        {"hidden": True},
        {"product": "报纸", "hidden": "ja"},
        {"product": 7, "hidden": True},
    ):
        refused = house.call("PATCH", "/api/products", body)
        assert refused.status == 422, body
        assert refused.json["error"].endswith("。")
    assert (
        house.call("PATCH", "/api/products", {"product": "报纸", "hidden": True}, role="leader").status == 403
    )


def test_hidden_products_are_bounded(house: House) -> None:
    """However many names are hidden, the store keeps the newest two hundred."""
    for number in range(205):
        house.daemon.office.product_list.hide(f"产品{number}", hidden=True)
    with house.daemon.store.read() as session:
        kept = session.settings.setting("hidden_products")
    assert len(kept) == 200
    assert "产品204" in kept


def test_every_deal_of_today_is_at_hand(house: House) -> None:
    """The phone's state has the last forty and the total count; a request returns the whole day."""
    for number in range(45):
        house.sell("刘洋", 100 + number, f"many-{number}", "报纸")
    state = house.call("GET", "/api/phone").json
    assert len(state["done"]) == 40
    whole = house.call("GET", "/api/phone/done").json
    assert len(whole) == state["done_total"] == len(house.call("GET", "/api/deals").json)
    assert whole[:40] == state["done"]
    assert house.call("GET", "/api/phone/done", role=None).status == 401


def test_the_music_says_how_loud_it_is(house: House) -> None:
    """Played manually: playlist, end and volume; the music volume counts as well."""
    house.call("POST", "/api/music", {"action": "play", "playlist": "morning"})
    sound = house.call("GET", "/api/phone").json["sound"]
    assert (sound["manual"], sound["playlist"]) == ("play", "morning")
    assert sound["playing_until"]
    loud = sound["playing_volume"]
    assert 0 < loud <= 100
    house.call("PUT", "/api/volume", {"music": 50})
    assert house.call("GET", "/api/phone").json["sound"]["playing_volume"] == round(loud / 2)
    house.call("PUT", "/api/volume", {"music": 100})
    house.call("POST", "/api/music", {"action": "stop"})
    assert house.call("GET", "/api/phone").json["sound"]["playing_volume"] is None
    assert house.call("GET", "/api/phone").json["playlist_names"]["morning"] == "晨间"
    house.call("POST", "/api/hush", {"minutes": 10})
    refused = house.call("POST", "/api/music", {"action": "play"})
    assert refused.status == 422
    assert "正在静音" in refused.json["error"]
    assert "先结束静音" in refused.json["error"]
    house.call("POST", "/api/hush", {"minutes": 0})
