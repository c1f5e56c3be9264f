"""The steps of reading a text, in sequence. Pure.

The table of readings, for people to extend, is tests/sound/golden_mandarin.tsv (English texts: golden_english.tsv;
names: golden_names.tsv). Steps: replace names that have a reading by placeholders, clean the text, write out figures
and letters by the rules of `dates`, `codes`, `numbers` and `latin`, and reduce the rest to characters, pinyin, Latin
words and pauses. `for_espeak` then works around the faults of that engine.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.names import plain_text
from controller.sound.mandarin.codes import CODES
from controller.sound.mandarin.dates import DATES, MOMENTS
from controller.sound.mandarin.espeak_workarounds import letters_apart, repaired
from controller.sound.mandarin.latin import BEFORE_NUMBERS, ENGLISH
from controller.sound.mandarin.normalize import clean, is_rare, tidy, tidy_english
from controller.sound.mandarin.numbers import FIGURES, MONEY, SIGNS
from controller.sound.mandarin.placeholders import Aside
from controller.sound.mandarin.rules import apply

_CHINESE = (*BEFORE_NUMBERS, *DATES, *CODES, *MOMENTS, *SIGNS, *MONEY, *FIGURES)


def spoken(text: str, readings: Mapping[str, str] = {}, language: str = "zh") -> str:
    """Return the text for an engine: Chinese characters, Latin words, pauses and pinyin such as shan4.

    readings: a name as written → its `say_as` (see `parse_say_as`), longest first; an invalid one is ignored.
    language: "zh", or "en" for an English text, whose figures are then read in English.
    Never raises; idempotent; returns "" when nothing in the text can be spoken.
    """
    aside = Aside(text, readings)
    plain = clean(aside.text)
    rules, finish = (ENGLISH, tidy_english) if language == "en" else (_CHINESE, tidy)
    return finish(aside.restored(finish(apply(rules, plain))))


def for_espeak(text: str, language: str = "zh") -> str:
    """Return a spoken text in the spelling that espeak-ng 1.52 reads correctly; see `espeak_workarounds`."""
    finish = tidy_english if language == "en" else tidy
    return letters_apart(finish(repaired(text)))


def unreadable(text: str) -> tuple[str, ...]:
    """Return the letters and characters that some voices cannot read, each once, in order.

    Such a name needs a `say_as`: 李𬭸 would otherwise be spoken as 李.
    """
    return tuple(dict.fromkeys(char for char in plain_text(text) if is_rare(char)))
