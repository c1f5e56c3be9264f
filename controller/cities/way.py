"""The choice between MQTT and HTTPS. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.cities.invitation import Access

AUTO: Final = "auto"
MQTT: Final = "mqtt"
HTTPS: Final = "https"
WAYS: Final = (AUTO, MQTT, HTTPS)
TRIES: Final = 2
"""Attempts in succession on one way before the other one is tried."""


@dataclass(frozen=True, slots=True)
class Trying:
    """The way of the next attempt, and how many have failed on it in succession."""

    way: str = MQTT
    failed: int = 0

    def after(self, *, was_up: bool) -> Trying:
        """Return what to try after an attempt: a way that worked stays, one that fails gives way to the other."""
        if was_up:
            return Trying(self.way)
        if self.failed + 1 < TRIES:
            return Trying(self.way, self.failed + 1)
        return Trying(HTTPS if self.way == MQTT else MQTT)


def way_of(access: Access, trying: Trying) -> str:
    """Return the way of the next attempt; without a gateway at head office only MQTT is one."""
    if not access.https:
        return MQTT
    return trying.way if access.way == AUTO else access.way
