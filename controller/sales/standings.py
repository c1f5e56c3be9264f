"""Compute standings: places, completion, distance to the target and to the next place. Pure.

**Rules.** People are ranked by amount, then by number of deals, then by the earlier last deal; people equal in all
three share a place, and the next place skips (1, 1, 3). Only people with a deal appear, hidden people never do. Teams
with a target are ranked by completion, then as above; teams without a target follow, as above. All active teams
appear, also without deals; a removed team appears while it has deals in the period. A target of 0 means no target.
Voided deals do not count: they are not in the sales. A hidden person's deals count for the team.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Protocol

from controller.sales.model import Person, Team
from controller.sales.money import from_fen
from controller.sales.rows import from_ms

_NEVER = 1 << 62


class Sold(Protocol):
    """The interface of `deals.Sale`: deals of one person in one team, in fen and milliseconds."""

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
    """One row of a ranking, for a person or a team (then `name` == `team`).

    `rate`: amount divided by target (1 = reached); `gap`: yuan to the target, 0 once reached; both None without a
    target. `to_next`: yuan to the next better place, None for the first. `reached`: time of the last deal, None
    without one.
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
    """A period's ranking of people and teams, and the office's total, which includes hidden people's deals.

    `target` is None while a team with deals has no target: all deals divided by some teams' targets would give a
    completion that is too high.
    """

    people: tuple[Standing, ...]
    teams: tuple[Standing, ...]
    count: int
    amount: Decimal
    target: Decimal | None

    @property
    def rate(self) -> Decimal | None:
        """Completion of the teams with a target (1.0 = reached); None when no team has one."""
        aimed = [team for team in self.teams if team.target]
        target = sum(team.target for team in aimed if team.target)
        return sum((team.amount for team in aimed), Decimal(0)) / target if target else None


@dataclass(slots=True)
class _Draft:
    """A row during ranking, in whole fen and milliseconds, because thousands of Decimals would be slow."""

    id: int
    name: str
    team: str
    team_id: int | None
    photo: str | None
    say_as: str | None
    target: int = 0
    count: int = 0
    fen: int = 0
    last_at: int = 0

    def add(self, sale: Sold) -> None:
        self.count += sale.count
        self.fen += sale.fen
        self.last_at = max(self.last_at, sale.last_at)


_Key = tuple[Fraction | int, ...]


def standings(
    sales: Sequence[Sold],
    people: Iterable[Person],
    teams: Sequence[Team],
    person_targets: Mapping[int, int],
    team_targets: Mapping[int, int],
    zone: tzinfo,
) -> Standings:
    """Rank a period. `people` and `teams` include removed ones; targets are in fen."""
    sold = {sale.person_id for sale in sales}  # of thousands of people, only those who sold have a place
    person_rows = {
        p.id: _Draft(p.id, p.name, p.team, p.team_id, p.photo, p.say_as, person_targets.get(p.id, 0))
        for p in people
        if p.id in sold and not p.hidden
    }
    team_rows = {
        t.id: _Draft(t.id, t.name, t.name, t.id, None, t.say_as, team_targets.get(t.id, 0)) for t in teams
    }
    there = {t.id for t in teams if t.active}
    for sale in sales:
        if sale.person_id in person_rows:
            person_rows[sale.person_id].add(sale)
        team_rows[sale.team_id].add(sale)
    shown = [row for row in team_rows.values() if row.count or row.id in there]
    partial = any(row.count and not row.target for row in shown)
    return Standings(
        people=_ranked([row for row in person_rows.values() if row.count], _by_amount, zone),
        teams=_ranked(shown, _by_rate, zone),
        count=sum(sale.count for sale in sales),
        amount=from_fen(sum(sale.fen for sale in sales)),
        target=None if partial else from_fen(sum(row.target for row in shown)) or None,
    )


def _ranked(rows: list[_Draft], key: Callable[[_Draft], _Key], zone: tzinfo) -> tuple[Standing, ...]:
    """Assign places by `key`, and to each row the distance to the last row of the next better place."""
    keyed = sorted(((key(row), row) for row in rows), key=itemgetter(0))
    placed: list[Standing] = []
    better: _Draft | None = None
    for index, (value, row) in enumerate(keyed):
        shares = index > 0 and value == keyed[index - 1][0]
        if index and not shares:
            better = keyed[index - 1][1]
        place = placed[-1].place if shares else index + 1
        placed.append(_standing(row, place, _missing(row, better, key), zone))
    return tuple(placed)


def _standing(row: _Draft, place: int, to_next: int | None, zone: tzinfo) -> Standing:
    target = row.target
    return Standing(
        place, row.id, row.name, row.team, row.count, from_fen(row.fen),
        from_fen(target) if target else None,
        Decimal(row.fen) / target if target else None,
        from_fen(max(target - row.fen, 0)) if target else None,
        None if to_next is None else from_fen(to_next),
        from_ms(row.last_at, zone) if row.count else None,
        row.photo, row.say_as, row.team_id,
    )  # fmt: skip


def _by_amount(row: _Draft) -> _Key:
    return (-row.fen, -row.count, row.last_at if row.count else _NEVER)


def _by_rate(row: _Draft) -> _Key:
    rate = Fraction(row.fen, row.target) if row.target else 0
    return (0 if row.target else 1, -rate, *_by_amount(row))


def _missing(row: _Draft, better: _Draft | None, key: Callable[[_Draft], _Key]) -> int | None:
    """Return the fen by which a row trails a better one: in amount, or for teams with targets in completion."""
    if better is None:
        return None
    if key is _by_amount or not (row.target or better.target):
        return better.fen - row.fen
    if not row.target:
        return None
    return max(-(-better.fen * row.target // better.target) - row.fen, 0)
