"""Kill dpkg while it upgrades the package, at effects spread over all of it, and check the box after each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from table import Row

from tests.upgrade.apt_box import AptBox

KILLS = 40


def rows() -> Iterator[Row]:
    """Return the table's row; a box that does not work raises."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        box = AptBox(Path(folder))
        try:
            effects = box.killed_at(box.package("1.1"), 0)
            kills, forward = killed(box, effects)
        finally:
            box.close()
    took = f"{forward} ran the new version at once, {time.monotonic() - began:.0f} s"
    yield Row(
        f"apt install killed at {KILLS} of its {effects} effects: boxes that do not work at the next start, or after "
        "dpkg --configure -a and the same command again",
        f"0 of {kills}; {took}",
        "0",
        True,
    )


def killed(box: AptBox, effects: int) -> tuple[int, int]:
    """Kill and repair; return the kills, and how many starts before the repair ran the new version."""
    kills = forward = 0
    for number in range(KILLS):
        version, before = f"2.{number}", box.boot()
        package, at = box.package(version), 1 + (number * effects + effects // 2) // KILLS
        kills += box.killed_at(package, at) >= at
        runs = box.boot()
        assert runs in (before, version), runs
        forward += runs == version
        assert box.repair(package) == version
        assert box.boot() == version
    return kills, forward
