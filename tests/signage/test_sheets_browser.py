"""A real Chromium on a slow network: each sheet opens at its tap, before the host has answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from phonesheets import ACTS, OPENERS, PAGES, closed
from playwright.sync_api import Browser, Page, Request, Route, expect
from wallroom import chromium

from tests.signage.house import House, running

pytestmark = pytest.mark.browser

WAITING = "正在读取…"
OPEN = "document.getElementById('sheet').open"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            house.sell("王小明", 12800, "one")
            house.call("PUT", "/api/targets", {"team": "猛虎队", "amount": 100000})
            yield house


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Line:
    """The phone's network, which holds all requests while it is `slow`."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._held: list[Route] = []
        self._pending: set[Request] = set()
        self._slow = False
        page.route("**/api/**", self._pass)
        page.on("request", lambda one: one.resource_type == "fetch" and self._pending.add(one))
        page.on("requestfinished", lambda one: self._pending.discard(one))
        page.on("requestfailed", lambda one: self._pending.discard(one))

    def _pass(self, route: Route) -> None:
        if self._slow:
            self._held.append(route)
        else:
            route.continue_()

    def slow(self) -> None:
        self._slow = True

    def fast(self) -> None:
        self._slow = False
        for route in self._held:
            route.continue_()
        self._held.clear()

    def wait(self) -> None:
        """Wait until all requests are answered, on a busy machine too, and their effect is drawn."""
        self._page.wait_for_timeout(60)
        while self._pending:
            self._page.wait_for_timeout(60)


def owner(house: House, browser: Browser) -> Page:
    page = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN"
    ).new_page()
    invited = house.call("POST", "/api/access/phones", {"role": "owner", "name": "前台"}, role="owner").json
    page.goto(f"{house.address}/join/{invited['link'].rsplit('/', 1)[1]}")
    page.click(".go")
    page.wait_for_selector("nav.tabs")
    return page


def test_each_sheet_opens_at_its_tap(house: House, browser: Browser) -> None:
    """With every request held each button opens its sheet at once; the sheet is filled when the host answers."""
    page = owner(house, browser)
    line, late, waited = Line(page), [], 0
    for name in PAGES:
        page.goto(f"{house.address}/#{name}")
        page.reload()
        page.wait_for_timeout(400)
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        for number in page.evaluate(OPENERS, list(ACTS)):
            button = page.locator(f"[data-opener='{number}']")
            if not button.count():
                continue  # the list was drawn again
            words = button.first.inner_text().replace("\n", " ")
            line.slow()
            button.first.evaluate("node => node.click()")
            page.wait_for_timeout(50)
            at_once = page.evaluate(OPEN)
            waited += at_once and page.locator("#sheet").get_by_text(WAITING).count()
            line.fast()
            line.wait()
            if page.evaluate(OPEN):
                if not at_once:
                    late.append(f"{name}: {words}")
                expect(page.locator("#sheet").get_by_text(WAITING)).to_have_count(0)
            closed(page)
    assert waited > 8, "sheets that had to wait"
    assert not late, "\n".join(late)
    page.context.close()


def test_a_sheet_says_why_it_stays_empty_and_ignores_late_answers(house: House, browser: Browser) -> None:
    """Without the host the sheet names the network; an answer to a closed sheet does not open or change another."""
    page = owner(house, browser)
    page.goto(f"{house.address}/#device")
    page.wait_for_timeout(300)
    page.route("**/api/speaker-test", lambda route: route.abort())
    page.locator("#speaker-test").click()
    expect(page.locator("#sheet [role=alert]")).to_contain_text("连不上主机")
    page.unroute("**/api/speaker-test")
    closed(page)
    line = Line(page)
    line.slow()
    page.locator("#backup").click()
    closed(page)
    page.locator("#log").click()
    line.fast()
    expect(page.locator("#log-lines li").first).to_be_visible()
    expect(page.locator("#sheet-title")).to_have_text("操作记录")
    expect(page.locator("#backups")).to_have_count(0)
    page.context.close()


def test_the_back_button_closes_a_sheet(house: House, browser: Browser) -> None:
    """Back leads to the page before; its sheet does not stay above that page."""
    page = owner(house, browser)
    page.goto(f"{house.address}/#results")
    page.locator(".tabs a[href='#device']").click()
    page.locator("#log").click()
    expect(page.locator("#log-lines li").first).to_be_visible()
    page.go_back()
    expect(page.locator("#results")).to_be_visible()
    expect(page.locator("#sheet")).to_be_hidden()
    page.context.close()
