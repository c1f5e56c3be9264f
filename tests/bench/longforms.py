"""The long forms of tests, of which `make test` takes short ones: all sizes of pages, all damages, whole corpora.

They are marked `long` where the short form is; `ZHANGU_SOAK` also lengthens random tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE)]

from table import Row  # noqa: E402

LENGTHENED = (
    "tests/signage/test_openapi.py", "tests/sound/test_mandarin.py", "tests/sound/test_syllables.py",
    "tests/sales/test_lists.py", "tests/timetable/test_edit.py",
)  # fmt: skip
"""Files whose tests are longer with ZHANGU_SOAK, without a mark."""


def rows() -> list[Row]:
    """Return two lines; failed tests are named on stderr. About a quarter of an hour."""
    return [
        _row("long forms of tests that fail", "-m", "long", "tests"),
        _row("lengthened tests that fail", *LENGTHENED),
    ]


def _row(what: str, *words: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"ZHANGU_SOAK": "1"}, stdout=sys.stderr, check=False
        )
        suite = ElementTree.parse(report).getroot()[0].attrib
    wrong, all_tests = int(suite["failures"]) + int(suite["errors"]), int(suite["tests"])
    return Row(f"{all_tests} {what}", str(wrong), "0", done.returncode == 0 and all_tests > 0)


if __name__ == "__main__":
    for row in rows():
        print(row)
