"""Pasted messages and tables of deals: rows to confirm, stable keys, bad files, and the sheet on the phone."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, expect

from tests.signage.house import ZONE, Answer, House, running
from tests.signage.test_phone_browser import sign_in

WEDNESDAY = datetime(2026, 11, 25, 14, 40, tzinfo=ZONE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", WEDNESDAY, sounds=False) as house:
            for number, product in enumerate(("铂金套餐", "年卡", "季卡")):
                house.sell("欧阳建国", 300, f"known-{number}", product)
            yield house


def read(house: House, text: object, role: str = "admin") -> Answer:
    return house.call("POST", "/api/deals/read", {"text": text}, role)


def upload(house: House, data: bytes, role: str = "admin") -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {house.token(role)}", "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(house.address + "/api/deals/read-file", data, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def record(house: House, row: dict[str, Any]) -> Answer:
    names = ("key", "person", "team", "product", "amount", "replaces", "date", "announce")
    sent = {name: row[name] for name in names if row[name] is not None}
    return house.call("POST", "/api/deals", {**sent, "history": "date" in sent})


def xlsx(rows: list[list[object]]) -> bytes:
    book, data = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(data)
    return data.getvalue()


def test_a_message_pasted_twice_is_recorded_once(house: House) -> None:
    """Reading records nothing; a confirmed row has its key, and the same text again shows it as recorded."""
    text = "王小明 2026-11-25 14:33\n铂金 12,800\n陈芳 14:34\n年卡 6800"
    before = len(house.call("GET", "/api/deals").json)
    rows = read(house, text).json["rows"]
    assert [(row["person"], row["product"], row["amount"], row["doubts"]) for row in rows] == [
        ("王小明", "铂金套餐", 12_800, []), ("陈芳", "年卡", 6800, []),
    ]  # fmt: skip
    assert len(house.call("GET", "/api/deals").json) == before
    first = record(house, rows[0])
    assert first.status == 201
    again = read(house, "好消息：\n" + text).json["rows"]
    assert again[0]["key"] == rows[0]["key"]
    assert again[0]["recorded"]["id"] == first.json["id"]
    assert again[1]["recorded"] is None
    assert record(house, rows[0]).status == 200


def test_a_correction_names_the_recorded_deal(house: House) -> None:
    """刘洋那单改成9800 takes the recorded deal back when it is confirmed; a late message is recorded only."""
    old = house.sell("刘洋", 9000, "to be corrected", "季卡").json["id"]
    (row,) = read(house, "刘洋那单改成9800").json["rows"]
    assert (row["replaces"], row["amount"]) == (old, 9800)
    assert "这是改已经记下的一单" in row["doubts"][0]
    new = record(house, row).json["id"]
    assert house.call("GET", f"/api/deals/{old}").json["replaced_by"] == new
    (late,) = read(house, "周婷 09:10\n季卡 2000").json["rows"]
    assert (late["announce"], late["doubts"]) == (False, [])
    assert record(house, late).json["decision"]["when"] is None


@pytest.mark.parametrize("text", [None, "", "  ", 5, ["x"], "a" * 15_001])
def test_bad_texts_are_refused(house: House, text: object) -> None:
    answer = read(house, text)
    assert (answer.status, answer.json["field"]) == (422, "text")


@pytest.mark.parametrize("role", ["leader", "director", "wall"])
def test_only_those_who_sell_read_deals(house: House, role: str) -> None:
    assert read(house, "王小明 铂金 1", role).status == 403
    assert upload(house, b"x", role)[0] == 403


def test_a_table_is_previewed_row_by_row(house: House) -> None:
    """Titles above, sums below, another spelling, an earlier day, its own numbers: read; doubts are said."""
    data = xlsx(
        [
            ["十一月签单表"],
            ["单号", "销售人员", "所属团队", "产品名称", "签单金额", "签单日期", "备注"],
            ["HT-1", "王小明", "猛虎队", "铂金套餐", 12_800, date(2026, 11, 24), ""],
            ["HT-2", "王晓明", "猛虎队", "年卡", "1.28万", "2026/11/25 14:35", "=1+1"],
            ["HT-3", "周婷", "飞龙队", "猎头", "面议", "2026-11-20", "@x"],
            ["", "合计", "", "", 25_600, "", ""],
        ]
    )
    status, answer = upload(house, data)
    assert status == 200
    one, two, three = answer["rows"]
    assert (one["person"], one["amount"], one["date"], one["doubts"], one["announce"]) == (
        "王小明", 12_800, "2026-11-24", [], False,
    )  # fmt: skip
    assert (two["person"], two["amount"], len(two["doubts"])) == ("王小明", 12_800, 1)
    assert "看不懂金额“面议”" in "".join(three["doubts"])
    assert three["date"] == "2026-11-20"
    assert record(house, {**three, "amount": 900, "doubts": []}).json["decision"]["when"] is None
    double = "姓名,产品,金额,日期\n周婷,猎头,900,2026-11-20\n".encode()
    assert "那天已经记过一样的一单" in "".join(upload(house, double)[1]["rows"][0]["doubts"])
    first = record(house, one)
    assert first.json["decision"]["when"] is None
    changed = upload(
        house, "单号,姓名,产品,金额,日期\nHT-1,王小明,铂金套餐,9800,2026-11-24\n".encode("gb18030")
    )[1]["rows"][0]
    assert changed["replaces"] == first.json["id"]
    assert record(house, changed).status == 201
    again = upload(house, "单号,姓名,产品,金额\nHT-1,王小明,铂金套餐,9800\n".encode())[1]["rows"][0]
    assert again["recorded"] is not None


def test_an_amount_that_is_a_formula_without_its_result_says_so(house: House) -> None:
    """The row has the formula as its only reason, with what to do; other rows are read, prepared ones passed over."""
    rows: list[list[object]] = [
        ["姓名", "产品", "金额"],
        ["王小明", "年卡", "=3000*2"],
        ["陈芳", "年卡", 4000],
        [None, None, "=A4*2"],
        ["合计", None, "=SUM(C2:C3)"],
    ]
    status, answer = upload(house, xlsx(rows))
    assert status == 200
    first, second = answer["rows"]
    assert first["doubts"] == [
        "“金额”是公式，文件里没有存下它的结果。请用 Excel 或 WPS 打开文件，保存一次再导入；"
        "或者复制这一列，选择性粘贴成“数值”。"
    ]
    assert (first["person"], first["amount"]) == ("王小明", None)
    assert (second["person"], second["amount"]) == ("陈芳", 4000)
    assert "公式" not in "".join(second["doubts"])


def _bomb() -> bytes:
    """Return a small workbook that unpacks to 300 MB."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", b"0" * 300_000_000)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "空"), (b"PK\x03\x04 no workbook", "打不开"), (None, "太大"),
        ("没有标题\n1\n".encode(), "没有找到标题行"),
        ("姓名,金额\n".encode(), "只有标题行"), (b"%PDF-1.7", "PDF"), (b"x" * 1_000_001, "最多 1 MB"),
        ("姓名,金额\n".encode() + "王小明,1\n".encode() * 501, "一次最多 500 单"),
    ],
    ids=["empty", "no workbook", "bomb", "no heading", "no row", "pdf", "large csv", "many rows"],
)  # fmt: skip
def test_bad_files_are_refused_with_a_sentence(house: House, data: bytes | None, says: str) -> None:
    """In bounded time and memory: with the limits of the people lists."""
    status, answer = upload(house, _bomb() if data is None else data)
    assert (status, answer["field"]) == (422, "file")
    assert says in answer["error"]


@pytest.mark.browser
def test_rows_are_confirmed_on_the_phone(house: House, browser: Browser) -> None:
    """Sure rows are chosen, doubtful ones say why and are put right in place; each says what became of it."""
    page = sign_in(house, browser, 390, 844)
    page.locator("#paste-open").tap()
    page.fill("#paste-text", "单晓明 年卡 5100；外地小周 季卡 2000\n李思思 <b>铂金</b> 1.2\n周婷 年卡 6100")
    page.get_by_text("看看有哪些单").tap()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("共 4 单，2 单要看一眼")
    expect(sheet.get_by_text("记下 2 单")).to_be_visible()
    stranger = sheet.locator("li").nth(1)
    expect(stranger).to_contain_text("名单里没有“外地小周”")
    stranger.locator("button.row").tap()
    stranger.locator("input[type=search]").fill("zt")
    stranger.get_by_role("radio", name="周婷").tap()
    stranger.get_by_text("改好了").tap()
    sheet.get_by_text("记下 3 单").tap()
    expect(sheet).to_contain_text("3 单已记下")
    expect(sheet.locator("li").nth(2).locator("input[type=checkbox]")).not_to_be_checked()
    deals = [
        (deal["person"], deal["product"], deal["amount"]) for deal in house.call("GET", "/api/deals").json
    ]
    assert {("单晓明", "年卡", 5100), ("周婷", "季卡", 2000), ("周婷", "年卡", 6100)} <= set(deals)
    assert ("李思思", "铂金套餐", 12_000) not in deals
    page.context.close()
