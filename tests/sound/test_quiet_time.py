"""Quiet time in random scenarios: the real office, player and mixer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forms import LONG

NAP = Path(__file__).resolve().parents[1] / "bench" / "nap.py"


@pytest.mark.signal
@pytest.mark.calm
def test_nothing_sounds_in_the_nap_in_random_scenarios() -> None:
    """Music commands, announcements, mutes, restarts and clock jumps around quiet time: not one sample inside it.

    `make soak` runs a thousand of these.
    """
    number = 10 if LONG else 4
    done = subprocess.run(
        [sys.executable, str(NAP), str(number), "5004"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["scenarios"] == number
    assert found["wrong"] == 0, done.stderr[-2000:]
    assert found["quiet"] > 44100 * number
    assert found["loud"] > 44100 * number
