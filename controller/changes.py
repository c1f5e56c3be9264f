"""One signal for every change: the store gives it after a commit, walls, timekeeper and announcer listen to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Changes:
    """Thread-safe. Listeners are called in the thread that made the change, in the order in which they came.

    A listener only wakes its own thread or counts a revision: it must not write to the store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[], object], ...] = ()
        self.number = 0
        """How many changes there were; a cache that was made at the same number is still right."""

    def listen(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each change from now on; the same one is kept once."""
        with self._lock:
            if listener not in self._listeners:
                self._listeners = (*self._listeners, listener)

    def notify(self) -> None:
        """Something has changed. A listener that fails is logged and harms no other."""
        with self._lock:
            self.number += 1
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                log.exception("a listener failed; the others are called")
