"""Reading rules: a pattern of written text and its replacement. Applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str]]

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
"""A number as people write it: 12800, 12,800, 1.28. Not anchored: see START and END."""
START = r"(?<![0-9A-Za-z.])(?<![0-9],)"
END = r"(?![0-9])"
DASH = r"\s{0,2}[-~至到]\s{0,2}"


def rule(pattern: str, replacement: Callable[[Match], str] | str) -> Rule:
    """Return a rule; `said` may be a template such as r"\\1到\\2"."""
    if isinstance(replacement, str):
        template = replacement
        return re.compile(pattern), lambda match: match.expand(template)
    return re.compile(pattern), replacement


def apply(rules: Iterable[Rule], text: str) -> str:
    """Return the text after every rule, in order."""
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def bare(number: str) -> str:
    """Return a written number without thousands separators and a trailing .00: 12,800.00 is 12800, 2.0 stays."""
    number = number.replace(",", "")
    whole, _, part = number.partition(".")
    return number if part.strip("0") or len(part) == 1 else whole
