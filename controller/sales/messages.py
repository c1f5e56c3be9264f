"""What is said: sentences from the office's own templates with named slots such as {team} and {amount}. Pure.

Templates come in variants; which was said last decides which comes next, so nothing is said twice running.
Names are put in as they are and never looked into for slots. Sums are spoken in words, by the functions
handed in as `Words`; the other numbers stay digits and are turned into words by the voice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final, Protocol

from controller.sales.model import Deal, Refused
from controller.sales.standings import Standing
from controller.timetable.slots import fill as filled
from controller.timetable.slots import slots_in

Variants = tuple[str, ...]
CHARACTERS_PER_SECOND: Final = 4.2
ROUNDUP_SECONDS: Final = 45.0
EVENING_FROM: Final = 17
"""From this hour on an order of an earlier day was signed in its evening."""
_LATE: Final = timedelta(minutes=2)
"""A round-up that begins this long after its full hour is still that hour's."""


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
    """The round-up's templates: the heads, one order, and what is left over.

    `hourly` ({count}, {total}): everything signed in the hour; `hourly_also` (and {all}, {all_total}): some of the
    hour's orders have been announced already; `hourly_earlier` (and {when}): what is left from before the hour.
    """

    @property
    def hourly(self) -> Variants: ...
    @property
    def hourly_also(self) -> Variants: ...
    @property
    def hourly_earlier(self) -> Variants: ...
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


@dataclass(frozen=True, slots=True)
class RoundUp:
    """What a round-up tells, in the order in which it is said: of the hour, best first, then what is left from before.

    `others`: the hour's orders that were announced already, or are announced alone.
    """

    fresh: tuple[Deal, ...]
    earlier: tuple[Deal, ...]
    others: tuple[Deal, ...] = ()

    @property
    def told(self) -> tuple[Deal, ...]:
        """Every order that it names, in order: the walls list the same."""
        return (*self.fresh, *self.earlier)


def hour_before(now: datetime) -> datetime:
    """Where "the past hour" begins: the full hour before this one, or an hour ago at an odd time."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return (hour if now - hour <= _LATE else now) - timedelta(hours=1)


def round_up(deals: Iterable[Deal], of_the_day: Iterable[Deal], now: datetime) -> RoundUp:
    """Sorts what waits for a round-up. `of_the_day`: every order of today, to be counted with those of the hour."""
    since = hour_before(now)
    told = best_first(deals)
    known = {deal.id for deal in told}
    return RoundUp(
        tuple(deal for deal in told if deal.at >= since),
        tuple(deal for deal in told if deal.at < since),
        tuple(
            deal
            for deal in of_the_day
            if deal.id not in known and deal.voided is None and since <= deal.at < since + timedelta(hours=1)
        ),
    )


def best_first(deals: Iterable[Deal]) -> tuple[Deal, ...]:
    """Orders as they are told and shown: largest first, those taken back left out."""
    alive = (deal for deal in deals if deal.voided is None)
    return tuple(sorted(alive, key=lambda deal: (-deal.amount, deal.at, deal.id)))


def roundup(
    found: RoundUp, texts: RoundupTexts, words: Words, now: datetime,
    used: Sequence[str] = (), pick: int = 0, limit_s: float = ROUNDUP_SECONDS,
) -> Phrase | None:  # fmt: skip
    """The full hour's sentence: how many, how much, each order, the rest summed up; what is left from before apart.

    Stays within `limit_s` of speech. None when there is nothing to tell.
    """
    heads = _heads(found, texts, words, now, used, pick)
    if not heads:
        return None
    items = [announce_deal(deal, texts.hourly_item, words, pick=n).text for n, deal in enumerate(found.told)]
    for kept in range(len(items), -1, -1):
        text = _sections(found, heads, items, kept, texts.hourly_rest, words, pick)
        if seconds(text) <= limit_s:
            break
    return Phrase(text, heads[0].template)


def _heads(
    found: RoundUp, texts: RoundupTexts, words: Words, now: datetime, used: Sequence[str], pick: int
) -> list[Phrase]:
    """The opening of each section that has orders."""
    heads = []
    if found.fresh:
        slots = _sum_slots(found.fresh, words)
        everything = _sum_slots((*found.fresh, *found.others), words)
        slots |= {"all": everything["count"], "all_total": everything["total"]}
        heads.append(phrase(texts.hourly_also if found.others else texts.hourly, slots, used, pick))
    if found.earlier:
        slots = _sum_slots(found.earlier, words) | {"when": day_of(found.earlier, now)}
        heads.append(phrase(texts.hourly_earlier, slots, used, pick))
    return heads


def _sections(
    found: RoundUp, heads: Sequence[Phrase], items: Sequence[str], kept: int, rest: Variants, words: Words,
    pick: int,
) -> str:  # fmt: skip
    """Each section's opening and as many of `items` as are `kept`; of a section that is cut, the others summed up."""
    parts: list[str] = []
    begin = 0
    for head, deals in zip(heads, [part for part in (found.fresh, found.earlier) if part], strict=True):
        named = max(0, min(kept - begin, len(deals)))
        parts += [head.text, *items[begin : begin + named]]
        if 0 < named < len(deals):
            parts.append(phrase(rest, _sum_slots(deals[named:], words), pick=pick).text)
        begin += len(deals)
    return "".join(parts)


def day_of(deals: Sequence[Deal], now: datetime) -> str:
    """When orders were signed that are told later, as people say it: 今天早些时候, 昨天傍晚, 上周五傍晚, 前几天."""
    days = {deal.at.astimezone(now.tzinfo).date() for deal in deals}
    if len(days) > 1:
        return "前几天"
    day = days.pop()
    ago = (now.date() - day).days
    if ago <= 0:
        return "今天早些时候"
    evening = "傍晚" if all(deal.at.astimezone(now.tzinfo).hour >= EVENING_FROM for deal in deals) else ""
    if ago == 1:
        return f"昨天{evening}"
    weeks = (ago + 6 - now.weekday()) // 7
    if weeks > 1:
        return f"{day.month}月{day.day}日{evening}"
    return f"{'上' if weeks else ''}周{'一二三四五六日'[day.weekday()]}{evening}"


def burst_order(deals: Iterable[Deal], own: Collection[int]) -> tuple[Deal, ...]:
    """Several orders in one breath as they are said and shown: those with a sentence of their own, then best first."""
    return tuple(sorted(best_first(deals), key=lambda deal: deal.id not in own))


def burst(
    deals: Iterable[Deal], own: Mapping[int, str], texts: BurstTexts, words: Words, used: Sequence[str] = (),
    limit_s: float = ROUNDUP_SECONDS,
) -> Phrase:  # fmt: skip
    """Several orders told in one breath: how many, how much, each, the rest summed up beyond `limit_s`.

    `own`: sentences that are said as they stand, by deal id: the day's first order goes first with its own.
    The other orders follow best first; those taken back are left out.
    """
    told = burst_order(deals, own)
    head = phrase(texts.burst, _sum_slots(told, words), used)
    items = [
        own.get(deal.id) or announce_deal(deal, texts.burst_item, words, pick=n).text
        for n, deal in enumerate(told)
    ]
    return _within(limit_s, head, items, told, texts.hourly_rest, words)


def _within(
    limit_s: float, head: Phrase, items: Sequence[str], told: Sequence[Deal], rest: Variants, words: Words
) -> Phrase:
    """Head, as many items as there is time for, and the others summed up."""
    for kept in range(len(items), 0, -1):
        left = told[kept:]
        tail = [phrase(rest, _sum_slots(left, words)).text] if left else []
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
