"""JSON of robots' frames: read defensively, since it comes from outside. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

MOST_ID: Final = 128


def parsed(data: str | bytes | None) -> dict[str, Any] | None:
    """Return a JSON object, None for everything that is none."""
    try:
        frame = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


def object_in(values: object, name: str) -> Mapping[str, Any]:
    """Return the object under a name, an empty one if there is none."""
    found = values.get(name) if isinstance(values, Mapping) else None
    return found if isinstance(found, dict) else {}


def text_in(values: object, name: str, most: int | None = MOST_ID) -> str:
    """Return the text under a name, "" if there is none; ids are cut, content is bounded by the size of a frame."""
    found = values.get(name) if isinstance(values, Mapping) else None
    return found[:most] if isinstance(found, str) else ""


def dumped(value: object) -> str:
    """Serialise a frame."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
