"""What else deserves a word beside the ranking: streaks, the record, most orders, the newcomer. Pure.

**Rules.** A streak is the number of working days in a row on which somebody had an order, up to today or, as long
as today may still bring one, up to the last working day; a day off breaks nothing, and an order on one counts.
The record is the largest order that stands. Most orders: who alone has the most of the week, and at least two.
The newcomer: whose first order is at most a week old, in an office that is older than that; of several the one
with the largest sum of the week. Whoever is hidden from the screens is never named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from controller.book.model import Deal
from controller.book.standings import Standing

STREAK_FROM: Final = 3  # days: two in a row is luck
_NEW_FOR: Final = timedelta(days=7)
_MOST_FROM: Final = 2


@dataclass(frozen=True, slots=True)
class Honour:
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
) -> Honour | None:
    """The longest streak of those in a ranking (the best first, so that it decides between equals)."""
    best: Honour | None = None
    for row in people:
        length = streak(sold.get(row.id, ()), workdays, today)
        if length >= STREAK_FROM and (best is None or length > best.count):
            best = Honour("streak", row.name, row.team, length)
    return best


def record(largest: Iterable[Deal], hidden: Collection[int]) -> Honour | None:
    """The largest order of somebody on the screens; `largest` descending."""
    for deal in largest:
        if deal.person_id not in hidden:
            return Honour("record", deal.person, deal.team, amount=deal.amount)
    return None


def most_orders(week: Sequence[Standing]) -> Honour | None:
    """Who alone has the most orders of the week."""
    ordered = sorted(week, key=lambda row: -row.count)
    if not ordered or ordered[0].count < _MOST_FROM:
        return None
    if len(ordered) > 1 and ordered[1].count == ordered[0].count:
        return None
    return Honour("most_orders", ordered[0].name, ordered[0].team, ordered[0].count)


def newcomer(week: Iterable[Standing], first_days: Mapping[int, date], today: date) -> Honour | None:
    """The newcomer of the week; `week` best first, `first_days` per person the day of the first order."""
    if not first_days or min(first_days.values()) > today - _NEW_FOR:
        return None
    for row in week:
        if first_days.get(row.id, today) > today - _NEW_FOR:
            return Honour("newcomer", row.name, row.team, row.count, row.amount)
    return None
