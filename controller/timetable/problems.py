"""Problems in the timetable file, described for the person who edits it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

MOST_SHOWN = 40  # characters of a quoted value
MOST_FAULTS = 100  # a file of another kind would give thousands


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: `line` counts from 1, 0 is the whole file; `place` is like `rhythm › 小憩 › at`.

    `found` and `allowed` are clauses without a full stop.
    """

    file: str
    line: int
    place: str
    found: str
    allowed: str
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.place}：" if self.place else ""
        guess = f"是不是“{self.nearest}”？" if self.nearest else ""
        where = f"{self.file} 第 {self.line} 行" if self.line else self.file
        comma = "，" if self.line else "："
        return f"{where}{comma}{place}{self.found}。{self.allowed}。{guess}"


class TimetableInvalid(Exception):  # noqa: N818  named after the timetable, not after Python
    """The timetable cannot be used; `faults` holds all problems, sorted by line."""

    def __init__(self, faults: Iterable[Problem]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))[:MOST_FAULTS]
        super().__init__("\n".join(str(fault) for fault in self.faults))


def wrote(text: str) -> str:
    """Return a clause that quotes the value found in the file."""
    return f"写的是“{shortened(text)}”"


def shortened(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= MOST_SHOWN else plain[: MOST_SHOWN - 1] + "…"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the most similar of `words`, or None when none is similar enough."""
    by_lower = {known.lower(): known for known in words}
    close = difflib.get_close_matches(word.strip().lower()[:100], list(by_lower), n=1, cutoff=0.7)
    return by_lower[close[0]] if close else None
