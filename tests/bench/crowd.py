"""A crowd: 200 walls, 50 phones, 1,000 deals a minute for ten minutes while music plays; then strangers who abuse it.

`CROWD_MINUTES` and `CROWD_DEALS` (a minute) set a shorter or lighter run. Each phone looks at its page every ten
seconds; walls fetch their state after every hint. All clients share the machine with the daemon, so that the figures
contain their cost too, which is printed. As root everything here runs before other work of the machine, as on one that
does nothing else.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from recording import RATE  # noqa: E402
from slowcore import first_in_line  # noqa: E402
from table import Row  # noqa: E402

from tests.bench import servers  # noqa: E402
from tests.bench.office import ALL_DAY, office  # noqa: E402
from tests.bench.sse import HINT, WALLS, _answer, _open, _say  # noqa: E402
from tests.running import Running  # noqa: E402

PHONES, PHONE_EVERY_S, SENDERS = 50, 10.0, 8
FLOODS, FLOOD_BYTES, BODIES = 200, 200_000, 100
NOISE_FLOOR = 200
"""Of 32,767: below it the recorded music counts as silent."""


def rows() -> list[Row]:
    """Measure for a little longer than `CROWD_MINUTES`."""
    return [*crowd(), *abuse()]


def crowd() -> list[Row]:
    """Let everybody work at once."""
    with first_in_line() as first:
        return _crowd(first)


def _crowd(first: bool) -> list[Row]:
    minutes = float(os.environ.get("CROWD_MINUTES", "10"))
    wanted = int(os.environ.get("CROWD_DEALS", "1000"))
    with (
        tempfile.TemporaryDirectory() as folder,
        office(Path(folder), ALL_DAY) as (pulse, house),
        ExitStack() as stack,
    ):
        house.start()
        house.call("PUT", "/api/volume", {"volume": 100})
        time.sleep(3)
        walls = stack.enter_context(_walls(house.port))
        assert _answer(walls) == "ready"
        daemon = psutil.Process(house.process.pid if house.process else 0)
        before, used = _held(daemon), _used(daemon, walls.pid)
        began = time.monotonic()
        load = _Load(house, minutes, wanted)
        load.run()
        took = time.monotonic() - began
        cores = [100 * (two - one) / took for one, two in zip(used, _used(daemon, walls.pid), strict=True)]
        samples = pulse.recording.frames_between(began, time.monotonic())
        after = _held(daemon)
        _say(walls, "over")
        states, behind = json.loads(_answer(walls))
        kept = {deal["key"] for deal in house.get("/api/deals")}
    lost = len(load.accepted - kept)
    twice = len(load.accepted) - len(load.accepted & kept) - lost
    what = f"{WALLS} walls, {PHONES} phones, {len(load.accepted):,} deals in {minutes:g} min"
    rate = len(load.accepted) / minutes
    hole = _longest_hole(samples)
    return [
        Row(f"{what}: deals a minute; refused", f"{rate:.0f}; {load.refused}", f"≥ {0.98 * wanted:.0f}; 0",
            rate >= 0.98 * wanted and not load.refused),
        Row("of these lost, or kept twice", f"{lost}, {twice}", "0, 0", not lost and not twice),
        _times("a deal's answer", load.deal_ms, 500),
        _times("a phone's page", load.phone_ms, 1000),
        Row("states that the walls fetched; seconds until all had the last deal", f"{states:,}; {behind:.1f}",
            "≤ 5 s", behind <= 5),
        Row("longest hole in music and announcements", f"{hole:.0f} ms", "≤ 50 ms", hole <= 50),
        Row("memory of the daemon; threads; descriptors, before → after",
            "; ".join(f"{one:.0f} → {two:.0f}" for one, two in zip(before, after, strict=True)),
            "+60 MB; +20; +40", _within(before, after, (60, 20, 40))),
        Row("processor: daemon, its children, walls, phones and senders, in percent of a core"
            + ("" if first else "; other work of the machine beside it"),
            ", ".join(f"{share:.0f}" for share in cores), "–", True),
    ]  # fmt: skip


class _Load:
    """Deals at an even rate, and phones; each thread has its own connections."""

    def __init__(self, house: Running, minutes: float, wanted: int) -> None:
        self._port, self._token = house.port, house.token
        self._end, self._pause = time.monotonic() + 60 * minutes, 60 / wanted
        self._began = time.monotonic()
        self._numbers, self._lock = count(), threading.Lock()
        self.accepted: set[str] = set()
        self.refused = 0
        self.deal_ms: list[float] = []
        self.phone_ms: list[float] = []

    def run(self) -> None:
        """Work until the end."""
        threads = [threading.Thread(target=self._sell) for _ in range(SENDERS)]
        threads += [threading.Thread(target=self._look, args=(number,)) for number in range(PHONES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(self, method: str, path: str, data: object = None) -> tuple[int, float]:
        began = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as link:
            head = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            link.request(method, path, None if data is None else json.dumps(data).encode(), head)
            answer = link.getresponse()
            answer.read()
        return answer.status, 1000 * (time.monotonic() - began)

    def _sell(self) -> None:
        while True:
            with self._lock:
                number = next(self._numbers)
            due = self._began + number * self._pause
            if due >= self._end:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            key = f"crowd-{number}"
            deal = {"person": "王小明", "product": "网络招聘", "amount": 100 + number % 900, "key": key}
            try:
                status, took = self._ask("POST", "/api/deals", deal)
            except OSError:
                status, took = 0, 60_000.0
            with self._lock:
                self.deal_ms.append(took)
                if status in (200, 201):
                    self.accepted.add(key)
                else:
                    self.refused += 1

    def _look(self, number: int) -> None:
        time.sleep(PHONE_EVERY_S * number / PHONES)
        while time.monotonic() < self._end:
            try:
                status, took = self._ask("GET", "/api/phone")
            except OSError:
                status, took = 0, 60_000.0
            with self._lock:
                self.phone_ms.append(took if status == 200 else 60_000.0)
            time.sleep(PHONE_EVERY_S)


@contextmanager
def _walls(port: int) -> Iterator[subprocess.Popen[str]]:
    """Yield a process with all walls."""
    command = [sys.executable, "-m", "tests.bench.crowd", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@dataclass
class _Wall:
    """A wall as the page does it: one request at a time; a hint meanwhile means another one afterwards."""

    line: socket.socket
    asking: socket.socket
    request: bytes
    wanted: int = 0
    tail: bytes = b""
    answer: bytes = b""
    busy: bool = False
    again: bool = False
    fetched: int = 0

    def hear(self) -> None:
        self.tail = self.tail[-80:] + self.line.recv(65536)
        found = HINT.findall(self.tail)
        if found and int(found[-1]) > self.wanted:
            self.wanted = int(found[-1])
            self.ask()

    def ask(self) -> None:
        if self.busy:
            self.again = True
            return
        self.busy, self.answer = True, b""
        self.asking.send(self.request)

    def read(self) -> bool:
        """Take a part of the answer; return False when the server has closed the connection."""
        try:
            part = self.asking.recv(1 << 20)
        except OSError:
            part = b""
        if not part:
            return False
        self.answer += part
        head, found, body = self.answer.partition(b"\r\n\r\n")
        length = re.search(rb"[Cc]ontent-[Ll]ength: (\d+)", head)
        if found and length and len(body) >= int(length[1]):
            self.busy, self.fetched = False, self.fetched + 1
            if self.again:
                self.again = False
                self.ask()
        return True


def _ask_again(waiting: selectors.BaseSelector, wall: _Wall, port: int) -> None:
    """Open a new connection, as a browser does, and repeat a request that had no answer."""
    waiting.unregister(wall.asking)
    wall.asking.close()
    wall.asking = socket.create_connection(("127.0.0.1", port), 10)
    wall.asking.setblocking(False)
    waiting.register(wall.asking, selectors.EVENT_READ, wall)
    if wall.busy:
        wall.busy = False
        wall.ask()


def _be_walls(port: int) -> None:
    """Work until a line on stdin; then print the fetched states, and the seconds until no wall was busy."""
    waiting, walls = selectors.DefaultSelector(), []
    for number in range(WALLS):
        opened = _open(port, number)
        request = f"GET /api/wall?name={opened.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        wall = _Wall(opened.line, opened.asking, request)
        walls.append(wall)
        waiting.register(wall.line, selectors.EVENT_READ, wall.hear)
        waiting.register(wall.asking, selectors.EVENT_READ, wall)
    waiting.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    ended = 0.0
    while not ended or (any(wall.busy for wall in walls) and time.monotonic() - ended < 60):
        for key, _ in waiting.select(0.1):
            if isinstance(key.data, _Wall):
                if not key.data.read():
                    _ask_again(waiting, key.data, port)
            elif key.data is not None:
                key.data()
            else:
                waiting.unregister(sys.stdin)
                ended = time.monotonic()
    print(json.dumps([sum(wall.fetched for wall in walls), time.monotonic() - ended]), flush=True)


def _times(what: str, times: list[float], limit: float) -> Row:
    ordered = sorted(times)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    measured = f"{statistics.median(ordered):.0f} ms median, {p99:.0f} ms 99 of 100 ({len(ordered):,})"
    return Row(what, measured, f"≤ {limit:.0f} ms 99 of 100", p99 <= limit)


def _held(process: psutil.Process) -> tuple[float, int, int]:
    return process.memory_info().rss / 1e6, process.num_threads(), process.num_fds()


def _used(daemon: psutil.Process, walls: int) -> list[float]:
    """Return the processor seconds of the daemon, its children, the walls and this process so far."""
    seconds = lambda one: one.cpu_times().user + one.cpu_times().system
    children = sum(seconds(child) for child in daemon.children())
    return [seconds(daemon), children, seconds(psutil.Process(walls)), seconds(psutil.Process())]


def _within(
    before: tuple[float, int, int], after: tuple[float, int, int], more: tuple[int, int, int]
) -> bool:
    return all(two - one <= limit for one, two, limit in zip(before, after, more, strict=True))


def _longest_hole(samples: np.ndarray[Any, Any]) -> float:
    """Return the milliseconds of the longest silence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)).max(axis=1) > NOISE_FLOOR)
    return float(1000 * np.diff(loud).max() / RATE) if len(loud) > 1 else float("inf")


# ---- strangers


def abuse() -> list[Row]:
    """Measure memory, threads, disk and the phone's answer beside each kind of abuse, all by unknown clients."""
    with servers.office("waitress") as (port, _, child):
        process, token = psutil.Process(child.pid), servers._ask(child, "token")
        servers.phone_ms(port, token)
        return [
            _besieged(f"{servers.IDLE} idle connections", process, port, token, b"", servers.IDLE),
            _besieged(
                f"{servers.UNREAD} clients that never read", process, port, token,
                b"GET /static/phone.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 60, servers.UNREAD,
            ),
            _besieged(
                f"{servers.HALF} bodies that never end", process, port, token,
                b"POST /api/deals HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" + b"x" * 30_000,
                servers.HALF,
            ),
            _besieged(
                f"{FLOODS} headers of {FLOOD_BYTES // 1000} KB", process, port, token,
                b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Flood: 1\r\n" * (FLOOD_BYTES // 12), FLOODS,
            ),
            _besieged(
                f"{BODIES} uploads of 5 MB without a sign-in", process, port, token,
                b"POST /api/clips HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n" + bytes(200_000),
                BODIES,
            ),
        ]  # fmt: skip


def _besieged(what: str, process: psutil.Process, port: int, token: str, said: bytes, number: int) -> Row:
    rss, threads = process.memory_info().rss, process.num_threads()
    written = process.io_counters().write_chars
    with servers.lines(port, number, said):
        time.sleep(1)
        took = servers.phone_ms(port, token)
        grown = (process.memory_info().rss - rss) / 1e6
        more, disk = process.num_threads() - threads, (process.io_counters().write_chars - written) / 1e6
    measured = f"phone {took:.0f} ms at most, {grown:+.1f} MB, {more:+d} threads, {disk:.1f} MB written"
    ok = took <= 1000 and grown <= 40 and more <= 20
    return Row(f"beside {what}", measured, "≤ 1000 ms, +40 MB, +20 threads", ok)


if __name__ == "__main__":
    _be_walls(int(sys.argv[1]))
