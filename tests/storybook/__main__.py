"""Serve the storybook on this machine until Ctrl-C: `make storybook`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "signage")]

from glances import moment  # noqa: E402
from wallroom import Room  # noqa: E402

PORT = 8090


def main() -> None:
    room = Room(moment("14:52"), PORT)
    print(f"{room.url('/storybook/')}  (Ctrl-C ends)", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        room.stop()


if __name__ == "__main__":
    main()
