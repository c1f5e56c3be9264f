"""All use of waitress internals. tests/signage/test_waitress_parts.py tests each internal name that is used here.

waitress is one loop for connections and a pool of threads for requests. Subclasses add the parts needed on an open
network: decide about a body at the header, close slow and surplus connections, write to a wall after its request
was answered, send errors as JSON, and run slow requests in separate threads. docs/decisions/web-server.md explains
the choice of waitress.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import re
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from controller.system.os_errors import reason, remedy
from signage.http import MAX_BODY, PLAIN, STATE, largest
from signage.sse import LINE, MAX_STREAMS

PULLED = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
BEHIND = 64 * 1024  # unread bytes at which a screen is closed: over a day of hints; it may reconnect

MOST_CONNECTIONS = 4 * MAX_STREAMS
WAITING_OF_ONE = 300  # idle connections of one address; walls and phones behind one router share the limit
WAITING_OF_ONE_TLS = 60  # each uses 0.3 MB
MAX_HEADER = 32 * 1024
BRINGING = re.compile(r"/api/(clips$|tracks/|(people|teams)/\d+/(photo|song)$)")
HEARING = "/api/preview"

FIRST_S = 20.0  # a new connection without a request; browsers open some in advance
HEADER_S = 10.0  # from the first byte of a header to its end, however many bytes arrive in between
IDLE_S = 60.0  # between two requests
BODY_S, BODY_RATE = 20.0, 8_000  # a body may take this long, plus its bytes at this rate (bytes per second)
READ_S, READ_RATE = 60.0, 4_000  # the same for the client's reading of an answer
DRAIN_S = 30.0  # a refused client's further data is discarded this long, so that it sees the answer

Environ = dict[str, Any]
Ask = Callable[[Environ], "int | Refusal"]


class Refusal:
    """An HTTP status and a sentence with which a request is refused before its body arrives."""

    def __init__(self, code: int, sentence: str) -> None:
        self.code, self.sentence = code, sentence
        self.reason = {401: "Unauthorized", 403: "Forbidden", 421: "Misdirected Request"}.get(code, "Refused")
        if code == 413:
            self.reason = "Request Entity Too Large"


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """A request to which the view can write later; it also knows whether it came over TLS."""

    def get_environment(self) -> Environ:
        environ: Environ = super().get_environment()
        environ[LINE] = TaskLine(self)
        if self.channel.secure:
            environ["wsgi.url_scheme"] = "https"
        return environ


class TaskLine:
    """Write through the task itself, so that waitress does the framing."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def write(self, data: bytes) -> bool:
        channel = self._task.channel
        # Above its high-water mark waitress blocks the writer, and the thread `sse-writer` must not block.
        if not channel.connected or channel.total_outbufs_len > BEHIND:
            return False
        try:
            self._task.write(data)
        except (ClientDisconnected, OSError):
            return False
        return True

    def gone(self) -> bool:
        return not self._task.channel.connected


class Unreadable(ErrorTask):  # type: ignore[misc]
    """Answer requests that never reach the app (such as a body that is too large) with one sentence as JSON."""

    def execute(self) -> None:
        error = self.request.error
        sentence = getattr(error, "sentence", None) or PLAIN.get(error.code, PLAIN[400])
        text = json.dumps({"error": sentence, "field": None}, ensure_ascii=False).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.response_headers.append(("X-Content-Type-Options", "nosniff"))
        self.set_close_on_finish()
        self.content_length = len(text)
        self.write(text)
        self.channel.drains = True


class Request(HTTPRequestParser):  # type: ignore[misc]
    """Call `ask` about the body once the header is known; until then a body may have 64 KB.

    `path` and `query` have defaults, because waitress reads them also when an unparsed request's client disconnects.
    """

    path = ""
    query = ""

    def __init__(self, adj: Any, ask: Ask) -> None:
        super().__init__(adj)
        self._ask = ask
        self.most = MAX_BODY
        self.began = self.body_began = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """Read the header and decide whether the body may come."""
        try:
            super().parse_header(header_plus)
        except ValueError:  # a Content-Length with more digits than int() accepts
            raise ParsingError("Content-Length is invalid") from None
        self.body_began = time.monotonic()
        if self.body_rcv is None or not (self.chunked or self.content_length > self.most):
            return
        answer = self._ask(self._environ())
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return
        self.most = answer
        if self.content_length > self.most:
            self._refuse(too_large(self.most))

    def received(self, data: bytes) -> int:
        """Take the next bytes; refuse a body without a length once it grows too large, and one that finds no room."""
        try:
            taken = int(super().received(data))
        except OSError as error:  # a large body is kept in a temporary file
            self._refuse(Refusal(507, f"存不下这个文件（{reason(error)}），{remedy(error)}。"))
            return len(data)
        if self.body_bytes_received > self.most and not self.error:
            self._refuse(too_large(self.most))
        return taken

    def overdue(self, now: float) -> bool:
        """Return whether the request takes too long to arrive."""
        if not self.headers_finished:
            return now - self.began > HEADER_S
        return bool(now - self.body_began > BODY_S + self.body_bytes_received / BODY_RATE)

    def _refuse(self, refusal: Refusal) -> None:
        self.error, self.completed = refusal, True
        self.expect_continue = False  # otherwise waitress requests the body before it answers
        self.close()

    def _environ(self) -> Environ:
        """Return the header as a WSGI environment without a body."""
        named = {f"HTTP_{name}": value for name, value in self.headers.items()}
        return {
            **named,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "CONTENT_TYPE": self.headers.get("CONTENT_TYPE", ""),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
        }


def too_large(most: int) -> Refusal:
    """Return 413 with the limit in KB or MB."""
    size = f"{most // 1024} KB" if most < 1_000_000 else f"{most // 1_000_000} MB"
    return Refusal(413, f"发来的内容太大，最多 {size}。")


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection. `secure`: it came over TLS.

    While none of its requests is running, a connection is idle: it occupies no thread, has deadlines that single
    bytes do not extend, and may be closed in favour of others.
    """

    task_class = Task
    error_task_class = Unreadable
    close_when_flushed: bool

    def __init__(
        self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None, *, secure: bool = False
    ) -> None:
        self.secure, self.address = secure, str(addr[0])
        self.drains = False  # after an error: discard the rest of the client's data
        self.since = time.monotonic()  # start of the idle time
        self.served = False
        self._draining_until: float | None = None
        self._slow: tuple[float, int] | None = None
        super().__init__(server, sock, addr, adj, map=map)

    def parser_class(self, adj: Any) -> Request:
        """Return the parser of the next request."""
        return Request(adj, self._ask)

    def _ask(self, environ: Environ) -> int | Refusal:
        environ["REMOTE_ADDR"] = self.address
        if self.secure:
            environ["wsgi.url_scheme"] = "https"
        answer: int | Refusal = self.server.ask(environ)
        return answer

    def service(self) -> None:
        """Run one request, then restart the idle time."""
        super().service()
        self.served, self.since = True, time.monotonic()

    def recv(self, most: int) -> bytes:
        """Read. Close normally when the network is cut: waitress would log it as an error."""
        try:
            data: bytes = super().recv(most)
        except OSError as gone:
            if gone.errno not in PULLED:
                raise
            self.handle_close()
            return b""
        return data

    def readable(self) -> bool:
        return self._draining_until is not None or bool(super().readable())

    def received(self, data: bytes) -> bool:
        return True if self._draining_until is not None else bool(super().received(data))

    def handle_write(self) -> None:
        """Send. After an error close the connection for writing only: a browser that is still sending its body would
        otherwise get a reset instead of the answer."""
        if self.drains and self.close_when_flushed and not self.total_outbufs_len and not self.will_close:
            self.drains = False
            self.close_when_flushed = False
            self._draining_until = time.monotonic() + DRAIN_S
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            return
        super().handle_write()

    def overdue(self, now: float) -> bool:
        """Return whether the connection has exceeded its deadline."""
        if self.requests:
            self._slow = None
            return False
        if self._draining_until is not None:
            return now > self._draining_until
        if self.total_outbufs_len:
            began, size = self._slow = self._slow or (now, self.total_outbufs_len)
            return now - began > READ_S + size / READ_RATE
        self._slow = None
        request: Request | None = self.request
        if request is not None:
            return request.overdue(now)
        return now - self.since > (IDLE_S if self.served else FIRST_S)


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Threads for requests; slow requests have separate threads, so that they do not delay the others.

    One thread makes all wall states: after a hint all walls request theirs at the same moment, and two hundred
    threads at once would delay phones. Uploads and previews have two threads each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._states, self._bringing, self._hearing = SlowLane(1), SlowLane(2), SlowLane(2)

    def add_task(self, task: HTTPChannel) -> None:
        """Pass a channel with a request to a thread. A client that has not read its last answer blocks no shared one.

        Wall states have a single thread, so such a client goes to the general pool.
        """
        path = task.requests[0].path if task.requests else ""
        if path == STATE and not task.total_outbufs_len:
            self._states.add_task(task)
        elif path == HEARING:
            self._hearing.add_task(task)
        elif BRINGING.match(path) and task.requests[0].command != "GET":
            self._bringing.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads."""
        for lane in (self._states, self._bringing, self._hearing):
            lane.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


class SlowLane(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Threads for requests that may queue without a warning."""

    queue_logger = logging.getLogger(f"{__name__}.states")
    queue_logger.setLevel(logging.ERROR)

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.set_thread_count(threads)


class Listener(TcpWSGIServer):  # type: ignore[misc]
    """Accept connections; close idle ones when one address or all together have too many."""

    channel_class = Channel

    def __init__(self, app: Flask, listener: socket.socket, dispatcher: Lanes) -> None:
        self._app = app
        self._most = min(MOST_CONNECTIONS, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100) // 2)
        adj = Adjustments(
            sockets=[listener],
            ident="zhangu",
            channel_request_lookahead=1,  # keep reading while a stream runs: notices a closed screen within a second
            asyncore_use_poll=True,
            connection_limit=2 * MOST_CONNECTIONS,  # never reached: _evict closes some before
            cleanup_interval=1,
            backlog=512,
            outbuf_high_watermark=256 * 1024,  # memory for a screen that never reads; the default is 16 MB
            max_request_header_size=MAX_HEADER,
            max_request_body_size=2**62,  # Request.parse_header applies each route's limit
            clear_untrusted_proxy_headers=True,
        )
        info = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            app, {}, True, listener, dispatcher=dispatcher, adj=adj, bind_socket=False, sockinfo=info
        )

    @property
    def port(self) -> int:
        """Return the real port, also when 0 was requested."""
        return int(self.effective_port)

    def turn(self) -> None:
        """Handle pending events of all connections once; wait at most one second."""
        self.asyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)

    def wake(self) -> None:
        """Make a waiting `turn` return; callable from any thread."""
        with contextlib.suppress(OSError):
            self.pull_trigger()

    def take(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Serve a connection that came over TLS; callable from any thread."""
        # Run in the loop's thread, which may be iterating over its map now.
        self.trigger.pull_trigger(lambda: self._welcome(connection, address))

    def end(self) -> None:
        """Close all connections."""
        self.asyncore.close_all(self._map)

    def connections(self) -> list[Any]:
        """Return the open connections (Channel), oldest first."""
        return list(self.active_channels.values())

    def ask(self, environ: Environ) -> int | Refusal:
        """Return how many bytes a request's body may have, decided by its header alone."""
        limit = largest(self._app, environ)
        return limit if isinstance(limit, int) else Refusal(*limit)

    def handle_accept(self) -> None:
        """Accept the next connection."""
        super().handle_accept()
        self._evict()

    def _welcome(self, connection: socket.socket, address: tuple[str, int]) -> None:
        Channel(self, connection, address, self.adj, map=self._map, secure=True)
        self._evict()

    def maintenance(self, now: float) -> None:
        """Close connections past their deadline."""
        at = time.monotonic()
        for channel in self.connections():
            if channel.overdue(at):
                channel.will_close = True

    def _evict(self) -> None:
        """Close one idle connection for the newest when there are too many, of the address that has the most."""
        channels = self.connections()
        if not channels:
            return
        new = channels[-1]
        waiting = [channel for channel in channels if not channel.requests and not channel.will_close]
        own = [c for c in waiting if c.address == new.address and c.secure == new.secure]
        if len(own) > (WAITING_OF_ONE_TLS if new.secure else WAITING_OF_ONE):
            _first(own).will_close = True
        elif len(channels) > self._most:
            (greedy, _), *_ = Counter(channel.address for channel in waiting).most_common(1) or [
                (new.address, 0)
            ]
            _first([channel for channel in waiting if channel.address == greedy] or [new]).will_close = True


def _first(channels: list[Any]) -> Any:
    """Return the connection to close first: never served before, and idle for longest."""
    return min(channels, key=lambda channel: (channel.served, channel.since))
