"""Root's program: `zhangu-upgrade run|recover|install`; and `fit`, which each release runs as the daemon's user.

Its units: `config/package/zhangu-upgrade.service`, `zhangu-recover.service`. The package's scripts call `install`.
"""

from __future__ import annotations

import argparse
import fcntl
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from controller.upgrade.journal import Place

HEALTHY_WITHIN_S = 60.0
"""For a new version to answer well."""
WITHIN = "ZHANGU_HEALTHY_WITHIN"
"""Another number of seconds for a slow machine: docs/install.md."""
LONGEST_S = 1800.0
"""Half of the time that systemd gives root's program."""


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

    machine = Machine(Place(options.program, options.data.resolve()), healthy_within(os.environ))
    with alone(options.program):
        if options.verb == "run":
            steps.run(machine)
        elif options.verb == "recover":
            steps.recover(machine, boot=options.boot)
        else:
            steps.install(machine, options.version)


def healthy_within(environment: Mapping[str, str]) -> float:
    """Return the seconds that a new version has. A value that is no such number is named and changes nothing."""
    text = environment.get(WITHIN, "").strip()
    if not text:
        return HEALTHY_WITHIN_S
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= LONGEST_S:
        print(  # noqa: T201 - the journal of root's service
            f"{WITHIN} 写的是 {text}，要写 1 到 {LONGEST_S:.0f} 之间的秒数；这次仍按 {HEALTHY_WITHIN_S:.0f} 秒。",
            file=sys.stderr,
        )
        return HEALTHY_WITHIN_S
    return seconds


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
