"""Play one sound through one output, and end: `python -m controller.sound.player.tone KEY FILE`.

Exits 0 when it was played, 3 when that output cannot be opened.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from controller.sound.player.process import GONE

LONGEST_S = 4.0


def main() -> None:
    """Play it."""
    from controller.sound.player.mixer import Device, NoDevice

    key, sound = sys.argv[1], Path(sys.argv[2])
    try:
        device = Device(None, key)
    except NoDevice:
        os._exit(GONE)
    if device.opened != key:
        os._exit(GONE)
    device.tone(sound)
    end = time.monotonic() + LONGEST_S
    while device.toning() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)  # the rest is in the device's buffer
    os._exit(0)


if __name__ == "__main__":
    main()
