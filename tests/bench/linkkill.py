"""1,000 `kill -9` of a process that sends messages to a link: none lost, doubles only under the same id."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from table import Row

ROOT = Path(__file__).resolve().parents[2]
KILLS = 1000


def rows() -> list[Row]:
    """Run the test with a thousand kills and return its figures."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rP", "--timeout=7200", "tests/links/test_killed.py"],
        cwd=ROOT, env={**os.environ, "ZHANGU_LINK_KILLS": str(KILLS)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = re.search(r"\d+ kills, \d+ messages, \d+ doubles with the same id", done.stdout)
    return [
        Row("links killed while sending", said[0] if said else "failed", "none lost", done.returncode == 0)
    ]
