"""Pairing: a television shows six digits, the phone confirms them with a name, the television gets a token.

The token has the role "wall": it reads, and can post nothing. A television that was never paired may look all the
same (the LAN may read walls); pairing gives it a name of its own without typing one on a remote control.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from controller.book.model import Refused
from controller.office.keys import Keys

VALID_S = 600.0
MOST = 20


@dataclass(slots=True)
class Pairing:
    """A television that waits: the digits it shows, and once confirmed its name and token."""

    code: str
    until: float
    address: str = ""
    name: str | None = None
    token: str | None = None


class Pairings:
    """Thread-safe; in memory: after a restart a waiting television simply shows other digits."""

    def __init__(self, keys: Keys, now: Callable[[], float] = time.monotonic):
        self._keys, self._now = keys, now
        self._lock = threading.Lock()
        self._waiting: dict[str, Pairing] = {}

    def begin(self, address: str = "") -> tuple[str, str]:
        """(secret, code): the secret is the television's own, the code is for everyone to see.

        Of too many the oldest of the address with the most makes room: nobody can push another's digits out.
        """
        with self._lock:
            self._clear()
            while len(self._waiting) >= MOST:
                (greedy, _), *_ = Counter(found.address for found in self._waiting.values()).most_common(1)
                del self._waiting[
                    next(key for key, found in self._waiting.items() if found.address == greedy)
                ]
            taken = {pairing.code for pairing in self._waiting.values()}
            code = next(c for c in iter(lambda: f"{secrets.randbelow(1_000_000):06d}", "") if c not in taken)
            secret = secrets.token_urlsafe(24)
            self._waiting[secret] = Pairing(code, self._now() + VALID_S, address)
            return secret, code

    def look(self, secret: str) -> Pairing | None:
        """How that television's pairing stands; None when its time is over."""
        with self._lock:
            self._clear()
            return self._waiting.get(secret)

    def collect(self, secret: str) -> Pairing | None:
        """The confirmed pairing, once: the television takes its token and is gone from here."""
        with self._lock:
            self._clear()
            found = self._waiting.get(secret)
            return self._waiting.pop(secret) if found is not None and found.token is not None else None

    def confirm(self, code: str, name: str) -> None:
        """The phone confirms: the television with these digits is `name`. Refused when none shows them."""
        with self._lock:
            self._clear()
            digits = "".join(code.split())
            found = next((p for p in self._waiting.values() if p.code == digits and p.token is None), None)
            if found is None:
                raise Refused("没有屏幕正在显示这个数字，请再看一眼屏幕。", "code")
            found.token = self._keys.make_token(f"wall:{name}"[:40], "wall")
            found.name = name

    def _clear(self) -> None:
        now = self._now()
        for secret in [secret for secret, pairing in self._waiting.items() if pairing.until <= now]:
            del self._waiting[secret]
