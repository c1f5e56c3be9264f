"""The phone as an English reader sees it, with an office that types Latin letters: pages and sheets have no Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from phonesheets import each_sheet
from playwright.sync_api import Browser

from tests.signage.english_office import PEOPLE, PRODUCT, timetable
from tests.signage.house import REPOSITORY, House, running

pytestmark = pytest.mark.browser

RULES = (Path(__file__).parent / "phone_rules.js").read_text(encoding="utf-8")
CHINESE = """() => {
  const texts = [document.title];
  const names = ['aria-label', 'placeholder', 'title', 'alt', 'content', 'label'];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.nodeType === 1) texts.push(...names.map((name) => node.getAttribute(name) || ''));
    else if (!node.parentElement.closest('script, .languages, .sentence, [hidden]')) texts.push(node.data);
  }
  const typed = /Text \\d|Add “万”|^万$|\\{\\w+\\}/;
  return texts.filter((text) => /[\\u3000-\\u9fff\\uff00-\\uffef]/.test(text) && !typed.test(text.trim()));
}"""


JOINED = """() => Array.from(document.querySelectorAll('main *, dialog *'))
  .filter((node) => !node.children.length && /[a-z0-9][.!?][A-Z][a-z]/.test(node.textContent))
  .map((node) => 'no space between sentences: ' + node.textContent)"""
LINK = "\nlinks:\n  groups:\n    Sales: {kind: wecom, send: [big]}\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    shipped = (REPOSITORY / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        folder = tmp_path_factory.mktemp("office") / "home"
        with running(folder, sounds=False, people=PEOPLE, rhythm=timetable(shipped) + LINK) as house:
            house.sell("Ann Lee", 12800, "one", PRODUCT)
            house.sell("Bob Ray", 800, "two", PRODUCT)
            house.call("PUT", "/api/targets", {"team": "Tigers", "amount": 100000})
            house.call(
                "POST",
                "/api/walls/hall/painted",
                {"scene": "rhythm", "width": 1920, "height": 1080},
                role=None,
            )
            yield house


def test_every_page_and_sheet_is_english_and_fits(browser: Browser, house: House) -> None:
    """At 320 px an owner who reads English finds no Chinese, nothing cut or overflowing, and no script fails."""
    context = browser.new_context(viewport={"width": 320, "height": 700}, has_touch=True, locale="en-GB")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))

    def look(place: str) -> None:
        wrong.extend(f"{place}: {text!r}" for text in page.evaluate(CHINESE))
        wrong.extend(f"{place}: {fault}" for fault in page.evaluate(RULES) + page.evaluate(JOINED))

    page.goto(f"{house.address}/login")
    look("sign-in")
    invited = house.call("POST", "/api/access/phones", {"role": "owner", "name": "desk"}, role="owner").json
    page.goto(f"{house.address}/join/{invited['link'].rsplit('/', 1)[1]}")
    look("join")
    page.click(".go")
    page.wait_for_selector("nav.tabs")
    places = []
    for place in each_sheet(page, house.address):
        places.append(place)
        look(place)
    page.goto(f"{house.address}/timetable")
    for tab in ("day", "texts", "settings", "history"):
        page.locator(f".tabs a[href='#{tab}']").click()
        page.wait_for_selector(f"#{tab} li", state="attached")
        look(f"timetable {tab}")
    assert len(places) > 25, places
    assert not wrong, "\n".join(dict.fromkeys(wrong))
