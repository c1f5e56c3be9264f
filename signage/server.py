"""The web server: waitress with as many threads as screens need, and lines that notice a cut cord."""

import contextlib
import logging
import re
import resource
import socket
import sys
import threading
import time
from collections import Counter
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from signage.http import largest
from signage.request_limits import Channel, Environ, Refusal
from signage.sse import MAX_STREAMS, Streams
from signage.walls import STATE

log = logging.getLogger(__name__)

SPARE_THREADS = 8
MOST_CONNECTIONS = 4 * MAX_STREAMS
WAITING_OF_ONE = (
    300  # connections of one address without a request; walls and phones behind one router share it
)
WAITING_OF_ONE_TLS = 60  # each costs 0.3 MB
MAX_HEADER = 32 * 1024
BRINGING = re.compile(r"/api/(clips$|tracks/|(people|teams)/\d+/(photo|song)$)")
HEARING = "/api/preview"
SWITCH_S = 0.0001  # after each of 200 sends Python's lock is asked for again; 5 ms, as usual, would add up


class Lanes(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Threads for requests, with lanes of their own for what takes long: everything else goes on beside them.

    Walls' states are made by one thread, one after the other: after a hint all walls ask in the same moment, and
    two hundred threads at once would keep a phone waiting for them. Uploads that are being converted and texts
    that are being spoken have two threads each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._states, self._bringing, self._hearing = SlowLane(1), SlowLane(2), SlowLane(2)

    def add_task(self, task: HTTPChannel) -> None:
        """Hand a channel with a request on to a thread; a client that has not read the last answer holds up nobody."""
        path = task.requests[0].path if task.requests else ""
        if path == STATE and not task.total_outbufs_len:
            self._states.add_task(task)
        elif path == HEARING:
            self._hearing.add_task(task)
        elif BRINGING.match(path) and task.requests[0].command != "GET":
            self._bringing.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End all threads."""
        for lane in (self._states, self._bringing, self._hearing):
            lane.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))


class SlowLane(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Requests that may queue: that they do is nothing to warn of."""

    queue_logger = logging.getLogger(f"{__name__}.states")
    queue_logger.setLevel(logging.ERROR)

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.set_thread_count(threads)


class Listener(TcpWSGIServer):  # type: ignore[misc]
    """Accepts connections, and closes waiting ones when an address or all of them together hold too many."""

    channel_class = Channel

    def __init__(self, app: Flask, listener: socket.socket, dispatcher: Lanes, adj: Adjustments) -> None:
        self._app = app
        self._most = min(MOST_CONNECTIONS, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100) // 2)
        info = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            app, {}, True, listener, dispatcher=dispatcher, adj=adj, bind_socket=False, sockinfo=info
        )

    def ask(self, environ: Environ) -> int | Refusal:
        """How many bytes the body of a request may have, decided by its header alone."""
        found = largest(self._app, environ)
        return found if isinstance(found, int) else Refusal(*found)

    def handle_accept(self) -> None:
        """Take the next connection."""
        super().handle_accept()
        self._make_room()

    def welcome(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Serve a connection that came by TLS. In the loop's own thread only."""
        Channel(self, connection, address, self.adj, map=self._map, secure=True)
        self._make_room()

    def maintenance(self, now: float) -> None:
        """Close what has kept us waiting too long."""
        at = time.monotonic()
        for channel in list(self.active_channels.values()):
            if channel.overdue(at):
                channel.will_close = True

    def _make_room(self) -> None:
        """Close one waiting connection for the newest when there are too many: the address with the most pays."""
        channels: list[Any] = list(self.active_channels.values())
        if not channels:
            return
        new = channels[-1]
        waiting = [found for found in channels if not found.requests and not found.will_close]
        own = [c for c in waiting if c.address == new.address and c.secure == new.secure]
        if len(own) > (WAITING_OF_ONE_TLS if new.secure else WAITING_OF_ONE):
            _first(own).will_close = True
        elif len(channels) > self._most:
            (greedy, _), *_ = Counter(found.address for found in waiting).most_common(1) or [(new.address, 0)]
            _first([found for found in waiting if found.address == greedy] or [new]).will_close = True


def _first(channels: list[Any]) -> Any:
    """Whose closing harms least: never served before, and waiting for the longest time."""
    return min(channels, key=lambda found: (found.served, found.since))


class Server:
    """`app` on the port of `listener`. `port` is the real one (also when 0 was asked for)."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        self._streams: Streams = app.extensions["streams"]
        self._over = threading.Event()
        self._dispatcher = Lanes()
        self._dispatcher.set_thread_count(SPARE_THREADS)
        self._listener = listener
        adj = Adjustments(
            sockets=[self._listener],
            ident="zhangu",
            channel_request_lookahead=1,  # reads on while a stream runs: a gone screen is noticed in a second
            asyncore_use_poll=True,
            connection_limit=2 * MOST_CONNECTIONS,  # never reached: the listener makes room before
            cleanup_interval=1,
            backlog=512,
            outbuf_high_watermark=256 * 1024,  # a screen that never reads costs this much, not 16 MB
            max_request_header_size=MAX_HEADER,
            max_request_body_size=2**62,  # decided at the header, for each route: Request.parse_header
            clear_untrusted_proxy_headers=True,
        )
        self._server = Listener(app, self._listener, self._dispatcher, adj)
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
        """Serve a connection that was accepted from `address` by TLS; from any thread."""
        connection.setblocking(False)
        # In the loop's own thread: it may be going through its map at this moment.
        self._server.trigger.pull_trigger(lambda: self._server.welcome(connection, address))

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
