"""Quiet time in random scenarios: the real office, player and mixer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NAP = Path(__file__).resolve().parents[1] / "bench" / "nap.py"


@pytest.mark.signal
@pytest.mark.calm
def test_nothing_sounds_in_the_nap_in_random_scenarios() -> None:
    """Music commands, announcements, mutes, restarts and clock jumps around quiet time: not one sample inside it.

    `make soak` runs a thousand of these.
    """
    done = subprocess.run(
        [sys.executable, str(NAP), "10", "5004"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["scenarios"] == 10
    assert found["wrong"] == 0, done.stderr[-2000:]
    assert found["quiet"] > 44100 * 10
    assert found["loud"] > 44100 * 10
