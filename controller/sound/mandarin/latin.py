"""Latin letters and English words inside Mandarin, and English texts."""

from __future__ import annotations

import re
from decimal import Decimal

from controller.sound.mandarin.numbers import END, NUMBER, START, Match, Rule, bare, rule

_SAID_AS_WORDS = """TOP SALES SALE TEAM GO NO YES HI HELLO BOSS GOOD BEST DAY WIN NEW HOT BIG ONE TWO
THE AND FOR YOU ALL NICE COOL FIGHT FIGHTING OFFER CALL CASE LEADER LILY LUCY AMY TOM TONY JACK JERRY
LEO BEN SAM MAX KEN ANN ANNA MARY EVA IVY MIKE JOHN JANE KATE LISA LINDA PETER SUNNY TINA VIVI COCO ZOE
RUBY ROSE MAY JUNE JOY JIM BOB DAVID ALEX NASA EXCEL WORD EMAIL HAPPY LOVE STAR KING QUEEN LUCKY SUPER
SHOW PARTY TALK TIME OPEN START STOP READY PLAN KICK OFF OUT IN ON UP DOWN BY TO OF AT IS ARE WE ME MY
HE SHE BE SO DO IF OR AN AS NOT"""
_SPELT_ALSO_SMALL = """vip kpi okr ceo cfo coo cto hrd hrbp ka kp bd ai app ppt pdf crm erp gmv roi sop
pk ok id pc tv usb qq cv jd hr ehr"""
_WORDS = frozenset(_SAID_AS_WORDS.split())  # read as words although written in capitals
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
_WHOLE = r"(?<![A-Za-z0-9])(?:[Ww][Ii]-[Ff][Ii]|[Cc](?:\+\+|#)|[BCOPbcop]2[BCOPbcop])(?![A-Za-z0-9+#])"
_TOKEN = re.compile(r"(?<![A-Za-z])[A-Za-z]+(?:’[A-Za-z]{1,5})?(?![A-Za-z1-5’])")  # not pinyin, shan4
_VOWELS = frozenset("AEIOUY")
_LONGEST_ABBREVIATION = 4


def _whole(match: Match) -> str:
    word = match.group(0).upper().replace("-", " ")
    return f" {_SAID.get(word) or word.replace('2', ' to ')} "


BEFORE_NUMBERS: tuple[Rule, ...] = (
    rule(r"(?<=[A-Za-z])'(?=[A-Za-z])", "’"),
    rule(_WHOLE, _whole),
    rule(r"(?<=[A-Za-z0-9_])@(?=[A-Za-z0-9])", " at "),
    rule(r"(?<=[A-Za-z0-9])\s?&\s?(?=[A-Za-z0-9])", " and "),
    rule(r"(?<![A-Za-z])(Mrs?|Ms|Dr)\.(?=\s)", r"\1"),
    rule(r"(?<=[一-鿿])\s?&\s?(?=[一-鿿A-Za-z])|(?<=[A-Za-z])\s?&\s?(?=[一-鿿])", "和"),
    rule(r"(?<![A-Za-z0-9])([A-Za-z])\+(?![0-9A-Za-z+])", r"\1 加"),
)


def letters(text: str) -> str:
    """Return the text with every Latin word spelled for speech, separated by spaces."""
    return _TOKEN.sub(lambda match: f" {_word(match.group(0), _is_alone(match))} ", text)


def _is_alone(match: Match) -> bool:
    before, after = match.string[: match.start()][-2:], match.string[match.end() :][:2]
    return not re.search(r"[A-Za-z’][ ’]?$", before) and not re.match(r"[ ’]?[A-Za-z]", after)


def _word(word: str, alone: bool) -> str:
    capitals = word.upper()
    if len(word) == 1 and alone:  # a组; but not in «have a look»
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


# --- Figures in an English text, written out in English words

_UP_TO_NINETEEN = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
_ONES = _UP_TO_NINETEEN.split()
_UP_TO_NINETY = "- - twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = _UP_TO_NINETY.split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
}
_ORDINALS["twelve"] = "twelfth"
_YEAR_ROUND = "January February March April May June July August September October November December"
_MONTHS = _YEAR_ROUND.split()
_MONEY = {"¥": "yuan", "RMB": "yuan", "CNY": "yuan", "$": "dollars", "€": "euros", "£": "pounds"}
_BIG = {"k": 1000, "K": 1000, "万": 10000, "w": 10000, "M": 10**6, "m": 10**6, "B": 10**9, "亿": 10**8}
_UNITS = {
    "km/h": "kilometers an hour",
    "km": "kilometers",
    "kg": "kilograms",
    "cm": "centimeters",
    "mm": "millimeters",
    "m^2": "square meters",
    "km^2": "square kilometers",
    "mins": "minutes",
    "min": "minutes",
    "hrs": "hours",
    "°C": "degrees Celsius",
    "°F": "degrees Fahrenheit",
    "h": "hours",
}
_UNIT = "|".join(unit.replace("^", r"\^") for unit in sorted(_UNITS, key=len, reverse=True))
_SIGNS = {
    "+": "plus",
    "=": "equals",
    "×": "times",
    "*": "times",
    "÷": "divided by",
    ">": "over",
    "<": "under",
}
_SIGNS |= {"≥": "at least", "≤": "at most", "≈": "about", "~": "about", "±": "plus or minus"}
_LONGEST = 15  # digits


def cardinal(n: int) -> str:
    """Return a whole number below 10**15 in words, without «and»: 12800 is twelve thousand eight hundred."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10] + (f" {_ONES[n % 10]}" if n % 10 else "")
    scale, name = next(pair for pair in _SCALES if n >= pair[0])
    rest = n % scale
    return f"{cardinal(n // scale)} {name}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(n: int) -> str:
    """Return 1 as first, 22 as twenty second, 20 as twentieth."""
    *before, last = cardinal(n).split()
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return " ".join([*before, last])


def _digits(number: str) -> str:
    return " ".join(_ONES[int(d)] for d in number if d.isdigit())


def _decimal(number: str) -> str:
    whole, _, part = bare(number).partition(".")
    one_by_one = len(whole) > _LONGEST or (len(whole) > 1 and whole.startswith("0"))
    text = _digits(whole) if one_by_one else cardinal(int(whole))
    return f"{text} point {_digits(part)}" if part else text


def _scaled(number: str, big: str | None) -> str:
    """Return the plain digits of a number with k, M or 万."""
    return format((Decimal(bare(number)[:25]) * _BIG[big]).normalize(), "f") if big else number


def _money(match: Match) -> str:
    sign, number, big = match.group(1).strip(), match.group(2), match.group(3)
    number, unit = bare(_scaled(number, big)), _MONEY[sign]
    return f"{_decimal(number)} {unit[:-1] if number == '1' and unit.endswith('s') else unit}"


def _clock(match: Match) -> str:
    hour, minute, half = int(match.group(1)), match.group(2), match.group(3)
    text = cardinal(hour)
    if minute and minute != "00":
        text += f" oh {_ONES[int(minute)]}" if minute.startswith("0") else f" {cardinal(int(minute))}"
    elif not half:
        text += " o’clock" if hour <= 12 else " hundred"
    return text + (f" {half.lower()} m" if half else "")


def _date(match: Match) -> str:
    year, month, day = match.groups()
    return f"{_MONTHS[int(month) - 1]} {ordinal(int(day))}, {_year(year)}"


def _month(written: str) -> str:
    return next(month for month in _MONTHS if month.startswith(written[:3]))


def _year(year: str) -> str:
    """Read 2024 as twenty twenty four, 2005 as two thousand five, 1999 as nineteen ninety nine."""
    first, last = int(year[:2]), int(year[2:])
    if year[2] == "0" and first % 10 == 0:
        return cardinal(int(year))
    return f"{cardinal(first)} " + (
        "hundred" if last == 0 else f"oh {_ONES[last]}" if last < 10 else cardinal(last)
    )


def _fraction(match: Match) -> str:
    """Read 1/2 as one half, 2/3 as two thirds, 15/20 as fifteen out of twenty."""
    top, bottom = int(match.group(1)), int(match.group(2))
    if bottom > 10 or bottom < 2 or top >= bottom:
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    part = {2: "half", 4: "quarter"}.get(bottom, ordinal(bottom))
    return f"{cardinal(top)} {part}" + ("s" if top > 1 else "")


def _number(match: Match) -> str:
    return f" {_decimal(match.group(0))} "


def _words(match: Match) -> str:
    return f" {_SIGNS[match.group(1)]} "


_MONTH_NAME = "(" + "|".join(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS) + r"|Sept)\.?"
_HALF = r"(?:\s?([aApP])\.?[mM](?![A-Za-z])\.?)"

ENGLISH: tuple[Rule, ...] = (
    rule(r"(?<=[A-Za-z])\+\+", " plus plus "),
    rule(r"(?<![A-Za-z0-9])([A-Za-z])\+(?![0-9A-Za-z])", r"\1 plus "),
    rule(r"(?i)(?<![A-Za-z])vs\.?(?![A-Za-z])", "versus"),
    *BEFORE_NUMBERS,
    rule(START + r"((?:19|20)[0-9]{2})[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12][0-9]|3[01])" + END, _date),
    rule(
        rf"(?<![A-Za-z]){_MONTH_NAME}\s([0-3]?[0-9])(?:st|nd|rd|th)?(?![0-9:%])",
        lambda m: f"{_month(m.group(1))} {ordinal(int(m.group(2)))}",
    ),
    rule(
        rf"([0-3]?[0-9])(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH_NAME}(?![A-Za-z])",
        lambda m: f"{_month(m.group(2))} {ordinal(int(m.group(1)))}",
    ),
    rule(r"24/7", "twenty four seven"),
    rule(r"(?<=[A-Za-z0-9])\.(?=(?:com|cn|net|org)(?![A-Za-z]))", " dot "),
    rule("链接", "a link"),
    rule(r"([0-9]:[0-5][0-9])\s?-\s?(?=[0-9]{1,2}:[0-5][0-9])", r"\1 to "),
    rule(START + r"([01]?[0-9]|2[0-4]):([0-5][0-9])(?![0-9:])" + _HALF + "?", _clock),
    rule(START + r"([01]?[0-9])()" + _HALF, _clock),
    rule(
        START
        + r"(\+?[0-9]{3,4}(?:[- ][0-9]{3,4}){1,3}|0[1-9][0-9]{1,2}-[0-9]{7,8}|1[3-9][0-9]{9}|0[0-9]{2,})"
        + END,
        lambda m: _digits(m.group(1)),
    ),
    rule(r"-\s?(?=[¥$€£][0-9])", "minus "),
    rule(rf"([¥$€£]|(?<![A-Za-z])(?:RMB|CNY)\s?)\s?({NUMBER})\s?([kKwMB万亿](?![A-Za-z]))?", _money),
    rule(
        rf"({NUMBER})\s?([kKwMB万亿])(?![A-Za-z])(?:\s?元)?",
        lambda m: _decimal(_scaled(m.group(1), m.group(2))),
    ),
    rule(rf"({NUMBER})\s?元", lambda m: f"{_decimal(m.group(1))} yuan"),
    rule(rf"({NUMBER})\s?-\s?(?={NUMBER})", r"\1 to "),
    rule(rf"(?<![A-Za-z0-9])-(?={NUMBER})", "minus "),
    rule(rf"({NUMBER})\s?%", lambda m: f"{_decimal(m.group(1))} percent"),
    rule(rf"({NUMBER})\s?‰", lambda m: f"{_decimal(m.group(1))} per mille"),
    rule(rf"({NUMBER})\s?({_UNIT})(?![A-Za-z0-9])", lambda m: f"{_decimal(m.group(1))} {_UNITS[m.group(2)]}"),
    rule(r"([0-9]{1,9})(?:st|nd|rd|th)(?![A-Za-z])", lambda m: ordinal(int(m.group(1)))),
    rule(r"([0-9]{1,3}):([0-9]{1,3})(?![0-9:])", r"\1 to \2"),
    rule(r"(?<![0-9/])([0-9]{1,6})/([0-9]{1,6})(?![0-9/])", _fraction),
    rule(r"(?:#|(?<![A-Za-z])[Nn][Oo]\.)\s?(?=[0-9])", "number "),
    rule(rf"({NUMBER})\+(?!\s?[0-9])", r"\1 plus"),
    rule(r"([+=×*÷><≥≤≈~±])\s?(?=[0-9])", _words),
    rule(START + r"((?:19|20)[0-9]{2})(?![0-9]|[,.][0-9])", lambda m: _year(m.group(1))),
    rule(NUMBER, _number),
)
