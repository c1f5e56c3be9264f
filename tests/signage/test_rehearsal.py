"""A rehearsal is marked on every page, has a separate PIN, and its cookies do not affect the office's."""

from __future__ import annotations

import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from controller.cli.run import demo_, rehearse, run
from controller.sales.store import Store
from controller.services.auth import Credentials
from controller.simulation.rehearsal import scratch
from controller.system.paths import Home
from tests.running import ZHANGU
from tests.signage.house import REPOSITORY, House, running

STRIP = "彩排：这里记的单结束后不保留"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", rehearsal=True) as house:
            yield house


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home") as house:
            yield house


class Browser:
    """A browser: like all browsers it keeps cookies by host, not by port."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, house: House, path: str) -> str:
        with self._opener.open(house.address + path, timeout=10) as answer:
            return str(answer.read().decode())

    def sign_in(self, house: House) -> None:
        form = urllib.parse.urlencode({"pin": house.daemon.office.keys.pin()}).encode()
        request = urllib.request.Request(house.address + "/login", form, {"Origin": house.address})
        self._opener.open(request, timeout=10).close()

    def signed_in(self, house: House) -> bool:
        return 'id="deal-form"' in self.get(house, "/")


def test_every_page_of_a_rehearsal_says_so(rehearsal: House) -> None:
    """Sign-in, phone, new screen, poster and the page for wrong addresses; on walls a mark drawn by their script."""
    browser = Browser()
    assert STRIP in browser.get(rehearsal, "/login")
    browser.sign_in(rehearsal)
    for path in ("/", "/wall/new", "/poster"):
        assert STRIP in browser.get(rehearsal, path), path
    for path in ("/wall", "/wall/front"):
        assert 'data-rehearsal="1"' in browser.get(rehearsal, path), path


def test_the_office_says_nothing_of_a_rehearsal(office: House) -> None:
    """The same pages of a normal start have neither strip nor mark."""
    browser = Browser()
    browser.sign_in(office)
    for path in ("/", "/login", "/wall", "/wall/new", "/poster"):
        page = browser.get(office, path)
        assert "彩排" not in page, path
        assert "data-rehearsal" not in page, path


def test_a_phone_signed_in_to_a_rehearsal_stays_signed_in_to_the_office(
    office: House, rehearsal: House
) -> None:
    """Both on one machine at two ports: signing in to one does not sign out of the other."""
    browser = Browser()
    browser.sign_in(office)
    assert browser.signed_in(office)
    browser.sign_in(rehearsal)
    assert browser.signed_in(rehearsal)
    assert browser.signed_in(office)


def test_a_copy_has_another_pin_and_no_sessions(tmp_path: Path) -> None:
    """The rehearsal does not accept the office's PIN or its phones' sessions; the office keeps both."""
    home = Home(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "rhythm.yaml").write_bytes((REPOSITORY / "config" / "rhythm.yaml").read_bytes())
    (tmp_path / "sounds").mkdir()
    home.var.mkdir()
    with closing(Store(home.database)) as store:
        keys = Credentials(store)
        pin, session = keys.pin(), keys.open_session("iPhone", "10.0.0.2", secure=False)
        with scratch(home) as copy, closing(Store(copy.database)) as copied:
            there = Credentials(copied)
            assert re.fullmatch(r"\d{6}", there.pin())
            assert there.pin() != pin
            assert there.session(session, secure=False) is None
        assert keys.pin() == pin
        assert keys.session(session, secure=False) is not None


def test_rehearsal_and_demo_have_a_separate_port() -> None:
    """Starting one on the office's machine does not affect the office: 8090 beside 8080."""
    ports = {
        command.name: next(option.default for option in command.params if option.name == "port")
        for command in (run, rehearse, demo_)
    }
    assert ports == {"run": 8080, "rehearse": 8090, "demo": 8090}
    done = subprocess.run([ZHANGU, "rehearse", "--help"], capture_output=True, text=True, check=True)
    assert "8090" in done.stdout
