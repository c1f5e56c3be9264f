"""HTTPS beside plain HTTP: a thread decrypts each connection and passes it to the same server.

waitress does not support TLS. Each phone's connection gets a socket pair: waitress serves one end, with the phone's
address; this module copies data to and from the other. It does not read or change HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, send_file
from werkzeug.wrappers import Response

from signage.http import Denied
from signage.server import Server

log = logging.getLogger(__name__)

PIECE = 64 * 1024
HANDSHAKE_S = 10.0
MOST_LINES = 400  # each uses two descriptors here and one in the server
MOST_HANDSHAKES = 32  # each unfinished one uses 0.3 MB


class TlsProxy:
    """TLS on `listener` with the certificate of `chain` and `key`, in front of `server`."""

    def __init__(self, server: Server, listener: socket.socket, chain: Path, key: Path) -> None:
        self._server, self._listener = server, listener
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(chain, key)
        self._context.set_alpn_protocols(["http/1.1"])
        self.port = int(listener.getsockname()[1])
        self._most = min(MOST_LINES, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100) // 8)
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[asyncio.Task[Any], str] = {}  # with the address, oldest first
        self._greeting: dict[asyncio.Task[Any], str] = {}  # unfinished handshakes
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def start(self) -> None:
        """Start serving; return at once."""
        self._thread.start()

    def close(self) -> None:
        """End all connections."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread.ident is not None:
            self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        # A client without TLS, or one that does not trust the certificate yet, is not an error.
        self._loop.set_exception_handler(lambda loop, context: log.debug("tls: %s", context.get("message")))
        self._loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self._listener, backlog=128, limit=PIECE)
        )
        self._loop.run_forever()
        for task in list(self._tasks):
            task.cancel()
        with contextlib.suppress(TimeoutError):
            self._loop.run_until_complete(
                asyncio.wait_for(asyncio.gather(*self._tasks, return_exceptions=True), 2)
            )
        self._loop.close()

    async def _serve(self, outside: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it runs in one
        address = str((back.get_extra_info("peername") or ("?",))[0])
        self._tasks[task] = self._greeting[task] = address
        _evict(self._greeting, MOST_HANDSHAKES, address)
        _evict(self._tasks, self._most, address)
        try:
            await back.start_tls(self._context, ssl_handshake_timeout=HANDSHAKE_S)
            self._greeting.pop(task, None)
            await self._join(outside, back)
        except (OSError, TimeoutError, asyncio.CancelledError):
            # No TLS, certificate not trusted yet, or evicted. No code awaits this task, and a stored exception
            # would keep 0.3 MB of buffers until the next garbage collection.
            return
        finally:
            self._greeting.pop(task, None)
            self._tasks.pop(task, None)
            back.transport.abort()

    async def _join(self, outside: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        ours, theirs = socket.socketpair()
        self._server.take(theirs, back.get_extra_info("peername")[:2])
        inside, forth = await asyncio.open_connection(sock=ours)
        ways = [asyncio.ensure_future(_pump(outside, forth)), asyncio.ensure_future(_pump(inside, back))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # when one side closes, close both
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            forth.transport.abort()


def _evict(lines: dict[asyncio.Task[Any], str], most: int, newest: str) -> None:
    """End one connection when there are more than `most`: the oldest of the address that holds the most."""
    if len(lines) <= most:
        return
    greedy, held = Counter(lines.values()).most_common(1)[0]
    if held <= list(lines.values()).count(newest):
        greedy = newest
    oldest = next(task for task, address in lines.items() if address == greedy)
    del lines[oldest]  # at once: many connections may arrive before it has ended
    oldest.cancel()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(PIECE):
            target.write(data)
            await target.drain()
        await target.drain()


# ---- the certificate for phones

pages = Blueprint("tls", __name__)


@pages.get("/zhangu-ca.crt")
def authority() -> Response:
    """Return the CA certificate for phones to trust; its key never leaves this machine."""
    tls = current_app.extensions.get("tls")
    if not tls:
        raise Denied(404, "这台主机没有打开 HTTPS：用 zhangu run --tls 启动。")
    answer: Response = send_file(tls[1], mimetype="application/x-x509-ca-cert")
    return answer
