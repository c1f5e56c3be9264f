"""`make bench`: every figure of the design, measured on real output, as a table.

`--soak`: the long measurements, which also go into docs/soak.md.

Names of modules as arguments run only those: `python -m tests.bench office sse`.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import soak_report  # noqa: E402
from table import Row  # noqa: E402

BENCH = (
    "office",
    "sound",
    "sse",
    "standings",
    "pages",
    "loading",
    "voice",
    "talk",
    "listening",
    "walls",
    "wallline",
    "edits",
    "understood",
    "slowvoice",
    "restart",
)
SOAK = (
    "noons", "nap", "kill", "soundfaults", "timefaults", "linkkill", "linkday", "wallday", "wallaway",
    "axe", "pictures", "cities", "wear", "month", "crowd", "mutated", "schema", "upgradekill", "aptkill", "powercuts",
    "machine", "longforms",
)  # fmt: skip


def main() -> int:
    """Print the table; return 1 when a figure exceeds its limit."""
    soak = "--soak" in sys.argv
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or (SOAK if soak else BENCH)
    here = Path(__file__).parent
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {time.strftime('%F')}\n"
    )
    print("| what | measured | limit | |\n|---|---|---|---|")
    well = True
    if soak:
        soak_report.write(SOAK, {})
    for name in wanted:
        if (here / f"{name}.py").exists():
            began, rows = time.monotonic(), []
            for row in importlib.import_module(name).rows():
                well = well and row.ok
                rows.append(row)
                show(row)
            if soak and name in SOAK:
                done = soak_report.section(name, rows, time.monotonic() - began, os.getloadavg()[0])
                soak_report.write(SOAK, {name: done})
    return 0 if well else 1


def show(row: Row) -> None:
    """Print one line of the table at once: the whole takes a quarter of an hour."""
    print(f"| {row.what} | {row.measured} | {row.limit} | {'✓' if row.ok else '✗'} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
