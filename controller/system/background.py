"""A thread in the background: one turn after the other until it is closed, through all faults."""

from __future__ import annotations

import logging
import threading
from typing import Final

log = logging.getLogger(__name__)

AFTER_FAULT_S: Final = 5.0


class BackgroundThread:
    """Call `turn` in the thread `name` until `close`. Subclasses define `turn`; thread-safe.

    `first_s`: seconds before the first turn; `wake` shortens them. `closing_s`: how long `close` waits for the turn
    under way, None: to its end, 0: not at all.
    """

    def __init__(self, name: str, *, first_s: float = 0.0, closing_s: float | None = 3.0) -> None:
        self._first_s, self._closing_s = first_s, closing_s
        self._awake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Take the next turn now."""
        self._awake.set()

    def stop(self) -> None:
        """Ask the thread to end after the turn under way, and return at once."""
        self._closing.set()
        self._awake.set()

    def close(self) -> None:
        """Ask the thread to end, and wait for it within the limit."""
        self.stop()
        self.join(self._closing_s)

    def join(self, limit_s: float | None) -> None:
        """Wait for the end of the thread, within the limit."""
        if self.is_alive():
            self._thread.join(limit_s)

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def turn(self) -> float:
        """Do the work once; return the seconds until the next turn, unless `wake` comes first."""
        raise NotImplementedError

    def faulty(self, fault: Exception) -> float:
        """Take note of a turn that failed; return the seconds until the next one."""
        log.error("the thread %s failed once; it goes on", self._thread.name, exc_info=fault)
        return AFTER_FAULT_S

    def ended(self) -> None:
        """Clear up, in the thread, after its last turn."""

    def rest(self, seconds: float) -> None:
        """Wait inside a turn; only the end shortens it."""
        self._closing.wait(seconds)

    def _run(self) -> None:
        self._awake.wait(self._first_s)
        while True:
            self._awake.clear()
            if self._closing.is_set():  # looked at after the wish to wake is cleared: `stop` sets it before
                break
            self._awake.wait(self._guarded_turn())
        self.ended()

    def _guarded_turn(self) -> float:
        try:
            return self.turn()
        except Exception as fault:  # a full disk or a programming error must not end the thread
            return self.faulty(fault)
