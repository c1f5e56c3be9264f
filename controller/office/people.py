"""The people desk: who is there, in which team, with which target."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from controller.book.amounts import parse_amount
from controller.book.model import Person, Refused, Team, Unknown
from controller.book.people import PersonRow
from controller.office.room import Room
from controller.sound.mandarin import parse_say_as


class PeopleDesk:
    """Thread-safe."""

    def __init__(self, room: Room):
        self._room = room

    def people(self) -> tuple[Person, ...]:
        """Everyone who is there, team by team."""
        with self._room.store.read() as book:
            return book.roster.people()

    def teams(self) -> tuple[Team, ...]:
        """The teams, oldest first."""
        with self._room.store.read() as book:
            return book.roster.teams()

    def add(self, row: PersonRow) -> Person:
        """A new person, also beside a namesake in another team. Raises Refused for a bad name or reading."""
        _checked_reading(row.say_as)
        with self._room.store.write() as book:
            return book.roster.save_person(replace(row, namesake=True))[0]

    def update(self, ident: int, **changes: Any) -> Person:
        """Changes what is given of name, team, leader, say_as, hidden, active. Raises Refused."""
        _checked_reading(changes.get("say_as"))
        with self._room.store.write() as book:
            person = book.roster.person(ident)
            if person is None:
                raise Unknown(f"名单里没有编号为 {ident} 的人。", "person")
            known = {
                "name": person.name,
                "team": person.team,
                "leader": person.leader,
                "say_as": person.say_as,
            }
            row = PersonRow(**{name: changes.get(name, value) for name, value in known.items()})
            updated = book.roster.rewrite_person(ident, row)
            if "hidden" in changes:
                book.roster.set_hidden(ident, bool(changes["hidden"]))
            if changes.get("active") is False:
                book.roster.remove_person(ident)
                return updated
            return book.roster.person(ident) or updated

    def set_target(self, team: str, day: date, amount: object) -> None:
        """A team's target of a day. Raises Refused."""
        yuan = parse_amount(amount)
        with self._room.store.write() as book:
            found = book.roster.team(team)
            if found is None:
                raise Refused(f"没有叫“{team}”的团队。", "team")
            book.roster.set_team_target(day, found.id, yuan)


def _checked_reading(say_as: object) -> None:
    if say_as:
        try:
            parse_say_as(str(say_as))
        except ValueError as fault:
            raise Refused(str(fault), "say_as") from fault
