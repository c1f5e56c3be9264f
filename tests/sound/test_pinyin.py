"""Readings that people enter as say_as, and the sentence when one is not pinyin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sound.mandarin import parse_say_as


@pytest.mark.parametrize(
    ("written", "reading"),
    [
        ("shàn xiǎo míng", "shan4 xiao3 ming2"),
        ("shan4 xiao3 ming2", "shan4 xiao3 ming2"),
        ("shan4xiao3ming2", "shan4 xiao3 ming2"),
        ("shànxiǎomíng", "shan4 xiao3 ming2"),
        ("Shàn Xiǎomíng", "shan4 xiao3 ming2"),
        ("  shan4   xiao3 ", "shan4 xiao3"),
        ("ｓｈａｎ４", "shan4"),
        ("lǚ bù", "lv3 bu4"),
        ("lü3 bu4", "lv3 bu4"),
        ("lu:3", "lv3"),
        ("lv3", "lv3"),
        ("nüè", "nve4"),
        ("lüe4", "lve4"),
        ("jǘ", "ju2"),
        ("xī'ān", "xi1 an1"),
        ("xīnán", "xi1 nan2"),
        ("zhāng de", "zhang1 de5"),
        ("ma5", "ma5"),
        ("shan4 晓明", "shan4 晓明"),
        ("shàn晓明", "shan4 晓明"),
        ("a1 yi1·gu3 li4", "a1 yi1 gu3 li4"),
        ("xiong2", "xiong2"),
    ],
)
def test_pinyin_in_any_usual_writing_is_understood(written: str, reading: str) -> None:
    """Marks, digits, ü in its four spellings, with and without spaces, all give the same form."""
    assert parse_say_as(written) == reading


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "读音是空的：请写拼音，例如 shan4 xiao3 ming2。"),
        ("shang9", "“shang9”不是拼音：声调写 1 到 5，例如 shan4。"),
        ("shan", "“shan”没有声调：请在后面写 1 到 5，例如 shan4，或写成 shàn。"),
        ("xyz4", "“xyz4”不是拼音：音节之间请空一格，例如 shan4 xiao3 ming2，或 shàn xiǎo míng。"),
        ("x" * 201, "读音有 201 个字符，最多 200 个。"),
        ("，、", "“，、”里没有拼音：请写成 shan4 xiao3 ming2 这样。"),
    ],
)
def test_anything_but_pinyin_is_refused_with_a_sentence(written: str, sentence: str) -> None:
    """The refusal names the text found and what is allowed."""
    with pytest.raises(ValueError) as refused:
        parse_say_as(written)
    assert str(refused.value) == sentence


def outcome(written: str) -> str:
    """Return the reading, or the sentence of the refusal."""
    try:
        return parse_say_as(written)
    except ValueError as refused:
        return str(refused)


@given(st.text(max_size=30))
def test_a_reading_is_stable_or_refused_in_chinese(written: str) -> None:
    """Any text is either refused with a Chinese sentence or gives a reading that does not change when parsed again."""
    said = outcome(written)
    assert said.endswith("。") or parse_say_as(said) == said
