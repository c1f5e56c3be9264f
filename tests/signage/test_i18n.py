"""An English wall is English: every word that is ours and not the office's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from glances import deal, glance, moment, said, tally
from playwright.sync_api import Page
from wallroom import Room, chromium

from controller.glance import Board, HealthProblem
from controller.timetable.model import Entry, WallDisplay, WallSettings
from signage.i18n import english, in_english
from signage.storybook import stories
from signage.wall_state import wall_state

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
# Who makes the sentences that a wall shows, and where they are made: in what is called there, or in what is given out.
SOURCES = {
    "controller/services/health.py": ("HealthProblem",),
    "controller/sound/library.py": ("_fault_of_folder", "_problems_of", "_problem_of"),
    "controller/sound/tts/client.py": ("VoiceFailed",),
    "controller/timetable/plan.py": ("_calendar_warnings", "append"),
}


def sentences() -> Iterator[str]:
    """Every sentence in the sources that ends as one does; where a value stands there is a 7."""
    for file, names in SOURCES.items():
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            called = (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) in names
            )
            if called or (isinstance(node, ast.FunctionDef) and node.name in names):
                yield from _texts(node)


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.keyword) and node.arg == "generic":
        return  # for /health without a login; no wall shows it
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        if CHINESE.search(text):
            yield text
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def test_every_sentence_of_the_house_is_known_in_english() -> None:
    """No fault or warning that a wall can show stays Chinese on an English wall."""
    found = sorted(set(sentences()))
    assert len(found) > 25
    assert [text for text in found if CHINESE.search(english(text))] == []


def test_what_the_office_wrote_stays() -> None:
    """Names and phrases are the office's own."""
    state = stories()["celebration-say"]
    assert in_english(state)["celebration"]["text"] == state["celebration"]["text"]
    assert in_english(state)["office"] == "北京分公司"


def shown(**over: object) -> dict[str, object]:
    """An English wall of an office that writes English."""
    walls = WallSettings(screens={"hall": WallDisplay("hall", language="en")})
    now = moment("14:52")
    hour = Entry(moment("14:30"), moment("16:30"), "The decisive hour", "Ask.", None, 40, False, "rhythm")
    plain = glance("14:52")
    whole = replace(
        plain, office="Beijing", walls=walls, teams=(replace(tally(1, "Tigers"), team="Tigers"),), people=(), deals=(),
        state=replace(plain.state, entry=hour, next=None), plan=replace(plain.plan, duties=()), now=now,
    )  # fmt: skip
    return wall_state(replace(whole, **over), "hall")  # type: ignore[arg-type]


def left_over(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if CHINESE.search(value) else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for part in parts for text in left_over(part)]


def test_titles_faults_and_the_hidden_are_english() -> None:
    """Bursts, the board's title, a fault, a warning, somebody hidden, the evening: nothing Chinese is left."""
    now = moment("14:52")
    orders = tuple(replace(deal(n, person="一位同事"), team="Tigers", product="Campus") for n in (1, 2, 3))
    burst = shown(scene="celebration", on_air=replace(said("burst", now, *orders), text="Well done"))
    assert burst["celebration"]["title"] == "Three in a row"  # type: ignore[index]
    assert burst["celebration"]["items"][0]["person"] == "A colleague"  # type: ignore[index]
    trouble = HealthProblem(
        "时钟还没有对准，现在显示 2026-11-23 14:52。",
        "定时的音乐和播报先停，手动播报照常。",
        "请检查音箱的电源和接线。",
    )
    fault = shown(scene="fault", troubles=(trouble,), notices=("2027年的放假安排还不在日历里，请更新软件。",))
    assert fault["fault"]["what"] == "The clock is not set yet; it shows 2026-11-23 14:52."  # type: ignore[index]
    board = Board("开拓能手", "day", (replace(tally(1, "Fang"), team="Tigers", amount=Decimal(7)),), ())
    assert [left_over(state) for state in (burst, fault, shown(scene="leaderboard", board=board))] == [
        [],
        [],
        [],
    ]


@pytest.fixture(scope="module")
def session() -> Iterator[Page]:
    room = Room(moment("14:52"))
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(room.url("/storybook/rhythm-full"))
        yield page
    room.stop()


@pytest.mark.browser
def test_no_english_picture_has_a_chinese_word(session: Page) -> None:
    """Every scene of the storybook's English wall, read off the page, labels for blind people and all."""
    read = """() => document.querySelector('.stage').innerText + [].map.call(document.querySelectorAll('.stage [alt]'),
        node => node.alt).join() + document.querySelector('.identify').innerText"""
    english_ones = {name: story for name, story in stories().items() if name.endswith("-english")}
    assert {story["scene"] for story in english_ones.values()} == {
        story["scene"] for story in stories().values()
    }
    left = {}
    for name, story in english_ones.items():
        session.evaluate("story => Wall.story(story)", story)
        if found := CHINESE.findall(session.evaluate(read)):
            left[name] = "".join(found)
    assert left == {}
