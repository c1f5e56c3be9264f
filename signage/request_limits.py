"""What waitress does for us beside its own: decides about a body at the header, bounds slow connections,
writes to a screen after its request was answered, tells errors as JSON."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import socket
import time
from collections.abc import Callable
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask, WSGITask

from signage.http import MAX_BODY, PLAIN
from signage.sse import LINE

PULLED = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
BEHIND = 64 * 1024  # bytes that a screen has not read: more than a day of hints; it may come again

FIRST_S = 20.0  # a new connection that says nothing; browsers open some ahead
HEADER_S = 10.0  # from the first byte of a header to its end, however many bytes come in between
IDLE_S = 60.0  # between two requests
BODY_S, BODY_RATE = 20.0, 8_000  # a body takes this long and, above that, at least so many bytes a second
READ_S, READ_RATE = 60.0, 4_000  # likewise for who reads an answer
DRAIN_S = 30.0  # what a refused client still sends is thrown away this long, so that it sees the answer

Environ = dict[str, Any]
Ask = Callable[[Environ], "int | Refusal"]


class Refusal:
    """Why a request is answered before its body has come: an HTTP status and a sentence."""

    def __init__(self, code: int, sentence: str) -> None:
        self.code, self.sentence = code, sentence
        self.reason = {401: "Unauthorized", 403: "Forbidden", 421: "Misdirected Request"}.get(code, "Refused")
        if code == 413:
            self.reason = "Request Entity Too Large"


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """A request that tells its view the way to write to it later, and whether it came by TLS."""

    def get_environment(self) -> Environ:
        environ: Environ = super().get_environment()
        environ[LINE] = TaskLine(self)
        if self.channel.secure:
            environ["wsgi.url_scheme"] = "https"
        return environ


class TaskLine:
    """Writes as the task itself does, so that the framing is waitress's own."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def write(self, data: bytes) -> bool:
        channel = self._task.channel
        # Past its high-water mark waitress would make the writer wait, and the crier waits for nobody.
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
    """What never reaches the app, a body that is too large for one, is told like all else: as JSON, in a sentence."""

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
    """Asks `ask` about the body once the header is known; until then a body may have 64 KB.

    What could not be read has no path; waitress asks for it when such a client hangs up.
    """

    path = ""
    query = ""

    def __init__(self, adj: Any, ask: Ask) -> None:
        super().__init__(adj)
        self._ask = ask
        self.most = MAX_BODY
        self.began = self.body_began = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """Reads the header and decides whether the body may come."""
        try:
            super().parse_header(header_plus)
        except ValueError:  # a Content-Length of more digits than Python reads
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
        """Takes the next bytes in; a body without a length is cut off where it grows too large."""
        taken = int(super().received(data))
        if self.body_bytes_received > self.most and not self.error:
            self._refuse(too_large(self.most))
        return taken

    def overdue(self, now: float) -> bool:
        """Whether it has taken too long to come."""
        if not self.headers_finished:
            return now - self.began > HEADER_S
        return bool(now - self.body_began > BODY_S + self.body_bytes_received / BODY_RATE)

    def _refuse(self, refusal: Refusal) -> None:
        self.error, self.completed = refusal, True
        self.expect_continue = False  # waitress would ask for the body before it answers
        self.close()

    def _environ(self) -> Environ:
        """The header as WSGI has it, without a body."""
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
    """413, with the limit in people's units."""
    size = f"{most // 1024} KB" if most < 1_000_000 else f"{most // 1_000_000} MB"
    return Refusal(413, f"发来的内容太大，最多 {size}。")


class Channel(HTTPChannel):  # type: ignore[misc]
    """One connection. `secure`: it came by TLS. Its requests know their lines.

    A connection waits as long as no request of it is being carried out: it then costs only itself, has deadlines
    that trickled bytes do not extend, and may be closed in favour of others.
    """

    task_class = Task
    error_task_class = Unreadable
    close_when_flushed: bool

    def __init__(
        self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None, *, secure: bool = False
    ) -> None:
        self.secure, self.address = secure, str(addr[0])
        self.drains = False  # after an error: the rest of what the client sends is thrown away
        self.since = time.monotonic()  # it waits since then
        self.served = False
        self._draining_until: float | None = None
        self._slow: tuple[float, int] | None = None
        super().__init__(server, sock, addr, adj, map=map)

    def parser_class(self, adj: Any) -> Request:
        """The reader of the next request."""
        return Request(adj, self._ask)

    def _ask(self, environ: Environ) -> int | Refusal:
        environ["REMOTE_ADDR"] = self.address
        if self.secure:
            environ["wsgi.url_scheme"] = "https"
        answer: int | Refusal = self.server.ask(environ)
        return answer

    def service(self) -> None:
        """Carries out one request; the waiting begins anew after it."""
        super().service()
        self.served, self.since = True, time.monotonic()

    def recv(self, most: int) -> bytes:
        """What has come. A cord that was pulled ends a line like any other: waitress would log it as a fault."""
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
        """Sends. After an error the line is closed for writing only: a browser that is still sending its body
        would otherwise see a reset in place of the answer."""
        if self.drains and self.close_when_flushed and not self.total_outbufs_len and not self.will_close:
            self.drains = False
            self.close_when_flushed = False
            self._draining_until = time.monotonic() + DRAIN_S
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
            return
        super().handle_write()

    def overdue(self, now: float) -> bool:
        """Whether it has kept the server waiting too long."""
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
