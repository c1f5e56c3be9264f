"""A phone of 2019 (without dialogs, pointer events and replaceChildren), and a keyboard: the sheets work as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.signage.house import House, running

pytestmark = pytest.mark.browser

OLD = """
delete HTMLDialogElement.prototype.showModal; delete HTMLDialogElement.prototype.close;
delete window.PointerEvent; delete Element.prototype.replaceChildren;
Element.prototype.getHTML = undefined;
"""
WECHAT = (
    "Mozilla/5.0 (Linux; Android 9) AppleWebKit/537.36 Chrome/73.0 Mobile Safari/537.36 MicroMessenger/8.0"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        with running(tmp_path_factory.mktemp("office") / "home", sounds=False) as house:
            house.sell("王小明", 800, "one")
            yield house


def opened(
    browser: Browser, house: House, script: str = "", agent: str | None = None
) -> tuple[Page, list[str]]:
    """Return the phone's page as its assistant sees it, and the list of its errors."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True, user_agent=agent)
    context.add_init_script(script)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{house.address}/login")
    page.fill("#pin", house.daemon.office.keys.pin())
    page.press("#pin", "Enter")
    page.wait_for_selector("#done button")
    return page, errors


@pytest.mark.parametrize("script", ["", OLD], ids=["now", "2019"])
def test_sheets_take_a_keyboard(browser: Browser, house: House, script: str) -> None:
    """Enter opens a sheet and moves the focus into it, Tab stays in it, Escape closes it and the focus returns."""
    page, errors = opened(browser, house, script)
    line = page.locator("#done button").first
    line.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#sheet[open]")
    inside = "document.getElementById('sheet').contains(document.activeElement)"
    for _ in range(8):
        assert page.evaluate(
            f"{inside} || document.activeElement === document.body"
        )  # the browser's own bars
        page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.wait_for_selector("#sheet:not([open])", state="attached")
    expect(line).to_be_focused()
    outline = line.evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline != "none", "the focus is not visible"
    assert not page.locator("#sheet").is_visible()
    assert errors == []
    page.context.close()


def test_a_long_press_works_without_pointer_events(browser: Browser, house: House) -> None:
    """Holding a product offers to take it off, by touch events alone; a tap beside the sheet closes it."""
    page, errors = opened(browser, house, OLD)
    chip = page.locator("#products .chip").first
    chip.dispatch_event("touchstart")
    page.wait_for_selector("#sheet[open] h2:has-text('去掉')")
    chip.dispatch_event("touchend")
    page.locator(".shade").click(position={"x": 10, "y": 10})
    assert not page.locator("#sheet").is_visible()
    assert errors == []
    page.context.close()


def test_wechat_says_that_it_saves_no_files(browser: Browser, house: House, tmp_path: Path) -> None:
    """A download inside WeChat, which would do nothing, says how to get the file."""
    page, errors = opened(browser, house, agent=WECHAT)
    page.evaluate("location.hash = '#colleagues'")
    page.locator("#people-export a").first.click()
    page.get_by_text("在微信里不能下载").wait_for()
    assert page.url.endswith("#colleagues")
    assert errors == []
    page.context.close()
