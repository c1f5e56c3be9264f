"""Files on which the player died: one death proves nothing, three in a row on the same file do. Pure."""

from __future__ import annotations

from pathlib import Path

STRIKES = 3
"""Deaths shortly after a file was opened before it is skipped; by then music is silent for about three seconds."""
CLOSE_S = 10.0
"""A death later than this after opening a file is not blamed on it. Music goes on at the clock's place, so a file that
kills the player in its middle costs one restart."""


class Suspects:
    """Count deaths by the file that was opened last. `guilty`: the files to skip, until the daemon starts again."""

    def __init__(self) -> None:
        self.guilty: frozenset[Path] = frozenset()
        self._opened: tuple[Path, float] | None = None
        self._last: Path | None = None
        self._strikes = 0

    def opened(self, path: Path, now: float) -> None:
        """Note that the player opens this file."""
        self._opened = path, now

    def died(self, now: float) -> tuple[Path, ...]:
        """Note that the player crashed or hung; return the files that are skipped from now on."""
        opened, self._opened = self._opened, None
        if opened is None or now - opened[1] > CLOSE_S:
            self._last, self._strikes = None, 0
            return ()
        path = opened[0]
        self._strikes = self._strikes + 1 if path == self._last else 1
        self._last = path
        if self._strikes < STRIKES:
            return ()
        self.guilty |= {path}
        self._last, self._strikes = None, 0
        return (path,)
