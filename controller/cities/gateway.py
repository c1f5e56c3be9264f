"""Head office's HTTPS gateway: the branches' documents for offices whose network lets only HTTPS out.

`zhangu hub run` starts it beside Mosquitto when `--https-port` was given at the set-up. It has no rights but those
that the broker's files give: a branch writes below its own name only. Each line, head and body is bounded, also before
the password was seen.

    GET    /zhangu/1/ORG/changes?since=TAG     the messages after TAG; `Prefer: wait=10` waits for one; 304 without any
    PUT    /zhangu/1/ORG/BRANCH/standings/DATE a document; 409 when a newer one is known
    DELETE /zhangu/1/ORG/BRANCH/standings/DATE remove an old document
    PUT    /zhangu/1/ORG/BRANCH/status         birth and goodbye
    POST   /zhangu/1/ORG/BRANCH/events         a big deal; `Zhangu-Lifetime: 42` seconds
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ctypes
import hashlib
import json
import logging
import re
import signal
import ssl
import subprocess
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from controller.cities import document
from controller.cities.document import NotUnderstood, Place, Status
from controller.cities.exchange import HTTPS, Exchange
from controller.cities.hub import Hub, HubTrouble
from controller.cities.hub_line import BrokerAway, HubLine

log = logging.getLogger(__name__)

HEAD_LIMIT: Final = 8 * 1024
REQUEST_S: Final = 15.0
"""For head and body, from the first byte."""
IDLE_S: Final = 60.0
LONGEST_WAIT_S: Final = 20.0
HANDSHAKE_S: Final = 10.0
MOST_LINES: Final = 2_500
"""Two for each branch, and some that just end."""
LIFETIME: Final = "zhangu-lifetime"
_MOST_LOGINS: Final = 5_000
_HEAD: Final = re.compile(r"([A-Z]{1,10}) (\S{1,2000}) HTTP/1\.[01]")


class _Answer(Exception):  # noqa: N818  an early answer
    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    closes: bool = False


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Gateway:
    """One asyncio loop; `run` returns when it is cancelled."""

    def __init__(self, hub: Hub, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._hub, self._monotonic = hub, monotonic
        self._org = hub.admin().org
        self._exchange = Exchange(monotonic)
        self._logins = Logins(hub)
        self._lines: set[asyncio.Task[Any]] = set()
        self._line: HubLine | None = None

    async def run(self, host: str, port: int) -> None:
        """Serve until cancelled. Raises OSError when the port cannot be used."""
        loop = asyncio.get_running_loop()
        self._line = HubLine(
            self._hub.admin(),
            partial(_later, loop, self._exchange.begin_again),
            partial(_later, loop, self._exchange.came),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._hub.folder / "server.crt", self._hub.folder / "server.key")
        server = await asyncio.start_server(
            self._serve,
            host,
            port,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_S,
            limit=HEAD_LIMIT,
            backlog=256,
        )
        self._line.start()
        try:
            async with server:
                while True:
                    await asyncio.sleep(1)
                    await self._end_silent()
        finally:
            self._line.close()

    async def _end_silent(self) -> None:
        for status in self._exchange.ended():
            with suppress(BrokerAway):
                await self._publish_status(status)

    # --- lines

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  it runs in one
        if len(self._lines) >= MOST_LINES:
            writer.transport.abort()
            return
        self._lines.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # it went away, or was too slow
        finally:
            self._lines.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the line stays open."""
        first = await asyncio.wait_for(reader.read(1), IDLE_S)
        if not first:
            return False
        try:
            async with asyncio.timeout(REQUEST_S):
                request = await _read(first, reader)
            reply = await self._answer(request)
            closes = request.closes
        except _Answer as early:
            reply, closes = _said(early.status, early.why), True
        except BrokerAway:
            reply, closes = _said(503, "the broker is away"), False
        except NotUnderstood as fault:
            reply, closes = _said(400, str(fault)), False
        async with asyncio.timeout(REQUEST_S):
            writer.write(_written(reply, closes=closes))
            await writer.drain()
        return not closes

    # --- requests

    async def _answer(self, request: _Request) -> _Reply:
        branch, observer = self._logins.check(request.headers.get("authorization", ""))
        self._exchange.renew(branch)
        parts = urlsplit(request.target)
        path = unquote(parts.path).removeprefix("/")
        if path == f"{document.ROOT}/{self._org}/changes" and request.method == "GET":
            return await self._changes(branch, parse_qs(parts.query).get("since", [""])[0], request.headers)
        if re.fullmatch(rf"{document.ROOT}/[^/]+/changes", path) and request.method == "GET":
            raise _Answer(403, "another organisation")
        place = document.place_of(path)
        if place.org != self._org or place.branch != branch or observer:
            raise _Answer(403, "a branch writes below its own name only")
        if (request.method, place.kind) == ("PUT", "standings"):
            return await self._put_document(path, place, request.body)
        if (request.method, place.kind) == ("DELETE", "standings"):
            await self._publish(path, b"")
            return _Reply(204)
        if (request.method, place.kind) == ("PUT", "status"):
            status = document.read_status(place, request.body)
            await self._publish_status(status)
            self._exchange.lease(status)
            return _Reply(204)
        if (request.method, place.kind) == ("POST", "events"):
            return await self._post_event(path, place, request)
        raise _Answer(405)

    async def _changes(self, branch: str, since: str, headers: Mapping[str, str]) -> _Reply:
        began = self._monotonic()
        tag, messages = await self._exchange.after(since, _wait_of(headers.get("prefer", "")))
        self._exchange.renew(branch)
        now = self._monotonic()
        etag = {"ETag": f'"{tag}"', "Cache-Control": "no-store"}
        if tag == since:
            return _Reply(304, headers=etag)
        answer = {
            "tag": tag,
            "waited": round(now - began, 3),
            "messages": [one.as_json(now) for one in messages],
        }
        return _Reply(200, json.dumps(answer, ensure_ascii=False).encode("utf-8"), etag)

    async def _put_document(self, topic: str, place: Place, body: bytes) -> _Reply:
        sent, kept = document.read_document(place, body).version, self._exchange.version(topic)
        if kept is not None and kept > sent:
            raise _Answer(409, f"a newer document is known: {kept.epoch}, {kept.seq}")
        await self._publish(topic, body)
        return _Reply(204)

    async def _post_event(self, topic: str, place: Place, request: _Request) -> _Reply:
        document.read_deal(place, request.body)
        given = request.headers.get(LIFETIME, "")
        if not (given.isascii() and given.isdecimal() and 1 <= int(given[:9]) <= 60):
            raise _Answer(400, "Zhangu-Lifetime is 1 to 60 seconds")
        await asyncio.to_thread(self._sure_line.publish, topic, request.body, expiry_s=int(given))
        return _Reply(202)

    async def _publish(self, topic: str, payload: bytes) -> None:
        await asyncio.to_thread(self._sure_line.publish, topic, payload)

    async def _publish_status(self, status: Status) -> None:
        """Publish with a mark, by which a later gateway knows whose last will it has to keep."""
        fields = {**json.loads(document.written_status(status)), "via": HTTPS}
        topic = document.status_topic(self._org, status.branch)
        await self._publish(topic, json.dumps(fields, separators=(",", ":")).encode())

    @property
    def _sure_line(self) -> HubLine:
        if self._line is None:
            raise BrokerAway
        return self._line


def _later(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *given: object) -> None:
    """Call in the loop, from another thread."""
    loop.call_soon_threadsafe(call, *given)


# --- users


class Logins:
    """The hub's users with their passwords. A changed file counts at once, so that a revoked user is out."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stamp: object = None
        self._users: Mapping[str, Mapping[str, Any]] = {}
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def check(self, authorization: str) -> tuple[str, bool]:
        """Return the branch of an `Authorization` header, and whether it only reads. Raises an answer."""
        self._look()
        kind, _, packed = authorization.partition(" ")
        try:
            name, _, password = base64.b64decode(packed, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            name = password = ""
        seen = hashlib.sha256(packed.encode("utf-8", "replace")).digest()
        user = self._users.get(name)
        if kind.lower() != "basic" or user is None:
            raise _Answer(401, "a branch's name and password are needed")
        if self._known.get(seen) != name:
            if not self._hub.password_fits(str(user["hash"]), password):
                raise _Answer(401, "a branch's name and password are needed")
            self._known[seen] = name
            while len(self._known) > _MOST_LOGINS:
                self._known.popitem(last=False)
        return name, bool(user["observer"])

    def _look(self) -> None:
        try:
            facts = (self._hub.folder / "hub.json").stat()
            stamp = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
            if stamp != self._stamp:
                self._users = self._hub.users()
                self._stamp = stamp
                self._known.clear()
        except (OSError, HubTrouble) as error:
            raise _Answer(503, "the users cannot be read") from error


# --- HTTP


async def _read(first: bytes, reader: asyncio.StreamReader) -> _Request:
    raw = first + await reader.readuntil(b"\r\n\r\n")
    if len(raw) > HEAD_LIMIT:
        raise _Answer(431)
    line, *rows = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    match = _HEAD.fullmatch(line)
    if match is None:
        raise _Answer(400)
    headers = {key.strip().lower(): value.strip() for key, _, value in (row.partition(":") for row in rows)}
    if "transfer-encoding" in headers:
        raise _Answer(411)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 10):
        raise _Answer(400)
    if int(length) > document.RECEIVED_LIMIT:
        raise _Answer(413, f"at most {document.RECEIVED_LIMIT} bytes")
    body = await reader.readexactly(int(length))
    return _Request(match[1], match[2], headers, body, headers.get("connection", "").lower() == "close")


def _wait_of(prefer: str) -> float:
    match = re.search(r"\bwait=(\d{1,3})\b", prefer)
    return min(float(match[1]), LONGEST_WAIT_S) if match else 0.0


def _said(status: int, why: str) -> _Reply:
    headers = {"WWW-Authenticate": 'Basic realm="zhangu", charset="UTF-8"'} if status == 401 else {}
    return _Reply(status, json.dumps({"error": why}).encode(), headers)


def _written(reply: _Reply, *, closes: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.status not in (204, 304):
        lines += [f"Content-Length: {len(reply.body)}", "Content-Type: application/json"]
    lines += ["Connection: close"] if closes else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + reply.body


# --- the service: the broker and this gateway


EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  branches are other machines
_PR_SET_PDEATHSIG: Final = 1
STOP_S: Final = 5.0


def run(hub: Hub, command: Sequence[str]) -> int:
    """Run Mosquitto as a child and the gateway in this process, until SIGTERM, SIGINT, or the end of one.

    When one ends, both end, and systemd starts the pair again. Return the exit code.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    broker = subprocess.Popen(list(command), preexec_fn=_dies_with_us)  # no threads yet
    try:
        return asyncio.run(_both(hub, broker))
    finally:
        broker.terminate()
        with suppress(subprocess.TimeoutExpired):
            broker.wait(STOP_S)
        broker.kill()


async def _both(hub: Hub, broker: subprocess.Popen[bytes]) -> int:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    loop.add_signal_handler(signal.SIGHUP, broker.send_signal, signal.SIGHUP)
    gateway = asyncio.ensure_future(Gateway(hub).run(EVERYWHERE, hub.https_port()))
    ended = asyncio.ensure_future(asyncio.to_thread(broker.wait))
    asked = asyncio.ensure_future(over.wait())
    await asyncio.wait((gateway, ended, asked), return_when=asyncio.FIRST_COMPLETED)
    fault = gateway.exception() if gateway.done() else None
    if fault is not None:
        log.error("the HTTPS gateway ended: %s", fault)
    gateway.cancel()
    broker.terminate()
    with suppress(asyncio.CancelledError, Exception):
        await gateway
    await ended
    return 0 if over.is_set() else 1


def _dies_with_us() -> None:
    """Let the kernel end the broker when this process is killed: nobody else would look after it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
