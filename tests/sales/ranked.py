"""Rankings of rows written by hand, placed by the product's own rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC

from controller.sales.money import to_fen
from controller.sales.rows import to_ms
from controller.sales.standings import Standing, _by_amount, _by_rate, _Draft, _Key, _ranked


def rank(rows: Iterable[Standing]) -> tuple[Standing, ...]:
    """Rows in order with their places, by amount, orders, who reached it first; equals share a place."""
    return _again(rows, _by_amount)


def rank_by_completion(rows: Iterable[Standing]) -> tuple[Standing, ...]:
    """Rows in order with their places, by completion; those without a target after them, by amount."""
    return _again(rows, _by_rate)


def _again(rows: Iterable[Standing], key: Callable[[_Draft], _Key]) -> tuple[Standing, ...]:
    rows = list(rows)
    zone = next((row.reached.tzinfo for row in rows if row.reached and row.reached.tzinfo), UTC)
    return _ranked([_drafted(row) for row in rows], key, zone)


def _drafted(row: Standing) -> _Draft:
    target, last_at = to_fen(row.target) if row.target else 0, to_ms(row.reached) if row.reached else 0
    return _Draft(
        row.id, row.name, row.team, row.team_id, row.photo, row.say_as,
        target, row.count, to_fen(row.amount), last_at,
    )  # fmt: skip
