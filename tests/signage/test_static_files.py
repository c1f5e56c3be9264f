"""Scripts, styles and icons: kept by browsers for a year under the build's address, and right during an upgrade."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from signage import static_files
from signage.language import catalogue
from signage.page_source import script_in_english
from tests.signage.house import REPOSITORY, House, running

SIGNAGE = REPOSITORY / "signage"
FILES = sorted(path.name for path in (SIGNAGE / "static").iterdir())
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
PAGES = ("/", "/timetable", "/wall", "/wall/new", "/poster", "/api/docs", "/login")
ADDRESS = re.compile(r'(?:src|href)="(/(?:static|english)/[^"]+)"')
FORM = "#products .chip"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            house.sell("王小明", 800, "one")
            yield house


def get(house: House, path: str, **headers: str) -> Answer:
    """Ask over the network, as the owner; the headers' names have _ for -."""
    link = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request("GET", path, headers={"Authorization": f"Bearer {house.token('owner')}", **named})
        answer = link.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        link.close()


def app_of(house: House) -> Flask:
    app: Flask = house.daemon.server._server._app
    return app


def build_of(house: House) -> str:
    return str(app_of(house).jinja_env.globals["build"])


def translated(source: bytes) -> bytes:
    return script_in_english(source.decode(), catalogue().fixed).encode()


# ---- addresses and answers


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_a_page_is_kept(house: House, page: str, language: str) -> None:
    """Each address in a page has the build; its answer may be kept for a year and is the file."""
    stranger = {"Authorization": ""} if page == "/login" else {}
    found = ADDRESS.findall(get(house, page, Accept_Language=language, **stranger).body.decode())
    assert found
    for address in found:
        folder, build, name = address.strip("/").split("/")
        answer = get(house, address)
        assert (answer.status, build, answer.headers["Cache-Control"]) == (200, build_of(house), KEPT), (
            address
        )
        source = (SIGNAGE / "static" / name).read_bytes()
        english = folder == "english"
        assert answer.body == (translated(source) if english else source), address
    assert ("/english/" in " ".join(found)) == (
        language == "en-GB" and page in ("/", "/timetable", "/api/docs")
    )


def test_a_file_without_its_build_is_validated_each_time(house: House) -> None:
    """The plain address, and that of another build, give the present file, 304 when the browser has it."""
    for name in FILES:
        source = (SIGNAGE / "static" / name).read_bytes()
        for address in (f"/static/{name}", f"/static/0123456789ab/{name}", f"/static/{name}?v=1"):
            answer = get(house, address)
            assert (answer.status, answer.headers["Cache-Control"]) == (200, ASKED_AGAIN), address
            assert answer.body == source
            known = get(house, address, If_None_Match=answer.headers["ETag"])
            assert (known.status, known.headers["Cache-Control"], known.body) == (304, ASKED_AGAIN, b"")
            assert get(house, address, If_None_Match='"other"').status == 200
    for name in ("phone.js", "phone-kit.js"):
        plain, other = get(house, f"/english/{name}"), get(house, f"/english/0123456789ab/{name}")
        assert plain.body == other.body == get(house, f"/english/{build_of(house)}/{name}").body
        assert plain.headers["Cache-Control"] == other.headers["Cache-Control"] == ASKED_AGAIN


def test_icons_on_home_screens_keep_their_address(house: House) -> None:
    """A phone compares the manifest's icons with those of the installed page: an upgrade does not change them."""
    icons = json.loads(get(house, "/manifest.webmanifest").body)["icons"]
    assert [icon["src"] for icon in icons] == ["/static/icon-180.png", "/static/icon-512.png"]
    assert all(get(house, icon["src"]).status == 200 for icon in icons)


def test_only_the_files_are_served(house: House) -> None:
    """Only the names in the folder: no path leaves it, no wall's script is English, and no failure may be kept."""
    build = build_of(house)
    paths = (
        "../http.py", "%2e%2e/http.py", "..%2fhttp.py", "%2e%2e%2fhttp.py", "phone.js/", "phone.js%00", "nothing.js",
        "./phone.js/x", "a/b/phone.js", "..", ".", "", "english/phone.tsv", "phone.js%0d%0aX:%20y", "/etc/passwd",
    )  # fmt: skip
    for folder in ("static", "english"):
        for path in (*paths, *(f"{build}/{path}" for path in paths), "wall.js/wall.js/wall.js"):
            answer = get(house, f"/{folder}/{path}")
            assert answer.status in (308, 404), (folder, path)
            assert answer.headers["Cache-Control"] == "no-store", (folder, path)
    for path in ("wall.js", f"{build}/wall.js", f"{build}/phone.css"):
        assert get(house, f"/english/{path}").status == 404


# ---- compression


def test_texts_are_compressed_for_those_who_accept_it(house: House) -> None:
    """The same bytes after unpacking, under another ETag, with Vary."""
    for name in FILES:
        address = f"/static/{build_of(house)}/{name}"
        plain, packed = get(house, address), get(house, address, Accept_Encoding="gzip, deflate, br")
        refused = get(house, address, Accept_Encoding="gzip;q=0, identity")
        assert plain.headers["Content-Encoding"] is refused.headers["Content-Encoding"] is None
        assert refused.body == plain.body
        if len(gzip.compress(plain.body)) > 0.9 * len(plain.body):
            assert name in ("wall-start.js", "icon-180.png"), "one line, and a picture"
            assert packed.headers["Content-Encoding"] is packed.headers["Vary"] is None
            assert packed.body == plain.body
            continue
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body)
        assert packed.headers["ETag"] != plain.headers["ETag"]


def test_pages_and_json_are_compressed(house: House) -> None:
    """Long ones, for those who accept it; not the walls' state, which two hundred walls fetch at once."""
    for path, packs in (
        ("/", True), ("/api/docs", True), ("/api/openapi.json", True), ("/api/people", False), ("/api/wall", False),
        ("/timetable", True), ("/api/deals.csv?from=2026-11-23&until=2026-11-23", False), ("/qr.svg", False),
    ):  # fmt: skip
        plain, packed = get(house, path), get(house, path, Accept_Encoding="gzip")
        assert plain.headers["Content-Encoding"] is None
        assert packed.headers["Content-Encoding"] == ("gzip" if packs else None), path
        if packs:
            assert "Accept-Encoding" in packed.headers["Vary"]
            assert "Accept-Encoding" in plain.headers["Vary"]
            assert int(packed.headers["Content-Length"]) == len(packed.body) < len(plain.body) / 2
            assert gzip.decompress(packed.body)[:200] == plain.body[:200]
    packed = get(house, "/api/openapi.json", Accept_Encoding="gzip")
    assert json.loads(gzip.decompress(packed.body)) == json.loads(get(house, "/api/openapi.json").body)


# ---- the build


def test_the_build_changes_with_every_file_that_changes_a_page(tmp_path: Path) -> None:
    """A script, a template, an English line, or what translates: each changes the build; reading again does not."""
    home = tmp_path / "signage"
    shutil.copytree(SIGNAGE, home, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
    before = static_files.read(home).build
    assert before == static_files.installed().build == static_files.read(home).build
    seen = {before}
    for name in (
        "static/phone-kit.js", "static/icon-180.png", "templates/phone_deal.html", "english/server.tsv", "catalogue.py",
        "page_source.py",
    ):  # fmt: skip
        with (home / name).open("ab") as file:
            file.write(b"\n")
        seen.add(static_files.read(home).build)
    assert len(seen) == 7
    (home / "people.py").write_text("")
    assert static_files.read(home).build in seen


def test_imports_are_all_imports() -> None:
    """Every line of a script that imports is understood, and leads to a script that exists."""
    files = static_files.installed()
    for name in (name for name in FILES if name.startswith("phone") and name.endswith(".js")):
        code = files.kept[name].data.decode()
        wanted = re.findall(r"(?m)^\s*(?:import|export)\b[^;]*?from\s*['\"]([^'\"]+)", code)
        assert [f"./{one}" for one in static_files.IMPORT.findall(code)] == wanted, name
        assert set(files.imports(name)) <= set(FILES)
    assert len(files.imports("phone.js")) > 30


# ---- real browsers


def signed_in(browser: Browser, house: House, **more: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": 390, "height": 844}, **more)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{house.address}/login")
    page.fill("#pin", house.daemon.office.keys.pin())
    page.press("#pin", "Enter")
    page.wait_for_selector(FORM)
    page.close()
    return context


def opened(context: BrowserContext, house: House) -> tuple[Page, list[str], list[str]]:
    """Return the phone's page, its errors, and the paths it asked for."""
    page, errors, asked = context.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url.removeprefix(house.address)))
    page.goto(house.address)
    page.wait_for_selector(FORM)
    return page, errors, asked


TRANSFERRED = """() => performance.getEntriesByType('resource')
  .filter((one) => /\\/(static|english)\\//.test(one.name))
  .map((one) => [new URL(one.name).pathname, one.transferSize])"""


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_the_second_opening_asks_for_no_file(browser: Browser, house: House, language: str) -> None:
    """Every module is preloaded and asked for once; the next time nothing is transferred."""
    context = signed_in(browser, house, locale=language)
    page, errors, asked = opened(context, house)
    assert not [one for one in page.evaluate(TRANSFERRED) if one[1] != 0]
    modules = [path for path in asked if path.endswith(".js") and "wall-find" not in path]
    preloaded = page.evaluate(
        "[...document.querySelectorAll('link[rel=modulepreload]')].map((one) => new URL(one.href).pathname)"
    )
    main = page.evaluate("new URL(document.querySelector('script[type=module]').src).pathname")
    assert sorted(modules) == sorted([*preloaded, main])
    assert main.split("/")[1] == ("english" if language == "en-GB" else "static")
    assert errors == []
    context.close()


@pytest.mark.browser
def test_the_first_state_comes_with_the_page(browser: Browser, house: House) -> None:
    """Nothing is fetched again because the events begin; a deal and a new connection do fetch it."""
    context = signed_in(browser, house)
    page, _, asked = opened(context, house)
    page.wait_for_timeout(1500)
    assert "/api/phone" not in asked
    house.sell("陈芳", 900, "two")
    page.wait_for_selector("#done button:has-text('陈芳')")
    before = asked.count("/api/phone")
    assert before
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1000)
    assert asked.count("/api/phone") == before + 1
    context.close()


@pytest.mark.browser
def test_a_page_of_the_old_build_works_during_an_upgrade(browser: Browser, house: House) -> None:
    """The old page gets all files from the new server without keeping them, then the new page keeps its own."""
    context = signed_in(browser, house)
    old = context.request.get(house.address).text()
    names, build = app_of(house).jinja_env.globals, build_of(house)
    fresh = signed_in(browser, house)
    names["build"] = "fedcba987654"
    try:
        answers: dict[str, str] = {}
        page = browser.new_context(storage_state=fresh.storage_state()).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("response", lambda one: answers.update({one.url: one.headers.get("cache-control", "")}))
        page.route(f"{house.address}/", lambda route: route.fulfill(body=old, content_type="text/html"))
        page.goto(house.address)
        page.wait_for_selector(FORM)
        files = {url: kept for url, kept in answers.items() if f"/static/{build}/" in url}
        assert len(files) > 30
        assert set(files.values()) == {ASKED_AGAIN}
        page.unroute(f"{house.address}/")
        page.evaluate(
            "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
            "document.dispatchEvent(new Event('visibilitychange'));"
        )
        house.sell("刘洋", 700, "three")
        assert errors == []
        page.reload()
        page.wait_for_selector(FORM)
        files = {url: kept for url, kept in answers.items() if "/static/fedcba987654/" in url}
        assert len(files) > 30
        assert set(files.values()) == {KEPT}
        page.context.close()
    finally:
        names["build"] = build
        fresh.close()
        context.close()
