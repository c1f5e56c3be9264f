"""Import of lists from spreadsheets into the roster."""

from __future__ import annotations

import pytest
from book_made import PEOPLE

from controller.sales.model import Conflict, Refused
from controller.sales.people_import import LARGEST_FILE, PersonRow, read_list
from controller.sales.store import Store

CHINESE = "团队,姓名,组长,读音\n猛虎队,王小明,是,\n飞龙队,单雄信,,shan4 xiong2 xin4\n"
READ = (PersonRow("猛虎队", "王小明", leader=True), PersonRow("飞龙队", "单雄信", say_as="shan4 xiong2 xin4"))


@pytest.mark.parametrize(
    "data",
    [
        CHINESE.encode(),
        CHINESE.encode("utf-8-sig"),
        CHINESE.encode("gb18030"),
        CHINESE.replace("\n", "\r\n").encode(),
        CHINESE.replace(",", ";").encode(),
        CHINESE.replace(",", "\t").encode("gb18030"),
        "team,person,leader,say_as\n猛虎队,王小明,1,\n\n飞龙队,单雄信,0,shan4 xiong2 xin4".encode(),
        "读音,姓名,组长,团队\n,王小明,x,猛虎队\nshan4 xiong2 xin4,单雄信,,飞龙队\n".encode(),
        '团队,姓名,组长,读音\n"猛虎队"," 王小明 ",是,\n飞龙队,单雄信,,shan4 xiong2 xin4'.encode(),
    ],
    ids=["utf8", "bom", "gb18030", "crlf", "semicolons", "tabs", "english", "other order", "quoted"],
)
def test_files_of_any_spreadsheet_give_the_same_people(data: bytes) -> None:
    """Encoding, separator, sequence of columns and language of the heading make no difference."""
    assert read_list(data).rows == READ


def test_all_bad_lines_are_reported_together() -> None:
    """One refusal names all faulty lines with their numbers, so that they can be corrected together."""
    bad = f"团队,姓名,组长\n,王小明,\n猛虎队,,\n猛虎队,{'长' * 41},\n猛虎队,陈芳,也许\n猛虎队,刘洋,是\n"
    with pytest.raises(Refused) as refused:
        read_list(bad.encode())
    lines = refused.value.sentence.splitlines()
    assert [line[:6] for line in lines[1:]] == ["第 2 行：", "第 3 行：", "第 4 行：", "第 5 行："]
    assert "团队是空的" in lines[1]
    assert "最多 40 个" in lines[3]
    assert "应当是“是”或留空" in lines[4]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "名单是空的"),
        ("姓名,组长\n王小明,是\n".encode(), "缺少“团队”"),
        (b"\xff\xfe\x00\x81\x20", "编码"),
        (b"x" * (LARGEST_FILE + 1), "最多 1 MB"),
        (("团队,姓名\n" + "".join(f"猛虎队,人{n}\n" for n in range(5001))).encode(), "最多 5000 人"),
        ("团队,姓名\n猛虎队,王小明\n猛虎队,王小明\n".encode(), "2 个“王小明”.*王小明（大）"),
        ("团队,姓名\n猛虎队,王\x07明\n".encode(), "不能显示"),
    ],
    ids=["empty", "no team", "encoding", "large", "many", "twice", "bell"],
)
def test_a_file_that_is_no_list_is_refused(data: bytes, reason: str) -> None:
    """Any other file gives a sentence and changes nothing."""
    with pytest.raises(Refused, match=reason):
        read_list(data)


def test_importing_again_changes_nothing(store: Store) -> None:
    """Importing the same list twice changes nothing; people who are not on it stay."""
    rows = [PersonRow(team, name) for team, name in PEOPLE[:3]]
    with store.write() as session:
        done = session.roster.import_people(rows)
        assert (done.added, done.changed, done.same) == (0, 0, 3)
        assert len(session.roster.people()) == 4


def test_import_updates_moves_and_removes(store: Store) -> None:
    """An import sets a new leader, moves a known name to another team and, on request, removes absent people."""
    rows = [PersonRow("猛虎队", "王小明", leader=True), PersonRow("雄鹰队", "刘洋")]
    with store.write() as session:
        done = session.roster.import_people(rows, remove_absent=True)
        people = {p.name: p for p in session.roster.people()}
    assert (done.added, done.changed) == (0, 2)
    assert people.keys() == {"王小明", "刘洋"}
    assert people["王小明"].leader
    assert (people["刘洋"].team, people["刘洋"].id) == ("雄鹰队", 4)


def test_namesakes_in_two_teams_stay_two_people(store: Store) -> None:
    """Two people with one name in two teams are both stored, and can only be selected with the team."""
    rows = read_list("团队,姓名\n猛虎队,张伟\n飞龙队,张伟\n".encode()).rows
    with store.write() as session:
        assert session.roster.import_people(rows).added == 2
        assert session.roster.import_people(rows).same == 2
        with pytest.raises(Refused, match="2 位“张伟”"):
            session.roster.find("张伟")
        assert session.roster.find("张伟", "飞龙队").team == "飞龙队"


def test_an_empty_reading_keeps_the_known_one(store: Store) -> None:
    """A list without readings keeps those entered on the phone."""
    with store.write() as session:
        session.roster.import_people([PersonRow("猛虎队", "王小明", say_as="wang2 xiao3 ming2")])
        session.roster.import_people([PersonRow("猛虎队", "王小明")])
        person = session.roster.person(1)
    assert person is not None
    assert person.say_as == "wang2 xiao3 ming2"


def test_a_team_leaves_only_when_empty(store: Store) -> None:
    """A team with people cannot be removed; an empty one can, and can be added again."""
    with store.write() as session:
        with pytest.raises(Conflict, match="还有人"):
            session.roster.remove_team(1)
        for ident in (1, 2):
            assert session.roster.remove_person(ident)
        assert session.roster.remove_team(1)
        assert [team.name for team in session.roster.teams()] == ["飞龙队"]
        assert session.roster.save_team("猛虎队").id == 1


@pytest.mark.parametrize("name", ["", "  ", "长" * 41, "a\nb"])
def test_names_are_bounded(store: Store, name: str) -> None:
    """A name that cannot be displayed or pronounced is refused from every source."""
    with store.write() as session, pytest.raises(Refused, match="1 到 40 个字"):
        session.roster.save_person(PersonRow("猛虎队", name))
