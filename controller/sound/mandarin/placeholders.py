"""Replace readings by private-use characters, which no rule matches, while a text is processed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from controller.names import plain_text
from controller.sound.mandarin.normalize import PLACEHOLDERS
from controller.sound.mandarin.pinyin import is_reading, parse_say_as

_PRIVATE = re.compile("[\\ue000-\\uf8ff\\U000f0000-\\U0010ffff\\ud800-\\udfff]")
_HELD = re.compile(f"[{chr(PLACEHOLDERS[0])}-{chr(PLACEHOLDERS[-1])}]")
_NUMBERED = r"[a-z]{1,6}[1-5]"
_RUN = re.compile(rf"(?<![A-Za-z0-9]){_NUMBERED}(?:[ \u00a0]+{_NUMBERED})*(?![A-Za-z0-9%]|[.,:][0-9])")
_MARKED = re.compile("[A-Za-zāáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜĀÁǍÀĒÉĚÈŌÓǑÒ]+")


class Aside:
    """A text with placeholders for its readings: those of names (`readings`) and pinyin in the text itself."""

    def __init__(self, text: str, readings: Mapping[str, str]) -> None:
        self._held: list[str] = []
        plain = _composed(_PRIVATE.sub(" ", text))
        plain = _RUN.sub(self._run, self._names(plain, readings))
        self.text = _MARKED.sub(self._marked, plain)

    def restored(self, text: str) -> str:
        """Return the processed text with every reading restored, separated by spaces."""
        return _HELD.sub(lambda match: f" {self._held[ord(match.group(0)) - PLACEHOLDERS[0]]} ", text)

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
