"""Spoken text in the real espeak-ng 1.52: the right syllables, and the need for each workaround."""

from __future__ import annotations

import pytest
from sound.espeak import phonemes, syllables
from sound.espeak import written as spoken

# The workaround's spelling → the sound it must have: ɕ/tɕʰ/tɕ with -ong and the tone's contour.
IONG = {"xong1": "S;ong55", "xong2": "S;ong35", "qong2": "tS;hong35", "jong3": "tS;ong214"}


def test_pinyin_with_tone_digits_is_spoken_as_syllables_with_tones() -> None:
    """shan4 xiao3 ming2 inside a text comes out as those three syllables in tones four, three and two."""
    said = syllables(spoken("恭喜单晓明签了", {"单晓明": "shàn xiǎo míng"}))
    assert said.startswith(syllables("恭喜") + "s.a51nS;jAu214mi35N")


@pytest.mark.parametrize("reading", ["yu4 chi2", "mo4 qi2", "lv3 bu4", "nve4", "piao2", "qiu2 er4 zhuang4"])
def test_readings_are_never_spoken_in_english(reading: str) -> None:
    """A reading is spoken by the Mandarin voice, syllable by syllable."""
    said = phonemes(spoken(f"恭喜{'名'}字", {"名": reading}))
    assert "(en)" not in said
    assert syllables(reading) in said.replace("_|", "").replace("'", "").replace(" ", "")


def test_the_engine_knows_all_tone_digit_syllables_we_let_through() -> None:
    """Every syllable that a say_as may contain is spoken in Mandarin, in each of its five tones."""
    from controller.sound.mandarin.pinyin import SYLLABLES

    readings = [f"{syllable}{tone}" for syllable in sorted(SYLLABLES) for tone in "12345"]
    assert [r for r in readings if "(" in phonemes(spoken("名", {"名": r}))] == []


@pytest.mark.parametrize(("written", "sound"), IONG.items())
def test_iong_has_a_writing_that_sounds_right(written: str, sound: str) -> None:
    """xiong, qiong and jiong, which the engine lacks, are spelled xong, qong and jong."""
    assert syllables(written) == sound


@pytest.mark.parametrize(
    "word", ["雄", "熊", "兄弟", "英雄", "李琼", "穷", "胸卡", "窘迫", "一会儿", "这儿", "干活儿", "哥们儿"]
)
def test_words_the_engine_says_in_english_are_worked_around(word: str) -> None:
    """The engine alone says these words in English (if not, drop the workaround); with it they are Mandarin."""
    assert "(en)" in phonemes(word)
    assert "(" not in phonemes(spoken(word))


@pytest.mark.parametrize(
    ("word", "pinyin"),
    [
        ("攻城略地", "gong1 cheng2 lve4 di4"),
        ("扮猪吃虎", "ban4 zhu1 chi1 hu3"),
        ("战绩", "zhan4 ji4"),
        ("发型", "fa4 xing2"),
        ("角色", "jue2 se4"),
        ("东莞", "dong1 guan3"),
        ("蚌埠", "beng4 bu4"),
        ("猛将", "meng3 jiang4"),
        ("称职", "chen4 zhi2"),
        ("便宜", "pian2 yi5"),
    ],
)
def test_words_the_engine_misreads_are_corrected(word: str, pinyin: str) -> None:
    """The engine alone misreads these words (if not, drop the workaround); with it they have their syllables."""
    assert syllables(word) != syllables(pinyin)
    assert syllables(spoken(word)) == syllables(pinyin)


@pytest.mark.parametrize(
    ("word", "pinyin"),
    [
        ("签了一单", "签了 yi4 dan1"),
        ("还有一分钟", "还有 yi4 fen1 钟"),
        ("多了一倍", "多了 yi2 bei4"),
        ("等一晚", "等 yi4 wan3"),
        ("二十一万元", "二十 yi1 wan4 元"),
        ("十一个", "十 yi1 个"),
        ("一百零一次", "一百零 yi1 ci4"),
        ("三百一十元", "三百 yi1 shi2 元"),
        ("一点五万", "yi1 点五万"),
        ("十一点", "十 yi1 点"),
        ("十二月一号", "十二月 yi1 号"),
    ],
)
def test_yi_has_the_tone_of_its_place(word: str, pinyin: str) -> None:
    """The engine alone gives 一 a wrong tone here (if not, drop the workaround); with it the tone is right."""
    assert syllables(word) != syllables(pinyin)
    assert syllables(spoken(word)) == syllables(pinyin)


@pytest.mark.parametrize(
    ("word", "tone"),
    [(word, "ji35") for word in ["一个", "一万", "一位", "一下", "一定", "一亿", "一次", "一份", "一样"]]
    + [
        (word, "ji51")
        for word in [
            "一千",
            "一百",
            "一起",
            "一笔",
            "一家",
            "一年",
            "一天",
            "一小时",
            "一口气",
            "一点",
            "一台",
        ]
    ]
    + [
        (word, "ji55")
        for word in [
            "一月",
            "一队",
            "一组",
            "一比一",
            "第一单",
            "第一名",
            "统一单价",
            "星期一",
            "周一单",
            "十一单",
            "十一月",
        ]
    ]
    + [
        (word, "pu35")
        for word in ["不是", "不要", "不错", "不会", "不断", "不落后", "不放弃", "不懈", "不在话下"]
    ]
    + [(word, "pu51") for word in ["不行", "不来", "不好", "不签", "不抛弃", "势不可挡"]],
)
def test_yi_and_bu_that_the_engine_has_right_are_left_to_it(word: str, tone: str) -> None:
    """No workaround where the dictionary has the tone; both characters have the right tone."""
    assert spoken(word) == word
    assert tone in syllables(word)


@pytest.mark.parametrize(
    "word",
    [
        "元帅升帐",
        "先锋探路",
        "决战时间",
        "人马安顿",
        "小憩",
        "战鼓再响",
        "击掌立誓",
        "决战时刻",
        "拔营略寨",
        "清点战果",
        "战报传来",
        "重庆",
        "银行",
        "行业",
        "排行榜",
        "喝彩",
        "加油",
    ],
)
def test_the_office_words_are_mandarin_without_a_workaround(word: str) -> None:
    """The words of the office's day need no workaround and get none."""
    assert spoken(word) == word
    assert "(" not in phonemes(word)


@pytest.mark.parametrize(
    ("text", "letters"),
    [("VIP客户", "V I P"), ("AI简历", "A\u00a0I"), ("KA客户", "K A"), ("APP", "A\u00a0P P")],
)
def test_letters_are_said_one_by_one(text: str, letters: str) -> None:
    """Abbreviations are letters to the engine: never a word, and an A before a letter never the article."""
    names = {"A": "'eI", "I": "aI", "K": "k'eI", "P": "p'i:", "V": "v'i:"}
    said = spoken(text)
    assert letters in said
    english = phonemes(said).split("(en)")[1].split("(cmn)")[0].replace("'aI", "aI")
    assert english.replace("_|", "").split() == [names[c] for c in letters.split()]
