"""Clean text before the reading rules: markup, widths, spaces, control characters."""

from __future__ import annotations

import html
import re
import unicodedata

PLACEHOLDERS = range(0xF0000, 0xFFFFE)

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


def clean(text: str) -> str:
    """Return the text without markup, emoji and control characters, in the widths and marks that the rules expect."""
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
        words[-1].lower() if words and words[0] in ("HIRAGANA", "KATAKANA") and words[-1].isalpha() else " "
    )


def _number(char: str) -> str:
    """Convert ½ to 1/2, ① to 1, Ⅷ to 8."""
    plain = _compatible(char)
    if re.fullmatch(r"[0-9/.()]+", plain):
        return f" {plain.strip('().')} " if "/" in plain else plain.strip("().")
    value = unicodedata.numeric(char, -1)
    return str(int(value)) if value >= 0 and value == int(value) else " "
