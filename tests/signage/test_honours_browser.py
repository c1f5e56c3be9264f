"""A real Chromium at a phone's size: the ceremony, a contest, past results and a person's page; the wall follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import ZONE, House, running
from tests.signage.phonepage import OnePhone, sized
from tests.signage.test_honours import honour
from tests.signage.test_phone_browser import ARTEFACTS, RULES
from tests.signage.test_roles_browser import join

pytestmark = pytest.mark.browser

SOON_MS = 3000  # a ceremony that ends leaves every wall at once


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        at = datetime(2026, 12, 1, 14, 10, tzinfo=ZONE)
        with running(tmp_path_factory.mktemp("office") / "home", at, sounds=False) as house:
            honour(house)
            for number in range(105):
                house.sell("陈芳", 1000 + number, f"sold-{number}")
            house.sell("李思思", 600, "other")
            yield house


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    def opened() -> Page:
        page = browser.new_context(has_touch=True, locale="zh-CN").new_page()
        return join(house, page, "manager")

    one = OnePhone(opened)
    yield one
    one.close()


@pytest.fixture(params=[pytest.param((390, 844), marks=pytest.mark.long), (320, 640)], ids=["390", "320"])
def phone(request: pytest.FixtureRequest, house: House, one_phone: OnePhone) -> Iterator[Page]:
    for page in one_phone.for_test(request):
        sized(page, *request.param)
        page.locator(".tabs").get_by_text("战报").tap()
        expect(page.locator("#award-rows li").first).to_be_visible()
        yield page
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, "the page is wider than the screen"
    found = house.call("GET", "/api/contests").json
    for contest in found["open"] + found["past"]:
        house.call("DELETE", f"/api/contests/{contest['id']}", {}, "manager")


def shot(page: Page, name: str) -> None:
    page.screenshot(path=ARTEFACTS / f"phone-{name}-{page.viewport_size['width']}.png")  # type: ignore[index]


def test_the_ceremony_is_led_from_the_phone(house: House, browser: Browser, phone: Page) -> None:
    walls = [browser.new_page(viewport={"width": 1280, "height": 720}) for _ in range(2)]
    for wall, name in zip(walls, ("main", "english"), strict=True):
        wall.goto(f"{house.address}/wall/{name}")
        expect(wall.locator(".clock")).to_be_visible()
    assert house.call("PATCH", "/api/walls/english", {"language": "en"}, "manager").status == 200
    expect(walls[1].locator(".seal")).to_have_text("Zhangu")
    phone.locator("#ceremony-start").tap()
    expect(phone.locator("#ceremony-name")).to_have_text("陈芳")
    for wall in walls:
        expect(wall.locator(".award h1")).to_have_text("陈芳")
    phone.locator("#ceremony-on").tap()
    phone.locator("#ceremony-on").tap()
    expect(phone.locator("#ceremony-place")).to_have_text("3 / 5")
    for wall in walls:
        expect(wall.locator(".award h1")).to_have_text("李思思")
    phone.locator("#ceremony-block").scroll_into_view_if_needed()
    shot(phone, "ceremony")
    phone.locator("#ceremony-back").tap()
    expect(phone.locator("#ceremony-place")).to_have_text("2 / 5")
    phone.locator("#ceremony-end").tap()
    expect(phone.locator("#ceremony-start")).to_be_visible()
    for wall in walls:
        expect(wall.locator(".award")).to_be_hidden(timeout=SOON_MS)
        wall.close()


@pytest.mark.long  # the server: test_honours.py
def test_a_contest_is_previewed_made_ended_and_removed(house: House, browser: Browser, phone: Page) -> None:
    """Refused without a name, with the sentence below; the wall has its line; the result is shown."""
    wall = browser.new_page(viewport={"width": 1280, "height": 720})
    wall.goto(house.address + "/wall")
    phone.locator("#add-contest").tap()
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet .wrong")).to_contain_text("还没有填写")
    phone.fill("#contest-name", "冲刺周")
    phone.locator("#sheet").get_by_text("猛虎队").tap()
    phone.locator("#sheet").get_by_text("飞龙队").tap()
    shot(phone, "contest-form")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet-title")).to_have_text("“冲刺周”会是这样")
    expect(phone.locator("#sheet")).to_contain_text("12月7日的战报以后揭晓")
    shot(phone, "contest-preview")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#contest-rows")).to_contain_text("猛虎队")
    expect(wall.locator(".ticker")).to_contain_text("冲刺周：猛虎队 领先")
    phone.locator("#contest-rows button").first.tap()
    shot(phone, "contest")
    phone.locator("#sheet").get_by_text("提前结束").tap()
    phone.locator("#sheet").get_by_text("现在结束", exact=True).tap()
    phone.locator("#contest-past summary").tap()
    expect(phone.locator("#contest-past-rows")).to_contain_text("冲刺周的结果：恭喜猛虎队")
    wall.close()


def test_past_results_have_every_deal_and_a_persons_page(house: House, phone: Page) -> None:
    expect(phone.locator("#past-deals li")).to_have_count(100)
    phone.locator("#past-more").tap()
    expect(phone.locator("#past-deals li")).to_have_count(106)
    phone.locator("#past-block").scroll_into_view_if_needed()
    shot(phone, "past")
    phone.locator("#past-periods").get_by_text("月").tap()
    expect(phone.locator("#past-note")).to_contain_text("12月1日到12月31日，106 单")
    phone.locator("#past-back").tap()
    expect(phone.locator("#past-note")).to_contain_text("11月1日到11月30日，0 单")
    phone.locator("#past-on").tap()
    phone.locator("#past-top button").first.tap()
    expect(phone.locator("#sheet-title")).to_have_text("陈芳")
    expect(phone.locator("#sheet .trend svg rect")).to_have_count(12)
    expect(phone.locator("#sheet")).to_contain_text("1 次月度，1 次周度")
    shot(phone, "person")
    assert "/api/deals.csv?from=2026-12-01" in str(phone.locator("#past-export").get_attribute("href"))


def test_the_page_follows_the_phones_rules(phone: Page) -> None:
    """Targets, type, contrast, as for every other page of the phone."""
    assert phone.evaluate(RULES) == []


def test_an_awards_poster_is_downloaded_from_the_persons_page(phone: Page) -> None:
    """Each award of a person has its poster, a PNG with a name to keep."""
    phone.locator("#award-rows button").first.tap()
    link = phone.locator("#sheet a[download]").first
    expect(link).to_have_attribute("download", re.compile("喜报-.+[.]png"))
    answer = phone.request.get(str(link.evaluate("node => node.href")))
    assert (answer.status, answer.body()[:4]) == (200, b"\x89PNG")
    phone.locator("#sheet").get_by_role("button", name="关闭").tap()
