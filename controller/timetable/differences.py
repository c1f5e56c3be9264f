"""The lines in which two versions of a text differ. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_LINES = 300
CONTEXT = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: `kind` is "-" (only in the old text), "+" (only in the new) or " "; `number` is its
    line in the text it comes from."""

    kind: str
    number: int
    text: str


def differences(old: str, new: str) -> tuple[Line, ...]:
    """Return the changed lines with one line around each change; at most `MOST_LINES`."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Line] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(CONTEXT):
        for tag, a, b, c, d in group:
            if tag == "equal":
                found += [Line(" ", c + n + 1, line) for n, line in enumerate(after[c:d])]
                continue
            found += [Line("-", a + n + 1, line) for n, line in enumerate(before[a:b])]
            found += [Line("+", c + n + 1, line) for n, line in enumerate(after[c:d])]
        if len(found) > MOST_LINES:
            break
    return tuple(found[:MOST_LINES])
