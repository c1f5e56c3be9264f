"""Ask in a thread whether a file is silent where nothing was heard: one question at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)


class SilenceCheck:
    """`silent_file` (path, second) may take seconds: the player goes on reporting silence meanwhile."""

    def __init__(self, silent_file: Callable[[Path, float], bool]) -> None:
        self._silent_file = silent_file
        self._busy = threading.Lock()

    def ask(self, path: Path, position_s: float, unheard: Callable[[], None]) -> None:
        """Call `unheard` if the file is not silent from that second on. Ignored while a question is open."""
        if self._busy.acquire(blocking=False):
            threading.Thread(
                target=self._ask, args=(path, position_s, unheard), name="silence", daemon=True
            ).start()

    def _ask(self, path: Path, position_s: float, unheard: Callable[[], None]) -> None:
        try:
            if not self._silent_file(path, position_s):
                log.warning("%s should be heard at %.0f s and is not", path.name, position_s)
                unheard()
        finally:
            self._busy.release()
