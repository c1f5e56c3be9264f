"""The public holidays of offices in tests, loaded once in each test process.

A new office starts a child process for each year that it needs, which takes longer than all the rest of its start.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from controller.timetable.public_holidays import kept_in

YEARS = sorted({2026, date.today().year})  # noqa: DTZ011
"""The year of nearly all made-up days, and the present one. An office loads others itself."""


def bring(var: Path) -> None:
    """Put the holidays into an office's `var` folder, as an earlier start would have left them."""
    shutil.copytree(_loaded(), var / "cache" / "public-days", dirs_exist_ok=True)


@cache
def _loaded() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="public-days-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    look = kept_in(folder)
    for year in YEARS:
        look("CN", year)
    return folder
