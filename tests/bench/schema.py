"""200 requests for every operation of the OpenAPI document, made by schemathesis: no server error, no other answer.

`SCHEMA` sets the number for each operation. Each run makes other requests; faults are printed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from table import Row  # noqa: E402

from tests.signage.house import running  # noqa: E402
from tests.signage.made_requests import ask  # noqa: E402

EXAMPLES = 200


def rows() -> list[Row]:
    """Ask the real daemon in this process, for about an hour."""
    os.environ["SDL_AUDIODRIVER"] = "dummy"
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "home", sounds=False) as house,
    ):
        app = house.daemon.server._server._app
        examples = int(os.environ.get("SCHEMA", EXAMPLES))
        done = ask(app, house, examples, derandomize=False, said=lambda line: print(line, file=sys.stderr))
    for kind, shown in done.faults.items():
        print(kind, shown, file=sys.stderr)
    minutes = (time.monotonic() - began) / 60
    broken = sum("server error" in kind for kind in done.faults)
    what = f"{done.requests:,} requests from the OpenAPI document, {minutes:.0f} min: server errors; not described"
    return [Row(what, f"{broken}; {len(done.faults) - broken}", "0; 0", not done.faults)]


if __name__ == "__main__":
    for row in rows():
        print(row)
