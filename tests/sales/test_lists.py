"""Lists of people from spreadsheets, chat groups and PDFs are read, or refused with advice."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.names import tidy_name
from controller.sales.model import Conflict, Refused
from controller.sales.people_import import PersonRow, read_list
from controller.sales.store import Store
from tests.forms import examples

PLAIN = (
    ("猛虎队", "王小明", True),
    ("猛虎队", "单明", False),
    ("A/B组", "Mary Ann", False),
    ("华东/一区", "高小明", True),
    ("100%队", "阿依古丽·买买提", False),
    ("=1+1", "张伟（大）", False),
    ("IT/PM", "欧阳明", False),
)
ROWS = tuple(PersonRow(team, name, leads) for team, name, leads in PLAIN)
TYPED = {
    "as it is": lambda name: name,
    "padded": lambda name: f"{name[0]}　{name[1]}" if name == "单明" else name,
    "unseen marks": lambda name: f"\u202a{name}\u202c\u200b",
    "from a PDF": lambda name: name.translate(str.maketrans("高小长", "⾼⼩⻓")),
    "full width": lambda name: name.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}).replace(" ", "　"),
    "no-break": lambda name: f"\u00a0{name.replace(' ', chr(0xA0))} ",
}
HEADINGS = {
    "plain": "团队,姓名,组长",
    "marked": "*团队,*姓名（必填）,是否组长",
    "belonging": "所属部门,员工姓名,岗位",
    "English": "Team,Person,Leader",
    "with others": "序号,团队,姓名,组长,手机",
}
AROUND = {
    "nothing": ("", ""),
    "a title": ("2026年销售部花名册,,\n统计日期：2026-11-26,,\n", ""),
    "a sum": ("", "合计,7人,\n"),
    "both": ("花名册\n\n", "\n合计：,,7 人\n总 计,,\n备注：以上名单截至今日,,\n备注,以上为在职人员,\n"),
}
ENCODED = {
    "utf-8": lambda text: text.encode(),
    "bom": lambda text: text.encode("utf-8-sig"),
    "utf-16 with tabs": lambda text: text.replace(",", "\t").encode("utf-16"),
    "utf-16 without a mark": lambda text: text.replace(",", "\t").encode("utf-16-le"),
    "semicolons": lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
    "gb18030": lambda text: text.encode("gb18030"),
    "full-width commas": lambda text: text.replace(",", "，").encode("gb18030"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode("gb18030"),
}


def made(heading: str, around: tuple[str, str], typed: str) -> str:
    """Return one list as text with commas."""
    lines = []
    for n, (team, name, leads) in enumerate(PLAIN, 1):
        leader = {"岗位": "销售主管" if leads else "销售"}.get(heading.split(",")[-1], "是" if leads else "")
        cells = [TYPED[typed](team), TYPED[typed](name), leader]
        lines.append(",".join([str(n), *cells, "139"] if heading.startswith("序号") else cells))
    return around[0] + "\n".join([heading, *lines, ""]) + around[1]


def variants() -> list[tuple[str, bytes]]:
    """Return 72 of all combinations, the same each time; they include each single variation."""
    every = list(itertools.product(HEADINGS, AROUND, TYPED, ENCODED))
    chosen = random.Random(9).sample(every, 72)
    assert {part for parts in chosen for part in parts} >= {*HEADINGS, *AROUND, *TYPED, *ENCODED}
    return [
        (" / ".join(parts), ENCODED[parts[3]](made(HEADINGS[parts[0]], AROUND[parts[1]], parts[2])))
        for parts in chosen
    ]


def test_every_list_of_the_corpus_gives_the_same_people(store: Store) -> None:
    """Importing 72 variations of one list after another gives seven people, never an eighth."""
    for name, data in variants():
        assert read_list(data).rows == ROWS, name
        with store.write() as session:
            session.roster.import_people(read_list(data).rows, remove_absent=True)
            people = {(p.team, p.name, p.leader) for p in session.roster.people()}
        assert people == set(PLAIN), name


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04rest", "Excel 工作簿（xlsx）.*另存为.*CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Excel.*另存为.*CSV UTF-8"),
        ("<html><table><tr><td>团队</td>".encode(), "网页表格.*另存为.*CSV UTF-8"),
        ("\ufeff<?xml version='1.0'?><Workbook>".encode(), "网页表格"),
        (b"%PDF-1.7", "PDF"),
        ("团队,姓各\n猛虎队,王小明\n".encode(), "缺少“姓名”.*“姓各”是不是“姓名”？"),
        ("所属团对,姓名\n猛虎队,王小明\n".encode(), "“所属团对”是不是“团队”？"),
        ("花名册,\n团队,电话\n猛虎队,139\n".encode(), "第 2 行缺少“姓名”"),
        ("团队,姓名\n猛虎队,张伟\n猛虎队,张　伟\n".encode(), "猛虎队有 2 个“张伟”.*张伟（大）、张伟（小）"),
        ("团队,姓名\n猛虎队,张三 李四\n".encode(), "像是 2 个人，请一人一行"),
        ("团队,姓名\n猛虎队,\"Smith, John\"\n".encode(), "好像有几个人"),
        ("团队,姓名\n猛虎队,王小明（离职）\n".encode(), "离职，请删掉这一行"),
        ("团队,姓名,组长\n猛虎队,乙一、乙二,是\n".encode(), "看不出组长"),
        ("团队,姓名\n,\n合计,2人\n，，\n,共 2 人\n".encode(), "没有人"),
        ("姓名 团队\n王小明 猛虎队\n".encode(), "没有分成几列，各列请用逗号隔开"),
        ("团队,姓名\n猛虎队,139\n".encode(), "姓名“139”里没有字"),
        ("团队,姓名\n猛虎队,王\x07明\n".encode(), "不能显示"),
    ],
)  # fmt: skip
def test_an_unreadable_file_is_refused_with_advice(data: bytes, sentence: str) -> None:
    """A workbook, a web page, a misspelt heading or an ambiguous name gives a specific sentence."""
    with pytest.raises(Refused, match=f"(?s){sentence}"):
        read_list(data)


def test_several_names_in_one_cell_are_several_people() -> None:
    """Names in a cell may be separated by 、 or line breaks, and one may be marked as leader."""
    people = read_list(
        '团队,姓名\n猛虎队,乙一、乙二（组长）、乙三\n飞龙队,"丙一\n丙二"\n飞龙队,丁一（组长）\n'.encode()
    )
    assert [(row.team, row.name, row.leader) for row in people.rows] == [
        ("猛虎队", "乙一", False), ("猛虎队", "乙二", True), ("猛虎队", "乙三", False),
        ("飞龙队", "丙一", False), ("飞龙队", "丙二", False), ("飞龙队", "丁一", True),
    ]  # fmt: skip
    assert len(people.notes) == 2


def test_merged_cells_give_their_team_to_the_lines_below() -> None:
    """Excel keeps a merged team only in its first line; a note says that the team was added to the others."""
    people = read_list(
        "团队,姓名\n猛虎队,王小明\n,陈芳\n小计,2\n飞龙队,刘洋\n,赵敏\n小计,2\n合计,4\n".encode()
    )
    assert [(row.team, row.name) for row in people.rows] == [
        ("猛虎队", "王小明"), ("猛虎队", "陈芳"), ("飞龙队", "刘洋"), ("飞龙队", "赵敏"),
    ]  # fmt: skip
    with pytest.raises(Refused, match="第 3 行：团队是空的。是合并的单元格就取消合并"):
        read_list("团队,姓名\n猛虎队,王小明\n,陈芳\n猛虎队,刘洋\n".encode())
    assert people.notes[0] == "第 3 行没有写团队，按合并的单元格算进“猛虎队”。"
    many = read_list(
        ("团队,姓名\n猛虎队,甲\n" + ",乙{}\n" * 9 + "飞龙队,丙\n,丁\n小计,\n,戊\n").format(*range(9)).encode()
    )
    assert many.notes == (
        "第 3–11 行没有写团队，按合并的单元格算进“猛虎队”。",
        "第 13、15 行没有写团队，按合并的单元格算进“飞龙队”。",
    ), "one note for a merged cell"


@pytest.mark.parametrize(
    ("heading", "written", "leads"),
    [
        ("组长", "组员", False), ("组长", "销售", False), ("组长", "普通", False), ("组长", "√", True),
        ("岗位", "销售组长", True), ("岗位", "副组长", False), ("岗位", "大客户顾问", False),
        ("组长", "王小明", True), ("组长", "陈芳", False),
    ],
)  # fmt: skip
def test_the_leader_is_read_from_a_mark_a_position_or_a_name(heading: str, written: str, leads: bool) -> None:
    """The column of leaders may contain yes and no, positions, or the leader's name."""
    rows = read_list(f"团队,姓名,{heading}\n猛虎队,王小明,{written}\n猛虎队,陈芳,\n".encode()).rows
    assert rows[0].leader is leads


def test_a_heading_of_two_words_for_the_same_is_understood() -> None:
    """Forms write 团队/小组; words with different meanings stay one unknown heading, so no cell is read wrongly."""
    rows = read_list("团队/小组,姓名／员工,备注\n猛虎队,王小明,x\n".encode()).rows
    assert [(row.team, row.name) for row in rows] == [("猛虎队", "王小明")]
    with pytest.raises(Refused, match="缺少“团队、姓名”"):
        read_list("团队/姓名,备注\n猛虎队 王小明,x\n".encode())


def test_a_reading_is_checked_line_by_line() -> None:
    """A reading that does not fit its name is reported for its line."""

    def refuse(name: str, say_as: str) -> None:
        raise ValueError(f"{name}不读{say_as}")

    with pytest.raises(Refused, match="第 3 行：单雄信不读shàn"):
        read_list("团队,姓名,读音\n猛虎队,王小明,\n猛虎队,单雄信,shàn\n".encode(), refuse)


@pytest.mark.parametrize(
    "name", ["王小明", "Mary Ann", "张伟（大）", "👨‍👩‍👧队", "王明 Amy", "A/B组", "=1+1", "100%队"]
)
def test_a_normalised_name_does_not_change(name: str) -> None:
    """Normalising a correctly written name does not change it."""
    assert tidy_name(name) == name


def test_a_name_is_found_in_any_spelling(store: Store) -> None:
    """Deals, targets and teams are looked up by normalised names, also those stored before normalisation."""
    with store.write() as session:
        session.rows.change("UPDATE people SET name = '王　小明' WHERE id = 1")
        assert session.roster.find("王小明").id == 1
        person, what = session.roster.save_person(PersonRow("猛　虎队", "⺩小明".replace("⺩", "王")))
        assert (person.id, person.name, person.team, what) == (1, "王小明", "猛虎队", "changed")
        assert session.roster.find("\u200b王 ⼩明").id == 1
        assert session.roster.save_team("⻜⻰队").id == 2
        assert len(session.roster.teams()) == 2


def test_a_team_is_renamed_with_its_people(store: Store) -> None:
    """The people move along, the reading is replaced, and a name in use is refused."""
    with store.write() as session:
        team = session.roster.rename_team(1, "雄　狮队", "xiong2 shi1 dui4")
        assert team is not None
        assert (team.name, team.say_as) == ("雄狮队", "xiong2 shi1 dui4")
        assert {p.team for p in session.roster.people() if p.team_id == 1} == {"雄狮队"}
        with pytest.raises(Conflict, match="已经有一个团队叫“飞龙队”"):
            session.roster.rename_team(1, "⻜龙队")
        assert session.roster.rename_team(99, "新队") is None


PIECES = (
    *(
        "团队",
        "姓名",
        "组长",
        "岗位",
        ",",
        "，",
        ";",
        "\t",
        "\n",
        "猛虎队",
        "王小明",
        "（",
        "）",
        "合计",
        "sep=;",
        '"',
        "、",
    ),
    *("\u3000", "\u200b", "⾼", "是", "=1+1", "|", "\0", "团队,姓名\n", "139"),
)
FILES = st.one_of(
    st.binary(max_size=80), st.lists(st.sampled_from(PIECES)).map(lambda parts: "".join(parts).encode())
)


@settings(max_examples=examples(300), deadline=None)
@given(FILES)
def test_any_file_gives_people_or_a_sentence(data: bytes) -> None:
    """Any file gives a list of people with normalised names, or is refused with a sentence."""
    try:
        rows = read_list(data).rows
    except Refused:
        return
    assert rows
    assert all(row.name == tidy_name(row.name) and row.name.isprintable() for row in rows)


@pytest.mark.parametrize(
    ("heading", "here", "gone"),
    [("在职状态", "在职", "离职"), ("是否在职", "是", "否"), ("在职状态（必填）", "试用", "已离职")],
)
def test_people_who_have_left_are_not_imported(heading: str, here: str, gone: str) -> None:
    """In an export with a column for the status, people who left are named in a note; the others are imported."""
    read = read_list(
        f"团队,姓名,{heading}\n猛虎队,王小明,{here}\n猛虎队,李芳,{gone}\n猛虎队,赵强,\n".encode()
    )
    assert [row.name for row in read.rows] == ["王小明", "赵强"]
    assert read.notes == (f"第 3 行：李芳写着“{gone}”，没有导入。",)
