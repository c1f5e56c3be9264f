"""The timetable file → a `Rhythm`, or all its faults at once.

`python -m controller.rhythm.config` prints the file's JSON Schema.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.rhythm.checks import check, check_day
from controller.rhythm.faults import Fault, Faulty, Said
from controller.rhythm.layout import FILE
from controller.rhythm.layout_day import CUE, SPAN
from controller.rhythm.model import Rhythm
from controller.rhythm.never import lost_texts
from controller.rhythm.shape import BadError, Group, Where
from controller.rhythm.yaml_nodes import Items, Node, Pairs, compose

__all__ = ["Fault", "Faulty", "json_schema", "load", "parse"]

LARGEST = 256 * 1024  # bytes; the shipped file has about 10,000


def load(path: Path) -> Rhythm:
    """Read and check the file. Raises Faulty with every fault found, also when there is no file to read."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unusable(path.name, Said("找不到这个文件", "there is no such file"), _PUT_IT_THERE) from None
    except OSError:
        raise _unusable(
            path.name, Said("打不开这个文件", "the file cannot be opened"), _LET_IT_READ
        ) from None
    if len(data) > LARGEST:
        raise _unusable(path.name, Said("文件太大", "the file is too large"), _SMALLER)
    return parse(_decoded(data, path.name), path.name)


def parse(text: str, file: str = "rhythm.yaml") -> Rhythm:
    """The timetable this text describes; pure. Raises Faulty with every fault found."""
    if len(text) > LARGEST:
        raise _unusable(file, Said("文件太大", "the file is too large"), _SMALLER)
    root, faults = compose(text.removeprefix("\ufeff"), file)
    if root is None:
        raise Faulty(faults or [Fault(file, 1, "", Said("文件是空的", "the file is empty"), _BEGIN)])
    where = Where(file, faults)
    try:
        rhythm: Rhythm = FILE.read(root, where)
    except BadError:
        raise Faulty([*faults, *_day_faults(root, file)]) from None
    faults.extend(check(rhythm, root, file))
    if faults:
        raise Faulty(faults)
    return replace(rhythm, remarks=tuple(lost_texts(text)))


def _day_faults(root: Node, file: str) -> Iterator[Fault]:
    """Overlaps among those spans and cues that can be read in a file with other faults."""
    spans, cues = (list(_readable(root, key, group)) for key, group in (("rhythm", SPAN), ("cues", CUE)))
    return check_day(spans, cues, file)


def _readable(root: Node, key: str, group: Group) -> Iterator[Any]:
    items = root.pairs.get(key) if isinstance(root, Pairs) else None
    for item in items.items if isinstance(items, Items) else ():
        with suppress(BadError):
            yield group.read(item, Where("", []))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors; descriptions in Chinese."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "战鼓作息表 rhythm.yaml"}
    return head | FILE.schema()


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = Said("这里的字符不是 UTF-8 编码", "these characters are not UTF-8")
        allowed = Said("请在编辑器里“另存为”，编码选 UTF-8", 'Save the file again with the encoding "UTF-8"')
        raise Faulty([Fault(file, line, "", found, allowed)]) from None


def _unusable(file: str, found: Said, allowed: Said) -> Faulty:
    return Faulty([Fault(file, 0, "", found, allowed)])


_PUT_IT_THERE = Said("请把作息表放到 config 文件夹里", "Put the timetable into the folder config")
_LET_IT_READ = Said("请让本程序有权读取它", "Give this program leave to read it")
_SMALLER = Said(f"作息表最大 {LARGEST // 1024} KB", f"A timetable has at most {LARGEST // 1024} KB")
_BEGIN = Said(
    "请从“office: 公司名称”和“rhythm:”写起，可以照抄自带的作息表",
    'Begin with "office: NAME" and "rhythm:"; the timetable that ships is a model',
)

if __name__ == "__main__":
    json.dump(json_schema(), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
