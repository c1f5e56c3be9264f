"""Day rules such as `first workday of month`: their meaning and their syntax in the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

ALL_MONTHS = frozenset(range(1, 13))


class Calendar(Protocol):
    """The facts about a date that a day rule needs; implemented by `Workdays`."""

    def works(self, day: date) -> bool: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One alternative of a rule. `n` counts from 1, from the end when negative; Monday is 1, Sunday 7."""

    kind: str
    n: int = 0
    months: frozenset[int] = ALL_MONTHS
    day: date | None = None


@dataclass(frozen=True, slots=True)
class DayRule:
    """A set of dates: those on which any of its parts holds. `words` is the rule as written in the file."""

    words: str
    parts: tuple[Part, ...]

    def holds(self, day: date, calendar: Calendar) -> bool:
        """Return whether the rule includes this date.

        All kinds except `every day`, `days off` and explicit dates include working days only: `friday` does
        not hold on a Friday that is a public holiday.
        """
        return any(day.month in part.months and _HOLDS[part.kind](part, day, calendar) for part in self.parts)

    def holds_like(self, day: date, like: date, calendar: Calendar) -> bool:
        """Return whether the rule includes `day` when that is run as another day of its week, `like`.

        Weekdays and working days of the week count by `like`, which counts as a working day; days of the month
        and explicit dates stay those of `day`.
        """
        return any(
            day.month in part.months
            and (
                _HOLDS[part.kind](part, like, _Working(calendar, like))
                if part.kind in ("weekday", "of_week")
                else _HOLDS[part.kind](part, day, calendar)
            )
            for part in self.parts
        )

    @property
    def width(self) -> float:
        """Approximate days per year on which the rule holds. Of two rules for one time the narrower wins."""
        return sum(
            _DAYS_A_YEAR[part.kind] * max(1, part.n if part.kind == "before" else 1) * len(part.months) / 12
            for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class _Working:
    """A calendar in which one date is a working day."""

    calendar: Calendar
    day: date

    def works(self, day: date) -> bool:
        return day == self.day or self.calendar.works(day)


def _nth(part: Part, day: date, calendar: Calendar, period: Callable[[date], object]) -> bool:
    """Return whether this working day has |n| - 1 others of its period before it (n > 0) or after it (n < 0)."""
    if not calendar.works(day):
        return False
    step = timedelta(days=-1 if part.n > 0 else 1)
    others, other = abs(part.n) - 1, day + step
    while others >= 0 and period(other) == period(day):
        others -= calendar.works(other)
        other += step
    return others == 0


def _nth_of_week(part: Part, day: date, calendar: Calendar) -> bool:
    return _nth(part, day, calendar, lambda other: other.isocalendar()[:2])


def _nth_of_month(part: Part, day: date, calendar: Calendar) -> bool:
    return _nth(part, day, calendar, lambda other: other.month)


def _last_day(day: date) -> bool:
    return (day + timedelta(days=1)).month != day.month


_HOLDS: dict[str, Callable[[Part, date, Calendar], bool]] = {
    "every": lambda part, day, calendar: True,
    "workdays": lambda part, day, calendar: calendar.works(day),
    "days_off": lambda part, day, calendar: not calendar.works(day),
    "weekday": lambda part, day, calendar: day.isoweekday() == part.n and calendar.works(day),
    "of_week": _nth_of_week,
    "of_month": _nth_of_month,
    "day": lambda part, day, calendar: (
        (day.day == part.n or (part.n == -1 and _last_day(day))) and calendar.works(day)
    ),
    "before": lambda part, day, calendar: day.day < part.n and calendar.works(day),
    "date": lambda part, day, calendar: day == part.day,
    "yearly": lambda part, day, calendar: (
        part.day is not None and (day.month, day.day) == (part.day.month, part.day.day)
    ),
}

# Width of each kind in days per year. A weekday counts 50, so that Monday to Friday is as wide as `workdays`.
_DAYS_A_YEAR = {
    "every": 365,
    "workdays": 250,
    "days_off": 115,
    "weekday": 50,
    "of_week": 50,
    "of_month": 12,
    "day": 12,
    "before": 9,
    "date": 1,
    "yearly": 1,
}


# --- Words → day rule, in English and in Chinese

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
# Valid examples; also the suggestions for misspelled rules.
EXAMPLES = (
    *("workdays", "every day", "days off", *WEEKDAYS, "weekends", "monday to friday", "tuesdays and fridays"),
    *("first workday of week", "last workday of week", "first workday of month", "last workday of month"),
    *(
        "third workday of month",
        "day 15 of month",
        "last day of month",
        "before day 10 of every second month",
    ),
    *(
        "工作日",
        "每天",
        "休息日",
        "周一",
        "周二和周五",
        "周一至周五",
        "每周第一个工作日",
        "每周最后一个工作日",
    ),
    *("每月第一个工作日", "每月最后一个工作日", "每月第三个工作日", "每月15日", "每月最后一天", "双月10日前"),
    *("2026-12-24", "12-24", "12月24日"),
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "最后一": -1}
_ORDINALS |= {digit: n for n, digit in enumerate("一二三四五六七八九十", 1)}
_CHINESE_WEEKDAYS = {
    name: n for n, names in enumerate(("一", "二", "三", "四", "五", "六", "日天"), 1) for name in names
}
_ODD, _EVEN = frozenset({1, 3, 5, 7, 9, 11}), frozenset({2, 4, 6, 8, 10, 12})


class UnknownRuleError(ValueError):
    """A rule that cannot be parsed; `args[0]` is the part that was not understood."""


def parse(words: str) -> DayRule:
    """Parse a day rule. Raises UnknownRuleError with the part that was not understood."""
    plain = _spelled_out(re.sub(r"\s+", " ", words.strip().lower()))
    parts: list[Part] = []
    for piece in re.split(r"\s*(?:[,，、;和与]|\band\b)\s*", plain):
        parts.extend(_piece(piece, words))
    return DayRule(words.strip(), tuple(parts))


_DAY_SIGNS = "一二三四五六日天1-7"
_NO_DATE = "(?![0-9个月日号])"  # in 周一、三月15日 the second is no weekday
_WEEK_RANGE = re.compile(rf"(周|星期|礼拜)([{_DAY_SIGNS}]) ?([至到~–—-]) ?([{_DAY_SIGNS}]){_NO_DATE}")
_WEEK_LIST = re.compile(rf"(周|星期|礼拜)([{_DAY_SIGNS}](?: ?[、,，和]? ?[{_DAY_SIGNS}])*){_NO_DATE}")


def _spelled_out(words: str) -> str:
    """Write 周一至五, 周一三五 and 周1、3 with 周 before each day and with Chinese digits."""

    def days(match: re.Match[str]) -> str:
        signs = re.findall(f"[{_DAY_SIGNS}]", match[2])
        return "、".join(f"周{sign if not sign.isdigit() else _DAY_SIGNS[int(sign) - 1]}" for sign in signs)

    return _WEEK_LIST.sub(days, _WEEK_RANGE.sub(r"\1\2\3\1\4", words))


def _piece(piece: str, words: str) -> list[Part]:
    for pattern, build in _PATTERNS:
        if match := pattern.fullmatch(piece):
            try:
                return build(match)
            except (ValueError, KeyError):
                break
    raise UnknownRuleError(piece or words.strip())


def _ordinal(word: str) -> int:
    if word in _ORDINALS:
        return _ORDINALS[word]
    return _bounded(word, 23)


def _bounded(word: str, most: int) -> int:
    n = 10 if word == "tenth" else int(re.sub(r"\D", "", word))
    if not 1 <= n <= most:
        raise ValueError(word)
    return n


def _months(words: str) -> frozenset[int]:
    """`month`, `every second month`, `odd months`, `march` → months; every second month starts in January."""
    words = words.removeprefix("the ").removeprefix("every ").removesuffix("的")
    if words in MONTHS:
        return frozenset({MONTHS.index(words) + 1})
    if words in ("even months", "双月"):
        return _EVEN
    if words in ("second month", "other month", "two months", "odd months", "单月", "每两个月", "每两月"):
        return _ODD
    return ALL_MONTHS


def _weekday(word: str) -> int:
    if word[-1] in _CHINESE_WEEKDAYS:
        return _CHINESE_WEEKDAYS[word[-1]]
    return WEEKDAYS.index(word.removesuffix("s")) + 1


def _weekdays(match: re.Match[str]) -> list[Part]:
    first, last = _weekday(match["a"]), _weekday(match["b"])
    if first > last:
        raise ValueError(match[0])
    return [Part("weekday", n) for n in range(first, last + 1)]


def _weekend(match: re.Match[str]) -> list[Part]:
    return [Part("weekday", 6), Part("weekday", 7)]


def _one_weekday(match: re.Match[str]) -> list[Part]:
    return [Part("weekday", _weekday(match["w"]))]


def _plain(kind: str) -> Callable[[re.Match[str]], list[Part]]:
    return lambda match: [Part(kind)]


def _of_week(match: re.Match[str]) -> list[Part]:
    n = _ordinal(match["n"])
    if n > 7:
        raise ValueError(match[0])
    return [Part("of_week", n)]


def _of_month(match: re.Match[str]) -> list[Part]:
    return [Part("of_month", _ordinal(match["n"]), _months(match["months"]))]


def _day(match: re.Match[str]) -> list[Part]:
    return [Part("day", _bounded(match["n"], 31), _months(match["months"]))]


def _parse_last_day(match: re.Match[str]) -> list[Part]:
    return [Part("day", -1, _months(match["months"]))]


def _before(match: re.Match[str]) -> list[Part]:
    return [Part("before", _bounded(match["n"], 31), _months(match["months"]))]


def _date(match: re.Match[str]) -> list[Part]:
    if match["y"]:
        return [Part("date", day=date(int(match["y"]), int(match["m"]), int(match["d"])))]
    return [Part("yearly", day=date(2000, int(match["m"]), int(match["d"])))]


_EN_DAY = "(?:" + "|".join(WEEKDAYS) + ")s?"
_ZH_DAY = "(?:周|星期|礼拜)[一二三四五六日天]"
_NTH = r"(?:first|second|third|fourth|fifth|last|\d{1,2}(?:st|nd|rd|th))"
_NAMES = "|".join(MONTHS)
_OF = (
    r" (?:of|in) (?P<months>(?:the |every )?(?:second |other )?month|every two months"
    rf"|(?:the )?(?:odd|even) months|{_NAMES})"
)
_ZH_MONTHS = "(?P<months>(?:每月|每个月|单月|双月|每两个?月)的?)"

_PATTERNS = tuple(
    (re.compile(pattern), build)
    for pattern, build in (
        (r"(?:every )?(?:workday|working day)s?|每?个?工作日", _plain("workdays")),
        (r"every ?day|daily|每天|每日", _plain("every")),
        (r"days? off|休息日|非工作日", _plain("days_off")),
        (r"weekends?|周末", _weekend),
        (rf"(?:every |on |每个?)?(?P<w>{_EN_DAY}|{_ZH_DAY})", _one_weekday),
        (rf"(?P<a>{_EN_DAY}) ?(?:-|–|to|through) ?(?P<b>{_EN_DAY})", _weekdays),
        (rf"每?(?P<a>{_ZH_DAY}) ?(?:至|到|-|–|—|~) ?(?P<b>{_ZH_DAY})", _weekdays),
        (rf"(?:the )?(?P<n>{_NTH}) (?:workday|working day) of (?:the |every )?week", _of_week),
        (r"每周的?第?(?P<n>最后一|[一二三四五六七1-7])个工作日", _of_week),
        (rf"(?:the )?(?P<n>{_NTH}) (?:workday|working day){_OF}", _of_month),
        (rf"{_ZH_MONTHS}第?(?P<n>最后一|[一二三四五六七八九十]|\d{{1,2}})个工作日", _of_month),
        (rf"day (?P<n>\d{{1,2}}){_OF}", _day),
        (rf"{_ZH_MONTHS}(?P<n>\d{{1,2}})[日号]", _day),
        (rf"(?:the )?last day{_OF}", _parse_last_day),
        (rf"{_ZH_MONTHS}最后一天", _parse_last_day),
        (rf"before (?:day |the )?(?P<n>\d{{1,2}}(?:st|nd|rd|th)?|tenth){_OF}", _before),
        (rf"{_ZH_MONTHS}(?P<n>\d{{1,2}})[日号]之?前", _before),
        (r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})[日号]?", _date),
        (r"(?:每年)?(?P<y>)(?P<m>\d{1,2})[-/月](?P<d>\d{1,2})[日号]?", _date),
    )
)
