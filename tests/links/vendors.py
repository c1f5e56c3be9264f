"""Local servers that replace the vendors' and enforce their rules: signature, size, rate. Real HTTP on loopback.

Time is the test's clock, so that a whole day passes in seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
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

    def refuse(self, number: int, /, **values: object) -> Reply:
        self.refusals.append(number)
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


class DingtalkServer(Vendor):
    """DingTalk's robots: signature or keyword, 20 messages a minute (then blocked for ten), bodies of 20,000 bytes."""

    token = "566cc69da782ec33e42541b09b08551f09fbe864eb8008112e994b43887"
    secret = "SEC0123456789abcdef0123456789abcdef"
    keyword: str | None = None

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.rate = Rate(20, 60, 600)

    def answer(self, asked: Request) -> Reply:
        if asked.path != "/robot/send" or asked.query.get("access_token") != self.token:
            return self.refuse(300005, errcode=300005, errmsg="token is not exist")
        if self.keyword is None and not self._signed(asked):
            return self.refuse(310000, errcode=310000, errmsg="sign not match")
        if len(asked.body) > 20_000:
            return self.refuse(460101, errcode=460101, errmsg="message too long")
        text = asked.json["text"]["content"]
        if self.keyword is not None and self.keyword not in text:
            return self.refuse(310000, errcode=310000, errmsg="keywords not in content")
        if not self.rate.allows(self.now()):
            return self.refuse(130101, errcode=130101, errmsg="send too fast")
        self.taken.append((asked.headers["x-message-id"], text))
        return said(errcode=0, errmsg="ok")

    def _signed(self, asked: Request) -> bool:
        stamp = asked.query.get("timestamp", "0")
        if abs(int(stamp) / 1000 - self.now().timestamp()) > 3600:
            return False
        digest = hmac.new(self.secret.encode(), f"{stamp}\n{self.secret}".encode(), "sha256").digest()
        return hmac.compare_digest(asked.query.get("sign", ""), base64.b64encode(digest).decode())


class FeishuServer(Vendor):
    """Feishu's robots: signature, 100 messages a minute and 5 a second, none at :00 and :30; an app for pictures."""

    token = "f1a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8"
    secret = "feishu-signing-secret"
    app = ("cli_a1b2c3d4e5", "app-secret-of-the-office")

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.minute, self.second = Rate(100, 60), Rate(5, 1)
        self.pictures: list[bytes] = []
        self.cards: list[Any] = []

    def answer(self, asked: Request) -> Reply:
        if asked.path == "/open-apis/auth/v3/tenant_access_token/internal":
            given = (asked.json["app_id"], asked.json["app_secret"])
            return (
                said(code=0, tenant_access_token="t-1")
                if given == self.app
                else said(code=10014, msg="wrong")
            )
        if asked.path == "/open-apis/im/v1/images":
            assert asked.headers["authorization"] == "Bearer t-1"
            assert b'name="image_type"\r\n\r\nmessage' in asked.body
            start = asked.body.index(b"\x89PNG")
            self.pictures.append(asked.body[start : asked.body.rindex(b"\r\n--")])
            return said(code=0, data={"image_key": f"img_{len(self.pictures)}"})
        if asked.path != f"/open-apis/bot/v2/hook/{self.token}":
            return self.refuse(19001, code=19001, msg="param invalid: incoming webhook access token invalid")
        return self._message(asked)

    def _message(self, asked: Request) -> Reply:
        body = asked.json
        if not self._signed(body):
            return self.refuse(19021, code=19021, msg="sign match fail or timestamp is not within one hour")
        if len(asked.body) > 20 * 1024:
            return self.refuse(9499, code=9499, msg="Bad Request")
        now = self.now()
        if now.minute in (0, 30) or not (self.second.allows(now) and self.minute.allows(now)):
            return self.refuse(11232, code=11232, msg="frequency limited psm")
        self.taken.append((asked.headers["x-message-id"], self._shown(body)))
        return said(code=0, msg="success")

    def _shown(self, body: Any) -> str:
        if body["msg_type"] == "text":
            return str(body["content"]["text"])
        if body["msg_type"] == "image":
            assert body["content"]["image_key"] == f"img_{len(self.pictures)}"
            return "[picture]"
        assert body["card"]["schema"] == "2.0"
        tags = {element["tag"] for element in body["card"]["body"]["elements"]}
        assert not tags & {"note", "code"}
        self.cards.append(body["card"])
        return f"[card] {body['card']['header']['title']['content']}"

    def _signed(self, body: Any) -> bool:
        stamp = body.get("timestamp", "0")
        if abs(int(stamp) - self.now().timestamp()) > 3600:
            return False
        digest = hmac.new(f"{stamp}\n{self.secret}".encode(), b"", "sha256").digest()
        return hmac.compare_digest(body.get("sign", ""), base64.b64encode(digest).decode())
