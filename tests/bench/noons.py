"""A thousand random noons of tests/days/test_noons.py: nothing is handed over in the nap, nothing is lost."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "services"), str(TESTS / "days")]

from table import Row  # noqa: E402
from test_noons import live_through, read_once  # noqa: E402


def rows() -> list[Row]:
    """COUNT noons, a thousand when it is not set; about five minutes."""
    count, wrong = int(os.environ.get("COUNT", "1000")), 0
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        for seed in range(count):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    live_through(Path(folder), seed)
                except AssertionError as fault:
                    wrong += 1
                    print(f"noon {seed}: {fault}", file=sys.stderr)
    return [Row(f"{count} random noons: handed over in the nap, or lost", str(wrong), "0", wrong == 0)]
