"""Percentages, units, counts and comparisons in Chinese text, written out as they are said."""

from __future__ import annotations

from controller.sound.reading.numerals import cardinal_of, counted, decimal, digits
from controller.sound.reading.rules import DASH, NUMBER, START, Found, Rule, bare, rule

_UNITS_SAID = """km/h=公里每小时 m/s=米每秒 km^2=平方公里 cm^2=平方厘米 m^2=平方米 m^3=立方米
km2=平方公里 m2=平方米 m3=立方米 kWh=千瓦时 mAh=毫安时 km=公里 KM=公里 cm=厘米 CM=厘米 mm=毫米 kg=公斤
KG=公斤 Kg=公斤 mg=毫克 ml=毫升 mL=毫升 mins=分钟 min=分钟 ms=毫秒 dB=分贝 kHz=千赫 MHz=兆赫 Hz=赫兹
kW=千瓦 MB=兆 °C=摄氏度 Mbps=兆 V=伏 °F=华氏度 °=度 m=米 g=克 t=吨 L=升 l=升 h=小时 s=秒"""
_UNITS = dict(pair.split("=") for pair in _UNITS_SAID.split())
_UNIT = "|".join(unit.replace("^", r"\^") for unit in sorted(_UNITS, key=len, reverse=True))

# Before these a 2 counts things and is 两. Where it names a place in a row (2月, 2号, 2组, 2楼) it stays 二.
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


def _of_hundred(found: Found) -> str:
    return "千分之" if found.group(0).endswith("‰") else "百分之"


def _percent(found: Found) -> str:
    number = bare(found.group(1))
    return _of_hundred(found) + ("百" if number == "100" and "%" in found.group(0) else decimal(number))


def _percent_range(found: Found) -> str:
    return f"{_of_hundred(found)}{decimal(bare(found.group(1)))}到{decimal(bare(found.group(2)))}"


def _unit(found: Found) -> str:
    minus, number, unit = found.groups()
    said = counted(bare(number)) + _UNITS[unit]
    return ("零下" if unit.startswith("°") else "负") * bool(minus) + said


def _more_than(found: Found) -> str:
    """500+ is 五百多, 5+ is 五以上."""
    number = bare(found.group(1))
    return decimal(number) + ("多" if number.endswith("0") and number != "0" else "以上")


def _cold(found: Found) -> str:
    """-5°C~3°C is 零下五摄氏度到三摄氏度; the unit may stand at the end only."""
    minus, first, minus2, second, unit = found.groups()
    said = _UNITS.get(unit, unit)
    return f"{_degrees(minus, first)}{said}到{_degrees(minus2, second)}{said}"


def _degrees(minus: str | None, number: str) -> str:
    return "零下" * bool(minus) + counted(bare(number))


def _sign(found: Found) -> str:
    return _SIGNS[found.group(0).strip()]


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
"""Signs of comparison and reckoning, to be read before the numbers beside them are."""

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
    rule(r"(?<=第)[0-9]+", lambda m: cardinal_of(m.group(0))),
    rule(rf"(?<![0-9.])(?<![0-9]、)({NUMBER})(?=\s?(?:{_MEASURES}))", lambda m: counted(bare(m.group(1)))),
    rule(r"(?<=前|后)2(?=名|位|个)", "两"),
    rule(r"(?<![0-9.])0[0-9](?![0-9.])", lambda m: digits(m.group(0))),
    rule(NUMBER, lambda m: decimal(bare(m.group(0)))),
)
