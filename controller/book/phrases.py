"""What is said: sentences from the office's own templates with named slots such as {team} and {amount}. Pure.

Templates come in variants; which was said last decides which comes next, so nothing is said twice running.
Names are put in as they are and never looked into for slots. Sums are spoken in words, by the functions
handed in as `Words`; the other numbers stay digits and are turned into words by the voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final, Protocol

from controller.book.model import Deal, Refused
from controller.book.standings import Standing
from controller.slots import fill as filled
from controller.slots import slots_in

Variants = tuple[str, ...]
CHARACTERS_PER_SECOND: Final = 4.2
ROUNDUP_SECONDS: Final = 45.0
_OLDER: Final = "上次播报以来，我们又签了{count}单，合计{total}。"
_HOURLY_SPAN: Final = timedelta(minutes=65)


@dataclass(frozen=True, slots=True)
class Words:
    """How numbers are said: yuan (→ "一万两千八百元"), a count with its measure word (3, "单" → "三单")."""

    amount: Callable[[Decimal], str]
    count: Callable[[int, str], str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A finished sentence, and the template it was made of (to be remembered as used)."""

    text: str
    template: str


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch of a longer script. `mark` names its moment for the walls; `roll`: after a drum roll."""

    text: str
    mark: str | None = None
    roll: bool = False


class BurstTexts(Protocol):
    """Several orders in one breath: the head ({count}, {total}), one order, and what is left over."""

    @property
    def burst(self) -> Variants: ...
    @property
    def burst_item(self) -> Variants: ...
    @property
    def hourly_rest(self) -> Variants: ...


class RoundupTexts(Protocol):
    """The round-up's templates: the head ({count}, {total}), one order, and what is left over."""

    @property
    def hourly(self) -> Variants: ...
    @property
    def hourly_item(self) -> Variants: ...
    @property
    def hourly_rest(self) -> Variants: ...


def check(template: str, allowed: Iterable[str]) -> None:
    """Raises `Refused` when a template has a slot that nobody fills, naming it and those that exist."""
    names = tuple(allowed)
    for name in slots_in(template):
        if name not in names:
            known = "、".join(f"{{{n}}}" for n in names) or "没有"
            raise Refused(f"“{template[:30]}”里的 {{{name}}} 没有内容可填，可以用的有：{known}。")


def fill(template: str, slots: Mapping[str, str]) -> str:
    """The template with its slots replaced, in one pass. `Refused` for a slot without a value."""
    check(template, slots)
    return filled(template, slots)


def choose(variants: Sequence[str], used: Sequence[str] = (), pick: int = 0) -> str:
    """The variant to use: never the last used one while there is another, and the longest unused first.

    `used`: oldest first. Of those never used `pick` chooses. ValueError when there are no variants.
    """
    fresh = [variant for variant in variants if variant not in used]
    if fresh:
        return fresh[pick % len(fresh)]
    last_said = {template: index for index, template in enumerate(used)}
    return min(variants, key=lambda variant: last_said[variant])


def phrase(
    variants: Sequence[str], slots: Mapping[str, str], used: Sequence[str] = (), pick: int = 0
) -> Phrase:
    """A sentence of one of the variants. One that needs an empty slot is left out while another is there."""
    template = choose(whole(variants, slots) or variants, used, pick)
    return Phrase(fill(template, slots), template)


def whole(variants: Sequence[str], slots: Mapping[str, str]) -> list[str]:
    """The variants all of whose slots have something to say: no rate without a target, no empty prize."""
    return [variant for variant in variants if all(slots.get(name) for name in slots_in(variant))]


def without_sum(template: str) -> str:
    """The clauses of a deal's template that hang on no sum: they can be rendered before the deal is made."""
    pieces = re.findall(r"[^，。！？；：]*[，。！？；：]*", template)
    return "".join(piece for piece in pieces if "{amount}" not in piece)


def deal_slots(deal: Deal, words: Words) -> dict[str, str]:
    """{team} {person} {product} {amount} of an order."""
    amount = words.amount(deal.amount)
    return {"team": deal.team, "person": deal.person, "product": deal.product, "amount": amount}


def place_slots(row: Standing, words: Words, prize: str = "") -> dict[str, str]:
    """{team} {person} {amount} {count} {target} {rate} {prize} of a place in a ranking."""
    return {
        "team": row.team,
        "person": row.name,
        "amount": words.amount(row.amount),
        "count": counted(row.count, words),
        "target": "" if row.target is None else words.amount(row.target),
        "rate": percent(row.rate),
        "prize": prize,
    }


def percent(rate: Decimal | None) -> str:
    """A completion in whole percent, rounded down: 100% is only said when it is reached. "" for None."""
    return "" if rate is None else f"{(rate * 100).quantize(Decimal(1), ROUND_DOWN)}%"


def counted(count: int, words: Words) -> str:
    """{count}: the number as it stands before 单 (三, 两, 十二); the template writes the 单."""
    return words.count(count, "单").removesuffix("单")


def announce_deal(
    deal: Deal, variants: Sequence[str], words: Words, used: Sequence[str] = (), pick: int = 0
) -> Phrase:
    """The sentence for one order: the day's first, a big one, a record."""
    return phrase(variants, deal_slots(deal, words), used, pick)


def seconds(text: str) -> float:
    """About how long a text takes to say."""
    return len(text) / CHARACTERS_PER_SECOND


def roundup(
    deals: Iterable[Deal], texts: RoundupTexts, words: Words, now: datetime,
    used: Sequence[str] = (), pick: int = 0, limit_s: float = ROUNDUP_SECONDS,
) -> Phrase | None:  # fmt: skip
    """The full hour's sentence: how many, how much, each order best first, the rest summed up.

    Stays within `limit_s` of speech. None when no order is left that wasn't taken back. Orders from before
    the last hour (last evening's) are not told as the last hour's.
    """
    told = sorted((d for d in deals if d.voided is None), key=lambda d: (-d.amount, d.at, d.id))
    if not told:
        return None
    older = min(deal.at for deal in told) < now - _HOURLY_SPAN
    head = phrase((_OLDER,) if older else texts.hourly, _sum_slots(told, words), used, pick)
    items = [announce_deal(deal, texts.hourly_item, words, pick=n).text for n, deal in enumerate(told)]
    return _within(limit_s, head, items, told, texts.hourly_rest, words, pick)


def burst(
    deals: Iterable[Deal], own: Mapping[int, str], texts: BurstTexts, words: Words, used: Sequence[str] = (),
    limit_s: float = ROUNDUP_SECONDS,
) -> Phrase:  # fmt: skip
    """Several orders told in one breath: how many, how much, each, the rest summed up beyond `limit_s`.

    `own`: sentences that are said as they stand, by deal id: the day's first order goes first with its own.
    The other orders follow best first; those taken back are left out.
    """
    alive = [deal for deal in deals if deal.voided is None]
    told = sorted(alive, key=lambda d: (d.id not in own, -d.amount, d.at, d.id))
    head = phrase(texts.burst, _sum_slots(told, words), used)
    items = [
        own.get(deal.id) or announce_deal(deal, texts.burst_item, words, pick=n).text
        for n, deal in enumerate(told)
    ]
    return _within(limit_s, head, items, told, texts.hourly_rest, words)


def _within(
    limit_s: float, head: Phrase, items: Sequence[str], told: Sequence[Deal], rest: Variants, words: Words,
    pick: int = 0,
) -> Phrase:  # fmt: skip
    """Head, as many items as there is time for, and the others summed up."""
    for kept in range(len(items), 0, -1):
        left = told[kept:]
        tail = [phrase(rest, _sum_slots(left, words), pick=pick).text] if left else []
        text = "".join([head.text, *items[:kept], *tail])
        if seconds(text) <= limit_s:
            return Phrase(text, head.template)
    return head


def top_sales(
    people: Sequence[Standing], variants: Sequence[str], nobody: Sequence[str], words: Words,
    prize: str = "", used: Sequence[str] = (), pick: int = 0,
) -> Phrase:  # fmt: skip
    """The period's best, each of those who share the first place; `nobody` when nothing was sold."""
    winners = [row for row in people if row.place == 1]
    if not winners:
        return phrase(nobody, {}, used, pick)
    first = phrase(variants, place_slots(winners[0], words, prize), used, pick)
    others = [fill(first.template, place_slots(row, words, prize)) for row in winners[1:]]
    return Phrase("".join([first.text, *others]), first.template)


def _sum_slots(deals: Sequence[Deal], words: Words) -> dict[str, str]:
    total = sum((deal.amount for deal in deals), Decimal(0))
    return {"count": counted(len(deals), words), "total": words.amount(total)}
