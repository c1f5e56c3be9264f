"""The steps of reading a text, in sequence. Pure.

The table of readings, for people to extend, is tests/sound/golden_mandarin.tsv (English texts: golden_english.tsv;
names: golden_names.tsv). Steps: replace names that have a reading by placeholders, clean the text, write out figures
and letters by the rules of `dates`, `codes`, `numbers` and `latin`, and reduce the rest to characters, pinyin, Latin
words and pauses. `for_espeak` then works around the faults of that engine.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping

from controller.names import plain_text
from controller.sound.mandarin.codes import CODES
from controller.sound.mandarin.dates import DATES, MOMENTS
from controller.sound.mandarin.espeak_workarounds import letters_apart, repaired
from controller.sound.mandarin.latin import BEFORE_NUMBERS, ENGLISH, letters
from controller.sound.mandarin.names import ADDRESSED, surname_reading
from controller.sound.mandarin.numbers import FIGURES, MONEY, SIGNS, apply
from controller.sound.mandarin.pinyin import is_reading, parse_say_as

PLACEHOLDERS = range(0xF0000, 0xFFFFE)
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
        plain = ADDRESSED.sub(self._addressed, self._names(plain, readings))
        plain = _PINYIN_RUN.sub(self._run, plain)
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

    def _addressed(self, match: re.Match[str]) -> str:
        """Give 单总 and 解女士 the reading of the surname."""
        return self._hold(surname_reading(match.group(0)))

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


# --- Before the rules: markup, widths, spaces and control characters are normalized

# Only HTML's tags are markup: <Pro> and A<B are words. A lone <A> or <B> may be a team.
_TAGS = """a|abbr|article|b|big|blockquote|body|br|button|center|code|dd|del|details|div|dl|dt|em|embed|figure|font|
footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li|link|main|mark|meta|nav|ol|option|p|pre|q|s|script|
section|select|small|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|u|ul|video""".replace(
    "\n", ""
)
_LOUD_TAGS = "|".join(tag.upper() for tag in _TAGS.split("|") if len(tag) > 1)
_TAG = re.compile(
    rf"<!(?:--[^<>]{{0,300}}--|DOCTYPE[^<>]{{0,100}})>|</?(?:{_TAGS}|{_LOUD_TAGS})(?:\s[^<>]{{0,300}}|\s?/)?>"
)
_NAMED = re.compile(r"<(?![¥$€£=\s])([^<>，。；！？\n]{1,40})>(?![0-9¥$])")  # <Pro>: brackets around a name
_LESS, _MORE = (re.compile(rf"(?<=[0-9A-Za-z㐀-鿿%])\s?{sign}\s?(?=[A-Za-z㐀-鿿])") for sign in "<>")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")
_URL = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
_DASHES = re.compile(r"[‐‑‒–−﹣]|(?<=[0-9A-Za-z日月年号点分天周元万%％℃])\s*[—―]+\s*(?=[0-9A-Za-z¥$])")

_ANGLES = str.maketrans("‹›〈〉", "<><>")
_SPACES = re.compile(" {2,}")  # collapsed first: the rules are fast on single spaces only
_LINES = re.compile("(?: ?\n)+ ?")
# 10 000元 as the standards write it; only before a measure word, because telephone numbers have such groups too.
_THOUSANDS = re.compile(
    r"(?<![0-9. -])[1-9][0-9]{0,2}"
    r"(?:(?: [0-9]{3})+(?=(?:\.[0-9]+)?[ ]?[元万块人名个单次家台套件份米吨])|(?: 000)+(?![0-9]| [0-9]))"
)
_WIDE_COLON = re.compile("(?<=[0-9])：(?=[0-9])")

_KEPT = frozenset("，。！？；：、’〇°‰¥£€×÷±≈≠≤≥√《》“”‘（）·\n")
_AS = str.maketrans(
    {
        "．": ".",
        "～": "~",
        "〜": "~",
        "﹏": "~",
        "￥": "¥",
        "…": "，",
        "⋯": "，",
        "—": "，",
        "―": "，",
        "｡": "。",
        "､": "、",
        "•": " ",
        "™": "",
        "℠": "",
        "²": "^2",
        "³": "^3",
        "⁄": "/",
        "∶": ":",
        "㎡": "m^2",
        "㎥": "m^3",
        "㏎": "km^2",
        "μ": "u",
        "µ": "u",
        "Ω": "欧姆",
        "π": "派",
        "α": "阿尔法",
        "β": "贝塔",
        "∞": "无穷大",
        "→": "，",
        "「": "“",
        "」": "”",
        "『": "“",
        "』": "”",
        "【": "（",
        "】": "）",
        "〔": "（",
        "〕": "）",
        "ー": "",  # the long vowel of kana
        "‛": "’",
        "`": "’",
    }
)
_WIDE_PUNCTUATION = frozenset("，！？；：（）")


_FACE = re.compile(
    r"[ヾヽ╰╭ლ\\]?[(（](?![^()（）]*[0-9A-Za-z㐀-鿿])[^()（）\s]{2,12}[)）][oOノﾉ╯ゞっ]?(?![A-Za-z])"
    r"|(?<![A-Za-z0-9])([TQOo])[_.^]\1(?![A-Za-z0-9])"
)
_ITEM = re.compile(r"(?<![第图表式注见步])([①-⑳])\s?(?=\S)")


def clean(text: str) -> str:
    """Return the text without markup, emoji and control characters, in the widths and marks that the rules expect."""
    text = _ITEM.sub(lambda item: f"，{ord(item[1]) - ord('①') + 1}、", _FACE.sub(" ", text))
    text = _NAMED.sub(r" \1 ", _TAG.sub(" ", html.unescape(text)).translate(_ANGLES))
    text = _MORE.sub("大于", _LESS.sub("小于", text))
    text = _URL.sub("链接", _LINK.sub(r"\1", text))
    text = unicodedata.normalize("NFC", _DASHES.sub("-", text)).translate(_AS)
    text = "".join(_plain(char) for char in text)
    text = _THOUSANDS.sub(lambda found: found.group(0).replace(" ", ""), text)
    return _WIDE_COLON.sub(":", _LINES.sub("\n", _SPACES.sub(" ", text)))


def _plain(char: str) -> str:
    """Return a character as the rules expect it: itself, its ASCII form, or a space."""
    if char in _KEPT or char in _WIDE_PUNCTUATION or _known(char):
        return char
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind in ("Nl", "No"):
        return _number(char)
    plain = "".join(c if _known(c) or c in _KEPT else "" for c in _compatible(char)) or " "
    if kind.startswith("L"):
        return _letter(char)
    if kind in ("Cf", "Mn", "Me", "Mc"):
        return ""  # joiners and combining marks belong to the character before them
    return plain if kind != "So" or plain.isascii() or plain.startswith("°") else " "


def _compatible(char: str) -> str:
    return unicodedata.normalize("NFKC", char).translate(_AS)


def _known(char: str) -> bool:
    code = ord(char)
    return " " <= char <= "~" or 0x3400 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7A3 or code in PLACEHOLDERS


def is_rare(char: str) -> bool:
    """Return whether a letter is left out of speech, or known to some voices only.

    Beyond the 20,902 characters of the first Unicode version (䶮, 㛃, 𬭸) each voice has different gaps.
    """
    if not unicodedata.category(char).startswith("L") or ord(char) in PLACEHOLDERS:
        return False
    if "㐀" <= char <= "䶿" or "\u9fa6" <= char <= "\u9fff":
        return True
    return not _known(char) and not _plain(char).strip()


def _letter(char: str) -> str:
    """Convert a letter of another script: kana to its Unicode name (HIRAGANA LETTER KA), é to e, else a space."""
    spread = unicodedata.normalize("NFKD", _compatible(char))
    ascii_only = "".join(c for c in spread if _known(c))
    if ascii_only:
        return ascii_only
    words = unicodedata.name(char, "").split()
    return (
        words[-1].lower()
        if words[1:2] == ["LETTER"] and words[0] in ("HIRAGANA", "KATAKANA") and words[-1].isalpha()
        else " "
    )


def _number(char: str) -> str:
    """Convert ½ to 1/2, ① to 1, Ⅷ to 8."""
    plain = _compatible(char)
    if re.fullmatch(r"[0-9/.()]+", plain):
        return f" {plain.strip('().')} " if "/" in plain else plain.strip("().")
    value = unicodedata.numeric(char, -1)
    return str(int(value)) if value >= 0 and value == int(value) else " "


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
