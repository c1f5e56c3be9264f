"""PIN, tokens and sessions, and the limit of wrong attempts."""

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
    """Count wrong PINs per address; `now` returns monotonic seconds. Thread-safe.

    An address has five tries, then waits a minute, two, four, up to four hours; after 30 wrong PINs in an hour from all
    addresses together it has two. A new address always has its tries, so that an attacker cannot lock others out; a
    network of 250 addresses can try about 2,500 of a million PINs a day, and the phones show a warning meanwhile.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._wrong: dict[str, list[float]] = {}  # by address, the one that tried last at the end
        self._lately: deque[tuple[float, str]] = deque(maxlen=10_000)
        self._lock = threading.Lock()

    def try_pin(self, address: str, right: Callable[[], bool]) -> tuple[bool, int]:
        """Return (result of `right`, 0), or (False, seconds to wait) without calling it.

        One at a time: a hundred simultaneous tries are still counted one by one.
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

    def problems(self) -> tuple[HealthProblem, ...]:
        """Return the health problem that phones show while PINs are being guessed."""
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
                generic=say("pin_generic"),
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


# --- Sign-in and tokens

SIGNED_IN_FOR = timedelta(days=30)
MOST_SESSIONS = 300
NOTED_EVERY = timedelta(minutes=10)
"""Precision of the last use of a session or token: each note is a write to the SD card."""


class Credentials:
    """PIN, cookie secret, sessions and tokens; created at first use and stored, so they survive a restart. Thread-safe.

    The store is read each time, so that a revocation by a command takes effect in the running daemon. Screens show none
    of this, so its writes are quiet. `local_token`: the token of commands on this machine, "" for none.
    """

    def __init__(self, store: Store, local_token: str = ""):
        self._store, self._local_token = store, local_token
        self._noted: dict[str, datetime] = {}
        self._loose: dict[str, str] = {}
        self._lock = threading.Lock()
        self.attempts = SignInLimit()

    def pin(self) -> str:
        """Return the six digits."""
        return self._kept("pin", _six_digits)

    def new_pin(self) -> str:
        """Change the PIN and return it; every phone has to sign in again."""
        old, new = self.pin(), _six_digits()
        while new == old:
            new = _six_digits()
        with self._store.write(quiet=True) as session:
            session.settings.set_setting("pin", new)
            session.settings.end_sessions()
        return new

    def secret(self) -> str:
        """Return the key that signs cookies."""
        return self._kept("cookie_secret", lambda: secrets.token_urlsafe(48))

    def check_pin(self, pin: str) -> bool:
        """Return whether `pin` is the PIN."""
        return hmac.compare_digest(pin.strip().encode(), self.pin().encode())

    # --- phones

    def open_session(self, name: str, address: str, secure: bool) -> str:
        """Sign a phone in and return its session secret. `secure`: it used HTTPS and must keep using it."""
        secret = secrets.token_urlsafe(32)
        with self._store.write(quiet=True) as session:
            session.settings.open_session(secret, name, address, secure, datetime.now(UTC), MOST_SESSIONS)
        return secret

    def session(self, secret: str, secure: bool) -> PhoneSession | None:
        """Return the session with `secret`; None when it was ended, is 30 days old, or `secure` differs.

        A clock that was set back signs no phone out.
        """
        with self._store.read() as session:
            phone = session.settings.session(secret)
        now = datetime.now(UTC)
        if phone is None or phone.secure != secure or now - phone.created > SIGNED_IN_FOR:
            return None
        if abs(now - phone.seen) > NOTED_EVERY and self._due(f"session {phone.id}", now):
            with contextlib.suppress(StoreTrouble), self._store.write(quiet=True) as session:
                session.settings.session_seen(phone.id, now)
        return phone

    def sessions(self) -> tuple[PhoneSession, ...]:
        """Return the sessions of signed-in phones, the one seen last first."""
        now = datetime.now(UTC)
        with self._store.read() as session:
            return tuple(one for one in session.settings.sessions() if now - one.created <= SIGNED_IN_FOR)

    def end_session(self, ident: int) -> bool:
        """Sign a phone out; False when it is not signed in."""
        with self._store.write(quiet=True) as session:
            return session.settings.end_session(ident)

    # --- programs and walls

    def make_token(self, name: str, role: str) -> str:
        """Return a new token and end an older one of that name. Only its hash is stored. Raises Refused for a bad
        name."""
        token = secrets.token_urlsafe(32)
        with self._store.write(quiet=True) as session:
            session.settings.add_token(name, role, token, datetime.now(UTC))
        return token

    def token(self, token: str) -> Token | None:
        """Return the row of a token, None when it is unknown."""
        now = datetime.now(UTC)
        if self._local_token and hmac.compare_digest(token.encode(), self._local_token.encode()):
            return Token("本机命令", "admin", now)
        with self._store.read() as session:
            row = session.settings.token(token)
        if (
            row
            and (row.used is None or abs(now - row.used) > NOTED_EVERY)
            and self._due(f"token {row.name} {row.created}", now)
        ):
            with contextlib.suppress(StoreTrouble), self._store.write(quiet=True) as session:
                session.settings.token_used(row.name, now)
        return row

    def token_role(self, token: str) -> str | None:
        """Return the role of a token, None when it is unknown."""
        row = self.token(token)
        return row.role if row else None

    def token_owner(self, token: str) -> str | None:
        """Return the name of a token, None when it is unknown."""
        with self._store.read() as session:
            row = session.settings.token(token)
        return row.name if row else None

    def tokens(self) -> tuple[Token, ...]:
        """Return all tokens, by name."""
        with self._store.read() as session:
            return session.settings.tokens()

    def end_token(self, name: str) -> bool:
        """Revoke the token of that name; return False when there is none."""
        with self._store.write(quiet=True) as session:
            return session.settings.remove_token(name)

    def _due(self, what: str, now: datetime) -> bool:
        """Return whether a last use may be noted: once in ten minutes, even if the store cannot be written."""
        with self._lock:
            if abs(now - self._noted.get(what, datetime.min.replace(tzinfo=UTC))) <= NOTED_EVERY:
                return False
            if len(self._noted) > 2 * MOST_SESSIONS:
                self._noted.clear()
            self._noted[what] = now
            return True

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        with self._store.read() as session:
            value = session.settings.setting(name)
        if value is None and name in self._loose:
            return self._loose[name]
        if value is None:
            try:
                with self._store.write(quiet=True) as session:
                    value = session.settings.setting(name)
                    if value is None:
                        value = make()
                        session.settings.set_setting(name, value)
            except (
                StoreTrouble
            ):  # keep it in memory until the store can be written: the daemon must start anyway
                value = self._loose.setdefault(name, make())
        return str(value)


def _six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"
