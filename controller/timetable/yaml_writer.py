"""Write values as YAML that the timetable reads back as the same text; quoted only where it must be."""

from __future__ import annotations

import re

from controller.timetable.source_map import Value
from controller.timetable.yaml_source import Items, Node, Pairs, Text, compose

SHORT = 60
"""The longest value that is written in braces or brackets on one line."""
_BREAKS = re.compile(r"[\t\n\r\x0b\x0c\x85\u2028\u2029]+")
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_WORD = re.compile(r"[^\s,，。；;！!？?{}]{1,24}")


def tidy(value: Value) -> Value:
    """Return the value with every leaf as a line of text without control characters; drop empty ones."""
    if isinstance(value, dict):
        pairs = {str(tidy(key)): tidy(one) for key, one in value.items()}
        return {key: one for key, one in pairs.items() if one not in (None, "")} or None
    if isinstance(value, list | tuple):
        return [one for one in map(tidy, value) if one not in (None, "")] or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_TEXT.sub("", _BREAKS.sub(" ", str(value))).strip()


def scalar(value: str, *, flow: bool = False, style: str = "") -> str:
    """Return the text of a value or key, plain if possible; `style` `"` keeps its quotation marks."""
    if style != '"' and _reads_back(value, value, flow):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _reads_back(written: str, value: str, flow: bool) -> bool:
    """Return whether the text has this value after a key, as an item and as a key; where `flow`, also in braces."""
    values = [f"k: {written}"] + ([f"{{k: {written}}}"] if flow else [])
    items = [f"- {written}"] + ([f"[{written}, k]"] if flow else [])
    tries = [*((source, "value") for source in values), *((source, "item") for source in items)]
    return all(_read(source, kind) == value for source, kind in [*tries, (f"{written}: k", "key")])


def _read(source: str, kind: str) -> str | None:
    root, faults = compose(source + "\n", "")
    node: Node | None = None
    if kind == "item" and isinstance(root, Items):
        node = root.items[0]
    elif kind == "value" and isinstance(root, Pairs):
        node = root.pairs.get("k")
    elif isinstance(root, Pairs):
        node = Text(next(iter(root.pairs), ""), 1)
    return node.value if isinstance(node, Text) and not node.empty and not faults else None


def inline(value: Value) -> str:
    """Return the value in braces and brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key, flow=True)}: {inline(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(one) for one in value) + "]"
    return scalar(value, flow=True)


def beside(value: Value, indent: int) -> str:
    """Return the text after `key:` of a key at column `indent`: on the same line, or as lines below."""
    if isinstance(value, str):
        return " " + scalar(value)
    if _is_short(value):
        return " " + inline(value)
    return "\n" + "\n".join(" " * (indent + 2) + line for line in lines(value))


def lines(value: Value) -> list[str]:
    """Return a group or list as lines without indentation."""
    if isinstance(value, dict):
        return [line for key, one in value.items() for line in f"{scalar(key)}:{beside(one, 0)}".split("\n")]
    return [line for one in value for line in item_lines(one, 2, one_line=_is_short(one))]


def item_lines(value: Value, gap: int, *, one_line: bool) -> list[str]:
    """Return an item of a list, with its dash; `gap` is the number of columns from the dash to the value."""
    head = "-".ljust(gap)
    if isinstance(value, str):
        return [head + scalar(value)]
    if one_line or isinstance(value, list):
        return [head + inline(value)]
    return [(head if n == 0 else " " * gap) + line for n, line in enumerate(lines(value))]


def _is_short(value: Value) -> bool:
    return len(inline(value)) <= SHORT and all(_WORD.fullmatch(leaf) for leaf in _leaves(value))


def _leaves(value: Value) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [leaf for one in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(one)]
