"""A real Chromium as a phone: adding a colleague, moves by date, leaving and returning, and a list with faulty rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import REPOSITORY, House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone
from tests.signage.test_phone_browser import sign_in

pytestmark = pytest.mark.browser

ARTEFACTS = REPOSITORY / "artefacts"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            house.sell("王小明", 300, "known")
            ARTEFACTS.mkdir(exist_ok=True)
            yield house


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    one = OnePhone(lambda: sign_in(house, browser, WIDTH, HEIGHT))
    yield one
    one.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    for page in one_phone.for_test(request):
        page.tap("text=设备")
        page.tap("text=名单、加人、导入和导出")
        expect(page.locator("#roster details").first).to_be_visible()
        yield page


def picture(page: Page, name: str) -> None:
    """Keep a picture at both widths, to be looked at."""
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=ARTEFACTS / f"phone-people-{name}-{width}.png")
    page.set_viewport_size({"width": 390, "height": 844})


def person(house: House, name: str) -> dict[str, object]:
    roster = house.call("GET", "/api/people/roster", role="admin").json
    return next(one for one in roster["people"] if one["name"] == name)


def open_person(page: Page, name: str) -> None:
    page.fill("#people-search", name)
    page.locator("#roster .rows button").first.tap()


def test_a_colleague_is_added(house: House, phone: Page) -> None:
    """Name, team, birthday and first day; the next sheet takes a photo with the camera and a song."""
    picture(phone, "list")
    phone.tap("#add-person")
    phone.fill("#p-name", "林小雨")
    phone.locator("#sheet .chip", has_text="飞龙队").tap()
    phone.fill("#p-birthday", "农历八月十五")
    phone.fill("#p-joined", "2026/11/23")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet [role=alert]")).to_contain_text("是农历，请换成公历")
    phone.fill("#p-birthday", "1998年5月3日")
    picture(phone, "add")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet-title")).to_have_text("林小雨已加入飞龙队")
    expect(phone.locator("#sheet input[type=file]").first).to_have_attribute("capture", "environment")
    added = person(house, "林小雨")
    assert (added["team"], added["birthday"], added["joined"]) == ("飞龙队", "5月3日", "2026-11-23")
    phone.locator("#sheet").get_by_text("关闭").tap()
    phone.fill("#people-search", "林")
    expect(phone.locator("#roster .rows")).to_contain_text("林小雨")


def test_two_phones_edit_one_person(house: House, phone: Page) -> None:
    """Different fields are both kept. In the same field the second is asked, loses nothing, and may insist."""
    number = person(house, "刘洋")["id"]
    open_person(phone, "刘洋")
    house.call("PATCH", f"/api/people/{number}", {"email": "liu@example.com"}, "admin")
    phone.fill("#p-birthday", "5月3日")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet")).to_be_hidden()
    assert (person(house, "刘洋")["email"], person(house, "刘洋")["birthday"]) == (
        "liu@example.com",
        "5月3日",
    )
    open_person(phone, "刘洋")
    house.call("PATCH", f"/api/people/{number}", {"birthday": "6月4日", "joined": "2020-01-02"}, "admin")
    phone.fill("#p-birthday", "7月5日")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet [role=alert]")).to_contain_text("刘洋的“生日”刚才有人改过，现在是“6月4日”")
    picture(phone, "asked")
    expect(phone.locator("#p-birthday")).to_have_value("7月5日")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet")).to_be_hidden()
    assert (person(house, "刘洋")["birthday"], person(house, "刘洋")["joined"]) == ("7月5日", "2020-01-02")


def test_a_move_from_a_date_is_shown_and_cancelled(house: House, phone: Page) -> None:
    """Another team and a date: 12月1日起到飞龙队 on the list, and one tap cancels it."""
    open_person(phone, "陈芳")
    expect(phone.locator(".since")).to_be_hidden()
    phone.locator("#sheet .chip", has_text="飞龙队").first.tap()
    phone.fill("#p-since", "2026-11-28")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet .wrong").first).to_contain_text(
        "11月28日不上班，请选上班的日子，例如 11月30日"
    )
    phone.fill("#p-since", "2026-12-01")
    picture(phone, "move")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#roster .rows").first).to_contain_text("12月1日起到飞龙队")
    assert person(house, "陈芳")["team"] == "猛虎队"
    open_person(phone, "陈芳")
    phone.locator("#sheet").get_by_text("取消这次调队").tap()
    expect(phone.locator("#roster .rows").first).not_to_contain_text("12月1日起")
    assert person(house, "陈芳")["move"] is None


def test_a_person_leaves_and_returns(house: House, phone: Page) -> None:
    """离职或休假 now; the person is among those who left, and returns as the same one."""
    before = person(house, "周婷")["id"]
    open_person(phone, "周婷")
    phone.locator("#sheet").get_by_text("离职或休假").tap()
    picture(phone, "leave")
    phone.locator("#sheet").get_by_text("现在就从名单里去掉").tap()
    expect(phone.locator("#people-left-count")).to_have_text("1 人")
    phone.locator("#people-left summary").tap()
    phone.locator("#people-left-rows button").first.tap()
    picture(phone, "return")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#people-left")).to_be_hidden()
    assert (person(house, "周婷")["id"], person(house, "周婷")["active"]) == (before, True)


def workbook(folder: Path) -> Path:
    """Return an Excel list with faulty rows."""
    book = Workbook()
    for row in (
        ["团队", "姓名", "组长", "生日", "入职日期"],
        ["猛虎队", "王小明", "是", "1990-5-3", 44256],
        ["雄鹰队", "新来甲", "", "12月1日", ""],
        ["", "没有团队", "", "", ""],
        ["飞龙队", "李思思", "是", "二月", ""],
        ["雄鹰队", "欧阳建国", "是", "", ""],
    ):
        book.active.append(row)
    book.save(folder / "名单.xlsx")
    return folder / "名单.xlsx"


def test_a_list_with_faulty_rows_is_previewed(house: House, phone: Page, tmp_path: Path) -> None:
    """Each faulty row with line and reason, each change in words; only 导入 writes, and only the good rows."""
    phone.tap("#people-import")
    picture(phone, "import")
    phone.set_input_files("#sheet input[type=file]", workbook(tmp_path))
    expect(phone.locator("#list-sum")).to_have_text("预计新增 1 人，更新 1 人，有错的 2 行不导入。")
    sheet = phone.locator("#sheet")
    expect(sheet.locator(".fault")).to_have_count(2)
    expect(sheet.locator(".fault").first).to_contain_text("第 4 行　没有团队团队是空的")
    expect(sheet).to_contain_text("生日：（空） → 5月3日；入职日期：（空） → 2021-03-01")
    picture(phone, "preview")
    names = {one["name"] for one in house.call("GET", "/api/people").json}
    assert "新来甲" not in names
    sheet.locator(".go").tap()
    expect(phone.locator("#toast")).to_contain_text("新增 1 人，更新 1 人")
    assert person(house, "新来甲")["birthday"] == "12月1日"
    assert person(house, "李思思")["birthday"] is None
    phone.tap("#people-import")
    phone.set_input_files("#sheet input[type=file]", workbook(tmp_path))
    expect(phone.locator("#list-sum")).to_have_text("没有能导入的改动，请先改正有错的行。")


def test_too_many_pasted_rows_are_refused_with_the_limit(phone: Page) -> None:
    """10,000 rows from a spreadsheet: the limit and the way out, and what was pasted stays."""
    phone.tap("#people-import")
    phone.locator("#people-paste").evaluate(
        "(box) => { box.value = '团队\\t姓名\\n'"
        " + Array.from({length: 10000}, (_, n) => '猛虎队\\t人' + n + '号').join('\\n'); }"
    )
    phone.locator("#sheet").get_by_text("看看粘贴的内容").tap()
    expect(phone.locator("#sheet [role=alert]")).to_contain_text("10000 行，最多 5000 人，请分几次导入")
    assert len(phone.input_value("#people-paste")) > 100_000


def test_the_export_opens_in_excel(phone: Page) -> None:
    """The link gives a file with its name."""
    with phone.expect_download() as download:
        phone.tap("text=导出 Excel")
    assert re.fullmatch(r"people.*\.xlsx", download.value.suggested_filename)
