"""The phone is complete in Chinese and in English: no text without English, no English that nothing uses."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from controller.hearing import Facts as HearingFacts
from controller.hearing import hearing
from controller.sales.announcement_policy import Facts, calm, decide
from controller.sentences import say
from signage.catalogue import HAN, SLOT, Catalogue, read
from signage.language import Answers, Encoded, in_english
from signage.page_source import literals, script_in_english, template_in_english
from tests.signage.english_office import PEOPLE, PRODUCT, timetable
from tests.signage.house import AFTERNOON, REPOSITORY, House, running
from tests.tools.chinese_texts import outside_of_literals, texts

FULL_WIDTH = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
HEARINGS = [
    HearingFacts(), HearingFacts(device=None), HearingFacts(volume=0), HearingFacts(voice_fault="没有语音"),
]  # fmt: skip
SCRIPTS = sorted((REPOSITORY / "signage" / "static").glob("phone*.js"))


@pytest.fixture(scope="module")
def table() -> Catalogue:
    return read()


def test_every_text_has_english(table: Catalogue) -> None:
    """A Chinese text in a module, template or script needs a line in signage/english (the English "=": it stays)."""
    missing = [f"{place}: {text}" for text, place in texts().items() if text not in table.lines]
    assert not missing, "\n".join(missing)


def test_every_translation_is_used(table: Catalogue) -> None:
    """A line whose Chinese is nowhere in the program is removed or corrected."""
    used = texts()
    assert not [zh for zh in table.lines if zh not in used]


def test_no_translation_invents_a_value(table: Catalogue) -> None:
    """Each slot of an English text is a slot of its Chinese; examples in braces are none."""
    wrong = [
        zh
        for zh, en in table.lines.items()
        if en != "=" and not zh.count(": a")
        if {name for name, _ in SLOT.findall(en)} - {name for name, _ in SLOT.findall(zh)}
    ]
    assert not wrong


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_hide_no_chinese_from_the_table(script: Path) -> None:
    """Chinese in a script is in a string, a comment or a pattern, never a bare name."""
    assert outside_of_literals(script.read_text(encoding="utf-8")) == ""


def test_a_script_is_translated_with_its_values() -> None:
    """Values may change places, plurals and months are formed, texts inside of expressions are translated."""
    english = {"{name}有 {count} 单{now}": "{count} deal{count:s} of {name}{now}", "，今天": ", today"}
    code = "const a = `${one.name}有 ${count} 单${now ? '，今天' : ''}`; // 单\n"
    code += "const b = /单/.test('x') ? 'y' : `${q}`;"
    assert script_in_english(code, english.get) == (
        "const a = `${count} deal${String(count) === '1' ? '' : 's'} of ${one.name}${now ? ', today' : ''}`; // 单\n"
        "const b = /单/.test('x') ? 'y' : `${q}`;"
    )
    assert [one.text for one in literals("f(/[/'`]/, 'a') // '")] == ["a"]


def test_a_template_is_translated_between_its_tags() -> None:
    """Words, attributes and strings of expressions change; comments, addresses and values stay."""
    english = {"共 {count} 单": "{count} deals", "人": "person", "今天": "today"}
    source = '{# 单 #}<a href="{{ url(\'x\') }}" title="人"> 共 {{ count }} 单 </a>{{ "今天" if a else b }}'
    assert template_in_english(source, english.get) == (
        '{# 单 #}<a href="{{ url(\'x\') }}" title="person"> {{ count }} deals </a>{{ "today" if a else b }}'
    )


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("本周第一单，立即播报，也可以请本人亲自用话筒报喜。",
         "First deal of the week, announced at once, the seller may say it over the microphone."),
        ("已有“战报”这个队", "已有“战报”这个队"),
        ("没有叫“战报”的团队。", "There is no team “战报”."),
        ("11月27日（周五）", "Fri 27 Nov"),
        ("今天 18:05 公布的战报不变；排名和合计按现在的单算。",
         "Today, 18:05: the published results stay; standings and sums follow the deals as they are now."),
        ("超过1万元，15:00 一起播报。", "Over ¥10,000; announced 15:00."),
        ("rhythm.yaml 第 3 行，写的是“x”。缺少“at”。", "rhythm.yaml, line 3, found “x”. “at” is missing."),
        ("恭喜猛虎队的王小明！", "恭喜猛虎队的王小明！"),
    ],
)  # fmt: skip
def test_sentences_of_the_server_are_recognised(table: Catalogue, chinese: str, english: str) -> None:
    """A sentence is known by its fixed words, in whole or in parts; values that people typed stay, unknown text too."""
    assert table.value(chinese) == english


@pytest.mark.parametrize("facts", HEARINGS, ids=["heard", "no device", "volume 0", "no voice"])
@pytest.mark.parametrize("first", ["week", "day", "", "calm"])
def test_the_reason_of_a_deal_is_all_english(table: Catalogue, facts: HearingFacts, first: str) -> None:
    """The reason joins the kind of a deal with the effect of a missing device or volume 0; both are translated."""
    heard = hearing(facts)
    given = Facts(
        AFTERNOON, first == "week", first == "day", Decimal(10_000), at_once=heard.at_once, held=heard.held,
        record_over=Decimal(50_000),
    )  # fmt: skip
    for amount in (Decimal(20_000), Decimal(60_000)):
        why = (calm(given) if first == "calm" else decide(amount, given)).why
        assert not HAN.search(table.value(why)), (why, table.value(why))


def test_a_hostile_text_is_looked_up_in_no_time(table: Catalogue) -> None:
    """A text made to match almost every line costs time by its length only; longer ones are not looked up."""
    for text in ("的" * 3999, "“" * 3999, "，。" * 1999, "没有编号为 " * 500, "的" * 100_000):
        assert table.value(text) == text or FULL_WIDTH.search(table.value(text))


def test_text_of_people_stays(table: Catalogue) -> None:
    """A team, product or text with the words of a label is shown as typed; a sentence beside it is not."""
    answer = {
        "teams": [{"name": "战报", "product": "目标", "text": "关闭", "title": "今天"}],
        "why": say("muted", until="15:00"),
        "list": ["目标"],
        "week": [{"name": "今天"}],
    }
    assert in_english(answer) == {
        "teams": [{"name": "战报", "product": "目标", "text": "关闭", "title": "今天"}],
        "why": "Muted until 15:00.",
        "list": ["Targets"],
        "week": [{"name": "Today"}],
    }


# --- the running office


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    shipped = (REPOSITORY / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        folder = tmp_path_factory.mktemp("office") / "home"
        with running(folder, sounds=False, people=PEOPLE, rhythm=timetable(shipped)) as house:
            house.sell("Ann Lee", 12800, "one", PRODUCT)
            house.sell("Bob Ray", 800, "two", PRODUCT)
            yield house


def ask(house: House, method: str, path: str, data: object = None, **headers: str) -> tuple[Any, Any]:
    """Return the answer's headers and its JSON, else its text."""
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {house.token('owner')}", **headers}
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(house.address + path, body, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            head, data = answer.headers, answer.read()
            text = "" if head.get_content_maintype() == "image" else data.decode()  # a poster
    except urllib.error.HTTPError as error:
        with error:
            head, text = error.headers, error.read().decode()
    return head, json.loads(text) if "json" in head["Content-Type"] and text else text


ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}
SPOKEN = re.compile(r"(^|\.)(sentence|text|what|samples\.\w+|usual)$")
"""Fields that may be Chinese: what is announced, with the words of the office's timetable."""
JUNK = (
    {"person": "zz", "team": "zz", "amount": "x", "text": 3, "name": "", "date": "zz", "kind": "zz"},
    {"name": "x" * 500, "team": "Tigers", "person": "Ann Lee", "amount": "1.234", "text": "x" * 5000, "kind": "like",
     "like": "friday", "at": "99", "until": "1", "date": "2026-11-24", "month": "2026-11", "minutes": 500},
)  # fmt: skip
KEPT = ("战鼓", "万", "Add “万” (ten thousand)", "Unit; “元” (yuan) makes it an amount of money")
"""The seal, the key for an amount in 万, the unit of money."""
FILES = ("/api/people/export", "/api/deals.csv", "/api/measures/export")
"""Files for download; see `test_an_exported_file_has_headings_in_the_readers_language`."""
PROGRAMS = ("/api/docs", "/api/openapi.json")
"""For those who write programs: the log's sentences and an office's own words as examples."""
WALLS = ("/wall", "/api/wall", "/api/pairing", "/events")


def chinese_in(value: Any, path: str = "") -> Iterator[str]:
    """Yield each Chinese text of an answer that the program made."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from chinese_in(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield from chinese_in(part, path)
    elif isinstance(value, str) and FULL_WIDTH.search(value) and value not in KEPT:
        if path != "error" and SPOKEN.search(path):
            return
        yield f"{path}: {value[:200]}"


def addresses(house: House) -> Iterator[tuple[str, str]]:
    for rule in house.daemon.server._server._app.url_map.iter_rules():
        path = rule.rule.replace("<any(people, teams):kind>", "people").replace("<int:number>", "1")
        path = path.replace("<day>", "2026-11-24")
        for part in ("name", "playlist", "file", "link", "build", "path:filename"):
            path = path.replace(f"<{part}>", "nothing")
        if path.startswith(("/static", "/language", "/logout", *FILES, *PROGRAMS, "/wall/")) or path in WALLS:
            continue
        yield from ((method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def test_every_answer_is_english(house: House) -> None:
    """Each route, asked rightly and wrongly by an English reader, says nothing in Chinese that the program says."""
    found: list[str] = []
    asked = [
        ("GET", "/api/standings?period=x"),
        ("GET", "/api/days/2026-11-28"),
        ("GET", "/poster?date=2026-11-28"),
    ]
    for method, path in [*addresses(house), *asked]:
        for data in (None,) if method == "GET" else JUNK:
            _, said = ask(house, method, path, data, **ENGLISH)
            if isinstance(said, str):
                said = re.sub(
                    r'<script type="application/json".*?</script>|lang="zh-CN"[^<]*<', "", said, flags=re.S
                )
                said = {
                    "page": [
                        w for w in re.split(r"[<>\"]", said) if w not in KEPT and not w.startswith("Text ")
                    ]
                }
            found += [f"{method} {path} {one}" for one in chinese_in(said)]
    assert not found, "\n".join(found)


def test_an_exported_file_has_headings_in_the_readers_language(house: House) -> None:
    """An English reader gets English headings and states; names and products stay; a program gets Chinese ones."""
    span = "?from=2020-01-01&until=2020-01-02"
    for path, english, chinese in (
        ("/api/people/export", "team,person,leader,say_as,birthday,joined,email", "团队,姓名"),
        (f"/api/deals.csv{span}", "Number,Date,Time,Team,Person,Product,Amount (yuan),State", "编号,日期"),
        (f"/api/measures/export{span}", "Date,Team,Person,Number,Value,Unit", "日期,团队"),
    ):
        assert ask(house, "GET", path, **ENGLISH)[1].lstrip("\ufeff").startswith(english)
        assert ask(house, "GET", path)[1].lstrip("\ufeff").startswith(chinese)


def test_the_language_is_the_phones_then_the_browsers_then_the_offices(house: House) -> None:
    """A choice is kept in a cookie; else the browser's language counts; programs read Chinese, walls their own."""
    assert "Sign in" in ask(house, "GET", "/login", Authorization="", **ENGLISH)[1]
    for language in ("zh-CN,zh;q=0.9", "fr"):
        page = ask(house, "GET", "/login", Authorization="", **{"Accept-Language": language})[1]
        assert '<html lang="zh-CN">' in page
        assert "请输入 PIN" in page
    chosen = {**ENGLISH, "Cookie": "zhangu-language=zh"}
    assert "请输入 PIN" in ask(house, "GET", "/login", Authorization="", **chosen)[1]
    assert "请输入 PIN" in ask(house, "GET", "/login", Authorization="")[1]
    assert "今天辛苦了" in json.dumps(ask(house, "GET", "/api/wall", **ENGLISH)[1], ensure_ascii=False)


def test_a_language_is_chosen_for_this_browser_only(house: House) -> None:
    """The button keeps the language and returns to its page; it leads to no other site and needs our page."""
    own = {"Origin": house.address, "Content-Type": "application/x-www-form-urlencoded", "Authorization": ""}

    def choose(form: str, **headers: str) -> Any:
        request = urllib.request.Request(
            house.address + "/language", form.encode(), {**own, **headers}, method="POST"
        )
        try:
            return urllib.request.build_opener(Stay).open(request, timeout=10)
        except urllib.error.HTTPError as error:
            return error

    with choose("language=en&back=/login") as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/login"
        assert answer.headers["Set-Cookie"].startswith("zhangu-language=en; ")
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/%0d%0aX:1",
        "/" + "x" * 500,
    ):
        with choose(f"language=en&back={elsewhere}") as answer:
            assert answer.headers["Location"] == "/"
    with choose("language=fr&back=/login") as answer:
        assert answer.headers["Set-Cookie"] is None
    with choose("language=en", Origin="https://evil.example") as answer:
        assert answer.status == 403


class Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirection."""

    def redirect_request(self, *_: Any) -> None:
        return None


def test_the_log_of_changes_is_kept_in_chinese(house: House) -> None:
    """Changes by an English reader are recorded in Chinese and translated for each reader."""
    change = {"kind": "off", "key": "a-day-off"}
    ask(house, "POST", "/api/days/2026-11-26/changes", change, **ENGLISH)
    deed = "改 2026-11-26 的安排：全天休息"
    assert deed in [one["deed"] for one in ask(house, "GET", "/api/log")[1]["lines"]]
    english = [one["deed"] for one in ask(house, "GET", "/api/log", **ENGLISH)[1]["lines"]]
    assert "Changed the plan of 2026-11-26: a day off" in english


def test_scripts_are_served_in_english(house: House) -> None:
    """The English page loads its scripts from /english/, each once until it changes; no other file is served there."""
    head, code = ask(house, "GET", "/english/phone.js", Authorization="")
    assert "'Deal'" in code
    assert not HAN.search(re.sub(r"//.*", "", code))
    assert head["Content-Type"].startswith("text/javascript")
    assert head["Cache-Control"] == "no-cache"
    assert head["ETag"]
    for name in ("wall.js", "..%2fhttp.py", "phone.css"):
        assert ask(house, "GET", f"/english/{name}", **ENGLISH)[1]["error"] == "There is no such address."


@pytest.mark.parametrize("others", [{"office": "北京", "note": "a<b"}, {}])
def test_a_list_that_is_written_once_is_the_same_json(others: dict[str, str]) -> None:
    """An answer with an `Encoded` list reads as one with the plain list, alone and beside other values."""
    people = [{"name": "王小明", "unreadable": [], "leader": False}, {"name": "</script>", "say_as": None}]
    answers = Answers(Flask(__name__))
    assert json.loads(answers.dumps({**others, "people": Encoded(people)})) == {**others, "people": people}
    assert json.loads(answers.dumps({"people": Encoded(), **others})) == {"people": [], **others}
