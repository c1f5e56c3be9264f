"""Turn text as people write it into text that a voice reads correctly. Pure.

Re-exports `reader`. It and its rules, about a hundred patterns, are imported at the first call: they
cost a third of a start's imports, and music needs none of them. `load` imports them ahead of the first announcement.
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
    "spelling",
    "spoken",
    "unreadable",
]


def load() -> None:
    """Import the rules now, so that the first announcement does not wait for them."""
    from controller.sound.mandarin import reader

    assert reader  # noqa: S101 - only the import matters


def spoken(text: str, readings: Mapping[str, str] = {}, language: str = "zh") -> str:
    """Return the text for an engine; see `reader.spoken`."""
    from controller.sound.mandarin import reader

    return reader.spoken(text, readings, language)


def for_espeak(text: str, language: str = "zh") -> str:
    """Return a spoken text in the spelling that espeak-ng 1.52 reads correctly; see `reader.for_espeak`."""
    from controller.sound.mandarin import reader

    return reader.for_espeak(text, language)


def unreadable(text: str) -> tuple[str, ...]:
    """Return the characters of a text that some voices cannot read; see `reader.unreadable`."""
    from controller.sound.mandarin import reader

    return reader.unreadable(text)


def amount_in_words(amount: Decimal) -> str:
    """Read a sum in yuan; see `numbers.amount_in_words`. Raises ValueError."""
    from controller.sound.mandarin import numbers

    return numbers.amount_in_words(amount)


def count_in_words(n: int, measure: str) -> str:
    """Read a count; see `numbers.count_in_words`."""
    from controller.sound.mandarin import numbers

    return numbers.count_in_words(n, measure)


def name_reading(name: str) -> str | None:
    """Return a `say_as` for a name that the engine misreads; see `names.name_reading`."""
    from controller.sound.mandarin import names

    return names.name_reading(name)


def parse_say_as(say_as: str) -> str:
    """Return a reading with tone digits; see `pinyin.parse_say_as`. Raises ValueError."""
    from controller.sound.mandarin import pinyin

    return pinyin.parse_say_as(say_as)


def reading_of(name: str, say_as: str) -> str:
    """Return `parse_say_as` of a reading long enough for its name; see `pinyin.reading_of`. Raises ValueError."""
    from controller.sound.mandarin import pinyin

    return pinyin.reading_of(name, say_as)


def spelling(name: str, say_as: str | None = None) -> tuple[str, str]:
    """Return initials and pinyin of a name, for searching; see `typed_names.spelling`."""
    from controller.sound.mandarin import typed_names

    return typed_names.spelling(name, say_as)
