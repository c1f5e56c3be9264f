"""The log: lines in the office's time, without control characters, and limited per kind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, tzinfo

BURST, EVERY_S = 20, 60.0
"""Limit for each kind of line that strangers can cause: this many at once, then one per this many seconds."""
BURST_OF_ALL = 200
"""Limit for all such kinds together, then one per EVERY_S: a stranger's request can create new kinds."""
FROM_OUTSIDE = ("signage", "waitress", "asyncio", "werkzeug")


LONGEST_FROM_OUTSIDE, LONGEST = 400, 4_000
"""Characters of a message; a request's address alone may have 32,000."""


def plain(text: str) -> str:
    """Return `text` with control and bidi characters, which a terminal would obey or a reader miss, escaped."""
    return "".join(
        letter if letter.isprintable() or letter == "\u3000" else _written_out(letter) for letter in text
    )


def _written_out(letter: str) -> str:
    # Like JSON beyond ASCII, so that the output of `--json` stays JSON.
    return (
        f"\\u{ord(letter):04x}" if "\x7f" <= letter <= "\uffff" else letter.encode("unicode_escape").decode()
    )


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… [{len(text)} characters]"


def _is_from_outside(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in FROM_OUTSIDE


class LineFormatter(logging.Formatter):
    """One record, one line, in the office's zone; only a traceback has more."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._zone = zone

    def set_zone(self, zone: tzinfo) -> None:
        """Use the times of `zone` from now on."""
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the office's time, with its offset from UTC."""
        at = datetime.fromtimestamp(record.created).astimezone(self._zone)
        return f"{at:%Y-%m-%d %H:%M:%S},{int(record.msecs):03d}{at:%z}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line, with control characters escaped."""
        most = LONGEST_FROM_OUTSIDE if _is_from_outside(record) else LONGEST
        record.message = plain(_shortened(record.message, most))
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802
        """Return the traceback, each line escaped."""
        return "\n".join(plain(_shortened(line, LONGEST)) for line in super().formatException(ei).split("\n"))  # type: ignore[arg-type]


def set_zone(zone: tzinfo) -> None:
    """Set the office's zone for the log."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.set_zone(zone)


class FloodFilter(logging.Filter):
    """Drops lines of one kind that come in a flood, so that no stranger can rotate the log away."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], tuple[float, float, int]] = {}  # left, when, dropped since
        self._all = float(BURST_OF_ALL), now()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the line; the first after a flood says how many were dropped."""
        if not _is_from_outside(record):
            return True
        kind, now = (record.name, str(record.msg)[:80]), self._now()
        with self._lock:
            left, at, held = self._kinds.get(kind, (float(BURST), now, 0))
            left = min(float(BURST), left + (now - at) / EVERY_S)
            all_left = min(float(BURST_OF_ALL), self._all[0] + (now - self._all[1]) / EVERY_S)
            self._all = all_left, now
            if len(self._kinds) > 1000:
                self._kinds.clear()
            if left < 1 or all_left < 1:
                self._kinds[kind] = (left, now, held + 1)
                return False
            self._kinds[kind], self._all = (left - 1, now, 0), (all_left - 1, now)
        if held:
            record.msg, record.args = f"{record.getMessage()} [and {held} more like it]", ()
        return True
