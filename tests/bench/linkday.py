"""A rehearsed day of three branches with 12 round-ups: typed in chats, said, counted elsewhere within 5 s, posted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from table import Row

ROOT = Path(__file__).resolve().parents[2]
ROUNDUPS, DEALS = 12, 8
MOST_S = 5.0


def rows() -> list[Row]:
    """Run the test in its long form and return its figures."""
    counts = {"ZHANGU_DAY_ROUNDUPS": str(ROUNDUPS), "ZHANGU_DAY_DEALS": str(DEALS)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rP", "--timeout=3600", "tests/links/test_day.py"],
        cwd=ROOT, env={**os.environ, **counts}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = re.search(r"(\d+ round-ups, .* posted), at most ([\d.]+) s", done.stdout)
    took = float(said[2]) if said else float("inf")
    return [
        Row(
            "a day of three branches",
            said[1] if said else "failed",
            "every message arrives",
            done.returncode == 0,
        ),
        Row("from a chat to the other cities", f"{took:.2f} s", f"{MOST_S:.0f} s", took <= MOST_S),
    ]
