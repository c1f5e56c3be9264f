"""The signals that end the process are received in any thread."""

from __future__ import annotations

import subprocess
import sys

import pytest

WAITING = """
import os, signal, threading, time
from controller.system.process import ShutdownSignal
over = ShutdownSignal()
if {early}:
    os.kill(os.getpid(), signal.SIGTERM)
else:
    threading.Timer(0.3, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
assert over.wait(0.01) is {early}
began = time.monotonic()
print(over.wait(20), time.monotonic() - began < 10, over.wait(0))
"""


@pytest.mark.parametrize("early", [False, True])
def test_a_signal_that_another_thread_takes_or_that_comes_early(early: bool) -> None:
    """SIGTERM ends the wait when another thread receives it, and when it came before the wait began."""
    done = subprocess.run(
        [sys.executable, "-c", WAITING.format(early=early)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True True True\n", done.stderr
