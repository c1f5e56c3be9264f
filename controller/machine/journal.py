"""The log: lines in the office's time, without control characters, and no more of one kind than a person can read."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, tzinfo

BURST, EVERY_S = 20, 60.0
"""Of one kind of line that strangers can cause: so many at once, then one in so many seconds."""
FROM_OUTSIDE = ("signage", "waitress", "asyncio", "werkzeug")


def plain(text: str) -> str:
    """`text` with whatever a terminal would obey, or a reader not see, written out: controls, bidi marks."""
    return "".join(
        letter if letter.isprintable() or letter == "\u3000" else letter.encode("unicode_escape").decode()
        for letter in text
    )


class Lines(logging.Formatter):
    """One record, one line, in the office's zone; only a traceback has more."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._zone = zone

    def move(self, zone: tzinfo) -> None:
        """Write the times of `zone` from now on."""
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """The office's time, with its distance from UTC."""
        at = datetime.fromtimestamp(record.created).astimezone(self._zone)
        return f"{at:%Y-%m-%d %H:%M:%S},{int(record.msecs):03d}{at:%z}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line, with what people typed made harmless."""
        record.message = plain(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802
        """The traceback, line by line."""
        return "\n".join(plain(line) for line in super().formatException(ei).split("\n"))  # type: ignore[arg-type]


def settle(zone: tzinfo) -> None:
    """The office's zone is known: the log is written in its time."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Lines):
            handler.formatter.move(zone)


class Sparing(logging.Filter):
    """Holds back lines of one kind that come in a flood, so that no stranger can rotate the log away."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], tuple[float, float, int]] = {}  # left, when, held back since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; the first after a flood says how many were not."""
        if record.name.split(".")[0] not in FROM_OUTSIDE:
            return True
        kind, now = (record.name, str(record.msg)[:80]), self._now()
        with self._lock:
            left, at, held = self._kinds.get(kind, (float(BURST), now, 0))
            left = min(float(BURST), left + (now - at) / EVERY_S)
            if left < 1:
                self._kinds[kind] = (left, now, held + 1)
                return False
            if len(self._kinds) > 1000:
                self._kinds.clear()
            self._kinds[kind] = (left - 1, now, 0)
        if held:
            record.msg, record.args = f"{record.getMessage()} [and {held} more like it]", ()
        return True
