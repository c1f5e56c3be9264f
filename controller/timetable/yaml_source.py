"""Parse YAML text to plain nodes with line numbers; every value stays the text in the file.

PyYAML's loader turns `12:55` into 775, `on` into True and dates into date objects, keeps the last of repeated
keys and expands aliases without limit. This parser resolves nothing, and refuses repeated keys and aliases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from controller.timetable.problems import Problem, shortened, wrote

DEEPEST = 12
_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml where the wheel includes it: ten times faster

_FULL_WIDTH_COLON = re.compile(r"^(\s*(?:-\s+)*[a-z_]+)\s*：\s*")
_TIGHT_COLON = re.compile(r"^(\s*(?:-\s+)*[a-z_]+):(?=[^\s:/])")
_OPEN_QUOTE = re.compile(r"""\s*(?:-\s+)?(?:[^\s:"'#]+:\s+)?(?P<mark>["'])""")
_BEFORE_KEY = re.compile(r"\s*(?:-\s+)*")
_DASHES = re.compile(r" *")
_BEFORE_VALUE = re.compile(r"^\s*(?:-\s+)*(?:[a-z_]+:\s+)?")
_INDENT = re.compile(r"^[ \t\u3000\u00a0]*")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    line: int
    quoted: bool = False

    @property
    def empty(self) -> bool:
        """Return whether the value is missing."""
        return not self.quoted and self.value in ("", "~", "null")


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Pairs:
    pairs: dict[str, Node]
    line: int
    lines: dict[str, int] = field(default_factory=dict)  # of the keys


Node = Text | Items | Pairs


def compose(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """Return the document's root node (None when empty or unreadable) and the problems of its syntax."""
    mended, faults = _mend(text, file)
    builder = _Builder(file, faults)
    try:
        return builder.document(iter(yaml.parse(mended, Loader=_LOADER))), faults
    except yaml.MarkedYAMLError as error:
        line = _opened(mended, _where(error, mended))
        if all(fault.line != line for fault in faults):
            faults.append(_unreadable(mended, file, line))
    except _StopError:
        pass  # its problem has been noted
    return None, faults


def _where(error: yaml.MarkedYAMLError, text: str) -> int:
    """Return the line to report: where parsing stopped, or the start of an unclosed quotation or bracket."""
    lines = text.split("\n")
    marks = [error.problem_mark, error.context_mark]
    if "quoted scalar" in (error.context or "") or "flow" in (error.context or ""):
        marks.reverse()  # report the start of the unclosed part, not the place where the parser noticed it
    for mark in marks:
        if mark is not None and mark.line < len(lines) and lines[mark.line].strip():
            return int(mark.line) + 1
    return 1


def _opened(text: str, line: int) -> int:
    """Return the line above with an unclosed quotation mark, if any; else `line`."""
    lines = text.split("\n")
    for n in range(line, 0, -1):
        opening = _OPEN_QUOTE.match(lines[n - 1])
        if opening and not lines[n - 1][opening.end() :].rstrip().endswith(opening["mark"]):
            rest = lines[n - 1][opening.end() :]
            if rest.replace("\\" + opening["mark"], "").count(opening["mark"]) % 2 == 0:
                return n
    return line


def _mend(text: str, file: str) -> tuple[str, list[Problem]]:
    """Find typing errors that YAML reports at a distant line or not at all; fix them so that parsing can continue."""
    faults: list[Problem] = []
    lines = text.split("\n")
    for n, line in enumerate(lines):
        for found, allowed, mended in _typing_faults(line):
            faults.append(Problem(file, n + 1, "", found, allowed))
            lines[n] = line = mended
    return "\n".join(lines), faults


def _typing_faults(line: str) -> Iterator[tuple[str, str, str]]:
    if _NOT_TEXT.search(line):
        line = _NOT_TEXT.sub(" ", line)
        yield "有看不见的控制字符", _DELETE, line
    indent = _INDENT.match(line)
    if indent and indent[0].strip(" ") and line.strip() and not line.lstrip().startswith("#"):
        line = " " * len(indent[0].expandtabs(2)) + line[indent.end() :]
        found = "行首用了制表符（Tab）或全角空格"
        yield found, "缩进只用半角空格", line
    if match := _FULL_WIDTH_COLON.match(line):
        line = f"{match[1]}: {line[match.end() :]}"
        found = f"“{match[1].strip(' -')}”后面是全角冒号“：”"
        yield found, "请改成半角冒号加一个空格“: ”", line
    elif match := _TIGHT_COLON.match(line):
        line = f"{match[1]}: {line[match.end() :]}"
        found = f"“{match[1].strip(' -')}:”后面少一个空格"
        yield found, "冒号后面要空一格", line


_DELETE = "请删掉，重新输入这一行"


def _unreadable(text: str, file: str, line: int) -> Problem:
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    above = next(
        (one for one in reversed(lines[: line - 1]) if one.strip(" ") and one.lstrip()[0] != "#"), ""
    )
    return Problem(file, line, "", wrote(written), _advice(written, above))


def _advice(line: str, above: str) -> str:
    value = _BEFORE_VALUE.sub("", line, count=1)
    if value.startswith("{") and line.count("{") > 1:
        return "大括号里面的文字带有 { } 时要加引号，或者分几行写"
    if value.startswith(("@", "`", "%", "&", "*", "!")):
        return f"文字以“{value[0]}”开头时要加引号"
    if re.match(r"""(["']).*\1\s*[^\s#,}\]]""", value):
        return "引号只包住了一部分：整句加引号，或者里面用“”"
    if line.count("{") != line.count("}") or line.count("[") != line.count("]"):
        return "括号要成对"
    if line.count('"') % 2 or line.count("'") % 2:
        return "引号要成对"
    if line.count(": ") > 1:
        return "文字里有“: ”时要加引号，或者改成全角冒号“：”"
    wide = _DASHES if line.lstrip().startswith("-") else _BEFORE_KEY
    here, there = (len(found[0]) if (found := wide.match(one)) else 0 for one in (line, above))
    if here != there and above.rstrip()[-1:] not in (":", "|", ">"):
        here, there = here + 1, there + 1
        return f"没有和上面对齐：这一行从第 {here} 格开始，上一行从第 {there} 格开始。缩进只看空格，同一项里要一样"
    return "这里读不下去了：请看这一行和上一行的缩进、冒号后的空格、引号和括号是否成对"


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _StopError(Exception):
    pass


class _Builder:
    """Parser events → nodes."""

    def __init__(self, file: str, faults: list[Problem]) -> None:
        self._file = file
        self._faults = faults

    def document(self, events: Iterator[Any]) -> Node | None:
        root = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "又出现了“---”", _ONE_DOCUMENT)
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                root = self._node(event, events, 1)
        return None if isinstance(root, Text) and root.empty else root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent) or event.anchor or getattr(event, "tag", None):
            self._stop(event, "用了 YAML 的 &、* 或 ! 写法", _NO_ALIAS)
        if depth > DEEPEST:
            self._stop(event, "一层套一层太深了", _SHALLOW)
        if isinstance(event, yaml.ScalarEvent):
            return Text(event.value, _line(event), quoted=not event.implicit[0])
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, events, depth)
        return self._pairs(event, events, depth)

    def _items(self, start: Any, events: Iterator[Any], depth: int) -> Items:
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._node(event, events, depth + 1))
        return Items(tuple(items), _line(start))

    def _pairs(self, start: Any, events: Iterator[Any], depth: int) -> Pairs:
        pairs = Pairs({}, _line(start))
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Text):
                self._note(key.line, "冒号前面不是一个词", _KEYS)
            elif key.value in pairs.pairs:
                self._repeated(key, pairs.lines[key.value])
            else:
                pairs.pairs[key.value] = value
                pairs.lines[key.value] = key.line
        return pairs

    def _repeated(self, key: Text, first: int) -> None:
        word = shortened(key.value)
        found = f"“{word}”写了两次，前一次在第 {first} 行"
        self._note(key.line, found, "同一处只能写一次，请删掉一个")

    def _note(self, line: int, found: str, allowed: str) -> None:
        self._faults.append(Problem(self._file, line, "", found, allowed))

    def _stop(self, event: Any, found: str, allowed: str) -> None:
        self._note(_line(event), found, allowed)
        raise _StopError


_ONE_DOCUMENT = "一个文件只写一张作息表，请删掉这一行"
_NO_ALIAS = "这个文件里不用它们；文字以这些符号开头时请加引号"
_SHALLOW = f"最多 {DEEPEST} 层"
_KEYS = "冒号前面写一个名称，例如“at”"
