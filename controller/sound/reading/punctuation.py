"""The last step: marks become the pauses the engine knows, everything else it would have to guess goes."""

from __future__ import annotations

import re

from controller.sound.reading.cleaning import PLACEHOLDERS
from controller.sound.reading.latin import letters

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
_SPACES = re.compile(r"[ \u00a0]+")
_NO_SPACE = re.compile(rf"(?<=[{_HAN}{_PAUSES}]) (?=[{_HAN}{_PAUSES}])| (?=[{_PAUSES}])|(?<=[{_PAUSES}]) ")
_RUN = re.compile(rf"[{_PAUSES}]{{2,}}")
_RUN_ENGLISH = re.compile(r"[ ,.!?]*[,.!?][ ,.!?]*")


def tidy(text: str) -> str:
    """Chinese text with one mark per pause, one space around Latin words and pinyin, no other sign."""
    text = _DOTS.sub("，", text)
    text = _SILENT.sub("", _FULL_STOP.sub("。", text)).translate(_WIDE)
    text = letters(_GUESSED.sub(" ", text))
    text = _NO_SPACE.sub("", _SPACES.sub(" ", text))
    text = _RUN.sub(lambda found: _strongest(found.group(0)), text)
    return text.strip(" ").lstrip(_PAUSES).rstrip("，、：；").strip(" ")


def tidy_english(text: str) -> str:
    """English text with , . ! ? for pauses; no other sign is left."""
    text = _SILENT.sub("", _FULL_STOP.sub(".", _DOTS.sub(",", text)).translate(_NARROW))
    text = _SPACES.sub(" ", letters(_GUESSED_ENGLISH.sub(" ", text)))
    text = _RUN_ENGLISH.sub(lambda found: _strongest_english(found.group(0)), text)
    return text.lstrip(" ,.!?").rstrip(" ,")


def _strongest(run: str) -> str:
    """Of several marks the one that ends a sentence, else the first."""
    return next((mark for mark in run if mark in "！？。"), run[0])


def _strongest_english(run: str) -> str:
    return next((mark for mark in run if mark in "!?"), "." if "." in run else ",") + " "
