"""Kill a process that records deals and check its store afterwards; used by the test and by `make soak`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from controller.sales.store import Store

RECORDER = Path(__file__).with_name("recorder.py")
_SUMS = (
    "SELECT ifnull(sum(fen), 0), count(*) FROM deals WHERE voided_at IS NULL",
    "SELECT ifnull(sum(fen), 0), ifnull(sum(count), 0) FROM daily",
    "SELECT ifnull(sum(fen), 0), ifnull(sum(count), 0) FROM monthly",
)
_TORN = (
    "SELECT count(*) FROM announcements a JOIN announced_deals x ON x.announcement_id = a.id"
    " JOIN deals d ON d.id = x.deal_id WHERE (a.state = 'heard') <> (d.voided_at IS NOT NULL)"
)


def kill_while_recording(path: Path, prefix: str, after_s: float) -> list[str]:
    """Let it record for `after_s` after the first promise, then `kill -9`; return the promised keys."""
    with subprocess.Popen(
        [sys.executable, RECORDER, path, prefix], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(after_s)
        child.kill()
        rest = child.stdout.read()
    return (first + rest).rpartition("\n")[0].splitlines()


def faults(store: Store, promised: Iterable[str]) -> list[str]:
    """Return missing promised deals, deals without their announcement, contradicting sums and damage."""
    with store.read() as session:
        there = {key for (key,) in session.rows.all("SELECT key FROM deals")}
        announced = {key for (key,) in session.rows.all("SELECT key FROM announcements")}
        sums = {session.rows.one(sql) for sql in _SUMS}
        torn = session.rows.one(_TORN)
    problems = [f"{key} lost" for key in set(promised) - there]
    problems += [f"{key} is incomplete" for key in there ^ announced]
    problems += ["the sums differ"] * (len(sums) != 1) + ["a transaction is torn"] * (torn != (0,))
    return problems + list(store.check())
