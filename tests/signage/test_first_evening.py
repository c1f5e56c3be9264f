"""The phone of an office that has just been installed: nobody in the lists, no wall, no deal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.signage.house import House, running
from tests.signage.phonepage import OnePhone, sized

pytestmark = pytest.mark.browser

TABS = ("deal", "say", "results", "targets", "days", "colleagues", "links", "device")
BROKEN = """() => [...document.querySelectorAll('.tabs a')].filter((tab) => {
  const range = document.createRange();
  range.selectNodeContents(tab);
  const box = tab.getBoundingClientRect();
  return !tab.hidden && (range.getClientRects().length > 1 || box.left < 0 || box.right > innerWidth + 1);
}).map((tab) => tab.textContent)"""
"""Names of tabs that are broken into two lines or outside of the screen."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False, people={}) as house:
            yield house


def phone_of(house: House, browser: Browser, role: str, locale: str = "zh-CN") -> Page:
    context = browser.new_context(viewport={"width": 320, "height": 700}, has_touch=True, locale=locale)
    page = context.new_page()
    invited = house.daemon.office.keys.phones.invite(role)
    page.goto(f"{house.address}/join/{invited.link}")
    page.locator("form button.go").tap()
    page.wait_for_selector("#deal-form")
    return page


@pytest.fixture(scope="module")
def one_phone(house: House, browser: Browser) -> Iterator[OnePhone]:
    one = OnePhone(lambda: phone_of(house, browser, "owner"))
    yield one
    one.close()


@pytest.fixture
def owner(request: pytest.FixtureRequest, one_phone: OnePhone) -> Iterator[Page]:
    for page in one_phone.for_test(request):
        yield sized(page, 320, 700)


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_no_address_of_the_phone_is_missing(house: House, browser: Browser, locale: str) -> None:
    """In both languages each script and request of all tabs is answered, and at 320 px no tab's name is broken."""
    page = phone_of(house, browser, "owner", locale)
    failed: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 400:
            failed.append(f"{answer.status} {answer.url}")

    page.on("response", note)
    page.reload()
    for tab in TABS:
        page.evaluate("(tab) => { location.hash = tab }", tab)
        page.locator(f"section#{tab}").wait_for()
        assert page.evaluate(BROKEN) == [], tab
    assert failed == []
    page.context.close()


def test_an_empty_list_of_people_leads_to_where_they_are_entered(house: House, owner: Page) -> None:
    """报单, 战报 and 目标 have a link to the roster; nothing says that teams which do not exist did their work."""
    page = owner
    for tab in ("deal", "results", "targets"):
        page.goto(f"{house.address}/#{tab}")
        page.locator(f"#{tab} a[href='#colleagues']").tap()
        expect(page.locator("#people-first")).to_be_visible()
    page.goto(f"{house.address}/#targets")
    expect(page.locator("#target-teams")).to_contain_text("还没有人")
    expect(page.locator("#targets")).not_to_contain_text("都交了")


def test_parts_that_are_not_set_up_are_not_green(house: House, owner: Page) -> None:
    """设备: no wall is marked and says where to add one; options that the office does not use are grey."""
    page = owner
    page.goto(f"{house.address}/#device")
    walls = page.locator("#machine .row", has_text="还没有大屏")
    expect(walls.locator(".todo")).to_be_visible()
    expect(walls).to_contain_text("添加")
    expect(page.locator("#machine .row", has_text="没有设置").locator(".dim").first).to_be_visible()
    green = set(page.locator("#machine .ok").all_inner_texts())
    assert green.isdisjoint({"还没有大屏", "没有打开", "没有设置", "还没有"})


def test_the_address_for_walls_is_one_that_a_tv_reaches(house: House, owner: Page) -> None:
    """This page was opened by 127.0.0.1; it names the machine's address in the network, and then its name."""
    house.daemon.office.addresses.set("zhangu.local", ("192.0.2.7",))
    page = owner
    page.evaluate("dispatchEvent(new Event('online'))")
    page.goto(f"{house.address}/#device")
    port = house.daemon.server.port
    expect(page.locator("#wall-address")).to_have_text(
        f"http://192.0.2.7:{port}/wall/new 或 http://zhangu.local:{port}/wall/new"
    )


def test_a_wall_that_just_came_is_counted_while_it_is_there(house: House, owner: Page) -> None:
    """设备 does not say 还没有大屏 beside a list in which one is online; when it leaves nothing is missed."""
    office = house.daemon.office
    now = house.daemon.clock.now()
    office.walls.seen("somebody", now)
    page = owner
    page.evaluate("dispatchEvent(new Event('online'))")
    page.goto(f"{house.address}/#device")
    expect(page.locator("#machine .row", has_text="1 块，都连着")).to_be_visible()
    assert office.walls.presence(now + timedelta(minutes=10)) == ()
