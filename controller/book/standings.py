"""Who leads: places, completion, what is missing to the target and to the next place. Pure.

**Rules.** People: the larger amount goes first; at equal amounts the larger number of orders; then whoever
reached it first (the earlier last order); who is equal in all three shares the place, and the next place
counts on (1, 1, 3). Only people with an order appear, hidden people never do. Teams: with a target, by
completion, then as above; after them the teams without a target, as above. Every team there is appears, also
with nothing sold; a team that has gone appears while it has orders. A target of 0 is no target. Voided orders
count nowhere: they are not in the sales. A hidden person's orders count for the team.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import ROUND_UP, Decimal
from typing import Protocol

from controller.book.amounts import from_fen
from controller.book.model import Person, Team
from controller.book.rows import from_ms

_NEVER = 1 << 62
ZERO = Decimal("0.00")


class Sold(Protocol):
    """What `deals.Sale` is: orders of one person in one team, in fen and milliseconds."""

    @property
    def person_id(self) -> int: ...
    @property
    def team_id(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def fen(self) -> int: ...
    @property
    def last_at(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of a ranking, of a person or a team (then `name` == `team`).

    `rate` is amount over target (1 = reached); `gap` what is missing to the target, 0 once reached; both
    None without a target. `to_next`: yuan missing to the next better place, None for the first. `reached`:
    when the last order came, None without one.
    """

    place: int
    id: int
    name: str
    team: str
    count: int
    amount: Decimal
    target: Decimal | None = None
    rate: Decimal | None = None
    gap: Decimal | None = None
    to_next: Decimal | None = None
    reached: datetime | None = None
    photo: str | None = None
    say_as: str | None = None
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Standings:
    """A period's ranking of people and teams, and the office's sum: all orders, of hidden people too."""

    people: tuple[Standing, ...]
    teams: tuple[Standing, ...]
    count: int
    amount: Decimal
    target: Decimal | None


@dataclass(slots=True)
class _Sum:
    count: int = 0
    fen: int = 0
    last_at: int = 0

    def add(self, sale: Sold) -> None:
        self.count += sale.count
        self.fen += sale.fen
        self.last_at = max(self.last_at, sale.last_at)


def standings(
    sales: Sequence[Sold],
    people: Iterable[Person],
    teams: Iterable[Team],
    person_targets: Mapping[int, Decimal],
    team_targets: Mapping[int, Decimal],
    zone: tzinfo,
) -> Standings:
    """The ranking of a period. `people` and `teams`: also those who left."""
    own = _summed(sales, lambda sale: sale.person_id)
    rows = [
        _row(own[p.id], person_targets.get(p.id), zone, Standing(
            0, p.id, p.name, p.team, 0, ZERO, photo=p.photo, say_as=p.say_as, team_id=p.team_id))
        for p in people if p.id in own and not p.hidden
    ]  # fmt: skip
    by_team = _summed(sales, lambda sale: sale.team_id)
    team_rows = [
        _row(by_team.get(t.id, _Sum()), team_targets.get(t.id), zone, Standing(
            0, t.id, t.name, t.name, 0, ZERO, say_as=t.say_as, team_id=t.id))
        for t in teams if t.active or t.id in by_team
    ]  # fmt: skip
    target = sum((row.target for row in team_rows if row.target), ZERO)
    return Standings(
        people=rank(rows),
        teams=rank_by_completion(team_rows),
        count=sum(sale.count for sale in sales),
        amount=from_fen(sum(sale.fen for sale in sales)),
        target=target or None,
    )


def rank(rows: Iterable[Standing]) -> tuple[Standing, ...]:
    """Rows in order with their places, by amount, orders, who reached it first; equals share a place."""
    placed = _placed(sorted(rows, key=_by_amount), _by_amount)
    return tuple(_towards_next(placed, lambda row, better: better.amount - row.amount))


def rank_by_completion(rows: Iterable[Standing]) -> tuple[Standing, ...]:
    """Rows in order with their places, by completion; those without a target after them, by amount."""
    placed = _placed(sorted(rows, key=_by_rate), _by_rate)
    return tuple(_towards_next(placed, _missing_to))


def _row(total: _Sum, target: Decimal | None, zone: tzinfo, blank: Standing) -> Standing:
    amount = from_fen(total.fen)
    return replace(
        blank,
        count=total.count,
        amount=amount,
        target=target or None,
        rate=amount / target if target else None,
        gap=max(target - amount, ZERO) if target else None,
        reached=from_ms(total.last_at, zone) if total.count else None,
    )


def _summed(sales: Iterable[Sold], key: Callable[[Sold], int]) -> dict[int, _Sum]:
    sums: dict[int, _Sum] = {}
    for sale in sales:
        sums.setdefault(key(sale), _Sum()).add(sale)
    return sums


def _by_amount(row: Standing) -> tuple[object, ...]:
    return (-row.amount, -row.count, row.reached.timestamp() if row.reached else _NEVER)


def _by_rate(row: Standing) -> tuple[object, ...]:
    return (row.rate is None, -(row.rate or 0), *_by_amount(row))


def _placed(ordered: list[Standing], key: Callable[[Standing], tuple[object, ...]]) -> list[Standing]:
    placed: list[Standing] = []
    for index, row in enumerate(ordered):
        shares = index > 0 and key(row) == key(ordered[index - 1])
        placed.append(replace(row, place=placed[-1].place if shares else index + 1))
    return placed


def _towards_next(
    placed: list[Standing], missing: Callable[[Standing, Standing], Decimal | None]
) -> Iterable[Standing]:
    better: Standing | None = None
    for index, row in enumerate(placed):
        if index and placed[index - 1].place != row.place:
            better = placed[index - 1]
        yield row if better is None else replace(row, to_next=missing(row, better))


def _missing_to(row: Standing, better: Standing) -> Decimal | None:
    """What brings a team level with a better one: its completion, or its amount if neither has a target."""
    if row.target and better.rate is not None:
        return max((better.rate * row.target).quantize(ZERO, ROUND_UP) - row.amount, ZERO)
    return None if better.target else better.amount - row.amount
