"""The web server: waitress with as many threads as screens need, and lines that notice a cut cord."""

import contextlib
import errno
import logging
import socket
import sys
import threading
from typing import Any

from flask import Flask
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from signage.events import LINE, MAX_STREAMS, Streams

log = logging.getLogger(__name__)

SPARE_THREADS = 8
SWITCH_S = 0.0005  # Python's 5 ms would let each of 200 walls that ask at once hold a phone up for that long
MAX_REQUEST = 64 * 1024 * 1024  # the largest upload; everything but uploads is held to 64 KB by the app
# A pulled cord sends no farewell: unanswered data for 20 s, or three unanswered questions, ends the line.
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000),
]


BEHIND = 64 * 1024  # bytes that a screen has not read: more than a day of hints; it may come again


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """A request that tells its view the way to write to it later."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[LINE] = _Line(self)
        return environ


class _Line:
    """events.Line over waitress: writes as the task itself does, so that the framing is waitress's own."""

    def __init__(self, task: _Task) -> None:
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


class _Channel(HTTPChannel):  # type: ignore[misc]
    task_class = _Task


class CannotListen(Exception):  # noqa: N818  the office's word
    """The address cannot be used; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Server:
    """`app` on one port. `port` is the real one (also when 0 was asked for)."""

    def __init__(self, app: Flask, host: str = "0.0.0.0", port: int = 8080) -> None:  # noqa: S104  the walls are elsewhere
        self._streams: Streams = app.extensions["streams"]
        self._over = threading.Event()
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(SPARE_THREADS)
        self._listener = _listen(host, port)
        self._server = create_server(
            app,
            _dispatcher=self._dispatcher,
            sockets=[self._listener],
            ident="zhangu",
            channel_request_lookahead=1,  # reads on while a stream runs: a gone screen is noticed in a second
            asyncore_use_poll=True,
            connection_limit=4 * MAX_STREAMS,
            backlog=512,
            channel_timeout=60,
            outbuf_high_watermark=256 * 1024,  # a screen that never reads costs this much, not 16 MB
            max_request_body_size=MAX_REQUEST,
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = _Channel
        self.port = int(self._server.effective_port)
        self._thread: threading.Thread | None = None
        self._streams.on_count = self._keep_threads
        self._most = SPARE_THREADS

    def _keep_threads(self, streams: int) -> None:
        # Under the streams' lock. Never fewer again: idle threads are cheap, starting them late is not.
        wanted = 2 * streams + SPARE_THREADS
        if wanted > self._most:
            self._most = wanted
            self._dispatcher.set_thread_count(wanted)

    def start(self) -> None:
        """Serve in a thread of its own; returns at once."""
        sys.setswitchinterval(SWITCH_S)
        self._thread = threading.Thread(target=self.run, name="web")
        self._thread.start()

    def run(self) -> None:
        """Serve until close() is called."""
        while not self._over.is_set():
            self._server.asyncore.loop(timeout=1.0, use_poll=True, map=self._server._map, count=1)

    def close(self) -> None:
        """Stop: no new lines, running streams end, what is being answered is finished (5 s at most)."""
        self._over.set()
        self._streams.close()
        with contextlib.suppress(OSError):
            self._server.pull_trigger()
        if self._thread is not None:
            self._thread.join(5)
        self._dispatcher.shutdown(timeout=5)
        self._server.asyncore.close_all(self._server._map)
        self._listener.close()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket; what is accepted from it inherits its options. Raises CannotListen."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise CannotListen(_why(error, host, port)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for level, option, value in SOCKET_OPTIONS:
            listener.setsockopt(level, option, value)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise CannotListen(_why(error, host, port)) from error
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已经被别的程序占用。请关掉那个程序，或者换一个端口：zhangu run --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"没有权限使用端口 {port}。请用 1024 以上的端口，例如：zhangu run --port 8080"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"这台机器没有地址 {host}。请检查 --host，不写就在所有网卡上提供服务。"
    return f"不能在 {host}:{port} 上提供服务（{error.strerror}）。请检查 --host 和 --port。"
