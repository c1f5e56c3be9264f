"""Count what ties parts together by hand: attributes assigned from outside, and notify calls beside writes.

Run from the project's folder: `python -m tests.tools.wiring`. Both counts are zero, and `tests/test_contracts.py` holds
them there. An attribute counts when a class of the product assigns it to itself, so that `frame.pts` of another library
does not. The web server's own reach into its library is its own affair: only `controller` is counted.
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
    """Every file of the product, parsed."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}


def assigned_from_outside(trees: dict[Path, ast.Module]) -> list[str]:
    """Assignments to an attribute of the product on anything but self: "file:line target"."""
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
"""How the product calls objects of logging, PyAV, onnxruntime and click."""


def _of_a_library(target: ast.Attribute) -> bool:
    return ast.unparse(target).startswith(LIBRARIES) or target.attr == "terminate"


def _targets(tree: ast.AST) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            found = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            found = [node.target]
        else:
            continue
        for target in found:
            for one in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(one, ast.Attribute):
                    yield one


def notified_beside_writes(trees: dict[Path, ast.Module]) -> list[str]:
    """Calls of `….notify()`, and of a `wake` of office or timekeeper, in a function that also writes to the store,
    itself or one call away: by the called name, when only one function of the product has it.
    """
    functions = [
        (path, node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    once = {name for name, times in Counter(node.name for _, node in functions).items() if times == 1}
    writing = {node.name for _, node in functions if _calls(node, WRITES)} & once
    found = []
    for path, node in functions:
        told = [call for call in _calls(node, NOTIFIES) if ast.unparse(call.func).endswith(SIGNALS)]
        if told and path.name not in SIGNALLING and (_calls(node, WRITES) or _calls(node, tuple(writing))):
            found += [f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)}" for call in told]
    return found


SIGNALS = ("feed.notify", "changes.notify", "timekeeper.wake", "office.wake", "self.wake")
SIGNALLING = ("store.py", "changes.py", "feed.py", "speaker.py", "demo.py")
"""The signal itself; the player's pipe; the demo, which wakes the timekeeper because it sets the clock."""


def _calls(function: ast.FunctionDef, names: tuple[str, ...]) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


if __name__ == "__main__":
    parsed = sources()
    for title, lines in (
        ("attributes assigned from outside", assigned_from_outside(parsed)),
        ("notify calls beside writes", notified_beside_writes(parsed)),
    ):
        print(f"{len(lines)} {title}", *lines, sep="\n  ")
