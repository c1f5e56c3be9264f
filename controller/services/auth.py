"""PIN, tokens and sessions, and how often a wrong one may be tried."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from controller.glance import HealthProblem
from controller.sales.model import StoreTrouble
from controller.sales.settings import PhoneSession, Token
from controller.sales.store import Store
from controller.sentences import say

FREE, FREE_IN_A_STORM = 5, 2
STORM = 30  # wrong PINs in an hour, from everywhere
FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 4 * 3600.0
HOUR, DAY = 3600.0, 86400.0
TOLD_FROM = 10
MOST_ADDRESSES = 5000


class SignInLimit:
    """Counts wrong PINs per address; `now` gives seconds that never go back. Thread-safe.

    An address has five tries, then waits a minute, two, four, up to four hours; after 30 wrong ones in an hour from
    everywhere it has two. A new address always has its tries, so that nobody can lock the others out; a network of
    250 addresses guesses one PIN of a million about 2,500 times a day, and the phones say so all the while.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._wrong: dict[str, list[float]] = {}  # by address, the one that tried last at the end
        self._lately: deque[tuple[float, str]] = deque(maxlen=10_000)
        self._lock = threading.Lock()

    def try_pin(self, address: str, right: Callable[[], bool]) -> tuple[bool, int]:
        """(whether `right` said so, 0), or (False, seconds to wait) without asking it.

        One at a time: a hundred tries at once are still counted one by one.
        """
        with self._lock:
            wait = self._wait(address)
            if wait > 0:
                return False, int(wait) + 1
            if right():
                self._wrong.pop(address, None)
                return True, 0
            now = self._now()
            self._wrong[address] = [*self._wrong.pop(address, []), now]
            self._lately.append((now, address))
            while len(self._wrong) > MOST_ADDRESSES:
                del self._wrong[next(iter(self._wrong))]
            return False, 0

    def troubles(self) -> tuple[HealthProblem, ...]:
        """What the phones say when somebody guesses."""
        with self._lock:
            lately = self._last_hour()
        if len(lately) < TOLD_FROM:
            return ()
        places = len({address for _, address in lately})
        return (
            HealthProblem(
                say("pin", times=len(lately), places=places, latest=lately[-1][1]),
                say("pin_meanwhile"),
                say("pin_mend"),
                False,
                generic="过去一小时有人输错了很多次 PIN。",
            ),
        )

    def _last_hour(self) -> list[tuple[float, str]]:
        now = self._now()
        while self._lately and self._lately[0][0] <= now - HOUR:
            self._lately.popleft()
        return list(self._lately)

    def _wait(self, address: str) -> float:
        now = self._now()
        wrong = [at for at in self._wrong.get(address, ()) if at > now - DAY]
        if wrong:
            self._wrong[address] = wrong
        free = FREE if len(self._last_hour()) < STORM else FREE_IN_A_STORM
        if len(wrong) < free:
            return 0.0
        return wrong[-1] + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (len(wrong) - free)) - now


# --- Who may come in

SIGNED_IN_FOR = timedelta(days=30)
MOST_SESSIONS = 300
NOTED_EVERY = timedelta(minutes=10)
"""How exactly the last use of a session or token is known: each note is a write to the card."""


class Credentials:
    """Made at first use and kept in the book, so that a restart locks nobody out. Thread-safe.

    The book is asked each time: what a command revokes ends in the running daemon too. Nothing of it is on a screen, so
    its writes are quiet. `local_token`: what commands on this machine show, "" for none.
    """

    def __init__(self, store: Store, local_token: str = ""):
        self._store, self._local_token = store, local_token
        self._noted: dict[str, datetime] = {}
        self._loose: dict[str, str] = {}
        self._lock = threading.Lock()
        self.attempts = SignInLimit()

    def pin(self) -> str:
        """Six digits, the same until somebody changes it."""
        return self._kept("pin", _six_digits)

    def new_pin(self) -> str:
        """Another PIN; every phone has to sign in again."""
        old, new = self.pin(), _six_digits()
        while new == old:
            new = _six_digits()
        with self._store.write(quiet=True) as book:
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
        with self._store.write(quiet=True) as book:
            book.desk.open_session(secret, name, address, secure, datetime.now(UTC), MOST_SESSIONS)
        return secret

    def session(self, secret: str, secure: bool) -> PhoneSession | None:
        """The session of who shows `secret`; None when it was ended, is 30 days old, or came by the other way.

        A clock that was set back makes nobody a stranger.
        """
        with self._store.read() as book:
            found = book.desk.session(secret)
        now = datetime.now(UTC)
        if found is None or found.secure != secure or now - found.created > SIGNED_IN_FOR:
            return None
        if abs(now - found.seen) > NOTED_EVERY and self._due(f"session {found.id}", now):
            with contextlib.suppress(StoreTrouble), self._store.write(quiet=True) as book:
                book.desk.session_seen(found.id, now)
        return found

    def sessions(self) -> tuple[PhoneSession, ...]:
        """Phones that are signed in, the one seen last first."""
        now = datetime.now(UTC)
        with self._store.read() as book:
            return tuple(found for found in book.desk.sessions() if now - found.created <= SIGNED_IN_FOR)

    def end_session(self, ident: int) -> bool:
        """Sign a phone out; False when it is not signed in."""
        with self._store.write(quiet=True) as book:
            return book.desk.end_session(ident)

    # --- programs and walls

    def make_token(self, name: str, role: str) -> str:
        """A new token; an older one of that name ends. Only its hash is kept. Raises Refused for a bad name."""
        token = secrets.token_urlsafe(32)
        with self._store.write(quiet=True) as book:
            book.desk.add_token(name, role, token, datetime.now(UTC))
        return token

    def token(self, token: str) -> Token | None:
        """Whose token that is, None when there is none like it."""
        now = datetime.now(UTC)
        if self._local_token and hmac.compare_digest(token.encode(), self._local_token.encode()):
            return Token("本机命令", "admin", now)
        with self._store.read() as book:
            found = book.desk.token(token)
        if (
            found
            and (found.used is None or abs(now - found.used) > NOTED_EVERY)
            and self._due(f"token {found.name} {found.created}", now)
        ):
            with contextlib.suppress(StoreTrouble), self._store.write(quiet=True) as book:
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
        with self._store.write(quiet=True) as book:
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
                with self._store.write(quiet=True) as book:
                    found = book.desk.setting(name)
                    if found is None:
                        found = make()
                        book.desk.set_setting(name, found)
            except StoreTrouble:  # until the book can be written: the daemon starts all the same
                found = self._loose.setdefault(name, make())
        return str(found)


def _six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"
