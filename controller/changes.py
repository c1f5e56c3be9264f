"""One signal for every change: the store sends it after a commit; walls, timekeeper and announcer listen to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Changes:
    """Thread-safe. Listeners are called in the thread that made the change, in the order of registration.

    A listener may only wake its own thread or count a revision; it must not write to the store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[], object], ...] = ()
        self.number = 0
        """Number of changes so far; a cache built at the same number is still valid."""

    def listen(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each change from now on; registering it twice has no effect."""
        with self._lock:
            if listener not in self._listeners:
                self._listeners = (*self._listeners, listener)

    def notify(self) -> None:
        """Signal a change. A listener that fails is logged; the others are still called."""
        with self._lock:
            self.number += 1
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                log.exception("a listener failed; the others are called")
