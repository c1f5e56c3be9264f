"""Local servers that replace the vendors' and enforce their rules: signature, size, rate. Real HTTP on loopback.

Time is the test's clock, so that a whole day passes in seconds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    """A request as it came: its path and query, headers and body."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def said(**values: object) -> Reply:
    return Reply(body=json.dumps(values).encode())


class Vendor:
    """A server on a free port. `broken`: answer every request with this instead."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.taken: list[tuple[str, str]] = []  # message id, text
        self.refusals: list[Any] = []
        self.broken: Callable[[Request], Reply] | None = None
        self.lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                asked = Request(parts.path, query, {k.lower(): v for k, v in self.headers.items()}, body)
                with vendor.lock:
                    reply = vendor.broken(asked) if vendor.broken else vendor.answer(asked)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            do_PUT = do_POST  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.taken]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Request) -> Reply:
        raise NotImplementedError

    def refuse(self, code: int, **values: object) -> Reply:
        self.refusals.append(code)
        return said(**values)


class Rate:
    """At most `most` within `seconds`; too many block for `blocked_s` where the vendor does that."""

    def __init__(self, most: int, seconds: float, blocked_s: float = 0) -> None:
        self.most, self.seconds, self.blocked_s = most, seconds, blocked_s
        self.times: deque[datetime] = deque()
        self.blocked_since: datetime | None = None

    def allows(self, now: datetime) -> bool:
        if self.blocked_since is not None and (now - self.blocked_since).total_seconds() < self.blocked_s:
            return False
        while self.times and (now - self.times[0]).total_seconds() >= self.seconds:
            self.times.popleft()
        if len(self.times) >= self.most:
            self.blocked_since = now
            return False
        self.times.append(now)
        return True


class WecomServer(Vendor):
    """WeCom's group robots: one key, 20 messages a minute, text of 2,048 bytes, pictures of 2 MB with their md5."""

    key = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.rate = Rate(20, 60)
        self.pictures: list[bytes] = []

    def answer(self, asked: Request) -> Reply:
        if asked.path != "/cgi-bin/webhook/send" or asked.query.get("key") != self.key:
            return self.refuse(93000, errcode=93000, errmsg="invalid webhook url")
        if not self.rate.allows(self.now()):
            return self.refuse(45009, errcode=45009, errmsg="api freq out of limit")
        body = asked.json
        ident = asked.headers["x-message-id"]
        if body["msgtype"] == "text":
            text = body["text"]["content"]
            if not 0 < len(text.encode()) <= 2048:
                return self.refuse(40058, errcode=40058, errmsg="text.content exceed max length")
            self.taken.append((ident, text))
        elif body["msgtype"] == "image":
            raw = base64.b64decode(body["image"]["base64"])
            assert raw[:8] == b"\x89PNG\r\n\x1a\n"
            if len(raw) > 2_000_000 or hashlib.md5(raw).hexdigest() != body["image"]["md5"]:
                return self.refuse(40058, errcode=40058, errmsg="invalid image")
            self.pictures.append(raw)
            self.taken.append((ident, "[picture]"))
        else:
            return self.refuse(40008, errcode=40008, errmsg="invalid message type")
        return said(errcode=0, errmsg="ok")
