"""A deal as a program sends it, and the newest version of each, by sender and the sender's own id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller.sales.rows import Rows, maybe_from_ms, maybe_ms, to_ms

MOST_KEPT: Final = 200_000
"""About ten years of an office's deals; the oldest rows go first, and their deals stay."""


@dataclass(frozen=True, slots=True)
class InboundDeal:
    """A deal as a program sent it. `occurred`: when it was signed; `cancelled`: the sender takes it back.

    `doubts`: why a person must look at it, from a reader that has looked at person and amount already; then
    `replaces` may name the recorded deal that it is to correct.
    """

    external_id: str
    version: int
    person: str
    product: str
    amount: object
    team: str | None = None
    occurred: datetime | None = None
    cancelled: bool = False
    announced: bool | None = None
    doubts: tuple[str, ...] = ()
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A deal that was received. `key`: of the deal or proposal made from it; `cancelled`: the sender took it back.

    `deal_id`: the deal that an earlier version became, while the newest one waits or was declined.
    """

    version: int
    key: str
    occurred: datetime | None = None
    cancelled: bool = False
    deal_id: int | None = None


class Inbound:
    """Received deals as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, source: str, external_id: str) -> Known | None:
        """Return the newest version of a deal, None when it never came."""
        row = self._rows.one(
            "SELECT version, key, occurred, cancelled, deal_id FROM inbound WHERE source = ? AND external_id = ?",
            source, external_id,
        )  # fmt: skip
        if row is None:
            return None
        version, key, occurred, cancelled, deal_id = row
        return Known(version, key, maybe_from_ms(occurred, self._rows.zone), bool(cancelled), deal_id)

    def put(self, source: str, external_id: str, known: Known, at: datetime) -> None:
        """Store a version; it replaces the older one of the same deal."""
        self._rows.change(
            "INSERT INTO inbound (source, external_id, version, key, occurred, cancelled, deal_id, received)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, external_id) DO UPDATE SET"
            " version = excluded.version, key = excluded.key, occurred = excluded.occurred,"
            " cancelled = excluded.cancelled, deal_id = excluded.deal_id, received = excluded.received",
            source, external_id, known.version, known.key, maybe_ms(known.occurred), int(known.cancelled),
            known.deal_id, to_ms(at),
        )  # fmt: skip
        self._rows.change("DELETE FROM inbound WHERE id <= (SELECT max(id) FROM inbound) - ?", MOST_KEPT)
