"""Numbers beside the deals and the exports over HTTP: who enters, leaders' own team, tables, formulas, workbooks."""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from controller.cli import main
from tests.signage.house import ZONE, Answer, House, running

MORNING = datetime(2026, 11, 23, 9, 20, tzinfo=ZONE)
TIGER = quote("猛虎队")
SPAN = "from=2026-11-23&until=2026-11-23"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office") / "home"


@pytest.fixture(scope="module")
def house(home: Path) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(home, MORNING, sounds=False) as house:
            house.tokens["王小明"] = house.daemon.office.keys.make_token("王小明", "leader")
            file = home / "config" / "rhythm.yaml"
            measures = "measures: [{name: 电话, unit: 通}, {name: 回款, unit: 元}]"
            file.write_text(
                file.read_text(encoding="utf-8").replace("measures: []", measures), encoding="utf-8"
            )
            wait_for(lambda: bool(house.daemon.office.measures.measures()))
            yield house


def wait_for(there: Callable[[], bool]) -> None:
    """Wait until an edit of the file is in force; the daemon looks every second."""
    until = time.monotonic() + 20
    while not there():
        assert time.monotonic() < until
        time.sleep(0.05)


def enter(house: House, role: str, key: str, *values: tuple[object, object], **more: object) -> Answer:
    rows = [{"person": person, "value": value} for person, value in values]
    return house.call("POST", "/api/measures", {"measure": "电话", "key": key, "values": rows, **more}, role)


def raw(house: House, path: str, data: bytes | None = None, role: str = "assistant") -> bytes:
    headers = {"Authorization": f"Bearer {house.token(role)}", "Content-Type": "text/csv"}
    with urllib.request.urlopen(
        urllib.request.Request(house.address + path, data, headers), timeout=20
    ) as answer:
        return bytes(answer.read())


def test_numbers_are_entered_and_ranked(house: House) -> None:
    """A form's list, a program's single number, an addition; the same key changes nothing; no announcement."""
    assert enter(house, "assistant", "a", (1, 30), (2, "25")).status == 201
    assert house.call("GET", "/api/announcements").json == []
    one = {"measure": "电话", "person": "李思思", "add": 2, "key": "p"}
    assert [house.call("POST", "/api/measures", one).status for _ in range(2)] == [201, 200]
    board = house.call("GET", "/api/measures?period=week", role="director").json["measures"][0]
    assert (board["name"], board["unit"], board["total"]) == ("电话", "通", 57)
    assert [(row["place"], row["name"], row["value"]) for row in board["people"]] == [
        (1, "王小明", 30), (2, "陈芳", 25), (3, "李思思", 2),
    ]  # fmt: skip
    day = house.call("GET", f"/api/measures/day?team={TIGER}", role="assistant").json
    assert day["people"][0] == {"id": 1, "name": "王小明", "values": {"电话": 30}}
    assert house.call("GET", "/api/phone", role="assistant").json["measures"][1] == {
        "name": "回款",
        "unit": "元",
    }


def test_a_leader_enters_for_the_own_team_alone(house: House) -> None:
    """Also when only one of several people is of another team, by id or by name; the director only looks."""
    assert enter(house, "王小明", "l1", (3, 9)).status == 201
    for number, values in enumerate((((5, 1),), ((3, 1), (5, 1)), (("李思思", 1),))):
        refused = enter(house, "王小明", f"l2{number}", *values)
        assert (refused.status, refused.json["error"]) == (403, "组长只能改自己的团队，您的团队是猛虎队。"), (
            values
        )
    assert enter(house, "director", "d", (3, 9)).status == 403
    own = house.call("GET", "/api/measures/day", role="王小明").json
    assert (own["team"], len(own["people"])) == ("猛虎队", 4)
    assert house.call("GET", f"/api/measures/day?team={quote('飞龙队')}", role="王小明").status == 403
    assert house.call("GET", "/api/measures/day", role="leader").status in (403, 422)


def test_each_change_is_in_the_log(house: House) -> None:
    enter(house, "assistant", "log", (4, 7))
    enter(house, "assistant", "log", (4, 7))
    lines = house.call("GET", "/api/log", role="manager").json
    text = str(lines)
    assert text.count("记“电话”：1 人") >= 1
    before = len(house.call("GET", "/api/log", role="manager").json["lines"])
    enter(house, "assistant", "log", (4, 7))
    assert len(house.call("GET", "/api/log", role="manager").json["lines"]) == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"values": []}, "values 要写一个列表"),
        ({"values": [{"person": 1}]}, "要写 value"),
        ({"values": [{"person": True, "value": 1}]}, "还没有填写姓名"),
        ({"values": [{"person": 1, "value": {}}]}, "要写 value"),
        ({"values": [{"person": 1, "value": 1}] * 501}, "最多 500 项"),
        ({"measure": "x", "values": [{"person": 1, "value": 1}]}, "不记“x”。可以记：电话、回款。"),
        ({"values": [{"person": 1, "value": 1}], "date": "2027-01-01"}, "以后的日子还不能记。"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(
    house: House, fields: dict[str, object], sentence: str
) -> None:
    answer = house.call("POST", "/api/measures", {"measure": "电话", "key": "bad", **fields}, "assistant")
    assert answer.status == 422
    assert sentence in answer.json["error"]


def test_a_table_is_previewed_and_taken(house: House) -> None:
    table = '姓名,回款\n周婷,"1,280.50"\n'.encode("gb18030")
    assert b'"changed":1' in raw(house, "/api/measures/preview", table)
    assert house.call("GET", "/api/measures").json["measures"][1]["total"] == 0
    raw(house, "/api/measures/table", table)
    assert house.call("GET", "/api/measures").json["measures"][1]["total"] == 1280.5
    text = raw(house, f"/api/measures/export?{SPAN}").decode("utf-8-sig")
    assert "2026-11-23,飞龙队,周婷,回款,1280.50,元\r\n" in text
    with pytest.raises(urllib.error.HTTPError) as refused:
        raw(house, "/api/measures/table", b"x" * 1_100_000)
    with refused.value as answer:
        assert answer.code in (413, 422)


def test_a_workbook_of_deals_has_numbers_and_no_formula(house: House) -> None:
    """Amounts can be summed; a product that begins like a formula stays text; bad formats and spans are refused."""
    house.sell("王小明", 12_800, "x1", '=HYPERLINK("x")')
    house.sell("陈芳", "99.5", "x2", "@SUM(1)")
    sheet = load_workbook(io.BytesIO(raw(house, f"/api/deals.csv?{SPAN}&format=xlsx"))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert (rows[0][6], [row[6] for row in rows[1:]]) == ("金额（元）", [12_800, 99.5])
    assert [cell.data_type for cell in sheet["F"][1:]] == ["s", "s"]
    assert [cell.data_type for cell in sheet["G"][1:]] == ["n", "n"]
    assert [row[5] for row in rows[1:]] == ['=HYPERLINK("x")', "@SUM(1)"]
    assert "'=HYPERLINK" in raw(house, f"/api/deals.csv?{SPAN}").decode()
    for query, sentence in (
        ("format=pdf", "format 要写成 csv 或 xlsx。"),
        ("from=2024-01-01&until=2026-01-01", "手机上一次最多导出 400 天"),
    ):
        answer = house.call("GET", f"/api/deals.csv?{query}", role="assistant")
        assert (answer.status, sentence in answer.json["error"]) == (422, True)


def test_commands_export_and_import(house: House, home: Path, tmp_path: Path) -> None:
    """The format follows the file's ending or `--format`; no file is overwritten; a faulty table writes nothing."""

    def zhangu(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, [*words, "--home", str(home)])
        return done.exit_code, done.output

    days = ("--from", "2026-11-01", "--to", "2026-11-30")
    assert zhangu("export", "deals", *days, str(tmp_path / "a.xlsx"))[0] == 0
    assert load_workbook(tmp_path / "a.xlsx").active is not None
    assert zhangu("export", "measures", *days, "--format", "csv", str(tmp_path / "b.txt"))[0] == 0
    assert "单位" in (tmp_path / "b.txt").read_text(encoding="utf-8-sig")
    assert zhangu("export", "deals", *days, "--language", "en", str(tmp_path / "c.csv"))[0] == 0
    assert (tmp_path / "c.csv").read_text(encoding="utf-8-sig").startswith("Number,Date,Time,Team,Person,")
    assert zhangu("export", "deals", *days, str(tmp_path / "a.xlsx"))[1].startswith("没有导出：文件")
    assert "结尾要写成 .csv、.xlsx" in zhangu("export", "deals", *days, str(tmp_path / "a.pdf"))[1]
    table = tmp_path / "calls.csv"
    table.write_text("姓名,日期,电话\n欧阳建国,2026-11-20,12\n", encoding="utf-8")
    code, said = zhangu("import", "measures", "--preview", str(table))
    assert (code, said) == (0, "1 行，会改 1 个数。这只是预览，没有改动。\n")
    assert zhangu("import", "measures", str(table)) == (0, "1 行，改了 1 个数。\n")
    table.write_text("姓名,电话\n没有人,12\n", encoding="utf-8")
    assert "第 2 行：名单里没有“没有人”。" in zhangu("import", "measures", str(table))[1]


def test_a_salesperson_enters_the_own_numbers_alone(house: House) -> None:
    """The phone of 陈芳 sees and enters the numbers of 陈芳; for anybody else it is refused with a sentence."""
    office = house.daemon.office
    chen = next(person for person in office.people.active() if person.name == "陈芳")
    house.tokens["陈芳"] = office.keys.make_token("陈芳", "sales")
    assert enter(house, "陈芳", "own-1", (chen.id, 12)).status == 201
    assert enter(house, "陈芳", "own-2", ("陈芳", 14)).status == 201
    other = enter(house, "陈芳", "own-3", ("陈芳", 15), ("李思思", 99))
    assert (other.status, other.json["error"]) == (
        403,
        "销售的手机只能报自己的单，记自己的数。这是陈芳的手机。",
    )
    seen = house.call("GET", f"/api/measures/day?team={quote(chen.team)}", role="陈芳").json
    assert [(one["name"], one["values"].get("电话")) for one in seen["people"]] == [("陈芳", 14)]
    deal = {"product": "套餐", "amount": 880, "key": "own-deal"}
    assert house.call("POST", "/api/deals", {"person": "陈芳", **deal}, role="陈芳").status == 403
    assert house.call("POST", "/api/deals/proposed", {"person": "李思思", **deal}, role="陈芳").status == 403
    assert house.call("POST", "/api/deals/proposed", {"person": "陈芳", **deal}, role="陈芳").status == 201
    house.tokens["谁"] = office.keys.make_token("谁", "sales")
    assert enter(house, "谁", "own-4", ("李思思", 99)).status == 403
    assert house.call("GET", f"/api/measures/day?team={quote(chen.team)}", role="谁").json["people"] == []
