"""Measure the structure of the product: files, imports, and the path of one deal through the code.

    python tests/tools/structure.py            files, lines, fan-in, import chain
    python tests/tools/structure.py --links    also the names that each link of the longest chain imports
    python tests/tools/structure.py --trace    also the files that one deal passes (starts a real office, no device)

Imports are those written in the files, at the top or inside functions; `if TYPE_CHECKING` counts too. The trace counts
calls of product functions in all threads, from the request to the last report, and how often the file changes.
"""

from __future__ import annotations

import ast
import itertools
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("controller", "signage")
MORNING = datetime(2026, 12, 1, 10, 0)  # noqa: DTZ001 - the office's zone is added


def modules() -> dict[str, Path]:
    """Return every product module by its dotted name."""
    found = {}
    for top in PRODUCT:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(known: dict[str, Path]) -> dict[str, set[str]]:
    """Return the product modules that each module imports."""
    return {name: set(_imported(path, known)) - {name} for name, path in known.items()}


def _imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module


def longest_chain(graph: dict[str, set[str]]) -> list[str]:
    """Return the longest path of imports in which no module occurs twice; cycles are cut where they close."""
    best: dict[str, list[str]] = {}

    def below(name: str, above: frozenset[str]) -> list[str]:
        if name not in best:
            tails = [below(other, above | {name}) for other in sorted(graph[name] - above)]
            best[name] = [name, *max(tails, key=len, default=[])]
        return best[name]

    return max((below(name, frozenset({name})) for name in graph), key=len)


def report() -> None:
    """Print the figures of the files and their imports."""
    known = modules()
    graph = imports(known)
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in known.items()}
    real = [name for name in known if lines[name] > 1]
    once = [name for name in real if sum(name in graph[other] for other in graph) == 1]
    chain = longest_chain(graph)
    print(f"product files: {len(real)} with {sum(lines.values())} lines")
    print(
        f"over 450 lines: {', '.join(f'{name} {lines[name]}' for name in real if lines[name] > 450) or 'none'}"
    )
    print(
        f"imported by exactly one other: {len(once)} of {len(real)}, {100 * len(once) / len(real):.0f} % (goal <= 25)"
    )
    print(f"longest import chain: {len(chain)} files (goal <= 14): {' > '.join(chain)}")


def links() -> None:
    """Print the longest chain, one link a line, with the names that are imported: a constant is a cheap link to cut."""
    known = modules()
    chain = longest_chain(imports(known))
    for above, below in itertools.pairwise(chain):
        print(f"{above} > {below}: {', '.join(sorted(_names(known[above], below)))}")


def _names(path: Path, wanted: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (alias.name for alias in node.names)
            yield from (name for name in names if wanted in (node.module, f"{node.module}.{name}"))


class Trace:
    """Count calls of product functions, and changes of file between one call and the next in a thread."""

    def __init__(self) -> None:
        self.calls = self.changes = 0
        self.files: set[str] = set()
        self._last = threading.local()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call":
            return
        path = frame.f_code.co_filename
        if not path.startswith(tuple(str(ROOT / top) for top in PRODUCT)):
            return
        self.calls += 1
        self.files.add(path)
        if getattr(self._last, "path", path) != path:
            self.changes += 1
        self._last.path = path


def trace() -> None:
    """Print the files that one deal passes between the request and its decision, inside the services."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "services")]
    from fakes import SHANGHAI
    from office_made import house

    with (
        tempfile.TemporaryDirectory() as folder,
        house(Path(folder), MORNING.replace(tzinfo=SHANGHAI)) as office,
    ):
        office.deal("王小明", 3000)
        office.announcer.say(office.clock)
        counted = Trace()
        threading.setprofile(counted)
        sys.setprofile(counted)
        try:
            office.deal("李思思", 20000)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
    found = f"{len(counted.files)} files, {counted.calls} calls, {counted.changes} changes of file"
    print(f"one deal in the services: {found} (goal <= 20 files, <= 100 changes)")


if __name__ == "__main__":
    report()
    if "--links" in sys.argv:
        links()
    if "--trace" in sys.argv:
        trace()
