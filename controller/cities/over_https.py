"""The same documents over HTTPS, for offices behind a proxy that lets MQTT not out.

One attempt is two lines to head office's gateway: one asks for changes and waits for them, the other one sends. The
office's side is called in the thread of `run` alone; the asking thread only queues messages.
"""

from __future__ import annotations

import base64
import json
import logging
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException, HTTPSConnection, RemoteDisconnected
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from controller.cities import document
from controller.cities.attempt import Attempt, AttemptContext
from controller.cities.document import BigDeal, Status
from controller.cities.invitation import Access
from controller.cities.line import context_of, limit_unsent, reason_of
from controller.cities.side import (
    FROZEN_S,
    STEP_S,
    Received,
)
from controller.cities.way import HTTPS

log = logging.getLogger(__name__)

WAIT_S: Final = 10
"""Head office answers after so long when there is nothing."""
ANSWER_LIMIT_S: Final = 10.0
LARGEST: Final = 8_000_000
"""An answer has at most 500 messages of 4 KB, as JSON."""
_GONE: Final = (RemoteDisconnected, BrokenPipeError, ConnectionResetError)
_WHY: Final = {401: "refused", 403: "no_right", 503: "busy", 502: "busy", 504: "busy", 404: "no_gateway"}


class Ended(Exception):  # noqa: N818  the way an attempt ends
    """The attempt is over; `why` is the key of a sentence."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why)
        self.why, self.detail = why, detail


class WebLine:
    """One line to the gateway, perhaps through a proxy; opened again when the other side closed it while it rested."""

    def __init__(self, access: Access, limit_s: float) -> None:
        self._access, self._limit_s, self._context = access, limit_s, context_of(access)
        name = base64.b64encode(f"{access.login}:{access.password}".encode()).decode()
        self._head = {"Authorization": f"Basic {name}", "User-Agent": "zhangu"}
        self._line: HTTPSConnection | None = None
        self._over = False

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body. Raises Ended."""
        rested = self._line is not None
        try:
            return self._asked(method, path, body, headers or {})
        except _GONE as error:
            self.close()
            if not rested or self._over:
                raise Ended("lost", str(error)) from error
        try:
            return self._asked(method, path, body, headers or {})
        except _GONE as error:
            raise Ended("lost", str(error)) from error

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        line = self._line or self._opened()
        self._line = line
        if self._over:  # it was opened while the attempt ended
            self.close()
            raise Ended("closed")
        try:
            line.request(method, quote(path, safe="/?=&-"), body, {**self._head, **headers})
            with line.getresponse() as answer:
                content = answer.read(LARGEST + 1)
        except _GONE:
            raise
        except (HTTPException, OSError, ValueError) as error:
            raise Ended("lost", str(error)) from error
        if len(content) > LARGEST:
            raise Ended("lost", "an endless answer")
        return answer.status, content

    def _opened(self) -> HTTPSConnection:
        access, proxy = self._access, proxy_of(self._access)
        line = HTTPSConnection(
            *(proxy[:2] if proxy else (access.host, access.https)),
            timeout=self._limit_s,
            context=self._context,
        )
        if proxy:
            line.set_tunnel(access.host, access.https, headers=proxy[2])
        try:
            line.connect()
        except (OSError, ValueError, HTTPException) as error:
            reached = line.sock is not None
            line.close()
            if proxy and (why := _of_proxy(str(error), reached=reached)):
                raise Ended(why, str(error)) from error
            raise Ended(
                *(reason_of(error) if isinstance(error, OSError | ValueError) else ("lost", ""))
            ) from error
        limit_unsent(line.sock)
        return line

    def close(self) -> None:
        """Close the line."""
        line, self._line = self._line, None
        if line is not None and line.sock is not None:
            with suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)
            line.close()

    def end(self) -> None:
        """Close the line and open none again; a thread that waits on it is woken."""
        self._over = True
        self.close()


def proxy_of(access: Access) -> tuple[str, int, dict[str, str]] | None:
    """Return host, port and headers of the proxy: the office's, else the system's (`https_proxy`), else None."""
    written = access.proxy or ("" if proxy_bypass(access.host) else getproxies().get("https", ""))
    if not written:
        return None
    parts = urlsplit(written if "//" in written else f"http://{written}")
    if not parts.hostname:
        return None
    headers = {}
    if parts.username:
        name = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(name.encode()).decode()
    return parts.hostname, parts.port or 8080, headers


def _of_proxy(words: str, *, reached: bool) -> str:
    if words.startswith("Tunnel connection failed: 407"):
        return "proxy_login"
    if words.startswith("Tunnel connection failed"):
        return "proxy_refused"
    return "" if reached else "proxy_away"


class HttpsAttempt(Attempt):
    """An attempt over HTTPS."""

    def __init__(self, context: AttemptContext) -> None:
        super().__init__(context)
        self._arrived: queue.Queue[list[Received] | Ended] = queue.Queue()
        self._over = threading.Event()
        self._tag = ""

    def run(self) -> tuple[str, str]:
        try:
            asking = WebLine(self._access, WAIT_S + ANSWER_LIMIT_S)
            sending = WebLine(self._access, ANSWER_LIMIT_S)
        except (OSError, ValueError) as error:  # the invitation's certificate is none
            return "not_head_office", str(error)
        thread: threading.Thread | None = None
        try:
            first = self._changes(asking, 0)
            self.was_up = True
            self._put_status(sending, online=True)
            self._side.up(HTTPS)
            self._hand_over(sending, first)
            thread = threading.Thread(target=self._ask_on, args=(asking,), name="cities-asking", daemon=True)
            thread.start()
            self._awake.set()
            return self._serve(sending)
        except Ended as ended:
            return ended.why, ended.detail
        finally:
            self._over.set()
            asking.end()
            sending.end()
            if thread is not None:
                thread.join(1)

    def _serve(self, sending: WebLine) -> tuple[str, str]:
        last = self._monotonic()
        while True:
            if self._is_unwanted():
                self._goodbye(sending)
                return "closed", ""
            for messages in self._queued():
                self._hand_over(sending, messages)
            self._pump(sending)
            self._awake.wait(STEP_S)
            if self._monotonic() - last > FROZEN_S + 2 * ANSWER_LIMIT_S:
                return "frozen", ""
            last = self._monotonic()

    def _queued(self) -> Iterator[list[Received]]:
        with suppress(queue.Empty):
            while True:
                came = self._arrived.get_nowait()
                if isinstance(came, Ended):
                    raise came
                yield came

    # --- receiving

    def _ask_on(self, asking: WebLine) -> None:
        while not self._over.is_set():
            try:
                messages = self._changes(asking, WAIT_S)
            except Ended as ended:
                self._arrived.put(ended)
                return
            except Exception as error:  # the thread's end must be seen
                if not self._over.is_set():
                    log.exception("asking head office failed")
                self._arrived.put(Ended("failed", str(error)))
                return
            if messages:
                self._arrived.put(messages)
                self._awake.set()

    def _changes(self, asking: WebLine, wait_s: int) -> list[Received]:
        began = self._monotonic()
        path = f"{document.ROOT}/{self._access.org}/changes"
        headers = {"Prefer": f"wait={wait_s}"} if wait_s else {}
        if self._tag:
            headers["If-None-Match"] = f'"{self._tag}"'
        status, body = asking.ask("GET", f"/{path}?since={self._tag}", None, headers)
        if status == 304:
            return []
        if status == 403:  # the login fits, and the organisation is another one
            raise Ended("refused", "status 403")
        if status != 200:
            raise Ended(_WHY.get(status, "refused_otherwise"), f"status {status}")
        try:
            return self._read(json.loads(body), self._monotonic() - began)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Ended("no_gateway", "the answer is not understood") from error

    def _read(self, answer: dict[str, Any], took_s: float) -> list[Received]:
        """Return the messages of an answer. Their lifetime is shortened by its time on the line.

        Messages after the last answer have just been sent; the first answer of the gateway's life has kept ones.
        """
        unseen = max(0.0, took_s - float(answer["waited"]))
        tag = str(answer["tag"])[:40]
        follows = self._tag != "" and tag.partition("-")[0] == self._tag.partition("-")[0]
        messages = [
            Received(
                str(one["topic"]),
                str(one["payload"]).encode("utf-8"),
                bool(one["retained"]) and not follows,
                None if one["lifetime"] is None else int(one["lifetime"] - unseen),
            )
            for one in answer["messages"]
        ]
        self._tag = tag
        return messages

    def _hand_over(self, sending: WebLine, messages: list[Received]) -> None:
        if messages:
            for topic in self._side.receive(self._session, messages):
                sending.ask("DELETE", f"/{topic}")

    # --- sending

    def _pump(self, sending: WebLine) -> None:
        if self._side.birth_again():
            self._put_status(sending, online=True)
        if not self._may_look():
            return
        for unsent in self._side.unsent(self._session):
            if self._sent(sending, "PUT", unsent.topic, unsent.payload):
                self._side.sent(unsent)
        for one in self._side.unsent_deals():
            if self._sent_deal(sending, one.deal, one.left_s):
                self._side.deal_sent(one.deal)

    def _sent_deal(self, sending: WebLine, deal: BigDeal, left_s: float) -> bool:
        topic = document.events_topic(self._access.org, self._access.branch)
        return self._sent(
            sending, "POST", topic, document.written_deal(deal), {"Zhangu-Lifetime": str(max(1, int(left_s)))}
        )

    def _sent(
        self, sending: WebLine, method: str, topic: str, body: bytes, headers: dict[str, str] | None = None
    ) -> bool:
        """Send a message; return False when head office knows a newer one. Raises Ended."""
        status, _ = sending.ask(method, f"/{topic}", body, headers)
        if (
            status == 409
        ):  # this store was restored: the newer document arrives by itself, and raises the epoch
            return False
        if status not in (202, 204):
            raise Ended(_WHY.get(status, "refused_otherwise"), f"status {status}")
        return True

    def _put_status(self, sending: WebLine, *, online: bool) -> None:
        if self._access.observer:
            return
        session, branch = self._session, self._access.branch
        body = document.written_status(Status(branch, session.number, session.install, online))
        self._sent(sending, "PUT", document.status_topic(self._access.org, branch), body)

    def _goodbye(self, sending: WebLine) -> None:
        with suppress(Ended, OSError):
            self._put_status(sending, online=False)
