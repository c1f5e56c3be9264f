"""What the book's chapters (deals, roster, outbox, desk) need of a database: rows in, rows out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Protocol

Value = str | int | None
Row = tuple[Any, ...]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rows(Protocol):
    """One open snapshot or transaction. `zone` is the zone in which moments are handed out."""

    zone: tzinfo

    def all(self, sql: str, *values: Value) -> list[Row]:
        """Every row of the answer."""

    def one(self, sql: str, *values: Value) -> Row | None:
        """The first row, or None."""

    def add(self, sql: str, *values: Value) -> int:
        """Insert; the id of the new row."""

    def change(self, sql: str, *values: Value) -> int:
        """Update, delete or insert; how many rows it touched."""


def to_ms(moment: datetime) -> int:
    """An aware moment as whole milliseconds since 1970 UTC (floor). ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int, zone: tzinfo) -> datetime:
    """Milliseconds since 1970 UTC as a moment in `zone`, exactly."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)


def maybe_ms(moment: datetime | None) -> int | None:
    """`to_ms`, letting None through."""
    return None if moment is None else to_ms(moment)


def maybe_from_ms(ms: int | None, zone: tzinfo) -> datetime | None:
    """`from_ms`, letting None through."""
    return None if ms is None else from_ms(ms, zone)


def day(value: date) -> str:
    """A date as the book writes it: ISO, so that dates sort and compare as text."""
    return value.isoformat()


def to_json(value: object) -> str:
    """Compact JSON, readable in Chinese."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
