"""Rows read from free text, and the later lines that change them: 上一单改成9800. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from controller.sales.corrections import in_words
from controller.sales.model import Deal, Person
from controller.sales.money import money
from controller.sales.name_match import Spelling, match

if TYPE_CHECKING:
    from controller.sales.pasted_tokens import Token

NOT_FOUND = "找不到要改的那一单，请在下面的列表里改。"


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that a text is read with. `recorded`: this week's deals that stand, oldest first; `largest`: of all.

    `own`: those that the sender of the text has sent before, oldest first: a correction of the last one is certain.
    """

    people: Sequence[Person]
    products: Sequence[str]
    recorded: Sequence[Deal]
    now: datetime
    late_minutes: int
    big_over: Decimal
    largest: Decimal | None
    spelling: Spelling
    own: Sequence[Deal] = ()


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One deal of the text. None: not known. `text`: the piece that it was read from; `doubts`: why to look at it.

    `replaces`: the recorded deal that it corrects; `day`: for which it counts; `late`: why it is recorded only; `ref`:
    the row's number in the sender's table.
    """

    text: str
    person: Person | None
    written: str
    product: str
    amount: Decimal | None
    doubts: tuple[str, ...] = ()
    at: datetime | None = None
    replaces: int | None = None
    day: date | None = None
    late: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction: its words, and the people, products and right amount in it.

    `same_line`: it follows its deal in the same line, so that it may also change the product without a doubt.
    """

    text: str
    people: Sequence[Person]
    products: Sequence[str]
    amount: Decimal
    same_line: bool = False


def fix_of(line: Sequence[Token], text: str, written: str, *, same_line: bool) -> Fix | None:
    """Return the correction in a line, None without an amount. `text`: the whole message; `written`: the line."""
    amounts = [token for token in line if token.kind == "amount" and token.amount is not None]
    wrong = [
        token for token in amounts if re.search(r"不是[ ]*$", text[max(0, token.start - 4) : token.start])
    ]
    right = next((token for token in reversed(amounts) if token not in wrong), None)
    if right is None or right.amount is None:
        return None
    people = [one for token in line if token.kind == "person" for one in token.people]
    products = [token.products[0] for token in line if token.kind == "product" and len(token.products) == 1]
    return Fix(written.strip(), people, products, right.amount, same_line)


def apply_fix(rows: list[PastedRow], fix: Fix, known: Known, sender: str) -> int:
    """Change the row that a correction means, else add a row that corrects a recorded deal; return its index."""
    at = len(rows) - 1 if fix.same_line and rows else _place(rows, fix.people, fix.products)
    if at is not None:
        product = fix.products[0] if fix.same_line and fix.products else rows[at].product
        text = f"{rows[at].text}；{fix.text}"
        rows[at] = replace(rows[at], product=product, amount=fix.amount, text=text)
        return at
    deal, certain = _recorded(fix, known, sender)
    other = _place(rows, fix.people, ()) if fix.products and deal is None else None
    if other is not None:
        was = rows[other]
        doubt = f"产品从{was.product or '没有写'}改成了{fix.products[0]}，请看对不对。"
        rows[other] = replace(
            was,
            product=fix.products[0],
            amount=fix.amount,
            text=f"{was.text}；{fix.text}",
            doubts=(*was.doubts, doubt),
        )
        return other
    rows.append(_correcting(fix, deal, known, certain=certain))
    return len(rows) - 1


def _place(rows: Sequence[PastedRow], people: Sequence[Person], products: Sequence[str]) -> int | None:
    """Return the place of the last row that has one of the people and products."""
    for at in range(len(rows) - 1, -1, -1):
        if (not people or rows[at].person in people) and (not products or rows[at].product in products):
            return at
    return None


def _recorded(fix: Fix, known: Known, sender: str) -> tuple[Deal | None, bool]:
    """Return the recorded deal that a correction means, and whether that is certain: the sender's own last one."""
    own = [deal for deal in known.own if _meant(deal, fix.people, fix.products)]
    if own:
        return own[-1], True
    by_name = match(sender, known.people, known.spelling).person if sender else None
    owners = fix.people or ([by_name] if by_name else [])
    today = [deal for deal in known.recorded if deal.date == known.now.date()]
    return next((one for one in reversed(today) if _meant(one, owners, fix.products)), None), False


def _correcting(fix: Fix, deal: Deal | None, known: Known, *, certain: bool) -> PastedRow:
    if deal is None:
        person, product = next(iter(fix.people), None), next(iter(fix.products), "")
        return PastedRow(fix.text, person, "", product, fix.amount, (NOT_FOUND,))
    person = next((one for one in known.people if one.id == deal.person_id), None)
    which = f"{deal.at:%H:%M} {deal.person} {deal.product} {money(deal.amount)}"
    doubts = () if certain else (f"这是改已经记下的一单：{which}，请看是不是这一单。",)
    return PastedRow(fix.text, person, deal.person, deal.product, fix.amount, doubts, replaces=deal.id)


def _meant(deal: Deal, people: Sequence[Person], products: Sequence[str]) -> bool:
    of_people = not people or deal.person_id in [one.id for one in people]
    return of_people and (not products or deal.product in products)


def marked_repeats(rows: Sequence[PastedRow], known: Known) -> tuple[PastedRow, ...]:
    """Return the rows with a doubt on each that is the same as an earlier row or as a recorded deal."""
    today = known.now.date()
    seen: set[tuple[int, str, Decimal, date]] = set()
    recorded = {(deal.person_id, deal.product, deal.amount, deal.date): deal for deal in known.recorded}
    marked = []
    for row in rows:
        if row.person is not None and row.amount is not None and row.replaces is None:
            same = (row.person.id, row.product, row.amount, row.day or today)
            if same in seen:
                row = replace(row, doubts=(*row.doubts, "和上面的一单一样，请看是不是重复了。"))
            elif (deal := recorded.get(same)) is not None:
                when = f"{in_words(deal.date, today)} {deal.at:%H:%M}"
                why = f"{when} 已经记过一样的一单，请看是不是重复了。"
                row = replace(row, doubts=(*row.doubts, why))
            seen.add(same)
        marked.append(row)
    return tuple(marked)
