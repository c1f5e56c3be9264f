"""People's names: surnames with an unusual reading, characters the engine misreads, and other words."""

from __future__ import annotations

from pathlib import Path

import pytest
from sound.espeak import syllables
from sound.espeak import written as spoken

from controller.sound.mandarin import name_reading, parse_say_as, reading_of, unreadable
from controller.sound.mandarin.names import DOUBLE_SURNAMES, GIVEN, SURNAMES

TABLE = Path(__file__).with_name("golden_names.tsv").read_text("utf-8").splitlines()
NAMES = [
    (row[0], row[1]) for row in (line.split("\t") for line in TABLE if line and not line.startswith("# "))
]


@pytest.mark.parametrize(("name", "pinyin"), NAMES)
def test_a_name_has_its_sound_without_a_say_as(name: str, pinyin: str) -> None:
    """The real engine gives every name of the table the syllables and tones in its row."""
    reading = name_reading(name)
    said = spoken(f"恭喜{name}签单", {name: reading} if reading else {})
    assert syllables(said) == syllables(spoken(f"恭喜 {pinyin} 签单"))


def test_the_table_of_names_keeps_its_size() -> None:
    """At least 60 names are tested."""
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", ["王小明", "李雷", "", "Lily", "王", "小明同学们好", "Li明", "张3"])
def test_names_that_need_no_reading_get_none(name: str) -> None:
    """Names that the engine reads correctly, and anything but a Chinese name, have no reading."""
    assert name_reading(name) is None


def test_only_the_odd_part_is_spelt() -> None:
    """Characters that the engine reads correctly are kept."""
    assert name_reading("单晓明") == "shan4 晓明"
    assert name_reading("万俟晓明") == "mo4 qi2 晓明"
    assert name_reading("曾晨") == "zeng1 chen2"


@pytest.mark.parametrize("reading", [*SURNAMES.values(), *DOUBLE_SURNAMES.values(), *GIVEN.values()])
def test_every_reading_of_the_tables_is_pinyin(reading: str) -> None:
    """The tables contain only readings that parse_say_as accepts unchanged."""
    assert parse_say_as(reading) == reading


def test_a_name_is_read_however_its_list_pads_it() -> None:
    """Padding spaces and radicals from PDFs do not lose the surname's reading."""
    assert name_reading("单　明") == name_reading("单明") == "shan4 明"
    assert name_reading("⻋⼩明") == name_reading("车小明")


def test_two_people_with_one_name_are_distinguished_in_speech() -> None:
    """张伟（大） is spoken as the office calls him."""
    assert name_reading("张伟（大）") == "大 张伟"
    assert spoken("恭喜张伟（大）！", {"张伟（大）": "大 张伟"}) == "恭喜大张伟！"


@pytest.mark.parametrize(
    ("name", "unsure"),
    [
        ("李𬭸", "𬭸"),
        ("王䶮", "䶮"),
        ("张㛃", "㛃"),
        ("陈泺嘉", ""),
        ("邓褀麟", ""),
        ("Иван", "Иван"),
        ("⾼⼩明A", ""),
    ],
)
def test_characters_that_some_voices_cannot_say_are_listed(name: str, unsure: str) -> None:
    """A character that would be left out of speech is listed, so that a person can enter a reading."""
    assert unreadable(name) == tuple(unsure)


@pytest.mark.parametrize("say_as", ["shàn", "shan4", "shan4 xiong2"])
def test_a_reading_shorter_than_its_name_is_refused(say_as: str) -> None:
    """A reading of the surname alone would leave out the given name; the sentence shows the whole one."""
    with pytest.raises(ValueError, match=r"“单雄信”有 3 个字.*shan4.*信"):
        reading_of("单雄信", say_as)


@pytest.mark.parametrize(
    ("name", "say_as"),
    [("单雄信", "shan4 雄信"), ("Amy", "ai4 mi3"), ("张伟（大）", "zhang1 wei3"), ("李𬭸", "li3 yi2")],
)
def test_a_reading_that_covers_its_name_is_taken(name: str, say_as: str) -> None:
    """Pinyin, characters, or both; the mark of a namesake needs no reading."""
    assert reading_of(name, say_as) == parse_say_as(say_as)
