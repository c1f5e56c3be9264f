"""Who may do what: a PIN for people (a session in a cookie), tokens for programs; walls only look."""

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
"""Who did what: the log that is asked when somebody wants to know who muted the office."""

P = ParamSpec("P")
R = TypeVar("R")

WALL_COOKIE = "zhangu-wall"
PHONE_COOKIE = "zhangu"
SECURE_COOKIE = "__Host-zhangu"
"""By HTTPS. Browsers take a cookie of this name from HTTPS only, so that plain HTTP can neither read nor plant it."""
_ALL = frozenset({"admin", "assistant", "leader", "director", "program", "wall"})
RIGHTS: dict[str, frozenset[str]] = {
    "read": _ALL,
    "sell": frozenset({"admin", "assistant", "program"}),  # deals, announcements, music
    "targets": frozenset({"admin", "assistant", "program", "leader", "director"}),
    "manage": frozenset({"admin", "assistant"}),  # people, teams, walls, who may come in
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SUFFIXES = (".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa")
"""Names that no stranger can register, so that no page of the internet can come under them."""
NAME_LIMIT = 20
TOLD_BODY = 160
UNTOLD = frozenset({"/api/preview", "/api/deals/preview", "/login", "/logout"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. `session`: the id of a phone's session, None for programs."""

    role: str
    name: str
    session: int | None = None


class Access:
    """Answers who is asking and whether they may. `hosts`: names by which this machine may be asked.

    In a `rehearsal` cookies have other names: browsers keep them by machine, not by port.
    """

    def __init__(
        self, keys: Credentials, feed: Feed, hosts: frozenset[str] = frozenset(), rehearsal: bool = False
    ) -> None:
        self.keys, self.feed = keys, feed
        self._mark = "-rehearsal" if rehearsal else ""
        own = socket.gethostname().lower()
        self._hosts = hosts | {"localhost", own, own.split(".")[0]}

    def cookie(self) -> str:
        """The name of the phone's cookie, by the way that the request came."""
        return (SECURE_COOKIE if request.is_secure else PHONE_COOKIE) + self._mark

    def wall_cookie(self) -> str:
        """The name of a paired wall's cookie."""
        return WALL_COOKIE + self._mark

    def caller(self) -> Caller | None:
        """Who is asking: by bearer token, else by the phone's cookie, else None. Found out once per request."""
        if "caller" not in g:
            g.caller = self._caller()
        found: Caller | None = g.caller
        return found

    def _caller(self) -> Caller | None:
        if (shown := _bearer()) is not None:
            token = self.keys.token(shown)
            return Caller(token.role, token.name) if token else None
        cookie = request.cookies.get(self.cookie(), "")
        session = self.keys.session(cookie, request.is_secure) if cookie else None
        return Caller("assistant", f"{session.name}（{session.id} 号）", session.id) if session else None

    def role(self) -> str | None:
        """The role of who is asking, None for a stranger."""
        found = self.caller()
        return found.role if found else None

    def _wall_role(self) -> str | None:
        """ "wall" for a television that was paired; such a cookie never makes a person of anyone."""
        token = request.cookies.get(self.wall_cookie(), "")
        return "wall" if token and self.keys.token_role(token) == "wall" else None

    def known(self) -> bool:
        """Whether a signed-in phone, a program or a paired wall is asking."""
        return (self.role() or self._wall_role()) is not None

    def check(self, right: str) -> None:
        """Raises Denied 401 for a stranger, 403 for a role without `right` or a page of somebody else's."""
        self.check_host()
        role = self.role() or self._wall_role()
        if role is None:
            raise Denied(401, "请先输入 PIN 登录，或者带上有效的令牌。")
        if role not in RIGHTS[right]:
            raise Denied(403, "这个身份只能看，不能做这件事。")
        if request.method not in SAFE and _bearer() is None:
            require_own_page()

    def check_host(self) -> None:
        """Raises Denied 421 when this machine is asked by a name that is not its own.

        A page of the internet whose name was pointed at this machine (DNS rebinding) would otherwise pass for ours.
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
    """The token that a program shows. No page of somebody else's can send one; a name and password it can."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def require_own_page() -> None:
    """Raises Denied 403 unless a page of this very server sent the request: a cookie alone proves nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if site not in (None, "same-origin", "none") or not source or urlsplit(source).netloc != request.host:
        raise Denied(403, "这个请求不是从战鼓的页面发出的，没有执行。")


def needs(right: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view that only answers who has `right`. Raises KeyError at import for a right that does not exist."""
    RIGHTS[right]

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            access().check(right)
            return view(*args, **kwargs)

        vars(guarded).update(right=right, check=lambda: access().check(right))
        return guarded

    return guard


def access() -> Access:
    """The Access of the app that is answering."""
    found: Access = current_app.extensions["access"]
    return found


pages = Blueprint("access", __name__)


# ---- the door


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
    access().feed.notify()  # phones show when somebody guesses
    return render_template("login.html", fault="PIN 不对，请再看一遍主机上写的六位数字。"), 403


@pages.post("/logout")
def leave() -> Response:
    require_own_page()
    found = access().caller()
    if found is not None and found.session is not None:
        access().keys.end_session(found.session)
        deeds.info("%s signs out", found.name)
    answer = redirect(url_for("access.login"), 303)
    answer.delete_cookie(
        access().cookie(), path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return answer


# ---- who may come in: told and changed on the phone


@pages.get("/api/access")
@needs("manage")
def who_may() -> Response:
    """The PIN, the phones that are signed in and the tokens, with when each was seen last."""
    keys, own = access().keys, access().caller()
    return jsonify(
        {
            "pin": keys.pin(),
            "sessions": [
                {
                    "id": found.id,
                    "name": found.name,
                    "address": found.address,
                    "created": found.created.isoformat(timespec="seconds"),
                    "seen": found.seen.isoformat(timespec="seconds"),
                    "own": own is not None and own.session == found.id,
                }
                for found in keys.sessions()
            ],
            "tokens": [
                {
                    "name": found.name,
                    "role": found.role,
                    "created": found.created.isoformat(timespec="seconds"),
                    "used": found.used.isoformat(timespec="seconds") if found.used else None,
                }
                for found in keys.tokens()
            ],
        }
    )


@pages.post("/api/access/pin")
@needs("manage")
def change_pin() -> Response:
    """Another PIN; every phone, this one too, has to sign in again."""
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


# ---- who did what


def _note(answer: Response) -> Response:
    """Log what was done, by whom, and how it ended."""
    caller: Caller | None = g.get("caller")
    if caller is not None and request.method not in SAFE and request.path not in UNTOLD:
        readable = request.mimetype == "application/json" and (request.content_length or 0) <= MAX_BODY
        said = request.get_data(as_text=True) if readable else ""
        told = said if len(said) <= TOLD_BODY else said[:TOLD_BODY] + "…"
        where = f"{request.method} {request.path}"
        deeds.info("%s, %s: %s %s -> %d", caller.name, request.remote_addr, where, told, answer.status_code)
    return answer


def install(
    app: Flask, keys: Credentials, feed: Feed, hosts: frozenset[str] = frozenset(), rehearsal: bool = False
) -> None:
    """Give `app` its door; sessions last 30 days, out of reach of scripts and of other sites."""
    app.extensions["access"] = Access(keys, feed, hosts, rehearsal)
    app.before_request(lambda: access().check_host())
    app.after_request(_note)
    app.register_blueprint(pages)
