"""Build announcement texts from the office's templates with named slots such as {team} and {amount}. Pure.

A template has variants; the last used one is not repeated while there is another. Names are inserted unchanged and
not searched for slots. Sums are written in words by the functions in `Words`; other numbers stay digits, which the
voice turns into words.
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
"""Maximum time for which an office listens to an announcement of several deals."""
EVENING_FROM: Final = 17
"""Deals from this hour on count as signed in the evening."""
_CLAUSE: Final = re.compile(r"[^，。！？；：]*[，。！？；：]*")
_LATE: Final = timedelta(minutes=2)
"""Maximum delay of a round-up after the full hour to which it belongs."""


@dataclass(frozen=True, slots=True)
class Words:
    """Functions that write numbers in words: yuan (→ "一万两千八百元"), counts with measure word (3, "单" → "三单")."""

    amount: Callable[[Decimal], str]
    count: Callable[[int, str], str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A finished sentence and its template (to be recorded as used)."""

    text: str
    template: str


class BurstTexts(Protocol):
    """Templates of a burst: the opening ({count}, {total}), one deal, and the summary of the remaining deals."""

    @property
    def burst(self) -> Variants: ...
    @property
    def burst_item(self) -> Variants: ...
    @property
    def hourly_rest(self) -> Variants: ...


class RoundupTexts(Protocol):
    """Templates of a round-up: the openings, one deal, and the summary of the remaining deals.

    `hourly` ({count}, {total}): all deals of the hour; `hourly_also` (and {all}, {all_total}): when some of the hour's
    deals have already been announced; `hourly_earlier` (and {when}): deals from before the hour.
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
    """Check that a template has only allowed slots. Raises `Refused` with the unknown slot and the allowed ones."""
    names = tuple(allowed)
    for name in slots_in(template):
        if name not in names:
            known = "、".join(f"{{{n}}}" for n in names) or "没有"
            raise Refused(f"“{template[:30]}”里的 {{{name}}} 没有内容可填，可以用的有：{known}。")


def fill(template: str, slots: Mapping[str, str]) -> str:
    """Replace the template's slots in one pass. Raises `Refused` for a slot without a value."""
    check(template, slots)
    return filled(template, slots)


def choose(variants: Sequence[str], used: Sequence[str] = (), pick: int = 0) -> str:
    """Choose a variant: never the last used one while there is another, the least recently used first.

    `used`: oldest first. `pick` selects among those never used. Raises ValueError when there are no variants.
    """
    fresh = [variant for variant in variants if variant not in used]
    if fresh:
        return fresh[pick % len(fresh)]
    last_said = {template: index for index, template in enumerate(used)}
    return min(variants, key=lambda variant: last_said[variant])


def phrase(
    variants: Sequence[str], slots: Mapping[str, str], used: Sequence[str] = (), pick: int = 0
) -> Phrase:
    """Build a sentence from one of the variants, preferring variants whose slots all have a value."""
    template = choose(whole(variants, slots) or variants, used, pick)
    return Phrase(fill(template, slots), template)


def whole(variants: Sequence[str], slots: Mapping[str, str]) -> list[str]:
    """Return the variants whose slots all have a value: no rate without a target, no empty prize."""
    return [variant for variant in variants if all(slots.get(name) for name in slots_in(variant))]


def without_sum(template: str) -> str:
    """Return the clauses of a deal's template without the sum: they can be rendered before the deal is made."""
    return "".join(piece for piece in _CLAUSE.findall(template) if "{amount}" not in piece)


def around_sum(template: str) -> tuple[str, str] | None:
    """Return the words before and after {amount} in its clause; None when another slot is in that clause."""
    for clause in _CLAUSE.findall(template):
        before, slot, after = clause.partition("{amount}")
        if slot:
            return None if slots_in(before + after) else (before, after)
    return None


def deal_slots(deal: Deal, words: Words) -> dict[str, str]:
    """Return {team} {person} {product} {amount} of a deal."""
    amount = words.amount(deal.amount)
    return {"team": deal.team, "person": deal.person, "product": deal.product, "amount": amount}


def place_slots(row: Standing, words: Words, prize: str = "") -> dict[str, str]:
    """Return {team} {person} {amount} {count} {target} {rate} {prize} of a place in a ranking."""
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
    """Format a completion in whole percent, rounded down so that 100% means reached. "" for None."""
    return "" if rate is None else f"{(rate * 100).quantize(Decimal(1), ROUND_DOWN)}%"


def counted(count: int, words: Words) -> str:
    """Return {count}: the number in the form used before 单 (三, 两, 十二); the template contains the 单."""
    return words.count(count, "单").removesuffix("单")


def announce_deal(
    deal: Deal, variants: Sequence[str], words: Words, used: Sequence[str] = (), pick: int = 0
) -> Phrase:
    """Build the sentence for one deal: the day's first, a big one, a record."""
    return phrase(variants, deal_slots(deal, words), used, pick)


def seconds(text: str) -> float:
    """Estimate the seconds of speech of a text."""
    return len(text) / CHARACTERS_PER_SECOND


@dataclass(frozen=True, slots=True)
class RoundUp:
    """The deals of a round-up: those of the hour, best first, then those from before the hour.

    `others`: the hour's deals that have been or are announced separately.
    """

    fresh: tuple[Deal, ...]
    earlier: tuple[Deal, ...]
    others: tuple[Deal, ...] = ()

    @property
    def announced(self) -> tuple[Deal, ...]:
        """The announced deals in sequence; the walls list the same."""
        return (*self.fresh, *self.earlier)


def hour_before(now: datetime) -> datetime:
    """Return the start of "the past hour": the previous full hour at a full hour, else an hour ago."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return (hour if now - hour <= _LATE else now) - timedelta(hours=1)


def round_up(deals: Iterable[Deal], of_the_day: Iterable[Deal], now: datetime) -> RoundUp:
    """Sort the deals waiting for a round-up. `of_the_day`: all deals of today, for the hour's totals."""
    since = hour_before(now)
    waiting = best_first(deals)
    known = {deal.id for deal in waiting}
    return RoundUp(
        tuple(deal for deal in waiting if deal.at >= since),
        tuple(deal for deal in waiting if deal.at < since),
        tuple(
            deal
            for deal in of_the_day
            if deal.id not in known and deal.voided is None and since <= deal.at < since + timedelta(hours=1)
        ),
    )


def best_first(deals: Iterable[Deal]) -> tuple[Deal, ...]:
    """Sort deals for announcing and showing: largest first, without those taken back."""
    alive = (deal for deal in deals if deal.voided is None)
    return tuple(sorted(alive, key=lambda deal: (-deal.amount, deal.at, deal.id)))


def roundup(
    batch: RoundUp, texts: RoundupTexts, words: Words, now: datetime,
    used: Sequence[str] = (), pick: int = 0, limit_s: float = ROUNDUP_SECONDS,
) -> Phrase | None:  # fmt: skip
    """Build the round-up's text: number, total, each deal, the rest summed up; deals from before the hour apart.

    At most `limit_s` of speech. None when there are no deals.
    """
    heads = _heads(batch, texts, words, now, used, pick)
    if not heads:
        return None
    items = [
        announce_deal(deal, texts.hourly_item, words, pick=n).text for n, deal in enumerate(batch.announced)
    ]
    for kept in range(len(items), -1, -1):
        text = _sections(batch, heads, items, kept, texts.hourly_rest, words, pick)
        if seconds(text) <= limit_s:
            break
    return Phrase(text, heads[0].template)


def _heads(
    batch: RoundUp, texts: RoundupTexts, words: Words, now: datetime, used: Sequence[str], pick: int
) -> list[Phrase]:
    """Return the opening of each section that has deals."""
    heads = []
    if batch.fresh:
        slots = _sum_slots(batch.fresh, words)
        everything = _sum_slots((*batch.fresh, *batch.others), words)
        slots |= {"all": everything["count"], "all_total": everything["total"]}
        heads.append(phrase(texts.hourly_also if batch.others else texts.hourly, slots, used, pick))
    if batch.earlier:
        slots = _sum_slots(batch.earlier, words) | {"when": day_of(batch.earlier, now)}
        heads.append(phrase(texts.hourly_earlier, slots, used, pick))
    return heads


def _sections(
    batch: RoundUp, heads: Sequence[Phrase], items: Sequence[str], kept: int, rest: Variants, words: Words,
    pick: int,
) -> str:  # fmt: skip
    """Join each section's opening and the first `kept` of `items`; sum up the other deals of a shortened section."""
    parts: list[str] = []
    begin = 0
    for head, deals in zip(heads, [part for part in (batch.fresh, batch.earlier) if part], strict=True):
        named = max(0, min(kept - begin, len(deals)))
        parts += [head.text, *items[begin : begin + named]]
        if 0 < named < len(deals):
            parts.append(phrase(rest, _sum_slots(deals[named:], words), pick=pick).text)
        begin += len(deals)
    return "".join(parts)


def day_of(deals: Sequence[Deal], now: datetime) -> str:
    """Describe when deals that are announced later were signed: 今天早些时候, 昨天傍晚, 上周五傍晚, 前几天."""
    days = {deal.at.date() for deal in deals}
    if len(days) > 1:
        return "前几天"
    day = days.pop()
    ago = (now.date() - day).days
    if ago <= 0:
        return "今天早些时候"
    evening = "傍晚" if all(deal.at.hour >= EVENING_FROM for deal in deals) else ""
    if ago == 1:
        return f"昨天{evening}"
    weeks = (ago + 6 - now.weekday()) // 7
    if weeks > 1:
        return f"{day.month}月{day.day}日{evening}"
    return f"{'上' if weeks else ''}周{'一二三四五六日'[day.weekday()]}{evening}"


def burst_order(deals: Iterable[Deal], own: Collection[int]) -> tuple[Deal, ...]:
    """Sort the deals of a burst for announcing and showing: those with a sentence in `own` first, then by size."""
    return tuple(sorted(best_first(deals), key=lambda deal: deal.id not in own))


def burst(
    deals: Iterable[Deal], own: Mapping[int, str], texts: BurstTexts, words: Words, used: Sequence[str] = (),
    limit_s: float = ROUNDUP_SECONDS,
) -> Phrase:  # fmt: skip
    """Build the text of a burst: number, total, each deal; the deals beyond `limit_s` are summed up.

    `own`: finished sentences by deal id, for example for the day's first deal; these deals come first.
    The others follow, largest first; deals taken back are left out.
    """
    announced = burst_order(deals, own)
    head = phrase(texts.burst, _sum_slots(announced, words), used)
    items = [
        own.get(deal.id) or announce_deal(deal, texts.burst_item, words, pick=n).text
        for n, deal in enumerate(announced)
    ]
    return _within(limit_s, head, items, announced, texts.hourly_rest, words)


def _within(
    limit_s: float, head: Phrase, items: Sequence[str], deals: Sequence[Deal], rest: Variants, words: Words
) -> Phrase:
    """Join the opening, as many items as fit into `limit_s`, and the summary of the remaining deals."""
    for kept in range(len(items), 0, -1):
        left = deals[kept:]
        tail = [phrase(rest, _sum_slots(left, words)).text] if left else []
        text = "".join([head.text, *items[:kept], *tail])
        if seconds(text) <= limit_s:
            return Phrase(text, head.template)
    return head


def top_sales(
    people: Sequence[Standing], variants: Sequence[str], nobody: Sequence[str], words: Words,
    prize: str = "", used: Sequence[str] = (), pick: int = 0,
) -> Phrase:  # fmt: skip
    """Build the text about the period's top sales, one sentence per shared first place; `nobody` without any deal."""
    winners = [row for row in people if row.place == 1]
    if not winners:
        return phrase(nobody, {}, used, pick)
    first = phrase(variants, place_slots(winners[0], words, prize), used, pick)
    others = [fill(first.template, place_slots(row, words, prize)) for row in winners[1:]]
    return Phrase("".join([first.text, *others]), first.template)


def _sum_slots(deals: Sequence[Deal], words: Words) -> dict[str, str]:
    total = sum((deal.amount for deal in deals), Decimal(0))
    return {"count": counted(len(deals), words), "total": words.amount(total)}
