"""Who may come in: the PIN, the phones that are signed in, the tokens. Compared in constant time, kept as hashes."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from controller.book.desk import Session, Token
from controller.book.model import StoreTrouble
from controller.book.store import Store
from controller.office.attempts import Attempts

SIGNED_IN_FOR = timedelta(days=30)
MOST_SESSIONS = 300
NOTED_EVERY = timedelta(minutes=10)
"""How exactly the last use of a session or token is known: each note is a write to the card."""


class Keys:
    """Made at first use and kept in the book, so that a restart locks nobody out. Thread-safe.

    The book is asked each time: what a command revokes ends in the running daemon too.
    """

    def __init__(self, store: Store):
        self._store = store
        self._noted: dict[str, datetime] = {}
        self._loose: dict[str, str] = {}
        self._lock = threading.Lock()
        self.local_token = ""
        self.attempts = Attempts()

    def pin(self) -> str:
        """Six digits, the same until somebody changes it."""
        return self._kept("pin", _six_digits)

    def new_pin(self) -> str:
        """Another PIN; every phone has to sign in again."""
        old, new = self.pin(), _six_digits()
        while new == old:
            new = _six_digits()
        with self._store.write() as book:
            book.desk.set_setting("pin", new)
            book.desk.end_sessions()
        return new

    def secret(self) -> str:
        """Signs what the web side gives to browsers for safe keeping."""
        return self._kept("cookie_secret", lambda: secrets.token_urlsafe(48))

    def check_pin(self, pin: str) -> bool:
        """Whether that is the PIN."""
        return hmac.compare_digest(pin.strip().encode(), self.pin().encode())

    # --- phones

    def open_session(self, name: str, address: str, secure: bool) -> str:
        """Sign a phone in; what it shows from now on. `secure`: it came by HTTPS, and may come only so."""
        secret = secrets.token_urlsafe(32)
        with self._store.write() as book:
            book.desk.open_session(secret, name, address, secure, datetime.now(UTC), MOST_SESSIONS)
        return secret

    def session(self, secret: str, secure: bool) -> Session | None:
        """The session of who shows `secret`; None when it was ended, is 30 days old, or came by the other way.

        A clock that was set back makes nobody a stranger.
        """
        with self._store.read() as book:
            found = book.desk.session(secret)
        now = datetime.now(UTC)
        if found is None or found.secure != secure or now - found.created > SIGNED_IN_FOR:
            return None
        if abs(now - found.seen) > NOTED_EVERY and self._due(f"session {found.id}", now):
            with contextlib.suppress(StoreTrouble), self._store.write() as book:
                book.desk.session_seen(found.id, now)
        return found

    def sessions(self) -> tuple[Session, ...]:
        """Phones that are signed in, the one seen last first."""
        now = datetime.now(UTC)
        with self._store.read() as book:
            return tuple(found for found in book.desk.sessions() if now - found.created <= SIGNED_IN_FOR)

    def end_session(self, ident: int) -> bool:
        """Sign a phone out; False when it is not signed in."""
        with self._store.write() as book:
            return book.desk.end_session(ident)

    # --- programs and walls

    def make_token(self, name: str, role: str) -> str:
        """A new token; an older one of that name ends. Only its hash is kept. Raises Refused for a bad name."""
        token = secrets.token_urlsafe(32)
        with self._store.write() as book:
            book.desk.add_token(name, role, token, datetime.now(UTC))
        return token

    def token(self, token: str) -> Token | None:
        """Whose token that is, None when there is none like it."""
        now = datetime.now(UTC)
        if self.local_token and hmac.compare_digest(token.encode(), self.local_token.encode()):
            return Token("本机命令", "admin", now)
        with self._store.read() as book:
            found = book.desk.token(token)
        if (
            found
            and (found.used is None or abs(now - found.used) > NOTED_EVERY)
            and self._due(f"token {found.name} {found.created}", now)
        ):
            with contextlib.suppress(StoreTrouble), self._store.write() as book:
                book.desk.token_used(found.name, now)
        return found

    def token_role(self, token: str) -> str | None:
        """The role of a token, None when there is none like it."""
        found = self.token(token)
        return found.role if found else None

    def token_owner(self, token: str) -> str | None:
        """The name a token was made for, None when there is none like it."""
        with self._store.read() as book:
            found = book.desk.token(token)
        return found.name if found else None

    def tokens(self) -> tuple[Token, ...]:
        """Every token, by name."""
        with self._store.read() as book:
            return book.desk.tokens()

    def end_token(self, name: str) -> bool:
        """Whoever shows the token of that name is a stranger from now on; False when there is none."""
        with self._store.write() as book:
            return book.desk.remove_token(name)

    def _due(self, what: str, now: datetime) -> bool:
        """Whether a last use may be noted: tried once in ten minutes, also when the book cannot be written."""
        with self._lock:
            if abs(now - self._noted.get(what, datetime.min.replace(tzinfo=UTC))) <= NOTED_EVERY:
                return False
            if len(self._noted) > 2 * MOST_SESSIONS:
                self._noted.clear()
            self._noted[what] = now
            return True

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        with self._store.read() as book:
            found = book.desk.setting(name)
        if found is None and name in self._loose:
            return self._loose[name]
        if found is None:
            try:
                with self._store.write() as book:
                    found = book.desk.setting(name)
                    if found is None:
                        found = make()
                        book.desk.set_setting(name, found)
            except StoreTrouble:  # until the book can be written: the daemon starts all the same
                found = self._loose.setdefault(name, make())
        return str(found)


def _six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"
