"""Measure from recording a deal to the chime's command to the player, with real office, store and announcer.

`python tests/bench/tap.py [TIMES]`; the device is a fake, so the figure excludes the delay of a sound server.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE.parent / "services")]

from test_truth import Living  # noqa: E402


def main(times: int) -> None:
    """Print median, 99th percentile and maximum in ms."""
    living, took = Living(), []
    starts: list[float] = []
    announce = living.device.announce

    def timed(*args: object, **more: object) -> object:
        starts.append(time.perf_counter())
        return announce(*args, **more)  # type: ignore[arg-type]

    living.device.announce = timed  # type: ignore[method-assign]
    try:
        for n in range(times + 3):
            starts.clear()
            began = time.perf_counter()
            living.office.deals.record("陈芳", "年卡", 20000 + n, living.key())
            while not starts:
                time.sleep(0.0002)
            took.append(1e3 * (starts[0] - began))
            while living.device.playing is not None:
                living.device.end()
                time.sleep(0.01)
            time.sleep(0.05)
    finally:
        living.gone()
    took = took[3:]
    print(f"{np.median(took):.1f} median, {np.percentile(took, 99):.1f} p99, {max(took):.1f} worst ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
