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

SIGNS = ("@given(", "examples(", " if LONG", ".LONG ")


def lengthened() -> list[str]:
    """Return the files whose tests are longer with ZHANGU_SOAK, without a mark: also those with random examples."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [
        str(file.relative_to(ROOT))
        for file in files
        if any(sign in file.read_text("utf-8") for sign in SIGNS)
    ]


def rows() -> list[Row]:
    """Return two lines; failed tests are named on stderr. About half an hour."""
    return [
        _row("long forms of tests that fail", "-m", "long", "tests"),
        _row("lengthened tests that fail", "-m", "not long", *lengthened()),
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
