"""The store's tables of duties: ticks, one-to-ones, coaching and team building."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from controller.sales.rows import Row, Rows, day, from_ms, to_ms

_ONE_TO_ONE = "SELECT id, month, person_id, author, at, note FROM one_to_ones"


@dataclass(frozen=True, slots=True)
class Tick:
    """A duty that was done. `subject`: the leader who did it, "" for a duty that is done once for the office."""

    duty: str
    subject: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OneToOne:
    """A one-to-one with a person in a month, with its note."""

    id: int
    month: str
    person_id: int
    author: str
    at: datetime
    note: str


class Duties:
    """Duties as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def tick(self, on: date, new: Tick) -> None:
        """Store that a duty was done; the first tick of a subject stays."""
        sql = "INSERT INTO duty_ticks (date, duty, subject, who, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._rows.change(sql, day(on), new.duty, new.subject, new.who, to_ms(new.at))

    def untick(self, on: date, duty: str, subject: str) -> None:
        """Remove the tick of a duty."""
        sql = "DELETE FROM duty_ticks WHERE date = ? AND duty = ? AND subject = ?"
        self._rows.change(sql, day(on), duty, subject)

    def ticks(self, on: date) -> tuple[Tick, ...]:
        """Return the ticks of a date, oldest first."""
        rows = self._rows.all(
            "SELECT duty, subject, who, at FROM duty_ticks WHERE date = ? ORDER BY at", day(on)
        )
        return tuple(
            Tick(duty, subject, who, from_ms(at, self._rows.zone)) for duty, subject, who, at in rows
        )

    def add_one_to_one(self, month: str, person_id: int, author: str, at: datetime, note: str) -> int:
        """Store a one-to-one and return its id."""
        sql = "INSERT INTO one_to_ones (month, person_id, author, at, note) VALUES (?, ?, ?, ?, ?)"
        return self._rows.add(sql, month, person_id, author, to_ms(at), note)

    def one_to_ones(self, month: str) -> tuple[OneToOne, ...]:
        """Return the one-to-ones of a month, oldest first."""
        return tuple(map(self._one, self._rows.all(f"{_ONE_TO_ONE} WHERE month = ? ORDER BY id", month)))

    def one_to_ones_with(self, person_id: int, since: str) -> tuple[OneToOne, ...]:
        """Return the one-to-ones with a person from the month `since` on, newest first."""
        rows = self._rows.all(
            f"{_ONE_TO_ONE} WHERE person_id = ? AND month >= ? ORDER BY id DESC", person_id, since
        )
        return tuple(map(self._one, rows))

    def one_to_one(self, ident: int) -> OneToOne | None:
        """Return the one-to-one with this id, or None."""
        row = self._rows.one(f"{_ONE_TO_ONE} WHERE id = ?", ident)
        return None if row is None else self._one(row)

    def delete_one_to_one(self, ident: int) -> None:
        """Delete a one-to-one with its note."""
        self._rows.change("DELETE FROM one_to_ones WHERE id = ?", ident)

    def delete_before(self, month: str) -> int:
        """Delete the one-to-ones of all months before `month`; return their number."""
        return self._rows.change("DELETE FROM one_to_ones WHERE month < ?", month)

    def _one(self, row: Row) -> OneToOne:
        ident, month, person_id, author, at, note = row
        return OneToOne(ident, month, person_id, author, from_ms(at, self._rows.zone), note)

    def add_coaching(self, on: date, leader: str, minutes: int, at: datetime) -> None:
        """Add minutes of coaching."""
        sql = "INSERT INTO coaching (date, leader, minutes, at) VALUES (?, ?, ?, ?)"
        self._rows.add(sql, day(on), leader, minutes, to_ms(at))

    def clear_coaching(self, on: date, leader: str) -> None:
        """Remove a leader's minutes of a date."""
        self._rows.change("DELETE FROM coaching WHERE date = ? AND leader = ?", day(on), leader)

    def coaching(self, on: date) -> dict[str, int]:
        """Return the minutes of coaching of a date, by leader."""
        sql = "SELECT leader, sum(minutes) FROM coaching WHERE date = ? GROUP BY leader"
        return dict(self._rows.all(sql, day(on)))

    def add_team_building(self, team_id: int, on: date, who: str, at: datetime) -> None:
        """Store a team building; one a date."""
        sql = "INSERT INTO team_buildings (team_id, date, who, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._rows.change(sql, team_id, day(on), who, to_ms(at))

    def remove_team_building(self, team_id: int, on: date) -> None:
        """Remove a team building that was entered by mistake."""
        self._rows.change("DELETE FROM team_buildings WHERE team_id = ? AND date = ?", team_id, day(on))

    def last_team_buildings(self) -> dict[int, date]:
        """Return the date of each team's last team building, by the team's id."""
        rows = self._rows.all("SELECT team_id, max(date) FROM team_buildings GROUP BY team_id")
        return {team: date.fromisoformat(on) for team, on in rows}
