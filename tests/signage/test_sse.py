"""Server-sent events over a real waitress on a real port: sent at once, never blocking, without stale streams."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest

from controller.clock import Clock
from controller.feed import Feed
from controller.system.network import CannotListen, listen
from signage import create_app, sse
from signage.server import Server


class Nobody:
    """An empty office: any use of it fails loudly."""

    keys = None


class Wire:
    """A connection without a screen; accepts `room` messages, then no more."""

    def __init__(self, room: int = 1000) -> None:
        self.written: list[bytes] = []
        self._room = room

    def write(self, data: bytes) -> bool:
        if len(self.written) >= self._room:
            return False
        self.written.append(data)
        return True

    def gone(self) -> bool:
        return False


def streams_of(server: Server) -> sse.Streams:
    return server._streams


class Screen:
    """A wall that reads its stream as bytes."""

    def __init__(self, port: int, wall: str = "main", screen: str = "") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        path = "/events" + (f"?wall={wall}" if wall else "") + (f"&screen={screen}" if screen else "")
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.text = ""
        self.over = False

    def read(self, until: Callable[[], bool], seconds: float = 60) -> bool:
        """Read until `until` holds; return False when it never does."""
        end = time.monotonic() + seconds
        while not until():
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                got = self.socket.recv(65536)
            except TimeoutError:
                return until()
            if not got:
                self.over = True
                return until()
            self.text += got.decode()
        return True

    def wait(self, text: str) -> bool:
        return self.read(lambda: text in self.text)

    def ended(self) -> bool:
        """Return whether the server has closed the connection."""
        return self.read(lambda: self.over)

    def all(self, event: str) -> list[dict[str, int]]:
        return [json.loads(data) for data in re.findall(rf"event: {event}\ndata: (.*)\n", self.text)]


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def server(feed: Feed) -> Iterator[Server]:
    clock = Clock(ZoneInfo("Asia/Shanghai"))
    # Events do not use the office; Nobody makes sure of it.
    app = create_app(Nobody(), secret="s" * 40, feed=feed, clock=clock)  # type: ignore[arg-type]
    running = Server(app, listen("127.0.0.1", 0))
    running.start()
    yield running
    running.close()


@pytest.fixture
def screens(server: Server) -> Iterator[Callable[..., Screen]]:
    opened: list[Screen] = []

    def opening(wall: str = "main", screen: str = "") -> Screen:
        opened.append(Screen(server.port, wall, screen))
        return opened[-1]

    yield opening
    for screen in opened:
        screen.socket.close()


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_a_screen_gets_a_greeting_then_hints(feed: Feed, screens: Callable[..., Screen]) -> None:
    """A screen gets the current revision at once and every newer one immediately."""
    wall = screens()
    assert wall.wait("event: hello")
    assert "text/event-stream" in wall.text
    hello = wall.all("hello")[0]
    assert hello["revision"] == 1
    assert abs(hello["now"] / 1000 - time.time()) < 5
    assert feed.notify() == 2
    assert wall.wait('event: hint\ndata: {"revision":2}')


def test_a_burst_becomes_the_newest(feed: Feed, screens: Callable[..., Screen]) -> None:
    """Of a thousand revisions a screen may miss some, but never the last."""
    wall = screens()
    assert wall.wait("event: hello")
    for _ in range(1000):
        feed.notify()
    assert wall.wait('{"revision":1001}')
    heard = [hint["revision"] for hint in wall.all("hint")]
    assert heard == sorted(heard)


def test_hints_leave_many_screens_time_to_fetch(feed: Feed) -> None:
    """A hundred screens under constant changes get no more hints than they can follow, and then the last one."""
    streams, wires = sse.Streams(feed, lambda: 0), [Wire() for _ in range(100)]
    for number, wire in enumerate(wires):
        stream = streams.open(str(number), "1", wire)
        lines = streams.lines(stream)
        next(lines)
        threading.Thread(target=list, args=(lines,), daemon=True).start()
    assert eventually(lambda: len(streams._listeners()) == 100)
    began = time.monotonic()
    while time.monotonic() < began + 1:
        feed.notify()
        time.sleep(0.001)
    last = f'{{"revision":{feed.revision}}}'.encode()
    assert eventually(lambda: all(last in wire.written[-1] for wire in wires))
    most = (time.monotonic() - began) / 0.2 + 2
    assert all(0 < len(wire.written) <= most for wire in wires)
    streams.close()


def test_ticks_come_by_themselves(
    feed: Feed, screens: Callable[..., Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without changes a tick event with time and revision is sent regularly."""
    monkeypatch.setattr(sse, "TICK_S", 0.2)  # ten seconds would only make the test slower
    wall = screens()
    assert wall.read(lambda: len(wall.all("tick")) >= 3)
    assert [tick["revision"] for tick in wall.all("tick")[:3]] == [1, 1, 1]


def test_the_same_screen_holds_one_line(feed: Feed, screens: Callable[..., Screen]) -> None:
    """A screen that reconnects ends its old stream; another screen of the same wall keeps its stream."""
    first, other = screens("hall", "tv-1"), screens("hall", "tv-2")
    assert first.wait("event: hello")
    assert other.wait("event: hello")
    second = screens("hall", "tv-1")
    assert second.wait("event: hello")
    assert first.ended()
    feed.notify()
    assert second.wait("event: hint")
    assert other.wait("event: hint")
    assert not other.over


def test_without_a_screens_mark_the_address_is_the_screen(screens: Callable[..., Screen]) -> None:
    """The same wall from the same address replaces the old stream, as after a power cut."""
    first = screens("lobby")
    assert first.wait("event: hello")
    assert screens("lobby").wait("event: hello")
    assert first.ended()


def test_programs_that_only_listen_do_not_evict_each_other(
    screens: Callable[..., Screen], feed: Feed
) -> None:
    """Two plain `GET /events` from one machine are two listeners: without a wall name, neither is a screen."""
    first, second = screens(""), screens("")
    assert first.wait("event: hello")
    assert second.wait("event: hello")
    feed.notify()
    assert first.wait("event: hint")
    assert second.wait("event: hint")


def test_a_gone_screen_is_forgotten(server: Server, screens: Callable[..., Screen]) -> None:
    """A screen that closed or crashed leaves no open stream."""
    closing, crashing = screens("a"), screens("b")
    assert closing.wait("event: hello")
    assert crashing.wait("event: hello")
    assert set(streams_of(server).names()) == {"a", "b"}
    closing.socket.close()
    crashing.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # sends a reset
    crashing.socket.close()
    assert eventually(lambda: streams_of(server).names() == {})


def test_forty_screens_do_not_keep_a_phone_waiting(
    feed: Feed, server: Server, screens: Callable[..., Screen]
) -> None:
    """With forty streams, more than the initial threads, a normal request is answered and all get the hint."""
    walls = [screens(f"wall-{number}") for number in range(40)]
    assert all(wall.wait("event: hello") for wall in walls)
    phone = socket.create_connection(("127.0.0.1", server.port), 5)
    phone.sendall(b"GET /manifest.webmanifest HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert phone.recv(100).startswith(b"HTTP/1.1 200")
    phone.close()
    feed.notify()
    assert all(wall.wait("event: hint") for wall in walls)


def test_walls_that_all_ask_at_once_do_not_keep_a_phone_waiting(server: Server) -> None:
    """Sixty states are requested while none can be built: a phone is still answered."""
    with streams_of(server).turn, contextlib.ExitStack() as open_lines:
        for _ in range(60):
            wall = open_lines.enter_context(socket.create_connection(("127.0.0.1", server.port), 5))
            wall.sendall(b"GET /api/wall HTTP/1.1\r\nHost: localhost\r\n\r\n")
        phone = open_lines.enter_context(socket.create_connection(("127.0.0.1", server.port), 5))
        phone.sendall(b"GET /manifest.webmanifest HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert phone.recv(100).startswith(b"HTTP/1.1 200")


def test_too_many_lines_are_refused_in_a_sentence(feed: Feed) -> None:
    """Above the limit a stream is refused with 503 and advice; after one ends, the next is accepted."""
    streams = sse.Streams(feed, lambda: 0, limit=2)
    counted: list[int] = []
    streams.on_count = counted.append
    first = streams.open("a", "1", Wire())
    streams.open("b", "1", Wire())
    with pytest.raises(sse.Denied) as denied:
        streams.open("c", "1", Wire())
    assert denied.value.status == 503
    assert denied.value.sentence == "已有 2 块屏幕连着，请先关掉不用的。"
    streams.ended(first)
    streams.open("c", "1", Wire())
    assert counted == [1, 2, 1, 2]
    assert streams.names() == {"b": 1, "c": 1}


def test_an_old_line_ending_late_leaves_the_new_one(feed: Feed) -> None:
    """A replaced stream that ends after its successor opened does not affect the successor."""
    streams = sse.Streams(feed, lambda: 0)
    old = streams.open("a", "1", Wire())
    streams.open("a", "1", Wire())
    streams.ended(old)
    assert streams.names() == {"a": 1}


def test_nothing_is_written_after_the_end(feed: Feed) -> None:
    """An ended stream accepts no data, and a stream whose write fails ends."""
    streams, wire = sse.Streams(feed, lambda: 0), Wire()
    stream = streams.open("a", "1", wire)
    stream.push(b"one")
    stream.end()
    stream.push(b"two")
    assert wire.written == [b"one"]
    full = Wire(room=1)
    slow = streams.open("b", "1", full)
    for word in (b"one", b"two", b"three"):
        slow.push(word)
    slow.wait()  # does not wait: it has ended
    assert full.written == [b"one"]


def test_news_between_greeting_and_listening_is_not_missed(feed: Feed) -> None:
    """A change during the greeting of a screen reaches it as its first hint."""
    streams, wire = sse.Streams(feed, lambda: 0), Wire()
    stream = streams.open("a", "1", wire)
    lines = streams.lines(stream)
    assert b'"revision":1' in next(lines)
    feed.notify()
    waiting = threading.Thread(target=lambda: list(lines))
    waiting.start()
    assert eventually(lambda: wire.written != [])
    streams.close()
    waiting.join(5)
    assert wire.written == [b'event: hint\ndata: {"revision":2}\n\n']


def test_a_screen_that_never_reads_costs_no_one(
    server: Server, feed: Feed, screens: Callable[..., Screen]
) -> None:
    """A screen that stopped reading is closed when it is too far behind, and writing to it never blocks."""
    stuck, well = screens("stuck"), screens("well")
    assert stuck.wait("event: hello")
    assert well.wait("event: hello")
    assert eventually(lambda: len(streams_of(server)._listeners()) == 2)
    line = next(stream for stream in streams_of(server)._listeners() if stream.name == "stuck")

    def write_much() -> None:
        for _ in range(200):  # 20 MB: more than the kernel buffers for one screen
            line.push(b":" + 100_000 * b"x" + b"\n\n")

    writing = threading.Thread(target=write_much, daemon=True)
    writing.start()
    writing.join(10)  # a blocking write would wait for the socket's timeout, 20 s
    assert not writing.is_alive()
    assert eventually(lambda: streams_of(server).names() == {"well": 1})
    feed.notify()
    assert well.wait("event: hint")


def test_a_stream_that_is_only_greeted_ends_with_the_server(feed: Feed) -> None:
    """The server stops between a greeting and the subscription: no listener and no thread is left."""
    streams = sse.Streams(feed, lambda: 0)
    lines = streams.lines(streams.open("main", "1", Wire()))
    next(lines)
    streams.close()
    assert list(lines) == []
    assert feed.listeners == 0


def test_closing_ends_every_line(feed: Feed, server: Server, screens: Callable[..., Screen]) -> None:
    """A server that stops ends its streams at once, and leaves no listener and no thread."""
    walls = [screens(f"wall-{number}") for number in range(5)]
    assert all(wall.wait("event: hello") for wall in walls)
    server.close()
    assert all(wall.ended() for wall in walls)
    assert eventually(lambda: feed.listeners == 0)


def test_a_port_in_use_is_refused_with_a_sentence(server: Server, feed: Feed) -> None:
    """A port in use, or an address of another machine, is refused with a sentence and advice."""
    app = create_app(Nobody(), secret="s", feed=feed, clock=Clock(ZoneInfo("UTC")))  # type: ignore[arg-type]
    with pytest.raises(CannotListen) as taken:
        Server(app, listen("127.0.0.1", server.port))
    port = server.port
    assert taken.value.sentence == (
        f"端口 {port} 已经被别的程序占用。请关掉那个程序，或者换一个端口：zhangu run --port {port + 1}"
    )
    with pytest.raises(CannotListen) as foreign:
        listen("203.0.113.7", 0)
    assert foreign.value.sentence.startswith("这台机器没有地址 203.0.113.7。")


def test_lines_notice_a_cut_cord(server: Server) -> None:
    """Accepted connections have keep-alive and a user timeout, so that a cut cable ends them within 30 s."""
    sizes = {}
    with socket.create_connection(("127.0.0.1", server.port), 5):
        assert eventually(lambda: bool(server._server.connections()))
        accepted = server._server.connections()[0].socket
        for option in (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE, socket.TCP_NODELAY):
            sizes[option] = accepted.getsockopt(socket.IPPROTO_TCP, option)
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sizes == {socket.TCP_USER_TIMEOUT: 20_000, socket.TCP_KEEPIDLE: 10, socket.TCP_NODELAY: 1}


def test_a_signed_out_phones_stream_ends_also_while_hints_come(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream of an ended session closes within seconds although something changes all the time; others stay."""
    monkeypatch.setattr(sse, "LOOK_S", 0.2)
    valid = {7}
    streams = sse.Streams(feed, lambda: 0, signed_in=lambda: frozenset(valid))
    phone, screen = streams.open("phone", "1", Wire(), session=7), streams.open("hall", "1", Wire())
    reading = [threading.Thread(target=list, args=(streams.lines(one),)) for one in (phone, screen)]
    for thread in reading:
        thread.start()
    try:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and reading[0].is_alive():
            feed.notify()
            time.sleep(0.02)
            if time.monotonic() > deadline - 4:
                valid.clear()
            else:
                assert reading[0].is_alive()
        assert not reading[0].is_alive()
        assert reading[1].is_alive()
    finally:
        streams.close()
        for thread in reading:
            thread.join(5)
