"""Server-sent events: send the newest revision to every screen, without ever waiting for a screen.

One thread, `sse-writer`, subscribes to the feed and writes to every connection: waking one thread per screen would
take three times as long with 200 walls. A connection's server thread only waits for the connection to end.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from flask import Blueprint, Response, current_app, request

from controller.feed import Feed, Subscription
from controller.sales.model import StoreTrouble
from signage.auth import access
from signage.http import Denied

log = logging.getLogger(__name__)

MAX_STREAMS = 250
TICK_S = 10.0
LOOK_S = 1.0  # interval at which the writer checks for closed connections and ended sessions
STATE_S = 0.002
"""Time of the server that one screen takes after a hint: the next hint waits until all could have fetched the last."""
NAME_LIMIT = 40
LINE = "zhangu.line"  # where in the WSGI environment the server puts the Line of a request


class Line(Protocol):
    """The connection to one screen, after its first bytes are sent. Both methods return at once, from any thread."""

    def write(self, data: bytes) -> bool:
        """Send `data`; return False when the screen is gone or reads too slowly."""

    def gone(self) -> bool:
        """Return whether the screen has closed the connection."""


class Stream:
    """One screen's event stream: open until `end` is called. `session`: of the phone that opened it."""

    def __init__(
        self,
        name: str,
        screen: str,
        line: Line,
        address: str = "",
        known: bool = False,
        session: int | None = None,
    ) -> None:
        self.name, self.screen, self.session = name, screen, session
        self.address, self.known = address, known
        self._line = line
        self._over = threading.Event()
        self._lock = threading.Lock()  # no write may follow `end`

    def push(self, data: bytes) -> None:
        """Send `data`; end the stream when the write fails."""
        with self._lock:
            if not self._over.is_set() and not self._line.write(data):
                self._over.set()

    def look(self) -> None:
        """End when the screen is gone."""
        if self._line.gone():
            self.end()

    def end(self) -> None:
        """End the stream; callable from any thread, repeatedly."""
        with self._lock:
            self._over.set()

    def wait(self) -> None:
        self._over.wait()


def _event(name: str, data: dict[str, int]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


class Streams:
    """All open streams. A screen that reconnects ends its old stream, so that a cut cable leaves no stale one.

    A screen is a name at an address: two TVs may show the same wall, one TV never has two streams.
    `on_count` is called with the number of open streams (the server then keeps enough threads).
    `signed_in` returns the valid sessions: the stream of a phone that is no longer among them ends within LOOK_S.
    """

    def __init__(
        self,
        feed: Feed,
        now_ms: Callable[[], int],
        limit: int = MAX_STREAMS,
        signed_in: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        self.feed = feed
        self._signed_in = signed_in
        self.on_count: Callable[[int], None] = lambda count: None
        self.turn = threading.Lock()  # held while all streams are written; slow requests can wait for it
        self._now_ms = now_ms
        self._limit = limit
        self._open: dict[tuple[str, str], Stream] = {}
        self._listening: set[Stream] = set()
        self._lock = threading.Lock()
        self._news: Subscription | None = None
        self._closed = False

    def open(
        self,
        name: str,
        screen: str,
        line: Line,
        address: str = "",
        known: bool = False,
        session: int | None = None,
    ) -> Stream:
        """Open a stream for `screen` of wall `name` at `address`; `known`: a signed-in phone or a paired wall.

        At the limit, end a stream of another address that holds more; a known screen may replace any unknown one.
        Raises Denied 503 when no stream can be ended.
        """
        with self._lock:
            old = self._open.pop((name, screen), None)
            if old is not None:
                old.end()
            if len(self._open) >= self._limit and not self._evict(address, known):
                raise Denied(503, f"已有 {self._limit} 块屏幕连着，请先关掉不用的。", retry_after=30)
            stream = self._open[(name, screen)] = Stream(name, screen, line, address, known, session)
            self.on_count(len(self._open))
        return stream

    def _evict(self, address: str, known: bool) -> bool:
        """End the oldest stream of the address that holds the most, unknown screens first. Return success."""
        strangers = Counter(stream.address for stream in self._open.values() if not stream.known)
        everybody = Counter(stream.address for stream in self._open.values())
        for held, least in (
            (strangers, 0 if known else everybody[address] + 1),
            (everybody, everybody[address] + 1),
        ):
            (greedy, count), *_ = held.most_common(1) or [("", 0)]
            if count > least:
                key = next(
                    key
                    for key, stream in self._open.items()
                    if stream.address == greedy and not (held is strangers and stream.known)
                )
                self._open.pop(key).end()
                return True
        return False

    def lines(self, stream: Stream) -> Iterator[bytes]:
        """Yield the greeting, then wait until the stream ends, while the writer thread sends events."""
        try:
            revision = self.feed.revision
            yield b"retry: 3000\n\n" + self._beat("hello", revision)
            with self.turn:
                self._listen(stream)
                if self.feed.revision != revision:  # changed between greeting and subscription
                    stream.push(self._hint())
            stream.wait()
        finally:
            self.ended(stream)

    def walls(self) -> int:
        """Return the number of open streams that no phone has opened."""
        with self._lock:
            return sum(stream.session is None for stream in self._open.values())

    def ended(self, stream: Stream) -> None:
        """Remove `stream`; keep a newer stream of the same screen."""
        stream.end()
        with self._lock:
            self._listening.discard(stream)
            if self._open.get((stream.name, stream.screen)) is stream:
                del self._open[(stream.name, stream.screen)]
                self.on_count(len(self._open))

    def names(self) -> dict[str, int]:
        """Return the connected walls and phones, with the number of screens of each."""
        with self._lock:
            counts: dict[str, int] = {}
            for name, _ in self._open:
                counts[name] = counts.get(name, 0) + 1
            return counts

    def close(self) -> None:
        """End every stream and the writer thread; used when the server stops."""
        with self._lock:
            self._closed = True
            for stream in self._open.values():
                stream.end()
            self._open.clear()
            if self._news is not None:
                self._news.close()

    def _listen(self, stream: Stream) -> None:
        with self._lock:
            if self._closed:  # since the greeting
                stream.end()
                return
            self._listening.add(stream)
            if self._news is None:
                self._news = self.feed.subscribe()
                threading.Thread(
                    target=self._write_all, args=(self._news,), name="sse-writer", daemon=True
                ).start()

    def _write_all(self, news: Subscription) -> None:
        tick_at, look_at = time.monotonic() + TICK_S, time.monotonic() + LOOK_S
        hint_at, changed = 0.0, False
        while not news.closed:
            until = min(look_at, tick_at, hint_at) if changed else min(look_at, tick_at)
            changed = news.get(timeout=max(0.0, until - time.monotonic())) is not None or changed
            if changed and time.monotonic() >= hint_at:
                self._send(self._hint)
                hint_at, changed = time.monotonic() + STATE_S * len(self._listeners()), False
            if time.monotonic() >= look_at:
                self._look()
                look_at = time.monotonic() + LOOK_S
            if time.monotonic() >= tick_at:
                self._send(lambda: self._beat("tick", self.feed.revision))
                tick_at = time.monotonic() + TICK_S

    def _look(self) -> None:
        """End the streams of closed connections, and of phones that were signed out, by the phone or by a command."""
        phones = []
        for stream in self._listeners():
            stream.look()
            if stream.session is not None:
                phones.append(stream)
        if not phones:
            return
        try:
            valid = self._signed_in()
        except StoreTrouble:  # while the store cannot be read no request is served either
            return
        for stream in phones:
            if stream.session not in valid:
                stream.end()

    def _send(self, news: Callable[[], bytes]) -> None:
        with self.turn:  # made under the lock, so that no stream gets an older revision after a newer one
            data = news()
            for stream in self._listeners():
                stream.push(data)

    def _hint(self) -> bytes:
        return _event("hint", {"revision": self.feed.revision})

    def _listeners(self) -> tuple[Stream, ...]:
        with self._lock:
            return tuple(self._listening)

    def _beat(self, name: str, revision: int) -> bytes:
        return _event(name, {"now": self._now_ms(), "revision": revision})


pages = Blueprint("events", __name__)


@pages.get("/events")
def events() -> Response:
    streams: Streams = current_app.extensions["streams"]
    line: Line | None = request.environ.get(LINE)
    if line is None:
        raise Denied(503, "这个服务器不能推送消息，请用 zhangu run 启动。")
    name = request.args.get("wall", "").strip()[:NAME_LIMIT] or "main"
    screen = request.args.get("screen", "")[:NAME_LIMIT] or (request.remote_addr or "?")
    if not ("wall" in request.args or "screen" in request.args):
        screen = secrets.token_hex(8)  # a program that only listens is no screen and replaces none
    known, caller = access().known(), access().caller()
    session = caller.session if caller else None
    stream = streams.open(name, screen, line, request.remote_addr or "?", known, session)
    answer = Response(streams.lines(stream), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"  # a proxying nginx must not buffer hints
    answer.call_on_close(lambda: streams.ended(stream))
    return answer
