"""The web server: waitress with as many threads as screens need; what reaches into it is in `waitress_parts`."""

import socket
import sys
import threading

from flask import Flask

from signage.sse import Streams
from signage.waitress_parts import Lanes, Listener

SPARE_THREADS = 8
SWITCH_S = 0.0001  # after each of 200 sends Python's lock is asked for again; 5 ms, as usual, would add up


class Server:
    """`app` on the port of `listener`. `port` is the real one (also when 0 was asked for)."""

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
        # Under the streams' lock. One thread for each open stream, which only waits for its end; states, uploads and
        # previews have their own. Never fewer again: idle threads are cheap, starting them late is not.
        wanted = streams + SPARE_THREADS
        if wanted > self._most:
            self._most = wanted
            self._dispatcher.set_thread_count(wanted)

    def start(self) -> None:
        """Serve in a thread; returns at once."""
        sys.setswitchinterval(SWITCH_S)
        self._thread = threading.Thread(target=self.run, name="web")
        self._thread.start()

    def take(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Serve a connection that was accepted from `address` by TLS; from any thread."""
        connection.setblocking(False)
        self._server.take(connection, address)

    def run(self) -> None:
        """Serve until close() is called."""
        while not self._over.is_set():
            self._server.turn()

    def close(self) -> None:
        """Stop: no new lines, running streams end, what is being answered is finished (5 s at most)."""
        self._over.set()
        self._streams.close()
        self._server.wake()
        if self._thread is not None:
            self._thread.join(5)
        self._dispatcher.shutdown(timeout=5)
        self._server.end()
        self._listener.close()
