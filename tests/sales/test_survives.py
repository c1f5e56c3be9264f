"""A deal that was confirmed to a phone survives any kill."""

from __future__ import annotations

import random
from pathlib import Path

from survival import faults, kill_while_recording

from controller.sales.store import Store


def test_nothing_promised_is_lost_by_a_kill(tmp_path: Path) -> None:
    """After five kills at random moments every promised deal is complete and has one announcement."""
    path, chance, promised = tmp_path / "book.db", random.Random(7), []
    for n in range(5):
        promised += kill_while_recording(path, f"run{n}", chance.random() * 0.3)
    store = Store(path)
    assert faults(store, promised) == []
    with store.read() as session:
        waiting = {a.key for a in session.outbox.unfinished()}
        recorded = {row[0] for row in session.rows.all("SELECT key FROM deals WHERE voided_at IS NULL")}
    store.close()
    assert len(promised) >= 5
    assert waiting == recorded
