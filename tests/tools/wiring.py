"""Count manual wiring between parts: attributes assigned from outside, and notify calls beside writes.

Run from the project's folder: `python -m tests.tools.wiring`. Both counts are zero, and `tests/test_contracts.py` keeps
them at zero. An attribute counts when a class of the product assigns it to itself, so that `frame.pts` of another
library does not. Only `controller` is counted, because the web server has to set attributes of its library.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTIFIES = ("notify", "wake")
WRITES = ("write",)


def sources(folder: Path = ROOT / "controller") -> dict[Path, ast.Module]:
    """Parse every file of the product."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}


def assigned_from_outside(trees: dict[Path, ast.Module]) -> list[str]:
    """Return assignments to an attribute of the product on anything but self, as "file:line target"."""
    own = {
        target.attr
        for tree in trees.values()
        for target in _targets(tree)
        if isinstance(target.value, ast.Name) and target.value.id == "self"
    }
    return [
        f"{path.relative_to(ROOT)}:{target.lineno} {ast.unparse(target)}"
        for path, tree in trees.items()
        for target in _targets(tree)
        if not (isinstance(target.value, ast.Name) and target.value.id in ("self", "cls"))
        and target.attr in own
        and not _of_a_library(target)
    ]


LIBRARIES = ("record", "frame", "stream", "options", "context.obj")
"""Names that the product gives to objects of logging, PyAV, onnxruntime and click."""


def _of_a_library(target: ast.Attribute) -> bool:
    return ast.unparse(target).startswith(LIBRARIES) or target.attr == "terminate"


def _targets(tree: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            for one in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(one, ast.Attribute):
                    yield one


def notified_beside_writes(trees: dict[Path, ast.Module]) -> list[str]:
    """Return calls of `….notify()`, and of `wake` of office or timekeeper, in functions that also write to the store.

    A function writes itself or one call away; the call is matched by name if only one function has that name.
    """
    functions = [
        (path, node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    once = {name for name, times in Counter(node.name for _, node in functions).items() if times == 1}
    writing = {node.name for _, node in functions if _calls(node, WRITES)} & once
    beside = []
    for path, node in functions:
        signals = [call for call in _calls(node, NOTIFIES) if ast.unparse(call.func).endswith(SIGNALS)]
        if signals and path.name not in SIGNALLING and (_calls(node, WRITES) or _calls(node, tuple(writing))):
            beside += [f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)}" for call in signals]
    return beside


SIGNALS = ("feed.notify", "changes.notify", "timekeeper.wake", "office.wake", "self.wake")
SIGNALLING = ("store.py", "changes.py", "feed.py", "speaker.py", "demo.py")
"""The signal itself, the player's pipe, and the demo, which wakes the timekeeper because it sets the clock."""


def _calls(function: ast.FunctionDef, names: tuple[str, ...]) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
        and not isinstance(node.func.value, ast.Constant)  # " ".join
    ]


if __name__ == "__main__":
    parsed = sources()
    for title, lines in (
        ("attributes assigned from outside", assigned_from_outside(parsed)),
        ("notify calls beside writes", notified_beside_writes(parsed)),
    ):
        print(f"{len(lines)} {title}", *lines, sep="\n  ")
