"""HTTPS with a self-made certificate authority: trust, immediate streams, and plain HTTP beside it."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from soundmade import encoded, tone

from controller.daemon import Daemon, Options
from controller.system import network
from controller.system.network import CannotListen
from controller.system.paths import Home
from signage import tls
from tests.signage.house import AFTERNOON, REPOSITORY

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command is not installed"
)
pytestmark = needs_openssl


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("office") / "home"
    (home / "config").mkdir(parents=True)
    shutil.copy(REPOSITORY / "config" / "rhythm.yaml", home / "config")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        daemon = Daemon(Options(Home(home), "127.0.0.1", 0, start=AFTERNOON, tls_port=0))
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.close()


def trusting(daemon: Daemon) -> ssl.SSLContext:
    """Return the context of a phone that trusts only the office's authority."""
    assert daemon.secured is not None
    return ssl.create_default_context(cafile=str(daemon.secured.authority))


def ask(daemon: Daemon, host: str = "127.0.0.1") -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(host, daemon.front.port, context=trusting(daemon), timeout=20)


def test_trusting_clients_are_answered_and_others_are_warned(daemon: Daemon) -> None:
    """By address and by name; a phone without trust gets the browser's warning; plain HTTP continues."""
    for host in ("127.0.0.1", "localhost"):
        connection = ask(daemon, host)
        connection.request("GET", "/health")
        assert "build" in json.loads(connection.getresponse().read())
        connection.close()
    with (
        pytest.raises(ssl.SSLCertVerificationError),
        socket.create_connection(("127.0.0.1", daemon.front.port)) as raw,
    ):
        ssl.create_default_context().wrap_socket(raw, server_hostname="127.0.0.1")
    plain = f"http://127.0.0.1:{daemon.server.port}"
    with urllib.request.urlopen(plain + "/zhangu-ca.crt", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
        assert answer.read() == daemon.secured.authority.read_bytes()  # type: ignore[union-attr]


def test_events_come_at_once_through_it_and_a_line_that_ends_is_noticed(daemon: Daemon) -> None:
    """A hint arrives without further traffic; after the phone disconnects, its stream ends."""
    connection = ask(daemon)
    connection.request("GET", "/events?wall=secret-wall&screen=one")
    answer = connection.getresponse()
    assert b"hello" in answer.read1(4096)
    daemon.feed.notify()
    assert b"hint" in answer.read1(4096)
    streams = daemon.server._streams
    assert "secret-wall" in streams.names()
    answer.close()
    connection.close()
    end = time.monotonic() + 60
    while "secret-wall" in streams.names():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_recording_comes_through_it_whole(daemon: Daemon) -> None:
    """Upload a megabyte and download another on one connection."""
    token = daemon.office.keys.make_token("tls", "assistant")
    head = {"Authorization": f"Bearer {token}", "Content-Type": "audio/wav"}
    connection = ask(daemon)
    connection.request("POST", "/api/clips", encoded(tone(30), "wav"), head)
    taken = json.loads(connection.getresponse().read())
    assert abs(taken["seconds"] - 30) < 0.3
    connection.request("GET", f"/api/clips/{taken['id']}", headers=head)
    assert len(connection.getresponse().read()) > 30 * 44100 * 4 * 0.99
    connection.close()


def test_the_phone_s_own_address_is_known(daemon: Daemon) -> None:
    """Wrong PINs count for the phone's address: the sixth is delayed, another phone's first is not."""
    head = {
        "Origin": f"https://127.0.0.1:{daemon.front.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    statuses = []
    for source in ("127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", daemon.front.port, context=trusting(daemon), timeout=20, source_address=(source, 0)
        )
        connection.request("POST", "/login", "pin=0", head)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        connection.close()
    assert statuses == [403] * 5 + [429, 403]


def test_clients_without_tls_harm_nobody(daemon: Daemon) -> None:
    """After plain HTTP on the HTTPS port, random bytes and a silent connection, the next phone is answered."""
    silent = socket.create_connection(("127.0.0.1", daemon.front.port))
    for words in (b"GET / HTTP/1.0\r\n\r\n", b"\x00" * 500):
        with socket.create_connection(("127.0.0.1", daemon.front.port)) as rude:
            rude.sendall(words)
            rude.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert b"HTTP" not in rude.recv(100)
    connection = ask(daemon)
    connection.request("GET", "/wall")
    assert connection.getresponse().status == 200
    connection.close()
    silent.close()


def test_unfinished_handshakes_are_bounded(daemon: Daemon) -> None:
    """Of 300 connections without a handshake, from two addresses, 32 stay (0.3 MB each), and a phone connects."""
    with contextlib.ExitStack() as stack:
        for number in range(300):
            source = (f"127.0.0.{2 + number % 2}", 0)
            silent = socket.create_connection(("127.0.0.1", daemon.front.port), 10, source_address=source)
            stack.enter_context(contextlib.closing(silent)).sendall(b"\x16\x03\x01\x02\x00\x01")
        connection = ask(daemon)
        connection.request("GET", "/wall")
        assert connection.getresponse().status == 200
        assert len(daemon.front._greeting) <= tls.MOST_HANDSHAKES
        connection.close()


def test_the_certificate_is_kept_renewed_and_bounded(tmp_path: Path) -> None:
    """A second start keeps it; a new address gets a new certificate of the same authority, which phones still trust.

    The authority cannot certify internet sites; only its owner can read its key.
    """
    first = network.ensure(tmp_path / "tls", "192.168.1.20")
    own, authority = first.chain.read_bytes(), first.authority.read_bytes()
    assert network.ensure(tmp_path / "tls", "192.168.1.20").chain.read_bytes() == own
    moved = network.ensure(tmp_path / "tls", "10.0.0.7")
    assert moved.authority.read_bytes() == authority
    assert moved.chain.read_bytes() != own
    assert (tmp_path / "tls" / "ca.key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "tls").stat().st_mode & 0o077 == 0
    network._make_own(tmp_path / "tls", "evil", "DNS:bank.example")
    verify = ["openssl", "verify", "-CAfile", str(first.authority), str(first.chain)]
    done = subprocess.run(verify, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0
    assert "permitted subtree" in done.stdout + done.stderr


def test_a_certificate_near_its_end_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start renews a certificate that expires next month; the authority stays."""
    monkeypatch.setattr(network, "DAYS", 30)
    made = network.ensure(tmp_path, "192.168.1.20")
    monkeypatch.setattr(network, "DAYS", 800)
    authority = made.authority.read_bytes()
    network.ensure(tmp_path, "192.168.1.20")
    assert made.authority.read_bytes() == authority
    done = subprocess.run(
        ["openssl", "x509", "-in", str(made.chain), "-noout", "-enddate"],
        capture_output=True,
        text=True,
        check=True,
    )
    end = datetime.strptime(done.stdout.strip().split("=")[1], "%b %d %H:%M:%S %Y GMT")  # noqa: DTZ007
    assert (end - datetime.utcnow()).days > 700  # noqa: DTZ003


def test_without_openssl_the_start_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Print a sentence with the command, never a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotListen) as refused:
        network.ensure(tmp_path / "tls", "192.168.1.20")
    assert "apt install openssl" in refused.value.sentence


def test_a_port_in_use_is_refused_with_its_option(tmp_path: Path) -> None:
    """The start stops with a sentence that suggests another --tls-port."""
    (tmp_path / "config").mkdir()
    shutil.copy(REPOSITORY / "config" / "rhythm.yaml", tmp_path / "config")
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(CannotListen) as refused:
        Daemon(Options(Home(tmp_path), "127.0.0.1", 0, tls_port=other.getsockname()[1]))
    assert "--tls-port" in refused.value.sentence


def test_a_screen_on_https_shows_https_and_its_cookies_stay_there(daemon: Daemon) -> None:
    """The displayed address starts with https and the cookies of pairing and wall are Secure; over HTTP neither."""
    for link, scheme in (
        (ask(daemon), "https"),
        (http.client.HTTPConnection("127.0.0.1", daemon.server.port), "http"),
    ):
        link.request("GET", "/wall/new")
        answer = link.getresponse()
        page, waiting = answer.read().decode(), answer.headers["Set-Cookie"]
        assert re.search(rf"{scheme}://[0-9.]+:{link.port}/", page)  # an address that phones can open
        assert ("Secure" in waiting.split("; ")) == (scheme == "https")
        secret = waiting.split(";")[0]
        pairing = daemon.office.pairings.find(secret.partition("=")[2])
        assert pairing is not None
        daemon.office.pairings.confirm(pairing.code, f"by-{scheme}")
        link.request("GET", "/api/pairing", headers={"Cookie": secret})
        answer = link.getresponse()
        answer.read()
        (wall,) = [
            cookie for cookie in answer.headers.get_all("Set-Cookie") if cookie.startswith("zhangu-wall=")
        ]
        assert ("Secure" in wall.split("; ")) == (scheme == "https")
        assert {"HttpOnly", "SameSite=Strict"} <= set(wall.split("; "))
        link.close()


@pytest.mark.browser
def test_the_phone_explains_trust_and_can_record_over_https(daemon: Daemon, browser: Browser) -> None:
    """On plain HTTP the page shows the address and the steps; on HTTPS the hold button and no steps."""
    from playwright.sync_api import expect

    from tests.signage.test_phone_browser import ARTEFACTS, RULES

    plain, encrypted = (
        f"http://127.0.0.1:{daemon.server.port}/",
        f"https://localhost:{daemon.front.port}/",
    )
    for address in (plain, encrypted):
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, ignore_https_errors=True
        )
        page = context.new_page()
        page.goto(address)
        page.fill("#pin", daemon.office.keys.pin())
        page.click("text=进入")
        page.locator(".tabs").get_by_text("设备").tap()
        if address == plain:
            expect(page.locator("#secure-address")).to_have_text(f"https://127.0.0.1:{daemon.front.port}/")
            page.locator("#secure").scroll_into_view_if_needed()
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            ARTEFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTEFACTS / "phone-secure.png")
            assert page.evaluate(RULES) == []
        else:
            expect(page.locator("#secure")).to_be_hidden()
            page.locator(".tabs").get_by_text("广播").tap()
            expect(page.get_by_role("button", name="按住说话")).to_be_visible()
        context.close()
