"""The exceptions of dates in the store: who made which and when, and who has undone it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from controller.sales.model import Conflict, Refused
from controller.sales.rows import Row, Rows, day, from_ms, maybe_from_ms, to_json, to_ms
from controller.timetable.exceptions import DayException, from_json

log = logging.getLogger(__name__)

LONGEST_KEY: Final = 80
LONGEST_AUTHOR: Final = 60
_COLUMNS: Final = "SELECT id, key, date, value, made, made_by, undone, undone_by FROM exceptions "


@dataclass(frozen=True, slots=True)
class KeptException:
    """An exception with its date. `undone`, `undone_by`: None while it is in force."""

    date: date
    key: str
    exception: DayException
    undone: datetime | None = None
    undone_by: str | None = None


class DayExceptions:
    """The table of exceptions within one transaction or snapshot."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, key: str, on: date, exception: DayException, by: str, at: datetime) -> KeptException:
        """Store an exception. Raises Refused for an unusable key; the caller has looked for a known one."""
        if not key or len(key) > LONGEST_KEY or not key.isprintable():
            raise Refused(f"key 要有 1 到 {LONGEST_KEY} 个字符。", field="key")
        ident = self._rows.add(
            "INSERT INTO exceptions (key, date, value, made, made_by) VALUES (?, ?, ?, ?, ?)",
            key, day(on), to_json(exception.to_json()), to_ms(at), by[:LONGEST_AUTHOR],
        )  # fmt: skip
        return KeptException(on, key, replace(exception, id=ident, by=by[:LONGEST_AUTHOR], made=at))

    def known(self, key: str, on: date, exception: DayException) -> KeptException | None:
        """Return the exception with that key, None for a new key. Raises Conflict when it has another content."""
        rows = self._list("WHERE key = ?", key)
        if not rows:
            return None
        if rows[0].date != on or not rows[0].exception.same(exception):
            raise Conflict("这张表单已经用别的内容发过一次，请重新打开再填。", field="key")
        return rows[0]

    def undo(self, ident: int, by: str, at: datetime) -> bool:
        """Mark an exception as undone; return False when it is already."""
        sql = "UPDATE exceptions SET undone = ?, undone_by = ? WHERE id = ? AND undone IS NULL"
        return self._rows.change(sql, to_ms(at), by[:LONGEST_AUTHOR], ident) == 1

    def get(self, ident: int) -> KeptException | None:
        """Return the exception with that id."""
        rows = self._list("WHERE id = ?", ident)
        return rows[0] if rows else None

    def of_day(self, on: date) -> tuple[KeptException, ...]:
        """Return all exceptions of a date, oldest first, including those undone."""
        return self._list("WHERE date = ? ORDER BY id", day(on))

    def in_force(self, since: date, until: date = date.max) -> dict[date, tuple[DayException, ...]]:
        """Return the exceptions in force by date, for the dates `since`..`until`, each date's oldest first."""
        found: dict[date, tuple[DayException, ...]] = {}
        for kept in self._list(
            "WHERE date BETWEEN ? AND ? AND undone IS NULL ORDER BY date, id", day(since), day(until)
        ):
            found[kept.date] = (*found.get(kept.date, ()), kept.exception)
        return found

    def _list(self, where: str, *values: str | int) -> tuple[KeptException, ...]:
        rows = self._rows.all(_COLUMNS + where, *values)
        return tuple(kept for row in rows if (kept := self._kept(row)) is not None)

    def _kept(self, row: Row) -> KeptException | None:
        """Return the row's exception; None for one that this version does not know, which must not stop the day."""
        ident, key, on, value, made, by, undone, undone_by = row
        zone = self._rows.zone
        try:
            exception = replace(from_json(json.loads(value)), id=ident, by=by, made=from_ms(made, zone))
        except (ValueError, AttributeError):
            log.warning("exception #%d of %s is unreadable", ident, on)
            return None
        return KeptException(date.fromisoformat(on), key, exception, maybe_from_ms(undone, zone), undone_by)
