"""Write the long measurements into docs/soak.md: each soak has a section, which a new run replaces."""

from __future__ import annotations

import ast
import fcntl
import os
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path

from table import Row

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "docs" / "soak.md"
NOT_RUN = "Not run."
HEAD = """# Long measurements

`make soak` writes this page: a section for each measurement, replaced by name when it has run to its end. One alone:
`python -m tests.bench --soak NAME`. A figure beyond its limit is marked ✗ and explained
in [figures](figures.md). [When something is wrong](health.md) says what is promised and what is not.
"""


def described(name: str) -> str:
    """Return the first sentence of a measurement's docstring, read without importing it."""
    doc = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return " ".join(doc.split("\n\n")[0].split())


def machine() -> str:
    """Return the machine in words: processor, cores, memory, system, Python."""
    try:
        model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
        name = model[1] if model else platform.machine()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (OSError, ValueError):
        name, memory = platform.machine(), 0.0
    return (
        f"{name}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def section(name: str, rows: Sequence[Row], seconds: float, load: float) -> str:
    """Return the section of a measurement that has run."""
    lines = "\n".join(
        f"| {row.what} | {row.measured} | {row.limit or '–'} | {'✓' if row.ok else '✗'} |" for row in rows
    )
    ran = f"{time.strftime('%F')}, {seconds / 60:.0f} min, load {load:.1f} at its end. {machine()}."
    return f"{described(name)}\n\n{ran}\n\n| what | measured | limit | |\n|---|---|---|---|\n{lines}"


def merged(text: str, names: Sequence[str], new: dict[str, str]) -> str:
    """Return the page with `new` sections in place of their old ones, in the order of `names`. Pure."""
    old = dict(re.findall(r"^## (\w+)\n\n(.*?)\s*(?=^## |\Z)", text, re.M | re.S))
    parts = [f"## {name}\n\n{new.get(name) or old.get(name) or _not_run(name)}\n" for name in names]
    return HEAD + "\n" + "\n".join(parts)


def _not_run(name: str) -> str:
    return f"{described(name)}\n\n{NOT_RUN}"


def write(names: Sequence[str], new: dict[str, str], report: Path = REPORT) -> None:
    """Bring the page up to date. Measurements that run side by side wait for each other: none loses a section."""
    folder = os.open(report.parent, os.O_RDONLY)  # the folder itself is the lock: it leaves no file behind
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        text = report.read_text(encoding="utf-8") if report.exists() else ""
        report.write_text(merged(text, names, new), encoding="utf-8")
    finally:
        os.close(folder)
