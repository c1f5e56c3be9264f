"""The child that draws: one request as JSON on stdin, the PNG on stdout. Exit code 3: no Chinese font, 1: a fault."""

from __future__ import annotations

import json
import sys

from controller.drawing import poster, results
from controller.drawing.fonts import NoFontError

DRAWN = {"results": results.draw, "poster": poster.draw}
NO_FONT = 3
MOST_BYTES = 1_000_000


def main() -> int:
    """Draw and return the exit code."""
    asked = json.loads(sys.stdin.buffer.read(MOST_BYTES))
    try:
        drawn = DRAWN[asked["what"]](asked["facts"])
    except NoFontError:
        return NO_FONT
    sys.stdout.buffer.write(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
