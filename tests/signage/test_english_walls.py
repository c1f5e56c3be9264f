"""On an English wall all of the program's texts are English; the office's texts are unchanged."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest
from glances import deal, glance, moment, said, tally
from playwright.sync_api import Browser, Page
from wallroom import Room

from controller.glance import UNNAMED
from controller.health import HealthProblem
from controller.hearing import NO_DEVICE, VOLUME_0
from controller.sales.results import Show
from controller.sentences import TEXTS, Sentence, english, first_and_rest, say
from controller.timetable.model import Entry, WallDisplay, WallSettings
from signage.wall_state import wall_state
from tests.storybook import stories

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
VALUES = {"lufs": -31.0, "zh_month": "十", "en_month": "October"}
# Calls and functions that produce wall texts: none may contain a Chinese literal. The number is the count of
# positional arguments of a call to check.
CALLS = {"HealthProblem": (0, 3), "VoiceFailed": (0, 1), "StoreTrouble": (0, 1), "Reason": (2, 3)}
MAKERS = dict.fromkeys(("_fault_of_folder", "_problems_of", "_problem_of"), "library.py")
MAKERS |= dict.fromkeys(("_rest", "_stray", "_of_month"), "wall_state.py") | {"_calendar_warnings": "plan.py"}


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def filled(key: str) -> Sentence:
    values = {name: VALUES.get(name, 7) for name in slots(TEXTS[key][0]) | slots(TEXTS[key][1])}
    return say(key, **values)


def sources(having: re.Pattern[str]) -> Iterator[tuple[Path, ast.AST]]:
    """Return the parsed modules of the program whose text has `having`: parsing all takes a second."""
    for folder in ("controller", "signage"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if having.search(text):
                yield path, ast.parse(text)


def texts(node: ast.AST) -> Iterator[str]:
    """Return Chinese texts in a piece of source; arguments of loggers do not count."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and CHINESE.search(part.value):
            yield part.value


def own_texts(path: Path, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and path.name in MAKERS.get(node.name, ""):
            yield from texts(node)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first, end = CALLS.get(name, (0, 0))
            for argument in node.args[first:end]:
                yield from texts(argument)
            if name == "append" and "warnings" in ast.unparse(node.func):
                yield from texts(node)


def test_texts_of_walls_come_from_keys() -> None:
    """Health problems, warnings and titles have no Chinese text outside `controller.sentences`."""
    chinese = {}
    for path, tree in sources(CHINESE):
        own = [
            text
            for text in own_texts(path, tree)
            if path.name not in ("sentences.py", "media.py", "upload_inbox.py")
        ]
        if own:
            chinese[path.name] = own
    allowed = {
        "store.py": [
            "文件 ",
            " 已经存在，备份不会覆盖它。请换一个文件名。",
        ],  # for the person who makes a backup
        "hearing.py": [
            "，",
            " 以前没有声音。",
            "没有能用的语音，播报只有提示音，内容在大屏上。",
        ],  # never on walls
        "outputs.py": ["存不进去（", "），音响没有换。", "。"],  # for the owner's phone
    }
    assert chinese == allowed


def problem_keys(call: ast.Call) -> set[str]:
    """Return the keys of a health problem: KEY, KEY_meanwhile (or another's) and KEY_mend."""
    other = [word.value.value for word in call.keywords if word.arg == "meanwhile"]  # type: ignore[attr-defined]
    if isinstance(call.args[0], ast.Constant):
        keys = {str(call.args[0].value)}
    elif isinstance(call.args[0], ast.JoinedStr):
        keys = family(call.args[0]) - {f"{word}_{part}" for word in other for part in ("meanwhile", "mend")}
    else:
        keys = {NO_DEVICE, VOLUME_0, "wall_gone", "city_gone"}
    return keys | {f"{key}_{part}" for key in other or keys for part in ("meanwhile", "mend")}


def family(key: ast.JoinedStr) -> set[str]:
    """Return the known keys of the form of an f-string."""
    pattern = "".join(part.value if isinstance(part, ast.Constant) else "[a-z0-9_]+" for part in key.values)  # type: ignore[misc]
    return {known for known in TEXTS if re.fullmatch(pattern, known)}


def test_each_key_is_said_and_each_key_said_exists() -> None:
    """Every key is used in the source; a family of keys is used by an f-string."""
    said = set()
    for _, tree in sources(re.compile(r"^\s*from controller\.sentences import", re.MULTILINE)):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_problem":
                said |= problem_keys(node)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                key = node.args[0]
                if isinstance(key, ast.Constant):
                    said.add(key.value)
                elif isinstance(key, ast.JoinedStr):
                    said |= family(key)
                elif isinstance(key, ast.IfExp):
                    said |= {one.value for one in (key.body, key.orelse) if isinstance(one, ast.Constant)}
    said |= {"voice_nothing"}  # named by the child that renders
    said |= {"no_microphone", "mic_muted", "mic_lost"}  # named by the child that listens
    assert said == set(TEXTS)


@pytest.mark.parametrize("key", TEXTS)
def test_each_sentence_has_both_languages(key: str) -> None:
    """The English has no Chinese character and no slot missing in the Chinese; a full stop ends both or none."""
    zh, en = TEXTS[key]
    assert CHINESE.search(zh) or zh in ("{why}", "{mend}")
    assert not CHINESE.search(en)
    assert slots(en) - {"en_month"} <= slots(zh)
    assert zh in ("{why}", "{mend}") or zh.endswith(("。", "{why}")) == en.endswith(".")


@pytest.mark.parametrize("key", TEXTS)
def test_an_english_wall_shows_the_translation(key: str) -> None:
    """As a health problem, a notice and a name: English there, Chinese on the other walls."""
    sentence = filled(key)
    over = {
        "problems": (HealthProblem(sentence, sentence, sentence),), "notices": (sentence,),
        "deals": (replace(deal(1), person=sentence),), "scene": "fault",
    }  # fmt: skip
    here, there = shown(**over), wall_state(glance(**over), "main")  # type: ignore[arg-type]
    for state, text in ((here, sentence.en), (there, str(sentence))):
        assert state["fault"] == {"what": text, "meanwhile": text, "mend": text}
        assert state["notices"] == [text]
        assert state["deals"][0]["person"] == text  # type: ignore[index]


def test_a_sentence_survives_a_copy() -> None:
    """It can be copied, pickled and split at its full stop."""
    sentence = say("database_busy", path="/x/book.db")
    assert [english(twin) for twin in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence)))] == [
        sentence.en, sentence.en,
    ]  # fmt: skip
    what, rest = first_and_rest(say("database_damaged", path="/x/book.db"))
    assert (what, english(what)) == ("账本 /x/book.db 已损坏。", "The database is damaged.")
    assert english(rest) == "Please rename the file and put the last backup back."
    assert first_and_rest("没有了。") == ("没有了。", "")


def test_texts_of_the_office_are_unchanged() -> None:
    """The office's names and phrases stay unchanged, even if they equal one of the program's sentences."""
    office = shown(office="今日开拓能手", on_air=said("say", moment("14:52")), scene="celebration")
    assert office["office"] == "今日开拓能手"
    assert office["celebration"]["text"] == "恭喜！"  # type: ignore[index]


def shown(**over: object) -> dict[str, object]:
    """Return the state of an English wall in an office that writes English."""
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
    """Bursts, the leaderboard's title, a fault, a warning, a hidden person, the evening: no Chinese remains."""
    now = moment("14:52")
    deals = tuple(replace(deal(n, person=UNNAMED), team="Tigers", product="Campus") for n in (1, 2, 3))
    burst = shown(scene="celebration", on_air=replace(said("burst", now, *deals), text="Well done"))
    assert burst["celebration"]["title"] == "Three in a row"  # type: ignore[index]
    assert burst["celebration"]["items"][0]["person"] == "A colleague"  # type: ignore[index]
    trouble = HealthProblem(
        say("clock", now="2026-11-23 14:52"), say("clock_meanwhile"), say("no_device_mend")
    )
    fault = shown(scene="fault", problems=(trouble,), notices=(say("holidays_missing", year=2027),))
    assert fault["fault"]["what"] == "The clock is not set yet; it shows 2026-11-23 14:52."  # type: ignore[index]
    fang = replace(tally(1, "Fang"), team="Tigers", amount=Decimal(7))
    board = Show(now.date(), "Beijing", 7, Decimal(7), (fang,), ())
    assert [left_over(state) for state in (burst, fault, shown(scene="leaderboard", board=board))] == [
        [],
        [],
        [],
    ]


@pytest.fixture(scope="module")
def session(browser: Browser) -> Iterator[Page]:
    room = Room(moment("14:52"))
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(room.url("/storybook/rhythm-full"))
    yield page
    room.stop()


@pytest.mark.browser
def test_no_english_picture_has_a_chinese_word(session: Page) -> None:
    """Every scene of the storybook's English wall, read from the page, including accessibility labels."""
    read = """() => document.querySelector('.stage').innerText + [].map.call(document.querySelectorAll('.stage [alt]'),
        node => node.alt).join() + document.querySelector('.identify').innerText"""
    english_ones = {name: story for name, story in stories().items() if name.endswith("-english")}
    assert {story["scene"] for story in english_ones.values()} == {
        story["scene"] for story in stories().values()
    }
    left = {}
    for name, story in english_ones.items():
        session.evaluate("story => Wall.story(story)", story)
        if chinese := CHINESE.findall(session.evaluate(read)):
            left[name] = "".join(chinese)
    assert left == {}
