"""Shares of the processor, by control groups: of a slow core, or of a quiet machine although it is busy."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PERIOD_US = 10_000
FIRST, SECOND = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")


@contextlib.contextmanager
def first_in_line() -> Iterator[bool]:
    """Run this process and its children before all other work of the machine; yield False without the right to it.

    Among themselves they share as usual. Times are then those of a quiet machine, except that others use its caches.
    """
    old, own = FIRST.exists(), os.getpid()
    root = FIRST if old else SECOND
    group = root / f"zhangu-bench-{own}"
    try:
        group.mkdir()
        (group / ("cpu.shares" if old else "cpu.weight")).write_text("262144" if old else "10000")
        (group / "cgroup.procs").write_text(f"{own}")
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            (root / "cgroup.procs").write_text(f"{own}")
            group.rmdir()


@contextlib.contextmanager
def slow_core(share: float) -> Iterator[tuple[str, ...]]:
    """Yield the beginning of a command that runs the rest on `share` of a core. Raises OSError without the right."""
    old = FIRST.exists()
    group = (FIRST if old else SECOND) / f"zhangu-bench-{os.getpid()}"
    group.mkdir()
    try:
        quota = round(share * PERIOD_US)
        if old:
            (group / "cpu.cfs_period_us").write_text(f"{PERIOD_US}")
            (group / "cpu.cfs_quota_us").write_text(f"{quota}")
            (group / "cpu.shares").write_text("100000")
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
            (group / "cpu.weight").write_text("10000")
        # The bench itself may run with real-time priority, which such a group does not take in.
        yield ("sh", "-c", f'chrt -o -p 0 $$ && echo $$ > {group}/cgroup.procs && exec "$@"', "slow-core")
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()
