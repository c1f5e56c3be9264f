"""Put on the path of a daemon by benches: its clock is ahead by the seconds written in the file CLOCK_AHEAD.

Only the wall clock moves, by jumps, as when a machine's time is set; between them it runs at its normal speed.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

if "CLOCK_AHEAD" in os.environ and any(word.endswith("zhangu") for word in sys.orig_argv):
    from controller import clock

    LOOK_S = 0.1
    looked, ahead = 0.0, timedelta()

    def now(self):
        """Return the time of the machine, ahead."""
        global looked, ahead
        if time.monotonic() - looked > LOOK_S:
            looked = time.monotonic()
            ahead = timedelta(seconds=float(Path(os.environ["CLOCK_AHEAD"]).read_text()))
        return clock.local(datetime.now(UTC) + ahead, self.zone)

    clock.Clock.now = now
