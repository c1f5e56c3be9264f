"""Find the form field of a problem: from its line and place to the path of a value. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from controller.timetable.edit import Path, Step
from controller.timetable.problems import Problem
from controller.timetable.source_map import Place, UnreadableError, line_number, locate

_MISSING = re.compile(r"缺少“(\w+)”")
_NUMBERED = re.compile(r"#(\d+)")


def paths_of(text: str, problems: Sequence[Problem]) -> list[Path | None]:
    """Return the path of each problem's value; None for a problem of the syntax or of the whole file."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        root = locate(plain)
    except UnreadableError:
        return [None for _ in problems]
    places = list(_places(plain, root, ()))
    return [_path(problem, places) for problem in problems]


def _places(text: str, place: Place, path: Path) -> Iterator[tuple[int, Path, Place]]:
    """Yield line, path and node of every value; a key's line counts for its value."""
    for n, item in enumerate(place.items):
        step: Step = place.keys[n].value if place.keys else n
        start = place.keys[n].start if place.keys else item.start
        yield line_number(text, start), (*path, step), item
        yield from _places(text, item, (*path, step))


def _path(problem: Problem, places: list[tuple[int, Path, Place]]) -> Path | None:
    here = [(path, place) for line, path, place in places if line == problem.line]
    if missing := _MISSING.search(problem.found):
        groups = [path for path, place in here if place.kind == "group"]
        return (*groups[0], missing[1]) if groups else (missing[1],) if problem.line else None
    steps = problem.place.split(" › ")
    named = [path for path, _ in here if _is_step(path[-1], steps[-1])]
    if named:
        return max(named, key=lambda path: _depth(path, steps))
    items = [path for path, _ in here if isinstance(path[-1], int)]
    return next(iter(items or [path for path, _ in here]), None)


def _is_step(step: Step, written: str) -> bool:
    numbered = _NUMBERED.fullmatch(written)
    return step == written or (numbered is not None and step == int(numbered[1]) - 1)


def _depth(path: Path, steps: Sequence[str]) -> int:
    """Return how many last steps of a path fit the place: one line may have several `#1`."""
    pairs = zip(reversed(path), reversed(steps), strict=False)
    return sum(1 for _ in takewhile(lambda pair: _is_step(*pair), pairs))
