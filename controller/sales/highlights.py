"""Highlights of a day or a week: records, streaks, most deals, newcomers; and the comment on the results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from controller.sales.messages import Phrase, Variants, Words, counted, percent, phrase
from controller.sales.model import Deal
from controller.sales.standings import Standing, Standings

STREAK_FROM: Final = 3  # days; two in a row may be chance
_NEW_FOR: Final = timedelta(days=7)
_MOST_FROM: Final = 2


@dataclass(frozen=True, slots=True)
class Highlight:
    """`kind`: streak, record, most_orders or newcomer; `count` in days or deals, `amount` in yuan."""

    kind: str
    name: str
    team: str
    count: int = 0
    amount: Decimal | None = None


def streak(sold: Collection[date], workdays: Sequence[date], today: date) -> int:
    """Count successive working days with a deal. `workdays`: ascending, up to `today`, included if it is one."""
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
    """Return the longest streak of the people in a ranking; the best place first, which decides between equals."""
    best: Highlight | None = None
    for row in people:
        length = streak(sold.get(row.id, ()), workdays, today)
        if length >= STREAK_FROM and (best is None or length > best.count):
            best = Highlight("streak", row.name, row.team, length)
    return best


def record(largest: Iterable[Deal], hidden: Collection[int]) -> Highlight | None:
    """Return the largest deal of a person who is not hidden; `largest` is descending."""
    for deal in largest:
        if deal.person_id not in hidden:
            return Highlight("record", deal.person, deal.team, amount=deal.amount)
    return None


def is_record(amount: Decimal, largest: Decimal | None) -> bool:
    """Return whether an amount exceeds the largest deal of all days before; the very first deal is not a record."""
    return largest is not None and amount > largest


def alone_with_most(rows: Iterable[Standing]) -> Standing | None:
    """Return the only person with the most deals, at least two."""
    ordered = sorted(rows, key=lambda row: -row.count)
    if not ordered or ordered[0].count < _MOST_FROM:
        return None
    return ordered[0] if len(ordered) == 1 or ordered[1].count < ordered[0].count else None


def most_orders(week: Sequence[Standing]) -> Highlight | None:
    """Return the only person with the most deals of the week."""
    row = alone_with_most(week)
    return Highlight("most_orders", row.name, row.team, row.count) if row is not None else None


def newcomer(week: Iterable[Standing], first_days: Mapping[int, date], today: date) -> Highlight | None:
    """Return the newcomer of the week; `week` best first, `first_days` per person the day of the first deal."""
    row = first_newcomer(week, first_days, today)
    return Highlight("newcomer", row.name, row.team, row.count, row.amount) if row is not None else None


def first_newcomer(rows: Iterable[Standing], first_days: Mapping[int, date], today: date) -> Standing | None:
    """Return the first row whose person made their first deal within a week; None while the office is that new."""
    if not first_days or min(first_days.values()) > today - _NEW_FOR:
        return None
    return next((row for row in rows if first_days.get(row.id, today) > today - _NEW_FOR), None)


# --- The day's comment


@dataclass(frozen=True, slots=True)
class Past:
    """History against which the day is compared.

    `yesterday`: ids of people with a deal on the last working day, None when there is no such day; `largest`: the
    largest deal before the day, in yuan; `first_days`: per person the day of the first deal.
    """

    yesterday: frozenset[int] | None = None
    largest: Decimal | None = None
    first_days: Mapping[int, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """A possible comment: `kind` selects the texts, `slots` fill them."""

    kind: str
    slots: Mapping[str, str]


def remarks(
    day: date, standings: Standings, deals: Iterable[Deal], past: Past, words: Words
) -> tuple[Comment, ...]:
    """Return the possible comments on the day, most remarkable first, at least one.

    Hidden people are never named, because they are not in the standings.
    """
    if not standings.count:
        return (Comment("no_orders", {}),)
    comments = [
        _record(standings, deals, past, words),
        _target_passed(standings, words),
        _comeback(day, standings, past, words),
        _newcomer(day, standings, past, words),
        _most_orders(standings, words),
        _ordinary(standings, words),
    ]
    return tuple(remark for remark in comments if remark is not None)


def comment(
    remarks: Sequence[Comment], texts: Mapping[str, Variants], used: Sequence[str] = (), pick: int = 0
) -> Phrase | None:
    """Return the day's comment: the most remarkable kind that differs from yesterday's, in a variant not used lately.

    `used`: the templates of the days before, oldest first. When only yesterday's kind is possible, another of its
    variants is used. None when the office has no text for any of the day's comments.
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
    """Return the comment on the day's largest deal if it is larger than all before."""
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
    """Return the comment on one of the best three who had no deal on the last working day but has sold earlier."""
    if past.yesterday is None:
        return None
    for row in standings.people[:3]:
        if row.id not in past.yesterday and past.first_days.get(row.id, day) < day:
            return Comment("comeback", _person(row, words))
    return None


def _newcomer(day: date, standings: Standings, past: Past, words: Words) -> Comment | None:
    """Return the comment on a newcomer; see `first_newcomer`."""
    row = first_newcomer(standings.people, past.first_days, day)
    return Comment("newcomer", _person(row, words)) if row is not None else None


def _ordinary(standings: Standings, words: Words) -> Comment:
    if standings.count == 1:  # the ordinary text praises joint work on several deals
        return Comment("one_order", {"total": words.amount(standings.amount)})
    slots = {"count": counted(standings.count, words), "total": words.amount(standings.amount)}
    return Comment("ordinary", slots)


def _most_orders(standings: Standings, words: Words) -> Comment | None:
    row = alone_with_most(standings.people)
    return Comment("most_orders", _person(row, words)) if row is not None else None
