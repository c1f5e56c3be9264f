"""The public holidays of offices in tests, loaded once and kept in .venv.

A new office starts a child process for each year that it needs, which takes longer than all the rest of its start.
Each office gets the present year and the next one, of which it asks whether its holidays are announced.
"""

from __future__ import annotations

import shutil
import sys
from datetime import date
from functools import cache
from pathlib import Path

from controller.timetable.public_holidays import kept_in

THIS = date.today().year  # noqa: DTZ011
YEARS = sorted({2026, 2027, THIS, THIS + 1})
"""The years of nearly all made-up days, and the present ones. An office loads others itself."""
KEPT = Path(sys.prefix) / "public-days"


def bring(var: Path) -> None:
    """Put the holidays into an office's `var` folder, as an earlier start would have left them."""
    unfinished = shutil.ignore_patterns("*.half")  # another test process may be loading the same year
    shutil.copytree(_loaded(), var / "cache" / "public-days", dirs_exist_ok=True, ignore=unfinished)


@cache
def _loaded() -> Path:
    look = kept_in(KEPT)
    for year in YEARS:
        look("CN", year)
    return KEPT
