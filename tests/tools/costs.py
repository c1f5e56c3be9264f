"""Measure what each test costs: seconds on the clock and seconds of CPU, its children included.

Usage: python -m pytest -p tests.tools.costs --costs=costs.jsonl …, then python tests/tools/costs.py costs.jsonl
A child counts in the test during which it works; of a process that its own parent no longer knows, nothing counts.
Module fixtures count in the first and last test of their module.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--costs", help="append one line of JSON for each test to this file")


_seen: dict[int, float] = {}
"""Seconds of each descendant that lived at the last look."""
_gone = 0.0
"""Seconds of processes that ended since an earlier look and that no process waited for: Chromium's renderers."""


def _cpu() -> float:
    """Return the seconds of this process and its descendants, living and ended; never less than before."""
    global _gone
    times = os.times()
    waited = times.children_user + times.children_system
    living: dict[int, float] = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            now = child.cpu_times()
            living[child.pid] = now.user + now.system
            waited += now.children_user + now.children_system
    ended = sum(seconds for pid, seconds in _seen.items() if pid > 0 and pid not in living)
    _gone += max(0.0, ended - max(0.0, waited - _seen.get(-1, 0.0)))
    _seen.clear()
    _seen.update(living)
    _seen[-1] = waited
    return times.user + times.system + waited + sum(living.values()) + _gone


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    path = item.config.getoption("--costs")
    clock, cpu = time.monotonic(), _cpu()
    try:
        return (yield)
    finally:
        if path:
            row = {"test": item.nodeid, "wall": time.monotonic() - clock, "cpu": _cpu() - cpu}
            with Path(path).open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")


def table(rows: list[dict[str, float | str]]) -> Iterator[str]:
    """One line for each test file, the slowest first, then the sum."""
    files: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        for name in (str(row["test"]).partition("::")[0], "all files"):
            sums = files[name]
            sums[0] += 1
            sums[1] += float(row["wall"])
            sums[2] += float(row["cpu"])
    yield f"{'tests':>6}{'wall s':>9}{'CPU s':>9}  file"
    for name, (tests, wall, cpu) in sorted(files.items(), key=lambda pair: -pair[1][1]):
        yield f"{tests:6.0f}{wall:9.1f}{cpu:9.1f}  {name}"


if __name__ == "__main__":
    measured = [
        json.loads(line) for path in sys.argv[1:] for line in Path(path).read_text("utf-8").splitlines()
    ]
    print("\n".join(table(measured)))
    print("\nthe slowest tests")
    for row in sorted(measured, key=lambda row: -row["wall"])[:60]:
        print(f"{row['wall']:7.1f}{row['cpu']:7.1f}  {row['test']}")
