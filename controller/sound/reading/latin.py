"""Latin letters in text: abbreviations letter by letter, words as words, letters and figures side by side.

espeak-ng 1.52 speaks Latin letters inside Mandarin with its English voice, and well; but it says VIP and KA
as words and takes a lone A before a word for the article. So abbreviations are given with spaces, V I P.
"""

from __future__ import annotations

import re

from controller.sound.reading.rules import Found, Rule, rule

_SAID_AS_WORDS = """TOP SALES SALE TEAM GO NO YES HI HELLO BOSS GOOD BEST DAY WIN NEW HOT BIG ONE TWO
THE AND FOR YOU ALL NICE COOL FIGHT FIGHTING OFFER CALL CASE LEADER LILY LUCY AMY TOM TONY JACK JERRY
LEO BEN SAM MAX KEN ANN ANNA MARY EVA IVY MIKE JOHN JANE KATE LISA LINDA PETER SUNNY TINA VIVI COCO ZOE
RUBY ROSE MAY JUNE JOY JIM BOB DAVID ALEX NASA EXCEL WORD EMAIL HAPPY LOVE STAR KING QUEEN LUCKY SUPER
SHOW PARTY TALK TIME OPEN START STOP READY PLAN KICK OFF OUT IN ON UP DOWN BY TO OF AT IS ARE WE ME MY
HE SHE"""
_SPELT_ALSO_SMALL = """vip kpi okr ceo cfo coo cto hrd hrbp ka kp bd ai app ppt pdf crm erp gmv roi sop
pk ok id pc tv usb qq cv jd hr ehr"""
_WORDS = frozenset(_SAID_AS_WORDS.split())  # though written in capitals
_SPELT = frozenset(_SPELT_ALSO_SMALL.split())
_SAID = {
    "SAAS": "sass",
    "WIFI": "WiFi",
    "WI FI": "WiFi",
    "VS": "对",
    "C++": "C 加加",
    "C#": "C sharp",
    "MR": "Mister",
    "MS": "Miz",
    "DR": "Doctor",
    "&": "and",
}
_WHOLE = re.compile(
    r"(?<![A-Za-z0-9])(?:[Ww][Ii]-[Ff][Ii]|[Cc](?:\+\+|#)|[BCOPbcop]2[BCOPbcop])(?![A-Za-z0-9+#])"
)
_TOKEN = re.compile(r"(?<![A-Za-z])[A-Za-z]+(?:’[A-Za-z]{1,5})?(?![A-Za-z1-5’])")  # not pinyin, shan4
_VOWELS = frozenset("AEIOUY")
_LONGEST_ABBREVIATION = 4


def _whole(found: Found) -> str:
    said = found.group(0).upper().replace("-", " ")
    return f" {_SAID.get(said) or said.replace('2', ' to ')} "


BEFORE_NUMBERS: tuple[Rule, ...] = (
    rule(r"(?<=[A-Za-z])'(?=[A-Za-z])", "’"),
    (_WHOLE, _whole),
    rule(r"(?<=[A-Za-z0-9_])@(?=[A-Za-z0-9])", " at "),
    rule(r"(?<=[A-Za-z0-9])\s?&\s?(?=[A-Za-z0-9])", " and "),
    rule(r"(?<![A-Za-z])(Mrs?|Ms|Dr)\.(?=\s)", r"\1"),
    rule(r"(?<=[一-鿿])\s?&\s?(?=[一-鿿A-Za-z])|(?<=[A-Za-z])\s?&\s?(?=[一-鿿])", "和"),
    rule(r"(?<![A-Za-z0-9])([A-Za-z])\+(?![0-9A-Za-z+])", r"\1 加"),
)


def letters(text: str) -> str:
    """Every Latin word as it is said, set off by spaces."""
    return _TOKEN.sub(lambda found: f" {_word(found.group(0), _stands_alone(found))} ", text)


def _stands_alone(found: Found) -> bool:
    before, after = found.string[: found.start()][-2:], found.string[found.end() :][:2]
    return not re.search(r"[A-Za-z’][ ’]?$", before) and not re.match(r"[ ’]?[A-Za-z]", after)


def _word(word: str, alone: bool) -> str:
    capitals = word.upper()
    if len(word) == 1 and alone:  # a组; but «have a look» is left
        return capitals
    if capitals in _SAID:
        return _SAID[capitals]
    if _is_abbreviation(word):
        return " ".join(capitals)
    if word.isupper() and len(word) > 1:
        return word.lower()
    return word


def _is_abbreviation(word: str) -> bool:
    capitals = word.upper()
    if not word.isalpha() or len(word) == 1 or capitals in _WORDS:
        return False
    if word.lower() in _SPELT or re.fullmatch(r"[a-z][A-Z]{1,3}", word):
        return True
    unsayable = not _VOWELS & set(capitals)
    return len(word) <= 3 if unsayable and not word.isupper() else word.isupper() and _short(word, unsayable)


def _short(word: str, unsayable: bool) -> bool:
    return unsayable or len(word) <= _LONGEST_ABBREVIATION
