"""Contests in the store: made once, ended once with a frozen result, or removed; a row is never deleted."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from controller.sales import contests
from controller.sales.contests import Rules
from controller.sales.model import Conflict, Refused
from controller.sales.rows import Row, Rows, day, from_ms, maybe_from_ms, to_json, to_ms

log = logging.getLogger(__name__)

LONGEST_KEY: Final = 80
LONGEST_AUTHOR: Final = 60
_SELECT: Final = "SELECT id, key, value, made, made_by, ended, ended_by, result FROM contests "


@dataclass(frozen=True, slots=True)
class KeptContest:
    """A contest of the store. `ended` None: it is open; `result`: the frozen rows and their sentence."""

    id: int
    key: str
    rules: Rules
    made: datetime
    by: str
    ended: datetime | None = None
    ended_by: str | None = None
    result: Mapping[str, Any] | None = None


class Contests:
    """Contests as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, key: str, rules: Rules, by: str, at: datetime) -> tuple[KeptContest, bool]:
        """Store a contest; return it with True when it is new. Raises Conflict for a key with another content."""
        if not key or len(key) > LONGEST_KEY or not key.isprintable():
            raise Refused(f"key 要有 1 到 {LONGEST_KEY} 个字符。", field="key")
        known = self._list("WHERE key = ?", key)
        if known:
            if known[0].rules != rules:
                raise Conflict("这张表单已经用别的内容发过一次，请重新打开再填。", field="key")
            return known[0], False
        ident = self._rows.add(
            "INSERT INTO contests (key, since, until, value, made, made_by) VALUES (?, ?, ?, ?, ?, ?)",
            key, day(rules.since), day(rules.until), to_json(rules.to_json()), to_ms(at), by[:LONGEST_AUTHOR],
        )  # fmt: skip
        return KeptContest(ident, key, rules, at, by[:LONGEST_AUTHOR]), True

    def open(self) -> tuple[KeptContest, ...]:
        """Return the contests that are not ended, oldest first; those of a later day too."""
        return self._list("WHERE ended IS NULL AND removed IS NULL ORDER BY id")

    def past(self, count: int) -> tuple[KeptContest, ...]:
        """Return the contests that ended last, newest first."""
        return self._list(
            "WHERE ended IS NOT NULL AND removed IS NULL ORDER BY ended DESC, id DESC LIMIT ?", count
        )

    def get(self, ident: int) -> KeptContest | None:
        """Return the contest with that id, unless it is removed."""
        found = self._list("WHERE id = ? AND removed IS NULL", ident)
        return found[0] if found else None

    def end(self, ident: int, result: Mapping[str, object], by: str, at: datetime) -> bool:
        """Store the result; return False when the contest has one."""
        sql = "UPDATE contests SET ended = ?, ended_by = ?, result = ? WHERE id = ? AND ended IS NULL"
        return self._rows.change(sql, to_ms(at), by[:LONGEST_AUTHOR], to_json(dict(result)), ident) == 1

    def remove(self, ident: int, by: str, at: datetime) -> bool:
        """Take a contest off all lists; return False when it is already."""
        sql = "UPDATE contests SET removed = ?, removed_by = ? WHERE id = ? AND removed IS NULL"
        return self._rows.change(sql, to_ms(at), by[:LONGEST_AUTHOR], ident) == 1

    def before(self, since: date, until: date) -> dict[int, int]:
        """Return the fen of each person in a span."""
        return self._sums("person_id", since, until)

    def before_of_teams(self, since: date, until: date) -> dict[int, int]:
        """Return the fen of each team in a span."""
        return self._sums("team_id", since, until)

    def _sums(self, column: str, since: date, until: date) -> dict[int, int]:
        sql = f"SELECT {column}, sum(fen) FROM daily WHERE date BETWEEN ? AND ? GROUP BY {column}"  # noqa: S608
        return {int(ident): int(fen) for ident, fen in self._rows.all(sql, day(since), day(until))}

    def _list(self, where: str, *values: str | int) -> tuple[KeptContest, ...]:
        rows = self._rows.all(_SELECT + where, *values)
        return tuple(kept for row in rows if (kept := self._kept(row)) is not None)

    def _kept(self, row: Row) -> KeptContest | None:
        """Return the row's contest; None for rules that this version does not know."""
        ident, key, value, made, by, ended, ended_by, result = row
        zone = self._rows.zone
        try:
            rules = contests.from_json(json.loads(value))
        except (ValueError, KeyError, TypeError):
            log.warning("contest #%d is unreadable", ident)
            return None
        return KeptContest(
            ident, key, rules, from_ms(made, zone), by, maybe_from_ms(ended, zone), ended_by,
            None if result is None else json.loads(result),
        )  # fmt: skip
