"""The thread that keeps the connection to head office, over MQTT or HTTPS."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from controller.cities.connection import Attempt
from controller.cities.side import GOODBYE_S, STEP_S, Side
from controller.cities.way import MQTT, Trying, way_of

if TYPE_CHECKING:
    from controller.cities.over_https import HttpsAttempt

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
IDLE_S: Final = 5.0


class Link:
    """The thread `cities`. `wake` it after a change; `close` says goodbye within a second."""

    def __init__(self, side: Side, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._side, self._monotonic = side, monotonic
        self._awake, self._closing = threading.Event(), threading.Event()
        self._trying = Trying()
        self._thread = threading.Thread(target=self._run, name="cities", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for something to send, or for another access."""
        self._awake.set()

    def close(self) -> None:
        """End the connection and the thread."""
        self._closing.set()
        self._awake.set()
        if self._thread.ident is not None:
            self._thread.join(GOODBYE_S + 6 * STEP_S)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                was_up = self._once()
            except Exception:  # a full disk or a programming error must not end the thread
                log.exception("the connection to the cities' broker failed")
                with suppress(Exception):
                    self._side.down("failed", "", self._trying.way)
                was_up = False
            if was_up is not None:
                failures = 0 if was_up else failures + 1
                pause = pause_after(failures)
                log.debug("%d failures, next attempt in %.1f s", failures, pause)
                self._closing.wait(pause)

    def _once(self) -> bool | None:
        """Make one connection; return whether it was up, None when none is wanted."""
        access = self._side.access()
        if access is None:
            self._awake.wait(IDLE_S)
            self._awake.clear()
            return None
        way = way_of(access, self._trying)
        attempt = _kind_of(way)(self._side, access, self._awake, self._closing, self._monotonic)
        began = self._monotonic()
        why, detail = attempt.run()
        log.debug(
            "a connection over %s ended after %.1f s: %s %s", way, self._monotonic() - began, why, detail
        )
        self._trying = self._trying.after(was_up=attempt.was_up)
        self._side.down(why, detail, way)
        return attempt.was_up


def _kind_of(way: str) -> type[Attempt] | type[HttpsAttempt]:
    if way == MQTT:
        return Attempt
    from controller.cities.over_https import HttpsAttempt  # an HTTP client, only where an office needs it

    return HttpsAttempt


def pause_after(failures: int) -> float:
    """Return the seconds until the next attempt. A line that is cut for days has thousands of failures."""
    doubled: float = FIRST_WAIT_S * 2.0 ** min(failures, 10)
    return min(LONGEST_WAIT_S, doubled) * random.uniform(0.5, 1)  # noqa: S311
