"""Parse and format amounts: digits, full-width digits, thousands separators, 万 and 亿, Chinese numerals."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Final

from controller.sales.model import Refused

TAKE_BACK: Final = "要撤回一单，请在手机“报单”页点那一单，再点“撤回这一单”。"
"""For a deal of 0 or less: people type it to cancel an earlier one."""
LARGEST: Final = Decimal("999999999.99")
_FEN: Final = Decimal("0.01")
_LONGEST: Final = 40
_HINT: Final = "请写成 12800、12,800、1.28万或一万二。"

_FOLDED: Final = str.maketrans(
    "零〇○一壹幺二贰两三叁四肆五伍六陆七柒八捌九玖拾佰仟萬億",
    "00011122233445566778899十百千万亿",
)
_BIG: Final = (("亿", 10**8), ("万", 10**4))
_BELOW_WAN: Final = re.compile(r"(?:([1-9])千)?0?(?:([1-9])百)?0?(([1-9])?十)?0?([1-9])?")

_TRIM: Final = re.compile(
    r"^(?:人民币|rmb|cny|[¥￥])?\s*(.*?)\s*(?:元整|元|块钱|块|圆|rmb|cny|整)?$", re.I | re.S
)
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_SCALED: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(亿|億|千万|百万|万|萬|w|千|k|百)", re.I)
_SCALES: Final = {
    "亿": 10**8, "億": 10**8, "千万": 10**7, "百万": 10**6, "万": 10**4, "萬": 10**4, "w": 10**4,
    "千": 1000, "k": 1000, "百": 100,
}  # fmt: skip


class NotPositive(Refused):
    """The amount is 0 or less."""


def parse_amount(value: object) -> Decimal:
    """Parse yuan with exactly two decimals, more than 0 and at most 999,999,999.99.

    Accepts 12800, "12,800", "１２８００", "1.28万", "1万2千", "3亿", "一万二", "一万两千八百元", "¥12,800.50".
    Raises `Refused` (field "amount") with a sentence for all other input. Never rounds, because a rounded amount is
    a different amount.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _refused(f"金额应当是一个数，收到的是“{str(value)[:20]}”。{_HINT}")
    text = unicodedata.normalize("NFKC", str(value)[: _LONGEST + 1]).strip()
    if not text:
        raise _refused(f"还没有填写金额。{_HINT}")
    if len(text) > _LONGEST:
        raise _refused(f"金额太长了，最多 {_LONGEST} 个字符。{_HINT}")
    if isinstance(value, float | int | Decimal) and not isinstance(value, bool):
        text = _written_out(value, text)
    return _within_bounds(_read(text), text)


def deal_amount(value: object) -> Decimal:
    """Parse the amount of a deal: as `parse_amount`, and for 0 or less say how a deal is taken back."""
    try:
        return parse_amount(value)
    except NotPositive as refused:
        raise NotPositive(f"{refused.sentence}{TAKE_BACK}", refused.field) from None


def to_fen(amount: Decimal) -> int:
    """Convert yuan to whole fen exactly. Raises ValueError for fractions of a fen."""
    fen = amount * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"fraction of a fen: {amount}")
    return int(fen)


@lru_cache(maxsize=16_384)
def from_fen(fen: int) -> Decimal:
    """Convert whole fen to yuan with two decimals."""
    return Decimal(fen).scaleb(-2)


def money(amount: Decimal) -> str:
    """Format for walls and phones: "¥12,800"; with fen only when they are not 0: "¥12,800.50"."""
    whole = amount == amount.to_integral_value()
    return f"¥{amount:,.0f}" if whole else f"¥{amount:,.2f}"


def _written_out(number: float | Decimal, text: str) -> str:
    """Write a number in plain digits: a JSON 1e4 is the number 10000; only *typed* exponents are refused."""
    exact = Decimal(text) if not isinstance(number, Decimal) else number
    if not exact.is_finite():
        raise _refused(f"金额应当是一个数，收到的是“{text}”。{_HINT}")
    if abs(exact) > LARGEST:
        raise _refused(f"金额 {text} 太大了，最多 ¥999,999,999.99。")
    return f"{exact:f}"


def _read(text: str) -> Decimal:
    """Parse `text` (NFKC) as a number of any size. Raises Refused when it is not a number."""
    if text.lstrip("¥￥ ")[:1] in {"-", "−", "－", "负"}:
        raise NotPositive(f"金额应当大于 0，收到的是“{text}”。", field="amount")
    trimmed = _TRIM.match(text)
    core = trimmed[1].replace(" ", "") if trimmed else text
    if _PLAIN.fullmatch(core) or _GROUPED.fullmatch(core):
        return Decimal(core.replace(",", ""))
    if (scaled := _SCALED.fullmatch(core)) is not None:
        return Decimal(scaled[1]) * _SCALES[scaled[2].lower()]
    number = _chinese(core)
    if number is None:
        raise _refused(f"看不懂金额“{text}”。{_HINT}")
    return number


def _within_bounds(amount: Decimal, text: str) -> Decimal:
    if amount <= 0:
        raise NotPositive(f"金额应当大于 0，收到的是“{text}”。", field="amount")
    if amount > LARGEST:
        raise _refused(f"金额 {text} 太大了，最多 ¥999,999,999.99。")
    rounded = amount.quantize(_FEN)
    if rounded != amount:
        raise _refused(f"金额最多两位小数（到分），收到的是“{text}”。")
    return rounded


def _refused(sentence: str) -> Refused:
    return Refused(sentence, field="amount")


def _chinese(text: str) -> Decimal | None:
    """Parse Chinese numerals, also mixed with digits (1万2千) and without the last unit (一万二)."""
    return _with_units(text.translate(_FOLDED))


def _with_units(text: str) -> Decimal | None:
    for unit, size in _BIG:
        if unit in text:
            head, _, tail = text.partition(unit)
            high, low = _section(head), _tail(tail, size)
            return None if high is None or low is None else high * size + low
    return _section(text)


def _tail(text: str, size: int) -> Decimal | None:
    """Parse the part after 万 or 亿: empty, one digit of the next smaller unit (一万二), or a number."""
    if not text:
        return Decimal(0)
    if len(text) == 1 and text.isdigit():
        return Decimal(int(text) * size // 10)
    low = _with_units(text.lstrip("0") if text[0] == "0" and not text.isdigit() else text)
    return low if low is not None and low < size else None


def _section(text: str) -> Decimal | None:
    """Parse a number below 万 in words (2千8百), in plain digits (28, also 二八) or with a point (1点5)."""
    if re.fullmatch(r"[0-9]+(?:[.点][0-9]+)?", text):
        return Decimal(text.replace("点", "."))
    match = _BELOW_WAN.fullmatch(text)
    if match is None or not text:
        return None
    thousands, hundreds, ten, tens, ones = match.groups()
    total = 1000 * int(thousands or 0) + 100 * int(hundreds or 0)
    total += 10 * int(tens or 1) if ten else 0
    left_out = {"千": 100, "百": 10}.get(text[-2:-1], 1)  # 一千二 is 1200, 一千零二 is 1002
    return Decimal(total + int(ones or 0) * left_out)
