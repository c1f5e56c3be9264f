"""SIGTERM and SIGINT, waited for without a race."""

from __future__ import annotations

import os
import select
import signal


class Farewell:
    """Made once, in the main thread; from then on the two signals end the process only through `wait`.

    An Event set by a handler is not enough: Python runs handlers in the main thread between two instructions, and
    a signal that comes just before that thread begins to wait is heard of never (seen in 1 of 40 stops right after
    a start). What the wake-up descriptor gets stays there until it is read.
    """

    def __init__(self) -> None:
        self._told, tell = os.pipe()
        os.set_blocking(tell, False)
        signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self, timeout: float | None = None) -> bool:
        """Until one of the signals has come, or `timeout` seconds; whether one has."""
        return bool(select.select([self._told], [], [], timeout)[0])
