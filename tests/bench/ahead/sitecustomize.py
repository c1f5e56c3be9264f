"""Put on the path of a daemon by benches: its clock is ahead by the seconds written in the file CLOCK_AHEAD.

Only the wall clock moves, by jumps, as when a machine's time is set; between them it runs at its normal speed.
After each jump the state of its heaps is written to CLOCK_AHEAD.heaps: glibc's `mallinfo2` as JSON.
"""

import ctypes
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

if "CLOCK_AHEAD" in os.environ and any(word.endswith("zhangu") for word in sys.orig_argv):
    from controller import clock

    LOOK_S = 0.1
    looked, ahead = 0.0, timedelta()
    FIELDS = (
        "arena",
        "ordblks",
        "smblks",
        "hblks",
        "hblkhd",
        "usmblks",
        "fsmblks",
        "uordblks",
        "fordblks",
        "keepcost",
    )

    class Heaps(ctypes.Structure):
        """glibc's struct mallinfo2, of all heaps together."""

        _fields_ = [(field, ctypes.c_size_t) for field in FIELDS]

    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Heaps

    def write_heaps():
        """Write the state of the heaps."""
        heaps = mallinfo2()
        path = Path(os.environ["CLOCK_AHEAD"] + ".heaps")
        part = path.with_suffix(f".{time.monotonic_ns()}")
        part.write_text(json.dumps({field: getattr(heaps, field) for field in FIELDS}))
        part.replace(path)

    def now(self):
        """Return the time of the machine, ahead."""
        global looked, ahead
        if time.monotonic() - looked > LOOK_S:
            looked, before = time.monotonic(), ahead
            ahead = timedelta(seconds=float(Path(os.environ["CLOCK_AHEAD"]).read_text()))
            if ahead != before:
                write_heaps()
        return clock.local(datetime.now(UTC) + ahead, self.zone)

    clock.Clock.now = now
