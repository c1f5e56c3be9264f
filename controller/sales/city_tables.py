"""Cities in the store: this branch's epoch, sequence and unsent documents, and the other branches' last documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from controller.sales.rows import Rows, day, from_ms, to_ms

_DAYS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class CityState:
    """Counters of this branch; epoch 0: it never sent anything."""

    epoch: int
    seq: int
    session: int


@dataclass(frozen=True, slots=True)
class UnsentDocument:
    """A document that the broker has not confirmed."""

    date: date
    epoch: int
    seq: int
    body: str


class CityTables:
    """The tables of cities as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def state(self) -> CityState:
        """Return the counters."""
        row = self._rows.one("SELECT epoch, seq, session FROM city_state")
        return CityState(*row) if row else CityState(0, 0, 0)

    def set_epoch(self, epoch: int) -> None:
        """Start an epoch: every document of the last week counts as unsent, and is sent under the new epoch."""
        self._rows.change("UPDATE city_state SET epoch = ?", epoch)
        self._rows.change("UPDATE city_outbox SET epoch = ?, dirty = 1", epoch)

    def next_session(self) -> CityState:
        """Count a connection and return the counters."""
        self._rows.change("UPDATE city_state SET session = session + 1")
        return self.state()

    def next_seq(self) -> CityState:
        """Count a document and return the counters."""
        self._rows.change("UPDATE city_state SET seq = seq + 1")
        return self.state()

    def put(self, unsent: UnsentDocument) -> None:
        """Replace a date's document by one that has to be sent; forget those that are older than a week."""
        self._rows.change(
            "INSERT INTO city_outbox (date, epoch, seq, body, dirty) VALUES (?, ?, ?, ?, 1) ON CONFLICT (date)"
            " DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, body = excluded.body, dirty = 1",
            day(unsent.date), unsent.epoch, unsent.seq, unsent.body,
        )  # fmt: skip
        self._rows.change(
            "DELETE FROM city_outbox WHERE date NOT IN (SELECT date FROM city_outbox ORDER BY date DESC LIMIT ?)",
            _DAYS_KEPT,
        )

    def document(self, date: date) -> UnsentDocument | None:
        """Return a date's latest document, sent or not."""
        row = self._rows.one("SELECT date, epoch, seq, body FROM city_outbox WHERE date = ?", day(date))
        return None if row is None else _unsent(row)

    def unsent(self) -> tuple[UnsentDocument, ...]:
        """Return the documents that the broker has not confirmed, the oldest date first."""
        sql = "SELECT date, epoch, seq, body FROM city_outbox WHERE dirty = 1 ORDER BY date"
        return tuple(map(_unsent, self._rows.all(sql)))

    def sent(self, date: date, epoch: int, seq: int) -> bool:
        """Record the broker's receipt, unless the document has changed since; return whether it counts."""
        sql = "UPDATE city_outbox SET dirty = 0 WHERE date = ? AND epoch = ? AND seq = ? AND dirty = 1"
        return self._rows.change(sql, day(date), epoch, seq) == 1

    def send_again(self) -> None:
        """Mark the latest document as unsent."""
        self._rows.change("UPDATE city_outbox SET dirty = 1 WHERE date = (SELECT max(date) FROM city_outbox)")

    def keep(self, branch: str, date: date, body: str, at: datetime) -> None:
        """Keep another branch's document in place of its last one."""
        self._rows.change(
            "INSERT INTO city_documents (branch, date, body, at) VALUES (?, ?, ?, ?) ON CONFLICT (branch, date)"
            " DO UPDATE SET body = excluded.body, at = excluded.at",
            branch, day(date), body, to_ms(at),
        )  # fmt: skip

    def forget(self, branch: str, date: date) -> None:
        """Delete another branch's document."""
        self._rows.change("DELETE FROM city_documents WHERE branch = ? AND date = ?", branch, day(date))

    def forget_all(self) -> None:
        """Delete everything of the other branches, and all unsent documents: the office left, or joined elsewhere."""
        self._rows.change("DELETE FROM city_documents")
        self._rows.change("DELETE FROM city_outbox")

    def forget_before(self, date: date) -> None:
        """Delete documents of days before a date."""
        self._rows.change("DELETE FROM city_documents WHERE date < ?", day(date))

    def kept(self) -> tuple[tuple[str, date, str, datetime], ...]:
        """Return the other branches' documents: branch, date, text, moment of receipt."""
        rows = self._rows.all("SELECT branch, date, body, at FROM city_documents ORDER BY branch, date")
        return tuple(
            (branch, date.fromisoformat(on), body, from_ms(at, self._rows.zone))
            for branch, on, body, at in rows
        )


def _unsent(row: tuple[str, int, int, str]) -> UnsentDocument:
    on, epoch, seq, body = row
    return UnsentDocument(date.fromisoformat(on), epoch, seq, body)
