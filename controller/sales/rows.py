"""One transaction's rows, used by deals, roster, outbox and settings, and conversions of stored values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final, Protocol

from controller.moments import local

Value = str | int | None
Row = tuple[Any, ...]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER_MS: Final = 900_000


class Cursor(Protocol):
    """The interface of SQLite's cursors."""

    @property
    def lastrowid(self) -> int | None: ...
    @property
    def rowcount(self) -> int: ...
    def fetchall(self) -> list[Row]: ...
    def fetchone(self) -> Row | None: ...


class Connection(Protocol):
    """The interface of SQLite's connections, which only `store` imports."""

    def execute(self, sql: str, parameters: tuple[Value, ...], /) -> Cursor: ...


class Rows:
    """One connection's open snapshot or transaction. `zone` is the time zone of returned moments."""

    def __init__(self, connection: Connection, zone: tzinfo) -> None:
        self._connection = connection
        self.zone = zone

    def all(self, sql: str, *values: Value) -> list[Row]:
        """Return all rows."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Value) -> Row | None:
        """Return the first row, or None."""
        return self._connection.execute(sql, values).fetchone()

    def add(self, sql: str, *values: Value) -> int:
        """Insert a row and return its id."""
        ident = self._connection.execute(sql, values).lastrowid
        assert ident is not None  # noqa: S101  an INSERT always has one
        return ident

    def add_once(self, sql: str, *values: Value) -> int | None:
        """Insert a row unless its key is there (`ON CONFLICT DO NOTHING`); return its id, None if it was there."""
        cursor = self._connection.execute(sql, values)
        return cursor.lastrowid if cursor.rowcount == 1 else None

    def change(self, sql: str, *values: Value) -> int:
        """Update, delete or insert; return the number of affected rows."""
        return self._connection.execute(sql, values).rowcount


def to_ms(moment: datetime) -> int:
    """Convert an aware moment to whole milliseconds since 1970 UTC (floor). Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int, zone: tzinfo) -> datetime:
    """Convert milliseconds since 1970 UTC exactly to a moment with the offset of `zone`."""
    return _epoch(ms // QUARTER_MS, zone) + timedelta(milliseconds=ms)


@lru_cache(maxsize=4096)
def _epoch(quarter: int, zone: tzinfo) -> datetime:
    """Return 1970 with the offset of `zone` in a quarter of an hour; since 2012 no zone changes within one."""
    shown = local(_EPOCH + timedelta(milliseconds=quarter * QUARTER_MS), zone)
    return local(_EPOCH, shown.tzinfo or zone)


def maybe_ms(moment: datetime | None) -> int | None:
    """Call `to_ms`; return None for None."""
    return None if moment is None else to_ms(moment)


def maybe_from_ms(ms: int | None, zone: tzinfo) -> datetime | None:
    """Call `from_ms`; return None for None."""
    return None if ms is None else from_ms(ms, zone)


def day(value: date) -> str:
    """Format a date for the store: ISO, so that dates sort and compare as text."""
    return value.isoformat()


def to_json(value: object) -> str:
    """Serialise to compact JSON with readable Chinese."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
