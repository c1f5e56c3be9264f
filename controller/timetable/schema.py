"""Readers for the file: each turns a node into a value, or notes a problem and continues.

Not pydantic: it takes 9.6 MB and 65–120 ms for one file, and each of its messages would have to be translated
back to a line and a sentence. These readers write Chinese messages directly, and the JSON Schema for editors is
generated from the same declarations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Protocol

from controller.timetable.labels import KEY_WORDS
from controller.timetable.problems import Problem, nearest, shortened, wrote
from controller.timetable.yaml_source import Items, Node, Pairs, Text

Schema = dict[str, Any]


class BadError(Exception):
    """A value cannot be read; its problem has already been noted."""


@dataclass(frozen=True, slots=True)
class Where:
    """The place being read, and the list to which its problems are added."""

    file: str
    faults: list[Problem]
    path: tuple[str, ...] = ()

    def inside(self, word: str) -> Where:
        return replace(self, path=(*self.path, word))

    def note(self, line: int, found: str, allowed: str, near: str | None = None) -> None:
        self.faults.append(Problem(self.file, line, " › ".join(self.path), found, allowed, near))

    def refuse(self, node: Node, allowed: str, near: str | None = None) -> NoReturn:
        """Note the found and the allowed value, and raise BadError."""
        self.note(node.line, described(node), allowed, near)
        raise BadError


class Reader(Protocol):
    def read(self, node: Node, where: Where) -> Any: ...
    def schema(self) -> Schema: ...


def described(node: Node) -> str:
    """Return a clause that describes the node found in the file."""
    if isinstance(node, Items):
        return "这里是一个列表"
    if isinstance(node, Pairs):
        return "这里是一组“名称: 内容”"
    return "什么也没写" if not node.value.strip() else wrote(node.value)


def text_of(node: Node, where: Where, allowed: str) -> str:
    """Return the single value of a node; refuse a list, a group or an empty value."""
    if not isinstance(node, Text) or node.empty or not node.value.strip():
        where.refuse(node, allowed)
    return node.value.strip()


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a group: its reader, its description (in Chinese, shown by editors) and its default."""

    reader: Reader
    doc: str
    required: bool = False
    default: Any = None


def _as_is(values: dict[str, Any], line: int) -> Any:
    return values


@dataclass(frozen=True, slots=True)
class Group:
    """A mapping with known keys. `build` makes the value from the keys read and the line number."""

    fields: Mapping[str, Field]
    build: Callable[[dict[str, Any], int], Any] = _as_is
    title: str | None = None  # the key whose value names the group in messages
    also: Mapping[str, str] = field(default_factory=dict)  # other spellings of keys
    elsewhere: Mapping[str, str] = field(
        default_factory=dict
    )  # keys that belong in another section, with advice

    def read(self, node: Node, where: Where) -> Any:
        if not isinstance(node, Pairs):
            keys = "、".join(self.fields)
            where.refuse(
                node,
                f"这里写一组“名称: 内容”，名称有：{keys}",
            )
        node = self._meant(node)
        where = self._named(node, where)
        before = len(where.faults)
        meant = self._unknown(node, where)
        values = {key: known.default for key, known in self.fields.items()}
        for key, known in self.fields.items():
            written = node.pairs.get(key)
            if written is not None and not (isinstance(written, Text) and written.empty):
                with suppress(BadError):
                    values[key] = known.reader.read(written, where.inside(key))
            elif known.required and key not in meant:
                allowed = f"请加上“{key}”：{known.doc}"
                where.note(node.line, f"缺少“{key}”", allowed)
        if len(where.faults) > before:
            raise BadError
        return self.build(values, node.line)

    def _meant(self, node: Pairs) -> Pairs:
        """Return the group with other spellings of its keys replaced."""
        if not self.also.keys() & node.pairs.keys():
            return node
        keys = {key: self.also.get(key, key) for key in node.pairs}
        keys = {key: key if list(keys.values()).count(meant) > 1 else meant for key, meant in keys.items()}
        return replace(
            node,
            pairs={keys[key]: value for key, value in node.pairs.items()},
            lines={keys[key]: line for key, line in node.lines.items()},
        )

    def _unknown(self, node: Pairs, where: Where) -> set[str | None]:
        """Note the unknown keys; return the known keys that they probably mean."""
        meant = {self._guess(key) for key in node.pairs if key not in self.fields}
        for key in node.pairs:
            if key not in self.fields:
                words = "、".join(self.fields)
                found = f"不认识“{shortened(key)}”"
                known = f"这里可以写：{words}"
                allowed = self.elsewhere.get(key, known)
                where.note(node.lines[key], found, allowed, self._guess(key) if allowed is known else None)
        return meant

    def _guess(self, key: str) -> str | None:
        """Return the known key that a similar or a Chinese word probably means."""
        plain = key.strip(" “”\"'")
        meant = next((word for word in KEY_WORDS.get(plain, ()) if word in self.fields), None)
        return meant or nearest(key, self.fields)

    def _named(self, node: Pairs, where: Where) -> Where:
        name = node.pairs.get(self.title) if self.title else None
        if isinstance(name, Text) and name.value.strip() and where.path:
            return replace(where, path=(*where.path[:-1], shortened(name.value)))
        return where

    def schema(self) -> Schema:
        properties = {
            key: known.reader.schema() | {"description": known.doc} for key, known in self.fields.items()
        }
        properties |= {other: properties[key] for other, key in self.also.items()}
        schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        required = [key for key, known in self.fields.items() if known.required]
        return schema | ({"required": required} if required else {})


_ITEMS = "这里写一个列表，每项以“- ”开头"


@dataclass(frozen=True, slots=True)
class Many:
    """A list; with `single` a single value counts as a list of one.

    `apart`: its values contain no Chinese comma, so one means that several values were written as one.
    """

    reader: Reader
    most: int = 200
    single: bool = False
    least: int = 0
    apart: bool = True

    def read(self, node: Node, where: Where) -> tuple[Any, ...]:
        if not isinstance(node, Items):
            if not self.single:
                groups = isinstance(self.reader, Group)
                where.refuse(node, _ITEMS if groups else "这里写一个列表，例如“[甲, 乙]”")
            return (self._one(node, where),)
        if not self.least <= len(node.items) <= self.most:
            found = f"列表里有 {len(node.items)} 项"
            allowed = f"可以有 {self.least} 到 {self.most} 项"
            where.note(node.line, found, allowed)
            raise BadError
        values: list[Any] = []
        for n, item in enumerate(node.items, 1):
            with suppress(BadError):
                values.append(self._one(item, where.inside(f"#{n}")))
        if len(values) < len(node.items):
            raise BadError
        return tuple(values)

    def _one(self, node: Node, where: Where) -> Any:
        if (
            self.apart
            and isinstance(node, Text)
            and not node.quoted
            and (mark := re.search("[，、；]", node.value))
        ):
            where.refuse(node, f"几项之间不能用“{mark[0]}”，请用半角逗号和空格隔开，例如“[甲, 乙]”")
        return self.reader.read(node, where)

    def schema(self) -> Schema:
        one = self.reader.schema()
        many: Schema = {"type": "array", "items": one, "maxItems": self.most}
        return {"anyOf": [one, many]} if self.single else many


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with free keys, read into a tuple of (key, value) pairs."""

    key: Reader
    value: Reader
    most: int = 200

    def read(self, node: Node, where: Where) -> tuple[tuple[Any, Any], ...]:
        if not isinstance(node, Pairs) or len(node.pairs) > self.most:
            where.refuse(node, f"这里写一组“名称: 内容”，最多 {self.most} 个")
        read: list[tuple[Any, Any]] = []
        for key, value in node.pairs.items():
            with suppress(BadError):
                name = self.key.read(Text(key, node.lines[key], quoted=True), where)
                read.append((name, self.value.read(value, where.inside(shortened(key)))))
        if len(read) < len(node.pairs):
            raise BadError
        return tuple(read)

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.value.schema(), "maxProperties": self.most}
