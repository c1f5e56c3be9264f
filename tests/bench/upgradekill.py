"""Kill an upgrade and a way back at each of their effects on the machine; check after each that the box works."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from table import Row

from controller.upgrade.journal import ROLLBACK, SUCCEEDED, UPGRADE
from tests.upgrade.box import Box
from tests.upgrade.test_upgrade import kill_at


def killed(folder: Path, step: int, **package: str) -> tuple[int, int]:
    """Kill at each `step`th effect; return the kills, and how many of them the new version survived."""
    box, kills, forward = Box(folder), 0, 0
    box.within_s = 3.0 if package else 60.0
    try:
        file = box.package("2.0", **package)
        while True:
            if box.place.release("current") != "1.0":
                assert box.done(ROLLBACK).outcome == SUCCEEDED
            (box.place.program / "previous").unlink(missing_ok=True)
            box.machine().prune()
            if not kill_at(box, file, 1 + kills * step):
                return kills, forward
            kills += 1
            forward += box.place.release("current") == "2.0"
    finally:
        box.close()


def killed_rollback(folder: Path, step: int) -> tuple[int, int]:
    """Kill `zhangu rollback` at each `step`th effect; return the kills, and how many of them arrived at the target."""
    box, kills, arrived = Box(folder), 0, 0
    try:
        assert box.done(UPGRADE, box.package("2.0")).outcome == SUCCEEDED
        while True:
            if box.place.release("current") != "2.0":
                assert box.done(ROLLBACK).outcome == SUCCEEDED
            if not kill_at(box, None, 1 + kills * step):
                return kills, arrived
            kills += 1
            arrived += box.place.release("current") == "1.0"
    finally:
        box.close()


def rows() -> Iterator[Row]:
    """Return the table's rows; a box that does not work raises."""
    runs: tuple[tuple[str, Callable[[Path], tuple[int, int]]], ...] = (
        ("an upgrade", lambda folder: killed(folder, 1)),
        ("one that goes back by itself", lambda folder: killed(folder, 1, behaviour="ends")),
        ("zhangu rollback", lambda folder: killed_rollback(folder, 1)),
    )
    for name, run in runs:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            kills, forward = run(Path(folder) / "box")
        took = f"{forward} ended on the version asked for, {time.monotonic() - began:.0f} s"
        yield Row(
            f"{name}, killed or cut at each effect: boxes that do not work",
            f"0 of {kills}; {took}",
            "0",
            True,
        )
