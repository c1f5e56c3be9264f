"""Quiet time in random scenarios: the real office, player and mixer."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

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


def test_the_tape_ends_where_its_mixer_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last samples of a closing mixer belong to it, not to the next player, however late they are read."""
    monkeypatch.syspath_prepend(str(NAP.parent))
    for name in ("SDL_AUDIODRIVER", "SDL_DISKAUDIOFILE", "SDL_DISKAUDIODELAY"):
        monkeypatch.setenv(name, "")
    nap = importlib.import_module("nap")
    tape = nap.Tape(tmp_path)
    writer = os.open(tmp_path / "disk.pcm", os.O_WRONLY)

    class AtOnce:
        """A thread that has ended before anybody looks at it, as on a busy machine."""

        def __init__(self, target: Callable[[], None]) -> None:
            self.start = target

        def is_alive(self) -> bool:
            return False

    def close() -> None:
        os.write(writer, b"\1\0" * 1024)
        os.close(writer)

    monkeypatch.setattr(nap, "threading", SimpleNamespace(Thread=AtOnce))
    assert tape.while_closing(close).size == 1024
