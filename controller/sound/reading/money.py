"""Sums of money and large round numbers (1.28万, 5k, 3亿) in Chinese text, written out as they are said."""

from __future__ import annotations

from decimal import Decimal

from controller.sound.reading.numerals import amount_in_words, counted, decimal
from controller.sound.reading.rules import DASH, END, NUMBER, START, Found, Rule, bare, rule

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


def _yuan(found: Found) -> str:
    """A sum with 元 or ¥; more than two decimals are no jiao and fen and are read as they stand."""
    number = found.group(1).replace(",", "")
    if len(number.partition(".")[2].rstrip("0")) > 2 or len(number) > 30:
        return decimal(bare(number)) + "元"
    return amount_in_words(Decimal(number))


def _thousands(found: Found) -> str:
    """5k is 五千, 1.5K is 一千五百."""
    return counted(format((Decimal(bare(found.group(1))[:25]) * 1000).normalize(), "f"))


def _foreign(found: Found) -> str:
    if found.group(3) in _ENGLISH_BIG:
        value = Decimal(bare(found.group(2))[:25]) * _ENGLISH_BIG[found.group(3)]
        return counted(format(value.normalize(), "f")) + _CURRENCIES[found.group(1)]
    return counted(bare(found.group(2))) + (found.group(3) or "") + _CURRENCIES[found.group(1)]


MONEY: tuple[Rule, ...] = (
    rule(r"(?<=[0-9万千])\s?[-~]\s?(?=[¥$€£]\s?[0-9])", "到"),
    rule(rf"(?<![0-9A-Za-z一-鿿%°])-\s?(?={NUMBER}\s?(?:{_BIG}?[元块]|{_BIG}|[wWkK](?![A-Za-z])))", "负"),
    rule(rf"(?<=利润|同比|环比|差额|结余|余额|收益|盈亏|增幅|毛利|净利)-\s?(?={NUMBER})", "负"),
    rule(
        rf"({NUMBER}(?:元|万元|块|{_BIG}|[单个次人])?)/(?=(?:月|年|天|日|周|人|小时|次|位|名|个|台|套|晚|单)(?![一-鿿]))",
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
