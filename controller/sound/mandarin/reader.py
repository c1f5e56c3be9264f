"""The steps of reading a text, in sequence. Pure.

The table of readings, for people to extend, is tests/sound/golden_mandarin.tsv (English texts: golden_english.tsv;
names: golden_names.tsv). Steps: replace names that have a reading by placeholders, clean the text, write out figures
and letters by the rules of `dates`, `codes`, `numbers` and `latin`, and reduce the rest to characters, pinyin, Latin
words and pauses. `for_espeak` then works around the faults of that engine.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from controller.names import plain_text
from controller.sound.mandarin.codes import CODES
from controller.sound.mandarin.dates import DATES, MOMENTS
from controller.sound.mandarin.espeak_workarounds import letters_apart, repaired
from controller.sound.mandarin.latin import BEFORE_NUMBERS, ENGLISH, letters
from controller.sound.mandarin.normalize import PLACEHOLDERS, clean, is_rare
from controller.sound.mandarin.numbers import FIGURES, MONEY, SIGNS, apply
from controller.sound.mandarin.pinyin import is_reading, parse_say_as

_CHINESE = (*BEFORE_NUMBERS, *DATES, *CODES, *MOMENTS, *SIGNS, *MONEY, *FIGURES)


def spoken(text: str, readings: Mapping[str, str] = {}, language: str = "zh") -> str:
    """Return the text for an engine: Chinese characters, Latin words, pauses and pinyin such as shan4.

    readings: a name as written → its `say_as` (see `parse_say_as`), longest first; an invalid one is ignored.
    language: "zh", or "en" for an English text, whose figures are then read in English.
    Never raises; idempotent; returns "" when nothing in the text can be spoken.
    """
    placeholders = Placeholders(text, readings)
    plain = clean(placeholders.text)
    rules, finish = (ENGLISH, tidy_english) if language == "en" else (_CHINESE, tidy)
    return finish(placeholders.restored(finish(apply(rules, plain))))


def for_espeak(text: str, language: str = "zh") -> str:
    """Return a spoken text in the spelling that espeak-ng 1.52 reads correctly; see `espeak_workarounds`."""
    finish = tidy_english if language == "en" else tidy
    return letters_apart(finish(repaired(text)))


def unreadable(text: str) -> tuple[str, ...]:
    """Return the letters and characters that some voices cannot read, each once, in order.

    Such a name needs a `say_as`: 李𬭸 would otherwise be spoken as 李.
    """
    return tuple(dict.fromkeys(char for char in plain_text(text) if is_rare(char)))


# --- Before the rules: names and pinyin become private-use characters, which no rule matches

_PLACEHOLDER = re.compile(f"[{chr(PLACEHOLDERS[0])}-{chr(PLACEHOLDERS[-1])}]")
_PRIVATE = re.compile("[\\ue000-\\uf8ff\\U000f0000-\\U0010ffff\\ud800-\\udfff]")
_NUMBERED = r"[a-z]{1,6}[1-5]"
_PINYIN_RUN = re.compile(rf"(?<![A-Za-z0-9]){_NUMBERED}(?:[ \u00a0]+{_NUMBERED})*(?![A-Za-z0-9%]|[.,:][0-9])")
_MARKED = re.compile("[A-Za-zāáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜĀÁǍÀĒÉĚÈŌÓǑÒ]+")


class Placeholders:
    """A text with placeholders for its readings: those of names (`readings`) and pinyin in the text itself."""

    def __init__(self, text: str, readings: Mapping[str, str]) -> None:
        self._held: list[str] = []
        plain = _composed(_PRIVATE.sub(" ", text))
        plain = _PINYIN_RUN.sub(self._run, self._names(plain, readings))
        self.text = _MARKED.sub(self._marked, plain)

    def restored(self, text: str) -> str:
        """Return the processed text with every reading restored, separated by spaces."""
        return _PLACEHOLDER.sub(lambda match: f" {self._held[ord(match.group(0)) - PLACEHOLDERS[0]]} ", text)

    def _hold(self, reading: str) -> str:
        if reading not in self._held:
            if len(self._held) == len(PLACEHOLDERS):
                return " "
            self._held.append(reading)
        return chr(PLACEHOLDERS[self._held.index(reading)])

    def _names(self, text: str, readings: Mapping[str, str]) -> str:
        names = sorted((n for n in map(_composed, readings) if n and n in text), key=len, reverse=True)
        if not names:
            return text
        readings_by_name = {_composed(name): say_as for name, say_as in readings.items()}
        return re.compile("|".join(map(_whole, names))).sub(
            lambda match: self._name(match.group(0), readings_by_name[match.group(0)]), text
        )

    def _name(self, name: str, say_as: str) -> str:
        try:
            return self._hold(parse_say_as(say_as))
        except ValueError:  # rejected when it is entered; if one got in, read the name without it
            return name

    def _run(self, match: re.Match[str]) -> str:
        tokens = ["", *match.group(0).split(), ""]
        sure = [is_reading(token) for token in tokens]
        beside = [False, *(sure[i - 1] or sure[i + 1] for i in range(1, len(tokens) - 1)), False]
        return " ".join(
            self._hold(token) if is_reading(token, alone=not beside[i]) else token
            for i, token in enumerate(tokens)
            if token
        )

    def _marked(self, match: re.Match[str]) -> str:
        """Treat a word with tone marks as pinyin if each syllable has a mark: café and résumé are not pinyin."""
        word = match.group(0)
        if word.isascii():
            return word
        try:
            reading = parse_say_as(word)
        except ValueError:
            return word
        doubtful = "5" in reading or any(len(syllable) < 3 for syllable in reading.split())
        return word if doubtful else self._hold(reading)


def _composed(text: str) -> str:
    """Return the text in one normal form, so that names are found: é as one character, ⾼ as 高, nothing invisible."""
    return unicodedata.normalize("NFC", plain_text(text))


def _whole(name: str) -> str:
    """Return the pattern of a name; a Latin name is not matched inside a longer word."""
    before = r"(?<![A-Za-z0-9])" if name[0].isascii() and name[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""
    return before + re.escape(name) + after


# --- After the rules: the rest becomes characters, pinyin, Latin words and pauses

_HELD = f"{chr(PLACEHOLDERS[0])}-{chr(PLACEHOLDERS[-1])}"
_HAN = "㐀-鿿〇"
_PAUSES = "，。！？；：、"
_WIDE = str.maketrans(
    {",": "，", "!": "！", "?": "？", ";": "；", ":": "：", "（": "，", "）": "，", "(": "，", ")": "，"}
)
_NARROW = str.maketrans("，。！？；：、（）();:—", ",.!?,,,,,,,,,,")

_FULL_STOP = re.compile(rf"(?<=[^\s.])\.(?=\s|$|[{_HAN}])|[ \t]*[\n\r]+\s*")
_DOTS = re.compile(r"\.{2,}")
_SILENT = re.compile(r"[《》“”‘]|’(?![A-Za-z])|(?<![A-Za-z])’")
_GUESSED = re.compile(
    rf"[^{_HAN}{_HELD}{_PAUSES}A-Za-z1-5가-힣’ ]|(?<![a-z])[1-5]|[1-5](?![ {_HAN}{_PAUSES}]|$)"
)
_GUESSED_ENGLISH = re.compile(
    rf"[^{_HAN}{_HELD}A-Za-z1-5가-힣’,.!? ]|(?<![a-z])[1-5]|[1-5](?![ {_HAN},.!?]|$)"
)
_WIDE_SPACES = re.compile(r"[ \u00a0]+")
_NO_SPACE = re.compile(rf"(?<=[{_HAN}{_PAUSES}]) (?=[{_HAN}{_PAUSES}])| (?=[{_PAUSES}])|(?<=[{_PAUSES}]) ")
_PAUSE_RUN = re.compile(rf"[{_PAUSES}]{{2,}}")
_RUN_ENGLISH = re.compile(r"[ ,.!?]*[,.!?][ ,.!?]*")


def tidy(text: str) -> str:
    """Return Chinese text with one mark per pause, one space around Latin words and pinyin, and no other signs."""
    text = _DOTS.sub("，", text)
    text = _SILENT.sub("", _FULL_STOP.sub("。", text)).translate(_WIDE)
    text = letters(_GUESSED.sub(" ", text))
    text = _NO_SPACE.sub("", _WIDE_SPACES.sub(" ", text))
    text = _PAUSE_RUN.sub(lambda match: _strongest(match.group(0)), text)
    return text.strip(" ").lstrip(_PAUSES).rstrip("，、：；").strip(" ")


def tidy_english(text: str) -> str:
    """Return English text with , . ! ? for pauses and no other signs."""
    text = _SILENT.sub("", _FULL_STOP.sub(".", _DOTS.sub(",", text)).translate(_NARROW))
    text = _WIDE_SPACES.sub(" ", letters(_GUESSED_ENGLISH.sub(" ", text)))
    text = _RUN_ENGLISH.sub(lambda match: _strongest_english(match.group(0)), text)
    return text.lstrip(" ,.!?").rstrip(" ,")


def _strongest(run: str) -> str:
    """Return the sentence-ending mark among several, else the first."""
    return next((mark for mark in run if mark in "！？。"), run[0])


def _strongest_english(run: str) -> str:
    return next((mark for mark in run if mark in "!?"), "." if "." in run else ",") + " "
