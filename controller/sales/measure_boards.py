"""The boards of the numbers beside the deals: the office's sum, teams and best people of a period. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import nsmallest
from typing import Final

from controller.sales.measures import Measured, in_units
from controller.sales.model import Person, Team
from controller.timetable.model import Measure

TOP: Final = 10
"""A board shows the best and never the last."""


@dataclass(frozen=True, slots=True)
class MeasureBoard:
    """A measure in a period: the office, its teams and its best ten people with their places."""

    measure: Measure
    total: Decimal
    teams: tuple[tuple[str, Decimal], ...]
    people: tuple[tuple[int, Person, Decimal], ...]
    period: str = "day"


def board_of(
    measure: Measure,
    period: str,
    sums: Sequence[Measured],
    people: Mapping[int, Person],
    teams: Mapping[int, Team],
) -> MeasureBoard:
    """Return the board of a period's sums; hidden people count for their team and have no place."""
    of_team: dict[int, int] = {team.id: 0 for team in teams.values() if team.active}
    of_person: dict[int, int] = {}
    total = 0
    for person, team, value in sums:
        of_team[team] = of_team.get(team, 0) + value
        of_person[person] = of_person.get(person, 0) + value
        total += value
    ranked = sorted(of_team.items(), key=lambda row: (-row[1], row[0]))
    rows = tuple((teams[ident].name, in_units(value)) for ident, value in ranked if ident in teams)
    return MeasureBoard(measure, in_units(total), rows, _top(of_person, people), period)


def _top(sums: Mapping[int, int], people: Mapping[int, Person]) -> tuple[tuple[int, Person, Decimal], ...]:
    shown = [
        (value, ident)
        for ident, value in sums.items()
        if value and ident in people and not people[ident].hidden
    ]
    best = nsmallest(TOP, shown, key=lambda row: (-row[0], row[1]))
    rows: list[tuple[int, Person, Decimal]] = []
    for number, (value, ident) in enumerate(best):
        tied = number and value == best[number - 1][0]
        rows.append((rows[-1][0] if tied else number + 1, people[ident], in_units(value)))
    return tuple(rows)
