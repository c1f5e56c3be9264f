"""Judge deals that programs send: when they happened, whether that is late, and the doubts about them. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from controller.moments import local, local_time
from controller.sales.announcement_policy import time_text
from controller.sales.model import Refused
from controller.sales.money import deal_amount, money

LONGEST_ID: Final = 100
MOST_VERSION: Final = 10**15
"""Room for a CRM's change time in microseconds."""
AHEAD: Final = timedelta(minutes=5)
"""A sender's clock may be ahead by this much; more is a clock to be looked at."""
UNLIKELY: Final = 10
"""An amount of more than this many times the largest deal so far probably has a zero too many."""
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?( ?(Z|[+-]\d\d:?\d\d))?", re.I)
_SECONDS_UP_TO: Final = 10**11
"""A larger number is milliseconds: as seconds it would be after the year 5000."""
_YEARS: Final = (2000, 2100)


@dataclass(frozen=True, slots=True)
class Timing:
    """The consequences of the time of signing: day, whether the deal is announced, why not, and the doubt."""

    day: date | None = None
    announced: bool | None = None
    why: str | None = None
    doubt: str = ""


def key_of(source: str, external_id: str, version: int) -> str:
    """Return the key of the deal: the same for the same sender, id and version."""
    return "in-" + hashlib.sha256(f"{source}\0{external_id}\0{version}".encode()).hexdigest()[:40]


def read_occurred(value: object, zone: tzinfo) -> datetime | None:
    """Return when a deal was signed: 2026-11-27T10:23:00+08:00, without an offset in the office's zone, or a number.

    A number is seconds or milliseconds since 1970. Raises `Refused` (field "occurred_at").
    """
    if value is None or value == "":
        return None
    at = _read(value, zone)
    if at is None or not _YEARS[0] <= at.year <= _YEARS[1]:
        raise Refused(
            f"occurred_at 是“{str(value)[:40]}”，要写成 2026-11-27T10:23:00+08:00 这样，或者 1970 年以来的秒数。",
            field="occurred_at",
        )
    return local(at, zone)


def _read(value: object, zone: tzinfo) -> datetime | None:
    try:
        if isinstance(value, str) and _WRITTEN.fullmatch(value.strip()):
            at = datetime.fromisoformat(
                value.strip().upper().replace("T", " ").replace(" +", "+").replace(" Z", "Z")
            )
            return local_time(at.date(), at.time(), zone) if at.tzinfo is None else at
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            number = float(value)
            return datetime.fromtimestamp(number if abs(number) < _SECONDS_UP_TO else number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def timing(occurred: datetime | None, now: datetime, late_minutes: int, *, trusted: bool) -> Timing:
    """Return the consequences of the time of signing at `now`; none while the own clock is not `trusted`."""
    if occurred is None or not trusted:
        return Timing()
    if occurred > now + AHEAD:
        return Timing(doubt=f"发来的签单时间是 {time_text(occurred, now)}，比现在还晚，请核对两边的时钟。")
    day = min(occurred, now).date()
    if now - occurred <= timedelta(minutes=late_minutes):
        return Timing(day)
    return Timing(day, False, f"签单已经过去{_span(now - occurred)}才收到，只记不播，战报照算。")


def _span(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    if minutes < 60:
        return f" {minutes} 分钟"
    hours, rest = divmod(minutes, 60)
    if hours >= 24:
        return f" {hours // 24} 天多"
    return f" {hours} 小时" + (f" {rest} 分" if rest else "")


def read_amount(amount: object, largest: Decimal | None, big_over: Decimal) -> tuple[Decimal | None, str]:
    """Return an amount, None if it is unreadable, and why a person must look at it ("" when it is certain).

    `largest`: of all deals so far.
    """
    try:
        yuan = deal_amount(amount)
    except Refused as refused:
        return None, refused.sentence
    usual = max(largest, big_over) if largest is not None else UNLIKELY * big_over
    if yuan > usual * UNLIKELY:
        than = f"以前最大的一单（{money(largest)}）" if largest else "平常的单"
        return yuan, f"金额 {money(yuan)} 比{than}大了 {UNLIKELY} 倍以上，请看是不是多写了零。"
    return yuan, ""
