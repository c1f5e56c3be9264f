"""The doubts about a row of a pasted text that come from the words around its deal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from controller.sales.pasted_messages import signed_on, stray_days
from controller.sales.pasted_rows import PastedRow
from controller.sales.pasted_tokens import Token
from controller.sales.pasted_words import TAKEN, correction_words, is_total, unknown_words, without_total

_SEVERAL: Final = re.compile(
    r"[*×xX][ ]*(?:[2-9]|[1-9]\d)(?!\d)|(?<![\d.])(?:[2-9]|[1-9]\d|[两二三四五六七八九十])[ ]*(?:份|张|套|年|个)(?!月)"
)
UNSIGNED: Final = re.compile(
    r"没签|未签|没成|还没|退单|退款|退了|作废|取消|撤单|撤回|不签|意向|准备签|打算|明天(?:再)?(?:报|签)|预计|争取|要签|能签|快签|跟进"
)
_EVERY: Final = re.compile(r"各|每人|分别")
_CLAUSE: Final = re.compile(r"[^\n;；。]+")


def doubts_of(context: str, people: int) -> list[str]:
    """Return the doubts that words around a deal give: not signed, a question, several of a thing or of people."""
    doubts = []
    if unsigned := UNSIGNED.search(context):
        doubts.append(f"写着“{unsigned[0]}”，请看是不是真的签了。")
    if re.search(r"[?？]|吗", context):
        doubts.append("写着问号，请看是不是真的签了。")
    if arrow := re.search(r"→|⇒|=>|->", context):
        doubts.append(f"写着“{arrow[0]}”，请看哪个对。")
    if several := _SEVERAL.search(context):
        doubts.append(f"写着“{several[0]}”，请看金额是一份的还是一共的。")
    if people > 1:
        each = "每人各算一单" if _EVERY.search(context) else "写了几个人"
        doubts.append(f"{each}，请看对不对。")
    return doubts


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a row in its message. `row`: its index; `fix`: by a correction."""

    row: int
    start: int
    end: int
    fix: bool = False


@dataclass(slots=True)
class Read:
    """The tokens and rows of a message. `rest`: its text with `TAKEN` for each character that has a meaning.

    `totals`: the amounts that are written as a sum or a part; `talk`: the lines that are somebody's answer.
    """

    text: str
    rest: str
    totals: Sequence[Token]
    places: list[Place] = field(default_factory=list)
    talk: list[range] = field(default_factory=list)


def mark_unknown(rows: list[PastedRow], message: Read, today: date) -> None:
    """Mark the rows beside which a word stands that the grammar does not explain: nothing is overlooked in silence.

    A clause without a deal is about all rows of its message; in somebody's answer (`talk`) or in a message without
    deals it is about the last row.
    """
    if not rows:
        return
    total = sum((rows[place.row].amount or Decimal(0) for place in message.places), Decimal(0))
    for start, end in _clauses(message.rest):
        here = [place for place in message.places if place.start < end and place.end > start]
        rest = message.rest[start:end]
        if any(start <= one.start < end and one.amount == total for one in message.totals):
            rest = without_total(rest)
        if any(place.fix for place in here):
            rest = correction_words(rest)
        words = _words(message.text[start:end], rest, today, len(message.places))
        if not words:
            continue
        said = "、".join(words)[:40]
        answer = any(start in lines for lines in message.talk)
        meant = [] if is_total(words) else here
        meant = meant or ([] if answer else message.places)
        for at in {place.row for place in meant} or {len(rows) - 1}:
            if not rows[at].doubts:
                rows[at] = replace(rows[at], doubts=(f"没有看懂“{said}”，请核对。",))


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    return ((found.start(), found.end()) for found in _CLAUSE.finditer(text))


def _words(text: str, rest: str, today: date, deals: int) -> list[str]:
    if (signed := signed_on(text, today)) is not None:
        rest = rest.replace(signed.text, TAKEN * len(signed.text))
    return unknown_words(rest, deals) + stray_days(text, today)
