"""The web server: waitress with as many threads as screens need, and lines that notice a cut cord."""

import contextlib
import logging
import socket
import sys
import threading

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from signage.events import MAX_STREAMS, Streams
from signage.lines import MAX_REQUEST, Channel
from signage.walls import STATE

log = logging.getLogger(__name__)

SPARE_THREADS = 8
SWITCH_S = 0.0001  # after each of 200 sends Python's lock is asked for again; 5 ms, as usual, would add up


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Walls' states are made by one thread of their own, one after the other; everything else beside them.

    After a hint all walls ask in the same moment: two hundred threads at once would keep a phone waiting for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._states = StateLane()
        self._states.set_thread_count(1)

    def add_task(self, task: HTTPChannel) -> None:
        """Hands a channel with a request on to a thread; who has not read the last answer may hold up nobody else."""
        if task.requests and task.requests[0].path == STATE and not task.total_outbufs_len:
            self._states.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Ends all threads."""
        self._states.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


class StateLane(ThreadedTaskDispatcher):  # type: ignore[misc]
    """That the walls queue is its purpose, and nothing to warn of."""

    queue_logger = logging.getLogger(f"{__name__}.states")
    queue_logger.setLevel(logging.ERROR)


class Server:
    """`app` on the port of `listener`. `port` is the real one (also when 0 was asked for)."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        self._streams: Streams = app.extensions["streams"]
        self._over = threading.Event()
        self._dispatcher = Lanes()
        self._dispatcher.set_thread_count(SPARE_THREADS)
        self._listener = listener
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
        self._server.channel_class = Channel
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

    def take(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Serves a connection that somebody else has accepted from `address`; from any thread."""
        connection.setblocking(False)
        server = self._server
        # In the loop's own thread: it may be going through its map at this moment.
        server.trigger.pull_trigger(lambda: Channel(server, connection, address, server.adj, map=server._map))

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
