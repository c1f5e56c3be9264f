"""People's names: surnames with an odd reading, characters the engine misreads, and what is no such name."""

from __future__ import annotations

from pathlib import Path

import pytest
from sound.espeak import syllables
from sound.espeak import written as spoken

from controller.sound.mandarin import name_reading, parse_say_as
from controller.sound.reading.names import DOUBLE_SURNAMES, GIVEN, SURNAMES

TABLE = Path(__file__).with_name("golden_names.tsv").read_text("utf-8").splitlines()
NAMES = [
    (row[0], row[1]) for row in (line.split("\t") for line in TABLE if line and not line.startswith("# "))
]


@pytest.mark.parametrize(("name", "pinyin"), NAMES)
def test_a_name_has_its_sound_without_a_say_as(name: str, pinyin: str) -> None:
    """The real engine gives every name of the table the syllables and tones that stand beside it."""
    reading = name_reading(name)
    said = spoken(f"恭喜{name}签单", {name: reading} if reading else {})
    assert syllables(said) == syllables(spoken(f"恭喜 {pinyin} 签单"))


def test_the_table_of_names_keeps_its_size() -> None:
    """At least 60 names are tested."""
    assert len(NAMES) >= 60


@pytest.mark.parametrize(
    "name", ["王小明", "李雷", "", "Lily", "王", "小明同学们好", "Li明", "单 晓明", "张3"]
)
def test_what_needs_no_reading_gets_none(name: str) -> None:
    """Names that the engine reads right, and what is no Chinese name, have no reading."""
    assert name_reading(name) is None


def test_only_the_odd_part_is_spelt() -> None:
    """What the engine reads right stays as it is written."""
    assert name_reading("单晓明") == "shan4 晓明"
    assert name_reading("万俟晓明") == "mo4 qi2 晓明"
    assert name_reading("曾晨") == "zeng1 chen2"


@pytest.mark.parametrize("reading", [*SURNAMES.values(), *DOUBLE_SURNAMES.values(), *GIVEN.values()])
def test_every_reading_of_the_tables_is_pinyin(reading: str) -> None:
    """The tables hold nothing that parse_say_as would refuse or change."""
    assert parse_say_as(reading) == reading
