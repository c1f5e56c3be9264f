"""Call an address of an uptime service every five minutes while the box works: silence there means that it is gone.

A separate thread. Nothing is called while the database cannot be written: then no message can be stored either.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from controller.links.web import Failed, check_status, post
from controller.system.background import BackgroundThread

log = logging.getLogger(__name__)

EVERY_S: Final = 300.0
AFTER_FAILURE_S: Final = 60.0
TOTAL_S: Final = 15.0
LOOK_S: Final = 5.0
"""An address that was written into the timetable is called within this time."""


class UptimeCalls(BackgroundThread):
    """The thread `uptime`. A call under way at the end is left to itself.

    `address`: the setting of the moment, "" for none; `well`: may the box be reported as working?
    """

    def __init__(
        self, address: Callable[[], str], well: Callable[[], bool], now: Callable[[], datetime], *,
        monotonic: Callable[[], float], every_s: float = EVERY_S, after_failure_s: float = AFTER_FAILURE_S,
    ) -> None:  # fmt: skip
        self._look_s = min(LOOK_S, after_failure_s)
        super().__init__("uptime", first_s=self._look_s, closing_s=0)
        self._address, self._well, self._now, self._monotonic = address, well, now, monotonic
        self._every_s, self._after_failure_s = every_s, after_failure_s
        self._failed_since: datetime | None = None
        self._called = ""
        self._next = 0.0

    def failed_since(self) -> datetime | None:
        """Return since when the address has not been reached; None when it was reached, or none is set."""
        return self._failed_since

    def turn(self) -> float:
        """Call the address if it is time."""
        address = self._address()
        if address != self._called:
            self._called, self._next, self._failed_since = address, 0.0, None
        if address and self._monotonic() >= self._next and self._well():
            self._call(address)
        return self._look_s

    def _call(self, address: str) -> None:
        try:
            check_status(post(address, b"", {}, method="GET", total_s=TOTAL_S).status, _host(address))
        except Failed as failed:
            self._failed_since = self._failed_since or self._now()
            self._next = self._monotonic() + self._after_failure_s
            log.info("uptime call: %s", failed.outcome.why)
            return
        self._failed_since = None
        self._next = self._monotonic() + self._every_s * random.uniform(0.95, 1.0)  # noqa: S311  only a spread


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
