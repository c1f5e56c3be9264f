"""Text as people write it → text that a voice reads right. Pure.

The functions are those of `reader`. It and its rules, some hundred patterns, are loaded at the first call: they cost a
third of what a start imports, and music needs none of them. `load` does it ahead of the first announcement.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

__all__ = [
    "amount_in_words",
    "count_in_words",
    "for_espeak",
    "load",
    "name_reading",
    "parse_say_as",
    "reading_of",
    "spoken",
    "unreadable",
]


def load() -> None:
    """Load the rules now, so that the first announcement need not wait for them."""
    from controller.sound.mandarin import reader

    assert reader  # noqa: S101 - loading it is all


def spoken(text: str, readings: Mapping[str, str] = {}, language: str = "zh") -> str:
    """The text for an engine; see `reader.spoken`."""
    from controller.sound.mandarin import reader

    return reader.spoken(text, readings, language)


def for_espeak(text: str, language: str = "zh") -> str:
    """A spoken text in the spelling that espeak-ng 1.52 reads right; see `reader.for_espeak`."""
    from controller.sound.mandarin import reader

    return reader.for_espeak(text, language)


def unreadable(text: str) -> tuple[str, ...]:
    """The characters of a text that no voice can be relied on to say; see `reader.unreadable`."""
    from controller.sound.mandarin import reader

    return reader.unreadable(text)


def amount_in_words(amount: Decimal) -> str:
    """Yuan as people say them; see `numbers.amount_in_words`. Raises ValueError."""
    from controller.sound.mandarin import numbers

    return numbers.amount_in_words(amount)


def count_in_words(n: int, measure: str) -> str:
    """A count; see `numbers.count_in_words`."""
    from controller.sound.mandarin import numbers

    return numbers.count_in_words(n, measure)


def name_reading(name: str) -> str | None:
    """A name as a `say_as`, where the engine misreads it; see `names.name_reading`."""
    from controller.sound.mandarin import names

    return names.name_reading(name)


def parse_say_as(say_as: str) -> str:
    """A reading with tone digits; see `pinyin.parse_say_as`. Raises ValueError."""
    from controller.sound.mandarin import pinyin

    return pinyin.parse_say_as(say_as)


def reading_of(name: str, say_as: str) -> str:
    """`parse_say_as` of a reading that is long enough for its name; see `pinyin.reading_of`. Raises ValueError."""
    from controller.sound.mandarin import pinyin

    return pinyin.reading_of(name, say_as)
