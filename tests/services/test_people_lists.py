"""Lists of people by Excel, CSV or pasted: a preview of each row, then all good rows at once; and exports."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from controller.names import tidy_name
from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.people_import import MOST_PEOPLE, PersonRow, lines_of, review_list
from controller.sales.people_merge import SAME
from controller.sales.store import Store
from controller.services.people_lists import PeopleLists
from controller.services.upload_inbox import UploadInbox
from controller.sound import workbook
from controller.sound.upload_sandbox import UploadSandbox
from tests.forms import examples

HEAD = ["团队", "姓名", "组长", "生日", "入职日期"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "book.db", ZoneInfo("Asia/Shanghai"))
    with opened.write() as session:
        session.roster.import_people(
            [PersonRow("猛虎队", "王小明", leader=True), PersonRow("飞龙队", "李思思")]
        )
    yield opened
    opened.close()


@pytest.fixture
def lists(store: Store, tmp_path: Path) -> PeopleLists:
    return PeopleLists(store, UploadInbox(tmp_path / "uploads"), UploadSandbox())


def xlsx(*rows: list[object], change: Callable[[Workbook], None] = lambda book: None) -> io.BytesIO:
    """Return a workbook with these rows, as Excel stores them."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    made = io.BytesIO()
    book.save(made)
    made.seek(0)
    return made


def names(store: Store) -> set[tuple[str, str]]:
    with store.read() as session:
        return {(person.team, person.name) for person in session.roster.people()}


def test_a_workbook_is_previewed_then_imported(store: Store, lists: PeopleLists, tmp_path: Path) -> None:
    """Dates, Excel's numbers and a formula's stored value; nothing is written before, nothing is left behind."""
    shown = lists.preview(
        xlsx(
            ["2026年花名册"],
            HEAD,
            ["猛虎队", "王小明", "是", date(1990, 5, 3), 44256],
            ["雄鹰队", "新来的", "", "12月1日", "2026/11/2"],
            ["飞龙队", "李思思"],
        )
    )
    assert [(plan.row.line, plan.what) for plan in shown.plans] == [(3, "changed"), (4, "added"), (5, "same")]
    assert shown.plans[0].changes == ("生日：（空） → 5月3日", "入职日期：（空） → 2021-03-01")
    assert names(store) == {("猛虎队", "王小明"), ("飞龙队", "李思思")}
    done, _ = lists.confirm(shown.id)
    assert (done.added, done.changed, done.same) == (1, 1, 1)
    assert ("雄鹰队", "新来的") in names(store)
    assert list((tmp_path / "uploads").iterdir()) == []
    with pytest.raises(Unknown, match="再选一次文件"):
        lists.confirm(shown.id)


def test_the_same_bytes_twice_change_nothing(store: Store, lists: PeopleLists) -> None:
    """The second preview has only unchanged rows, and confirming it writes nothing."""
    data = xlsx(HEAD, ["雄鹰队", "新来的", "是", "5-3", "2021-3-1"]).getvalue()
    lists.confirm(lists.preview(io.BytesIO(data)).id)
    with store.read() as session:
        before = session.roster.version()
    again = lists.preview(io.BytesIO(data))
    assert {plan.what for plan in again.plans} == {SAME}
    lists.confirm(again.id)
    with store.read() as session:
        assert session.roster.version() == before


def test_faulty_rows_are_shown_with_their_lines_and_left_out(store: Store, lists: PeopleLists) -> None:
    """Each fault has its line and sentence; confirming imports the other rows."""
    pasted = (
        "团队\t姓名\t生日\n猛虎队\t甲一\t5月3日\n\t乙一\t\n猛虎队\t丙一\t农历八月十五\n猛虎队\t丁一\t\n"
        "猛虎队\t丁一\t\n雄鹰队\t戊一\t\n"
    )
    shown = lists.preview(io.BytesIO(pasted.encode()))
    assert [fault.line for fault in shown.faults] == [3, 4, 5, 6]
    assert "团队是空的" in shown.faults[0].sentence
    assert "农历" in shown.faults[1].sentence
    assert "2 个“丁一”" in shown.faults[2].sentence
    assert shown.faults[1].text == "猛虎队，丙一，农历八月十五"
    done, _ = lists.confirm(shown.id)
    assert done.added == 2
    assert names(store) >= {("猛虎队", "甲一"), ("雄鹰队", "戊一")}


def test_a_preview_that_is_no_longer_true_is_refused(store: Store, lists: PeopleLists) -> None:
    """After another change of the roster the preview has to be seen again."""
    shown = lists.preview(io.BytesIO("团队,姓名\n猛虎队,新来的\n".encode()))
    with store.write() as session:
        session.roster.save_person(PersonRow("猛虎队", "新来的"))
    with pytest.raises(Conflict, match="再看一遍预览"):
        lists.confirm(shown.id)


def test_the_sheet_with_people_is_found(lists: PeopleLists) -> None:
    """Hidden sheets are passed over, and the first visible one with the headings is read."""

    def change(book: Workbook) -> None:
        book.active.sheet_state = "hidden"
        book.create_sheet("说明").append(["请填写第二张表"])
        people = book.create_sheet("名单")
        people.append(HEAD)
        people.append(["猛虎队", "新来的"])

    shown = lists.preview(xlsx(HEAD, ["猛虎队", "不要我"], change=change))
    assert [plan.row.name for plan in shown.plans] == ["新来的"]


def test_the_sheet_that_was_open_when_saved_comes_first(lists: PeopleLists) -> None:
    """Of October and November in one workbook the month is read that people saw last."""

    def change(book: Workbook) -> None:
        november = book.create_sheet("十一月")
        november.append(HEAD)
        november.append(["猛虎队", "新来的"])
        book.active = november

    shown = lists.preview(xlsx(HEAD, ["猛虎队", "上个月的"], change=change))
    assert [plan.row.name for plan in shown.plans] == ["新来的"]


def bomb(folder: Path, member: str, size: int) -> Path:
    """Return a workbook with one member that unpacks to `size` zeros."""
    file = folder / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(member, "w") as opened:
        for _ in range(size // 1_000_000):
            opened.write(b"\0" * 1_000_000)
    return file


@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(lists: PeopleLists, tmp_path: Path, member: str) -> None:
    """The listed sizes are enough to refuse it, with the way out, in words that fit a table of deals, too."""
    most = workbook.MOST_STRINGS if "Strings" in member else workbook.MOST_UNPACKED
    with pytest.raises(Refused, match=r"^(?!.*名单).*展开以后太大.*复制到一个新的表格"):
        lists.preview_file(bomb(tmp_path, member, most + 2_000_000))


BILLION = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("bcdefgh", "cdefghi", strict=True))
    + "]><worksheet><sheetData><row><c t='inlineStr'><is><t>&i;</t></is></c></row></sheetData></worksheet>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + b"\0" * 400,
        b"PK\x03\x04rest",
        xlsx(HEAD).getvalue()[:-300],
        xlsx(HEAD).getvalue()[:2000] + b"\xff" * 500 + xlsx(HEAD).getvalue()[2500:],
    ],
    ids=["zeros", "stub", "cut", "overwritten"],
)
def test_a_damaged_workbook_is_refused_with_a_sentence(lists: PeopleLists, data: bytes) -> None:
    """An unreadable workbook gives a sentence with the way out."""
    with pytest.raises(Refused, match=r"Excel 文件打不开|缺少|是空的|只有标题行"):
        lists.preview(io.BytesIO(data))


def test_entities_do_not_multiply(lists: PeopleLists) -> None:
    """XML that would expand to a gigabyte ends in a sentence within the limits of the child."""
    made, old = io.BytesIO(), zipfile.ZipFile(xlsx(HEAD, ["猛虎队", "甲"]))
    with old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, BILLION if name.endswith("sheet1.xml") else old.read(name))
    made.seek(0)
    with pytest.raises(Refused):
        lists.preview(made)


def test_formulas_are_not_computed(lists: PeopleLists) -> None:
    """A list of nothing but formulas that were saved without results is refused with the way out."""
    with pytest.raises(
        Refused, match="表里的内容都是公式，文件里没有存下它的结果。请用 Excel 或 WPS 打开文件，保存一次"
    ):
        lists.preview(xlsx(["团队", "姓名"], ["=1+1", "=cmd|'/c calc'!A1"]))


def test_a_formula_without_its_result_is_named(lists: PeopleLists, store: Store) -> None:
    """Its row is faulty, never imported with an empty cell; prepared rows below the list and sums are passed over."""
    rows: list[list[object]] = [
        ["团队", "姓名", "生日", "序号"],
        ["猛虎队", "甲一", "=TODAY()", "=ROW()"],
        ["猛虎队", '="乙"&"二"', None, None],
        ["飞龙队", "丙三", "5-3", "=ROW()"],
        [None, None, "=IF(B5=0,0,1)", "=ROW()"],
        ["合计", "=COUNTA(B2:B4)"],
    ]
    shown = lists.preview(xlsx(*rows))
    assert [(fault.line, fault.sentence.split("，")[0]) for fault in shown.faults] == [
        (2, "“生日”是公式"),
        (3, "“姓名”是公式"),
    ]
    lists.confirm(shown.id)
    assert names(store) == {("猛虎队", "王小明"), ("飞龙队", "李思思"), ("飞龙队", "丙三")}


def test_a_stored_result_is_read_and_an_empty_one_is_empty(lists: PeopleLists) -> None:
    """Excel stores an empty text of a formula as a text; that is no missing result."""

    def stored(data: io.BytesIO, marked: bytes, value: bytes) -> io.BytesIO:
        made, old = io.BytesIO(), zipfile.ZipFile(data)
        with zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name.endswith("sheet1.xml"):
                    assert marked in content
                    content = content.replace(marked, value)
                new.writestr(name, content)
        made.seek(0)
        return made

    data = xlsx(["团队", "姓名", "生日"], ["猛虎队", "=UPPER(1)", "=IF(1,2)"])
    data = stored(
        data, b'<c r="B2"><f>UPPER(1)</f><v /></c>', '<c r="B2" t="str"><f>U</f><v>甲一</v></c>'.encode()
    )
    data = stored(data, b'<c r="C2"><f>IF(1,2)</f><v /></c>', b'<c r="C2" t="str"><f>I</f><v></v></c>')
    shown = lists.preview(data)
    assert not shown.faults
    assert [(plan.row.name, plan.row.birthday) for plan in shown.plans] == [("甲一", None)]


def test_ten_thousand_pasted_rows_are_refused_at_once(lists: PeopleLists) -> None:
    """A sentence with the limit within a second of computing; the limit itself is previewed."""
    rows = "团队\t姓名\n" + "".join(f"团队{n % 40}\t人{n:05d}号\n" for n in range(10_000))
    began = time.process_time()
    with pytest.raises(Refused, match=f"10000 行，最多 {MOST_PEOPLE} 人，请分几次导入"):
        lists.preview(io.BytesIO(rows.encode()))
    assert time.process_time() - began < 1.0
    most = "\n".join(rows.splitlines()[: MOST_PEOPLE + 1])
    began = time.process_time()
    shown = lists.preview(io.BytesIO(most.encode()))
    assert lists.confirm(shown.id)[0].added == MOST_PEOPLE
    assert time.process_time() - began < 20.0


# --- exports

_TEAMS = st.sampled_from(
    ["猛虎队", "飞龙队", "=1+1队", "+86组", "-甲", "@乙", "'=丙", "A/B组", "100%队", "a&b<c>"]
)
_NAMES = st.builds(
    "".join, st.lists(st.sampled_from("王李张陈明思芳洋欧阳"), min_size=2, max_size=4)
) | st.sampled_from(
    ["Mary Ann", "阿依古丽·买买提", "张伟（大）", "=HYPERLINK(A1)", "-李", "O'Neill", "'=x", "@home"]
)
_ROWS = st.lists(
    st.builds(
        PersonRow, _TEAMS, _NAMES, st.booleans(),
        birthday=st.none() | st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: f"{day:%m-%d}"),
        joined=st.none() | st.dates(date(1980, 1, 1), date(2060, 1, 1)),
    ),
    max_size=12, unique_by=lambda row: (tidy_name(row.team), tidy_name(row.name)),
)  # fmt: skip


@settings(
    max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=_ROWS)
def test_an_export_is_imported_without_any_change(
    tmp_path_factory: pytest.TempPathFactory, rows: list[PersonRow]
) -> None:
    """CSV and xlsx, with any names, dates and would-be formulas, read back as the same people."""
    folder = tmp_path_factory.mktemp("export")
    store = Store(folder / "book.db", ZoneInfo("Asia/Shanghai"))
    with store.write() as session:
        for row in rows:
            session.roster.save_person(PersonRow(**{**_fields(row), "namesake": True}))
    lists = PeopleLists(store, UploadInbox(folder / "uploads"), UploadSandbox())
    sheets = folder / "rows.json"
    (folder / "people.xlsx").write_bytes(lists.export("xlsx"))
    workbook.table(folder / "people.xlsx", sheets)
    if rows:
        from_workbook = review_list(_lines(sheets))
        english = review_list(lines_of(lists.export("csv", english=True)))
        for reviewed in (review_list(lines_of(lists.export("csv"))), from_workbook, english):
            assert reviewed.faults == ()
            with store.read() as session:
                assert {plan.what for plan in session.roster.plan(reviewed.rows)} == {SAME}
            assert len(reviewed.rows) == len(rows)
    store.close()


def _fields(row: PersonRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in ("team", "name", "leader", "birthday", "joined")}


def _lines(file: Path) -> list[tuple[int, list[str]]]:
    import json

    return [
        (number, cells) for _, rows in json.loads(file.read_text(encoding="utf-8")) for number, cells in rows
    ]


def test_an_export_holds_no_formula(store: Store, lists: PeopleLists) -> None:
    """In CSV it follows an apostrophe, in the workbook the cell is a text; Excel recognises the encoding."""
    with store.write() as session:
        session.roster.save_person(PersonRow("=1+1队", "@home"))
    csv = lists.export("csv")
    assert csv.startswith(b"\xef\xbb\xbf")
    assert "'=1+1队,'@home".encode() in csv
    book = load_workbook(io.BytesIO(lists.export("xlsx")))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert [cell.value for cell in cells if cell.quotePrefix] == ["=1+1队", "@home"]


def test_the_same_roster_gives_the_same_bytes(lists: PeopleLists) -> None:
    """An export has no moment inside, so that copies can be compared."""
    assert lists.export("xlsx") == lists.export("xlsx")
