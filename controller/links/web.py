"""HTTP for adapters: one POST with time and size limits, every failure a sentence. No redirects, no proxies.

Sentences name the host only: an address contains the robot's key.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from controller.links.port import Outcome, later
from controller.links.refusals import LOOKED_AT_AGAIN_S

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

CONNECT_S: Final = 6.0
TOTAL_S: Final = 20.0
"""For one request: also a server that sends a byte now and then is left after it."""
MOST_BYTES: Final = 64 * 1024
_CAPTIVE: Final = "像是上网要先在浏览器里认证，请看主机的网络"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Failed(Exception):  # noqa: N818  the outcome says why
    """No usable answer; `outcome` is the adapter's."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


def post(
    address: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST", total_s: float = TOTAL_S,
    allows: Callable[[str], bool] = lambda peer: True,
) -> Answer:  # fmt: skip
    """Send `body` to `address` and return the answer, whatever its status. Raises Failed.

    `allows`: may the request go to this IP address? It is asked after the look-up of the name, before anything is sent.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    connection = _connect(parts.scheme, host, parts.port, allows)
    deadline = time.monotonic() + total_s
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, {"User-Agent": "zhangu", "Connection": "close", **headers})
        if connection.sock is not None:
            connection.sock.settimeout(max(0.1, deadline - time.monotonic()))
        with connection.getresponse() as response:
            return Answer(response.status, _read(response, connection, deadline), _headers(response))
    except TimeoutError:
        raise Failed(
            later(f"{host} 在 {total_s:.0f} 秒里没有答复，不知道收到没有，会用同一个编号再发。")
        ) from None
    except (OSError, ValueError, _http_error()):
        raise Failed(later(f"和 {host} 的连接断了，不知道收到没有，会用同一个编号再发。")) from None
    finally:
        connection.close()


def post_json(address: str, value: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send JSON and return the answer's object; a status or a body that is none is Failed."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    kind = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return object_of(post(address, body, kind), urlsplit(address).hostname or "")


def object_of(answer: Answer, host: str) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises Failed for any other answer."""
    check_status(answer.status, host)
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Failed(later(f"{host} 的答复是一个网页，{_CAPTIVE}。", nothing_arrived=True))
    return found


def check_status(status: int, host: str) -> None:
    """Raise Failed for a status that is no success."""
    if 300 <= status < 400:
        raise Failed(later(f"{host} 把请求转到了别的地址，{_CAPTIVE}。", nothing_arrived=True))
    if status == 429:
        raise Failed(later(f"{host} 说发得太快，过一会儿再发。", 60.0, nothing_arrived=True))
    if status >= 500:
        raise Failed(later(f"{host} 自己出错了（HTTP {status}），过一会儿再发。"))
    if status >= 400:
        why = f"{host} 不接受（HTTP {status}），请看密钥和地址对不对。"
        raise Failed(later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True))


def _connect(scheme: str, host: str, port: int | None, allows: Callable[[str], bool]) -> HTTPConnection:
    """Return an open connection. Raises Failed: nothing has been sent."""
    import ssl
    from http.client import HTTPConnection, HTTPSConnection

    connection = (
        HTTPSConnection(host, port, timeout=CONNECT_S, context=ssl.create_default_context())
        if scheme == "https"
        else HTTPConnection(host, port, timeout=CONNECT_S)
    )
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as fault:
        expired = "过期了" if fault.verify_code == 10 else "不能信任"
        why = f"{host} 的证书{expired}，没有发送。请看主机的时间对不对；上网要先认证的网络也会这样。"
        raise Failed(later(why, 300.0, nothing_arrived=True)) from None
    except socket.gaierror:
        raise Failed(later(f"查不到 {host} 的地址，请看主机能不能上网。", nothing_arrived=True)) from None
    except (OSError, ValueError, _http_error()):
        raise Failed(later(f"连不上 {host}，请看主机能不能上网。", nothing_arrived=True)) from None
    if not allows(connection.sock.getpeername()[0]):
        connection.close()
        why = f"{host} 现在指向办公室里面的地址，没有发送。如果没有错，请负责人重新填一次接收的地址。"
        raise Failed(later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True))
    return connection


def _read(response: HTTPResponse, connection: HTTPConnection, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= MOST_BYTES:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)
        part = response.read1(8192)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)[:MOST_BYTES]


def _headers(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _http_error() -> type[Exception]:
    from http.client import HTTPException

    return HTTPException
