"""Planned changes of team, and people's last days and returns, in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from controller.names import tidy_name
from controller.sales.model import Person
from controller.sales.people import Roster
from controller.sales.rows import Row, Rows, day, to_ms

_MOVE: Final = (
    "SELECT m.id, m.person_id, m.team_id, t.name, m.since, m.made_by, m.leader"
    " FROM team_moves m JOIN teams t ON t.id = m.team_id"
)
_OPEN: Final = "m.applied IS NULL AND m.cancelled IS NULL"


@dataclass(frozen=True, slots=True)
class TeamMove:
    """A move of a person to another team from `since` on that has not happened yet.

    `leader`: whether the person leads the new team; None: as before.
    """

    id: int
    person_id: int
    team_id: int
    team: str
    since: date
    made_by: str
    leader: bool | None = None


class TeamMoves:
    """The planned moves as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def open(self) -> tuple[TeamMove, ...]:
        """Return the moves that have not happened, the next first."""
        return tuple(map(_move, self._rows.all(f"{_MOVE} WHERE {_OPEN} ORDER BY m.since, m.id")))

    def of_person(self, ident: int) -> TeamMove | None:
        """Return the person's open move, None when there is none."""
        row = self._rows.one(f"{_MOVE} WHERE {_OPEN} AND m.person_id = ?", ident)
        return None if row is None else _move(row)

    def add(
        self, person: int, team: int, since: date, by: str, now: datetime, leader: bool | None = None
    ) -> TeamMove:
        """Plan a move in place of the person's open one, which is cancelled."""
        self.cancel(person, by, now)
        self._rows.add(
            "INSERT INTO team_moves (person_id, team_id, since, made, made_by, leader) VALUES (?, ?, ?, ?, ?, ?)",
            person, team, day(since), to_ms(now), by, None if leader is None else int(leader),
        )  # fmt: skip
        move = self.of_person(person)
        assert move is not None  # noqa: S101  written just now
        return move

    def cancel(self, person: int, by: str, now: datetime) -> bool:
        """Cancel the person's open move; return False when there is none."""
        sql = (
            "UPDATE team_moves SET cancelled = ?, cancelled_by = ?"
            " WHERE person_id = ? AND applied IS NULL AND cancelled IS NULL"
        )
        return self._rows.change(sql, to_ms(now), by, person) == 1

    def apply(self, move: TeamMove, now: datetime) -> None:
        """Record that a move has happened."""
        self._rows.change("UPDATE team_moves SET applied = ? WHERE id = ?", to_ms(now), move.id)


def _move(row: Row) -> TeamMove:
    ident, person, team_id, team, since, by, leader = row
    leads = None if leader is None else bool(leader)
    return TeamMove(ident, person, team_id, team, date.fromisoformat(since), by, leads)


# --- the day's start


def due(roster: Roster, moves: TeamMoves, today: date) -> bool:
    """Return whether a move, a last day or a return is due."""
    return any(move.since <= today for move in moves.open()) or any(
        _leaves(person, today) or _is_back(person, today) for person in roster.everybody()
    )


def bring_up_to_date(roster: Roster, moves: TeamMoves, today: date, now: datetime) -> tuple[str, ...]:
    """Apply all that is due, also after days without power; return one sentence for each change.

    A change that would put two people of one name into a team waits until one of them has another name.
    """
    done: list[str] = []
    for person in roster.everybody():
        if _leaves(person, today):
            roster.remove_person(person.id)
            done.append(f"{person.name}离开了（最后一天 {person.last_day}）")
    people = {person.id: person for person in roster.everybody()}
    for move in moves.open():
        person = people[move.person_id]
        if move.since > today or taken(roster, person, move.team_id):
            continue
        roster.set_team(person.id, move.team_id, move.since, move.leader)
        moves.apply(move, now)
        done.append(f"{person.name}从{person.team}到了{move.team}")
    for person in roster.everybody():
        if _is_back(person, today) and not taken(roster, person, person.team_id):
            roster.bring_back(person.id)
            done.append(f"{person.name}回来了")
    return tuple(done)


def taken(roster: Roster, person: Person, team: int) -> bool:
    """Return whether another person of that name is in the team."""
    name = tidy_name(person.name)
    return any(
        other.team_id == team and other.id != person.id and tidy_name(other.name) == name
        for other in roster.people()
    )


def _leaves(person: Person, today: date) -> bool:
    return person.active and person.last_day is not None and person.last_day < today


def _is_back(person: Person, today: date) -> bool:
    return not person.active and person.returns is not None and person.returns <= today
