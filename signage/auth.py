"""Access control: a PIN for people (a session in a cookie), tokens for programs; walls have read access only."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.sales.model import StoreTrouble
from controller.services.auth import SIGNED_IN_FOR
from signage.devices import device_name
from signage.http import MAX_BODY, Denied, body

if TYPE_CHECKING:
    from controller.feed import Feed
    from controller.services.auth import Credentials

log = logging.getLogger(__name__)
deeds = logging.getLogger("zhangu.deeds")
"""Audit log of each caller's actions, for questions such as "Who muted the office?"."""

P = ParamSpec("P")
R = TypeVar("R")

WALL_COOKIE = "zhangu-wall"
PHONE_COOKIE = "zhangu"
SECURE_COOKIE = "__Host-zhangu"
"""For HTTPS. Browsers accept a cookie with this prefix only over HTTPS, so plain HTTP can neither read nor set it."""
_ALL = frozenset({"admin", "assistant", "leader", "director", "program", "wall"})
RIGHTS: dict[str, frozenset[str]] = {
    "read": _ALL,
    "sell": frozenset({"admin", "assistant", "program"}),  # deals, announcements, music
    "targets": frozenset({"admin", "assistant", "program", "leader", "director"}),
    "review": frozenset({"admin", "director"}),  # the day's two reviews
    "pace": frozenset({"admin", "director", "leader"}),  # the rest of the month's target, who is behind
    "duties": frozenset({"admin", "assistant", "director", "leader"}),
    "one_to_ones": frozenset({"director", "leader"}),  # with their notes: no manager, program or assistant
    "manage": frozenset({"admin", "assistant"}),  # people, teams, walls, access
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SUFFIXES = (".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa")
"""Suffixes that cannot be registered on the internet, so no internet page can use such a host name."""
NAME_LIMIT = 20
LOGGED_BODY = 160  # characters of a request body in the audit log
NOT_LOGGED = frozenset({"/api/preview", "/api/deals/preview", "/login", "/logout"})
PRIVATE = "/api/one-to-ones"  # logged without the body: the notes are for leaders and the director only


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. `session`: the id of a phone's session, None for programs."""

    role: str
    name: str
    session: int | None = None


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
        return Caller("assistant", f"{session.name}（{session.id} 号）", session.id) if session else None

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

    def check_host(self) -> None:
        """Raise Denied 421 when the Host header is not a name of this machine.

        Otherwise an internet page whose name points at this machine (DNS rebinding) would count as ours.
        """
        named = request.headers.get("Host")
        if named is None:
            return
        host = (urlsplit(f"//{named}").hostname or "") if re.fullmatch(r"[\w.:\[\]%-]+", named) else ""
        host = host.rstrip(".").lower()
        if host in self._hosts or host.endswith(OWN_SUFFIXES) or _is_address(host):
            return
        raise Denied(
            421,
            f"这台主机不叫“{host[:60]}”。请用它的 IP 地址打开，或者用 zhangu run --hostname 加上这个名字。",
        )


def _is_address(host: str) -> bool:
    try:
        ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True


def _bearer() -> str | None:
    """Return the program's token. A page of another site cannot send one; it could send a name and password."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def require_own_page() -> None:
    """Raise Denied 403 unless a page of this server sent the request: a cookie alone proves nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if site not in (None, "same-origin", "none") or not source or urlsplit(source).netloc != request.host:
        raise Denied(403, "这个请求不是从战鼓的页面发出的，没有执行。")


def needs(right: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view as open only to callers with `right`. Raises KeyError at import for an unknown right."""
    RIGHTS[right]

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            access().check(right)
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


pages = Blueprint("access", __name__)


# ---- signing in


@pages.get("/login")
def login() -> str | Response:
    if access().role() is not None:
        return redirect(url_for("phones.home"))
    return render_template("login.html", fault=None)


@pages.post("/login")
def enter() -> Any:
    require_own_page()
    pin = "".join(request.form.get("pin", "").split())[:32]
    keys, address = access().keys, request.remote_addr or "?"
    try:
        right, wait = keys.attempts.try_pin(address, lambda: keys.check_pin(pin))
        if not right:
            return _turned_away(address, wait)
        named = " ".join(request.form.get("who", "").split())[:NAME_LIMIT]
        name = f"{named} {device_name(request.user_agent.string)}".strip()
        secret = keys.open_session(name, address, request.is_secure)
    except StoreTrouble as trouble:
        return render_template("login.html", fault=trouble.sentence), 503
    deeds.info("%s signs in from %s", name, address)
    answer = redirect(url_for("phones.home"), 303)
    answer.set_cookie(
        access().cookie(),
        secret,
        max_age=SIGNED_IN_FOR,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return answer


def _turned_away(address: str, wait: int) -> Any:
    if wait:
        fault = f"PIN 输错太多次，请 {wait} 秒后再试。"
        return render_template("login.html", fault=fault), 429, {"Retry-After": str(wait)}
    log.warning("wrong PIN from %s", address)
    access().feed.notify()  # phones show wrong PINs
    return render_template("login.html", fault="PIN 不对，请再看一遍主机上写的六位数字。"), 403


@pages.post("/logout")
def leave() -> Response:
    require_own_page()
    caller = access().caller()
    if caller is not None and caller.session is not None:
        access().keys.end_session(caller.session)
        deeds.info("%s signs out", caller.name)
    answer = redirect(url_for("access.login"), 303)
    answer.delete_cookie(
        access().cookie(), path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return answer


# ---- PIN, sessions and tokens: shown and changed on the phone


@pages.get("/api/access")
@needs("manage")
def who_may() -> Response:
    """Return the PIN, the signed-in phones and the tokens, each with its last use."""
    keys, own = access().keys, access().caller()
    return jsonify(
        {
            "pin": keys.pin(),
            "sessions": [
                {
                    "id": session.id,
                    "name": session.name,
                    "address": session.address,
                    "created": session.created.isoformat(timespec="seconds"),
                    "seen": session.seen.isoformat(timespec="seconds"),
                    "own": own is not None and own.session == session.id,
                }
                for session in keys.sessions()
            ],
            "tokens": [
                {
                    "name": token.name,
                    "role": token.role,
                    "created": token.created.isoformat(timespec="seconds"),
                    "used": token.used.isoformat(timespec="seconds") if token.used else None,
                }
                for token in keys.tokens()
            ],
        }
    )


@pages.post("/api/access/pin")
@needs("manage")
def change_pin() -> Response:
    """Set a new PIN; every phone, including this one, has to sign in again."""
    body()
    return jsonify({"pin": access().keys.new_pin()})


@pages.delete("/api/access/sessions/<int:number>")
@needs("manage")
def end_session(number: int) -> Response:
    if not access().keys.end_session(number):
        raise Denied(404, "这台设备没有登录。")
    return jsonify({})


@pages.delete("/api/access/tokens/<name>")
@needs("manage")
def end_token(name: str) -> Response:
    if not access().keys.end_token(name):
        raise Denied(404, "没有这个名字的令牌。")
    return jsonify({})


# ---- audit log


def _note(answer: Response) -> Response:
    """Log the action, its caller and the status of the answer."""
    caller: Caller | None = g.get("caller")
    if caller is not None and request.method not in SAFE and request.path not in NOT_LOGGED:
        readable = request.mimetype == "application/json" and (request.content_length or 0) <= MAX_BODY
        readable = readable and not request.path.startswith(PRIVATE)
        text = request.get_data(as_text=True) if readable else ""
        logged = text if len(text) <= LOGGED_BODY else text[:LOGGED_BODY] + "…"
        where = f"{request.method} {request.path}"
        deeds.info("%s, %s: %s %s -> %d", caller.name, request.remote_addr, where, logged, answer.status_code)
    return answer


def install(
    app: Flask, keys: Credentials, feed: Feed, hosts: frozenset[str] = frozenset(), rehearsal: bool = False
) -> None:
    """Add access control to `app`; sessions last 30 days, and scripts and other sites cannot read their cookies."""
    app.extensions["access"] = Access(keys, feed, hosts, rehearsal)
    app.before_request(lambda: access().check_host())
    app.after_request(_note)
    app.register_blueprint(pages)
