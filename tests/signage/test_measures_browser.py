"""Numbers beside the deals, a deal of yesterday, and a replaced “run as”, on real phones of a real office."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import ZONE, House, running

pytestmark = pytest.mark.browser

THURSDAY = datetime(2026, 11, 26, 15, 20, tzinfo=ZONE)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        home = tmp_path_factory.mktemp("office") / "home"
        with running(home, THURSDAY, sounds=False) as house:
            file = home / "config" / "rhythm.yaml"
            text = file.read_text(encoding="utf-8").replace(
                "measures: []", "measures: [{name: 电话, unit: 通}]"
            )
            file.write_text(text, encoding="utf-8")
            until = time.monotonic() + 30
            while not house.daemon.office.measures.measures():
                assert time.monotonic() < until
                time.sleep(0.05)
            yield house


@pytest.fixture
def phone(house: House, browser: Browser) -> Iterator[Page]:
    """A narrow phone of the assistant."""
    context = browser.new_context(
        viewport={"width": 320, "height": 700}, has_touch=True, locale="zh-CN",
        extra_http_headers={"Authorization": f"Bearer {house.token('assistant')}"},
    )  # fmt: skip
    page = context.new_page()
    yield page
    context.close()


def test_a_teams_numbers_are_entered_and_corrected(house: House, phone: Page) -> None:
    """Two numbers in one sheet; the board follows; a table with a fault is refused with its line."""
    phone.goto(house.address + "/#results")
    phone.locator("#number-add").click()
    inputs = phone.locator("#sheet .aim input")
    inputs.nth(0).fill("41")
    inputs.nth(1).fill("38")
    phone.locator("#sheet .go").click()
    expect(phone.locator("#number-sum")).to_have_text("79 通")
    expect(phone.locator("#number-top li").first).to_contain_text("王小明")
    phone.locator("#number-add").click()
    expect(inputs.nth(0)).to_have_value("41")
    inputs.nth(0).fill("30")
    phone.locator("#sheet .go").click()
    expect(phone.locator("#number-sum")).to_have_text("68 通")
    assert phone.evaluate("document.documentElement.scrollWidth") == 320
    phone.locator("#numbers-block details summary", has_text="导入").click()
    table = {"name": "电话.csv", "mimeType": "text/csv", "buffer": "姓名,电话\n没有人,3\n".encode()}
    phone.locator("#number-file").set_input_files([table])  # type: ignore[list-item]
    expect(phone.locator("#sheet .faults")).to_have_text("第 2 行：名单里没有“没有人”。")


def test_a_deal_of_yesterday_is_recorded_only(house: House, phone: Page) -> None:
    """It counts for yesterday, nothing is announced, and the next deal is for today again."""
    phone.goto(house.address + "/#deal")
    phone.locator("#late").click()
    expect(phone.locator("#fix-days [aria-checked=true]")).to_have_text("昨天")
    phone.locator("#people .chip").first.click()
    phone.locator("#amount").fill("6800")
    phone.locator("#other-product").fill("套餐")
    expect(phone.locator("#words")).to_have_text("只记不播，记在昨天。")
    expect(phone.locator("#go")).to_have_text("记下，不播报")
    phone.locator("#go").click()
    expect(phone.locator("#toast")).to_contain_text("记在昨天")
    deals = house.call("GET", "/api/deals?date=2026-11-25").json
    assert [(deal["person"], deal["amount"]) for deal in deals] == [("王小明", 6800)]
    said = house.call("GET", "/api/announcements").json
    assert [one["state"] for one in said] == ["dropped"]
    expect(phone.locator("#late")).to_be_visible()
    expect(phone.locator("#fix-day")).to_be_hidden()


def test_a_second_run_as_replaces_the_first_and_comes_back(house: House, phone: Page) -> None:
    phone.goto(house.address + "/#days")
    phone.locator("#week button").first.click()
    for name, verb in (("周一", "就这样安排"), ("周二", "换成这一项")):
        phone.locator("#day-like .chip", has_text=name).click()
        expect(phone.locator("#sheet .go")).to_have_text(verb)
        phone.locator("#sheet .go").click()
        expect(phone.locator("#day-like [aria-pressed=true]")).to_have_text(name)
    phone.locator("#toast .undo").click()
    expect(phone.locator("#day-like [aria-pressed=true]")).to_have_text("周一")
    assert [one.like for one in house.daemon.office.snapshot.glance().plan.exceptions] == ["monday"]
