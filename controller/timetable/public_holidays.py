"""Cache public holidays on disk: the `holidays` package takes 17 MB, so a short-lived child process loads it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from controller.system.atomic_file import publish
from controller.system.files import read_json
from controller.timetable.workdays import PublicDays, from_json, public_days

log = logging.getLogger(__name__)

LIMIT_S = 30.0
MADE = 2
"""Version of the cached format. Increase it when `public_days` changes its result, to invalidate old cache files."""


def kept_in(folder: Path) -> Callable[[str | None, int], PublicDays]:
    """Return a `look` for Workdays that caches each year in `folder` until another package version is installed."""
    installed = _installed()

    def look(country: str | None, year: int) -> PublicDays:
        if country is None:
            return public_days(None, year)
        file = folder / f"{country}-{year}-{installed}-{MADE}.json"
        try:
            return from_json(read_json(file))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return _asked(country, year, file)

    return look


def _asked(country: str, year: int, file: Path) -> PublicDays:
    """Load the year in a child process and cache it; on failure load it in this process."""
    command = [sys.executable, "-P", "-m", "controller.timetable.workdays", country, str(year)]
    try:
        printed = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S).stdout
        values = json.loads(printed)[str(year)]
        days = from_json(values)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        half.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        publish(half, file)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        log.warning("public holidays of %s %d not cached: %s", country, year, error)
        return public_days(country, year)
    return days


def _installed() -> str:
    """Return the package's modification time as its version: the real version number takes 20 ms of every start."""
    spec = find_spec("holidays")
    return str(Path(spec.origin).stat().st_mtime_ns) if spec and spec.origin else "none"
