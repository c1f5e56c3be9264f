"""The shelf of finished clips: what opening it may throw away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from controller.sound.tts.cache import Shelf


def test_opening_removes_what_is_left_and_leaves_what_is_being_written(tmp_path: Path) -> None:
    """A command that opens the shelf of a running daemon does not take the half-written clip from under it."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = [tmp_path / f".abc.wav.{gone.pid}.part", tmp_path / ".abc.part", tmp_path / f".abc.{10**30}.part"]
    written = tmp_path / f".abc.wav.{os.getpid()}.part"
    for part in (*left, written):
        part.write_bytes(b"half")
    Shelf(tmp_path, 1000).open()
    assert list(tmp_path.iterdir()) == [written]
