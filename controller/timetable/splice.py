"""Change one place of YAML text: each function returns the whole text with only the lines of that place changed.

Comments stay: a removed line leaves its comment behind as a line. `edit.py` checks each result against the intended
values; a spelling that these functions do not know is refused there, never written wrongly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from controller.timetable.source_map import Place, Value, comments, line_end, line_start
from controller.timetable.yaml_writer import beside, inline, item_lines, scalar

_DASH = re.compile(r"(?:^|\s)(-\s+)$")


class SpliceError(ValueError):
    """The text is spelled in a way that these functions cannot change."""


def replace(text: str, root: Place, place: Place, value: Value, *, indent: int, flow: bool) -> str:
    """Replace a value. `indent`: the column of its key; `flow`: it is inside braces or brackets."""
    if place.kind == "text" and isinstance(value, str):
        return _replace_scalar(text, place, value, flow)
    if place.kind == "text" or place.flow:
        if _has_comment(text, root, place.start, place.end):
            raise SpliceError
        after = inline(value) if flow else beside(value, indent).removeprefix(" ")
        if text[: place.start].endswith((":", "-")) and not after.startswith("\n"):
            after = " " + after
        start = len(text[: place.start].rstrip(" ")) if after.startswith("\n") else place.start
        return _put(text, start, place.end, after)
    return _replace_block(text, root, place, value, indent)


def _replace_scalar(text: str, place: Place, value: str, flow: bool) -> str:
    if place.style in ("|", ">") and "#" in text[place.start : line_end(text, place.start)]:
        raise SpliceError  # a comment behind the mark
    written = scalar(value, flow=flow, style=place.style)
    if place.start == place.end and text[: place.start].endswith((":", "-")):
        written = " " + written
    return _put(text, place.start, place.end, written)


def _put(text: str, start: int, end: int, written: str) -> str:
    """Replace a range; a comment behind it stays in its column, as far as there are spaces."""
    rest = text[end:]
    if "\n" not in written + text[start:end] and (spaces := re.match(r" {2,}(?=#)", rest)):
        grown = _columns(written) - _columns(text[start:end])
        rest = " " * max(1, len(spaces[0]) - grown) + rest[spaces.end() :]
    return text[:start] + written + rest


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _replace_block(text: str, root: Place, place: Place, value: Value, indent: int) -> str:
    """Replace the lines of a list or group by a value beside or below its key."""
    first = line_start(text, place.start)
    colon = text.rfind(":", 0, first)
    if colon < 0 or text[line_start(text, place.start) : place.start].strip(" -"):
        raise SpliceError
    if text[colon + 1 : first].split("#")[0].strip():
        raise SpliceError
    without = cut_lines(text, root, place.start, place.end, indent + 2)
    return without[: colon + 1] + beside(value, indent) + without[colon + 1 :]


def insert_key(text: str, group: Place, key: str, value: Value, order: Sequence[str]) -> str:
    """Insert a key behind the last one that precedes it in `order`."""
    before = [n for n, known in enumerate(group.keys) if _rank(known.value, order) <= _rank(key, order)]
    behind = before[-1] if before else None
    if group.flow:
        pair = f"{scalar(key, flow=True)}: {inline(value)}"
        return _into_flow(text, group, behind, pair, [known.start for known in group.keys])
    first = group.keys[0].start
    indent = first - line_start(text, first)
    pair = f"{scalar(key)}:{beside(value, indent)}"
    if behind is not None:
        return _below(text, group.items[behind].end, " " * indent + pair)
    return text[:first] + pair + "\n" + " " * indent + text[first:]


def _rank(key: str, order: Sequence[str]) -> int:
    return order.index(key) if key in order else len(order)


def _into_flow(text: str, place: Place, behind: int | None, written: str, starts: list[int]) -> str:
    if behind is not None:
        end = place.items[behind].end
        return _put(text, end, place.end, f", {written}{text[end : place.end]}")
    at, comma = (starts[0], ", ") if starts else (place.start + 1, "")
    return _put(text, at, place.end, written + comma + text[at : place.end])


def _below(text: str, at: int, lines: str) -> str:
    """Insert lines below the line of a position."""
    end = line_end(text, max(at - 1, 0))
    return f"{text[:end]}\n{lines}{text[end:] or chr(10)}"


def rename_key(text: str, group: Place, number: int, name: str) -> str:
    """Replace the name of a key."""
    key = group.keys[number]
    return _put(text, key.start, key.end, scalar(name, flow=group.flow))


def remove_key(text: str, root: Place, group: Place, number: int) -> str:
    """Remove a key with its value."""
    key, item = group.keys[number], group.items[number]
    if group.flow:
        return _out_of_flow(text, root, group, number, [known.start for known in group.keys])
    begins = line_start(text, key.start)
    if not text[begins : key.start].strip():
        return cut_lines(text, root, key.start, item.end, key.start - begins)
    if number + 1 == len(group.keys):
        raise SpliceError  # the only key behind a dash
    following = group.keys[number + 1].start
    if _has_comment(text, root, key.start, following):
        raise SpliceError
    return text[: key.start] + text[following:]


def _out_of_flow(text: str, root: Place, place: Place, number: int, starts: list[int]) -> str:
    begins, ends = starts[number], place.items[number].end
    if number + 1 < len(starts):
        ends = starts[number + 1]
    elif number > 0:
        begins = place.items[number - 1].end
    if _has_comment(text, root, begins, ends):
        raise SpliceError
    return _put(text, begins, place.end, text[ends : place.end])


def insert_item(text: str, place: Place, number: int, value: Value) -> str:
    """Insert an item into a list that has at least one, or into brackets."""
    if place.flow:
        starts = [item.start for item in place.items]
        behind = number - 1 if number else None
        return _into_flow(text, place, behind, inline(value), starts)
    dash, gap = _dash(text, place.items[0])
    indent = dash - line_start(text, dash)
    like = place.items[max(number - 1, 0)]
    one_line = like.kind != "group" or like.flow
    new = "\n".join(" " * indent + line for line in item_lines(value, gap, one_line=one_line))
    space = "\n" if _spaced(text, place) else ""
    if number:
        return _below(text, place.items[number - 1].end, space + new)
    at = line_start(text, dash)
    return f"{text[:at]}{new}\n{space}{text[at:]}"


def remove_item(text: str, root: Place, place: Place, number: int) -> str:
    """Remove an item of a list."""
    if place.flow:
        return _out_of_flow(text, root, place, number, [item.start for item in place.items])
    dash, _ = _dash(text, place.items[number])
    begins = line_start(text, dash)
    if text[begins:dash].strip():
        raise SpliceError
    return cut_lines(text, root, dash, place.items[number].end, dash - begins)


def move_item(text: str, place: Place, number: int, to: int) -> str:
    """Move an item of a list; the items exchange their lines, the lines between them stay."""
    if place.flow:
        slots = [(item.start, item.end) for item in place.items]
    else:
        slots = [(_dash(text, item)[0], line_end(text, item.end - 1)) for item in place.items]
    pieces = [text[start:end] for start, end in slots]
    pieces.insert(to, pieces.pop(number))
    for (start, end), piece in sorted(zip(slots, pieces, strict=True), reverse=True):
        text = text[:start] + piece + text[end:]
    return text


def _dash(text: str, item: Place) -> tuple[int, int]:
    """Return the position of an item's dash, and the columns from it to the item."""
    match = _DASH.search(text[line_start(text, item.start) : item.start])
    if match is None:
        raise SpliceError
    gap = len(match[1])
    return item.start - gap, gap


def _spaced(text: str, place: Place) -> bool:
    """Return whether an empty line separates the items."""
    if len(place.items) == 1:
        return place.items[0].kind == "group" and not place.items[0].flow
    between = text[place.items[0].end : _dash(text, place.items[1])[0]]
    return between.count("\n") > 1 and "\n\n" in re.sub(r"[ \t]+(?=\n)", "", between)


def cut_lines(text: str, root: Place, start: int, end: int, indent: int) -> str:
    """Remove the lines from position to position; their comments stay, each as a line at column `indent`."""
    begins, ends = line_start(text, start), min(line_end(text, max(end - 1, start)) + 1, len(text))
    left = ""
    for mark, over in comments(text, root):
        if begins <= mark < ends:
            whole = not text[line_start(text, mark) : mark].strip()
            left += text[line_start(text, mark) : over] if whole else " " * indent + text[mark:over]
            left += "\n"
    if not left and _is_blank_before(text, begins) and (ends == len(text) or text[ends : ends + 1] == "\n"):
        begins = line_start(text, begins - 1)  # one of the two empty lines around it
    return text[:begins] + left + text[ends:]


def _is_blank_before(text: str, begins: int) -> bool:
    return begins > 0 and not text[line_start(text, begins - 1) : begins].strip()


def _has_comment(text: str, root: Place, start: int, end: int) -> bool:
    return any(start <= mark < end for mark, _ in comments(text, root))
