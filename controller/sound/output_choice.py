"""The output that a person chose for this machine, in its own file.

The player starts before the database is open. A backup does not contain it: another machine has other outputs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from controller.system import atomic_file
from controller.system.files import read_json

LONGEST = 300
"""Characters of a key or name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`key`: see `controller.sound.player.outputs`; `name` and `kind`: for people, also while it is not plugged in."""

    key: str
    name: str
    kind: str


def read(path: Path) -> Choice | None:
    """Return the stored choice; None for the machine's default, or a file that cannot be read."""
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return None
    values = [data.get(name) for name in ("key", "name", "kind")] if isinstance(data, dict) else []
    texts = [value for value in values if isinstance(value, str) and 0 < len(value) <= LONGEST]
    return Choice(*texts) if len(texts) == 3 else None


def write(path: Path, choice: Choice | None) -> None:
    """Store the choice, None: the default. Raises OSError."""
    if choice is None:
        path.unlink(missing_ok=True)
    else:
        atomic_file.rewrite(path, json.dumps(asdict(choice), ensure_ascii=False).encode(), 0o600)
