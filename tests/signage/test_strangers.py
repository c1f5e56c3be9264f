"""Unauthenticated clients on the LAN: limits on the load they can cause, tested on a whole running office."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from controller import daemon
from controller.system.paths import Home
from signage import sse, waitress_parts
from signage.http import MAX_BODY
from tests.signage.house import House, running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            yield house


def line(house: House, said: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    """Open a connection and send `said`."""
    made = socket.create_connection(("127.0.0.1", house.daemon.server.port), 10, source_address=(source, 0))
    if said:
        made.sendall(said)
    return made


def head(method: str, path: str, **headers: object) -> bytes:
    named = {"Host": "127.0.0.1", **{key.replace("_", "-"): value for key, value in headers.items()}}
    lines = "".join(f"{key}: {value}\r\n" for key, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()


def answer(made: socket.socket) -> tuple[int, str]:
    """Return (status, error) of the answer, after which the server closes the connection."""
    got = http.client.HTTPResponse(made)
    got.begin()
    body = got.read()
    return got.status, json.loads(body)["error"] if body else ""


def somebody_else_is_answered(house: House, path: str = "/login", source: str = "127.0.0.9") -> None:
    """Check that another client is answered within the ten seconds that these connections stay open."""
    with contextlib.closing(line(house, head("GET", path, Connection="close"), source)) as phone:
        got = http.client.HTTPResponse(phone)
        got.begin()
        assert got.status in (200, 302), got.status
        got.read()


def bearer(house: House, role: str) -> str:
    return f"Bearer {house.token(role)}"


@contextlib.contextmanager
def many(
    house: House, count: int, said: bytes = b"", source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(line(house, said, source))) for _ in range(count)]


UPLOADS = ["/api/clips", "/api/tracks/morning", "/api/people/1/photo", "/api/teams/1/song"]


@pytest.mark.parametrize("path", UPLOADS)
def test_a_file_of_a_stranger_is_refused_at_the_header(house: House, path: str) -> None:
    """401 without sign-in, 403 for a wall, before the first byte of the body, with and without a length."""
    method = "PUT" if path.endswith(("photo", "song")) else "POST"
    for way in ({"Content_Length": 5_000_000}, {"Transfer_Encoding": "chunked"}):
        with contextlib.closing(line(house, head(method, path, **way))) as stranger:
            assert answer(stranger) == (401, "请先输入 PIN 登录，或者带上有效的令牌。")
        with contextlib.closing(
            line(house, head(method, path, Authorization=bearer(house, "wall"), **way))
        ) as wall:
            assert answer(wall)[0] == 403


def test_routes_without_files_accept_64_kb_even_from_an_admin(house: House) -> None:
    """413 with the limit: at the header when it declares the length, else at the first byte over the limit."""
    own = bearer(house, "admin")
    with contextlib.closing(
        line(house, head("POST", "/api/deals", Content_Length=MAX_BODY + 1, Authorization=own))
    ) as made:
        assert answer(made) == (413, "发来的内容太大，最多 64 KB。")
    with contextlib.closing(line(house, head("POST", "/api/deals", Transfer_Encoding="chunked"))) as made:
        made.sendall(b"11000\r\n" + b"x" * 0x11000)
        assert answer(made) == (413, "发来的内容太大，最多 64 KB。")
    with contextlib.closing(
        line(house, head("POST", "/api/people/1/nothing", Content_Length="9" * 5000, Authorization=own))
    ) as made:
        assert answer(made)[0] == 400


def test_a_file_over_the_limit_is_refused_before_it_comes(house: House) -> None:
    """A signed-in phone gets the limit of that kind of file, and the server never sends `100 Continue`."""
    said = head(
        "POST", "/api/clips", Content_Length=10**9, Authorization=bearer(house, "assistant"),
        Expect="100-continue",
    )  # fmt: skip
    with contextlib.closing(line(house, said)) as made:
        status, sentence = answer(made)
    assert status == 413
    assert "MB" in sentence


def test_a_client_refused_while_sending_gets_the_answer_and_no_reset(house: House) -> None:
    """A browser sends its whole body before it reads: the server discards 8 MB, then the sentence arrives."""
    with contextlib.closing(line(house, head("POST", "/api/clips", Content_Length=8_000_000))) as made:
        for _ in range(80):
            made.sendall(b"x" * 100_000)
        assert answer(made)[0] == 401


def test_bodies_of_strangers_are_not_stored_on_disk(house: House) -> None:
    """520 half-sent bodies: no open files, memory grows by less than 40 MB, others are answered at once."""
    me = psutil.Process()
    files, memory = open_files(), me.memory_info().rss
    deal, clip = (head("POST", path, Content_Length=60_000) for path in ("/api/deals", "/api/clips"))
    with many(house, 260, deal + b"x" * 30_000), many(house, 260, clip + b"x" * 30_000, "127.0.0.2"):
        somebody_else_is_answered(house)
        new = set(open_files()) - set(files)
        assert [path for path in new if "(deleted)" in path] == []
        assert len(open_files()) - len(files) <= 2 * 530
        assert me.memory_info().rss - memory < 40_000_000


def open_files() -> list[str]:
    """Return the open files of this process: the daemon and the test's clients."""
    paths = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            paths.append(str(entry.readlink()))
    return paths


def test_idle_connections_of_one_address_are_bounded(house: House) -> None:
    """Of 500 idle connections of one address at most 300 stay, and others are answered."""
    with many(house, 500, source="127.0.0.3"):
        somebody_else_is_answered(house)
        assert _until(lambda: _held(house, "127.0.0.3") <= waitress_parts.WAITING_OF_ONE)


def test_many_addresses_cannot_use_up_all_connections(house: House) -> None:
    """With 1,200 connections of four addresses, each with half a header, a phone can still connect."""
    with contextlib.ExitStack() as stack:
        for number in range(4):
            stack.enter_context(many(house, 300, b"GET / HTTP/1.1\r\nHost:", f"127.0.1.{number + 1}"))
        somebody_else_is_answered(house)
        assert len(house.daemon.server._server.connections()) <= waitress_parts.MOST_CONNECTIONS + 1


def _held(house: House, address: str) -> int:
    return sum(channel.address == address for channel in house.daemon.server._server.connections())


def _until(holds: object, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.02)
    return bool(holds())  # type: ignore[operator]


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nX: ", head("POST", "/login", Content_Length=60_000)],
    ids=["nothing", "header", "body"],
)  # fmt: skip
def test_trickled_bytes_extend_no_deadline(
    house: House, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """With a byte every 50 ms the connection is closed at its deadline, not after the last byte."""
    for name in ("FIRST_S", "HEADER_S", "BODY_S"):
        monkeypatch.setattr(waitress_parts, name, 0.4)
    began = time.monotonic()
    with contextlib.closing(line(house, said)) as made, contextlib.suppress(OSError):
        made.settimeout(0.05)
        while time.monotonic() - began < 8:
            with contextlib.suppress(TimeoutError):
                if not made.recv(100):
                    break
            if said:
                made.sendall(b"x")
    assert time.monotonic() - began < 6


def test_an_answer_that_is_not_read_holds_no_thread(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty clients that never read: others are answered, and the connections are closed in the end."""
    monkeypatch.setattr(waitress_parts, "READ_S", 0.3)
    monkeypatch.setattr(waitress_parts, "READ_RATE", 10_000_000)
    ask = head("GET", "/static/phone.js") * 60
    with many(house, 20, ask, "127.0.0.4"):
        somebody_else_is_answered(house)


def test_streams_of_one_address_leave_room_for_walls(house: House) -> None:
    """With 250 streams of one address, a wall of another and a signed-in phone of the same address are served."""
    streams = house.daemon.server._streams
    with many(house, sse.MAX_STREAMS + 10, head("GET", "/events"), "127.0.0.5"):
        assert _until(lambda: len(streams._open) == sse.MAX_STREAMS)
        known = head("GET", "/events?wall=phone-1&screen=b", Authorization=bearer(house, "assistant"))
        with contextlib.ExitStack() as stack:  # they stay: a place that they leave would be taken
            wall, phone, one_more = (
                stack.enter_context(contextlib.closing(line(house, said, source)))
                for said, source in (
                    (head("GET", "/events?wall=real&screen=a"), "127.0.0.6"),
                    (known, "127.0.0.5"),
                    (b"", "127.0.0.5"),
                )
            )
            assert b"200 OK" in wall.recv(400)
            assert b"200 OK" in phone.recv(400)
            assert "real" in streams.names()
            one_more.sendall(head("GET", "/events"))
            assert answer(one_more)[0] == 503
        somebody_else_is_answered(house)
    assert _until(lambda: not streams._open)


def test_slow_conversions_delay_no_other_request(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more slow conversions than threads the phone's page is still answered."""
    over = threading.Event()
    monkeypatch.setattr(house.daemon.office.media, "take_clip", lambda stream: (over.wait(20), ("x", 1.0))[1])
    said = head("POST", "/api/clips", Content_Length=5, Authorization=bearer(house, "assistant")) + b"hello"
    with many(house, len(house.daemon.server._dispatcher.threads) + 4, said):
        try:
            somebody_else_is_answered(house)
        finally:
            over.set()


def test_half_a_request_and_a_flood_of_headers_get_a_status(house: House) -> None:
    """An endless header, one of 40 KB, deep JSON, a number of a million digits: a status, never a server error."""
    with contextlib.closing(line(house, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 8000)) as made:
        assert answer(made)[0] == 431
    own = {"Authorization": bearer(house, "admin"), "Content_Type": "application/json", "Connection": "close"}
    for body in (b"[" * 60_000, b'{"person": "a", "amount": ' + b"9" * 60_000 + b"}"):
        with contextlib.closing(
            line(house, head("POST", "/api/deals", Content_Length=len(body), **own) + body)
        ) as made:
            assert answer(made)[0] == 400


def test_invented_wall_names_and_pairings_displace_nobody(house: House) -> None:
    """After 400 names and 100 pairings of one address, a new wall of another is listed and its digits stay valid."""
    other = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, source_address=("127.0.0.7", 0))
    other.request("GET", "/wall/new")
    answered = other.getresponse()
    answered.read()
    cookie = answered.headers["Set-Cookie"].split(";")[0]
    report = {"scene": "rhythm", "revision": 1, "width": 1920, "height": 1080, "agent": "x"}
    for number in range(400):
        assert house.call("POST", f"/api/walls/invented-{number}/painted", report, role=None).status == 204
    for _ in range(100):
        house.daemon.office.pairings.begin("127.0.0.1")
    json_type = {"Content-Type": "application/json"}
    other.request("POST", "/api/walls/lobby/painted", json.dumps(report), json_type)
    answered = other.getresponse()
    answered.read()
    assert answered.status == 204
    known = [wall.name for wall in house.daemon.office.walls.known()]
    assert "lobby" in known
    assert sum(name.startswith("invented-") for name in known) <= 40
    other.request("GET", "/api/pairing", headers={"Cookie": cookie})
    answered = other.getresponse()
    assert answered.status == 200
    assert json.loads(answered.read()) == {"wall": None}
    other.close()


@pytest.mark.parametrize("name", ["new", ".", ".."])
def test_no_wall_has_an_address_that_leads_elsewhere(house: House, name: str) -> None:
    """/wall/new pairs screens, and browsers resolve dots as folders: a wall of such a name could not be opened.

    A wall that an earlier release paired with such a name gets new digits instead of a redirect to itself.
    """
    for path, said in (
        ("/api/pairings", {"code": "123456", "name": name}),
        ("/api/walls/x/rename", {"name": name}),
    ):
        named = house.call("POST", path, said, role="admin")
        assert named.status in (404, 422), named
        assert "new" not in [wall.name for wall in house.daemon.office.walls.known()]
    assert (
        "请换一个名字"
        in house.call("POST", "/api/pairings", {"code": "1", "name": name}, role="admin").json["error"]
    )
    token = house.daemon.office.keys.make_token(f"wall:{name}", "wall")
    asked = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port)
    asked.request("GET", "/wall/new", headers={"Cookie": f"zhangu-wall={token}"})
    with asked.getresponse() as given:
        assert given.status == 200
    asked.close()
    house.daemon.office.keys.end_token(f"wall:{name}")


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Forwarded-Host"],
)
def test_no_header_changes_the_address_of_a_guess(house: House, header: str) -> None:
    """Each guess claims another source: the sixth from one address still waits, on the real port."""
    source = f"127.0.2.{1 + len(header)}"
    statuses = []
    for number in range(6):
        claimed = f"for=10.0.0.{number}" if header == "Forwarded" else f"10.0.0.{number}"
        own = f"http://127.0.0.1:{house.daemon.server.port}"
        asked = http.client.HTTPConnection("127.0.0.1", house.daemon.server.port, source_address=(source, 0))
        asked.request(
            "POST", "/login", "pin=0",
            {header: claimed, "Origin": own, "Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        with asked.getresponse() as given:
            statuses.append(given.status)
        asked.close()
    house.daemon.office.keys.attempts._wrong.clear()
    house.daemon.office.keys.attempts._lately.clear()
    assert statuses == [403] * 5 + [429]


def test_strangers_leave_little_in_the_log(house: House, tmp_path: Path) -> None:
    """A hundred requests of each kind that can write a log line: under 50 KB of the 12 MB kept."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    daemon.keep_log(Home(tmp_path), to_screen=False)
    kinds = (
        head("GET", "/" + "x" * 30_000), head("GET", "/wall", Host="evil.example"),
        b"\x16\x03\x01" + b"\xff" * 400 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 6000, head("POST", "/api/deals", Content_Length="9" * 500),
        head("POST", "/login", Content_Length=5, Content_Type="application/x-www-form-urlencoded") + b"pin=0",
        head("GET", "/%ff%00\x1b[2J"), head("POST", "/api/clips", Transfer_Encoding="gzip"), b"BREW / HTTP/9.9\r\n\r\n",
        head("GET", "/events?wall=" + "%f0%9f%92%a9" * 40),
        head("POST", "/api/walls/x/painted", Content_Length=2) + b"[]",
    )  # fmt: skip
    try:
        for number in range(1_100):
            with (
                contextlib.suppress(OSError),
                contextlib.closing(line(house, kinds[number % len(kinds)])) as made,
            ):
                made.settimeout(0.05)
                made.recv(200)
        somebody_else_is_answered(house)
        written = sum(file.stat().st_size for file in (tmp_path / "var" / "log").iterdir())
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers, root.level = before, level
    house.daemon.office.keys.attempts._wrong.clear()
    house.daemon.office.keys.attempts._lately.clear()
    assert written < 50_000


def test_hidden_people_are_named_on_no_screen(house: House) -> None:
    """The voice says the name; the open /api/wall shows the same deal without it."""
    office = house.daemon.office
    person = next(person for person in office.people.active() if person.name == "李思思")
    office.people.update(person.id, hidden=True)
    assert house.sell("李思思", 58_000, "hidden").status == 201
    assert _until(lambda: office.snapshot.glance().on_air is not None, 20)
    assert "一位同事" in office.snapshot.glance().on_air.text  # type: ignore[union-attr]
    assert "李思思" not in json.dumps(house.call("GET", "/api/wall", role=None).json, ensure_ascii=False)
    office.people.update(person.id, hidden=False)
