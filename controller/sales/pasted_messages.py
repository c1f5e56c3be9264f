"""Split a copied chat into its messages: who sent each and when, by the lines above them. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from controller.moments import local_time
from controller.timetable.times import YEARS

_DATE: Final = (
    r"(?:(?P<year>\d{4})[-/年.])?(?P<month>\d{1,2})[-/月.](?P<day>\d{1,2})[日号]?"
    r"|(?P<near>今天|昨天|前天)|(?:星期|周)(?P<weekday>[一二三四五六日天])"
)
_TIME: Final = (
    r"(?:(?P<half>上午|下午|早上|中午|晚上|凌晨)\s*)?"
    r"(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?:[:：](?P<second>\d{2}))?"
)
_NO_NAME: Final = r"(?!(?:[今昨前]天|上午|下午|早上|中午|晚上|凌晨|(?:星期|周)[一二三四五六日天])[\s\d])"
_HEADER: Final = re.compile(
    rf"\s*(?P<name>{_NO_NAME}[^\d\s:：,，;；][^:：,，;；\t]{{0,23}}?)?\s*(?:(?:{_DATE})\s*)?(?:{_TIME})\s*[:：]?\s*"
)
_NAME_LAST: Final = re.compile(
    rf"\s*(?:(?:{_DATE})\s+)?(?:{_TIME})\s+(?P<name>[^\d\s:：,，;；][^:：,，;；\t\d]{{0,23}})\s*[:：]?\s*"
)
_SIGNED: Final = re.compile(
    r"漏报|补报|补录|补记|补一|补个|补单|忘报|忘了报|忘记报|没报|没来得及|签|成交|成单|开单|的单|那单|报的"
)
"""Beside a date in a text: it is the day of the deal, and not of an invoice or an appointment."""
_DAY_IN_TEXT: Final = re.compile(
    r"(?P<near>昨天|前天|昨晚|前晚|昨日)|(?<!每)(?:星期|周)(?P<weekday>[一二三四五六日天])(?![\u4e00-\u9fff]?会)"
    r"|(?:(?P<year>\d{4})[-/年.])?(?P<month>\d{1,2})[-/月.](?P<day>\d{1,2})(?(year)[日号]?|[日号])"
)
BARE_DAY: Final = re.compile(
    r"(?m)(?:(?<![\d./-])(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12]\d|0?[1-9])(?![\d./%]|[ ]*[万千wWkK]))"
    r"|^[ ]*(?P<month2>1[0-2]|0?[1-9])\.(?P<day2>3[01]|[12]\d|0?[1-9])(?=[ ]+[^\s\d].*\d{3})"
)
"""11/24 anywhere, 11.24 at the start of a line that has an amount after it."""
_TERM: Final = re.compile(r"合同|开票|发票|有效期|服务期|[至到~]")
_UNTIL: Final = re.compile(r"[ ]*[至到~]")
_NAME: Final = re.compile(r"\s*[^\d\s:：,，;；][^:：,，;；\t\d]{0,23}\s*")
_DAY: Final = re.compile(rf"[\s\-—–=*·]*(?:{_DATE})(?:\s*(?:星期|周)[一二三四五六日天])?[\s\-—–=*·]*")
LONGEST_HEADER: Final = 60
_BACK: Final = {"今天": 0, "昨天": 1, "前天": 2, "昨晚": 1, "前晚": 2, "昨日": 1}
_AFTER_NOON: Final = {"下午", "晚上"}
_AMOUNT: Final = re.compile(r"\d{3}|\d[万千百wWkK]|[一二两三四五六七八九十][万千百]")
_SENDER: Final = re.compile(r"[\s:：\-—]+$")


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a chat. `sender`: "" if unknown; `at`: None if unknown."""

    text: str
    sender: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A day that a text names. `certain`: as the day on which its deal was signed."""

    day: date
    text: str
    certain: bool


def signed_on(text: str, today: date) -> Signed | None:
    """Return the earlier day that a text gives for its deal, None without one."""
    for match in (*_DAY_IN_TEXT.finditer(text), *BARE_DAY.finditer(text)):
        found = _date(match, today)
        around = text[max(0, match.start() - 4) : match.end() + 5]
        certain = _SIGNED.search(around) is not None
        if found is not None and found < today and (certain or match.groupdict().get("near")):
            return Signed(found, match[0], certain)
    return None


def stray_days(text: str, today: date) -> list[str]:
    """Return the dates in a text that are neither today, nor of the deal, nor of its contract."""
    stray = []
    for match in (*_DAY_IN_TEXT.finditer(text), *BARE_DAY.finditer(text)):
        around = text[max(0, match.start() - 4) : match.end() + 5]
        found = today if _is_near(match) else _date(match, today)
        of_deal = found is not None and found < today and _SIGNED.search(around)
        term = _TERM.search(text[max(0, match.start() - 6) : match.start()]) or _UNTIL.match(
            text, match.end()
        )
        if found != today and not of_deal and not term:
            stray.append(match[0])
    return stray


def _is_near(match: re.Match[str]) -> bool:
    """Return whether a day is in words: 昨天, 周三."""
    parts = match.groupdict()
    return bool(parts.get("near") or parts.get("weekday"))


def messages_of(text: str, now: datetime) -> list[Message]:
    """Return the messages of a copied chat; text without such lines is one message."""
    messages: list[Message] = []
    lines: list[str] = []
    sender, at, day = "", None, now.date()

    def end() -> None:
        if any(line.strip() for line in lines):
            messages.append(Message("\n".join(lines), sender, at))
        lines.clear()

    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if len(line) > LONGEST_HEADER:
            lines.append(line)
        elif (alone := _DAY.fullmatch(line)) is not None:
            end()
            sender, at, day = "", None, _date(alone, now.date()) or day
        elif (header := _header(line)) is not None:
            above = lines.pop() if not header["name"] and lines and _NAME.fullmatch(lines[-1]) else ""
            end()
            sender = _SENDER.sub("", (header["name"] or above).strip())
            at = _moment(header, _date(header, now.date()) or day, now)
        else:
            lines.append(line)
    end()
    return messages


def _header(line: str) -> re.Match[str] | None:
    """Return the name and time in a line above a message; a line with an amount is no such line."""
    found = _HEADER.fullmatch(line) or _NAME_LAST.fullmatch(line)
    return None if found is None or _AMOUNT.search(found["name"] or "") else found


def _date(found: re.Match[str], today: date) -> date | None:
    parts = defaultdict(str, found.groupdict())
    parts["month"], parts["day"] = (
        parts["month"] or parts["month2"],
        parts["day"] or parts["day2"],
    )
    try:
        if parts["near"]:
            return today - timedelta(days=_BACK[parts["near"]])
        if parts["weekday"]:
            wanted = "一二三四五六日".index(parts["weekday"].replace("天", "日"))
            return today - timedelta(days=(today.weekday() - wanted) % 7)
        if parts["month"]:
            year = int(parts["year"] or today.year)
            return date(year, int(parts["month"]), int(parts["day"])) if year in YEARS else None
    except ValueError:
        pass
    return None


def _moment(found: re.Match[str], day: date, now: datetime) -> datetime | None:
    hour = int(found["hour"]) + (12 if found["half"] in _AFTER_NOON and int(found["hour"]) < 12 else 0)
    minute, second = int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    assert now.tzinfo is not None  # noqa: S101  moments are aware
    return local_time(day, time(hour, minute, second), now.tzinfo)
