"""Read JSON files that the daemon writes. Any of them may be damaged, by a power cut or by a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json(file: Path) -> Any:
    """Return the content of the file. Raises OSError, and ValueError for invalid or too deeply nested JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{file} is nested too deeply") from error
