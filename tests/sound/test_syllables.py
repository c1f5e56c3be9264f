"""Characters to syllables with tones, and syllables to phonemes: checked by an independent source or speaker's rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sound.test_mandarin import golden

from controller.sound.mandarin import spoken
from controller.sound.mandarin.pinyin import SYLLABLES
from controller.sound.mandarin.syllables import Latin, Pause, Syllable, read, unread
from controller.sound.tts import kokoro
from tests.forms import examples


def said(text: str, readings: dict[str, str] = {}) -> str:
    """Return the syllables of a text as spoken: wo3, huir4 with 儿, Latin words as written."""
    out = []
    for token in read(spoken(text, readings)):
        if isinstance(token, Syllable):
            out.append(f"{token.sound}{'r' if token.er else ''}{token.tone}")
        elif isinstance(token, Latin):
            out.append(token.text)
    return " ".join(out)


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("你好", "ni2 hao3"),
        ("展览馆", "zhan2 lan2 guan3"),
        ("我很好", "wo2 hen2 hao3"),
        ("五百两点", "wu2 bai3 liang2 dian3"),
        ("猛虎队", "meng2 hu3 dui4"),
        ("五百", "wu2 bai3"),
        ("两点", "liang2 dian3"),
        ("请你，好", "qing2 ni3 hao3"),
        ("请，你好", "qing3 ni2 hao3"),
    ],
)
def test_a_third_tone_before_a_third_tone_becomes_second(text: str, pinyin: str) -> None:
    """Inside words and across words, but not across a pause."""
    assert said(text) == pinyin


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("一单", "yi4 dan1"),
        ("一名", "yi4 ming2"),
        ("一起", "yi4 qi3"),
        ("一万", "yi2 wan4"),
        ("一个", "yi2 ge4"),
        ("第一单", "di4 yi1 dan1"),
        ("第一万", "di4 yi1 wan4"),
        ("十一点", "shi2 yi1 dian3"),
        ("二零一一年", "er4 ling2 yi1 yi1 nian2"),
        ("周一下午", "zhou1 yi1 xia4 wu3"),
        ("北京一队", "bei3 jing1 yi1 dui4"),
        ("看一看", "kan4 yi5 kan4"),
        ("一点五", "yi1 dian2 wu3"),
        ("统一", "tong3 yi1"),
        ("一百一十一元", "yi4 bai3 yi1 shi2 yi1 yuan2"),
    ],
)
def test_yi_has_the_tone_of_its_place(text: str, pinyin: str) -> None:
    """一: rising before a falling tone, falling before the others, level in ordinals, in rows of digits and last."""
    assert said(text) == pinyin


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [("不是", "bu2 shi4"), ("不好", "bu4 hao3"), ("不能", "bu4 neng2"), ("不见不散", "bu2 jian4 bu2 san4"),
     ("好不好", "hao3 bu5 hao3")],
)  # fmt: skip
def test_bu_has_the_tone_of_its_place(text: str, pinyin: str) -> None:
    """不: rising before a falling tone, neutral between two of one word."""
    assert said(text) == pinyin


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [("一会儿", "yi2 huir4"), ("加把劲儿", "jia1 ba3 jinr4"), ("儿子", "er2 zi5"), ("女儿", "nv3 er2")],
)
def test_er_colours_the_syllable_before_it(text: str, pinyin: str) -> None:
    """儿 after a word is not a syllable; in 儿子 and 女儿 it is."""
    assert said(text) == pinyin


def test_a_reading_is_never_guessed_again() -> None:
    """The pinyin of a say_as is in the syllables, with its tones."""
    assert said("恭喜单雄信签单", {"单雄信": "shan4 xiong2 xin4"}).split()[2:5] == ["shan4", "xiong2", "xin4"]


@pytest.mark.parametrize("name", ["欧阳雪", "乐嘉", "李𬭸", "王䶮", "张㛃", "陈泺嘉", "邓褀麟"])
def test_no_character_of_a_name_is_lost(name: str) -> None:
    """Each character is a syllable, or reported as unread so that a person can enter its reading."""
    tokens = read(f"恭喜{name}")
    assert sum(isinstance(token, Syllable) for token in tokens) + len(unread(tokens)) == 2 + len(name)


@settings(max_examples=examples(300), deadline=None)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=30))
def test_every_character_is_a_syllable_or_named(text: str) -> None:
    """No character between 一 and the end of its block disappears before the phonemes."""
    tokens = read(text)
    colours = sum(token.er for token in tokens if isinstance(token, Syllable))
    assert sum(isinstance(token, Syllable) for token in tokens) + colours + len(
        [token for token in tokens if not isinstance(token, Syllable)]
    ) == len(text)
    for token in tokens:
        if isinstance(token, Syllable):
            assert kokoro.of_syllable(token) in kokoro.chinese(tokens, {})


@pytest.mark.parametrize("table", ["golden_mandarin.tsv"])
def test_every_golden_line_has_phonemes(table: str) -> None:
    """Each line of the table of readings is complete: all its syllables are among the phonemes, none unread."""
    rows = [spoken(text) for text, _ in golden(table)]
    assert len(rows) > 700
    for text in rows:
        tokens = read(text)
        assert not [char for char in unread(tokens) if not "가" <= char <= "힣"], text  # no Korean voice
        ipa = {token.text: "æ" for token in kokoro.joined(tokens) if isinstance(token, Latin)}
        sounds = kokoro.chinese(tokens, ipa).replace(" ", "")
        at = 0
        for token in tokens:
            if isinstance(token, Syllable):
                at = sounds.index(kokoro.of_syllable(token), at)


def _by_misaki(sound: str, tone: int) -> str:
    """Return the reference: misaki's Chinese reader, with which the model was trained, in the model's letters."""
    from misaki.transcription import pinyin_to_ipa  # half a second, in the worker that needs it

    said = "".join(pinyin_to_ipa(f"{sound}{tone}")[0])
    for contour, arrow in (
        ("˧˩˧", "↓"),
        ("˧˥", "↗"),
        ("˥˩", "↘"),
        ("˥", "→"),
        ("ɻ̩", "ɨ"),
        ("ɹ̩", "ɨ"),
        ("\u032f", ""),
    ):
        said = said.replace(contour, arrow)
    return said


@pytest.mark.parametrize("tone", [1, 2, 3, 4, 5])
def test_each_syllable_has_the_phonemes_of_the_models_own_reader(tone: int) -> None:
    """All 410 syllables in each tone agree with misaki, and the model knows every sign."""
    for sound in sorted(SYLLABLES):
        ours = kokoro.of_syllable(Syllable(sound, tone))
        assert ours == _by_misaki(sound, tone), sound
        assert len(kokoro.numbers(ours)) == len(ours), sound


def test_letters_and_english_words_are_among_the_phonemes() -> None:
    """Single letters have Mandarin names, words their English sounds; nothing is dropped."""
    tokens = read(spoken("签了一单VIP套餐，Top sales"))
    assert [token.text for token in tokens if isinstance(token, Latin)] == ["V", "I", "P", "Top", "sales"]
    sounds = kokoro.chinese(tokens, {"Top sales": "tˈɑːp sˈeɪlz"})
    assert "vi↘ ai↘ pʰi↘" in sounds
    assert "tʰˈɑp sˈeilz" in sounds
    assert [token.mark for token in tokens if isinstance(token, Pause)] == ["，"]
