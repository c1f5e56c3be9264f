"""Server-sent events: every screen is told the newest revision; nobody ever waits for a screen."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator

from flask import Blueprint, Response, current_app, request

from controller.feed import Feed, Subscription
from signage.answers import Denied

log = logging.getLogger(__name__)

MAX_STREAMS = 250
TICK_S = 10.0
LOOK_S = 1.0  # how often a quiet stream looks whether its screen is still there
NAME_LIMIT = 40


class Stream:
    """One screen's line: hello, then hints as they come and a tick every ten seconds."""

    def __init__(self, name: str, subscription: Subscription) -> None:
        self.name = name
        self._subscription = subscription
        self._over = threading.Event()

    def end(self) -> None:
        """Ask the line to end. It does within a second; may be called from any thread, more than once."""
        self._over.set()
        self._subscription.close()

    def lines(self, feed: Feed, now_ms: Callable[[], int], gone: Callable[[], bool]) -> Iterator[bytes]:
        yield b"retry: 3000\n\n" + _event("hello", {"now": now_ms(), "revision": feed.revision})
        tick_at = time.monotonic() + TICK_S
        while not self._over.is_set() and not gone():
            revision = self._subscription.get(timeout=min(LOOK_S, max(0.0, tick_at - time.monotonic())))
            if self._over.is_set():
                return
            if revision is not None:
                yield _event("hint", {"revision": revision})
            if time.monotonic() >= tick_at:
                tick_at = time.monotonic() + TICK_S
                yield _event("tick", {"now": now_ms(), "revision": feed.revision})


def _event(name: str, data: dict[str, int]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


class Streams:
    """All open lines. A screen that opens again ends its old line: a cut cord leaves nothing behind.

    A screen is a name at an address: two TVs may show the same wall, one TV never holds two lines.
    `on_count` hears the number of open lines (the server then keeps enough threads).
    """

    def __init__(self, feed: Feed, limit: int = MAX_STREAMS) -> None:
        self.feed = feed
        self.on_count: Callable[[int], None] = lambda count: None
        self._limit = limit
        self._open: dict[tuple[str, str], Stream] = {}
        self._lock = threading.Lock()

    def open(self, name: str, screen: str) -> Stream:
        """A new line for `screen` of wall `name`. Raises Denied 503 when all lines are taken."""
        with self._lock:
            old = self._open.pop((name, screen), None)
            if old is not None:
                old.end()
            if len(self._open) >= self._limit:
                raise Denied(503, f"已有 {self._limit} 块屏幕连着，请先关掉不用的。", retry_after=30)
            stream = Stream(name, self.feed.subscribe())
            self._open[(name, screen)] = stream
            self.on_count(len(self._open))
        return stream

    def ended(self, name: str, screen: str, stream: Stream) -> None:
        """Forget `stream`, unless the screen has opened a newer one."""
        stream.end()
        with self._lock:
            if self._open.get((name, screen)) is stream:
                del self._open[(name, screen)]
                self.on_count(len(self._open))

    def names(self) -> dict[str, int]:
        """Walls and phones that listen now, with the number of screens of each."""
        with self._lock:
            found: dict[str, int] = {}
            for name, _ in self._open:
                found[name] = found.get(name, 0) + 1
            return found

    def close(self) -> None:
        """End every line; used when the server stops."""
        with self._lock:
            for stream in self._open.values():
                stream.end()
            self._open.clear()


pages = Blueprint("events", __name__)


@pages.get("/events")
def events() -> Response:
    streams: Streams = current_app.extensions["streams"]
    now_ms: Callable[[], int] = current_app.extensions["now_ms"]
    name = request.args.get("wall", "").strip()[:NAME_LIMIT] or "main"
    screen = request.args.get("screen", "")[:NAME_LIMIT] or request.remote_addr or "?"
    gone: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    stream = streams.open(name, screen)

    def lines() -> Iterator[bytes]:
        try:
            yield from stream.lines(streams.feed, now_ms, gone)
        finally:
            streams.ended(name, screen, stream)

    answer = Response(lines(), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"  # nginx in between must not hold hints back
    answer.call_on_close(lambda: streams.ended(name, screen, stream))
    return answer
