"""The deal page in a real Chromium: search, deals in a row, corrections, proposals, products, a lost server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.daemon import Daemon, Options
from controller.sales.model import PersonRow
from controller.system.paths import Home
from tests.ports import free_port
from tests.signage.house import PEOPLE, REPOSITORY, ZONE, House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone
from tests.signage.test_phone_browser import ARTEFACTS, RULES, fill, sign_in

pytestmark = pytest.mark.browser

WEDNESDAY = datetime(2026, 11, 25, 14, 40, tzinfo=ZONE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", WEDNESDAY) as house:
            for number, product in enumerate(("铂金", "网络招聘", "铂金", "网络招聘")):
                house.sell("欧阳建国", 300, f"known-{number}", product)
            yield house


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    one = OnePhone(lambda: sign_in(house, browser, WIDTH, HEIGHT))
    yield one
    one.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    yield from one_phone.for_test(request)


def shoot(page: Page, name: str) -> None:
    """Take a picture of the visible page, and hold it to the rules of phone pages."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")
    assert page.evaluate(RULES) == []


def row(page: Page, words: str):  # type: ignore[no-untyped-def]
    return page.locator("#done li", has_text=words).first


def test_a_person_is_found_by_initials_and_the_last_seller_comes_first(house: House, phone: Page) -> None:
    """wxm, full pinyin and a character find 王小明; equal matches are sorted by the last deal; no match says so."""
    house.daemon.office.people.add(PersonRow(name="王晓敏", team="雄鹰队"))
    chips = phone.locator("#people .chip")
    for typed in ("wxm", "WangXiao", "王"):
        phone.fill("#find", typed)
        expect(chips).to_have_count(2)
        expect(chips.first).to_contain_text("王小明")
    house.sell("王晓敏", 500, "last")
    expect(phone.locator("#done")).to_contain_text("王晓敏")
    phone.fill("#find", "wxm")
    expect(chips.first).to_have_text("王晓敏雄鹰队")
    shoot(phone, "deals-search-390")
    phone.fill("#find", "zzz")
    expect(phone.locator("#people")).to_have_text("没有找到“zzz”。可以写名字、拼音或首字母。")
    phone.fill("#find", "sxm")
    phone.press("#find", "Enter")
    expect(phone.locator("#chosen-name")).to_have_text("单晓明")
    expect(phone.locator("#chosen-team")).to_have_text("猛虎队")
    expect(phone.locator("#amount")).to_be_focused()
    phone.tap("#change")
    phone.locator("#teams").get_by_text("最近报过的").tap()
    expect(chips.first).to_contain_text("王晓敏")


def test_several_deals_in_a_row(house: House, phone: Page) -> None:
    """The product stays chosen, the focus returns to the form, and the list has each deal."""
    phone.locator("#products").get_by_text("铂金", exact=True).tap()
    for amount, typed in (("110", "cf"), ("120", "zt")):
        phone.fill("#find", typed)
        phone.locator("#people .chip").first.tap()
        phone.fill("#amount", amount)
        phone.tap("#go")
        expect(phone.locator("#reported")).to_contain_text(f"¥{amount}")
        expect(phone.locator("#products [aria-checked=true]")).to_have_text("铂金")
        assert phone.evaluate("['who', 'find'].includes(document.activeElement.id)")
        assert phone.evaluate("scrollY") == 0
    expect(row(phone, "¥110")).to_contain_text("猛虎队")
    expect(row(phone, "¥120")).to_contain_text("飞龙队")


def test_a_heard_deal_is_corrected_aloud(house: House, phone: Page) -> None:
    """改这一单, another amount, 播一句更正: the sentence is shown before and the row says that it was announced."""
    house.call("POST", "/api/stop", {})
    house.sell("李思思", 28_000, "spoken", "铂金")
    expect(row(phone, "¥28,000")).to_contain_text("已播")
    row(phone, "¥28,000").locator("button").tap()
    phone.get_by_role("button", name="改这一单").tap()
    expect(phone.locator("#record-only")).to_be_checked()
    phone.locator("#correct-aloud").check()
    expect(phone.locator("#record-only")).not_to_be_checked()
    phone.fill("#amount", "2.6万")
    expect(phone.locator("#words")).to_have_text("更正：李思思的铂金是两万六千元，不是两万八千元。")
    expect(phone.locator("#go")).to_have_text("改好，播更正")
    shoot(phone, "deals-correction-390")
    phone.tap("#go")
    expect(row(phone, "¥26,000")).to_contain_text("已播")
    said = [
        one for one in house.call("GET", "/api/announcements").json if one["text"].startswith("更正：李思思")
    ]
    assert [one["state"] for one in said if not one["deals"]] == ["heard"]


@pytest.mark.long  # the server: services/test_corrections.py
def test_a_deal_is_moved_to_yesterday_and_found_there(house: House, phone: Page) -> None:
    """The choice of days; today's list loses it, yesterday's has it and can be corrected there."""
    house.sell("刘洋", 4567, "to-move", "铂金")
    row(phone, "¥4,567").locator("button").tap()
    phone.get_by_role("button", name="改这一单").tap()
    phone.locator("#fix-days").get_by_text("昨天").tap()
    expect(phone.locator("#words")).to_have_text("只记不播，记在昨天。")
    expect(phone.locator("#go")).to_have_text("保存")
    phone.tap("#go")
    expect(row(phone, "¥4,567")).to_contain_text("已撤回")
    phone.locator("#deal-days").get_by_text("昨天").tap()
    expect(phone.locator("#done li")).to_have_count(1)
    expect(row(phone, "¥4,567")).to_contain_text("11月25日")
    row(phone, "¥4,567").locator("button").tap()
    phone.get_by_role("button", name="改这一单").tap()
    expect(phone.locator("#fixing-words")).to_contain_text("昨天")
    expect(phone.locator("#fix-days [aria-checked=true]")).to_have_text("昨天")
    phone.fill("#amount", "4568")
    phone.tap("#go")
    expect(row(phone, "¥4,568")).to_be_visible()
    shoot(phone, "deals-yesterday-390")
    standings = house.call("GET", "/api/standings?date=2026-11-24").json
    assert (standings["people"][0]["name"], standings["people"][0]["amount"]) == ("刘洋", 4568)


@pytest.mark.long  # the server: services/test_corrections.py
def test_a_voided_deal_is_restored(house: House, phone: Page) -> None:
    """恢复这一单 counts it again without an announcement; its sheet has the history."""
    number = house.sell("陈芳", 777, "to-restore").json["id"]
    house.call("DELETE", f"/api/deals/{number}", {"reason": "报重了"})
    expect(row(phone, "¥777")).to_contain_text("恢复")
    row(phone, "¥777").locator("button").tap()
    phone.get_by_role("button", name="恢复这一单").tap()
    expect(phone.locator("#toast")).to_contain_text("不再播报")
    expect(row(phone, "¥777")).not_to_contain_text("已撤回")
    row(phone, "¥777").locator("button").tap()
    expect(phone.locator("#sheet")).to_contain_text(re.compile(r"撤回（报重了），\d\d:\d\d 恢复。"))
    shoot(phone, "deals-restored-390")


def test_a_salespersons_deal_waits_for_a_tap(house: House, browser: Browser, phone: Page) -> None:
    """The salesperson's phone hands it in; the assistant's shows who, what and since when; one tap records it."""
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, has_touch=True, locale="zh-CN",
        extra_http_headers={"Authorization": f"Bearer {house.token('director')}"},
    )  # fmt: skip
    page = context.new_page()
    page.goto(house.address + "/#deal")
    expect(page.locator("#go")).to_have_text("交给助理")
    fill(page, "飞龙队", "周婷", "9800", "铂金")
    expect(page.locator("#why")).to_have_text("¥9,800。交给助理，确认以后播报。")
    page.tap("#go")
    expect(page.locator("#proposed")).to_contain_text("等助理确认")
    shoot(page, "deals-proposing-320")
    waiting = phone.locator("#proposed li")
    expect(waiting).to_contain_text("周婷 ¥9,800")
    expect(waiting).to_contain_text(re.compile(r"铂金 · director · 14:\d\d"))
    shoot(phone, "deals-proposed-390")
    waiting.get_by_role("button", name="确认 周婷 ¥9,800").tap()
    expect(phone.locator("#proposed")).to_be_hidden()
    expect(row(phone, "周婷 ¥9,800")).to_be_visible()
    expect(page.locator("#proposed")).to_contain_text("已确认")
    fill(page, "飞龙队", "周婷", "9900", "铂金")
    page.tap("#go")
    waiting.locator(".row").tap()
    phone.locator("#sheet").get_by_role("button", name="退回", exact=True).tap()
    phone.locator("#sheet").get_by_text("还没有签").tap()
    phone.locator("#sheet").get_by_role("button", name="退回", exact=True).tap()
    expect(page.locator("#proposed")).to_contain_text("退回：还没有签")
    assert [deal["amount"] for deal in house.call("GET", "/api/deals").json if deal["person"] == "周婷"][
        -1
    ] == 9800
    context.close()


@pytest.mark.long  # the server: test_addresses.py
def test_products_are_put_in_order(house: House, browser: Browser) -> None:
    """Add, move, rename and hide on the narrowest phone; the chips follow."""
    page = sign_in(house, browser, 320, 640)
    page.locator("#products").get_by_text("别的…").tap()
    page.tap("#manage-products")
    sheet = page.locator("#sheet")
    for name in ("铂金", "网络招聘"):
        sheet.get_by_role("button", name=f"列入 {name}").tap()
        expect(sheet.locator("li", has_text=name)).to_be_visible()
    page.fill("#product-new", "黄金")
    sheet.get_by_role("button", name="添加").tap()
    expect(sheet.locator("li")).to_have_count(3)
    sheet.get_by_role("button", name="上移 黄金").tap()
    expect(sheet.locator("li").nth(1)).to_contain_text("黄金")
    sheet.locator("li .row").nth(1).tap()
    page.fill("#product-name", "黄金 2027")
    sheet.get_by_role("button", name="保存").tap()
    expect(sheet.locator("li").nth(1)).to_contain_text("黄金 2027")
    sheet.locator("li .row").nth(2).tap()
    sheet.get_by_role("button", name="隐藏").tap()
    expect(sheet.locator("li").nth(2)).to_contain_text("已隐藏")
    shoot(page, "deals-products-320")
    sheet.get_by_text("关闭").tap()
    expect(page.locator("#products .chip").nth(1)).to_have_text("黄金 2027")
    expect(page.locator("#products .chip").first).to_have_text("铂金")
    expect(page.locator("#products .chip:has-text('网络招聘')")).to_have_count(0)
    page.context.close()


# ---- a server that is stopped and started


class Stoppable:
    """A real daemon on one folder and one port."""

    def __init__(self, folder: Path):
        (folder / "config").mkdir(parents=True)
        shutil.copy(REPOSITORY / "config" / "rhythm.yaml", folder / "config")
        self.port = free_port()
        self.folder = folder
        self.start(first=True)

    def start(self, *, first: bool = False) -> None:
        self.daemon = Daemon(Options(Home(self.folder), "127.0.0.1", self.port, start=WEDNESDAY))
        if first:
            for team, names in PEOPLE.items():
                for name in names:
                    self.daemon.office.people.add(PersonRow(name=name, team=team))
        self.daemon.start()
        self.house = House(self.daemon)

    def stop(self) -> None:
        self.daemon.close()


@contextmanager
def stoppable(folder: Path) -> Iterator[Stoppable]:
    server = Stoppable(folder)
    try:
        yield server
    finally:
        server.stop()


def press(page: Page, amount: str) -> None:
    fill(page, "猛虎队", "王小明", amount, "铂金")
    page.tap("#go")


def amounts(server: Stoppable) -> list[int]:
    return sorted(deal["amount"] for deal in server.house.call("GET", "/api/deals").json)


@pytest.mark.long  # a lost network: test_phone_browser.py; late presses: below
def test_a_press_while_the_server_is_away(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, also over a reload; sent once within two minutes, otherwise asked about; discarded when wanted."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    with stoppable(tmp_path / "home") as server:
        server.house.sell("陈芳", 300, "first", "铂金")
        page = sign_in(server.house, browser, 390, 844)
        page.clock.install()
        page.reload()
        expect(page.locator("#done li").first).to_be_visible()
        server.stop()
        press(page, "4321")
        expect(page.locator("#toast")).to_contain_text("主机连不上，已记下，连上后自动发出")
        expect(row(page, "王小明 4321")).to_contain_text("还没送到")
        expect(page.locator("#unsent")).to_be_hidden()
        server.start()
        page.clock.run_for(9000)
        expect(row(page, "¥4,321")).to_be_visible()
        expect(row(page, "王小明 4321")).to_have_count(0)  # this phone has the answer, too
        assert amounts(server) == [300, 4321]

        server.stop()
        press(page, "55")
        expect(row(page, "王小明 55")).to_contain_text("连上后自动发出")
        page.clock.run_for(130_000)
        asked = page.locator("#unsent .ask")
        expect(asked).to_contain_text(re.compile(r"\d\d:\d\d 按下的这一单还没有发出：王小明 ¥55 铂金。"))
        asked.get_by_role("button", name="现在发").tap()
        expect(page.locator("#toast")).to_contain_text("主机还是连不上")
        shoot(page, "deals-unsent-390")
        server.start()
        page.clock.run_for(9000)
        page.reload()
        page.clock.run_for(9000)
        expect(asked).to_contain_text("王小明 ¥55")
        assert amounts(server) == [300, 4321]
        asked.get_by_role("button", name="现在发").tap()
        expect(page.locator("#unsent")).to_be_hidden()
        expect(row(page, "¥55")).to_be_visible()
        assert amounts(server) == [55, 300, 4321]

        server.stop()
        press(page, "66")
        expect(row(page, "王小明 66")).to_be_visible()
        page.clock.run_for(130_000)
        page.set_viewport_size({"width": 320, "height": 640})
        shoot(page, "deals-unsent-320")
        asked.get_by_role("button", name="丢弃").tap()
        expect(page.locator("#unsent")).to_be_hidden()
        server.start()
        page.clock.run_for(9000)
        page.reload()
        page.clock.run_for(9000)
        assert amounts(server) == [55, 300, 4321]
        page.context.close()


def test_a_late_press_whose_answer_was_lost_is_not_asked_about(house: House, phone: Page) -> None:
    """The deal arrived: the page finds its key in the day's deals and says so instead of asking."""
    phone.route(
        "**/api/deals",
        lambda route: (route.fetch(), route.abort()) if route.request.method == "POST" else route.continue_(),
    )
    fill(phone, "猛虎队", "刘洋", "8765", "铂金")
    phone.tap("#go")
    expect(row(phone, "刘洋 8765")).to_contain_text("还没送到")
    phone.evaluate(
        "localStorage.setItem('zhangu-unsent', JSON.stringify(JSON.parse(localStorage.getItem('zhangu-unsent'))"
        ".map((one) => ({ ...one, pressed: one.pressed - 200000 }))))"
    )
    phone.unroute_all(behavior="wait")
    expect(phone.locator("#toast")).to_contain_text("已经送到了")
    expect(phone.locator("#unsent")).to_be_hidden()
    deals = [deal for deal in house.call("GET", "/api/deals").json if deal["amount"] == 8765]
    assert len(deals) == 1


def test_a_refused_late_deal_stays_visible_with_its_reason(house: House, phone: Page) -> None:
    """A person who has left: the row says why, and 改一改再报 puts the deal back into the form."""
    order = {"key": "left", "person": "走了的人", "team": "猛虎队", "product": "铂金", "amount": "88"}
    phone.evaluate(
        "(order) => localStorage.setItem('zhangu-unsent', JSON.stringify([{ order, pressed: Date.now() }]))",
        order,
    )
    phone.reload()
    asked = phone.locator("#unsent .ask")
    expect(asked).to_contain_text("没有记下：走了的人 ¥88 铂金。名单里没有“走了的人”")
    asked.get_by_role("button", name="改一改再报").tap()
    expect(phone.locator("#unsent")).to_be_hidden()
    assert phone.input_value("#amount") == "88"
    expect(phone.locator("#products [aria-checked=true]")).to_have_text("铂金")


def test_foreign_values_in_the_storage_does_no_harm(house: House, phone: Page) -> None:
    """Broken text, a list of nonsense, and a deal kept by the former page, which is asked about."""
    for kept in ("{", "5", "[null, 1, {}]"):
        phone.evaluate("(kept) => localStorage.setItem('zhangu-unsent', kept)", kept)
        phone.reload()
        expect(phone.locator("#done li").first).to_be_visible()
        expect(phone.locator("#unsent")).to_be_hidden()
    former = [{"key": "old", "person": "陈芳", "product": "铂金", "amount": "5"}]
    phone.evaluate("(kept) => localStorage.setItem('zhangu-unsent', JSON.stringify(kept))", former)
    phone.reload()
    expect(phone.locator("#unsent .ask")).to_contain_text("以前 按下的这一单还没有发出：陈芳 ¥5 铂金。")
