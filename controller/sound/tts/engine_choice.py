"""Choose the engine: the wanted one, or espeak while a neural voice has failed; and keep this machine's pace."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from pathlib import Path

from controller.sound.tts.speakers import model_folders
from controller.system.files import read_json

log = logging.getLogger(__name__)

RETRY_S = 1800.0
"""A natural voice that failed twice is tried again after this, in idle time; then after twice as long."""
FIRST_PACE = 0.5
"""Seconds of rendering per second of speech, assumed until the machine has been measured."""


class EngineChoice:
    """The engine for the next child: as wanted, or espeak while a neural voice has failed. Not thread-safe.

    `voices`: folder of neural voices. `unfit`: (engine, why) of the voice that failed, for `doctor`.
    """

    def __init__(self, wanted: str, voices: Path, retry_s: float = RETRY_S) -> None:
        self.wanted = self.engine = wanted
        self.unfit: tuple[tuple[str, str], ...] = ()
        self._voices = voices
        self._first_retry_s = self._retry_s = retry_s
        self._retry_at: float | None = None

    def want(self, engine: str) -> bool:
        """Note the wanted engine for the next `choose`; return whether it differs from the one before."""
        changed = engine != self.wanted
        self.wanted = engine
        return changed

    def forgive(self) -> None:
        """Forget earlier failures: voices were installed, removed or repaired."""
        self._retry_at, self._retry_s = None, self._first_retry_s

    def choose(self) -> None:
        """Use the wanted engine again."""
        self.engine, self.unfit = self.wanted, ()

    def demote(self, why: str) -> bool:
        """Replace a failed neural voice by espeak for a while; return False when it was espeak already."""
        if self.engine == "espeak" or not model_folders(self._voices):
            return False
        log.warning("neural voice given up for %.0f min: %s", self._retry_s / 60, why)
        self._retry_at = time.monotonic() + self._retry_s
        self._retry_s *= 2
        self.engine, self.unfit = "espeak", (("neural", why),)
        return True

    def until_retry_s(self) -> float | None:
        """Seconds until a failed voice is to be tried again; None when there is none."""
        return None if self._retry_at is None else max(0.0, self._retry_at - time.monotonic())

    def retry(self) -> None:
        """Note that the failed voice is being tried again."""
        self._retry_at = None

    def succeeded(self) -> None:
        """Note a rendering: the next failure of a working voice is the first again."""
        if not self.unfit:
            self._retry_s = self._first_retry_s


class KeptPace:
    """Seconds of rendering per second of speech, kept in a file across restarts."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> float:
        """Return the kept pace, or FIRST_PACE."""
        try:
            pace = float(read_json(self._file))
        except (OSError, ValueError, TypeError):
            return FIRST_PACE
        return pace if 0.01 < pace < 100 else FIRST_PACE

    def write(self, pace: float) -> None:
        """Keep `pace`; without room on the disk it is measured again after a restart."""
        with contextlib.suppress(OSError):
            self._file.write_text(json.dumps(pace))
