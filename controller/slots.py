"""Named slots in the office's own texts: {team}, {person} and so on. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SLOT = re.compile(r"\{([^{}]*)\}")


def slots_in(text: str) -> tuple[str, ...]:
    """The slot names a text holds, in order."""
    return tuple(match.group(1) for match in _SLOT.finditer(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its slots replaced, in one pass; a slot without a value stays as written."""
    return _SLOT.sub(lambda match: values.get(match.group(1), match.group(0)), text)
