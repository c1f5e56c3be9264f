"""Numbers, counts and sums of money as Mandarin reads them; and the form of all reading rules here.

A rule is a pattern of written text and its replacement. Rules are applied in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

Match = re.Match[str]
Rule = tuple[str, Callable[[Match], str]]

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
"""A number as people write it: 12800, 12,800, 1.28. Not anchored: see START and END."""
START = r"(?<![0-9A-Za-z.])(?<![0-9],)"
END = r"(?![0-9])"
DASH = r"\s{0,2}[-~至到]\s{0,2}"


def rule(pattern: str, replacement: Callable[[Match], str] | str) -> Rule:
    """Return a rule; `replacement` may be a template such as r"\\1到\\2"."""
    if isinstance(replacement, str):
        template = replacement
        return pattern, lambda match: match.expand(template)
    return pattern, replacement


_compiled = cache(re.compile)
"""Patterns are compiled with the first text: every process imports the rules, and few read a text aloud."""


def apply(rules: Iterable[Rule], text: str) -> str:
    """Return the text after every rule, in order."""
    for pattern, replacement in rules:
        text = _compiled(pattern).sub(replacement, text)
    return text


def bare(number: str) -> str:
    """Return a written number without thousands separators and a trailing .00: 12,800.00 is 12800, 2.0 stays."""
    number = number.replace(",", "")
    whole, _, part = number.partition(".")
    return number if part.strip("0") or len(part) == 1 else whole


# --- Numbers

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_LONGEST = 16  # digits; beyond 千万亿 people read digit by digit
_MOST_DIGITS = 40  # of a sum of money; more is a typing error

# Before these, 2 is an ordinal (二月, 二号), so it stays 二.
_IN_A_ROW = "月 日 号 楼 层 等奖 班 组 队 部 区 环 线 级 期 季度 年级 手 维 次元 折 两"
ORDINAL_MEASURES = frozenset(_IN_A_ROW.split())


def digits(number: str, one: str = "一") -> str:
    """Read the ASCII digits of `number` one by one; `one` is 幺 in telephone, room and order numbers."""
    return "".join(one if d == "1" else DIGITS[int(d)] for d in number)


def cardinal(n: int) -> str:
    """Read a whole number: 22222 is 两万两千二百二十二, 10010 is 一万零一十, -3 is 负三.

    2 is 两 before 千, 万 and 亿 and 二 elsewhere; a lone 2 is 二 (a measure word makes it 两, see `counted`).
    A number of more than 16 digits is read digit by digit.
    """
    if n < 0:
        return "负" + cardinal(-n)
    if n >= 10**_LONGEST:
        return digits(format(Decimal(n), "f"))  # not str(n), which raises beyond 4,300 digits
    if n < 10:
        return DIGITS[n]
    text = ""
    for place in range(len(_GROUPS) - 1, -1, -1):
        text += _group_said(n // 10 ** (4 * place) % 10000, place, first=not text)
    return text.removesuffix("零")


def _group_said(group: int, place: int, first: bool) -> str:
    """Read up to four digits with their 万 or 亿, and the 零 that joins them to the group before."""
    if group == 0:
        return ""
    joint = "零" if group < 1000 and not first else ""
    if group == 2 and place:
        return joint + "两" + _GROUPS[place]
    return joint + _four_digits(group, first) + _GROUPS[place]


def _four_digits(group: int, first: bool) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            gap = bool(text)
            continue
        text += (
            ("零" if gap else "") + ("两" if digit == 2 and place == 3 else DIGITS[digit]) + _PLACES[place]
        )
        gap = False
    return text[1:] if first and 10 <= group < 20 else text


def decimal(number: str) -> str:
    """Read ASCII digits with at most one point: "1.28" is 一点二八, "0.50" is 零点五零, "12" is 十二."""
    whole, _, part = number.partition(".")
    text = cardinal_of(whole)
    return f"{text}点{digits(part)}" if part else text


def cardinal_of(number: str) -> str:
    """Read a string of ASCII digits of any length as `cardinal` does (an empty one is 零)."""
    number = number.lstrip("0") or "0"
    return digits(number) if len(number) > _LONGEST else cardinal(int(number))


def counted(number: str) -> str:
    """Read a number before a measure word: "2" is 两, "12" is 十二, "2.5" is 二点五."""
    return "两" if number.lstrip("0") == "2" else decimal(number)


def count_in_words(n: int, measure: str) -> str:
    """Read a count: 2 单 is 两单, 12 单 is 十二单, 2 月 is 二月."""
    text = cardinal(n) if measure in ORDINAL_MEASURES else ("负" if n < 0 else "") + counted(str(abs(n)))
    return text + measure


def amount_in_words(amount: Decimal) -> str:
    """Read a sum in yuan: 12800 is 一万两千八百元, 1234.56 is 一千二百三十四元五角六分, 0.5 is 五角.

    Rounds half a fen up. Raises ValueError with a Chinese sentence if it is not a sum of money.
    """
    if not amount.is_finite() or amount.adjusted() > _MOST_DIGITS:
        raise ValueError(f"金额“{str(amount)[:40]}”读不出来：请写成 12800 或 12800.50 这样的数。")
    if amount < 0:
        return "负" + amount_in_words(-amount)
    with localcontext() as context:
        context.prec = _MOST_DIGITS + 10
        fen = int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return _yuan_said(*divmod(fen, 100))


def _yuan_said(yuan: int, fen: int) -> str:
    jiao, rest = divmod(fen, 10)
    text = counted(str(yuan)) + "元" if yuan or not fen else ""
    if jiao:
        text += counted(str(jiao)) + "角"
    elif rest and yuan:
        text += "零"
    return text + (counted(str(rest)) + "分" if rest else "")


# --- Percentages, units, counts and comparisons in Chinese text, written out in words

_UNITS_SAID = """km/h=公里每小时 m/s=米每秒 km^2=平方公里 cm^2=平方厘米 m^2=平方米 m^3=立方米
km2=平方公里 m2=平方米 m3=立方米 kWh=千瓦时 mAh=毫安时 km=公里 KM=公里 cm=厘米 CM=厘米 mm=毫米 kg=公斤
KG=公斤 Kg=公斤 mg=毫克 ml=毫升 mL=毫升 mins=分钟 min=分钟 ms=毫秒 dB=分贝 kHz=千赫 MHz=兆赫 Hz=赫兹
kW=千瓦 MB=兆 °C=摄氏度 Mbps=兆 V=伏 °F=华氏度 °=度 m=米 g=克 t=吨 L=升 l=升 h=小时 s=秒"""
_UNITS = dict(pair.split("=") for pair in _UNITS_SAID.split())
_UNIT = "|".join(unit.replace("^", r"\^") for unit in sorted(_UNITS, key=len, reverse=True))

# Before these, 2 is a count and read 两. As an ordinal (2月, 2号, 2组, 2楼) it stays 二.
_MEASURES = (
    "个|单(?!元)|位|名|人(?!转)|次(?!元)|天|周|年(?!级)|元|块|角|毛|分(?!之)|件|家|份|条|张|台|套|笔|项|种|轮|场|倍|遍|杯|桶|瓶|支|只|"
    "本|页|句|点|小时|秒|刻|届|步|口|顿|间|座|辆|双|对|门|片|米|厘米|毫米|公里|平方|立方|公斤|斤|克|吨|升|度|批|封|通|桌|箱|"
    "盒|包|袋|所|户|岁|星期|礼拜|成|把(?!手)|颗|根|幅|首|枚|艘|栋|排|列|圈|席|篇|摄氏度|毫升|分贝|千瓦|千米|百分点|方面|大类|万|亿|千"
)
_SIGNS = {
    ">=": "大于等于",
    "<=": "小于等于",
    "≥": "大于等于",
    "≤": "小于等于",
    ">": "大于",
    "<": "小于",
    "≈": "约等于",
}
_SIGNS |= {
    "≠": "不等于",
    "=": "等于",
    "+": "加",
    "×": "乘",
    "*": "乘",
    "x": "乘",
    "X": "乘",
    "÷": "除以",
    "±": "正负",
}


def _of_hundred(match: Match) -> str:
    return "千分之" if match.group(0).endswith("‰") else "百分之"


def _percent(match: Match) -> str:
    number = bare(match.group(1))
    return _of_hundred(match) + ("百" if number == "100" and "%" in match.group(0) else decimal(number))


def _percent_range(match: Match) -> str:
    return f"{_of_hundred(match)}{decimal(bare(match.group(1)))}到{decimal(bare(match.group(2)))}"


def _unit(match: Match) -> str:
    minus, number, unit = match.groups()
    text = counted(bare(number)) + _UNITS[unit]
    return ("零下" if unit.startswith("°") else "负") * bool(minus) + text


def _more_than(match: Match) -> str:
    """Read 500+ as 五百多, 5+ as 五以上."""
    number = bare(match.group(1))
    return decimal(number) + ("多" if number.endswith("0") and number != "0" else "以上")


def _cold(match: Match) -> str:
    """Read -5°C~3°C as 零下五摄氏度到三摄氏度; the unit may be at the end only."""
    minus, first, minus2, second, unit = match.groups()
    unit_name = _UNITS.get(unit, unit)
    return f"{_degrees(minus, first)}{unit_name}到{_degrees(minus2, second)}{unit_name}"


def _degrees(minus: str | None, number: str) -> str:
    return "零下" * bool(minus) + counted(bare(number))


def _sign(match: Match) -> str:
    return _SIGNS[match.group(0).strip()]


_DEGREES = "°[CF]|度(?=$|[，。！？；、）)])"

SIGNS: tuple[Rule, ...] = (
    rule(
        rf"(?<![0-9A-Za-z.])(-)?({NUMBER})\s?(?:{_DEGREES})?\s?(?:[~至到]|(?<=[CF度])-|(?<=[0-9])-)\s?(-)?({NUMBER})\s?({_DEGREES})",
        _cold,
    ),
    rule(
        rf"(?<![0-9A-Za-z.])-\s?({NUMBER})\s?(°[CF]|度)",
        lambda m: f"零下{counted(bare(m.group(1)))}{_UNITS.get(m.group(2), m.group(2))}",
    ),
    rule(r"([A-Z])-(?=级|档|类|等|评级)", r"\1 减"),
    rule(r"(?<=[0-9])M(?=宽带|光纤|流量|网速|带宽)", "兆"),
    rule(rf"(?<=[0-9])\s?-\s?(?={NUMBER}\s?=)", "减"),
    rule(r"(?<=[0-9])\s?(>=|<=|[≥≤><≈≠=+×*xX÷±])\s?(?=[0-9])", _sign),
    rule(r"(?<=[一-鿿A-Za-z])\s?(=)\s?(?=[0-9一-鿿])", _sign),
    rule(r"(>=|<=|[≥≤><≈±])\s?(?=[0-9¥$])", _sign),
    rule(r"~\s?(?=[0-9¥$])(?<![0-9一-鿿%‰]~)", "约"),
    rule(r"(?<=薪)(\s?[0-9]+)\+", r"\1加"),
    rule(r"\+(?=[0-9])", "加"),
    rule(r"(?<![A-Za-z])([A-Z])-(?![0-9A-Za-z一-鿿-])", r"\1 减"),
)
"""Signs of comparison and arithmetic. Apply before the numbers beside them are replaced."""

FIGURES: tuple[Rule, ...] = (
    rule(rf"(?<![0-9A-Za-z.到])2(到|{DASH})(?={NUMBER}\s?(?:{_MEASURES}))(?!2)", "两到"),
    rule(rf"{START}({NUMBER}){DASH}({NUMBER})\s?[%‰]", _percent_range),
    rule(r"(?<=[%‰])\s?[-~]\s?(?=[0-9])", "到"),
    rule(rf"(?<![0-9A-Za-z])-\s?(?={NUMBER}\s?[%‰])", "负"),
    rule(rf"{START}({NUMBER})\s?[%‰]", _percent),
    rule(rf"((?<![0-9A-Za-z一-鿿])-)?(?<![0-9A-Za-z.])({NUMBER})\s?({_UNIT})(?![A-Za-z])", _unit),
    rule(r"(?<![0-9.])([0-9]{1,3}):([0-9]{1,3})(?![0-9:])", r"\1比\2"),
    rule(r"(?<=[0-9月日号年点分个万亿千元])\s?[-~]\s?(?=[0-9])", "到"),
    rule(r"(?<=[一二三四五六日天月])\s?[-~]\s?(?=周|星期|礼拜|[一二三四五六七八九十]+月)", "到"),
    rule(rf"(?<![0-9A-Za-z])-(?={NUMBER})", "负"),
    rule(rf"{START}({NUMBER})\+(?!\s?[0-9])", _more_than),
    rule(r"(?<=[0-9一-鿿A-Za-z])\s?[×÷]\s?(?=[0-9一-鿿])|[±≈≠≥≤]", _sign),
    rule(r"(?<=[0-9])\^([0-9]{1,3})", lambda m: f"的{cardinal_of(m.group(1))}次方"),
    rule(r"(?<=第)([0-9]{1,3})/(?=[0-9]{1,3}[期批组轮场届名页章节课位号周季])", r"\1、"),
    rule(
        r"(?<![0-9/])([0-9]{1,6})/([0-9]{1,6})(?![0-9/])",
        lambda m: f"{cardinal_of(m.group(2))}分之{cardinal_of(m.group(1))}",
    ),
    rule(r"(?<=[A-Za-z])\^2(?![0-9])", "平方"),
    rule(r"(?<=[A-Za-z])\^3(?![0-9])", "立方"),
    rule(r"(?<=[一-鿿A-Za-z])/(?=[一-鿿A-Za-z])", "、"),
    rule(r"(?<![A-Za-z])(?:No|NO|no)\.\s?(?=[0-9])", "第"),
    rule(r"#\s?([0-9]+)(?!号)", r"\1号"),
    rule(r"([0-9])#", r"\1号"),
    rule(r"([0-9]+)(?:st|nd|rd|th)(?![A-Za-z])", r"第\1"),
    rule(r"(?m)^\s*[(（]?([0-9]{1,2})(?:[)）]|[.、](?![0-9]))\s*", lambda m: cardinal_of(m.group(1)) + "、"),
    rule(
        r"(?<=[^\s0-9])\s+([2-9]|1[0-9])[.)）]\s?(?=[一-鿿A-Za-z])",
        lambda m: f"，{cardinal_of(m.group(1))}、",
    ),
    rule(r"(?<=第)[0-9]+", lambda m: cardinal_of(m.group(0))),
    rule(rf"(?<![0-9.])(?<![0-9]、)({NUMBER})(?=\s?(?:{_MEASURES}))", lambda m: counted(bare(m.group(1)))),
    rule(r"(?<=前|后)2(?=名|位|个)", "两"),
    rule(r"(?<![0-9.])0[0-9](?![0-9.])", lambda m: digits(m.group(0))),
    rule(NUMBER, lambda m: decimal(bare(m.group(0)))),
)


# --- Sums of money and large round numbers (1.28万, 5k, 3亿) in Chinese text, written out in words

_CURRENCIES = {
    "US$": "美元",
    "HK$": "港元",
    "AU$": "澳元",
    "A$": "澳元",
    "CA$": "加元",
    "C$": "加元",
    "NT$": "新台币",
    "NZ$": "新西兰元",
    "SG$": "新加坡元",
    "S$": "新加坡元",
    "USD": "美元",
    "HKD": "港元",
    "AUD": "澳元",
    "CAD": "加元",
    "SGD": "新加坡元",
    "TWD": "新台币",
    "JPY": "日元",
    "KRW": "韩元",
    "GBP": "英镑",
    "EUR": "欧元",
    "$": "美元",
    "€": "欧元",
    "£": "英镑",
}
_SIGN = r"(?:¥|(?<![A-Za-z])(?:RMB|CNY)(?![A-Za-z]))\s?"
_FOREIGN = "|".join(
    ("(?<![A-Za-z])" if sign[0].isalpha() else "") + sign.replace("$", r"\$") for sign in _CURRENCIES
)
_CODES = "|".join(code for code in _CURRENCIES if code.isalpha())
_ENGLISH_BIG = {"k": 1000, "K": 1000, "M": 10**6, "B": 10**9}
_BIG = "(?:[百千万亿]{1,2})"


def _yuan(match: Match) -> str:
    """Read a sum with 元 or ¥; with more than two decimals it is read as a decimal, not as jiao and fen."""
    number = match.group(1).replace(",", "")
    if len(number.partition(".")[2].rstrip("0")) > 2 or len(number) > 30:
        return decimal(bare(number)) + "元"
    return amount_in_words(Decimal(number))


def _thousands(match: Match) -> str:
    """Read 5k as 五千, 1.5K as 一千五百."""
    return counted(format((Decimal(bare(match.group(1))[:25]) * 1000).normalize(), "f"))


def _millions(match: Match) -> str:
    """Read ¥1.5M as 一百五十万元."""
    value = Decimal(bare(match.group(1))[:25]) * _ENGLISH_BIG[match.group(2)]
    return counted(format(value.normalize(), "f")) + "元"


def _foreign(match: Match) -> str:
    if match.group(3) in _ENGLISH_BIG:
        value = Decimal(bare(match.group(2))[:25]) * _ENGLISH_BIG[match.group(3)]
        return counted(format(value.normalize(), "f")) + _CURRENCIES[match.group(1)]
    return counted(bare(match.group(2))) + (match.group(3) or "") + _CURRENCIES[match.group(1)]


MONEY: tuple[Rule, ...] = (
    rule(r"(?<=[0-9万千])\s?[-~]\s?(?=[¥$€£]\s?[0-9])", "到"),
    rule(rf"(?<![0-9A-Za-z一-鿿%°])-\s?(?={NUMBER}\s?(?:{_BIG}?[元块]|{_BIG}|[wWkK](?![A-Za-z])))", "负"),
    rule(rf"(?<=利润|同比|环比|差额|结余|余额|收益|盈亏|增幅|毛利|净利)-\s?(?={NUMBER})", "负"),
    rule(
        rf"({NUMBER}[ ]?(?:元|万元|块|{_BIG}|[单个次人])?)/"
        r"(?=(?:月|年|天|日|周|人|小时|分钟|次|位|名|个|台|套|晚|单|份|件|杯|瓶|盒|张|斤|公斤|节|股)(?![一-鿿]))",
        r"\1每",
    ),
    rule(r"-\s?([¥$€£])\s?(?=[0-9])", r"负\1"),
    rule(r"([¥$€£])\s?-\s?(?=[0-9])", r"负\1"),
    rule(rf"{_SIGN}({NUMBER}{_BIG}?){DASH}(?=¥?[ ]?{NUMBER})", r"\1元到¥"),
    rule(r"¥¥", "¥"),
    rule(rf"({NUMBER}(?:{_BIG}|[kKwW])?){DASH}(?={NUMBER}\s?(?:[元块kKwW]|{_BIG}))", r"\1到"),
    rule(rf"{_SIGN}({NUMBER})\s?[wW](?![A-Za-z])", r"\1万元"),
    rule(rf"{_SIGN}({NUMBER})\s?({_BIG})元?", lambda m: f"{counted(bare(m.group(1)))}{m.group(2)}元"),
    rule(rf"{_SIGN}({NUMBER})[kK](?![A-Za-z])", lambda m: _thousands(m) + "元"),
    rule(rf"{_SIGN}({NUMBER})\s?([MB])(?![A-Za-z])", _millions),
    rule(rf"{_SIGN}({NUMBER})(?:元整?)?{END}", _yuan),
    rule(rf"{START}({NUMBER})\s?(?:RMB|CNY)(?![A-Za-z])", _yuan),
    rule(
        rf"{START}({NUMBER})\s?({_BIG})?\s?({_CODES})(?![A-Za-z])",
        lambda m: counted(bare(m.group(1))) + (m.group(2) or "") + _CURRENCIES[m.group(3)],
    ),
    rule(rf"({_FOREIGN})\s?({NUMBER})\s?({_BIG}|[kKMB](?![A-Za-z]))?", _foreign),
    rule(rf"{START}({NUMBER})\s?元(?=[0-9])", lambda m: counted(bare(m.group(1))) + "元"),
    rule(rf"{START}({NUMBER})\s?元整?", _yuan),
    rule(r"(?<=[元块])([1-9])(?=角|毛)", lambda m: counted(m.group(1))),
    rule(
        rf"{START}([0-9]+)\s?块([1-9])(?![0-9角毛分])",
        lambda m: f"{counted(m.group(1))}块{decimal(m.group(2))}",
    ),
    rule(rf"{START}({NUMBER})\s?[wW](?![A-Za-z])", r"\1万"),
    rule(
        rf"{START}([0-9]+)(万|亿)([1-9])(?![0-9.万千百])",
        lambda m: f"{counted(m.group(1))}{m.group(2)}{decimal(m.group(3))}",
    ),
    rule(rf"(?<=[0-9])({_BIG})\+", r"\1多"),
    rule(rf"{START}({NUMBER})\s?(?={_BIG})", lambda m: counted(bare(m.group(1)))),
    rule(rf"{START}({NUMBER})[kK](\+)?(?![A-Za-z])", lambda m: _thousands(m) + "多" * bool(m.group(2))),
)
