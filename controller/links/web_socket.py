"""WebSocket for adapters: connect, send, receive, each with time and size limits; every failure a sentence.

The library is imported with the first connection. No proxies; sentences name the host only: an address may contain a
ticket.
"""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from controller.links.port import Outcome, later
from controller.links.web import CONNECT_S, Failed

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LARGEST_FRAME: Final = 256 * 1024
PING_S: Final = 30.0
"""Pings of the protocol itself: a line that a router has forgotten is noticed within a minute."""
_QUIET = logging.getLogger("controller.links.frames")
"""The library's own log, which would name addresses and messages."""
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


class WebSocket:
    """An open connection."""

    def __init__(self, opened: AbstractContextManager[ClientConnection], host: str) -> None:
        self._stack, self.host = ExitStack(), host
        self._connection = self._stack.enter_context(opened)

    def send(self, data: str | bytes) -> None:
        """Send one message. Raises Failed when the connection has ended."""
        from websockets.exceptions import ConnectionClosed

        try:
            self._connection.send(data)
        except (ConnectionClosed, OSError):
            raise Failed(self._ended()) from None

    def receive(self, timeout_s: float) -> str | bytes | None:
        """Return the next message, None when there is none within the time. Raises Failed."""
        from websockets.exceptions import ConnectionClosed

        try:
            return self._connection.recv(timeout=max(0.0, timeout_s))
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError):
            raise Failed(self._ended()) from None

    def close(self) -> None:
        """Close; never raises."""
        from websockets.exceptions import WebSocketException

        try:
            self._stack.close()
        except (WebSocketException, OSError):
            return

    def _ended(self) -> Outcome:
        closed = self._connection.protocol.close_rcvd
        if closed is not None and closed.code == 1009:
            return later(f"{self.host} 断开了连接：这边发的内容太大。")
        return later(f"和 {self.host} 的连接断了，马上重新连接。")


def connect(address: str, headers_of_refusal: tuple[str, ...] = ()) -> WebSocket:
    """Return an open connection. Raises Failed; a `RefusedHandshake` has the named headers of the refusal."""
    import ssl

    from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
    from websockets.sync.client import connect as open_connection

    host = urlsplit(address).hostname or ""
    secure = ssl.create_default_context() if address.startswith("wss:") else None
    try:
        connection = open_connection(
            address, ssl=secure, proxy=None, compression=None, open_timeout=CONNECT_S, close_timeout=2.0,
            ping_interval=PING_S, ping_timeout=PING_S, max_size=LARGEST_FRAME, max_queue=16, logger=_QUIET,
        )  # fmt: skip
    except InvalidStatus as fault:
        found = {name: fault.response.headers.get(name, "") for name in headers_of_refusal}
        raise RefusedHandshake(host, fault.response.status_code, found) from None
    except ssl.SSLCertVerificationError:
        why = f"{host} 的证书不能信任，没有连接。请看主机的时间对不对；上网要先认证的网络也会这样。"
        raise Failed(later(why, 300.0)) from None
    except (InvalidHandshake, InvalidURI, EOFError):
        raise Failed(later(f"{host} 的答复不是长连接，像是上网要先认证，请看主机的网络。")) from None
    except (OSError, TimeoutError, ValueError):
        raise Failed(later(f"连不上 {host}，请看主机能不能上网。")) from None
    return WebSocket(connection, host)


class RefusedHandshake(Failed):
    """The other side refused the connection. `said`: the headers that were asked for."""

    def __init__(self, host: str, status: int, said: dict[str, str]) -> None:
        super().__init__(later(f"{host} 不接受连接（HTTP {status}），过一会儿再连。"))
        self.status, self.said = status, said


def is_vendors(address: str, schemes: tuple[str, ...], domains: tuple[str, ...], base: str | None) -> bool:
    """Return whether an address that came from outside is the vendor's own, or of the host that the owner has set.

    Anything else could lead the daemon to other machines of the office.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if base is not None:
        return parts.scheme in ("http", "https", "ws", "wss") and host == (urlsplit(base).hostname or "")
    return parts.scheme in schemes and any(host == one or host.endswith(f".{one}") for one in domains)


class Beat:
    """The vendor's heartbeat: when the next one is due, and how many stayed without an answer."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next = time.monotonic() + every_s
        self._missed = 0

    def due(self) -> bool:
        """Return whether to send a heartbeat now, and count it. Raises Failed after two without an answer."""
        if time.monotonic() < self._next:
            return False
        if self._missed >= 2:
            raise Failed(later("对方不再答应，连接断了，马上重新连接。"))
        self._next, self._missed = time.monotonic() + self._every_s, self._missed + 1
        return True

    def answered(self, every_s: float | None = None) -> None:
        """Note an answer; `every_s`: the interval that the vendor asks for from now on."""
        self._missed = 0
        if every_s is not None and every_s != self._every_s:
            self._every_s = every_s
            self._next = time.monotonic() + every_s
