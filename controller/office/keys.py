"""Who may come in: the PIN, the tokens, and the secret that signs cookies. Compared in constant time."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from controller.book.store import Store


class Keys:
    """Made at first use and kept in the book, so that a restart locks nobody out."""

    def __init__(self, store: Store):
        self._store = store
        self.local_token = ""

    def pin(self) -> str:
        """Six digits, the same from the first start on."""
        return self._kept("pin", lambda: f"{secrets.randbelow(1_000_000):06d}")

    def secret(self) -> str:
        """Signs the cookies of phones."""
        return self._kept("cookie_secret", lambda: secrets.token_urlsafe(48))

    def check_pin(self, pin: str) -> bool:
        """Whether that is the PIN."""
        return hmac.compare_digest(pin.strip().encode(), self.pin().encode())

    def make_token(self, name: str, role: str) -> str:
        """A new token; an older one of that name ends. Only its hash is kept. Raises Refused for a bad name."""
        token = secrets.token_urlsafe(32)
        with self._store.write() as book:
            book.desk.add_token(name, role, token, datetime.now(UTC))
        return token

    def token_role(self, token: str) -> str | None:
        """The role of a token, None when there is none like it."""
        if self.local_token and hmac.compare_digest(token.encode(), self.local_token.encode()):
            return "admin"
        with self._store.read() as book:
            found = book.desk.token(token)
        return found.role if found else None

    def token_owner(self, token: str) -> str | None:
        """The name a token was made for, None when there is none like it."""
        with self._store.read() as book:
            found = book.desk.token(token)
        return found.name if found else None

    def end_token(self, name: str) -> None:
        """Whoever shows the token of that name is a stranger from now on."""
        with self._store.write() as book:
            book.desk.remove_token(name)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        with self._store.read() as book:
            found = book.desk.setting(name)
        if found is None:
            with self._store.write() as book:
                found = book.desk.setting(name)
                if found is None:
                    found = make()
                    book.desk.set_setting(name, found)
        return str(found)
