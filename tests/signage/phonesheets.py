"""Functions that open each sheet of the phone, for the tests that check all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from playwright.sync_api import Page


def deal(page: Page) -> None:
    """Fill in a deal, so that its sentence is above the button."""
    page.locator("#teams").get_by_text("猛虎队", exact=True).click()
    page.locator("#people").get_by_text("王小明", exact=True).click()
    page.fill("#amount", "12800")
    page.locator("#products button").first.click()


def line(page: Page) -> None:
    page.locator("#done button").first.click()


def fix(page: Page) -> None:
    """Open a deal of the list for correction."""
    line(page)
    page.locator("#sheet").get_by_text("改这一单").click()


def take_back(page: Page) -> None:
    line(page)
    page.locator("#sheet").get_by_text("撤回").first.click()


def tracks(page: Page) -> None:
    page.locator("#tracks").click()


def target(page: Page) -> None:
    page.locator("#team-rows button").first.click()


def city(page: Page) -> None:
    page.locator("#add-city").click()


def wall(page: Page) -> None:
    page.locator("#walls button").first.click()


def choices(page: Page) -> None:
    wall(page)
    page.locator("#sheet").get_by_text("显示设置").click()


def name(page: Page) -> None:
    wall(page)
    page.locator("#sheet").get_by_text("改名").click()


def add_wall(page: Page) -> None:
    page.locator("#add-wall").click()


def add_person(page: Page) -> None:
    page.locator("#add-person").click()


def _roster(page: Page) -> None:
    if not page.locator("#roster details[open]").count():
        page.locator("#roster summary").first.click()


def added(page: Page) -> None:
    """Add a person, which opens the sheet for a photo, a song, or the next person."""
    add_person(page)
    page.fill("#p-name", "新来的")
    page.locator("#sheet .chip").first.click()
    page.locator("#sheet .go").click()
    page.locator("#sheet .belongings").wait_for()


def person(page: Page) -> None:
    _roster(page)
    page.locator("#roster details[open] .rows button").first.click()


def team(page: Page) -> None:
    _roster(page)
    page.locator("#roster details[open] .rows button").last.click()


def leave(page: Page) -> None:
    """Open the sheet for a person's last day."""
    person(page)
    page.locator("#sheet").get_by_text("离职或休假").click()


def left(page: Page) -> None:
    """Let the person leave that `added` has added, and open the sheet for the return."""
    page.fill("#people-search", "新来的")
    if not page.locator("#people-left-rows button").count():
        page.locator("#roster .rows button").first.click()
        page.locator("#sheet").get_by_text("离职或休假").click()
        page.locator("#sheet").get_by_text("现在就从名单里去掉").click()
        page.locator("#people-left-rows button").first.wait_for(state="attached")
    if not page.locator("#people-left[open]").count():
        page.locator("#people-left summary").click()
    page.locator("#people-left-rows button").first.click()
    page.evaluate("document.getElementById('people-search').value = ''")  # the open sheet covers it


def lists(page: Page) -> None:
    """Paste a list with a faulty row, so that its preview is shown."""
    page.locator("#people-import").click()
    page.fill(
        "#people-paste",
        "团队\t姓名\t生日\n猛虎队\t王小明\t5月3日\n猛虎队\t新人\t\n\t没有队\t\n飞龙队\t李思思\t农历八月\n",
    )
    page.locator("#sheet").get_by_text("看看粘贴的内容").click()
    page.locator("#list-sum").wait_for()


def closed(page: Page) -> None:
    """Close an open sheet."""
    page.evaluate("document.getElementById('sheet').open && document.getElementById('sheet').close()")


OPENED: dict[str, tuple[Callable[[Page], None], ...]] = {
    "deal": (deal, line, take_back, fix),
    "say": (tracks,),
    "results": (target, city),
    "colleagues": (add_person, added, person, team, leave, left, lists),
    "device": (wall, choices, name, add_wall),
}
"""By page."""
FORMS = (deal, fix)
"""Those that fill in the form of the page instead."""

PAGES = ("deal", "say", "results", "targets", "days", "colleagues", "device")
ACTS = (
    "go", "wan", "change", "day-back", "fixing-off", "music-go", "music-next", "stop", "say-go",
    "emergency", "review", "own-go",
    "past-back", "past-on", "ceremony-start", "ceremony-back", "ceremony-on", "ceremony-end", "clock-right",
    "voice-reset", "week-back", "week-on", "older", "award-more", "past-more", "deal-hear", "say-hear", "links-back",
    "links-on",
)  # fmt: skip
"""Buttons that do something instead of opening a sheet."""
OPENERS = """(acts) => [...document.querySelectorAll('main section:not([hidden]) button')]
  .filter((node, at, all) => {
    const list = node.closest('ul, ol');
    const twin = (one) => one.closest('ul, ol') === list && one.className === node.className;
    return node.offsetParent && !node.disabled && !acts.includes(node.id)
      && !node.matches('.go, .chip, [type=submit], .periods button') && (!list || all.findIndex(twin) === at);
  }).map((node, at) => { node.dataset.opener = at; return at; })"""


def each_sheet(page: Page, address: str) -> Iterator[str]:
    """Open every page and then each sheet that a button of it opens, one button of a list; yield the place.

    Works in every language and role: nothing is found by its words.
    """
    for name in PAGES:
        page.goto(f"{address}/#{name}")
        page.wait_for_timeout(400)
        if page.evaluate(f"document.getElementById('{name}').hidden"):
            continue
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        yield name
        for number in page.evaluate(OPENERS, list(ACTS)):
            button = page.locator(f"[data-opener='{number}']")
            if not button.count():
                continue  # the list was drawn again
            button.first.evaluate("node => node.click()")
            page.wait_for_timeout(400)
            if page.evaluate("document.getElementById('sheet').open"):
                yield f"{name} {number}"
                closed(page)
