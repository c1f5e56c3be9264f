"""A slow processor: a control group that gets a share of one core and never more, also on a busy machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PERIOD_US = 10_000
FIRST, SECOND = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")


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
