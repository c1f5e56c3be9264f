"""The thread that keeps the connection to head office, over MQTT or HTTPS."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from controller.cities.attempt import Attempt, AttemptContext
from controller.cities.connection import MqttAttempt
from controller.cities.side import GOODBYE_S, STEP_S, Side
from controller.cities.way import MQTT, Trying, way_of
from controller.system.background import BackgroundThread

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
IDLE_S: Final = 5.0


class Link(BackgroundThread):
    """The thread `cities`. `wake` it after a change; `close` says goodbye within a second."""

    def __init__(self, side: Side, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__("cities", closing_s=GOODBYE_S + 6 * STEP_S)
        self._side, self._monotonic = side, monotonic
        self._trying = Trying()
        self._failures = 0

    def turn(self) -> float:
        """Keep one connection while it lasts, then pause; while none is wanted, look again later."""
        access = self._side.access()
        if access is None:
            return IDLE_S
        way = way_of(access, self._trying)
        attempt = _kind_of(way)(
            AttemptContext(self._side, access, self._awake, self._closing, self._monotonic)
        )
        began = self._monotonic()
        why, detail = attempt.run()
        log.debug(
            "a connection over %s ended after %.1f s: %s %s", way, self._monotonic() - began, why, detail
        )
        self._trying = self._trying.after(was_up=attempt.was_up)
        self._side.down(why, detail, way)
        self._pause(was_up=attempt.was_up)
        return 0.0

    def faulty(self, fault: Exception) -> float:
        """Show the failure, and pause as after any other."""
        super().faulty(fault)
        with suppress(Exception):
            self._side.down("failed", "", self._trying.way)
        self._pause(was_up=False)
        return 0.0

    def _pause(self, *, was_up: bool) -> None:
        """Wait for the next attempt. A change of the store does not hurry it."""
        self._failures = 0 if was_up else self._failures + 1
        pause = pause_after(self._failures)
        log.debug("%d failures, next attempt in %.1f s", self._failures, pause)
        self.rest(pause)


def _kind_of(way: str) -> type[Attempt]:
    if way == MQTT:
        return MqttAttempt
    from controller.cities.over_https import HttpsAttempt  # an HTTP client, only where an office needs it

    return HttpsAttempt


def pause_after(failures: int) -> float:
    """Return the seconds until the next attempt. A line that is cut for days has thousands of failures."""
    doubled: float = FIRST_WAIT_S * 2.0 ** min(failures, 10)
    return min(LONGEST_WAIT_S, doubled) * random.uniform(0.5, 1)  # noqa: S311
