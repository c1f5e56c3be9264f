"""Web servers side by side, each with the same running office: walls, phone, and the cost of strangers.

`python -m tests.bench.servers [ROUNDS] [CANDIDATE ...]`. Servers that are not our dependencies are installed manually:
`pip install --target DIR uvicorn a2wsgi cheroot httptools uvloop`, then PYTHONPATH=DIR. Candidates take turns, each in
a separate process, so that a busy machine is equally busy for all: compare the columns, not milliseconds of two days.

Walls and phone are those in `sse`. All but waitress get a handwritten /events suited to each: uvicorn
a coroutine for each wall (one call into its loop for each event), cheroot a thread for each wall.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import queue
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.bench.sse import EVENTS, WALLS, _answer, _process, _say
from tests.signage.house import House, running

CANDIDATES = ("waitress", "uvicorn", "uvicorn-fast", "cheroot")
IDLE, UNREAD, HALF, TRICKLE_S = 500, 60, 260, 15.0
ADDRESS = "127.0.8."


# ---- the driver


def main(rounds: int, names: list[str]) -> None:
    """Print a line for each measurement of each candidate, medians over the rounds."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for _ in range(rounds):
        for name in names:
            with office(name) as (port, tls, child):
                try:
                    for what, value in measured(port, tls, child):
                        found[name].setdefault(what, []).append(value)
                except (OSError, AssertionError) as error:
                    print(f"{name} gave up: {error!r}", file=sys.stderr)
    print("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for what in max(found.values(), key=len):
        values = [found[name].get(what, [float("nan")]) for name in names]
        print(f"| {what} | " + " | ".join(f"{statistics.median(value):.0f}" for value in values) + " |")


@contextlib.contextmanager
def office(name: str) -> Iterator[tuple[int, int, subprocess.Popen[str]]]:
    """Yield a running office behind that server, in a separate process."""
    command = [sys.executable, "-m", "tests.bench.servers", "serve", name]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port, tls = map(int, _answer(child).split())
    try:
        yield port, tls, child
    finally:
        child.kill()
        child.wait()


def measured(port: int, tls: int, child: subprocess.Popen[str]) -> Iterator[tuple[str, float]]:
    """Yield every measurement, as (what, value)."""
    me = psutil.Process(child.pid)
    before = me.memory_info().rss
    for fetching in (False, True):
        also = ", all fetching their state" if fetching else ""
        delays, phone, rss, threads = walls(port, child, fetching=fetching)
        yield f"event → {WALLS} walls{also}, median ms", statistics.median(delays)
        yield f"event → {WALLS} walls{also}, 99 of 100 ms", _p99(delays)
        yield f"phone meanwhile{also}, 99 of 100 ms", _p99(phone)
        if not fetching:
            yield f"memory with {WALLS} walls, MB more", (rss - before) / 1e6
            yield f"threads with {WALLS} walls", threads
    token = _ask(child, "token")
    with lines(port, IDLE, addresses=1) as idle:
        yield f"phone beside {IDLE} idle connections of one address, ms", phone_ms(port, token)
        time.sleep(2)
        yield "of these closed at once", sum(map(_is_closed, idle))
    with lines(port, UNREAD, b"GET /static/phone.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 60):
        time.sleep(0.5)
        yield f"phone beside {UNREAD} clients that never read, ms", phone_ms(port, token)
    rss = me.memory_info().rss
    half = b"POST /api/deals HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" + b"x" * 30_000
    with lines(port, HALF, half):
        time.sleep(0.5)
        yield f"phone beside {HALF} bodies that never end, ms", phone_ms(port, token)
        yield f"memory for {HALF} bodies that never end, MB", (me.memory_info().rss - rss) / 1e6
    yield "stranger's 5 MB upload refused at its header (1 yes)", refused_at_header(port)
    yield "header of one byte in 0.5 s closed after, s (15: never)", trickled(port)
    if tls:
        yield from encrypted(tls, me)


def walls(
    port: int, child: subprocess.Popen[str], *, fetching: bool
) -> tuple[list[float], list[float], int, int]:
    """Return milliseconds of every hint and of every phone's answer; memory and threads meanwhile."""
    me = psutil.Process(child.pid)
    with (
        _process("walls", str(port), str(int(fetching))) as screens,
        _process("phone", str(port), _ask(child, "token")) as phone,
    ):
        assert _answer(screens) == "ready"
        assert _answer(phone) == "ready"
        time.sleep(0.5)
        sent, answers = {}, []
        for _ in range(EVENTS):
            _say(phone, "ask")
            revision, moment = _ask(child, "notify").split()
            sent[int(revision)] = float(moment)
            answers += json.loads(_answer(phone))
            time.sleep(0.2)
        rss, threads = me.memory_info().rss, me.num_threads()
        _say(screens, "over")
        _say(phone, "over")
        heard = json.loads(_answer(screens))
    for _ in range(4):  # for servers that notice a gone wall only by writing to it
        time.sleep(0.2)
        _ask(child, "notify")
    delays = [1000 * (at - sent[revision]) for revision, at in heard if revision in sent]
    if len(delays) < WALLS * EVENTS:
        print(f"only {len(delays)} hints of {WALLS * EVENTS} arrived", file=sys.stderr)
    return delays, answers, rss, threads


def _ask(child: subprocess.Popen[str], what: str) -> str:
    _say(child, what)
    return _answer(child)


def _p99(values: list[float]) -> float:
    return sorted(values)[int(0.99 * len(values))]


def phone_ms(port: int, token: str) -> float:
    """Return the slowest of ten answers; 10,000 when there is none."""
    slowest = 0.0
    for _ in range(10):
        began = time.monotonic()
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            link.request("GET", "/api/people", headers={"Authorization": f"Bearer {token}"})
            link.getresponse().read()
        except OSError:
            return 10_000
        finally:
            link.close()
        slowest = max(slowest, 1000 * (time.monotonic() - began))
    return slowest


@contextlib.contextmanager
def lines(port: int, count: int, said: bytes = b"", *, addresses: int = 5) -> Iterator[list[socket.socket]]:
    """Open that many connections from so many addresses, each having sent those bytes."""
    with contextlib.ExitStack() as stack:
        made = []
        for number in range(count):
            source = (f"{ADDRESS}{1 + number % addresses}", 0)
            found = socket.create_connection(("127.0.0.1", port), 10, source_address=source)
            made.append(stack.enter_context(contextlib.closing(found)))
            found.setblocking(False)
            with contextlib.suppress(OSError):
                found.send(said)
        yield made


def _is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def refused_at_header(port: int) -> float:
    """Return 1.0 if a stranger's upload is answered before its body comes."""
    with socket.create_connection(("127.0.0.1", port), 3) as made:
        made.sendall(b"POST /api/clips HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n")
        with contextlib.suppress(TimeoutError):
            return float(b"401" in made.recv(100))
    return 0.0


def trickled(port: int) -> float:
    """Return the seconds until a header without an end is closed."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 5) as made, contextlib.suppress(OSError):
        made.sendall(b"GET / HTTP/1.1\r\nX: ")
        while time.monotonic() - began < TRICKLE_S:
            made.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                if not made.recv(100):
                    break
            made.sendall(b"x")
    return time.monotonic() - began


def encrypted(port: int, me: psutil.Process) -> Iterator[tuple[str, float]]:
    """Measure a handshake and an answer, beside 300 that never finish theirs."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    yield "HTTPS, handshake and answer, ms", _https_ms(port, context)
    rss = me.memory_info().rss
    with lines(port, 300, b"\x16\x03\x01\x02\x00\x01"):
        time.sleep(0.5)
        yield "HTTPS beside 300 unfinished handshakes, ms", _https_ms(port, context)
        yield "memory for 300 unfinished handshakes, MB", (me.memory_info().rss - rss) / 1e6


def _https_ms(port: int, context: ssl.SSLContext) -> float:
    took = []
    for _ in range(5):
        began = time.monotonic()
        link = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        try:
            link.request("GET", "/login")
            link.getresponse().read()
        except OSError:
            return 10_000
        finally:
            link.close()
        took.append(1000 * (time.monotonic() - began))
    return max(took)


# ---- the office's process


def serve(name: str) -> None:
    """Execute `notify` and `token` from stdin."""
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "home", sounds=False, warm=True) as house,
    ):
        house.sell("王小明", 12800, "a-deal")
        house.call("POST", "/api/stop", {})
        time.sleep(1)
        port, tls = START[name](house)
        print(port, tls, flush=True)
        for line in sys.stdin:
            if line == "notify\n":
                moment = time.monotonic()
                print(house.daemon.feed.notify(), moment, flush=True)
            else:
                print(house.token("program"), flush=True)


def certificate(house: House) -> Any:
    from controller.system import network

    return network.ensure(house.daemon._options.home.var / "tls", "127.0.0.1")


def start_waitress(house: House) -> tuple[int, int]:
    from signage.tls import TlsProxy

    made = certificate(house)
    front = TlsProxy(house.daemon.server, socket.create_server(("127.0.0.1", 0)), made.chain, made.key)
    front.start()
    return house.daemon.server.port, front.port


def app_of(house: House) -> Any:
    return house.daemon.server._server._app


HELLO = b'retry: 3000\n\nevent: hello\ndata: {"now":0,"revision":0}\n\n'


def start_uvicorn(house: House, http_of: str = "h11", loop_of: str = "asyncio") -> tuple[int, int]:
    import uvicorn
    from a2wsgi import WSGIMiddleware

    app = WSGIMiddleware(app_of(house), workers=16)
    screens: set[asyncio.Queue[bytes]] = set()

    async def events(send: Any) -> None:
        heads = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": heads})
        await send({"type": "http.response.body", "body": HELLO, "more_body": True})
        news: asyncio.Queue[bytes] = asyncio.Queue()
        screens.add(news)
        try:
            while True:
                await send({"type": "http.response.body", "body": await news.get(), "more_body": True})
        finally:
            screens.discard(news)

    async def both(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/events":
            await events(send)
        else:
            await app(scope, receive, send)

    def tell(data: bytes) -> None:
        for news in screens:
            news.put_nowait(data)

    made, found = certificate(house), []
    for more in ({}, {"ssl_certfile": str(made.chain), "ssl_keyfile": str(made.key)}):
        config = uvicorn.Config(
            both, http=http_of, loop=loop_of, lifespan="off", log_level="error", backlog=512, **more
        )
        server, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0), backlog=512)
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        found.append((server, listener.getsockname()[1]))
    loops: list[asyncio.AbstractEventLoop] = []
    while not all(server.started for server, _ in found):
        time.sleep(0.05)
    loops.append(found[0][0].servers[0].get_loop())
    _cry(house, lambda data: loops[0].call_soon_threadsafe(tell, data))
    return found[0][1], found[1][1]


def _cry(house: House, tell: Any) -> None:
    def run() -> None:
        news = house.daemon.feed.subscribe()
        while not news.closed:
            if news.get(timeout=1) is not None:
                tell(b'event: hint\ndata: {"revision":%d}\n\n' % house.daemon.feed.revision)

    threading.Thread(target=run, daemon=True).start()


def start_cheroot(house: House) -> tuple[int, int]:
    from cheroot.ssl.builtin import BuiltinSSLAdapter
    from cheroot.wsgi import Server

    app, screens = app_of(house), set[queue.SimpleQueue[bytes]]()

    def both(environ: Any, start_response: Any) -> Any:
        return events(start_response) if environ["PATH_INFO"] == "/events" else app(environ, start_response)

    def events(start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        news: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        screens.add(news)
        try:
            yield HELLO
            while True:
                yield news.get()
        finally:
            screens.discard(news)

    def tell(data: bytes) -> None:
        for news in tuple(screens):
            news.put(data)

    made, ports = certificate(house), []
    for tls in (False, True):
        # Twice as many as walls: a connection that has sent nothing also holds a thread, until the timeout.
        threads = 16 if tls else 2 * WALLS + 24
        server = Server(("127.0.0.1", 0), both, numthreads=threads, request_queue_size=512)
        server.timeout, server.keep_alive_conn_limit = 60, 1000  # else walls that keep a connection lose it
        if tls:
            server.ssl_adapter = BuiltinSSLAdapter(str(made.chain), str(made.key))
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()
        ports.append(server.bind_addr[1])
    _cry(house, tell)
    return ports[0], ports[1]


START = {
    "waitress": start_waitress,
    "uvicorn": start_uvicorn,
    "uvicorn-fast": lambda house: start_uvicorn(house, "httptools", "uvloop"),
    "cheroot": start_cheroot,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 3, sys.argv[2:] or list(CANDIDATES))
