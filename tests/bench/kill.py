"""A thousand `kill -9` while orders are recorded: not one promised order may be lost or doubled."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from controller.book.store import Store
from tests.bench.table import Row

_SUMS = (
    "SELECT ifnull(sum(fen), 0), count(*) FROM deals WHERE voided_at IS NULL",
    "SELECT ifnull(sum(fen), 0), ifnull(sum(count), 0) FROM daily",
    "SELECT ifnull(sum(fen), 0), ifnull(sum(count), 0) FROM monthly",
)
RECORDER = Path(__file__).parents[1] / "book" / "recorder.py"


def kill_once(path: Path, prefix: str, after_s: float) -> list[str]:
    """Record for `after_s` from the first promise on, then kill -9; the keys that were promised."""
    with subprocess.Popen(
        [sys.executable, RECORDER, path, prefix], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(after_s)
        child.kill()
        rest = child.stdout.read()
    return (first + rest).rpartition("\n")[0].splitlines()


def faults(store: Store, promised: set[str]) -> int:
    """Promised orders that are missing, orders without their announcement, sums that don't agree, damage."""
    with store.read() as book:
        there = {key for (key,) in book.rows.all("SELECT key FROM deals")}
        announced = {key for (key,) in book.rows.all("SELECT key FROM announcements")}
        sums = {book.rows.one(sql) for sql in _SUMS}
    return len(promised - there) + len(there ^ announced) + len(sums) - 1 + len(store.check())


def run(kills: int, seed: int = 1) -> tuple[int, int]:
    """(promised, faults) after so many kills of one and the same book."""
    chance, promised = random.Random(seed), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.db"
        for n in range(kills):
            promised.update(kill_once(path, f"run{n}", chance.random() * 0.05))
        store = Store(path)
        found = faults(store, promised)
        store.close()
    return len(promised), found


def rows(kills: int = 1000) -> list[Row]:
    """The figure beside its limit."""
    promised, found = run(kills)
    what = f"deals lost or torn over {kills:,} kill -9 ({promised:,} promised)"
    return [Row(what, str(found), "0", found == 0)]


def main() -> int:
    """Print one line; 1 when a promise was broken. `kill 50` kills fifty times instead of a thousand."""
    (row,) = rows(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    print(f"{row.what}: {row.measured}")
    return 0 if row.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
