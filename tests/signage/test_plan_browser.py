"""A real Chromium at a phone's size changes the plan: tomorrow as another day, half a day off, undo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.signage.house import ZONE, House, running
from tests.signage.phonepage import HEIGHT, WIDTH, OnePhone, sized
from tests.signage.test_phone_browser import ARTEFACTS, RULES

pytestmark = pytest.mark.browser

TODAY, TOMORROW = "2026-11-26", "2026-11-27"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        at = datetime(2026, 11, 26, 14, 10, tzinfo=ZONE)
        with running(tmp_path_factory.mktemp("office") / "home", at, sounds=False) as house:
            yield house


def sign_in(house: House, browser: Browser) -> Page:
    size: Any = {"width": WIDTH, "height": HEIGHT}
    page = browser.new_context(viewport=size, has_touch=True, locale="zh-CN").new_page()
    page.goto(house.address)
    page.fill("#pin", house.daemon.office.keys.pin())
    page.click("text=进入")
    expect(page.locator("#go")).to_be_visible()
    return page


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    one = OnePhone(lambda: sign_in(house, browser))
    yield one
    one.close()


@pytest.fixture
def phone(request: pytest.FixtureRequest, house: House, one_phone: OnePhone) -> Iterator[Page]:
    yield from one_phone.for_test(request)
    for day in (TODAY, TOMORROW):
        for one in house.call("GET", f"/api/days/{day}").json["exceptions"]:
            house.call("DELETE", f"/api/days/{day}/changes/{one['id']}", role="assistant")


class Taps:
    """Count the taps that a person needs."""

    def __init__(self, page: Page):
        self.page, self.number = page, 0

    def on(self, target: Locator) -> None:
        expect(target).to_be_visible()
        target.tap()
        self.number += 1


def words(house: House, day: str) -> list[str]:
    return [one["words"] for one in house.call("GET", f"/api/days/{day}").json["exceptions"]]


def test_tomorrow_as_monday_takes_four_taps(house: House, phone: Page) -> None:
    """安排, 明天, 周一, 就这样安排; the preview shows the day before it is made."""
    taps = Taps(phone)
    taps.on(phone.locator(".tabs").get_by_text("安排"))
    taps.on(phone.locator("#week button", has_text="明天"))
    taps.on(phone.locator("#day-like").get_by_text("周一", exact=True))
    expect(phone.locator("#sheet-title")).to_have_text("明天：按周一的安排")
    expect(phone.locator("#sheet .plan li").first).to_contain_text("战前准备")
    assert words(house, TOMORROW) == []
    phone.screenshot(path=ARTEFACTS / "phone-plan-preview.png")
    taps.on(phone.locator("#sheet").get_by_text("就这样安排"))
    expect(phone.locator("#day-changes")).to_contain_text("按周一的安排")
    assert taps.number <= 4
    assert words(house, TOMORROW) == ["按周一的安排"]
    phone.screenshot(path=ARTEFACTS / "phone-plan-day.png", full_page=True)


def test_half_a_day_off_reaches_the_wall_and_is_undone(house: House, browser: Browser, phone: Page) -> None:
    """15:00 起 in four taps; the wall says it; 撤销 in the toast brings the evening back."""
    wall = browser.new_page(viewport={"width": 1280, "height": 720})
    wall.goto(house.address + "/wall")
    taps = Taps(phone)
    taps.on(phone.locator(".tabs").get_by_text("安排"))
    taps.on(phone.locator("#week button", has_text="今天"))
    taps.on(phone.locator("#day-off").get_by_text("15:00 起"))
    expect(phone.locator("#sheet")).to_contain_text("不再播报：18:00 当天开拓能手、18:05 战报。")
    taps.on(phone.locator("#sheet").get_by_text("就这样安排"))
    assert taps.number <= 4
    expect(wall.get_by_text("今天 15:00 起休息。")).to_be_visible()
    wall.screenshot(path=ARTEFACTS / "wall-half-day.png")
    expect(phone.locator("#day-plan .gone").last).to_contain_text("战报")
    phone.locator("#toast").get_by_text("撤销").tap()
    expect(phone.locator("#day-changes li")).to_have_count(0)
    expect(phone.locator("#day-plan .gone")).to_have_count(0)
    expect(wall.get_by_text("今天 15:00 起休息。")).to_be_hidden()
    phone.locator("#day-history summary").tap()
    expect(phone.locator("#day-undone")).to_contain_text("15:00 起休息")
    wall.close()


def test_an_extra_moment_and_a_moved_entry(house: House, phone: Page) -> None:
    """Forms keep what was typed when the office refuses it, with the sentence below."""
    phone.locator(".tabs").get_by_text("安排").tap()
    phone.locator("#week button", has_text="明天").tap()
    phone.locator("#day-more").get_by_text("加一次播报").tap()
    phone.fill("#extra-at", "12:40")
    phone.fill("#extra-text", "全体到大会议室")
    phone.locator("#sheet .go").tap()
    expect(phone.locator("#sheet .wrong")).to_contain_text("安静时间什么都不播")
    phone.fill("#extra-at", "16:30")
    phone.locator("#sheet .go").tap()
    phone.locator("#sheet").get_by_text("就这样安排").tap()
    expect(phone.locator("#day-plan .changed")).to_contain_text("全体到大会议室")
    phone.locator("#day-plan button", has_text="清点战果").tap()
    phone.fill("#move-at", "17:00")
    phone.locator("#sheet").get_by_text("改时间").tap()
    phone.locator("#sheet").get_by_text("就这样安排").tap()
    expect(phone.locator("#day-changes li")).to_have_count(2)
    assert words(house, TOMORROW) == ["16:30 全体到大会议室", "“清点战果”从 17:30 改到 17:00"]


def test_another_phone_sees_the_change_by_itself(house: House, browser: Browser, phone: Page) -> None:
    """A day that is open on a second phone follows, with the author."""
    other = sign_in(house, browser)
    for page in (phone, other):
        page.locator(".tabs").get_by_text("安排").tap()
        page.locator("#week button", has_text="今天").tap()
        expect(page.locator("#day-plan li").first).to_be_visible()
    made = house.call(
        "POST", f"/api/days/{TODAY}/changes", {"kind": "off_from", "at": "16:00", "key": "other"}, "director"
    )
    assert made.status == 201
    for page in (phone, other):
        expect(page.locator("#day-changes")).to_contain_text("director")
    other.context.close()


@pytest.mark.parametrize(("width", "height"), [pytest.param(390, 844, marks=pytest.mark.long), (320, 568)])
def test_the_pages_keep_the_rules_of_the_phone(phone: Page, width: int, height: int) -> None:
    """Targets of 48 px, type of 16 px, nothing cut at the side: week, day, preview and forms."""
    page = sized(phone, width, height)
    page.locator(".tabs").get_by_text("安排").tap()
    expect(page.locator("#week li")).to_have_count(7)
    _rules(page)
    page.locator("#week button", has_text="明天").tap()
    expect(page.locator("#day-plan li").first).to_be_visible()
    _rules(page)
    for name in ("加一次播报", "不放音乐", "不播报"):
        page.locator("#day-more").get_by_text(name).tap()
        _rules(page)
        page.locator("#sheet").get_by_text("关闭").tap()
    page.locator("#day-off").get_by_text("全天").tap()
    expect(page.locator("#sheet .effect").first).to_be_visible()
    _rules(page)
    page.screenshot(path=ARTEFACTS / f"phone-plan-{width}.png")


def _rules(page: Page) -> None:
    assert page.evaluate(RULES) == []
