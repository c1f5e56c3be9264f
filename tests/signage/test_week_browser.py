"""A week of the office from phones alone, in a real Chromium with touch: nobody opens a shell, nobody calls the API.

The clock is set from one moment to the next, as in a rehearsal; everything else happens on the pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.signage.house import ZONE, House, running

pytestmark = pytest.mark.browser

MONDAY = datetime(2026, 11, 23, 8, 50, tzinfo=ZONE)
LIST = (
    "团队\t姓名\t生日\n猛虎队\t新同事甲\t5月3日\n\t没有队\t\n飞龙队\t李思思\t农历八月\n飞龙队\t新同事乙\t\n"
)
SHOTS: Path | None = None
"""A folder for a picture of each step, when a person walks through the week."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", MONDAY, sounds=False) as house:
            yield house


class Phone:
    """One person's phone; `taps` counts since the last `start`."""

    def __init__(self, house: House, browser: Browser, width: int = 390):
        self.house = house
        size = {"width": width, "height": 844}
        self.page = browser.new_context(viewport=size, has_touch=True, is_mobile=True).new_page()  # type: ignore[arg-type]
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.taps = 0

    def tap(self, where: str, words: str | None = None) -> None:
        target = self.page.locator(where)
        target = target.get_by_text(words, exact=True).first if words else target.first
        target.tap()
        self.taps += 1
        if SHOTS:
            self.page.wait_for_timeout(400)
            self.page.screenshot(path=SHOTS / f"{time.monotonic_ns()}.png")

    def tab(self, name: str) -> None:
        self.tap(".tabs", name)

    def see(self, where: str, words: str) -> None:
        expect(self.page.locator(where).filter(has_text=words).first).to_be_visible()

    def the(self, where: str) -> Locator:
        return self.page.locator(where)

    def sell(self, team: str, person: str, amount: str, product: str) -> None:
        """Enter a deal: person, amount, product, 播报."""
        self.tab("报单")
        self.tap("#teams", team)
        self.tap("#people", person)
        self.page.fill("#amount", amount)
        known = self.the("#products").get_by_text(product, exact=True)
        if known.count():
            known.tap()
        else:
            self.tap("#products", "别的…")
            self.page.fill("#other-product", product)
        expect(self.the("#go")).to_be_enabled()
        self.tap("#go")
        self.see("#done li", person)

    def change_day(self, day: str, chips: str, words: str) -> None:
        """Change one day's plan and confirm the preview: four taps at most."""
        self.taps = 0
        self.tab("安排")
        now = self.house.daemon.clock.now()
        self.see("#week li:first-child", f"{now.month}月{now.day}日")
        self.the("#week button").filter(has_text=day).first.tap()
        self.taps += 1
        self.tap(chips, words)
        self.tap("#sheet", "就这样安排")
        expect(self.the("#day-changes li").first).to_be_visible()
        assert self.taps <= 4  # the tab, the day, the change, the confirmation


def moment(house: House, day: int, at: str) -> None:
    """Set the office's clock to a day of the week (1: Monday) and a time."""
    hour, minute = at.split(":")
    house.daemon.clock.jump_to(MONDAY.replace(day=22 + day, hour=int(hour), minute=int(minute)))
    house.daemon.feed.notify()


def invited(owner: Phone, role: str, person: str | None, other: Phone) -> Phone:
    """Add a phone: the owner chooses a role, the other phone enters the digits beside the QR code."""
    owner.tab("设备")
    owner.tap("#add-phone")
    owner.tap("#sheet .chips", role)
    if person:
        owner.page.select_option("#phone-person", label=person)
    owner.tap("#sheet .go")
    code = owner.the("#phone-code").inner_text()
    owner.tap("#sheet", "关闭")
    other.page.goto(other.house.address)
    other.page.fill("#pin", code)
    other.tap(".go")
    expect(other.the("#where-text")).not_to_be_empty()
    return other


@pytest.mark.long  # each of its steps has a test
def test_a_week_from_the_phone(house: House, browser: Browser) -> None:
    """Phones are added; targets handed in and reviewed; half a day off; two corrections, one aloud; a new colleague; a
    list with faulty rows; tomorrow as Friday; a make-up Saturday; a removed phone stops."""
    owner = Phone(house, browser)
    owner.page.goto(f"{house.address}/join/{house.daemon.office.keys.phones.invite('owner', None).link}")
    owner.tap(".go")
    assistant = invited(owner, "销售助理", None, Phone(house, browser, 320))
    leader = invited(owner, "组长", "王小明（猛虎队）", Phone(house, browser, 360))
    director = invited(owner, "总监", None, Phone(house, browser))

    moment(house, 1, "9:16")
    leader.tab("目标")
    for number in range(4):
        leader.the("#own-targets input").nth(number).fill("1万")
    leader.tap("#own-targets .go")
    leader.see("#own-targets", "已交，合计 ¥40,000")
    director.tab("目标")
    director.see("#target-teams li", "已交")
    director.tap("#review")
    director.see("#review", "第二次复核看完了")

    moment(house, 1, "10:05")
    assistant.sell("猛虎队", "陈芳", "1280", "年卡")
    assistant.see("#done li", "已播")
    assistant.tap("#done button")
    assistant.tap("#sheet", "改这一单")
    assistant.page.fill("#amount", "12800")
    assistant.the("#correct-aloud").check()
    assistant.see("#sentence", "更正")
    assistant.tap("#go")
    assistant.see("#done li", "¥12,800")

    moment(house, 2, "10:05")
    assistant.sell("飞龙队", "周婷", "900", "月卡")
    assistant.change_day("今天", "#day-off", "15:00 起")
    assistant.see("#day-changes", "15:00 起休息")
    assistant.tab("报单")
    assistant.tap("#done button")
    assistant.tap("#sheet", "改这一单")
    assistant.tap("#change")
    assistant.tap("#teams", "飞龙队")
    assistant.tap("#people", "李思思")
    assistant.tap("#go")
    assistant.see("#done li", "李思思")
    moment(house, 2, "15:30")
    assistant.see("#where-text", "不在工作时间")

    moment(house, 3, "11:00")
    assistant.change_day("明天", "#day-like", "周五")
    assistant.tab("设备")
    assistant.tap("#device", "名单、加人、导入和导出")
    assistant.tap("#add-person")
    assistant.page.fill("#p-name", "赵新人")
    assistant.tap("#sheet .chips", "雄鹰队")
    assistant.tap("#sheet .go")
    assistant.see("#sheet h2", "赵新人已加入雄鹰队")
    assistant.tap("#sheet", "关闭")
    assistant.sell("雄鹰队", "赵新人", "3000", "月卡")

    moment(house, 5, "11:00")
    assistant.tab("设备")
    assistant.tap("#device", "名单、加人、导入和导出")
    assistant.tap("#people-import")
    assistant.page.fill("#people-paste", LIST)
    assistant.tap("#sheet", "看看粘贴的内容")
    assistant.see("#sheet", "农历")
    assistant.tap("#sheet .go")
    assistant.see("#sheet, #toast", "名单导入好了")
    expect(assistant.the("#sheet")).to_be_hidden()
    assistant.change_day("周六", "#day-like", "工作日")

    moment(house, 6, "14:40")
    assistant.see("#where-text", "决战时刻")
    assistant.sell("飞龙队", "新同事乙", "600", "月卡")
    owner.tab("战报")
    owner.see("#sum-note", "1 单")

    owner.tab("设备")
    owner.tap("#who-may")
    owner.the("#sheet button").filter(has_text="销售助理").first.tap()
    began = time.monotonic()
    owner.the("#sheet").get_by_role("button", name="移除", exact=True).tap()
    assistant.page.wait_for_url("**/login")
    print(f"signed out after {time.monotonic() - began:.1f} s")  # the limit: test_roles_browser.py
    _nothing_is_lost(house)
    assert [phone.errors for phone in (owner, assistant, leader, director)] == [[]] * 4


def _nothing_is_lost(house: House) -> None:
    """The week's deals are those that stand, and each change of a day was for that day alone."""
    office = house.daemon.office
    deals = [
        (deal.person, int(deal.amount))
        for day in range(23, 29)
        for deal in office.deals.of_day(MONDAY.replace(day=day).date())
        if deal.voided is None
    ]
    assert deals == [("陈芳", 12800), ("李思思", 900), ("赵新人", 3000), ("新同事乙", 600)]
    names = [person.name for person in office.people.active()]
    assert "新同事甲" in names
    assert "没有队" not in names
    plans = [office.exceptions.week(MONDAY.replace(day=day).date())[0] for day in (23, 24, 26, 28)]
    assert [len(plan.exceptions) for plan in plans] == [0, 1, 1, 1]
    assert [plan.workday for plan in plans] == [True] * 4
