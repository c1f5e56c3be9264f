"""Read the dates of a table of deals as spreadsheets, systems and people write them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from controller.sales import inbound
from controller.sales.model import Refused

_FULL: Final = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
)
_WEEKDAY: Final = re.compile(r"[(,，]?\s*(?:星期|周|礼拜)[一二三四五六日天][)]?")
_SERIAL: Final = re.compile(r"([3-6]\d{4})(?:\.\d+)?")
_FIRST_SERIAL: Final = date(1899, 12, 30)  # day 0 of Excel and WPS
_BARE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WITHOUT_YEAR: Final = re.compile(r"(\d{1,2})(?:月(\d{1,2})[日号]?|[-/.](\d{1,2}))")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DAY_MONTH: Final = re.compile(rf"(\d{{1,2}})[- ]{_MONTH}[- ,]+(\d{{4}}|\d{{2}})")
_MONTH_DAY: Final = re.compile(rf"{_MONTH} (\d{{1,2}}),? (\d{{4}})")
_AGO: Final = {"今天": 0, "今日": 0, "today": 0, "昨天": 1, "昨日": 1, "yesterday": 1, "前天": 2}


def read_day(written: str, today: date, zone: tzinfo | None) -> tuple[date | None, datetime | None]:
    """Return the day and, where its time is written, the moment; None for a date that may mean two days.

    A date without a year is the last such day up to today. 3/4/2026 is March to some and April to others: None.
    """
    text = " ".join(_WEEKDAY.sub(" ", unicodedata.normalize("NFKC", written)).split()).upper()
    full = _FULL.fullmatch(text)
    try:
        if full is None:
            return _other(text.casefold(), today), None
        found = date(int(full[1]), int(full[2]), int(full[3]))
        if full[4] is None:
            return found, None
        clock = f"{int(full[4]):02}:{full[5]}:{full[6] or '00'}"
        return found, inbound.read_occurred(f"{found} {clock}", zone or UTC)
    except (ValueError, Refused):
        return None, None


def _other(text: str, today: date) -> date | None:
    """Return the day of the other forms. Raises ValueError for a 31st of June."""
    if text in _AGO:
        return today - timedelta(days=_AGO[text])
    for form, day_of in _FORMS:
        if found := form.fullmatch(text):
            return day_of(found, today)
    return None


def _bare(found: re.Match[str], today: date) -> date:
    return date(int(found[1]), int(found[2]), int(found[3]))


def _serial(found: re.Match[str], today: date) -> date:
    return _FIRST_SERIAL + timedelta(days=int(found[1]))


def _without_year(found: re.Match[str], today: date) -> date:
    month, day = int(found[1]), int(found[2] or found[3])
    return date(today.year - ((month, day) > (today.month, today.day)), month, day)


def _year_last(found: re.Match[str], today: date) -> date | None:
    one, two, year = int(found[1]), int(found[2]), int(found[3])
    if one != two and one <= 12 and two <= 12:
        return None
    return date(year, one, two) if two > 12 or one == two else date(year, two, one)


def _day_month(found: re.Match[str], today: date) -> date:
    year = int(found[3])
    return date(year if year > 99 else 2000 + year, 1 + _MONTHS.index(found[2]), int(found[1]))


def _month_day(found: re.Match[str], today: date) -> date:
    return date(int(found[3]), 1 + _MONTHS.index(found[1]), int(found[2]))


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...]] = (
    (_BARE, _bare), (_SERIAL, _serial), (_WITHOUT_YEAR, _without_year), (_YEAR_LAST, _year_last),
    (_DAY_MONTH, _day_month), (_MONTH_DAY, _month_day),
)  # fmt: skip
