"""The server ten minutes away behind nginx: by then every wall retries at its lowest rate."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "signage"), str(HERE.parents[1])]

from table import Row  # noqa: E402
from wallline import through_nginx  # noqa: E402


def rows() -> list[Row]:
    """Measure for eleven minutes."""
    with tempfile.TemporaryDirectory() as name:
        return through_nginx(Path(name), 600.0)


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", flush=True)
