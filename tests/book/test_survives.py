"""What was promised to a phone is there after any kill."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from controller.book.store import Book, Store

RECORDER = Path(__file__).with_name("recorder.py")


def kill_while_recording(path: Path, prefix: str, after_s: float) -> list[str]:
    """Start a recorder, kill -9 it after a while; the keys it had promised."""
    with subprocess.Popen(
        [sys.executable, RECORDER, path, prefix], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(after_s)
        child.kill()
        rest = child.stdout.read()
    whole = (first + rest).rsplit("\n", 1)[0]
    return whole.split("\n")


def faults(book: Book, promised: list[str]) -> list[str]:
    """What is wrong with a book after a kill; empty when every promise holds."""
    found = [
        f"{key} lost" for key in promised if book.deals.by_key(key) is None or book.outbox.by_key(key) is None
    ]
    alone = book.rows.all("SELECT key FROM deals WHERE key NOT IN (SELECT key FROM announcements)")
    found += [f"{row[0]} has no announcement" for row in alone]
    drift = book.rows.one(
        "SELECT (SELECT ifnull(sum(fen), 0) FROM deals WHERE voided_at IS NULL)"
        " - (SELECT ifnull(sum(fen), 0) FROM daily)"
    )
    states = book.rows.one(
        "SELECT count(*) FROM announcements a JOIN announced_deals x ON x.announcement_id = a.id"
        " JOIN deals d ON d.id = x.deal_id WHERE (a.state = 'heard') <> (d.voided_at IS NOT NULL)"
    )
    return found + [
        what for what, is_so in (("rollup", drift == (0,)), ("states", states == (0,))) if not is_so
    ]


def test_nothing_promised_is_lost_by_a_kill(tmp_path: Path) -> None:
    """Killed five times at odd moments while recording: every promised order is there, whole, and told once."""
    path, chance, promised = tmp_path / "book.db", random.Random(7), []
    for n in range(5):
        promised += kill_while_recording(path, f"run{n}", chance.random() * 0.3)
    store = Store(path)
    with store.read() as book:
        assert faults(book, promised) == []
        waiting = {a.key for a in book.outbox.unfinished()}
        recorded = {row[0] for row in book.rows.all("SELECT key FROM deals WHERE voided_at IS NULL")}
    assert store.check() == ()
    store.close()
    assert len(promised) >= 5
    assert waiting == recorded
