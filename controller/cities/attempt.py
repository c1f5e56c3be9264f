"""One connection to head office: what MQTT and HTTPS have in common."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from controller.cities.invitation import Access
from controller.cities.side import LOOK_AT_LEAST_EVERY_S, LOOK_EVERY_S, Side


@dataclass(frozen=True, slots=True)
class AttemptContext:
    """The office's side, its invitation, and the events of the thread that connects."""

    side: Side
    access: Access
    awake: threading.Event
    closing: threading.Event
    monotonic: Callable[[], float]


class Attempt(ABC):
    """One connection from its start to its end. `was_up`: whether head office has accepted it."""

    def __init__(self, context: AttemptContext) -> None:
        self._side, self._access = context.side, context.access
        self._awake, self._closing, self._monotonic = context.awake, context.closing, context.monotonic
        self._session = context.side.open_session(context.access)
        self._looked = float("-inf")
        self.was_up = False

    @abstractmethod
    def run(self) -> tuple[str, str]:
        """Connect and serve until the connection ends; return why, as a key and a detail."""

    def _is_unwanted(self) -> bool:
        """Return whether the office closes, or has another invitation now."""
        return self._closing.is_set() or not self._side.still(self._session)

    def _may_look(self) -> bool:
        """Return whether to look for unsent documents: soon after a change, and at times without one."""
        since = self._monotonic() - self._looked
        if since < LOOK_EVERY_S or not (self._awake.is_set() or since > LOOK_AT_LEAST_EVERY_S):
            return False
        self._looked = self._monotonic()
        self._awake.clear()
        return not self._access.observer
