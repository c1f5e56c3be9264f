"""Import lists of people from tables with titles, totals and irregular spaces; `text_tables` reads the files."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from controller.names import HAN, tidy_name
from controller.sales.email_address import read_email
from controller.sales.model import LONGEST_NAME, PersonRow, Refused
from controller.sales.people_dates import read_birthday, read_joined
from controller.sales.text_tables import LOOKED_AT, Line, lost_results, read

MOST_PEOPLE: Final = 5000
LARGEST_FILE: Final = 1_000_000
_MOST_FAULTS: Final = 50
_HOW: Final = "应当是：团队,姓名,组长,读音（或 team,person,leader,say_as）"
_APOSTROPHE: Final = re.compile(r"'+[=+\-@]")

# When two columns have the same meaning, the earlier word in this list wins: 小组 is more specific than 部门.
_HEADINGS: Final = {
    "team": "team 团队 小组 战队 队伍 队 组 组别 业务组 销售组 团队名称 小组名称 所属团队 所属小组 所在团队"
    " 所在小组 group 部门 所属部门 所在部门 归属部门 部门名称 department dept",
    "name": "person name 姓名 员工姓名 销售姓名 人员姓名 成员姓名 名字 员工 员工名称 人员 成员 队员 组员"
    " 销售 销售人员 销售员 employee fullname",
    "leader": "leader 组长 队长 是否组长 是否队长 负责人 是否负责人 岗位 职务 职位 职级 角色 title position role",
    "say_as": "say_as sayas 读音 念作 念法 拼音 姓名拼音 发音 注音 pinyin",
    "birthday": "birthday 生日 出生日期 出生年月日 阳历生日 公历生日 员工生日 dateofbirth dob",
    "email": "email 邮箱 电子邮箱 电子邮件 邮件 邮箱地址 mail e-mail",
    "status": "status 状态 在职状态 员工状态 人员状态 在职情况 是否在职 用工状态 在职",
    "joined": "joined 入职日期 入职时间 入职日 入司日期 入司时间 到岗日期 start_date startdate hiredate joindate",
}  # fmt: skip
_READ: Final = {
    "team": "团队", "name": "姓名", "leader": "组长", "say_as": "读音", "birthday": "生日", "email": "邮箱",
    "status": "状态", "joined": "入职日期",
}  # fmt: skip
_COLUMNS: Final = {word: key for key, words in _HEADINGS.items() for word in words.split()}
_RANK: Final = {word: n for n, word in enumerate(_COLUMNS)}
_POSITIONS: Final = {"岗位", "职务", "职位", "职级", "角色", "title", "position", "role"}
_LEADERS: Final = {"组长", "队长", "负责人", "小组长", "团队长", "主管", "经理", "leader"}
_YES: Final = {"1", "yes", "y", "true", "x", "是", "对", "有", "√", "✓", "✔", "v"} | _LEADERS
_NO: Final = {
    *("", "0", "no", "n", "false", "否", "不是", "非", "无", "-", "—", "/", "\\", "×", "✗", "✘"),
    *("组员", "队员", "成员", "员工", "普通", "普通员工", "销售", "销售员", "副组长", "实习", "实习生"),
}
_SUMS: Final = re.compile(
    r"(?:共\s*\d+\s*[人名位]|合\s*计|总\s*计|小\s*计|共\s*计|总和|汇总|总人数|人数|total|subtotal|sum)"
    r"[:：]?(?:[\d\s,.]*[人名位]?)?",
    re.IGNORECASE,
)
_NOTES: Final = re.compile(
    r"(?:备注|注|说明|填表说明|制表人?|制表日期|审核人?|填表人?|打印日期|统计日期)[:：]"
    r"|(?:备注|说明|填表说明|制表人|制表日期|审核人|填表人|打印日期|统计日期)$"
)
_IN_BRACKETS: Final = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_NAME_PARTS: Final = re.compile(r"[、；;\n，,]+")
_MARKED: Final = re.compile(r"(?P<name>.+?)[(（\[【](?P<mark>[^()（）\[\]【】]+)[)）\]】]")
_GONE: Final = {
    "离职",
    "已离职",
    "停用",
    "辞职",
    "已辞职",
    "不在职",
    "已离开",
    "退休",
    "开除",
    "left",
    "resigned",
}
_ASKS: Final = {"是否在职", "在职"}  # headings that are answered by yes or no
_TWO_PEOPLE: Final = re.compile(rf"[{HAN}]{{2,4}}(?:[ \u00a0\u3000]+[{HAN}]{{2,4}})+")
_DOUBLE_SURNAMES: Final = (
    "欧阳 上官 司马 司徒 诸葛 东方 皇甫 尉迟 公孙 令狐 慕容 长孙 宇文 夏侯 端木 南宫 独孤 轩辕 澹台 淳于 单于"
)


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line that cannot be imported, and why. `text`: its cells, for people."""

    line: int
    sentence: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The good lines of a list, the faulty ones, and sentences about lines that were not read literally."""

    rows: tuple[PersonRow, ...]
    faults: tuple[LineFault, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeopleList:
    """An imported list. `notes`: sentences about lines that were not read literally."""

    rows: tuple[PersonRow, ...]
    notes: tuple[str, ...] = ()


def _any_reading(name: str, say_as: str) -> None:
    """Accept every reading."""


def read_list(data: bytes, check: Callable[[str, str], object] = _any_reading) -> PeopleList:
    """Read the people of a CSV file with the columns team, person, leader, say_as (or 团队 姓名 组长 读音).

    Columns may have any sequence; titles above and sums below are skipped; see `read` for file formats. `check` raises
    ValueError with a sentence for a reading that does not fit its name. Raises `Refused` with one line per
    problem, each with its line number, so that all can be corrected together.
    """
    reviewed = review_list(lines_of(data), check)
    if reviewed.faults:
        faults = list(dict.fromkeys(_as_line(fault) for fault in reviewed.faults))
        more = [f"……还有 {len(faults) - _MOST_FAULTS} 处。"] if len(faults) > _MOST_FAULTS else []
        raise Refused(
            "\n".join(["名单没有导入，请改正后再试：", *faults[:_MOST_FAULTS], *more]), field="file"
        )
    return PeopleList(reviewed.rows, reviewed.notes)


def lines_of(data: bytes) -> list[Line]:
    """Return the lines of a text file or of pasted cells. Raises `Refused`."""
    if len(data) > LARGEST_FILE:
        raise Refused(f"名单文件太大了（{len(data) // 1000} KB），最多 1 MB。", field="file")
    return read(data, has_heading)


def has_heading(cells: list[str]) -> bool:
    """Return whether a line has the headings of team and name."""
    return not _missing(_columns(cells))


def review_list(lines: Sequence[Line], check: Callable[[str, str], object] = _any_reading) -> Reviewed:
    """Read all lines, good and faulty ones. Raises `Refused` when there is no heading, nobody, or too many people."""
    if not lines:
        raise Refused(f"名单是空的。第一行{_HOW}。", field="file")
    at, columns = _heading(lines)
    if len(lines) - at - 1 > MOST_PEOPLE + LOOKED_AT:
        raise Refused(f"名单有 {len(lines) - at - 1} 行，最多 {MOST_PEOPLE} 人，请分几次导入。", field="file")
    reading = _Reading(lines, at, columns, check)
    if len(reading.people) > MOST_PEOPLE:
        raise Refused(f"名单有 {len(reading.people)} 人，最多 {MOST_PEOPLE} 人，请分几次导入。", field="file")
    if not reading.people and not reading.faults:
        raise Refused("只有标题行，没有人。", field="file")
    repeated = _repeated(reading.people)
    lost = {fault.line for fault in repeated}
    rows = tuple(row for row in _namesakes(reading.people) if row.line not in lost)
    faults = sorted([*reading.faults, *repeated], key=lambda fault: fault.line)
    return Reviewed(rows, tuple(faults), tuple(reading.notes))


def spanned(lines: Sequence[int]) -> str:
    """Return the numbers of lines in short: 4, 4–12, 4、7、9 等 20."""
    if len(lines) > 1 and lines[-1] - lines[0] == len(lines) - 1:
        return f"{lines[0]}–{lines[-1]}"
    return "、".join(map(str, lines[:3])) + (f" 等 {len(lines)}" if len(lines) > 3 else "")


def _as_line(fault: LineFault) -> str:
    return fault.sentence if not fault.line else f"第 {fault.line} 行：{fault.sentence}"


class _Reading:
    """One pass over the lines: people, problems and notes, in the sequence of the file."""

    def __init__(
        self, lines: Sequence[Line], at: int, columns: list[str], check: Callable[[str, str], object]
    ) -> None:
        self.people: list[PersonRow] = []
        self.faults: list[LineFault] = []
        self.notes: list[str] = []
        self._check = check
        self._columns, self._heading = columns, lines[at][1]
        self._by_position = any(_word(cell) in _POSITIONS for cell in self._heading if _is(cell, "leader"))
        self._team = ""
        self._in_merged: dict[str, list[int]] = {}
        people = [line for line in lines[at + 1 :] if line[1] != self._heading and not _is_sum(line[1])]
        named = [self._cells(cells) for _, cells in people]
        # Merged cells keep their text only in the first line, so in such a list no team is written twice.
        written_teams = Counter(tidy_name(team) for cells in named if (team := cells.get("team", "")))
        self._merged = all(times == 1 for times in written_teams.values())
        self._asks = any(_word(cell) in _ASKS for cell in self._heading if _is(cell, "status"))
        self._names = {tidy_name(cells.get("name", "")) for cells in named}
        for (number, written), cells in zip(people, named, strict=True):
            self._line(number, cells, "，".join(filter(None, written))[:60])
        self.notes += [
            f"第 {spanned(lines)} 行没有写团队，按合并的单元格算进“{team}”。"
            for team, lines in self._in_merged.items()
        ]

    def _cells(self, cells: list[str]) -> dict[str, str]:
        if len([cell for cell in cells if cell]) == 1 and len(self._heading) > 1:
            cells = re.split("[，；]", next(filter(None, cells))) if "，" in "".join(cells) else cells
        pairs = zip(self._columns, cells, strict=False)
        return {key: _unescaped(cell.strip()) for key, cell in pairs if key}

    def _line(self, number: int, cells: Mapping[str, str], written: str) -> None:
        if self._has_left(cells.get("status", "")):
            name, status = cells.get("name", "")[:20], cells["status"][:20]
            self.notes.append(f"第 {number} 行：{name}写着“{status}”，没有导入。")
            return
        try:
            if lost := lost_results(cells, _READ):
                raise Refused(lost)
            team = self._team_of(number, cells.get("team", ""))
            names = _names_of(cells.get("name", ""))
            people = [self._person(team, name, cells, alone=len(names) == 1) for name in names]
            if len(names) > 1:
                if cells.get("say_as") or cells.get("leader", "").casefold() in _YES:
                    raise Refused("一格里有几个人，看不出组长和读音是谁的，请一人一行。")
                self.notes.append(
                    f"第 {number} 行：一格里的 {len(names)} 个人（{'、'.join(names)}）分开记下了。"
                )
            self.people += [replace(person, line=number) for person in people]
        except (Refused, ValueError) as refused:
            self.faults.append(LineFault(number, str(refused), written))

    def _has_left(self, status: str) -> bool:
        word = unicodedata.normalize("NFKC", status).strip().casefold()
        return word in _GONE or (self._asks and word in _NO - {""})

    def _team_of(self, number: int, written: str) -> str:
        """Return the team; an empty cell below a team is part of a merged cell."""
        if not written and self._team and self._merged:
            self._in_merged.setdefault(self._team, []).append(number)
            return self._team
        if not written:
            raise Refused("团队是空的。是合并的单元格就取消合并，每行都写上团队。")
        self._team = _name(written, "团队")
        return self._team

    def _person(self, team: str, written: str, cells: Mapping[str, str], *, alone: bool) -> PersonRow:
        name, leads = _marked(_name(written, "姓名"))
        if not any(char.isalpha() for char in name):
            raise Refused(f"姓名“{name[:20]}”里没有字，请看是不是写错了列。")
        leads = leads or (alone and self._leads(cells.get("leader", ""), name))
        say_as = _within(" ".join(cells.get("say_as", "").split()), "读音", 2 * LONGEST_NAME) if alone else ""
        if say_as:
            self._check(name, say_as)
        birthday = read_birthday(cells.get("birthday", "")) if alone else None
        joined = read_joined(cells.get("joined", "")) if alone else None
        email = read_email(cells.get("email", "")) if alone else None
        keeps = not leads and "leader" not in self._columns
        return PersonRow(
            team,
            name,
            leads,
            say_as or None,
            birthday=birthday,
            joined=joined,
            email=email,
            keeps_leader=keeps,
        )

    def _leads(self, written: str, name: str) -> bool:
        """Return whether the leader column applies to this person: yes or no, a position, or the leader's name."""
        word = unicodedata.normalize("NFKC", written).strip().casefold()
        if word in _YES or word in _NO:
            return word in _YES
        if self._by_position:
            return any(word.endswith(leader) for leader in _LEADERS) and not word.startswith("副")
        if (led_by := tidy_name(written)) in self._names:
            return led_by == name
        raise Refused(f"组长一列是“{written[:20]}”，应当是“是”或留空。")


# ---- the heading


def _word(heading: str) -> str:
    """Remove form marks from a heading: `*姓名（必填）：` is 姓名."""
    plain = _IN_BRACKETS.sub("", tidy_name(heading))
    word = re.sub(r"[*＊★:：\s\ufeff]", "", plain).casefold()
    parts = re.split(r"[/／|、]", word)  # 部门/团队 is 团队 when both mean the same
    meanings = {_COLUMNS.get(part) for part in parts}
    return parts[-1] if len(meanings) == 1 and None not in meanings else word


def _is(heading: str, key: str) -> bool:
    return _COLUMNS.get(_word(heading)) == key


def _columns(cells: list[str]) -> list[str]:
    """Return the key of each column, "" for an unused column or one with the same meaning as a better one."""
    words = [_word(cell) for cell in cells]
    best: dict[str, str] = {}
    for word in sorted((word for word in words if word in _COLUMNS), key=lambda word: _RANK[word]):
        best.setdefault(_COLUMNS[word], word)
    columns: list[str] = []
    for word in words:
        key = _COLUMNS.get(word, "")
        columns.append(key if key and best[key] == word and key not in columns else "")
    return columns


def _missing(columns: Sequence[str]) -> list[str]:
    return [label for key, label in (("team", "团队"), ("name", "姓名")) if key not in columns]


def _heading(lines: Sequence[Line]) -> tuple[int, list[str]]:
    """Return the index of the heading and its columns. Raises Refused with the most similar words."""
    head = [_columns(cells) for _, cells in lines[:LOOKED_AT]]
    for at, columns in enumerate(head):
        if not _missing(columns):
            return at, columns
    at = max(range(len(head)), key=lambda n: len(set(head[n]) - {""}))
    number, cells = lines[at]
    missing = _missing(head[at])
    near = [(cell, label) for label in missing if (cell := _near(label, cells, head[at]))]
    guesses = "".join(f"“{cell[:20]}”是不是“{label}”？" for cell, label in near)
    if len([cell for cell in cells if cell]) == 1 and len(cells[0].split()) > 1:
        guesses = "这一行没有分成几列，各列请用逗号隔开。"
    raise Refused(
        f"名单第 {number} 行缺少“{'、'.join(missing)}”，读到的是“{'、'.join(filter(None, cells))[:80]}”。"
        f"{guesses}标题行{_HOW}。",
        field="file",
    )


def _near(label: str, cells: Sequence[str], columns: Sequence[str]) -> str | None:
    """Return the heading that probably means this column: 姓各, 员工名, 所属团对."""
    key = _COLUMNS[label]
    free = {_word(cell): cell for cell, column in zip(cells, columns, strict=True) if not column and cell}
    known = [word for word, column in _COLUMNS.items() if column == key]
    close = [word for word in free if difflib.get_close_matches(word, known, n=1, cutoff=0.5)]
    return free[close[0]] if close else None


# ---- the cells


def _unescaped(cell: str) -> str:
    """Remove the apostrophe with which exports keep =1+1 from being a formula."""
    return cell[1:] if _APOSTROPHE.match(cell) else cell


def _is_sum(cells: Sequence[str]) -> bool:
    """Return whether a line is a sum or a remark below the list, not a person."""
    first, *others = filter(None, map(str.strip, cells))
    sums = any(_SUMS.fullmatch(unicodedata.normalize("NFKC", cell)) for cell in (first, *others[:1]))
    return sums or bool(_NOTES.match(first))


def _names_of(cell: str) -> list[str]:
    """Split the names of a cell: 乙一、乙二、乙三 are three people. Raises Refused when it is ambiguous."""
    parts = [part.strip() for part in _NAME_PARTS.split(cell) if part.strip()]
    if len(parts) > 1:
        if all(re.fullmatch(rf"[{HAN}·]{{2,}}", tidy_name(_marked(part)[0])) for part in parts):
            return parts
        raise Refused(f"姓名一格里好像有几个人（“{cell[:20]}”），请一人一行。")
    words = cell.split()
    if _TWO_PEOPLE.fullmatch(cell) and words[0] not in _DOUBLE_SURNAMES.split():
        raise Refused(
            f"姓名“{cell[:20]}”像是 {len(words)} 个人，请一人一行；是一个人的话，请去掉中间的空格。"
        )
    return [cell]


def _marked(name: str) -> tuple[str, bool]:
    """Return a name without its mark, and whether the mark means leader: 丙一（组长）. Other marks stay."""
    match = _MARKED.fullmatch(name)
    mark = match["mark"].strip().casefold() if match else ""
    if match is None or mark not in _YES | _NO | _GONE:
        return name, False
    if mark in _GONE:
        raise Refused(f"“{name[:20]}”写着{mark}，请删掉这一行。")
    return match["name"].strip(), mark in _LEADERS


def _name(text: str, what: str) -> str:
    tidy = tidy_name(text)
    if not tidy:
        raise Refused(f"{what}是空的。")
    return _within(tidy, what, LONGEST_NAME)


def _within(text: str, what: str, most: int) -> str:
    if len(text) > most:
        raise Refused(f"{what}“{text[:12]}…”有 {len(text)} 个字，最多 {most} 个。")
    if not text.isprintable() or "�" in text:
        shown = "".join(char if char.isprintable() else "�" for char in text[:12])
        raise Refused(f"{what}“{shown}”里有不能显示的字符，请删掉重新输入。")
    return text


def _repeated(people: Sequence[PersonRow]) -> list[LineFault]:
    times = Counter((row.team, row.name) for row in people)
    return [
        LineFault(
            row.line,
            f"{row.team}有 {n} 个“{row.name}”：是同一个人就只留一行；是 {n} 个人就在名字后面加以区分，"
            f"例如 {row.name}（大）、{row.name}（小）。",
            f"{row.team}，{row.name}",
        )
        for row in people
        if (n := times[row.team, row.name]) > 1
    ]


def _namesakes(people: Sequence[PersonRow]) -> tuple[PersonRow, ...]:
    times = Counter(row.name for row in people)
    return tuple(replace(row, namesake=times[row.name] > 1) for row in people)
