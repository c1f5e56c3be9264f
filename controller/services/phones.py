"""Phones are added by a link or code that works once; personal PINs are for shared phones. Only hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from controller.names import tidy_name
from controller.sales.access import Invitation, PersonalPin
from controller.sales.model import Conflict, Person, Refused, Unknown
from controller.sales.roles import LEADER, OWNER, PERSONAL_ROLES, PHONE_ROLES, ROLE_NAMES, SALES, outranks
from controller.sales.settings import BY_PERSON, BY_PHONE, SignIn
from controller.sales.store import Session, Store
from controller.system.process import uptime

VALID_S: Final = 600.0
"""Validity of an invitation."""
OWNER_VALID_S: Final = 3600.0
"""Validity of the owner's first link: it is printed at the start, and somebody has to walk to the machine."""
CODE_DIGITS: Final = 8
MOST_PHONES: Final = 300
MOST_PINS: Final = 300
MANY: Final = 10**9  # more than any office's sessions
_SCRYPT_N: Final = 2**14  # 16 MB and about 40 ms on the development machine, 150 ms on a Pi 4


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation, shown once: the secret of its link, and the code for typing."""

    link: str
    code: str
    minutes: int


def hashed(secret: str, salt: str) -> str:
    """Return the scrypt hash of a short secret."""
    return hashlib.scrypt(secret.encode(), salt=salt.encode(), n=_SCRYPT_N, r=8, p=1, maxmem=2**26).hex()


def _link_hash(link: str) -> str:
    return hashlib.sha256(link.encode()).hexdigest()


class Phones:
    """Invitations of phones. Thread-safe. `salt` returns this office's salt for codes."""

    def __init__(
        self, store: Store, salt: Callable[[], str], up: Callable[[], tuple[str, float]] = uptime
    ) -> None:
        self._store, self._salt, self._up = store, salt, up

    def invite(
        self, role: str, person_id: int | None = None, name: str = "", valid_s: float = VALID_S
    ) -> Invited:
        """Invite one phone. Raises Refused for an unknown role or person, or a leader or salesperson
        without a person."""
        if role not in PHONE_ROLES:
            raise Refused(f"手机的身份可以是{'、'.join(ROLE_NAMES[one] for one in PHONE_ROLES)}。", "role")
        if role == LEADER and person_id is None:
            raise Refused("组长的手机要选是哪一位组长：他只能改自己团队的目标。", "person")
        if role == SALES and person_id is None:
            raise Refused("销售的手机要选是谁的：只能报自己的单，记自己的数。", "person")
        link, code = secrets.token_urlsafe(24), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        boot, now_s = self._up()
        until_ms = round((now_s + valid_s) * 1000)
        code_hash = hashed(code, self._salt())
        with self._store.write(quiet=True) as session:
            person = _active(session, person_id)
            session.access.invite(
                _link_hash(link),
                code_hash,
                Invitation(0, role, name, person_id, person.name if person else None, boot, until_ms),
            )
        return Invited(link, code, round(valid_s / 60))

    def invite_owner(self) -> Invited:
        """Invite the owner's phone, for an hour; earlier links for an owner end."""
        with self._store.write(quiet=True) as session:
            session.access.end_invitations(OWNER)
        return self.invite(OWNER, valid_s=OWNER_VALID_S)

    def invite_first_owner(self) -> Invited:
        """Invite the owner's phone where there is none yet; earlier links stay: the box's screen shows one of them.

        The first phone that joins ends the others.
        """
        return self.invite(OWNER, valid_s=OWNER_VALID_S)

    def look(self, *, link: str = "", code: str = "") -> Invitation | None:
        """Return the open invitation with this link or code, None when it is unknown, used or expired."""
        link_hash = _link_hash(link) if link else ""
        code_hash = hashed(code, self._salt()) if code else ""
        with self._store.read() as session:
            invitation = session.access.invitation(link=link_hash, code=code_hash)
        boot, now_s = self._up()
        if invitation is None or invitation.boot != boot or now_s * 1000 > invitation.until_ms:
            return None
        return invitation

    def join(self, invitation: Invitation, device: str, address: str, secure: bool) -> tuple[str, str] | None:
        """Use an invitation; return (the new session's secret, its name), None when it was used meanwhile.

        Raises Refused when there are too many phones.
        """
        secret = secrets.token_urlsafe(32)
        name = f"{invitation.person or invitation.name} {device}".strip()
        sign_in = SignIn(name, address, secure, invitation.role, BY_PHONE, invitation.person_id)
        with self._store.write(quiet=True) as session:
            if sum(one.how == BY_PHONE for one in session.settings.sessions()) >= MOST_PHONES:
                raise Refused(f"已经有 {MOST_PHONES} 台手机，请先移除不用的。")
            if not session.access.end_invitation(invitation.id):
                return None
            if invitation.role == OWNER and not any(one.role == OWNER for one in session.settings.sessions()):
                session.access.end_invitations(OWNER)
            session.settings.open_session(secret, sign_in, datetime.now(UTC), MANY)
        return secret, name

    def forget_all(self) -> None:
        """End all sessions, invitations and personal PINs, for a rehearsal's copy."""
        with self._store.write(quiet=True) as session:
            session.settings.end_sessions()
            session.access.end_invitations()
            for pin in session.access.pins():
                session.access.remove_pin(pin.person_id)


class PersonalPins:
    """Six digits per person, for phones that several people use. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> tuple[PersonalPin, ...]:
        """Return the people with a personal PIN."""
        with self._store.read() as session:
            return session.access.pins()

    def set(self, person_id: int, role: str, by: str) -> tuple[str, str]:
        """Give a person a new PIN; return (name, PIN): it is shown once. `by`: the role of the caller.

        Sessions by an earlier PIN end. Raises Refused, or Conflict for a role or PIN above the caller's.
        """
        if role not in PERSONAL_ROLES:
            names = "、".join(ROLE_NAMES[one] for one in PERSONAL_ROLES)
            raise Refused(f"个人 PIN 的身份可以是{names}；负责人只用自己的手机登录。", "role")
        pin, salt = f"{secrets.randbelow(1_000_000):06d}", secrets.token_hex(8)
        stored = f"{salt}${hashed(pin, salt)}"
        with self._store.write(quiet=True) as session:
            person = _active(session, person_id)
            if person is None:
                raise Unknown(f"名单里没有编号为 {person_id} 的人。", "person")
            known = {one.person_id: one.role for one in session.access.pins()}
            if outranks(role, by) or outranks(known.get(person_id, role), by):
                raise Conflict("不能设比自己更高的身份。", "role")
            if person_id not in known and len(known) >= MOST_PINS:
                raise Refused(f"已经有 {MOST_PINS} 个人有个人 PIN，请先去掉不用的。")
            session.access.set_pin(person_id, role, stored, datetime.now(UTC))
            session.settings.end_sessions(BY_PERSON, person_id)
        return person.name, pin

    def remove(self, person_id: int, by: str) -> str | None:
        """Remove a person's PIN and end the sessions it started; return the name, None without one."""
        with self._store.write(quiet=True) as session:
            known = {one.person_id: one for one in session.access.pins()}
            pin = known.get(person_id)
            if pin is None:
                return None
            if outranks(pin.role, by):
                raise Conflict("这个人的身份比您高，不能由您去掉。")
            session.access.remove_pin(person_id)
            session.settings.end_sessions(BY_PERSON, person_id)
        return pin.person

    def named(self, name: str) -> int | None:
        """Return the id of the only person with this name who has a PIN."""
        wanted = tidy_name(name)
        ids = [pin.person_id for pin in self.all() if tidy_name(pin.person) == wanted] if wanted else []
        return ids[0] if len(ids) == 1 else None

    def check(self, person_id: int, pin: str) -> PersonalPin | None:
        """Return the person's row if the PIN is right. An unknown person takes as long as a wrong PIN."""
        row = next((one for one in self.all() if one.person_id == person_id), None)
        salt, _, right = (row.hash if row else "nobody$").partition("$")
        matches = hmac.compare_digest(hashed(pin, salt), right)
        return row if matches else None

    def sign_in(
        self, row: PersonalPin, device: str, address: str, secure: bool, most: int
    ) -> tuple[str, str]:
        """Start a session of this person on a shared phone; return (its secret, its name)."""
        secret, name = secrets.token_urlsafe(32), f"{row.person} {device}"
        sign_in = SignIn(name, address, secure, row.role, BY_PERSON, row.person_id)
        with self._store.write(quiet=True) as session:
            session.settings.open_session(secret, sign_in, datetime.now(UTC), most)
        return secret, name


def _active(session: Session, person_id: int | None) -> Person | None:
    """Return the active person with this id; None without an id. Raises Refused for an unknown one."""
    if person_id is None:
        return None
    person = next((one for one in session.roster.people() if one.id == person_id), None)
    if person is None:
        raise Refused("名单里没有这个人。", "person")
    return person
