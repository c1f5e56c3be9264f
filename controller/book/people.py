"""A list of people as offices keep it: a CSV file from a spreadsheet, in whatever encoding that wrote."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from controller.book.model import Refused

LONGEST_NAME: Final = 40
MOST_PEOPLE: Final = 2000
LARGEST_FILE: Final = 1_000_000
_MOST_FAULTS: Final = 50

_COLUMNS: Final = {
    "team": "team", "团队": "team", "小组": "team", "队": "team", "部门": "team",
    "person": "name", "name": "name", "姓名": "name", "名字": "name",
    "leader": "leader", "组长": "leader", "队长": "leader", "负责人": "leader",
    "say_as": "say_as", "say as": "say_as", "读音": "say_as", "念作": "say_as", "拼音": "say_as",
}  # fmt: skip
_YES: Final = {"1", "yes", "y", "true", "x", "是", "对", "√", "✓", "组长", "队长", "leader"}
_NO: Final = {"", "0", "no", "n", "false", "否", "不是", "-"}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list. `namesake`: somebody else on the list has the same name in another team."""

    team: str
    name: str
    leader: bool = False
    say_as: str | None = None
    namesake: bool = False


def read_people(data: bytes) -> tuple[PersonRow, ...]:
    """The people of a CSV file with the columns team, person, leader, say_as (or 团队 姓名 组长 读音).

    Any order of columns; comma, semicolon or tab; UTF-8 with or without BOM, or GB18030. Raises `Refused`
    with one line per fault, each with its line number, so that the file can be mended in one go.
    """
    if len(data) > LARGEST_FILE:
        raise Refused(f"名单文件太大了（{len(data) // 1000} KB），最多 1 MB。", field="file")
    lines = _lines(_decoded(data))
    if not lines:
        raise Refused("名单是空的。第一行应当是：团队,姓名,组长,读音。", field="file")
    columns = _header(lines[0][1])
    people: list[PersonRow] = []
    faults: list[str] = []
    for number, cells in lines[1:]:
        try:
            people.append(_person(dict(zip(columns, cells, strict=False))))
        except Refused as refused:
            faults.append(f"第 {number} 行：{refused}")
    faults += _repeated(people)
    if len(people) > MOST_PEOPLE:
        faults.append(f"名单有 {len(people)} 人，最多 {MOST_PEOPLE} 人。")
    if faults:
        more = [f"……还有 {len(faults) - _MOST_FAULTS} 处。"] if len(faults) > _MOST_FAULTS else []
        raise Refused(
            "\n".join(["名单没有导入，请改正后再试：", *faults[:_MOST_FAULTS], *more]), field="file"
        )
    return _namesakes(people)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("看不懂名单文件的编码。请在表格软件里另存为“CSV UTF-8”。", field="file")


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers in the file."""
    head = text.lstrip().split("\n", 1)[0].replace("，", ",")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text.replace("\0", "�"), newline=""), delimiter=delimiter)
    try:
        found = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as broken:
        raise Refused(f"名单第 {reader.line_num} 行读不出来，请检查引号。", field="file") from broken
    return [(number, cells) for number, cells in found if any(cells)]


def _header(cells: list[str]) -> list[str]:
    columns = [_COLUMNS.get(cell.casefold(), "") for cell in cells]
    missing = [label for key, label in (("team", "团队"), ("name", "姓名")) if key not in columns]
    if missing:
        raise Refused(
            f"名单第 1 行缺少“{'”和“'.join(missing)}”一列，读到的是“{'、'.join(cells)[:80]}”。"
            "第一行应当是：团队,姓名,组长,读音（或 team,person,leader,say_as）。",
            field="file",
        )
    return columns


def _person(cells: Mapping[str, str]) -> PersonRow:
    leader = cells.get("leader", "").casefold()
    if leader not in _YES | _NO:
        raise Refused(f"组长一列是“{leader[:20]}”，应当是“是”或留空。")
    return PersonRow(
        team=_name(cells.get("team", ""), "团队"),
        name=_name(cells.get("name", ""), "姓名"),
        leader=leader in _YES,
        say_as=_within(cells.get("say_as", ""), "读音", 2 * LONGEST_NAME) or None,
    )


def _name(text: str, what: str) -> str:
    tidy = " ".join(text.split())
    if not tidy:
        raise Refused(f"{what}是空的。")
    return _within(tidy, what, LONGEST_NAME)


def _within(text: str, what: str, most: int) -> str:
    if len(text) > most:
        raise Refused(f"{what}“{text[:12]}…”有 {len(text)} 个字，最多 {most} 个。")
    if not text.isprintable() or "�" in text:
        raise Refused(f"{what}“{text[:12]}”里有不能显示的字符。")
    return text


def _repeated(people: list[PersonRow]) -> list[str]:
    times = Counter((row.team, row.name) for row in people)
    return [f"{team}的{name}出现了 {n} 次，请只留一行。" for (team, name), n in times.items() if n > 1]


def _namesakes(people: list[PersonRow]) -> tuple[PersonRow, ...]:
    times = Counter(row.name for row in people)
    return tuple(replace(row, namesake=times[row.name] > 1) for row in people)
