"""Reading texts: the golden tables, and properties of any text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sound.espeak import written as spoken

from tests.forms import examples

HERE = Path(__file__).parent
SAYABLE = re.compile(r"[㐀-鿿〇가-힣A-Za-z ，。！？；：、’\u00a0]|(?<=[a-z])[1-5](?![A-Za-z0-9])")
PIECES = [
    *"0123456789" * 3,
    *"abcABCxyz千万亿元单个月日点分第年 :-~/.,%¥$+=&@#*()[]<>'’“，。：；、！？²½①Ⅷ℃㎡😀шか한é\u200d\n熊兄儿角色",
    *(
        "VIP",
        "shan4",
        "http://",
        "恭喜",
        "a4",
        "\U000f0001",
        "RMB",
        "km/h",
        "10:30",
        "\ud800",
        "战绩",
        "兄弟",
    ),
]
TEXTS = st.one_of(st.text(max_size=500), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))


def golden(name: str) -> list[tuple[str, str]]:
    """Return the lines of a golden table: as written, as spoken."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("# ")]
    return [(row[0].replace("⏎", "\n"), row[1]) for row in rows]


@pytest.mark.parametrize(
    ("table", "language", "at_least"),
    [("golden_mandarin.tsv", "zh", 880), ("golden_english.tsv", "en", 60)],
)
def test_every_line_of_the_table_is_read_as_it_says(table: str, language: str, at_least: int) -> None:
    """Every line of the golden tables is read correctly, and the tables keep their size."""
    rows = golden(table)
    read = [(text, spoken(text, {}, language).replace("\u00a0", " "), said) for text, said in rows]
    wrong = [f"{text} → {found}, not {said}" for text, found, said in read if found != said]
    assert not wrong, "\n".join(wrong)
    assert len(rows) >= at_least


@settings(max_examples=examples(400), deadline=None)
@given(TEXTS)
def test_nothing_is_left_for_the_engine_to_guess(text: str) -> None:
    """Any Unicode text is read without an error, and the result contains only characters that the engine knows."""
    assert SAYABLE.sub("", spoken(text)) == ""


@settings(max_examples=examples(300), deadline=None)
@given(TEXTS, st.sampled_from(["zh", "en"]))
def test_a_spoken_text_does_not_change_again(text: str, language: str) -> None:
    """A spoken text does not change when it is converted again."""
    once = spoken(text, {}, language)
    assert spoken(once, {}, language) == once


@settings(max_examples=examples(300), deadline=None)
@given(TEXTS, st.sampled_from(["zh", "en"]))
def test_a_spoken_text_is_bounded(text: str, language: str) -> None:
    """No text grows more than twelvefold when written out."""
    assert len(spoken(text, {}, language)) <= 12 * len(text) + 12


@settings(max_examples=examples(200), deadline=None)
@given(TEXTS, st.dictionaries(st.text(max_size=6), st.text(max_size=12), max_size=5))
def test_readings_never_break_a_text(text: str, readings: dict[str, str]) -> None:
    """With any readings, the text is spoken and the engine has nothing to guess."""
    assert SAYABLE.sub("", spoken(text, readings)) == ""


def test_a_name_is_read_as_its_say_as() -> None:
    """A reading is used for the name as written, with marks or digits, anywhere in the text."""
    readings = {"单晓明": "shàn xiǎo míng", "E聘": "yi1 pin4"}
    text = "恭喜单晓明签了一单E聘，单晓明，加油！"
    assert spoken(text, readings) == "恭喜 shan4 xiao3 ming2 签了 yi4 单 yi1 pin4，shan4 xiao3 ming2，加油！"


def test_the_longest_name_wins() -> None:
    """Of two names with the same start the longer one is matched."""
    readings = {"王明": "wang2 ming2", "王明明": "wang2 ming3 ming3"}
    assert spoken("王明明和王明", readings) == "wang2 ming3 ming3 和 wang2 ming2"


def test_a_latin_name_is_not_found_inside_a_word() -> None:
    """The reading of Amy is not used in Amyway or McAmy."""
    assert spoken("Amy在Amyway和McAmy", {"Amy": "ai4 mi3"}) == "ai4 mi3 在 Amyway 和 McAmy"


def test_a_reading_that_is_not_pinyin_is_ignored() -> None:
    """An invalid say_as is ignored instead of failing the announcement."""
    assert spoken("恭喜单晓明", {"单晓明": "shang9"}) == "恭喜单晓明"


def test_figures_in_a_name_with_a_reading_are_left_alone() -> None:
    """A name's digits are not read as a number when it has a reading."""
    assert spoken("恭喜2组签了2单", {"2组": "er4 zu3"}) == "恭喜 er4 zu3 签了两单"


def test_a_thousand_readings_are_quick_to_find_in_a_long_text() -> None:
    """A thousand names in one text all get their readings."""
    names = {f"名字{chr(0x4E00 + n)}": "zhang1 san1" for n in range(1000)}
    assert spoken("，".join(names), names) == "，".join(["zhang1 san1"] * 1000)
