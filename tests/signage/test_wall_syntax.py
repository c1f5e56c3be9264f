"""Support for old TVs: the walls' scripts are ES5, their style sheet uses no recent features."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).resolve().parents[2] / "signage" / "static"

NEWER_SYNTAX = {
    "ArrowFunctionExpression", "AwaitExpression", "ClassDeclaration", "ClassExpression", "ForOfStatement",
    "TemplateLiteral", "SpreadElement", "RestElement", "ObjectPattern", "ArrayPattern", "AssignmentPattern",
    "YieldExpression", "ImportDeclaration", "ExportNamedDeclaration", "TaggedTemplateExpression",
}  # fmt: skip
NEWER_NAMES = {
    "fetch", "Promise", "Symbol", "Map", "Set", "WeakMap", "Proxy", "Reflect", "padStart", "padEnd", "includes",
    "startsWith", "endsWith", "repeat", "assign", "entries", "values", "from", "closest", "append", "prepend",
    "before", "after", "replaceWith", "IntersectionObserver", "ResizeObserver", "URLSearchParams", "innerHTML",
    "insertAdjacentHTML", "eval",
}  # fmt: skip


def newer(node: Any) -> Iterator[str]:
    """Yield parts of a syntax tree that are newer than ES5, or that write markup."""
    if isinstance(node, list):
        for part in node:
            yield from newer(part)
    if not hasattr(node, "type"):
        return
    if node.type in NEWER_SYNTAX:
        yield node.type
    if node.type == "VariableDeclaration" and node.kind != "var":
        yield node.kind
    if node.type == "Property" and (node.shorthand or node.method or node.computed):
        yield "short property"
    if node.type == "MemberExpression" and not node.computed and node.property.name in NEWER_NAMES:
        yield f".{node.property.name}"
    if node.type in ("CallExpression", "NewExpression") and getattr(node.callee, "name", None) in NEWER_NAMES:
        yield str(node.callee.name)
    for part in vars(node).values():
        yield from newer(part)


def parsed(code: str) -> Any:
    """Return the syntax tree. esprima is imported here: it takes a second, which no other worker needs to spend."""
    import esprima

    return esprima.parseScript(code)


@pytest.mark.parametrize("script", sorted(path.name for path in STATIC.glob("wall*.js")))
def test_scripts_are_es5(script: str) -> None:
    """A TV of 2014 can run the wall's scripts: ES5 syntax, no newer functions, no markup from data."""
    assert sorted(newer(parsed((STATIC / script).read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "newer_code",
    ["var f = () => 1", "let a", "fetch('x')", "a.innerHTML = b", "f({a})", "`x`", "a.includes(1)"],
)
def test_the_reader_notices_newer_code(newer_code: str) -> None:
    """The script check reports newer code."""
    assert list(newer(parsed(newer_code)))


def test_styles_need_nothing_new() -> None:
    """The wall's style sheet works without grid, gap, custom properties and the newer functions."""
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "wall.css").read_text(encoding="utf-8"), flags=re.S)
    young = (
        r"display:\s*grid|[;{\s]gap:|var\(|--\w|clamp\(|min\(|max\(|:is\(|:where\(|:has\(|inset:|aspect-ratio"
        r"|@layer|@container|dvh"
    )
    assert re.findall(young, css) == []
    assert "http" not in css


def test_english_walls_say_deal() -> None:
    """The glossary's word: no English text of a wall says order."""
    english = (STATIC / "wall-words.js").read_text(encoding="utf-8").partition("en: {")[2]
    assert (
        re.findall(r"'[^'\n]*\b[Oo]rders?\b[^'\n]*'", re.sub(r"'most_orders'|W\.orders", "", english)) == []
    )
