"""The connected screens: their last reports, requests to them, and the names that walls may have."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from controller.sales.model import Refused
from signage.sse import NAME_LIMIT, Streams

MAX_SCREENS = 300
IDENTIFY_FOR = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Painted:
    """A screen's report about its last frame.

    `delay_ms`: from hint to display, None without a hint. `no_chinese`: it has no font with Chinese characters.
    """

    wall: str
    address: str
    at: datetime
    scene: str
    revision: int
    delay_ms: int | None
    width: int
    height: int
    agent: str
    no_chinese: bool = False


class WallStatus:
    """Reports from screens and pending requests to them; in memory, because a running screen reports every 30 s."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._painted: dict[tuple[str, str], Painted] = {}
        self._identify: dict[str, datetime] = {}
        self._reload: dict[str, int] = {}

    def report(self, painted: Painted) -> None:
        with self._lock:
            self._painted.pop((painted.wall, painted.address), None)
            while len(self._painted) >= MAX_SCREENS:  # drop one of the address with the most reports
                (greedy, _), *_ = Counter(address for _, address in self._painted).most_common(1)
                del self._painted[next(key for key in self._painted if key[1] == greedy)]
            self._painted[(painted.wall, painted.address)] = painted

    def all(self) -> tuple[Painted, ...]:
        """Return the last report of every screen, sorted by wall name."""
        with self._lock:
            return tuple(sorted(self._painted.values(), key=lambda report: (report.wall, report.address)))

    def identify(self, name: str) -> None:
        self._identify[name] = self._now() + IDENTIFY_FOR

    def reload(self, name: str) -> None:
        self._reload[name] = round(self._now().timestamp() * 1000)

    def forget(self, name: str) -> None:
        with self._lock:
            for key in [key for key in self._painted if key[0] == name]:
                del self._painted[key]

    def painted_by(self, name: str) -> bool:
        with self._lock:
            return any(wall == name for wall, _ in self._painted)

    def wishes(self, name: str) -> dict[str, Any]:
        """Return pending requests to a wall: `identify` (text to show large), `reload` (reload when it changes)."""
        until = self._identify.get(name)
        showing = until is not None and self._now() < until
        return {"identify": name if showing else None, "reload": self._reload.get(name)}


def streams() -> Streams:
    current: Streams = current_app.extensions["streams"]
    return current


def screens() -> WallStatus:
    current: WallStatus = current_app.extensions["screens"]
    return current


def wall_name(value: str) -> str:
    """Return a wall's name from an address. Raises Refused if empty, too long, or with unprintable characters."""
    name = value.strip()
    if not name or len(name) > NAME_LIMIT or not name.isprintable() or "/" in name:
        raise Refused(f"大屏的名字要有 1 到 {NAME_LIMIT} 个字，不能有“/”。", "name")
    return name
