"""Dates, times of day and years in Chinese text, written out in words.

18:05 is 十八点零五分 and 8:30 is 八点三十分, never 半: announcements use one form. 9:00 is 九点.
"""

from __future__ import annotations

from controller.sound.mandarin.numbers import DASH, Match, Rule, cardinal_of, counted, digits, rule

_HOUR = r"(?<![0-9:.,¥$-])([01]?[0-9]|2[0-4])"
_CLOCK = _HOUR + r":([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:])"
_YEAR = r"(?<![0-9.,¥$])((?:19|20)[0-9]{2})"
_MONTH = r"(0?[1-9]|1[0-2])"
_DAY = r"(0?[1-9]|[12][0-9]|3[01])(?![0-9月])[日号]?"
_YEAR_WORDS = "年|届|级|财年|年度|秋招|春招|校招|款|版|赛季|上半年|下半年|全年|第[一二三四]季度|[ ]?Q[1-4]"


_TIMES_OF_DAY = "早上|早晨|上午|中午|下午(?!茶)|傍晚|晚上|当晚|凌晨|当天|全天"
_PARTS = ("上午", "下午", "早上", "晚上", "凌晨", "中午", "傍晚")


def _minutes(minute: str | None, unit: str) -> str:
    if not minute or (minute == "00" and unit == "分"):
        return ""
    return ("零" if minute.startswith("0") and minute != "00" else "") + cardinal_of(minute) + unit


def _hour(hour: str) -> str:
    return ("零" if int(hour) == 0 else counted(hour)) + "点"


def _time(match: Match) -> str:
    hour, minute, second = match.group(1), match.group(2), match.group(3)
    text = _hour(hour) + _minutes(minute, "分")
    if not second or second == "00":
        return text
    return text + ("零分" if minute == "00" else "") + _minutes(second, "秒")


def _half_day(match: Match) -> str:
    """Read English am and pm: 8:00 pm is 晚上八点."""
    hour, minute, night = int(match.group(1)), match.group(2), match.group(3) in "pP"
    has_part = match.string[: match.start()].rstrip().endswith(_PARTS)
    part = _part_of_day(hour % 12 + (12 if night else 0)) if hour <= 12 and not has_part else ""
    return part + _hour(match.group(1)) + _minutes(minute, "分")


def _part_of_day(hour: int) -> str:
    ends = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"))
    return next((name for end, name in ends if hour < end), "晚上")


def _date(match: Match) -> str:
    year, month, day = match.groups()
    return f"{digits(year)}年{cardinal_of(month)}月{cardinal_of(day)}日"


def _spoken_clock(match: Match) -> str:
    return _hour(match.group(1)) + _minutes(match.group(2), "分")


def _dated(day: str, month: str, year: str) -> str:
    return f"{digits(year)}年{cardinal_of(month)}月{cardinal_of(day)}日"


def _year_last(match: Match) -> str:
    """Read 27/11/2026 and 11/27/2026 as dates; where both numbers could be the month, the first is the day."""
    first, second, year = match.group(1), match.group(2), match.group(3)
    if int(second) > 12:
        first, second = second, first
    return _dated(first, second, year) if 1 <= int(second) <= 12 and 1 <= int(first) <= 31 else match.group(0)


def _lasted(hour: str, minute: str, second: str) -> str:
    """Read 1:02:36 as a duration: 一小时零二分三十六秒."""
    text = f"{counted(hour)}小时" if int(hour) else ""
    text += _minutes(minute, "分")
    if second == "00":
        return text
    return text + ("零" if minute == "00" and int(second) >= 10 else "") + _minutes(second, "秒")


def _two_days(match: Match) -> str:
    """Read 11.27-11.29 as a range of days when the second is later."""
    month, day, month2, day2 = match.groups()
    if (int(month), int(day)) >= (int(month2), int(day2)):
        return match.group(0)
    return f"{_month_day(month, day)}到{_month_day(month2, day2)}"


def _month_day(month: str, day: str) -> str:
    return f"{cardinal_of(month)}月{cardinal_of(day)}日"


def _day_of_month(match: Match) -> str:
    """Read 11/27 as a date and 1/3 as a third: a day up to ten in a later month is taken as a fraction."""
    month, day = match.group(1), match.group(2)
    if int(month) < int(day) <= 10:
        return match.group(0)
    return f"{cardinal_of(month)}月{cardinal_of(day)}日"


_ANY_DAY = r"(0?[1-9]|[12][0-9]|3[01])"
_TWO_DIGITS = r"(0[1-9]|[12][0-9]|3[01])"
_NOT_COUNTED = r"(?![0-9.:%-]|[ ]?[点时元万亿千百个倍折度米斤人名单次岁kKwW%])"
_DUE = "之?前(?:提交|完成|上交|交|到|报|寄|付|发|回)|当天|到货|截止|上线|开班|开会|开始|放假"
_TOOK = "用时|时长|耗时|历时|通话|费时|跑了|成绩"

DATES: tuple[Rule, ...] = (
    rule(
        r"([0-9][日号]|[0-9]/[0-9]{1,2}|[0-9]{4}[.-][0-9]{1,2}[.-][0-9]{1,2})[ ]?[(（]([一二三四五六日])[)）]",
        r"\1（周\2）",
    ),
    rule(_YEAR + r"[-/.年]" + _MONTH + r"[-/.月]" + _DAY, _date),
    rule(r"(?<![0-9./-])([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]((?:19|20)[0-9]{2})(?![0-9./-])", _year_last),
    rule(
        r"(?<![0-9./-])" + _MONTH + r"\." + _TWO_DIGITS + DASH + _MONTH + r"\." + _TWO_DIGITS + _NOT_COUNTED,
        _two_days,
    ),
    rule(
        r"(?<![0-9./-])"
        + _MONTH
        + r"\."
        + _ANY_DAY
        + DASH
        + _MONTH
        + r"\."
        + _ANY_DAY
        + r"(?=[ ]?(?:放假|休假|假期|值班))",
        _two_days,
    ),
    rule(
        r"(?<![0-9./-])" + _MONTH + r"[./-]" + _ANY_DAY + r"(?=[ ]?[(（]?(?:周|星期|礼拜)[一二三四五六日天])",
        lambda m: _month_day(m.group(1), m.group(2)),
    ),
    rule(
        r"(?<![0-9./:-])(?:(0[1-9])-" + _TWO_DIGITS + r"|(1[0-2])-(0[1-9]))" + _NOT_COUNTED,
        lambda m: _month_day(m.group(1) or m.group(3), m.group(2) or m.group(4)),
    ),
    rule(
        r"(?<![0-9A-Za-z./-])(?<!版本)(?<!版本 )"
        + _MONTH
        + r"\.(0?[1-9]|[12][0-9]|3[01])"
        + rf"(?=[ ]?(?:{_TIMES_OF_DAY}))",
        lambda m: _month_day(m.group(1), m.group(2)),
    ),
    rule(
        _YEAR + r"\.(0[1-9]|1[0-2])" + _NOT_COUNTED + r"(?!\.)",
        lambda m: f"{digits(m.group(1))}年{cardinal_of(m.group(2))}月",
    ),
)
"""Whole dates such as 2024-11-27. Apply before codes, which look similar."""

_LONG_UNITS = "小时|分钟|秒钟|公里|公斤|千米|厘米|毫米|个月|美元|港元|欧元|工作日|个工作日|号楼|年级|周岁"
_SPANNING = "年月日号点时分秒元块角毛万亿千百个人名岁度折米层楼级斤次天周台单件套份条通遍轮届期"

MOMENTS: tuple[Rule, ...] = (
    rule(rf"(?<=[0-9][{_SPANNING}])\s?[-~]\s?(?=第?[¥$€£]?[0-9])", "到"),
    rule(rf"([0-9](?:{_LONG_UNITS}))\s?[-~]\s?(?=[0-9])", r"\1到"),
    rule(r"(?<=[0-9][万亿千百][元块人个名])\s?[-~]\s?(?=[¥$€£]?[0-9])", "到"),
    rule(
        _YEAR + r"[-/]" + r"(0[1-9]|1[0-2])(?:月|(?![0-9元万千个单-]))",
        lambda m: f"{digits(m.group(1))}年{cardinal_of(m.group(2))}月",
    ),
    rule(
        _YEAR + DASH + r"((?:19|20)[0-9]{2})(?=年|届|级|财年|学年|赛季|年度)",
        lambda m: f"{digits(m.group(1))}到{digits(m.group(2))}",
    ),
    rule(_YEAR + rf"(?=(?:{_YEAR_WORDS})|[ ](?:年度|财年|上半年|下半年))", lambda m: digits(m.group(1))),
    rule(
        r"(?<![0-9.])([0-9]{2})(?=年(?:[0-9]{1,2}月|度|底|初|春|秋|上半年|下半年|校招"
        r"|[ ]?Q[1-4]|第[1-4一二三四]季度|[一二三四]季度)|后(?![0-9天]))",
        lambda m: digits(m.group(1)),
    ),
    rule(r"(?<![0-9.])([5-9][0-9])(?=年(?!代))", lambda m: digits(m.group(1))),
    rule(
        r"(?<![0-9/.-])" + _MONTH + "/" + _ANY_DAY + rf"(?={_DUE})",
        lambda m: _month_day(m.group(1), m.group(2)),
    ),
    rule(r"(?<![0-9/.-])(0?[1-9]|1[0-2])/" + r"(0?[1-9]|[12][0-9]|3[01])(?![0-9/.%])", _day_of_month),
    rule(r"([0-9]:[0-5][0-9])" + DASH + r"(?=[0-9]{1,2}:[0-5][0-9])", r"\1到"),
    rule(_HOUR + r"(?::([0-5][0-9]))?\s?([aApP])\.?[mM](?![A-Za-z])\.?", _half_day),
    rule(
        rf"(?<=(?:{_TOOK}))([为是了约：:共 ]{{0,2}})([0-9]{{1,2}}):([0-5][0-9]):([0-5][0-9])(?![0-9:])",
        lambda m: m.group(1) + _lasted(m.group(2), m.group(3), m.group(4)),
    ),
    rule(
        rf"(?<=(?:{_TOOK}))([为是了约：:共 ]{{0,2}})([0-9]{{1,3}}):([0-5][0-9])(?![0-9:])",
        lambda m: (
            f"{m.group(1)}{counted(m.group(2))}分{_minutes(m.group(3), '秒') if m.group(3) != '00' else '钟'}"
        ),
    ),
    rule(
        r"(?<![0-9:.,])([1-9]):([0-5][0-9]):([0-5][0-9])(?![0-9:])",
        lambda m: _lasted(m.group(1), m.group(2), m.group(3)),
    ),
    rule(
        r"(?<![0-9])([0-9]{1,2})['’′]([0-5][0-9])(?:[\"″”]|['’′]{2})",
        lambda m: f"{counted(m.group(1).lstrip('0') or '0')}分{_minutes(m.group(2), '秒')}",
    ),
    rule(_CLOCK + r"分(?!钟)", _time),
    rule(_CLOCK, _time),
    rule(_HOUR + r"点([0-5]?[0-9])分", _spoken_clock),
    rule(_HOUR + r"点([0-5][0-9])(?![0-9分秒万])", lambda m: _spoken_clock(m).removesuffix("分")),
    rule(_HOUR + r"点(?![0-9])", lambda m: _hour(m.group(1))),
    rule(r"(?<![0-9.])0([0-9])(?=[月日号])", r"\1"),
    rule(r"(?<=分)0([1-9])(?=秒)", lambda m: "零" + cardinal_of(m.group(1))),
)
