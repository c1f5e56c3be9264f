"""The log of changes: who did something, when, and from which address. Append-only; a manager reads it on the phone."""

from __future__ import annotations

import contextlib
import logging
from datetime import UTC, date, datetime
from typing import Final

from controller.sales.access import Change
from controller.sales.model import StoreTrouble
from controller.sales.store import Store
from controller.system.log_file import plain

log = logging.getLogger(__name__)

LONGEST_DEED: Final = 200
LONGEST_NAME: Final = 60
NEWEST: Final = 10**18
AT_MACHINE: Final = "主机"
"""The address of a command on the machine."""


class ChangeLog:
    """Thread-safe. A line that cannot be written is reported in the program's log and stops nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._trimmed: date | None = None

    def add(self, role: str, who: str, deed: str, address: str = AT_MACHINE) -> None:
        """Add a line. Not synced: a change must not wait for the disk twice; the next deal carries it to the disk."""
        try:
            with self._store.write(quiet=True, synced=False) as session:
                session.access.add_change(
                    datetime.now(UTC),
                    role,
                    _short(who, LONGEST_NAME),
                    _short(deed, LONGEST_DEED),
                    address[:60],
                )
        except StoreTrouble as trouble:
            log.error("not written into the log of changes: %s", trouble.sentence)

    def lines(self, before: int = NEWEST, most: int = 50) -> tuple[Change, ...]:
        """Return up to `most` lines with an id below `before`, newest first."""
        with self._store.read() as session:
            return session.access.changes(before, most)

    def name_of(self, kind: str, ident: int) -> str:
        """Return the name of a person or team ("people", "teams"), "" for an unknown id."""
        with self._store.read() as session:
            return session.access.name_of(kind, ident) or ""

    def trim(self, now: datetime) -> None:
        """Delete the oldest lines once a day; call it with a trusted clock only. A refused write waits a day."""
        if self._trimmed == now.date():
            return
        self._trimmed = now.date()
        with contextlib.suppress(StoreTrouble), self._store.write(quiet=True) as session:
            session.access.trim_changes(now)


def _short(text: str, limit: int) -> str:
    """Return the text on one line, without control characters, at most `limit` characters long."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
