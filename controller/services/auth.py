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

from controller.health import HealthProblem
from controller.names import tidy_name
from controller.sales.model import Conflict, Person, Refused, StoreTrouble
from controller.sales.roles import ADMIN, OWNER, TOKEN_ROLES, outranks
from controller.sales.settings import BY_PERSON, BY_PHONE, BY_PIN, PhoneSession, SignIn, Token
from controller.sales.store import Session, Store
from controller.sentences import say
from controller.services.change_log import ChangeLog
from controller.services.phones import PersonalPins, Phones
from controller.system.process import uptime

FREE, FREE_IN_A_STORM = 5, 2
STORM = 30  # wrong PINs in an hour, from everywhere
FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 4 * 3600.0
HOUR, DAY = 3600.0, 86400.0
REPORTED_FROM = 10
MOST_ADDRESSES = 5000


class SignInLimit:
    """Count wrong PINs per address; `now` returns monotonic seconds. Thread-safe.

    An address has five tries, then waits a minute, two, four, up to four hours; after 30 wrong PINs in an hour from all
    addresses together it has two. A right PIN forgives only wrong tries of the same kind: one PIN cannot be used
    between guesses of another. A new address always has its tries, so that an attacker cannot lock others out; a
    network of 250 addresses can try about 2,500 of a million PINs a day, and the phones show a warning meanwhile.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._wrong: dict[str, list[tuple[float, str]]] = {}  # by address, the one that tried last at the end
        self._lately: deque[tuple[float, str]] = deque(maxlen=10_000)
        self._lock = threading.Lock()

    def try_pin(self, address: str, right: Callable[[], bool], kind: str = "pin") -> tuple[bool, int]:
        """Return (result of `right`, 0), or (False, seconds to wait) without calling it.

        `kind`: which secret is tried, such as the office's PIN or a person's.

        One at a time: a hundred simultaneous tries are still counted one by one.
        """
        with self._lock:
            wait = self._wait(address)
            if wait > 0:
                return False, int(wait) + 1
            wrong = self._wrong.pop(address, [])
            if right():
                if others := [one for one in wrong if one[1] != kind]:
                    self._wrong[address] = others
                return True, 0
            now = self._now()
            self._wrong[address] = [*wrong, (now, kind)]
            self._lately.append((now, address))
            while len(self._wrong) > MOST_ADDRESSES:
                del self._wrong[next(iter(self._wrong))]
            return False, 0

    def problems(self) -> tuple[HealthProblem, ...]:
        """Return the health problem that phones show while PINs are being guessed."""
        with self._lock:
            self._forget_old()
            lately = list(self._lately)
        if len(lately) < REPORTED_FROM:
            return ()
        places = len({address for _, address in lately})
        return (
            HealthProblem(
                say("pin", times=len(lately), places=places, latest=lately[-1][1]),
                say("pin_meanwhile"),
                say("pin_mend"),
                False,
                generic=say("pin_generic"),
                part="access",
                name="pin",
            ),
        )

    def _forget_old(self) -> None:
        """Keep the wrong PINs of the last hour."""
        now = self._now()
        while self._lately and self._lately[0][0] <= now - HOUR:
            self._lately.popleft()

    def _wait(self, address: str) -> float:
        now = self._now()
        wrong = [one for one in self._wrong.get(address, ()) if one[0] > now - DAY]
        if wrong:
            self._wrong[address] = wrong
        self._forget_old()
        free = FREE if len(self._lately) < STORM else FREE_IN_A_STORM
        if len(wrong) < free:
            return 0.0
        return wrong[-1][0] + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (len(wrong) - free)) - now


# --- Sign-in and tokens

SIGNED_IN_FOR = {BY_PIN: timedelta(days=30), BY_PERSON: timedelta(hours=12), BY_PHONE: timedelta(days=180)}
"""Validity of a session by how it started. By PIN it counts from the sign-in; for a phone that was added by a code it
counts from the last use."""
MOST_SESSIONS = 300
MOST_TOKENS = 200
"""Tokens that phones may have made; a command on the machine may make more."""
NOTED_EVERY = timedelta(minutes=10)
"""Precision of the last use of a session or token: each note is a write to the SD card."""


class Credentials:
    """PIN, cookie secret, sessions and tokens; created at first use and stored, so they survive a restart. Thread-safe.

    The store is read each time, so that a revocation by a command takes effect in the running daemon. Screens show none
    of this, so its writes are quiet. `local_token`: the token of commands on this machine, "" for none.

    The office's PIN is the only secret that is stored readably: screens of the machine and of signed-in phones show it.
    """

    def __init__(self, store: Store, local_token: str = "", up: Callable[[], tuple[str, float]] = uptime):
        self._store, self._local_token = store, local_token
        self._noted: dict[str, datetime] = {}
        self._loose: dict[str, str] = {}
        self._lock = threading.Lock()
        self.attempts = SignInLimit()
        self.log = ChangeLog(store)
        self.phones = Phones(store, lambda: self._kept("code_salt", lambda: secrets.token_hex(16)), up)
        self.personal = PersonalPins(store)

    def pin(self) -> str:
        """Return the six digits."""
        return self._kept("pin", _six_digits)

    def new_pin(self) -> str:
        """Change the PIN and return it; every phone that signed in with it has to sign in again."""
        old, new = self.pin(), _six_digits()
        while new == old:
            new = _six_digits()
        with self._store.write(quiet=True) as session:
            session.settings.set_setting("pin", new)
            session.settings.end_sessions(BY_PIN)
        return new

    def pin_on(self) -> bool:
        """Return whether phones may sign in with the office's PIN."""
        with self._store.read() as session:
            return not session.settings.setting("pin_off", False)

    def set_pin_on(self, on: bool) -> None:
        """Switch the office's PIN on or off; off ends its sessions. Raises Conflict without an owner's phone."""
        with self._store.write(quiet=True) as session:
            if not on and not _owners(session):
                raise Conflict(
                    "还没有负责人的手机，关掉 PIN 就没有人进得来了。请先添加一台负责人的手机。", "on"
                )
            session.settings.set_setting("pin_off", None if on else True)
            if not on:
                session.settings.end_sessions(BY_PIN)

    def has_owner(self) -> bool:
        """Return whether a phone of an owner is signed in."""
        with self._store.read() as session:
            return bool(_owners(session))

    def is_last_owner(self, session: int | None = None, person_id: int | None = None) -> bool:
        """Return whether this phone, or the phones of this person, are the only owner's phones."""
        with self._store.read() as opened:
            owners = _owners(opened)
        return bool(owners) and all(
            one.id == session if person_id is None else one.person_id == person_id for one in owners
        )

    def secret(self) -> str:
        """Return the key that signs cookies."""
        return self._kept("cookie_secret", lambda: secrets.token_urlsafe(48))

    def check_pin(self, pin: str) -> bool:
        """Return whether `pin` is the office's PIN and it is on."""
        return hmac.compare_digest(pin.strip().encode(), self.pin().encode()) and self.pin_on()

    # --- phones

    def open_session(self, name: str, address: str, secure: bool) -> str:
        """Sign a phone in by PIN and return its session secret. `secure`: it used HTTPS and must keep using it."""
        secret = secrets.token_urlsafe(32)
        with self._store.write(quiet=True) as session:
            session.settings.open_session(
                secret, SignIn(name, address, secure), datetime.now(UTC), MOST_SESSIONS
            )
        return secret

    def session(self, secret: str, secure: bool) -> PhoneSession | None:
        """Return the session with `secret`; None when it was ended, is too old, or `secure` differs.

        A clock that was set back signs no phone out.
        """
        with self._store.read() as session:
            phone = session.settings.session(secret)
        now = datetime.now(UTC)
        if phone is None or phone.secure != secure or not _valid(phone, now):
            return None
        if abs(now - phone.seen) > NOTED_EVERY and self._due(f"session {phone.id}", now):
            with contextlib.suppress(StoreTrouble), self._store.write(quiet=True) as session:
                session.settings.session_seen(phone.id, now)
        return phone

    def sessions(self) -> tuple[PhoneSession, ...]:
        """Return the sessions of signed-in phones, the one seen last first."""
        now = datetime.now(UTC)
        with self._store.read() as session:
            return tuple(one for one in session.settings.sessions() if _valid(one, now))

    def signed_in(self) -> frozenset[int]:
        """Return the ids of all valid sessions."""
        return frozenset(one.id for one in self.sessions())

    def end_session(self, ident: int) -> bool:
        """Sign a phone out; False when it is not signed in."""
        with self._store.write(quiet=True) as session:
            return session.settings.end_session(ident)

    def remove_phone(self, ident: int, by: str) -> PhoneSession | None:
        """Sign a phone out at the request of a caller with the role `by`; return it, None without one.

        Raises Conflict for a phone of a higher role, and for the last owner's: two owners who remove each other at the
        same moment leave one.
        """
        with self._store.write(quiet=True) as session:
            phone = next((one for one in session.settings.sessions() if one.id == ident), None)
            if phone is None:
                return None
            if outranks(phone.role, by):
                raise Conflict("这台手机的身份比您高，不能由您移除。")
            if [one.id for one in _owners(session)] == [ident]:
                raise Conflict(
                    "这是最后一台负责人的手机，不能移除。请先添加另一台负责人的手机；"
                    "手机丢了，就在主机上用 zhangu owner 再要一个负责人的链接。"
                )
            session.settings.end_session(ident)
        return phone

    def team_of(self, person_id: int | None, name: str) -> str | None:
        """Return the team of a person: by id, else (for a token) of the only person with that name."""
        person = self.person_of(person_id, name)
        return person.team if person else None

    def person_of(self, person_id: int | None, name: str) -> Person | None:
        """Return a person by id, else (for a token) the only one with that name."""
        with self._store.read() as session:
            if person_id is not None:
                return session.roster.person(person_id)
            same = [one for one in session.roster.people() if one.name == tidy_name(name)]
        return same[0] if len(same) == 1 else None

    # --- programs and walls

    def make_token(self, name: str, role: str, by: str = "") -> str:
        """Return a new token and end an older one of that name. Only its hash is stored. Raises Refused for a bad
        name."""
        token = secrets.token_urlsafe(32)
        with self._store.write(quiet=True) as session:
            session.settings.add_token(name, role, token, datetime.now(UTC), by)
        return token

    def new_token(self, name: str, role: str, by: str, by_role: str) -> str:
        """Return a new token that a caller has asked for. Raises Refused, and Conflict for a name that is in use."""
        if role not in TOKEN_ROLES:
            raise Refused("身份要从列出来的里面选。", "role")
        if outranks(role, by_role):
            raise Conflict("不能给程序比自己高的身份。", "role")
        token = secrets.token_urlsafe(32)
        with self._store.write(quiet=True) as session:
            known = {one.name for one in session.settings.tokens()}
            if name in known:
                raise Conflict(f"已经有叫“{name}”的令牌。请换一个名字，或者先作废原来的。", "name")
            if len(known) >= MOST_TOKENS:
                raise Conflict(f"已经有 {MOST_TOKENS} 个令牌，请先作废不用的。", "name")
            session.settings.add_token(name, role, token, datetime.now(UTC), by)
        return token

    def token(self, token: str) -> Token | None:
        """Return the row of a token, None when it is unknown."""
        now = datetime.now(UTC)
        if self._local_token and hmac.compare_digest(token.encode(), self._local_token.encode()):
            return Token("本机命令", ADMIN, now)
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

    def end_token(self, name: str, by: str = OWNER) -> bool:
        """Revoke the token of that name; return False when there is none. Raises Conflict for one of a higher role."""
        with self._store.write(quiet=True) as session:
            token = next((one for one in session.settings.tokens() if one.name == name), None)
            if token is not None and outranks(token.role, by):
                raise Conflict("这个令牌的身份比您高，不能由您作废。")
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


def _valid(phone: PhoneSession, now: datetime) -> bool:
    since = phone.seen if phone.how == BY_PHONE else phone.created
    return now - since <= SIGNED_IN_FOR.get(phone.how, timedelta())


def _owners(session: Session) -> list[PhoneSession]:
    now = datetime.now(UTC)
    return [one for one in session.settings.sessions() if one.role == OWNER and _valid(one, now)]


def _six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"
