"""The people desk: who is there, in which team, with which target."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from controller.book.amounts import parse_amount
from controller.book.model import Person, Refused, Team, Unknown
from controller.book.people import PersonRow, read_list
from controller.book.roster import Imported
from controller.book.store import Store
from controller.names import tidy_name
from controller.office.room import Room
from controller.sound.mandarin import reading_of, unreadable


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
        _checked_reading(row.name, row.say_as)
        with self._room.store.write() as book:
            return book.roster.save_person(replace(row, namesake=True))[0]

    def update(self, ident: int, **changes: Any) -> Person:
        """Changes what is given of name, team, leader, say_as, hidden, active. Raises Refused."""
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
            if {"name", "say_as"} & changes.keys():
                _checked_reading(row.name, row.say_as)
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

    def update_team(self, ident: int, **changes: str | None) -> tuple[Team, str]:
        """Change what is given of name and say_as; with it the name it had. Raises Refused, Conflict, Unknown."""
        with self._room.store.write() as book:
            former = next((team for team in book.roster.teams() if team.id == ident), None)
            if former is None:
                raise Unknown(f"没有编号为 {ident} 的团队。", "team")
            name = changes.get("name") or former.name
            say_as = changes.get("say_as", former.say_as)
            _checked_reading(name, say_as)
            return book.roster.rename_team(ident, name, say_as) or former, former.name

    def remove_team(self, ident: int) -> None:
        """Take an empty team off the list; its deals stay counted. Raises Conflict or Unknown."""
        with self._room.store.write() as book:
            if not book.roster.remove_team(ident):
                raise Unknown(f"没有编号为 {ident} 的团队。", "team")


def import_list(store: Store, data: bytes) -> tuple[Imported, tuple[str, ...]]:
    """Write a list of people down; with it sentences about what to look at. Raises Refused for the whole list."""
    found = read_list(data, reading_of)
    with store.write() as book:
        done = book.roster.import_people(found.rows)
        people = book.roster.people()
    rows = {(row.team, row.name) for row in found.rows}
    mine = [person for person in people if (tidy_name(person.team), person.name) in rows]
    asked = [f"{person.team}的{hint}" for person in mine if (hint := needs_reading(person))]
    return done, (*found.notes, *asked)


def needs_reading(person: Person) -> str | None:
    """The sentence that asks for a reading of a name which no voice can say, None when all is well."""
    if person.say_as or not (rare := unreadable(person.name)):
        return None
    return f"{person.name}：语音不认识“{'、'.join(rare)}”，播报时可能漏字，请填读音。"


def _checked_reading(name: str, say_as: object) -> None:
    if say_as:
        try:
            reading_of(tidy_name(name), str(say_as))
        except ValueError as fault:
            raise Refused(str(fault), "say_as") from fault
