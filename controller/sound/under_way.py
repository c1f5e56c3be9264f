"""The announcements that the player has and whose end has not been reported yet."""

from __future__ import annotations

import threading


class UnderWay:
    """Each announcement ends once: one that was reported as lost does not end again when the player says so too.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[int] = set()
        self._echoes: set[int] = set()  # the player's own end of these is still to come

    def add(self, id: int) -> None:
        """Note that the player was given this announcement."""
        with self._lock:
            self._open.add(id)

    def lose(self) -> list[int]:
        """End all of them while the player lives on: it will report their end too."""
        with self._lock:
            lost, self._open = sorted(self._open), set()
            self._echoes.update(lost)
            return lost

    def clear(self) -> list[int]:
        """End all of them with their player."""
        with self._lock:
            lost, self._open, self._echoes = sorted(self._open), set(), set()
            return lost

    def ended(self, id: int) -> bool:
        """Note the player's end of an announcement; return whether it is news."""
        with self._lock:
            if id in self._echoes:
                self._echoes.discard(id)
                return False
            self._open.discard(id)
            return True
