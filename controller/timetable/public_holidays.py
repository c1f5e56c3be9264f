"""Public holidays, kept on disk: the `holidays` package costs 17 MB, so a child that ends at once pays for it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from controller.system.json_file import read_json
from controller.timetable.workdays import PublicDays, from_json, public_days

log = logging.getLogger(__name__)

LIMIT_S = 30.0
MADE = 2
"""Raised when `public_days` answers otherwise for the same package, so that what was kept before is asked again."""


def kept_in(folder: Path) -> Callable[[str | None, int], PublicDays]:
    """A `look` for Workdays that keeps each year in `folder`, until another version of the package is installed."""
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
    """Asks a child and keeps its answer; when that fails this process pays the price itself."""
    command = [sys.executable, "-P", "-m", "controller.timetable.workdays", country, str(year)]
    try:
        printed = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S).stdout
        told = json.loads(printed)[str(year)]
        days = from_json(told)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        half.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        half.replace(file)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        log.warning("the public days of %s %d were not kept: %s", country, year, error)
        return public_days(country, year)
    return days


def _installed() -> str:
    """When the package was installed: asking for its version would cost 20 ms of every start."""
    found = find_spec("holidays")
    return str(Path(found.origin).stat().st_mtime_ns) if found and found.origin else "none"
