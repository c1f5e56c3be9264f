"""The cost of a serializer library beside the handwritten to_json and from_json: `tests/bench/serializer.py`.

Each candidate writes and reads a playlist position of 30 pieces in a separate process; a library that is not
installed is skipped. The last line counts the handwritten lines that a library could replace.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 15
COMMON = """
import dataclasses, datetime as dt, json, sys, time
from typing import Any
def rss():
    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmRSS'))
@dataclasses.dataclass(frozen=True, slots=True)
class Position:
    playlist: str
    since: dt.datetime
    until: dt.datetime
    start_s: float
    pieces: tuple[tuple[str, float], ...]
now = dt.datetime(2026, 11, 23, 9, tzinfo=dt.timezone.utc)
one = Position('morning', now, now, 1.5, tuple((f'{n}.mp3', n * 10.0) for n in range(30)))
before, began = rss(), time.perf_counter()
"""
CANDIDATES = {
    "by hand": """
def dump(p): return json.dumps({'playlist': p.playlist, 'since': p.since.isoformat(), 'until': p.until.isoformat(),
    'start_s': p.start_s, 'pieces': [list(x) for x in p.pieces]})
def load(text):
    v = json.loads(text)
    return Position(v['playlist'], dt.datetime.fromisoformat(v['since']), dt.datetime.fromisoformat(v['until']),
        v['start_s'], tuple((str(n), float(s)) for n, s in v['pieces']))
""",
    "msgspec": """
import msgspec
encoder, decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Position)
dump, load = encoder.encode, decoder.decode
""",
    "cattrs": """
from cattrs.preconf.json import make_converter
converter = make_converter()
def dump(p): return converter.dumps(p, unstructure_as=Position)
def load(text): return converter.loads(text, Position)
""",
}
MEASURE = """
assert load(dump(one)) == one
ready = (time.perf_counter() - began) * 1000
grown = rss() - before
began = time.perf_counter()
for _ in range(2000): load(dump(one))
print(ready, grown / 1024, (time.perf_counter() - began) / 2000 * 1e6)
"""


def measured(code: str) -> tuple[float, float, float] | None:
    """Milliseconds until ready, megabytes, microseconds to write and read once; None when it is not installed."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", COMMON + code + MEASURE], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return None
        runs.append([float(word) for word in done.stdout.split()])
    ready, grown, each = (statistics.median(column) for column in zip(*runs, strict=True))
    return ready, grown, each


def handwritten() -> int:
    """Lines of the functions called to_json and from_json in the product."""
    lines = 0
    for path in (ROOT / "controller").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name in ("to_json", "from_json"):
                lines += (node.end_lineno or 0) - node.lineno + 1
    return lines


if __name__ == "__main__":
    for name, code in CANDIDATES.items():
        found = measured(code)
        print(
            f"{name:8}",
            "not installed" if found is None else "{:6.1f} ms {:5.1f} MB {:6.1f} µs".format(*found),
        )
    print(handwritten(), "lines by hand")
