"""Numbers beside the deals: entered, corrected, added to, ranked, read from tables; in the timetable's file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from office_made import House, house

from controller.sales.model import Conflict, Refused
from controller.services.measures import Asked, MeasureService
from controller.timetable.edit import Operation, apply
from controller.timetable.load import TimetableInvalid, parse

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
DAY = MONDAY.date()
SECTION = "measures:\n- {name: 电话, unit: 通}\n- {name: 回款, unit: 元}\n"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, MONDAY) as made:
        path = made.timetable_file.path
        path.write_text(path.read_text(encoding="utf-8").replace("measures: []", SECTION), encoding="utf-8")
        made.timetable_file.refresh()
        yield made


@pytest.fixture
def measures(office: House) -> MeasureService:
    assert [one.name for one in office.office.measures.measures()] == ["电话", "回款"]
    return office.office.measures


def enter(measures: MeasureService, person: str | int, value: object, key: str, **more: object) -> int:
    measure, when = str(more.pop("measure", "电话")), more.pop("when", None)
    assert when is None or isinstance(when, date)
    return measures.enter(measure, [Asked(person, value, **more)], when, key, "助理")  # type: ignore[arg-type]


def top(measures: MeasureService, period: str = "day", day: date = DAY) -> list[tuple[int, str, Decimal]]:
    board = measures.boards(period, day)[0]
    return [(place, person.name, value) for place, person, value in board.people]


def test_a_value_is_set_corrected_and_added_to(measures: MeasureService) -> None:
    """A correction replaces the day's number; a program may add single calls; the same key counts once."""
    assert enter(measures, "王小明", 30, "a") == 1
    assert enter(measures, "王小明", "３5通", "b") == 1
    assert enter(measures, "王小明", 1, "c", added=True) == 1
    assert enter(measures, "王小明", 1, "c", added=True) == 0
    assert enter(measures, "陈芳", 36, "d") == 1
    assert enter(measures, "李思思", 5, "e") == 1
    assert top(measures) == [(1, "王小明", 36), (1, "陈芳", 36), (3, "李思思", 5)]
    board = measures.boards("day", DAY)[0]
    assert (board.total, board.teams[:2]) == (77, (("猛虎队", 72), ("飞龙队", 5)))
    with pytest.raises(Conflict, match="这个 key 已经用来记过别的数"):
        enter(measures, "王小明", 2, "c", added=True)
    assert enter(measures, "陈芳", 0, "f") == 1
    assert [name for _, name, _ in top(measures)] == ["王小明", "李思思"]


def test_week_and_month_are_the_sums_of_their_days(measures: MeasureService) -> None:
    """Also after a correction of an earlier day; other months and weeks are not in it."""
    for when, value in ((DAY, 10), (date(2026, 11, 2), 7), (date(2026, 10, 30), 100)):
        enter(measures, "王小明", value, f"k{when}", when=when)
    enter(measures, "王小明", 3, "again", when=date(2026, 11, 2))
    assert [top(measures, period)[0][2] for period in ("day", "week", "month")] == [10, 10, 13]
    assert top(measures, "month", date(2026, 10, 1)) == [(1, "王小明", 100)]


def test_the_team_of_the_day_keeps_the_number(office: House, measures: MeasureService) -> None:
    """After a move within the day its number stays with the first team, later days are the new team's."""
    enter(measures, "王小明", 10, "a", when=DAY - timedelta(days=3))
    ident = next(person.id for person in office.office.people.active() if person.name == "王小明")
    office.office.people.update(ident, team="飞龙队")
    enter(measures, "王小明", 12, "b", when=DAY - timedelta(days=3))
    enter(measures, "王小明", 1, "c")
    assert dict(measures.boards("month", DAY)[0].teams) == {"猛虎队": 12, "飞龙队": 1, "雄鹰队": 0}


def test_hidden_people_count_for_their_team_alone(office: House, measures: MeasureService) -> None:
    ident = next(person.id for person in office.office.people.active() if person.name == "王小明")
    office.office.people.update(ident, hidden=True)
    enter(measures, "王小明", 10, "a")
    assert (top(measures), measures.boards("day", DAY)[0].total) == ([], 10)


@pytest.mark.parametrize(
    ("person", "value", "more", "sentence"),
    [
        ("王小明", -1, {}, "要写 0 到 1000000 的整数（通），收到的是“-1”。"),
        ("王小明", "1.5", {}, "要写 0 到 1000000 的整数（通）"),
        ("王小明", 1_000_001, {}, "要写 0 到 1000000 的整数"),
        ("王小明", "很多", {"measure": "回款"}, "看不懂金额“很多”"),
        ("王小明", 1, {"measure": "微信"}, "不记“微信”。可以记：电话、回款。"),
        ("没有人", 1, {}, "名单里没有“没有人”"),
        (999, 1, {}, "名单里没有编号为 999 的人"),
        ("王小明", 1, {"when": DAY + timedelta(days=1)}, "以后的日子还不能记。"),
        ("王小明", 1, {"when": date(2025, 1, 1)}, "最多补记一年以内的。"),
    ],
)
def test_what_is_wrong_is_said(
    measures: MeasureService, person: str | int, value: object, more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        enter(measures, person, value, "k", **more)
    assert sentence in refused.value.sentence
    assert measures.boards("day", DAY)[0].total == 0


def test_amounts_of_money_keep_their_fen(measures: MeasureService) -> None:
    enter(measures, "王小明", "1.28万", "a", measure="回款")
    enter(measures, "陈芳", "0.5", "b", measure="回款")
    assert measures.boards("day", DAY)[1].total == Decimal("12800.50")


def test_a_table_is_shown_first_and_stored_as_a_whole(measures: MeasureService) -> None:
    """In the encodings of Chinese offices; empty cells change nothing; the same table again neither."""
    table = '周报,,,\n姓名,电话（通）,回款,日期\n王小明,40,"12,800",2026/11/23\n陈芳,,500,2026年11月20日\n'
    for data in (table.encode("gb18030"), table.encode("utf-8-sig")):
        shown = measures.take_table(data, "助理", write=False)
        assert (shown.rows, shown.changed, shown.faults) == (2, 3, ())
    assert measures.boards("day", DAY)[0].total == 0
    assert measures.take_table(table.encode(), "助理", write=True).changed == 3
    assert measures.take_table(table.encode(), "助理", write=True).changed == 0
    assert [board.total for board in measures.boards("week", DAY)] == [40, 12_800]
    assert measures.boards("day", date(2026, 11, 20))[1].total == 500


def test_a_table_with_a_fault_writes_nothing(measures: MeasureService) -> None:
    """Each faulty line is named with its reason."""
    rows = ("姓名,团队,电话", "王小明,,1", "王小明,猛虎队,2", "陈方,,3", "陈芳,飞龙队,4", ",,5", "李思思,,x")
    done = measures.take_table("\n".join(rows).encode(), "助理", write=True)
    assert [(fault.line, fault.sentence) for fault in done.faults] == [
        (3, "和第 2 行是同一个人、同一天。"),
        (4, "名单里没有“陈方”。"),
        (5, "名单里没有“陈芳”（飞龙队）。"),
        (6, "没有写姓名。"),
        (7, "电话：要写 0 到 1000000 的整数（通），收到的是“x”。"),
    ]
    assert measures.boards("day", DAY)[0].total == 0
    for data, sentence in (
        (b"a,b\n1,2", "看不懂这张表"),
        (b"", "看不懂这张表"),
        ("姓名,电话".encode(), "只有标题行"),
    ):
        with pytest.raises(Refused, match=sentence):
            measures.take_table(data, "助理", write=True)


def test_the_export_has_each_value_once(measures: MeasureService) -> None:
    enter(measures, "王小明", 30, "a")
    enter(measures, "王小明", 31, "b")
    enter(measures, "陈芳", "0.5", "c", measure="回款", when=date(2026, 11, 20))
    assert list(measures.rows(date(2026, 11, 1), DAY)) == [
        ("日期", "团队", "人员", "项目", "数值", "单位"),
        ("2026-11-20", "猛虎队", "陈芳", "回款", "0.50", "元"),
        ("2026-11-23", "猛虎队", "王小明", "电话", "31.00", "通"),
    ]


def test_entries_are_facts(office: House, measures: MeasureService) -> None:
    """A correction is a new row: nothing is changed or erased."""
    enter(measures, "王小明", 30, "a")
    for sql in ("UPDATE measure_entries SET value = 1", "DELETE FROM measure_entries"):
        with pytest.raises(Exception, match="entry"), office.store.write() as session:
            session.rows.change(sql)


def test_measures_are_checked_and_edited_by_form(office: House) -> None:
    """Two of one name, and more than six, are refused with their line; the form adds one to the shipped file."""
    text = office.timetable_file.path.read_text(encoding="utf-8")
    with pytest.raises(TimetableInvalid, match="是同一个名称"):
        parse(text.replace(SECTION, "measures: [{name: 电话}, {name: 电话}]\n"))
    with pytest.raises(TimetableInvalid, match="可以有 0 到 6 项"):
        parse(text.replace(SECTION, f"measures: [{', '.join(f'{{name: 数{n}}}' for n in range(7))}]\n"))
    for before in (text.replace(SECTION, "measures: []"), text.replace(SECTION, "")):
        done = apply(before, [Operation("insert", ("measures", 0), {"name": "邀约", "unit": "个"})])
        assert [(one.name, one.unit) for one in parse(done).measures] == [("邀约", "个")]


def test_a_wall_gets_the_boards_of_all_periods_only_while_one_shows_them(office: House) -> None:
    """Today's boards are there as soon as a screen shows the scene; a correction and a hidden person change them."""
    measures = office.office.measures
    enter(measures, "王小明", 30, "a", when=DAY - timedelta(days=20))
    enter(measures, "陈芳", 12, "b")
    assert office.office.snapshot.glance().measures == ()
    office.office.walls.choose("main", {"scene": "measures"})
    shown = {(one.period, one.measure.name): one for one in office.office.snapshot.glance().measures}
    assert len(shown) == 6
    assert [person.name for _, person, _ in shown["day", "电话"].people] == ["陈芳"]
    assert shown["month", "电话"].total == 42
    enter(measures, "陈芳", 15, "c")
    assert office.office.snapshot.glance().measures[0].total == 15
    chen = next(person for person in office.office.people.active() if person.name == "陈芳")
    office.office.people.update(chen.id, hidden=True)
    assert office.office.snapshot.glance().measures[0].people == ()


def test_the_timetable_shows_the_boards_for_a_while(office: House) -> None:
    """`show: 过程数据` with an end puts the boards on the walls until then."""
    path = office.timetable_file.path
    shown = "cues:\n  - {at: 09:00-09:20, show: 过程数据}\n"
    path.write_text(path.read_text(encoding="utf-8").replace("cues:\n", shown, 1), encoding="utf-8")
    office.timetable_file.refresh()
    assert office.office.snapshot.glance().state.wall == "measures"
    assert {one.period for one in office.office.snapshot.glance().measures} == {"day", "week", "month"}
