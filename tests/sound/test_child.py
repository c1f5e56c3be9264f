"""A slow child is waited for; a hung one is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from controller.sound.child import Child, ChildLost

WORKS = """import json, time
end = time.process_time() + 1.0
while time.process_time() < end:
    pass
print(json.dumps({"done": True}), flush=True)
time.sleep(60)
"""
SLEEPS = "import time\ntime.sleep(60)\n"


def child(folder: Path, code: str) -> Child:
    (folder / "busy_child.py").write_text(code, encoding="utf-8")
    return Child("busy_child", env={"PYTHONPATH": str(folder)})


def test_a_child_that_computes_gets_more_time(tmp_path: Path) -> None:
    """A computing child may answer after three times the limit of a silent child."""
    slow = child(tmp_path, WORKS)
    try:
        assert slow.receive(0.3, working_s=60) == {"done": True}
    finally:
        slow.kill()


def test_a_child_that_sleeps_is_lost_at_the_limit(tmp_path: Path) -> None:
    """A sleeping child is lost at its limit, even if a computing one would get more time."""
    hung = child(tmp_path, SLEEPS)
    time.sleep(1.0)  # after the interpreter's start, which uses the processor
    with pytest.raises(ChildLost, match="hung"):
        hung.receive(0.5, working_s=60)
    assert not hung.alive()


def test_a_child_that_computes_for_ever_is_lost_too(tmp_path: Path) -> None:
    """A child that computes for ever is lost at the second limit."""
    busy = child(tmp_path, "while True:\n    pass\n")
    with pytest.raises(ChildLost, match="hung"):
        busy.receive(0.2, working_s=0.6)


def test_a_child_that_was_stopped_is_lost_at_once(tmp_path: Path) -> None:
    """A stopped child is lost at once, without waiting for the limit."""
    stopped = child(tmp_path, SLEEPS)
    os.kill(stopped.pid, signal.SIGSTOP)
    with pytest.raises(ChildLost, match="stopped"):
        stopped.receive(3600, working_s=7200)
    assert not stopped.alive()


def test_a_child_that_is_slowed_down_by_signals_is_not_lost(tmp_path: Path) -> None:
    """A CPU limiter stops and continues a child many times a second: it still works, and its answer counts."""
    working = child(
        tmp_path,
        "import time\nwhile time.process_time() < 0.6:\n    pass\nprint('{\"done\": 1}', flush=True)\n",
    )
    over = threading.Event()

    def limit() -> None:
        while not over.is_set():
            os.kill(working.pid, signal.SIGSTOP)
            over.wait(0.035)
            os.kill(working.pid, signal.SIGCONT)
            over.wait(0.005)

    limiter = threading.Thread(target=limit)
    limiter.start()
    try:
        assert working.receive(30, working_s=60) == {"done": 1}
    finally:
        over.set()
        limiter.join()
        working.kill()


def test_a_wait_ends_when_another_thread_kills_the_child(tmp_path: Path) -> None:
    """A stop in another thread kills the child: the wait ends as for any child that died."""
    silent = child(tmp_path, SLEEPS)
    killer = threading.Timer(0.5, silent.kill)
    killer.start()
    began = time.monotonic()
    with pytest.raises(ChildLost, match="died"):
        silent.receive(3600, working_s=7200)
    assert time.monotonic() - began < 60
    killer.join()
    with pytest.raises(ChildLost, match="died"):
        silent.receive(1.0)
