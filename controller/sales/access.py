"""Invitations of phones, personal PINs, and the log of changes, in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from controller.sales.rows import Row, Rows, from_ms, to_ms

MOST_INVITATIONS: Final = 20
KEPT_FOR: Final = timedelta(days=731)
KEPT_AT_LEAST: Final = 10_000
KEPT_AT_MOST: Final = 500_000
DELETED_AT_ONCE: Final = 5_000
"""Lines deleted in one transaction: 5,000 take about 20 ms."""
_INVITATIONS: Final = (
    "SELECT i.id, i.role, i.name, i.person_id, p.name, i.boot, i.until_ms FROM invitations i"
    " LEFT JOIN people p ON p.id = i.person_id"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A phone that may be added once. `until_ms`: its end, in milliseconds since the machine's boot `boot`."""

    id: int
    role: str
    name: str
    person_id: int | None
    person: str | None
    boot: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class PersonalPin:
    """A person's PIN for shared phones. `hash`: salt and scrypt hash."""

    person_id: int
    person: str
    team: str
    hidden: bool
    role: str
    hash: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log: when, in which role, who, what, and from which address."""

    id: int
    at: datetime
    role: str
    who: str
    deed: str
    address: str


class AccessTables:
    """Invitations, personal PINs and the log as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    # --- invitations

    def invite(self, link: str, code: str, invited: Invitation) -> None:
        """Store an invitation with the hashes of its link and code; keep only the newest ones."""
        self._rows.add(
            "INSERT INTO invitations (link, code, role, name, person_id, boot, until_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            link, code, invited.role, invited.name, invited.person_id, invited.boot, invited.until_ms,
        )  # fmt: skip
        self._rows.change(
            "DELETE FROM invitations WHERE boot <> ? OR id NOT IN"
            " (SELECT id FROM invitations ORDER BY id DESC LIMIT ?)",
            invited.boot, MOST_INVITATIONS,
        )  # fmt: skip

    def invitation(self, *, link: str = "", code: str = "") -> Invitation | None:
        """Return the invitation with this hash of its link or code."""
        row = self._rows.one(f"{_INVITATIONS} WHERE i.link = ? OR i.code = ?", link, code)
        return None if row is None else Invitation(*row)

    def end_invitation(self, ident: int) -> bool:
        """Delete an invitation; return False when it was used meanwhile."""
        return self._rows.change("DELETE FROM invitations WHERE id = ?", ident) == 1

    def end_invitations(self, role: str | None = None) -> None:
        """Delete all open invitations, or those for `role`."""
        self._rows.change("DELETE FROM invitations WHERE role = ifnull(?, role)", role)

    # --- personal PINs

    def set_pin(self, person_id: int, role: str, hashed: str, at: datetime) -> None:
        """Store the hash of a person's PIN; it replaces an older one."""
        self._rows.change(
            "INSERT INTO personal_pins (person_id, role, hash, created) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET role = excluded.role, hash = excluded.hash, created = excluded.created",
            person_id, role, hashed, to_ms(at),
        )  # fmt: skip

    def remove_pin(self, person_id: int) -> bool:
        """Delete a person's PIN; return False when there is none."""
        return self._rows.change("DELETE FROM personal_pins WHERE person_id = ?", person_id) == 1

    def pins(self) -> tuple[PersonalPin, ...]:
        """Return the personal PINs of active people, sorted by team and person."""
        rows = self._rows.all(
            "SELECT n.person_id, p.name, t.name, p.hidden, n.role, n.hash, n.created FROM personal_pins n"
            " JOIN people p ON p.id = n.person_id AND p.active = 1 JOIN teams t ON t.id = p.team_id"
            " ORDER BY t.id, p.id"
        )
        return tuple(self._pin(row) for row in rows)

    def _pin(self, row: Row) -> PersonalPin:
        person_id, person, team, hidden, role, hashed, created = row
        return PersonalPin(
            person_id, person, team, bool(hidden), role, hashed, from_ms(created, self._rows.zone)
        )

    # --- the log

    def add_change(self, at: datetime, role: str, who: str, deed: str, address: str) -> None:
        """Add a line to the log."""
        self._rows.add(
            "INSERT INTO change_log (at, role, who, deed, address) VALUES (?, ?, ?, ?, ?)",
            to_ms(at), role, who, deed, address,
        )  # fmt: skip

    def changes(self, before: int, most: int) -> tuple[Change, ...]:
        """Return up to `most` lines with an id below `before`, newest first."""
        rows = self._rows.all(
            "SELECT id, at, role, who, deed, address FROM change_log WHERE id < ? ORDER BY id DESC LIMIT ?",
            before, most,
        )  # fmt: skip
        return tuple(Change(ident, from_ms(at, self._rows.zone), *rest) for ident, at, *rest in rows)

    def trim_changes(self, now: datetime) -> int:
        """Delete the oldest lines: two years old or beyond 500,000, never one of the newest 10,000."""
        newest = self._rows.one("SELECT id, at FROM change_log ORDER BY id DESC LIMIT 1")
        if newest is None:
            return 0
        last, last_at = newest
        return self._rows.change(
            "DELETE FROM change_log WHERE id IN (SELECT id FROM change_log WHERE id <= ? AND (id <= ? OR at <= ?)"
            " ORDER BY id LIMIT ?)",
            last - KEPT_AT_LEAST, last - KEPT_AT_MOST, min(to_ms(now), last_at) - _ms(KEPT_FOR),
            DELETED_AT_ONCE,
        )  # fmt: skip

    def name_of(self, kind: str, ident: int) -> str | None:
        """Return the name of a person or team, also of a former one. `kind`: people or teams."""
        sql = {
            "people": "SELECT name FROM people WHERE id = ?",
            "teams": "SELECT name FROM teams WHERE id = ?",
        }
        row = self._rows.one(sql[kind], ident)
        return None if row is None else str(row[0])


def _ms(span: timedelta) -> int:
    """Convert a span to whole milliseconds."""
    return span // timedelta(milliseconds=1)
