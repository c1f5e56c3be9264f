"""Settings in the store: values, tokens, phone sessions, walls, other cities, frozen results, used phrases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from controller.sales.model import City, Refused
from controller.sales.money import from_fen, to_fen
from controller.sales.rows import Row, Rows, day, from_ms, to_json, to_ms

_REMEMBERED: Final = 50
LONGEST_NAME: Final = 40
_TOKENS: Final = "SELECT name, role, created, used, made_by FROM tokens"
_SESSIONS: Final = (
    "SELECT s.id, s.name, s.address, s.secure, s.created, s.seen, s.role, s.how, s.person_id, p.name"
    " FROM sessions s LEFT JOIN people p ON p.id = s.person_id"
)
BY_PIN, BY_PERSON, BY_PHONE = "pin", "person", "phone"
"""Ways to start a session: the office's PIN, a personal PIN on a shared phone, a code that added the phone."""


@dataclass(frozen=True, slots=True)
class Token:
    """A permission to use the HTTP API in a role. Only the SHA-256 of the token is stored. `made_by`: "" unknown."""

    name: str
    role: str
    created: datetime
    used: datetime | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class PhoneSession:
    """A signed-in phone. `secure`: signed in by HTTPS and valid only there. Only a hash of the secret is stored."""

    id: int
    name: str
    address: str
    secure: bool
    created: datetime
    seen: datetime
    role: str = "assistant"
    how: str = BY_PIN
    person_id: int | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The facts of a new session."""

    name: str
    address: str
    secure: bool
    role: str = "assistant"
    how: str = BY_PIN
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Wall:
    """A known wall: its last request, and the settings chosen for it on the phone."""

    name: str
    seen: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)


class Settings:
    """Settings as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def setting(self, key: str, default: Any = None) -> Any:
        """Return a stored JSON value, or `default`."""
        row = self._rows.one("SELECT value FROM settings WHERE key = ?", key)
        return default if row is None else json.loads(row[0])

    def names(self, prefix: str) -> tuple[str, ...]:
        """Return the names of the stored settings that begin with `prefix`."""
        rows = self._rows.all(
            "SELECT key FROM settings WHERE key >= ? AND key < ?", prefix, f"{prefix}\uffff"
        )
        return tuple(str(row[0]) for row in rows)

    def set_setting(self, key: str, value: object) -> None:
        """Store a JSON value; None deletes it."""
        if value is None:
            self._rows.change("DELETE FROM settings WHERE key = ?", key)
        else:
            sql = "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
            self._rows.change(sql, key, to_json(value))

    def add_token(self, name: str, role: str, secret: str, at: datetime, by: str = "") -> None:
        """Store a token that grants `role`; it replaces an older token with the same name."""
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise Refused(f"令牌的名字应当有 1 到 {LONGEST_NAME} 个字。", field="name")
        self._rows.change(
            "INSERT INTO tokens (name, role, sha256, created, made_by) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO"
            " UPDATE SET role = excluded.role, sha256 = excluded.sha256, created = excluded.created, used = NULL,"
            " made_by = excluded.made_by",
            name, role, _sha256(secret), to_ms(at), by,
        )  # fmt: skip

    def token(self, secret: str) -> Token | None:
        """Return the token with this secret. Looked up by hash, so that timing reveals nothing about other secrets."""
        row = self._rows.one(f"{_TOKENS} WHERE sha256 = ?", _sha256(secret))
        return None if row is None else self._token(row)

    def tokens(self) -> tuple[Token, ...]:
        """Return all tokens, sorted by name."""
        return tuple(self._token(row) for row in self._rows.all(f"{_TOKENS} ORDER BY name"))

    def token_used(self, name: str, at: datetime) -> None:
        """Record when a token was last used."""
        self._rows.change("UPDATE tokens SET used = ? WHERE name = ?", to_ms(at), name)

    def _token(self, row: Row) -> Token:
        name, role, created, used, made_by = row
        zone = self._rows.zone
        return Token(
            name, role, from_ms(created, zone), None if used is None else from_ms(used, zone), made_by
        )

    def open_session(self, secret: str, sign_in: SignIn, at: datetime, most: int) -> None:
        """Store a phone session. When there are more than `most` by PINs, delete those not seen for longest.

        A phone that was added by a code is only deleted by a person.
        """
        self._rows.add(
            "INSERT INTO sessions (sha256, name, address, secure, created, seen, role, how, person_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _sha256(secret), sign_in.name, sign_in.address, int(sign_in.secure), to_ms(at), to_ms(at),
            sign_in.role, sign_in.how, sign_in.person_id,
        )  # fmt: skip
        self._rows.change(
            "DELETE FROM sessions WHERE how <> ? AND id NOT IN"
            " (SELECT id FROM sessions WHERE how <> ? ORDER BY seen DESC, id DESC LIMIT ?)",
            BY_PHONE, BY_PHONE, most,
        )  # fmt: skip

    def session(self, secret: str) -> PhoneSession | None:
        """Return the session with this secret; looked up by hash."""
        row = self._rows.one(f"{_SESSIONS} WHERE s.sha256 = ?", _sha256(secret))
        return None if row is None else self._session(row)

    def sessions(self) -> tuple[PhoneSession, ...]:
        """Return all sessions, the most recently seen first."""
        return tuple(
            self._session(row) for row in self._rows.all(f"{_SESSIONS} ORDER BY s.seen DESC, s.id DESC")
        )

    def session_seen(self, ident: int, at: datetime) -> None:
        """Record when a session was last used."""
        self._rows.change("UPDATE sessions SET seen = ? WHERE id = ?", to_ms(at), ident)

    def end_session(self, ident: int) -> bool:
        """Delete a session; return False when there is none with this id."""
        return self._rows.change("DELETE FROM sessions WHERE id = ?", ident) == 1

    def end_sessions(self, how: str | None = None, person_id: int | None = None) -> int:
        """Delete all sessions, or those started that way, or of that person; return their number."""
        return self._rows.change(
            "DELETE FROM sessions WHERE how = ifnull(?, how) AND (? IS NULL OR person_id = ?)",
            how, person_id, person_id,
        )  # fmt: skip

    def _session(self, row: Row) -> PhoneSession:
        ident, name, address, secure, created, seen, *rest = row
        zone = self._rows.zone
        return PhoneSession(
            ident, name, address, bool(secure), from_ms(created, zone), from_ms(seen, zone), *rest
        )

    def remove_token(self, name: str) -> bool:
        """Delete a token; return False when there is none with this name."""
        return self._rows.change("DELETE FROM tokens WHERE name = ?", name) == 1

    def wall_seen(self, name: str, at: datetime) -> None:
        """Record a request from a wall."""
        sql = (
            "INSERT INTO walls (name, seen, settings) VALUES (?, ?, '{}')"
            " ON CONFLICT DO UPDATE SET seen = excluded.seen"
        )
        self._rows.change(sql, name, to_ms(at))

    def set_wall(self, name: str, settings: Mapping[str, object], at: datetime) -> None:
        """Store the settings of a wall, even before the wall's first request."""
        sql = (
            "INSERT INTO walls (name, seen, settings) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET settings = excluded.settings"
        )
        self._rows.change(sql, name, to_ms(at), to_json(dict(settings)))

    def walls(self) -> tuple[Wall, ...]:
        """Return all known walls, sorted by name."""
        rows = self._rows.all("SELECT name, seen, settings FROM walls ORDER BY name")
        return tuple(Wall(name, from_ms(seen, self._rows.zone), json.loads(s)) for name, seen, s in rows)

    def remove_wall(self, name: str) -> bool:
        """Delete a wall; return False when there is none with this name."""
        return self._rows.change("DELETE FROM walls WHERE name = ?", name) == 1

    def set_city(self, date: date, city: str, rate: Decimal | None, amount: Decimal | None = None) -> None:
        """Store another branch's day; delete it when both figures are None. Raises `Refused` for an invalid rate."""
        if rate is not None and not 0 <= rate <= 100:
            raise Refused("完成率应当在 0% 到 10000% 之间。", field="rate")
        if rate is None and amount is None:
            self._rows.change("DELETE FROM city_results WHERE date = ? AND city = ?", day(date), city)
            return
        self._rows.change(
            "INSERT INTO city_results (date, city, rate_millis, fen) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET rate_millis = excluded.rate_millis, fen = excluded.fen",
            day(date), city, None if rate is None else int(rate * 10_000),
            None if amount is None else to_fen(amount),
        )  # fmt: skip

    def cities(self, date: date) -> tuple[City, ...]:
        """Return the other branches' day, best completion first; `results.rank_cities` gives them places."""
        rows = self._rows.all(
            "SELECT city, rate_millis, fen FROM city_results WHERE date = ?"
            " ORDER BY rate_millis DESC NULLS LAST, fen DESC NULLS LAST, city",
            day(date),
        )  # fmt: skip
        return tuple(
            City(
                0,
                city,
                None if rate is None else Decimal(rate) / 10_000,
                None if fen is None else from_fen(fen),
            )
            for city, rate, fen in rows
        )

    def freeze_results(self, date: date, value: Mapping[str, object], at: datetime) -> bool:
        """Store the day's results; return False and keep the first ones when they were stored before."""
        sql = "INSERT INTO results (date, frozen_at, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return self._rows.change(sql, day(date), to_ms(at), to_json(dict(value))) == 1

    def results(self, date: date) -> dict[str, Any] | None:
        """Return the day's frozen results, or None."""
        row = self._rows.one("SELECT value FROM results WHERE date = ?", day(date))
        if row is None:
            return None
        value: dict[str, Any] = json.loads(row[0])
        return value

    def frozen_at(self, date: date) -> datetime | None:
        """Return when the day's results were frozen, None when they are not."""
        row = self._rows.one("SELECT frozen_at FROM results WHERE date = ?", day(date))
        return None if row is None else from_ms(row[0], self._rows.zone)

    def used(self, kind: str) -> tuple[str, ...]:
        """Return the recently used phrases of a kind, oldest first."""
        sql = "SELECT text FROM used_variants WHERE kind = ? ORDER BY id"
        return tuple(row[0] for row in self._rows.all(sql, kind))

    def use(self, kind: str, text: str, at: datetime) -> None:
        """Record that a phrase was used; keep only the last fifty of its kind."""
        self._rows.change(
            "INSERT INTO used_variants (kind, text, at) VALUES (?, ?, ?)", kind, text, to_ms(at)
        )
        self._rows.change(
            "DELETE FROM used_variants WHERE kind = ? AND id NOT IN"
            " (SELECT id FROM used_variants WHERE kind = ? ORDER BY id DESC LIMIT ?)",
            kind, kind, _REMEMBERED,
        )  # fmt: skip


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
