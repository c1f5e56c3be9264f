"""Birthdays, first days and anniversaries: read them as people write them, and find those of a day. Pure.

A birthday is kept without its year, as "05-03". One on 29 February is celebrated on the 28th in other years, and one on
a day off on the working day before it: early rather than late, as is the custom. The same goes for first days.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from controller.sales.model import Person, Refused

YEARS: Final = range(1900, 2100)
LONGEST_BREAK: Final = 60
"""Days that a working day celebrates in advance at most."""
_EXCEL_ZERO: Final = date(1899, 12, 30)
_SERIALS: Final = range(10_000, 73_051)  # 1927 to 2099; smaller numbers are more likely years or mistakes
_MIDNIGHT: Final = re.compile(r"[ T]0{1,2}:00(?::00)?(?:\.0+)?$")
_FULL: Final = re.compile(r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})[日号]?")
_SHORT: Final = re.compile(r"(\d{1,2})(?:[-/.]|月)(\d{1,2})[日号]?")
_SAY_BIRTHDAY: Final = "应当像 5月3日 或 1990-05-03（年份不保存）"
_SAY_DATE: Final = "应当像 2021-03-01 或 2021年3月1日"
_LEAP: Final = 2000
_WEEKDAYS: Final = "一二三四五六日"


def read_birthday(written: str) -> str | None:
    """Return a birthday as "05-03", None for an empty cell. Raises `Refused` (field "birthday")."""
    text = _plain(written)
    if not text:
        return None
    if "农历" in text or "阴历" in text:
        raise Refused(f"生日“{written[:20]}”是农历，请换成公历的月和日，{_SAY_BIRTHDAY}。", field="birthday")
    if match := _SHORT.fullmatch(text) or re.fullmatch(r"([01]\d)(\d\d)", text):
        found = _date(_LEAP, int(match[1]), int(match[2]))
    else:
        found = _full_date(text)
    if found is None:
        raise Refused(f"生日“{written[:20]}”看不懂，{_SAY_BIRTHDAY}。", field="birthday")
    return f"{found:%m-%d}"


def read_joined(written: str) -> date | None:
    """Return a first day in the company, None for an empty cell. Raises `Refused` (field "joined")."""
    text = _plain(written)
    if not text:
        return None
    found = _full_date(text)
    if found is None:
        why = "没有写年份，" if _SHORT.fullmatch(text) else "看不懂，"
        raise Refused(f"入职日期“{written[:20]}”{why}{_SAY_DATE}。", field="joined")
    return found


def _plain(written: str) -> str:
    text = re.sub(r"\s*([-/.年月日号])\s*", r"\1", unicodedata.normalize("NFKC", written).strip())
    text = _MIDNIGHT.sub("", text)
    return "" if text in ("-", "/", "—", "无") else text


def _full_date(text: str) -> date | None:
    """Return a date with its year: 1990-5-3, 1990年5月3日, 19900503 or Excel's number 32996."""
    if match := _FULL.fullmatch(text) or re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text):
        return _date(*map(int, match.groups()))
    number = re.fullmatch(r"(\d{5})(?:\.0+)?", text)
    if number and int(number[1]) in _SERIALS:
        return _EXCEL_ZERO + timedelta(days=int(number[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


# --- which dates a working day celebrates


@dataclass(frozen=True, slots=True)
class Celebrated:
    """People who have their birthday (`years` 0), or have been in the company for that many years, on `date`."""

    date: date
    names: tuple[str, ...]
    years: int = 0


def dates_of(day: date, next_workday: date) -> tuple[date, ...]:
    """Return the dates that the working day `day` celebrates: itself and the days off before the next working day."""
    count = min(max(1, (next_workday - day).days), LONGEST_BREAK)
    return tuple(day + timedelta(days=n) for n in range(count))


def birthdays(people: Iterable[Person], dates: Iterable[date]) -> tuple[Celebrated, ...]:
    """Return the birthdays on these dates, without hidden people."""
    shown = [person for person in people if person.birthday and not person.hidden]
    found = []
    for day in dates:
        names = tuple(p.name for p in shown if p.birthday and _in_year(p.birthday, day.year) == day)
        found += [Celebrated(day, names)] if names else []
    return tuple(found)


def company_years(people: Iterable[Person], dates: Iterable[date]) -> tuple[Celebrated, ...]:
    """Return who completes full years in the company on these dates, most years first, without hidden people."""
    shown = [person for person in people if person.joined and not person.hidden]
    found: list[Celebrated] = []
    for day in dates:
        by_years: dict[int, list[str]] = {}
        for person in shown:
            joined = person.joined
            if joined and joined.year < day.year and _in_year(f"{joined:%m-%d}", day.year) == day:
                by_years.setdefault(day.year - joined.year, []).append(person.name)
        found += [
            Celebrated(day, tuple(names), years) for years, names in sorted(by_years.items(), reverse=True)
        ]
    return tuple(found)


def _in_year(month_day: str, year: int) -> date:
    month, day = (int(part) for part in month_day.split("-"))
    return _date(year, month, day) or date(year, 2, 28)


def day_words(day: date, today: date) -> str:
    """Return a coming date as people say it: 今天, 明天, 周六, 10月3日."""
    ahead = (day - today).days
    if ahead in (0, 1):
        return ("今天", "明天")[ahead]
    return f"周{_WEEKDAYS[day.weekday()]}" if 1 < ahead < 7 else f"{day.month}月{day.day}日"
