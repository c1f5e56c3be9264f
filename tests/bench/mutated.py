"""20,000 mutated inputs: 10,000 timetables and 10,000 HTTP requests, without a traceback, a hang or a server error.

`MUTATED` sets the number of each. A seed makes each run the same; the first inputs that failed are printed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from running import Running, timetable  # noqa: E402
from table import Row  # noqa: E402

from controller.timetable import load  # noqa: E402
from controller.timetable.problems import TimetableInvalid  # noqa: E402

NUMBER, SLOWEST_S, SHOWN = 10_000, 5.0, 5
SHIPPED = HERE.parents[1] / "config" / "rhythm.yaml"
PIECES = (
    b"", b"\x00", b"\xff\xfe", b"\xf0\x9f\x98\x80", b"&a [*a, *a]", b"!!python/object:os.system ls", b"{", b"}", b"[",
    b"]", b": ",
    b"- ", b"\t", b"'", b'"', b"|", b"99999999999999999999", b"-1", b"1e309", b"NaN", b"25:61", b"2026-02-30", b"on: [",
    b"<<: *x", b"---\n", b"%YAML 9.9\n", "：".encode(), "　".encode(), b"{team}{", b"\r", b"#", b"a" * 5000,
    b"../../etc/passwd", b"%00", b"%2e%2e/", b"' OR 1=1 --", b"<script>", b"\xed\xa0\x80",
)  # fmt: skip


PAGES = ("/", "/wall", "/health", "/api/wall?name=main", "/events", "/photos/x", "/login", "/static/phone.js")


def rows() -> list[Row]:
    """Measure for some minutes."""
    number = int(os.environ.get("MUTATED", NUMBER))
    chance = random.Random(1)
    return [*_timetables(number, chance), *_requests(number, chance)]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to six changes: bytes, pieces and lines replaced, added, doubled, removed, cut."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        how = chance.randrange(7)
        if how == 0:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif how == 1:
            changed[at:at] = chance.choice(PIECES)
        elif how == 2:
            changed[at : at + chance.randrange(1, 40)] = chance.choice(PIECES)
        elif how == 3:
            del changed[at : at + chance.randrange(1, 400)]
        elif how == 4:
            changed[at:at] = changed[at : at + chance.randrange(1, 400)]
        elif how == 5:
            lines = bytes(changed).split(b"\n")
            chance.shuffle(lines) if chance.random() < 0.1 else lines.insert(
                chance.randrange(len(lines)), chance.choice(lines)
            )
            changed = bytearray(b"\n".join(lines))
        else:
            del changed[at if chance.random() < 0.1 else len(changed) :]
    return bytes(changed)


def _timetables(number: int, chance: random.Random) -> list[Row]:
    text, wrong, slowest, valid = SHIPPED.read_bytes(), list[str](), 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rhythm.yaml"
        for n in range(number):
            file.write_bytes(mutated(text, chance))
            began = time.monotonic()
            try:
                load.load(file)
                valid += 1
            except TimetableInvalid as faulty:
                if not all(str(fault).strip() for fault in faulty.faults) or not faulty.faults:
                    wrong.append(f"timetable {n}: no sentence")
            except Exception as error:
                wrong.append(f"timetable {n}: {error!r:.200}")
            slowest = max(slowest, time.monotonic() - began)
    _show(wrong)
    what = f"{number:,} mutated timetables ({valid:,} still valid): without a sentence or with a traceback; slowest"
    ok = not wrong and slowest <= SLOWEST_S
    return [Row(what, f"{len(wrong)}; {slowest:.2f} s", f"0; ≤ {SLOWEST_S:.0f} s", ok)]


def _requests(number: int, chance: random.Random) -> list[Row]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Running(
            Path(folder), {"SDL_AUDIODRIVER": "dummy"}, timetable=timetable("at: 00:00-24:00, name: 全天")
        ) as house,
    ):
        house.start()
        corpus = list(_corpus(house))
        wrong, hung, slowest = list[str](), 0, 0.0
        for n in range(number):
            request = mutated(chance.choice(corpus), chance)
            began = time.monotonic()
            status = _status(house.port, request)
            took = time.monotonic() - began
            slowest = max(slowest, took)
            hung += took > SLOWEST_S
            if (
                status.startswith(b"HTTP/1.")
                and status[9:10] == b"5"
                and status[9:12] not in (b"501", b"503", b"505")
            ):
                wrong.append(f"request {n}: {status[:40]!r} for {request[:120]!r}")
        alive = house.call("GET", "/health")[0] == 200
        traced = house.log().count("Traceback")
    _show(wrong)
    what = f"{number:,} mutated requests: server errors, tracebacks in the log, answers over {SLOWEST_S:.0f} s; slowest"
    measured = (
        f"{len(wrong)}, {traced}, {hung}; {slowest:.2f} s{'' if alive else '; the office no longer answers'}"
    )
    return [Row(what, measured, "0, 0, 0", not wrong and not traced and not hung and alive)]


def _corpus(house: Running) -> Iterator[bytes]:
    """Yield a request for each route of the API's document, half of them signed in, and for pages."""
    for path, methods in house.get("/api/openapi.json")["paths"].items():
        for method, route in methods.items():
            content = route.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = json.dumps(content.get("example", {}), ensure_ascii=False).encode() if content else b""
            head = f"{method.upper()} {re.sub(r'[{}]', '', path)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            for signed in ("", f"Authorization: Bearer {house.token}\r\n"):
                typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                yield f"{head}{signed}{typed}".encode() + body
    for path in PAGES:
        yield f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()


def _status(port: int, request: bytes) -> bytes:
    """Send a request, half-close, and return the beginning of the answer; b"" when the line was closed without one."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as line:
        line.settimeout(10)
        line.sendall(request)
        line.shutdown(socket.SHUT_WR)
        return line.recv(200)
    return b""


def _show(wrong: list[str]) -> None:
    for line in wrong[:SHOWN]:
        print(line, file=sys.stderr)
