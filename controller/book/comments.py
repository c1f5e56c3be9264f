"""The comment that closes the day: from the day's facts, positive, never the same two days running. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from controller.book.model import Deal
from controller.book.phrases import Phrase, Variants, Words, counted, percent, phrase
from controller.book.standings import Standing, Standings

_NEW_FOR: Final = timedelta(days=7)
_MOST_ORDERS_FROM: Final = 2


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
class Remark:
    """Something worth saying: `kind` names the texts, `slots` fill them."""

    kind: str
    slots: Mapping[str, str]


def remarks(
    day: date, standings: Standings, deals: Iterable[Deal], past: Past, words: Words
) -> tuple[Remark, ...]:
    """What can be said of the day, the most remarkable first; there is always at least one thing.

    Only people on the screens are named: whoever is hidden isn't in the standings.
    """
    if not standings.count:
        return (Remark("no_orders", {}),)
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
    remarks: Sequence[Remark], texts: Mapping[str, Variants], used: Sequence[str] = (), pick: int = 0
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


def _record(standings: Standings, deals: Iterable[Deal], past: Past, words: Words) -> Remark | None:
    """The day's largest order, when it is larger than every one before."""
    shown = {row.id for row in standings.people}
    standing = [deal for deal in deals if deal.voided is None and deal.person_id in shown]
    best = max(standing, key=lambda deal: deal.amount, default=None)
    if best is None or past.largest is None or best.amount <= past.largest:
        return None
    return Remark("record", {"team": best.team, "person": best.person, "amount": words.amount(best.amount)})


def _target_passed(standings: Standings, words: Words) -> Remark | None:
    best = standings.teams[0] if standings.teams else None
    if best is None or best.rate is None or best.rate < 1:
        return None
    slots = {"team": best.name, "rate": percent(best.rate), "amount": words.amount(best.amount)}
    return Remark("target_passed", slots)


def _comeback(day: date, standings: Standings, past: Past, words: Words) -> Remark | None:
    """Somebody among the best three who sold nothing the working day before, but has sold earlier."""
    if past.yesterday is None:
        return None
    for row in standings.people[:3]:
        if row.id not in past.yesterday and past.first_days.get(row.id, day) < day:
            return Remark("comeback", _person(row, words))
    return None


def _newcomer(day: date, standings: Standings, past: Past, words: Words) -> Remark | None:
    """Somebody whose first order is at most a week old, in an office that is older than that."""
    if not past.first_days or min(past.first_days.values()) > day - _NEW_FOR:
        return None
    for row in standings.people:
        if past.first_days.get(row.id, date.min) > day - _NEW_FOR:
            return Remark("newcomer", _person(row, words))
    return None


def _ordinary(standings: Standings, words: Words) -> Remark:
    if standings.count == 1:  # of one deal nobody says that all of them are a common work
        return Remark("one_order", {"total": words.amount(standings.amount)})
    slots = {"count": counted(standings.count, words), "total": words.amount(standings.amount)}
    return Remark("ordinary", slots)


def _most_orders(standings: Standings, words: Words) -> Remark | None:
    """Who alone has the most orders, and at least two."""
    ordered = sorted(standings.people, key=lambda row: -row.count)
    if not ordered or ordered[0].count < _MOST_ORDERS_FROM:
        return None
    if len(ordered) > 1 and ordered[1].count == ordered[0].count:
        return None
    return Remark("most_orders", _person(ordered[0], words))
