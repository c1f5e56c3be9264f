"""Edit the timetable's text by operations on its values; pure.

Each operation changes only the lines of its place. The result is read again and compared with the intended values
and with the comments from before: an operation with any other effect is refused, and the person uses the text view.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Literal

from controller.timetable import splice
from controller.timetable.schema import Group
from controller.timetable.sections import FILE
from controller.timetable.source_map import Place, UnreadableError, Value, comments, line_start, locate, plain
from controller.timetable.splice import SpliceError
from controller.timetable.yaml_writer import tidy

MOST_OPERATIONS = 60
MOST_TEXT = 400
"""Characters of one value: more than any field accepts, so that `load` names the limit."""
MOST_ITEMS = 400
MOST_STEPS = 6
DEEPEST = 5
Step = str | int
Path = tuple[Step, ...]
_UNKNOWN: Any = object()


class EditRefused(Exception):  # noqa: N818  a refused edit is not an error of the program
    """An operation that is not carried out; `path` is its place, `stale`: somebody else has changed that place."""

    def __init__(self, sentence: str, path: Path = (), *, stale: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.path, self.stale = sentence, path, stale


@dataclass(frozen=True, slots=True)
class Operation:
    """`set`: the value at `path` (None removes it); `insert`: a list's item; `move`: a list's item to number `to`.

    `rename`: the last key of `path` becomes `value`; the value below it stays.

    `was`: the value that the editor saw at that place (for `insert`: None). An item of a list that has moved since
    is found by it; a place with another value is refused.
    """

    kind: Literal["set", "insert", "move", "rename"]
    path: Path
    value: Value = None
    was: Value = _UNKNOWN
    to: int = 0


def operations_of(written: object) -> tuple[Operation, ...]:
    """Return the operations of a request. Raises EditRefused for anything that is none, or too large."""
    if not isinstance(written, list) or not 0 < len(written) <= MOST_OPERATIONS:
        raise EditRefused(f"一次可以改 1 到 {MOST_OPERATIONS} 处。")
    return tuple(_operation(one) for one in written)


def _operation(one: object) -> Operation:
    if not isinstance(one, dict) or one.get("op") not in ("set", "insert", "move", "rename"):
        raise EditRefused("看不懂这处改动：op 可以写 set、insert、move、rename。")
    path = one.get("path")
    if not isinstance(path, list) or not 0 < len(path) <= MOST_STEPS or not all(map(_is_step, path)):
        raise EditRefused(f"看不懂这处改动：path 是 1 到 {MOST_STEPS} 个名称或序号。")
    _bounded(one.get("value"), 0)
    _bounded(one.get("was"), 0)
    to = one.get("to", 0)
    if not isinstance(to, int) or isinstance(to, bool) or not 0 <= to < MOST_ITEMS:
        raise EditRefused("看不懂这处改动：to 是一个序号。")
    was = tidy(one["was"]) if "was" in one else _UNKNOWN
    value = tidy(one.get("value"))
    if one["op"] == "rename" and not (isinstance(value, str) and value and isinstance(path[-1], str)):
        raise EditRefused("看不懂这处改动：rename 的 path 以名称结尾，value 是新的名称。")
    return Operation(one["op"], tuple(path), value, was, to)


def _is_step(step: object) -> bool:
    if isinstance(step, bool):
        return False
    return 0 <= step < MOST_ITEMS if isinstance(step, int) else isinstance(step, str) and 0 < len(step) <= 80


def _bounded(value: object, depth: int) -> None:
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise EditRefused(f"一段文字有 {len(value)} 个字，最多 {MOST_TEXT} 个。")
    if isinstance(value, dict | list):
        if depth >= DEEPEST or len(value) > MOST_ITEMS:
            raise EditRefused(f"内容太多：最多 {MOST_ITEMS} 项、{DEEPEST} 层。")
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            _bounded(inner, depth + 1)


# --- applying


def values_of(text: str) -> dict[str, Value] | None:
    """Return the file's values as written; None when its syntax has faults."""
    try:
        return dict(plain(locate(_opened(text)[0])))
    except (UnreadableError, EditRefused):
        return None


def apply(text: str, operations: Iterable[Operation]) -> str:
    """Return the text with all operations carried out. Raises EditRefused."""
    body, ends, mark = _opened(text)
    for operation in operations:
        body = _applied(body, operation)
    return mark + (body.replace("\n", "\r\n") if ends == "\r\n" else body)


def _opened(text: str) -> tuple[str, str, str]:
    """Return the text with plain line breaks, its kind of line break, and its byte order mark."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    ends = "\r\n" if "\r\n" in body else "\n"
    if body.count("\r") != body.count("\r\n") or (ends == "\r\n" and body.count("\n") != body.count("\r\n")):
        raise EditRefused("文件里的换行有几种写法，表格改不了。请到“文字”里保存一次，以后就可以了。")
    return body.replace("\r\n", "\n"), ends, mark


def _applied(text: str, operation: Operation) -> str:
    try:
        root = locate(text)
    except UnreadableError:
        raise EditRefused("作息表里有读不下去的地方，表格改不了。请先到“文字”里改好。") from None
    before = plain(root)
    operation = _resolved(operation, before)
    if operation.kind == "rename":
        _check_new_name(before, operation)
    try:
        result = _spliced(text, operation)
        after = locate(result)
    except (SpliceError, UnreadableError, IndexError):
        raise EditRefused(_ODD, operation.path) from None
    _check(text, root, result, after, _intended(before, operation), operation.path)
    return result


_ODD = "文件里这一处的写法比较特别，表格改不了，没有动它。请到“文字”里改。"


def _check_new_name(values: Value, operation: Operation) -> None:
    *above, last = operation.path
    group = _at(values, tuple(above))
    if not isinstance(group, dict) or last not in group:
        raise EditRefused("这一处刚被改过或删掉了，请看新的内容再改。", operation.path, stale=True)
    if operation.value in group and operation.value != last:
        raise EditRefused(f"已经有一个叫“{operation.value}”的，请换一个名称。", operation.path)


def _check(text: str, root: Place, result: str, after: Place, intended: Value, path: Path) -> None:
    """Refuse a result with other values than intended, or without a comment from before."""
    kept = Counter(text[a:b].rstrip() for a, b in comments(text, root))
    there = Counter(result[a:b].rstrip() for a, b in comments(result, after))
    if _normal(plain(after)) != _normal(intended) or kept - there:
        raise EditRefused(_ODD, path)


def _normal(value: Value) -> Value:
    """Return the value without empty groups, lists and texts, which the timetable reads like missing ones."""
    if isinstance(value, dict):
        return {
            key: one for key, one in ((k, _normal(v)) for k, v in value.items()) if one is not None
        } or None
    if isinstance(value, list):
        return [one for one in map(_normal, value) if one is not None] or None
    return value if value is None or value.strip() else None


def _resolved(operation: Operation, values: Value) -> Operation:
    """Return the operation with other spellings of keys, and for an item that has moved, its present number."""
    path = _as_written(operation.path, values)
    operation = replace(operation, path=path)
    if operation.was is _UNKNOWN or operation.kind == "insert":
        return operation
    if _normal(_at(values, path)) == _normal(operation.was):
        return operation
    items = _at(values, path[:-1])
    if isinstance(path[-1], int) and isinstance(items, list):
        same = [n for n, item in enumerate(items) if _normal(item) == _normal(operation.was)]
        if len(same) == 1:
            return replace(operation, path=(*path[:-1], same[0]))
    raise EditRefused("这一处刚被改过或删掉了，请看新的内容再改。", path, stale=True)


def _as_written(path: Path, values: Value) -> Path:
    group: Any = FILE
    steps: list[Step] = []
    for step in path:
        others = [k for k, meant in group.also.items() if meant == step] if isinstance(group, Group) else []
        if isinstance(values, dict) and step not in values:
            step = next((other for other in others if other in values), step)
        known = group.fields.get(str(step)) if isinstance(group, Group) else None
        group = getattr(known, "reader", None)
        values = _at(values, (step,))
        steps.append(step)
    return tuple(steps)


def _at(values: Value, path: Path) -> Value:
    for step in path:
        if isinstance(values, dict) and isinstance(step, str):
            values = values.get(step)
        elif isinstance(values, list) and isinstance(step, int) and step < len(values):
            values = values[step]
        else:
            return None
    return values


def _intended(values: Value, operation: Operation) -> Value:
    """Return the values after the operation: the definition of what each operation means."""
    return _with(values, operation.path, operation)


def _with(values: Value, path: Path, operation: Operation) -> Value:
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(values or []) if isinstance(values, list | None) else []
        if rest:
            items[step] = _with(items[step], rest, operation)
        elif operation.kind == "insert":
            items.insert(step, operation.value)
        elif operation.kind == "move":
            items.insert(operation.to, items.pop(step))
        else:
            items[step] = operation.value
        return items
    pairs = dict(values) if isinstance(values, dict) else {}
    if operation.kind == "rename" and not rest:
        return {operation.value if key == step else key: one for key, one in pairs.items()}
    pairs[step] = _with(pairs.get(step), rest, operation) if rest else operation.value
    return pairs


# --- the text


def _spliced(text: str, operation: Operation) -> str:
    *above, last = operation.path
    if operation.kind == "set":
        return _set(text, operation.path, operation.value)
    root = locate(text)
    place = _find(root, above)
    if operation.kind == "rename":
        return _renamed(text, place, str(last), str(operation.value))
    if place is None or place.kind != "list" or not isinstance(last, int):
        if operation.kind == "insert" and (place is None or place.empty) and last == 0:
            return _set(text, tuple(above), [operation.value])
        raise SpliceError
    if operation.kind == "move":
        if max(last, operation.to) >= len(place.items):
            raise SpliceError
        return splice.move_item(text, place, last, operation.to)
    if last > len(place.items):
        raise SpliceError
    return splice.insert_item(text, place, last, operation.value)


def _renamed(text: str, group: Place | None, old: str, new: str) -> str:
    number = group.find(old) if group is not None else None
    if group is None or number is None:
        raise SpliceError
    return splice.rename_key(text, group, number, new)


def _find(place: Place | None, path: Sequence[Step]) -> Place | None:
    for step in path:
        if place is None:
            return None
        if isinstance(step, int):
            fits = place.kind == "list" and step < len(place.items)
            place = place.items[step] if fits else None
        else:
            number = place.find(step) if place.kind == "group" else None
            place = place.items[number] if number is not None else None
    return place


def _set(text: str, path: Path, value: Value) -> str:
    """Set, replace or (None) remove the value at `path`, changing as few lines as possible."""
    root = locate(text)
    place, parent = _find(root, path), _find(root, path[:-1])
    if place is not None and _normal(plain(place)) == _normal(value):
        return text
    if place is None:
        return text if value is None else _added(text, root, path, value)
    if value is None and parent is not None:
        return _removed(text, root, parent, path[-1])
    if place.kind == "group" and isinstance(value, dict):
        return _set_group(text, path, value)
    if place.kind == "list" and isinstance(value, list):
        return _set_list(text, path, plain(place), value)
    inside = any((_find(root, path[:n]) or root).flow for n in range(len(path)))
    return splice.replace(text, root, place, value, indent=_column(text, parent, path[-1]), flow=inside)


def _column(text: str, parent: Place | None, step: Step) -> int:
    """Return the column of a key, or of an item."""
    if parent is None or not parent.items:
        return 0
    number = step if isinstance(step, int) else parent.find(step)
    at = (parent.keys or parent.items)[number or 0].start
    return at - line_start(text, at)


def _added(text: str, root: Place, path: Path, value: Value) -> str:
    """Add a missing key; missing groups above it are added with it."""
    above = path[:-1]
    place = _find(root, above)
    if place is None or place.empty:
        if isinstance(path[-1], int) or not above:
            raise SpliceError
        return _set(text, above, {path[-1]: value})
    if place.kind != "group" or isinstance(path[-1], int):
        raise SpliceError
    return splice.insert_key(text, place, path[-1], value, _order(path[:-1]))


def _order(path: Path) -> tuple[str, ...]:
    """Return the keys of the group at `path` in their usual order."""
    reader: Any = FILE
    for step in path:
        if isinstance(reader, Group) and step in reader.fields:
            reader = reader.fields[str(step)].reader
        else:
            reader = getattr(reader, "reader" if isinstance(step, int) else "value", None)
    return tuple(reader.fields) if isinstance(reader, Group) else ()


def _removed(text: str, root: Place, parent: Place, step: Step) -> str:
    if isinstance(step, int):
        return splice.remove_item(text, root, parent, step)
    number = parent.find(step)
    return text if number is None else splice.remove_key(text, root, parent, number)


def _set_group(text: str, path: Path, value: dict[str, Value]) -> str:
    for key, one in value.items():
        text = _set(text, (*path, key), one)
    group = _find(locate(text), path)
    for key in [known.value for known in group.keys if known.value not in value] if group else []:
        text = _set(text, (*path, key), None)
    return text


def _set_list(text: str, path: Path, old: list[Value], new: list[Value]) -> str:
    """Change the items that differ; from the end, so that the numbers of the others stay."""
    marks = [[json.dumps(_normal(item), sort_keys=True) for item in items] for items in (old, new)]
    for _, a, b, c, d in reversed(SequenceMatcher(None, marks[0], marks[1], autojunk=False).get_opcodes()):
        both = min(b - a, d - c)
        for n in range(c + both, d):
            text = _spliced(text, Operation("insert", (*path, a + n - c), new[n]))
        for n in reversed(range(a + both, b)):
            text = _set(text, (*path, n), None)
        for n in range(both):
            text = _set(text, (*path, a + n), new[c + n])
    return text
