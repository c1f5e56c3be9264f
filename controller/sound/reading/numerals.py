"""Numbers as Mandarin says them: cardinals with 两 and 二, digits one by one, sums of money, counts."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")
_LONGEST = 16  # digits; past 千万亿 nobody says the number, people read its digits
_MOST_DIGITS = 40  # of a sum of money; more is a slip of the finger

# Before these a 2 names a place in a row (二月, 二号), so it stays 二.
_IN_A_ROW = "月 日 号 楼 层 等奖 班 组 队 部 区 环 线 级 期 季度 年级 手 维 次元 折 两"
ORDINAL_MEASURES = frozenset(_IN_A_ROW.split())


def digits(number: str, one: str = "一") -> str:
    """The ASCII digits of `number` one by one; `one`: 幺 where people say so (telephones, rooms, orders)."""
    return "".join(one if d == "1" else DIGITS[int(d)] for d in number)


def cardinal(n: int) -> str:
    """A whole number: 22222 is 两万两千二百二十二, 10010 is 一万零一十, -3 is 负三.

    2 is 两 before 千, 万 and 亿 and 二 elsewhere; a lone 2 is 二 (a measure word makes it 两, see `counted`).
    A number of more than 16 digits is read digit by digit.
    """
    if n < 0:
        return "负" + cardinal(-n)
    if n >= 10**_LONGEST:
        return digits(format(Decimal(n), "f"))  # not str(n), which refuses past 4,300 digits
    if n < 10:
        return DIGITS[n]
    said = ""
    for place in range(len(_GROUPS) - 1, -1, -1):
        said += _group_said(n // 10 ** (4 * place) % 10000, place, first=not said)
    return said.removesuffix("零")


def _group_said(group: int, place: int, first: bool) -> str:
    """Up to four digits with their 万 or 亿; the zero that joins it to what was said before it."""
    if group == 0:
        return ""
    joint = "零" if group < 1000 and not first else ""
    if group == 2 and place:
        return joint + "两" + _GROUPS[place]
    return joint + _four_digits(group, first) + _GROUPS[place]


def _four_digits(group: int, first: bool) -> str:
    said, gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit == 0:
            gap = bool(said)
            continue
        said += (
            ("零" if gap else "") + ("两" if digit == 2 and place == 3 else DIGITS[digit]) + _PLACES[place]
        )
        gap = False
    return said[1:] if first and 10 <= group < 20 else said


def decimal(number: str) -> str:
    """ASCII digits with at most one point: "1.28" is 一点二八, "0.50" is 零点五零, "12" is 十二."""
    whole, _, part = number.partition(".")
    said = cardinal_of(whole)
    return f"{said}点{digits(part)}" if part else said


def cardinal_of(number: str) -> str:
    """`cardinal` of a string of ASCII digits of any length (an empty one is 零)."""
    number = number.lstrip("0") or "0"
    return digits(number) if len(number) > _LONGEST else cardinal(int(number))


def counted(number: str) -> str:
    """The number as it stands before a measure word: "2" is 两, "12" is 十二, "2.5" is 二点五."""
    return "两" if number.lstrip("0") == "2" else decimal(number)


def count_in_words(n: int, measure: str) -> str:
    """A count: 2 单 is 两单, 12 单 is 十二单, 2 月 is 二月."""
    said = cardinal(n) if measure in ORDINAL_MEASURES else ("负" if n < 0 else "") + counted(str(abs(n)))
    return said + measure


def amount_in_words(amount: Decimal) -> str:
    """Yuan as people say them: 12800 is 一万两千八百元, 1234.56 is 一千二百三十四元五角六分, 0.5 is 五角.

    Rounded to the fen, half a fen up. Raises ValueError with a Chinese sentence for what is no sum of money.
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
    said = counted(str(yuan)) + "元" if yuan or not fen else ""
    if jiao:
        said += counted(str(jiao)) + "角"
    elif rest and yuan:
        said += "零"
    return said + (counted(str(rest)) + "分" if rest else "")
