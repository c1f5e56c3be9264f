"""The walls that should be there, and since when one is missing. A running wall reports every 30 s."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

MISSED: Final = timedelta(seconds=100)
"""Three reports that did not come."""
STAYS: Final = timedelta(minutes=30)
"""A page that was opened only for a look is no wall that should be there."""


class WallPresence:
    """The reports since the start, by name. Not thread-safe; bounded by the number of walls."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._spans: dict[str, tuple[datetime, datetime]] = {}  # first report without a gap, and the last one
        self._staying: set[str] = set()

    def seen(self, name: str, now: datetime) -> None:
        """Note a report of a wall."""
        first, last = self._spans.get(name, (now, now))
        if not timedelta() <= now - last <= MISSED:
            first = now
        if name in self._spans or len(self._spans) < self._most:
            self._spans[name] = first, now
            if now - first >= STAYS:
                self._staying.add(name)

    def stays(self, name: str) -> bool:
        """Return whether a wall has been there for half an hour without a gap since the start."""
        return name in self._staying

    def away_since(self, name: str, stored: datetime, now: datetime) -> datetime | None:
        """Return since when a wall is missing, None while it reports. `stored`: its report of an earlier run."""
        last = self._spans[name][1] if name in self._spans else stored
        return None if timedelta() <= now - last <= MISSED else min(last, now)

    def forget(self, name: str) -> None:
        """Forget a wall that was removed or renamed."""
        self._spans.pop(name, None)
        self._staying.discard(name)
