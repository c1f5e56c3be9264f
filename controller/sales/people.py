"""The roster in the store: teams, people and their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from controller.names import tidy_name
from controller.sales.model import LONGEST_NAME, Conflict, Person, PersonRow, Refused, Team
from controller.sales.money import from_fen, to_fen
from controller.sales.people_merge import ADDED, CHANGED, RETURNED, SAME, RowPlan, plan_rows
from controller.sales.rows import Row, Rows, day

_PERSON: Final = (
    "SELECT p.id, p.name, p.team_id, t.name, p.leader, p.say_as, p.hidden, p.photo,"
    " p.birthday, p.joined, p.last_day, p.returns, p.active, p.email"
    " FROM people p JOIN teams t ON t.id = p.team_id"
)


_SET_TARGET: Final = {
    "team": "INSERT INTO team_targets (date, team_id, fen) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET fen = excluded.fen",
    "person": "INSERT INTO person_targets (date, person_id, fen) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET fen = excluded.fen",
}
_IS_THERE: Final = {
    "team": "SELECT 1 FROM teams WHERE id = ? AND active = 1",
    "person": "SELECT 1 FROM people WHERE id = ? AND active = 1",
}
_DELETE_TARGET: Final = {
    "team": "DELETE FROM team_targets WHERE date = ? AND team_id = ?",
    "person": "DELETE FROM person_targets WHERE date = ? AND person_id = ?",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """Result of an import: number of people added, changed and unchanged, and of those who came back."""

    added: int
    changed: int
    same: int
    returned: int = 0


class Roster:
    """Teams, people and targets as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def teams(self) -> tuple[Team, ...]:
        """Return the active teams, oldest first."""
        rows = self._rows.all("SELECT id, name, say_as FROM teams WHERE active = 1 ORDER BY id")
        return tuple(Team(*row) for row in rows)

    def every_team(self) -> tuple[Team, ...]:
        """Return all teams, including removed ones, whose deals remain."""
        rows = self._rows.all("SELECT id, name, say_as, active FROM teams ORDER BY id")
        return tuple(Team(ident, name, say_as, bool(active)) for ident, name, say_as, active in rows)

    def team(self, name: str) -> Team | None:
        """Return the active team with this name in any spelling (see `tidy_name`), or None."""
        tidy, teams = tidy_name(name), self.teams()
        exact = next((team for team in teams if team.name == tidy), None)
        return exact or next((team for team in teams if tidy_name(team.name) == tidy), None)

    def people(self) -> tuple[Person, ...]:
        """Return the active people, including hidden ones, by team, leaders first."""
        rows = self._rows.all(f"{_PERSON} WHERE p.active = 1 ORDER BY t.id, p.leader DESC, p.id")
        return tuple(map(_person, rows))

    def everybody(self) -> tuple[Person, ...]:
        """Return all people, including those who left, whose deals remain."""
        return tuple(map(_person, self._rows.all(f"{_PERSON} ORDER BY p.id")))

    def active_ids(self) -> tuple[int, ...]:
        """Return the ids of the active people."""
        return tuple(row[0] for row in self._rows.all("SELECT id FROM people WHERE active = 1"))

    def person(self, ident: int) -> Person | None:
        """Return the active person with this id, or None."""
        row = self._rows.one(f"{_PERSON} WHERE p.id = ? AND p.active = 1", ident)
        return None if row is None else _person(row)

    def find(self, name: str, team: str | None = None) -> Person:
        """Return the person with this name; `team` selects among namesakes. Raises `Refused` (field "person")."""
        people, in_team = self._named(name), tidy_name(team or "")
        if len(people) > 1:
            people = [person for person in people if tidy_name(person.team) == in_team] or people
        if not people:
            raise Refused(f"名单里没有“{name[:LONGEST_NAME]}”，请重新选择。", field="person")
        if len(people) > 1:
            teams = "、".join(p.team for p in people)
            raise Refused(f"有 {len(people)} 位“{name}”（{teams}），请说明是哪个团队的。", field="person")
        return people[0]

    def save_team(self, name: str, say_as: str | None = None) -> Team:
        """Return the team with this name; add or reactivate it if necessary. `say_as` None keeps the stored one."""
        name = _checked_name(name, "团队名", "team")
        known = self.team(name)
        self._rows.change(
            "INSERT INTO teams (name, say_as) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
            " SET active = 1, say_as = ifnull(excluded.say_as, say_as)",
            known.name if known else name, say_as or None,
        )  # fmt: skip
        team = self.team(name)
        assert team is not None  # noqa: S101  written just now
        return team

    def save_person(self, row: PersonRow) -> tuple[Person, str]:
        """Save a person by team and name; return it with ADDED, RETURNED, CHANGED or SAME (see `plan_rows`).

        An empty `say_as`, `birthday`, `joined` or `email` keeps the stored one.
        """
        row = replace(row, name=_checked_name(row.name, "姓名", "name"))
        (plan,) = self.plan([row])
        return self._apply(plan), plan.what

    def plan(self, rows: Sequence[PersonRow]) -> tuple[RowPlan, ...]:
        """Return the effect of each row, without writing anything."""
        return plan_rows(rows, self.everybody(), self.every_team())

    def _apply(self, plan: RowPlan) -> Person:
        """Write one row of a plan that was made in this transaction."""
        row, known = plan.row, plan.person
        team = self.save_team(row.team)
        if known is None:
            sql = "INSERT INTO people (name, team_id, leader, say_as, birthday, joined) VALUES (?, ?, ?, ?, ?, ?)"
            joined = None if row.joined is None else day(row.joined)
            ident = self._rows.add(sql, row.name, team.id, int(row.leader), row.say_as, row.birthday, joined)
            self.set_email(ident, row.email)
            return self._there(ident)
        if plan.what == RETURNED:
            self.bring_back(known.id)
        if plan.changes:
            self._rows.change(
                "UPDATE people SET name = ?, team_id = ?, leader = ?, say_as = ? WHERE id = ?",
                row.name, team.id, int(row.leader), row.say_as, known.id,
            )  # fmt: skip
            self.set_dates(known.id, row.birthday, row.joined)
            self.set_email(known.id, row.email)
        return self._there(known.id)

    def rewrite_person(self, ident: int, row: PersonRow) -> Person:
        """Replace a person's name, team, leader and reading. Raises `Conflict` when the team already has the name."""
        row = replace(row, name=_checked_name(row.name, "姓名", "name"))
        team = self.save_team(row.team)
        if any(p.team_id == team.id and p.id != ident for p in self._named(row.name)):
            raise Conflict(f"“{row.team}”里已经有一位“{row.name}”。", field="name")
        self._rows.change(
            "UPDATE people SET name = ?, team_id = ?, leader = ?, say_as = ? WHERE id = ?",
            row.name, team.id, int(row.leader), row.say_as or None, ident,
        )  # fmt: skip
        return self._there(ident)

    def import_people(self, rows: Sequence[PersonRow], *, remove_absent: bool = False) -> Imported:
        """Save all rows; idempotent. People who are not in the list stay unless `remove_absent`."""
        checked = [replace(row, name=_checked_name(row.name, "姓名", "name")) for row in rows]
        plans = self.plan(checked)
        there = {plan.person.id for plan in plans if plan.person is not None}
        if remove_absent:
            for person in self.people():
                if person.id not in there:
                    self.remove_person(person.id)
        for plan in plans:
            if plan.what != SAME:
                self._apply(plan)
        done = [plan.what for plan in plans]
        return Imported(*(done.count(what) for what in (ADDED, CHANGED, SAME, RETURNED)))

    def remove_person(self, ident: int) -> bool:
        """Remove a person from the roster; deals and standings keep the name. Return False when there is none."""
        return self._rows.change("UPDATE people SET active = 0 WHERE id = ? AND active = 1", ident) == 1

    def rename_team(self, ident: int, name: str, say_as: str | None = None) -> Team | None:
        """Change a team's name and reading, also for its people, targets and future deals. None when there is no team.

        Earlier deals keep the old name. Raises `Conflict` when another team has the name, also when that team was
        removed, because its deals are counted under the name.
        """
        name = _checked_name(name, "团队名", "team")
        if not any(team.id == ident for team in self.teams()):
            return None
        taken = next((t for t in self.every_team() if tidy_name(t.name) == name and t.id != ident), None)
        if taken is not None:
            gone = "" if taken.active else "（已经去掉，以前的单还记在它名下）"
            raise Conflict(f"已经有一个团队叫“{name}”{gone}，请换一个名字，或把人移过去。", field="team")
        self._rows.change("UPDATE teams SET name = ?, say_as = ? WHERE id = ?", name, say_as or None, ident)
        return next(team for team in self.teams() if team.id == ident)

    def remove_team(self, ident: int) -> bool:
        """Remove an empty team. Raises `Conflict` while it has members; return False when there is no such team."""
        if any(person.team_id == ident for person in self.people()):
            raise Conflict("这个团队里还有人，请先把他们移到别的团队。", field="team")
        sql = (
            "SELECT p.name, m.since FROM team_moves m JOIN people p ON p.id = m.person_id"
            " WHERE m.team_id = ? AND m.applied IS NULL AND m.cancelled IS NULL"
        )
        if (coming := self._rows.one(sql, ident)) is not None:
            since = date.fromisoformat(coming[1])
            raise Conflict(
                f"{coming[0]}从{since.month}月{since.day}日起要到这个团队来，请先取消这次调队。", field="team"
            )
        return self._rows.change("UPDATE teams SET active = 0 WHERE id = ? AND active = 1", ident) == 1

    def set_dates(self, ident: int, birthday: str | None, joined: date | None) -> None:
        """Set birthday ("05-03") and first day of a person."""
        sql = "UPDATE people SET birthday = ?, joined = ? WHERE id = ?"
        self._rows.change(sql, birthday, None if joined is None else day(joined), ident)

    def set_email(self, ident: int, email: str | None) -> None:
        """Set a person's e-mail address."""
        self._rows.change("UPDATE people SET email = ? WHERE id = ?", email, ident)

    def set_absence(self, ident: int, last_day: date | None, returns: date | None) -> None:
        """Set the last day of a person before leaving, and the first day back."""
        sql = "UPDATE people SET last_day = ?, returns = ? WHERE id = ?"
        self._rows.change(
            sql, *(None if value is None else day(value) for value in (last_day, returns)), ident
        )

    def set_team(self, ident: int, team_id: int, since: date, leader: bool | None = None) -> None:
        """Move a person to a team, there as its leader or not (None: as before); deals stay with their team.

        `since`: the first day there. Deals of earlier days that are entered later count for the former team.
        """
        later = (
            "SELECT from_team FROM team_changes WHERE person_id = ? AND since >= ? ORDER BY since, id LIMIT 1"
        )
        former = self._rows.one(later, ident, day(since)) or self._rows.one(
            "SELECT team_id FROM people WHERE id = ? AND team_id <> ?", ident, team_id
        )
        if former is not None:  # a move into the past replaces the moves after it
            self._rows.change(
                "DELETE FROM team_changes WHERE person_id = ? AND since >= ?", ident, day(since)
            )
            self._rows.add(
                "INSERT INTO team_changes (person_id, from_team, since) VALUES (?, ?, ?)",
                ident, former[0], day(since),
            )  # fmt: skip
        sql = "UPDATE people SET team_id = ?, leader = ifnull(?, leader) WHERE id = ?"
        self._rows.change(sql, team_id, None if leader is None else int(leader), ident)

    def bring_back(self, ident: int) -> None:
        """Put a person who left back on the roster, with photo, song and deals."""
        sql = "UPDATE people SET active = 1, last_day = NULL, returns = NULL WHERE id = ?"
        self._rows.change(sql, ident)

    def set_hidden(self, ident: int, hidden: bool) -> bool:
        """Hide a person on screens and rankings, or show them. Return False when there is no such person."""
        return self._rows.change("UPDATE people SET hidden = ? WHERE id = ?", int(hidden), ident) == 1

    def set_photo(self, ident: int, photo: str | None) -> bool:
        """Set the content hash of the person's photo, or None. Return False when there is no such person."""
        return self._rows.change("UPDATE people SET photo = ? WHERE id = ?", photo, ident) == 1

    def set_team_target(self, date: date, team_id: int, amount: Decimal | None) -> None:
        """Set a team's target for a day in yuan; None removes it."""
        self._set_target("team", date, team_id, amount)

    def set_person_target(self, date: date, person_id: int, amount: Decimal | None) -> None:
        """Set a person's target for a day in yuan; None removes it."""
        self._set_target("person", date, person_id, amount)

    def version(self) -> int:
        """Return a number that increases with each change of people, teams or targets."""
        row = self._rows.one("SELECT number FROM roster_version")
        return int(row[0]) if row else 0

    def team_targets(self, since: date, until: date) -> dict[int, Decimal]:
        """Return per team the sum of its day targets in yuan, `since`..`until` both included.

        On a day without a team target, the team's target is the sum of its people's targets, if any.
        """
        return {team: from_fen(fen) for team, fen in self.targets_in_fen(since, until)[1].items()}

    def person_targets(self, since: date, until: date) -> dict[int, Decimal]:
        """Return per person the sum of the day targets in yuan, `since`..`until` both included."""
        return {person: from_fen(fen) for person, fen in self.targets_in_fen(since, until)[0].items()}

    def targets_in_fen(self, since: date, until: date) -> tuple[dict[int, int], dict[int, int]]:
        """Return the target sums in fen, per person and per team."""
        rows = self._rows.all(
            "SELECT g.person_id, p.team_id, sum(g.fen), sum(iif(own.fen IS NULL, g.fen, 0))"
            " FROM person_targets g JOIN people p ON p.id = g.person_id"
            " LEFT JOIN team_targets own ON own.date = g.date AND own.team_id = p.team_id"
            " WHERE g.date BETWEEN ? AND ? GROUP BY g.person_id",
            day(since), day(until),
        )  # fmt: skip
        teams: dict[int, int] = dict(
            self._rows.all(
                "SELECT team_id, sum(fen) FROM team_targets WHERE date BETWEEN ? AND ? GROUP BY team_id",
                day(since), day(until),
            )
        )  # fmt: skip
        for _, team, _, left_to_people in rows:
            teams[team] = teams.get(team, 0) + left_to_people
        return {person: fen for person, _, fen, _ in rows}, {team: fen for team, fen in teams.items() if fen}

    def _set_target(self, who: str, date: date, ident: int, amount: Decimal | None) -> None:
        if amount is None:
            self._rows.change(_DELETE_TARGET[who], day(date), ident)
            return
        known = self._rows.one(_IS_THERE[who], ident)
        if known is None:
            raise Refused("名单里没有这个团队。" if who == "team" else "名单里没有这个人。", field=who)
        self._rows.change(_SET_TARGET[who], day(date), ident, to_fen(amount))

    def _named(self, name: str) -> list[Person]:
        """Return the active people with this name, also those stored before names were normalised."""
        tidy = tidy_name(name)
        rows = self._rows.all(f"{_PERSON} WHERE p.name = ? AND p.active = 1", tidy)
        return [_person(row) for row in rows] or [p for p in self.people() if tidy_name(p.name) == tidy]

    def _there(self, ident: int) -> Person:
        person = self.person(ident)
        assert person is not None  # noqa: S101  written in this transaction
        return person


def _person(row: Row) -> Person:
    (
        ident,
        name,
        team_id,
        team,
        leader,
        say_as,
        hidden,
        photo,
        birthday,
        joined,
        last_day,
        returns,
        active,
        email,
    ) = row
    return Person(
        ident, name, team_id, team, bool(leader), say_as, bool(hidden), photo, birthday,
        _maybe_date(joined), _maybe_date(last_day), _maybe_date(returns), bool(active), email,
    )  # fmt: skip


def _maybe_date(stored: str | None) -> date | None:
    return None if stored is None else date.fromisoformat(stored)


def _checked_name(written: str, what: str, field: str) -> str:
    """Normalise a name. Raises Refused when the result is empty, too long or contains invisible characters."""
    name = tidy_name(written)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"{what}应当有 1 到 {LONGEST_NAME} 个字，不能有控制字符。", field=field)
    return name
