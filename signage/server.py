"""The web server: waitress with as many threads as screens need; its subclasses are in `waitress_parts`."""

import socket
import sys
import threading

from flask import Flask

from signage.sse import Streams
from signage.waitress_parts import Lanes, Listener

SPARE_THREADS = 8
SWITCH_S = 0.0001  # each of 200 sends takes the GIL again; the default of 5 ms would add up


class Server:
    """Serve `app` on `listener`. `port` is the real port (also when 0 was requested)."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        self._streams: Streams = app.extensions["streams"]
        self._over = threading.Event()
        self._dispatcher = Lanes()
        self._dispatcher.set_thread_count(SPARE_THREADS)
        self._listener = listener
        self._server = Listener(app, self._listener, self._dispatcher)
        self.port = self._server.port
        self._thread: threading.Thread | None = None
        self._streams.on_count = self._keep_threads
        self._most = SPARE_THREADS

    def _keep_threads(self, streams: int) -> None:
        # Called under the streams' lock. Each open stream needs one thread, which only waits for its end; states,
        # uploads and previews have separate threads. Never reduce: idle threads are cheap, starting them late is not.
        wanted = streams + SPARE_THREADS
        if wanted > self._most:
            self._most = wanted
            self._dispatcher.set_thread_count(wanted)

    def start(self) -> None:
        """Serve in a thread; return at once."""
        sys.setswitchinterval(SWITCH_S)
        self._thread = threading.Thread(target=self.run, name="web")
        self._thread.start()

    def take(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Serve a connection from `address` that TlsProxy accepted; callable from any thread."""
        connection.setblocking(False)
        self._server.take(connection, address)

    def run(self) -> None:
        """Serve until close() is called."""
        while not self._over.is_set():
            self._server.turn()

    def close(self) -> None:
        """Stop: accept no connections, end streams, finish running requests (5 s at most)."""
        self._over.set()
        self._streams.close()
        self._server.wake()
        if self._thread is not None:
            self._thread.join(5)
        self._dispatcher.shutdown(timeout=5)
        self._server.end()
        self._listener.close()
