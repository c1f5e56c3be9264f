"""Parse YAML text to nodes with their positions, for edits that change only the lines that they mean.

Not a round-trip library such as ruamel.yaml: it writes the whole file again, and with an indentation that it does
not expect it changes every line. Positions come from the parser that also reads the timetable, so that both agree.
Only text that `yaml_source.compose` accepts is parsed: no anchors, no tags, one document, limited depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, cast

import yaml

from controller.timetable.yaml_source import compose

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Value = Any
"""A node as JSON: text, list or dict; None for a missing value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node and its range in the text. `style`: the mark of a quoted or block scalar. `keys` belong to `items`."""

    kind: Literal["text", "list", "group"]
    start: int
    end: int
    flow: bool = False
    style: str = ""
    value: str = ""
    keys: tuple[Place, ...] = ()
    items: tuple[Place, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Return whether the value is missing."""
        return self.kind == "text" and not self.style and self.value in ("", "~", "null")

    def find(self, key: str) -> int | None:
        """Return the number of a group's key; None when it is missing."""
        return next((n for n, known in enumerate(self.keys) if known.value == key), None)

    def scalars(self) -> Iterator[Place]:
        """Yield all keys and texts below this node, in the order of the text."""
        if self.kind == "text":
            yield self
        for n, item in enumerate(self.items):
            if self.keys:
                yield self.keys[n]
            yield from item.scalars()


class UnreadableError(ValueError):
    """The text is no YAML that forms can edit."""


@lru_cache(maxsize=8)
def locate(text: str) -> Place:
    """Return the root with all positions. Raises UnreadableError when the text has faults of its syntax."""
    root, faults = compose(text, "")
    if root is None or faults:
        raise UnreadableError
    events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            place = _place(event, events, text)
            if place.kind != "group":
                raise UnreadableError
            return place
    raise UnreadableError


def _place(event: Any, events: Iterator[Any], text: str) -> Place:
    start, end = int(event.start_mark.index), int(event.end_mark.index)
    if isinstance(event, yaml.ScalarEvent):
        if event.style in ("|", ">"):  # its range includes the line breaks after it
            end = start + len(text[start:end].rstrip())
        return Place("text", start, end, style=event.style or "", value=event.value)
    group = isinstance(event, yaml.MappingStartEvent)
    over = yaml.MappingEndEvent if group else yaml.SequenceEndEvent
    keys: list[Place] = []
    items: list[Place] = []
    while not isinstance(child := next(events), over):
        if group:
            keys.append(_place(child, events, text))
            child = next(events)
        items.append(_place(child, events, text))
    flow, last = bool(event.flow_style), cast(Any, child)
    end = int(last.end_mark.index) if flow else items[-1].end
    return Place("group" if group else "list", start, end, flow, keys=tuple(keys), items=tuple(items))


def plain(place: Place) -> Value:
    """Return the node as JSON; values stay the text in the file."""
    if place.kind == "text":
        return None if place.empty else place.value
    if place.kind == "list":
        return [plain(item) for item in place.items]
    return {key.value: plain(item) for key, item in zip(place.keys, place.items, strict=True)}


def comments(text: str, root: Place) -> tuple[tuple[int, int], ...]:
    """Return the range of every comment, without its line break."""
    found: list[tuple[int, int]] = []
    at = 0
    for start, end in [*((scalar.start, scalar.end) for scalar in root.scalars()), (len(text), len(text))]:
        found += _between(text, at, start)
        at = max(at, end)
    return tuple(found)


def _between(text: str, at: int, until: int) -> Iterator[tuple[int, int]]:
    while (mark := text.find("#", at, until)) >= 0:
        line_break = text.find("\n", mark)
        at = line_break if line_break >= 0 else len(text)
        yield mark, at


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Return the position of the line's break, or the end of the text."""
    line_break = text.find("\n", at)
    return line_break if line_break >= 0 else len(text)


def line_number(text: str, at: int) -> int:
    """Return the line of a position, counted from 1."""
    return text.count("\n", 0, at) + 1
