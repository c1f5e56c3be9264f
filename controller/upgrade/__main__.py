"""Root's program: `zhangu-upgrade run|recover|install`; and `fit`, which each release runs as the daemon's user.

Its units: `config/package/zhangu-upgrade.service`, `zhangu-recover.service`. The package's scripts call `install`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from controller.upgrade.journal import Place

HEALTHY_WITHIN_S = 60.0
"""For a new version to answer well. A very slow machine sets ZHANGU_HEALTHY_WITHIN: `systemctl edit zhangu-upgrade`."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="zhangu-upgrade")
    parser.add_argument("verb", choices=("run", "recover", "install", "fit"))
    parser.add_argument("--version", default="", help="of the release that the package manager has laid")
    parser.add_argument("--boot", action="store_true", help="the service starts by itself afterwards")
    parser.add_argument("--program", type=Path, default=Place().program)
    parser.add_argument("--data", type=Path, default=Place().data)
    options = parser.parse_args()
    if options.verb == "fit":
        sys.exit(fit(options.data))
    from controller.upgrade import steps
    from controller.upgrade.machine import Machine

    within = float(os.environ.get("ZHANGU_HEALTHY_WITHIN") or HEALTHY_WITHIN_S)
    machine = Machine(Place(options.program, options.data.resolve()), within)
    with alone(options.program):
        if options.verb == "run":
            steps.run(machine)
        elif options.verb == "recover":
            steps.recover(machine, boot=options.boot)
        else:
            steps.install(machine, options.version)


def fit(data: Path) -> int:
    """Make the database fit this release; print why not."""
    from controller.sales.model import StoreTrouble
    from controller.sales.store_file import fit as fitted
    from controller.system.paths import Home

    try:
        fitted(Home(data).database, datetime.now().astimezone())
    except StoreTrouble as trouble:
        print(trouble.sentence)  # noqa: T201 - root's program reads it
        return 1
    return 0


@contextmanager
def alone(program: Path) -> Iterator[None]:
    """Wait until no other of these programs works."""
    handle = os.open(program, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    main()
