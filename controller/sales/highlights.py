"""What stands out of a day or a week: first deals, records, streaks, and the comments made of the results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from controller.sales.messages import Phrase, Variants, Words, counted, percent, phrase
from controller.sales.model import Deal
from controller.sales.standings import Standing, Standings

STREAK_FROM: Final = 3  # days: two in a row is luck
_NEW_FOR: Final = timedelta(days=7)
_MOST_FROM: Final = 2


@dataclass(frozen=True, slots=True)
class Highlight:
    """`kind`: streak, record, most_orders or newcomer; `count` in days or orders, `amount` in yuan."""

    kind: str
    name: str
    team: str
    count: int = 0
    amount: Decimal | None = None


def streak(sold: Collection[date], workdays: Sequence[date], today: date) -> int:
    """Working days in a row with an order. `workdays`: ascending, up to and with `today` if it is one."""
    days = [day for day in workdays if day <= today]
    if days and days[-1] == today and today not in sold:
        days.pop()
    length = 0
    for day in reversed(days):
        if day not in sold:
            break
        length += 1
    return length


def longest_streak(
    people: Iterable[Standing], sold: Mapping[int, Collection[date]], workdays: Sequence[date], today: date
) -> Highlight | None:
    """The longest streak of those in a ranking (the best first, so that it decides between equals)."""
    best: Highlight | None = None
    for row in people:
        length = streak(sold.get(row.id, ()), workdays, today)
        if length >= STREAK_FROM and (best is None or length > best.count):
            best = Highlight("streak", row.name, row.team, length)
    return best


def record(largest: Iterable[Deal], hidden: Collection[int]) -> Highlight | None:
    """The largest order of somebody on the screens; `largest` descending."""
    for deal in largest:
        if deal.person_id not in hidden:
            return Highlight("record", deal.person, deal.team, amount=deal.amount)
    return None


def is_record(amount: Decimal, largest: Decimal | None) -> bool:
    """Whether an amount beats the largest deal of all days before; the first deal ever is no record."""
    return largest is not None and amount > largest


def alone_with_most(rows: Iterable[Standing]) -> Standing | None:
    """Who alone has the most deals, and at least two."""
    ordered = sorted(rows, key=lambda row: -row.count)
    if not ordered or ordered[0].count < _MOST_FROM:
        return None
    return ordered[0] if len(ordered) == 1 or ordered[1].count < ordered[0].count else None


def most_orders(week: Sequence[Standing]) -> Highlight | None:
    """Who alone has the most deals of the week."""
    row = alone_with_most(week)
    return Highlight("most_orders", row.name, row.team, row.count) if row is not None else None


def newcomer(week: Iterable[Standing], first_days: Mapping[int, date], today: date) -> Highlight | None:
    """The newcomer of the week; `week` best first, `first_days` per person the day of the first order."""
    row = first_newcomer(week, first_days, today)
    return Highlight("newcomer", row.name, row.team, row.count, row.amount) if row is not None else None


def first_newcomer(rows: Iterable[Standing], first_days: Mapping[int, date], today: date) -> Standing | None:
    """Return the first row whose person made their first deal within a week, in an office that is older than that."""
    if not first_days or min(first_days.values()) > today - _NEW_FOR:
        return None
    return next((row for row in rows if first_days.get(row.id, today) > today - _NEW_FOR), None)


# --- The comment that closes the day


@dataclass(frozen=True, slots=True)
class Past:
    """What the day is measured against.

    `yesterday`: who sold something on the last working day (person ids), None when there is no such day;
    `largest`: the largest order before the day, in yuan; `first_days`: per person the day of the first order.
    """

    yesterday: frozenset[int] | None = None
    largest: Decimal | None = None
    first_days: Mapping[int, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """Something worth saying: `kind` names the texts, `slots` fill them."""

    kind: str
    slots: Mapping[str, str]


def remarks(
    day: date, standings: Standings, deals: Iterable[Deal], past: Past, words: Words
) -> tuple[Comment, ...]:
    """What can be said of the day, the most remarkable first; there is always at least one thing.

    Only people on the screens are named: whoever is hidden isn't in the standings.
    """
    if not standings.count:
        return (Comment("no_orders", {}),)
    found = [
        _record(standings, deals, past, words),
        _target_passed(standings, words),
        _comeback(day, standings, past, words),
        _newcomer(day, standings, past, words),
        _most_orders(standings, words),
        _ordinary(standings, words),
    ]
    return tuple(remark for remark in found if remark is not None)


def comment(
    remarks: Sequence[Comment], texts: Mapping[str, Variants], used: Sequence[str] = (), pick: int = 0
) -> Phrase | None:
    """The day's comment: of the most remarkable kind that wasn't yesterday's, in words not used lately.

    `used`: the templates of the days before, oldest first. When only yesterday's kind is there, it comes in
    another of its variants. None when the office has no text for anything that happened.
    """
    sayable = [remark for remark in remarks if texts.get(remark.kind)]
    if not sayable:
        return None
    yesterday = used[-1] if used else None
    others = [remark for remark in sayable if yesterday not in texts[remark.kind]]
    chosen = (others or sayable)[0]
    return phrase(texts[chosen.kind], chosen.slots, used, pick)


def _person(row: Standing, words: Words) -> dict[str, str]:
    return {
        "team": row.team,
        "person": row.name,
        "amount": words.amount(row.amount),
        "count": counted(row.count, words),
    }


def _record(standings: Standings, deals: Iterable[Deal], past: Past, words: Words) -> Comment | None:
    """The day's largest order, when it is larger than every one before."""
    shown = {row.id for row in standings.people}
    standing = [deal for deal in deals if deal.voided is None and deal.person_id in shown]
    best = max(standing, key=lambda deal: deal.amount, default=None)
    if best is None or not is_record(best.amount, past.largest):
        return None
    return Comment("record", {"team": best.team, "person": best.person, "amount": words.amount(best.amount)})


def _target_passed(standings: Standings, words: Words) -> Comment | None:
    best = standings.teams[0] if standings.teams else None
    if best is None or best.rate is None or best.rate < 1:
        return None
    slots = {"team": best.name, "rate": percent(best.rate), "amount": words.amount(best.amount)}
    return Comment("target_passed", slots)


def _comeback(day: date, standings: Standings, past: Past, words: Words) -> Comment | None:
    """Somebody among the best three who sold nothing the working day before, but has sold earlier."""
    if past.yesterday is None:
        return None
    for row in standings.people[:3]:
        if row.id not in past.yesterday and past.first_days.get(row.id, day) < day:
            return Comment("comeback", _person(row, words))
    return None


def _newcomer(day: date, standings: Standings, past: Past, words: Words) -> Comment | None:
    """Somebody whose first order is at most a week old, in an office that is older than that."""
    row = first_newcomer(standings.people, past.first_days, day)
    return Comment("newcomer", _person(row, words)) if row is not None else None


def _ordinary(standings: Standings, words: Words) -> Comment:
    if standings.count == 1:  # of one deal nobody says that all of them are a common work
        return Comment("one_order", {"total": words.amount(standings.amount)})
    slots = {"count": counted(standings.count, words), "total": words.amount(standings.amount)}
    return Comment("ordinary", slots)


def _most_orders(standings: Standings, words: Words) -> Comment | None:
    row = alone_with_most(standings.people)
    return Comment("most_orders", _person(row, words)) if row is not None else None
