"""The walls in a real Chromium: measure every picture of the storybook, and run a wall on a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from glances import moment
from playwright.sync_api import Browser, Page
from wallroom import Room

from tests.browsers import pictures_taken
from tests.storybook import State, stories

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
ARTEFACTS = HERE.parents[1] / "artefacts" / "wall"
RULES = (HERE / "wall_rules.js").read_text(encoding="utf-8")
LOOK = f"""async (text) => {{
    const broken = {{}};
    await new Promise(requestAnimationFrame);  // the page has noticed its new size
    for (const [name, story] of Object.entries(JSON.parse(text))) {{
        Wall.story(story);
        const found = {RULES};
        if (found.length) broken[name] = found;
    }}
    return broken;
}}"""
"""All stories in one call: nothing is painted between them, which would cost half as much again."""
SIZES = ((1280, 720), (1920, 1080), (3840, 2160), (1080, 1920), (1024, 768), (1280, 1024), (800, 1280))
PICTURES = (
    "rhythm-full", "board-all", "celebration-first-of-day", "celebration-burst", "countdown", "welcome", "award",
    "dark", "fault", "evening", "rhythm-light", "rhythm-english",
)  # fmt: skip


KEPT = ((1280, 720), (1080, 1920), (1024, 768))
"""Sizes of the pictures in artefacts/wall."""


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    room = Room(moment("14:52"))
    yield room
    room.stop()


@pytest.fixture(scope="module")
def session(browser: Browser, room: Room) -> Page:
    """Open the storybook's page; tests insert stories without reloading it."""
    page = browser.new_page()
    page.goto(room.url("/storybook/rhythm-full"))
    return page


def tell(page: Page, story: State) -> None:
    page.evaluate("story => Wall.story(story)", story)


def faults(page: Page) -> list[str]:
    broken: list[str] = page.evaluate(RULES)
    return broken


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_picture_keeps_the_rules(session: Page, width: int, height: int) -> None:
    """On each screen no story overflows, cuts or covers text, has too small type or a contrast under 7:1.

    Each story at one size, in turn; `make soak` takes all at all sizes.
    """
    assert rules_broken(session, width, height, sample(width, height)) == {}


def sample(width: int, height: int) -> list[str]:
    """Return the stories that are held to the rules at that size."""
    return list(stories())[SIZES.index((width, height)) :: len(SIZES)]


def rules_broken(session: Page, width: int, height: int, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the complaints about these stories at that size; keep some pictures for people to look at."""
    session.set_viewport_size({"width": width, "height": height})
    chosen = {name: story for name, story in stories().items() if name in names}
    broken: dict[str, list[str]] = session.evaluate(LOOK, json.dumps(chosen))
    if pictures_taken() and (width, height) in KEPT:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        for name in set(PICTURES) & set(names):
            tell(session, chosen[name])
            session.screenshot(path=ARTEFACTS / f"{name}-{width}x{height}.jpg", type="jpeg", quality=85)
    return broken


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("font-size: 1rem", "small"),
        ("color: #8a7a66", "contrast"),
        ("position: absolute; left: 99vw", "cut"),
        ("position: absolute; left: 10vw; top: 20vh", "covers"),
    ],
)
def test_the_rules_notice(session: Page, change: str, complaint: str) -> None:
    """The checker reports small, pale, cut and covering text."""
    session.set_viewport_size({"width": 1280, "height": 720})
    tell(session, stories()["rhythm-full"])
    assert faults(session) == []
    session.evaluate(
        "css => { document.querySelector('.leftline .then').style.cssText = css + ' !important'; }", change
    )
    complaints = faults(session)
    session.evaluate("document.querySelector('.leftline .then').style.cssText = ''")
    assert any(complaint in fault for fault in complaints), complaints


def test_markup_in_names_is_text(session: Page) -> None:
    """A name with tags is shown as text and creates no element."""
    tell(session, stories()["rhythm-markup"])
    text = session.inner_text(".stage")
    assert "<b>猛虎</b>队" in text
    assert "</script><img src=x>" in text
    assert session.locator(".stage .deals img, .stage .name b").count() == 0


WIDE_QUOTES = """(words) => {
    const wide = [];
    for (const tag of ['p', 'h1', 'h2', 'div']) {
        const line = document.createElement(tag), range = document.createRange();
        line.textContent = words;
        line.className = tag === 'div' ? 'name' : '';
        line.style.letterSpacing = 0;
        document.body.appendChild(line);
        range.setStart(line.firstChild, 1);
        range.setEnd(line.firstChild, 2);
        const share = range.getBoundingClientRect().width / parseFloat(getComputedStyle(line).fontSize);
        if (share > .45) wide.push(`${tag} ${share}`);
        line.remove();
    }
    return wide;
}"""
"""The apostrophe of a name that is wider than a letter, in each kind of text."""


@pytest.mark.parametrize("sheet", ["wall", "phone", "poster"])
def test_an_apostrophe_is_not_as_wide_as_a_character(browser: Browser, sheet: str) -> None:
    """O’Neill, as telephones write it: in a Chinese face the name falls apart."""
    page = browser.new_page()
    style = (HERE.parents[1] / "signage" / "static" / f"{sheet}.css").read_text(encoding="utf-8")
    page.set_content(f"<html lang=zh-CN><style>{style}</style><body></body></html>")
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Quotes')
    assert page.evaluate(WIDE_QUOTES, "O’Neill") == []
    page.context.close()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("请带上本周的客户名单（A类）和笔记本。", ["请带上本周的", "客户名单", "（A类）", "和笔记本。"]),
        ("晨会：鼓劲，定目标", ["晨会：", "鼓劲，", "定目标"]),
        ("今天是好的，真的。", ["今天是好的，", "真的。"]),
    ],
)
def test_a_long_clause_breaks_where_a_reader_pauses(session: Page, text: str, parts: list[str]) -> None:
    """A line never ends within brackets; a short clause stays in one piece."""
    script = """text => { const node = document.createElement('p'); Wall.phrase(node, text);
        const leaves = [...node.querySelectorAll('.clause')].filter(one => !one.querySelector('.clause'));
        return leaves.map(one => one.textContent) }"""
    assert session.evaluate(script, text) == parts


def test_a_story_is_a_page_too(browser: Browser, room: Room) -> None:
    """Each story opens at its escaped address, under the content security policy, without an error."""
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    for path in (
        "/storybook/rhythm-markup",
        "/storybook/celebration-big?play=1",
        "/storybook/",
        "/storybook/poster",
    ):
        page.goto(room.url(path))
    page.goto(room.url("/storybook/board-all"))
    assert page.inner_text(".title h1") == "开拓能手"
    page.close()
    assert errors == []


def test_the_show_unfolds(session: Page) -> None:
    """Third, second, first, teams, cities and comment each appear at their time and not before."""
    parts = ["third", "second", "first", "teams", "cities", "comment"]
    story = stories()["board-all"]
    story["board"]["week_top"] = story["board"]["month_top"] = None
    story["board"]["reveal"] = [
        {"step": step, "at_ms": story["now"] + 1000 * n} for n, step in enumerate(parts, 1)
    ]
    places = {
        "third": ".winner.third .words", "second": ".winner.second .words", "first": ".winner.first .words",
        "teams": ".board .teams.ranked", "cities": ".cities", "comment": ".comment",
    }  # fmt: skip
    for step in range(len(parts) + 1):
        tell(session, story | {"now": story["now"] + 1000 * step})
        seen = [
            part
            for part in parts
            if session.evaluate(
                "at => { var n = document.querySelector(at);"
                " return Math.min(getComputedStyle(n).opacity, getComputedStyle(n.parentNode).opacity); }",
                places[part],
            )
            == 1
        ]
        assert seen == parts[:step]


def test_pages_lose_nobody(session: Page) -> None:
    """Each of twelve teams and the ten best people is on a page, at any time, and returns within a round."""
    session.set_viewport_size({"width": 1920, "height": 1080})
    story = stories()["board-sixty"]
    teams, people = session.evaluate(
        """story => ['.board .teams.ranked', '.board .teams.people'].map(at => {
            const seen = new Set();
            for (let turn = 0; turn < 16; turn += 1) {
                Wall.story({...story, now: story.now + 10000 * turn});
                [].filter.call(document.querySelector(at).children, n => n.offsetHeight)
                    .forEach(n => seen.add(n.textContent));
            }
            return [...seen];
        })""",
        story,
    )
    assert (len(teams), len(people)) == (12, 7)


@pytest.mark.parametrize(("count", "at_once"), [(1, 1), (3, 3), (8, 8), (15, 8)])
def test_every_city_is_seen(session: Page, count: int, at_once: int) -> None:
    """Up to three cities share a line, eight fit one page with bars, more get balanced pages; all are shown."""
    session.set_viewport_size({"width": 1920, "height": 1080})
    story = stories()[
        {1: "board-one-city", 3: "board-cities", 8: "board-eight-cities", 15: "board-fifteen-cities"}[count]
    ]
    names = """() => [].filter.call(document.querySelectorAll('.cities .city span, .branches .name'),
        n => n.offsetHeight).map(n => n.textContent)"""
    pages = []
    for turn in range(2):
        tell(session, story | {"now": story["now"] + 10000 * turn})
        pages.append(session.evaluate(names))
    assert max(len(page) for page in pages) == at_once
    assert {name for page in pages for name in page} == {row["name"] for row in story["board"]["cities"]}


def test_a_sentence_breaks_where_one_pauses(session: Page) -> None:
    """Chinese advice breaks lines after a comma or stop, never within a word."""
    session.set_viewport_size({"width": 1920, "height": 1080})
    tell(session, stories()["rhythm-no-deals"])
    lines = """() => { var tops = {}; [].forEach.call(document.querySelectorAll('.rhythm .advice .clause'), n => {
        var r = n.getClientRects(); tops[r[0].top] = (tops[r[0].top] || '') + n.textContent; });
        return Object.values(tops); }"""
    assert session.evaluate(lines) == ["先打非重点客户热身，", "把状态打出来。"]


def test_rows_move_and_are_not_recreated(session: Page) -> None:
    """When ranks change the same row slides to its new place; no node is discarded."""
    tell(session, stories()["rhythm-full"])
    session.evaluate("window.first = document.querySelector('.teams .team')")
    story = stories()["rhythm-full"]
    story["teams"].reverse()
    tell(session, story)
    assert session.evaluate("[].indexOf.call(first.parentNode.children, first)") == 3
    assert session.evaluate("first.querySelector('.name').textContent") == "猛虎队"


@pytest.mark.parametrize("deals", [50, pytest.param(150, marks=pytest.mark.long)])
def test_a_day_of_deals_leaves_the_heap_flat(browser: Browser, room: Room, deals: int) -> None:
    """After many deals with celebrations the heap has grown by less than 2 MB, and no nodes remain."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(room.url("/storybook/rhythm-full"))
    devtools = page.context.new_cdp_session(page)

    def measured() -> tuple[float, float]:
        devtools.send("HeapProfiler.collectGarbage")
        metrics = {row["name"]: row["value"] for row in devtools.send("Performance.getMetrics")["metrics"]}
        return metrics["JSHeapUsedSize"], metrics["Nodes"]

    devtools.send("Performance.enable")
    run = """([quiet, loud, from, to]) => { for (var i = from; i < to; i += 1) {
        loud.celebration.id = i;
        loud.celebration.person = '王小' + i;
        Wall.story(loud);
        quiet.deals[0] = {id: i, at: '14:41', person: '王' + i, team: '', amount: '1', product: ''};
        quiet.teams.push(quiet.teams.shift());
        Wall.story(quiet);
    } }"""
    states: list[Any] = [stories()["rhythm-twelve-teams"], stories()["celebration-first-of-day"]]
    page.evaluate(run, [*states, 0, 20])
    heap, nodes = measured()
    page.evaluate(run, [*states, 20, 20 + deals])
    heap_after, nodes_after = measured()
    page.close()
    assert heap_after - heap < 2_000_000 * deals / 150
    assert nodes_after <= nodes + 20


def test_a_celebration_has_at_most_sixty_pieces(session: Page) -> None:
    """Old TVs cannot animate more."""
    tell(session, stories()["celebration-big"])
    assert 0 < session.locator(".celebration .paper i, .celebration .ring").count() <= 60


def test_five_teams_with_targets_fit_one_page(session: Page) -> None:
    """No heading has a page number, all five teams are visible, and two deals fit below."""
    session.set_viewport_size({"width": 1920, "height": 1080})
    tell(session, stories()["rhythm-five-teams"])
    assert (
        session.evaluate(
            "[].filter.call(document.querySelectorAll('.rhythm .team'), n => n.offsetHeight).length"
        )
        == 5
    )
    assert (
        session.evaluate(
            "[].filter.call(document.querySelectorAll('.rhythm .deal'), n => n.offsetHeight).length"
        )
        == 2
    )


def test_due_duties_come_before_later_ones(session: Page) -> None:
    """At 14:31 it shows the two duties of 14:30, marked; from 14:45 on the next one, 17:30."""
    session.set_viewport_size({"width": 1920, "height": 1080})
    story = stories()["rhythm-duty-due"]
    shown = """() => [document.querySelector('.todo').classList.contains('due'),
        [].map.call(document.querySelectorAll('.todo .duty'), n => n.textContent.substr(0, 8))]"""
    tell(session, story)
    assert session.evaluate(shown) == [True, ["14:30 组长", "14:30 总监"]]
    tell(session, story | {"now": story["now"] + 14 * 60_000})
    assert session.evaluate(shown) == [False, ["17:30 组长"]]


def test_sums_and_spans_have_one_format(session: Page) -> None:
    """¥184,700 is 18.47万 and not 18.4万; long and short spans use 分钟."""
    tell(session, stories()["rhythm-full"])
    assert session.evaluate("[184700, 2894700, 12345678, 99999.99].map(Wall.sum)") == [
        "18.47万", "289.47万", "1234.5万", "9.99万",
    ]  # fmt: skip
    assert session.evaluate("[31 * 60000, 30000].map(Wall.span)") == ["31 分钟", "不到 1 分钟"]


def test_chinese_on_an_english_wall_keeps_its_wide_commas(session: Page) -> None:
    """A Chinese text is as wide on an English wall as on a Chinese one; English text is not marked Chinese."""
    duty = [{"at": None, "at_ms": None, "who": "leader", "what": "多走动，带着微笑"}]
    widths = []
    for name in ("rhythm-full", "rhythm-full-english"):
        tell(session, stories()[name] | {"duties": [], "notices": ["多走动，带着微笑"]})
        widths.append(session.evaluate("document.querySelector('.ticker .item').offsetWidth"))
    assert widths[0] == widths[1]
    tell(session, stories()["rhythm-full-english"] | {"duties": duty})
    assert session.evaluate("document.querySelector('.next, .then').getAttribute('lang')") is None
