"""Access control: roles and their rights, sessions of phones in a cookie, tokens for programs; walls only read."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request

from controller.names import same_name
from controller.sales.model import StoreTrouble
from controller.sales.roles import ROLE_NAMES
from signage.http import Denied

if TYPE_CHECKING:
    from controller.feed import Feed
    from controller.sales.model import Person
    from controller.services.auth import Credentials

P = ParamSpec("P")
R = TypeVar("R")

WALL_COOKIE = "zhangu-wall"
PHONE_COOKIE = "zhangu"
SECURE_COOKIE = "__Host-zhangu"
"""For HTTPS. Browsers accept a cookie with this prefix only over HTTPS, so plain HTTP can neither read nor set it."""
_OWNER = frozenset({"owner", "admin"})  # admin: the former name of an owner's token
_MANAGERS = _OWNER | {"manager"}
_OFFICE = _MANAGERS | {"assistant"}
_ALL = _OFFICE | {"director", "leader", "sales", "program", "wall"}
RIGHTS: dict[str, frozenset[str]] = {
    "read": _ALL,
    "sell": _OFFICE | {"program"},  # deals, announcements, music
    "propose": _OFFICE | {"director", "leader", "sales", "program"},  # deals that wait for the assistant
    "targets": _OFFICE | {"director", "leader", "program"},
    "cities": _OFFICE | {"director", "program"},
    "plan": _OFFICE | {"director"},  # exceptions of a day's plan
    "contests": _MANAGERS | {"director"},
    "timetable": _OFFICE,  # read and edit the timetable file
    "manage": _OFFICE,  # people, teams, walls, the office's PIN and its phones
    "access": _MANAGERS,  # phones and personal PINs
    "log": _MANAGERS,
    "own": _OWNER,
    "review": _MANAGERS | {"director"},  # the day's two reviews
    "measures": _OFFICE | {"leader", "sales", "program"},  # numbers beside the deals
    "pace": _MANAGERS | {"director", "leader"},  # the rest of the month's target, who is behind
    "duties": _OFFICE | {"director", "leader"},
    "one_to_ones": frozenset({"director", "leader"}),  # with their notes: no manager, program or assistant
}
"""The roles of each right. A role outside a line gets 403 from each route that needs the right."""
TEAM_ONLY = frozenset({"leader"})
"""Roles that may change only their own team: each route they may write to names its team, see `needs`."""
SELF_ONLY = frozenset({"sales"})
"""Roles that may change only what is their own: each route that they may write to names its person, see `needs`."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SUFFIXES = (".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa")
"""Suffixes that cannot be registered on the internet, so no internet page can use such a host name."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. `session`, `how`, `person_id`: of a phone's session, None for programs."""

    role: str
    name: str
    session: int | None = None
    how: str | None = None
    person_id: int | None = None


class Access:
    """Identify the caller and check rights. `hosts`: further host names accepted for this machine.

    In a `rehearsal` cookies have other names: browsers keep them by host, not by port.
    """

    def __init__(
        self, keys: Credentials, feed: Feed, hosts: frozenset[str] = frozenset(), rehearsal: bool = False
    ) -> None:
        self.keys, self.feed = keys, feed
        self._mark = "-rehearsal" if rehearsal else ""
        own = socket.gethostname().lower()
        self._hosts = hosts | {"localhost", own, own.split(".")[0]}

    def cookie(self) -> str:
        """Return the name of the phone's cookie, which depends on whether the request came over HTTPS."""
        return (SECURE_COOKIE if request.is_secure else PHONE_COOKIE) + self._mark

    def wall_cookie(self) -> str:
        """Return the name of a paired wall's cookie."""
        return WALL_COOKIE + self._mark

    def caller(self) -> Caller | None:
        """Return the caller by bearer token, else by the phone's cookie, else None. Looked up once per request."""
        if "caller" not in g:
            g.caller = self._caller()
        cached: Caller | None = g.caller
        return cached

    def _caller(self) -> Caller | None:
        if (shown := _bearer()) is not None:
            token = self.keys.token(shown)
            return Caller(token.role, token.name) if token else None
        cookie = request.cookies.get(self.cookie(), "")
        session = self.keys.session(cookie, request.is_secure) if cookie else None
        if session is None:
            return None
        name = f"{session.name}（{session.id} 号）"
        return Caller(session.role, name, session.id, session.how, session.person_id)

    def may(self, right: str) -> bool:
        """Return whether the caller has a right: for pages that show only what can be done."""
        return (self.role() or self._wall_role()) in RIGHTS[right]

    def role(self) -> str | None:
        """Return the caller's role, None for an unknown caller."""
        caller = self.caller()
        return caller.role if caller else None

    def _wall_role(self) -> str | None:
        """Return "wall" for a paired TV; its cookie never grants a person's role."""
        token = request.cookies.get(self.wall_cookie(), "")
        return "wall" if token and self.keys.token_role(token) == "wall" else None

    def known(self) -> bool:
        """Return whether the caller is a signed-in phone, a program or a paired wall."""
        return (self.role() or self._wall_role()) is not None

    def check(self, right: str) -> None:
        """Raise Denied 401 for an unknown caller, 403 for a role without `right` or a request from another site."""
        self.check_host()
        role = self.role() or self._wall_role()
        if role is None:
            raise Denied(401, "请先输入 PIN 登录，或者带上有效的令牌。")
        if role not in RIGHTS[right]:
            raise Denied(403, "这个身份只能看，不能做这件事。")
        if request.method not in SAFE and _bearer() is None:
            require_own_page()

    def team(self) -> str | None:
        """Return the team of the caller's person, None without one."""
        caller = self.caller()
        return self.keys.team_of(caller.person_id, caller.name) if caller else None

    def check_team(self, team: object) -> None:
        """Raise Denied 403 when a leader's request is about another team than the leader's own."""
        if self.role() not in TEAM_ONLY or not isinstance(team, str) or not team.strip():
            return  # without a team the view refuses the request
        own = self.team()
        if own is None:
            raise Denied(403, "不知道这是哪一队的组长：手机要选人，令牌的名字要和名单里的组长一样。")
        if not same_name(team, own):
            raise Denied(403, f"组长只能改自己的团队，您的团队是{own}。")

    def person(self) -> Person | None:
        """Return the caller's person, for a token the only one with its name; None without one."""
        caller = self.caller()
        return self.keys.person_of(caller.person_id, caller.name) if caller else None

    def check_person(self, people: Iterable[object]) -> None:
        """Raise Denied 403 when a salesperson's request is about other people (ids or names) than the own one."""
        wanted = [one for one in people if one is not None]
        if self.role() not in SELF_ONLY or not wanted:
            return  # without a person the view refuses the request
        own = self.person()
        if own is None:
            raise Denied(403, "不知道这是谁的手机：添加手机时要选人，令牌的名字要和名单里的一样。")
        if any(one != own.id and not same_name(str(one), own.name) for one in wanted):
            raise Denied(403, f"销售的手机只能报自己的单，记自己的数。这是{own.name}的手机。")

    def me(self) -> dict[str, Any]:
        """Return the caller's role, person's team and rights, so that a page hides everything else."""
        role = self.role() or ""
        return {
            "role": role,
            "role_name": ROLE_NAMES.get(role, role),
            "team": self.team() if role in TEAM_ONLY | SELF_ONLY else None,
            "person": own.id if role in SELF_ONLY and (own := self.person()) else None,
            "last_owner": self._is_last_owner(),
            "rights": [right for right, roles in RIGHTS.items() if role in roles],
        }

    def _is_last_owner(self) -> bool:
        """Return whether this phone is the only owner's: its sign-out is asked about."""
        caller = self.caller()
        if caller is None or caller.role != "owner" or caller.session is None:
            return False
        return self.keys.is_last_owner(caller.session)

    def check_host(self) -> None:
        """Raise Denied 421 when the Host header is not a name of this machine.

        Otherwise an internet page whose name points at this machine (DNS rebinding) would count as ours.
        """
        named = request.headers.get("Host")
        if named is None:
            return
        host = _host_of(named).rstrip(".").lower()
        if host in self._hosts or host.endswith(OWN_SUFFIXES) or _is_address(host):
            return
        raise Denied(
            421,
            f"这台主机不叫“{host[:60]}”。请用它的 IP 地址打开，或者用 zhangu run --hostname 加上这个名字。",
        )


def _host_of(named: str) -> str:
    """Return the host of a Host header; "" when it is none, also with a bracket that is not closed."""
    if not re.fullmatch(r"[\w.:\[\]%-]+", named):
        return ""
    try:
        return urlsplit(f"//{named}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True


def _place_of(address: str) -> str:
    """Return host and port of an address, "" when it is none."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _bearer() -> str | None:
    """Return the program's token. A page of another site cannot send one; it could send a name and password."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def require_own_page() -> None:
    """Raise Denied 403 unless a page of this server sent the request: a cookie alone proves nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if site not in (None, "same-origin", "none") or not source or _place_of(source) != request.host:
        raise Denied(403, "这个请求不是从战鼓的页面发出的，没有执行。")


def needs(
    right: str,
    team: Callable[[], object] | None = None,
    person: Callable[[], Iterable[object]] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view as open only to callers with `right`; `team` and `person` return whom the request changes.

    Raises at import: KeyError for an unknown right, ValueError for a right of leaders without `team`, or of
    salespeople without `person`.
    """
    if right != "read" and person is None and RIGHTS[right] & SELF_ONLY:
        raise ValueError(
            f"{right}: salespeople have this right for themselves, so the route must name the person"
        )
    if right != "read" and team is None and RIGHTS[right] & TEAM_ONLY:
        raise ValueError(
            f"{right}: leaders have this right for their own team, so the route must name the team"
        )

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            access().check(right)
            if team is not None:
                access().check_team(team())
            if person is not None:
                access().check_person(person())
            return view(*args, **kwargs)

        vars(guarded).update(right=right, check=lambda: access().check(right))
        return guarded

    return guard


def is_known() -> bool:
    """Return whether the caller is known; while the store cannot be read, return False without an error."""
    try:
        return access().known()
    except StoreTrouble:
        return False


def access() -> Access:
    """Return the Access of the current app."""
    current: Access = current_app.extensions["access"]
    return current


def author() -> str:
    """Return the caller's name, for the record."""
    caller = access().caller()
    return caller.name if caller else ""


def install(
    app: Flask, keys: Credentials, feed: Feed, hosts: frozenset[str] = frozenset(), rehearsal: bool = False
) -> None:
    """Add access control to `app`; scripts and other sites cannot read the sessions' cookies."""
    app.extensions["access"] = Access(keys, feed, hosts, rehearsal)
    app.before_request(lambda: access().check_host())
