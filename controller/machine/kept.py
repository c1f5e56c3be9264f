"""JSON files that the daemon keeps for itself. Any of them may be damaged, by a power cut or by a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json(file: Path) -> Any:
    """What the file holds. Raises OSError, and ValueError for anything that is not JSON of a sane depth."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{file} is nested too deeply") from error
