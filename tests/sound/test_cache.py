"""The cache of finished clips: which files opening it may delete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from controller.sound.tts.cache import Shelf


def test_opening_deletes_remains_and_keeps_files_being_written(tmp_path: Path) -> None:
    """A command that opens the cache of a running daemon does not delete the clip that is being written."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = [tmp_path / f".abc.wav.{gone.pid}.part", tmp_path / ".abc.part", tmp_path / f".abc.{10**30}.part"]
    written = tmp_path / f".abc.wav.{os.getpid()}.part"
    for part in (*left, written):
        part.write_bytes(b"half")
    Shelf(tmp_path, 1000).open()
    assert list(tmp_path.iterdir()) == [written]
