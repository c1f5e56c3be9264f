"""Who may do what: a PIN for people (a signed cookie), tokens for programs; walls only look."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from signage.answers import Denied

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

WALL_COOKIE = "zhangu-wall"
SIGNED_IN_FOR = timedelta(days=30)
_ALL = frozenset({"admin", "assistant", "leader", "director", "program", "wall"})
RIGHTS: dict[str, frozenset[str]] = {
    "read": _ALL,
    "sell": frozenset({"admin", "assistant", "program"}),  # deals, announcements, music
    "targets": frozenset({"admin", "assistant", "program", "leader", "director"}),
    "manage": frozenset({"admin", "assistant"}),  # people, teams, walls
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Doorkeeper(Protocol):
    """What access needs of the office. Both compare in constant time."""

    def check_pin(self, pin: str) -> bool: ...

    def token_role(self, token: str) -> str | None: ...


class Slower:
    """Counts wrong PINs of the last minute: `per_address` from one address and `overall` from everywhere.

    Six digits at 30 tries a minute last 23 days on average; who is signed in already is never slowed.
    Safe for threads. `now` gives seconds that never go back.
    """

    def __init__(
        self, per_address: int = 5, overall: int = 30, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_address = per_address
        self._overall = overall
        self._now = now
        self._wrong: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def try_pin(self, address: str, right: Callable[[], bool]) -> bool:
        """What `right` answers; a wrong try is counted. Raises Denied 429 unasked after too many.

        Held under one lock: a hundred tries at once are still counted one by one.
        """
        with self._lock:
            self._refuse_too_many(address)
            if right():
                return True
            self._wrong.append((self._now(), address))
            return False

    def _refuse_too_many(self, address: str) -> None:
        now = self._now()
        while self._wrong and self._wrong[0][0] <= now - 60:
            self._wrong.popleft()
        own = [at for at, who in self._wrong if who == address]
        if len(own) >= self._per_address or len(self._wrong) >= self._overall:
            first = own[0] if len(own) >= self._per_address else self._wrong[0][0]
            wait = max(1, int(first + 60 - now) + 1)
            raise Denied(429, f"PIN 输错太多次，请 {wait} 秒后再试。", retry_after=wait)


class Access:
    """Answers who is asking and whether they may."""

    def __init__(self, door: Doorkeeper, slower: Slower | None = None) -> None:
        self.door = door
        self.slower = slower or Slower()

    def role(self) -> str | None:
        """The role of who is asking: by bearer token, else by signed cookie, else None."""
        if (token := _bearer()) is not None:
            return self.door.token_role(token)
        found = session.get("role")
        return found if isinstance(found, str) else None

    def _wall_role(self) -> str | None:
        """ "wall" for a television that was paired; such a cookie never makes a person of anyone."""
        token = request.cookies.get(WALL_COOKIE, "")
        return "wall" if token and self.door.token_role(token) == "wall" else None

    def known(self) -> bool:
        """Whether a signed-in phone, a program or a paired wall is asking."""
        return (self.role() or self._wall_role()) is not None

    def check(self, right: str) -> None:
        """Raises Denied 401 for a stranger, 403 for a role without `right` or a page of somebody else's."""
        role = self.role() or self._wall_role()
        if role is None:
            raise Denied(401, "请先输入 PIN 登录，或者带上有效的令牌。")
        if role not in RIGHTS[right]:
            raise Denied(403, "这个身份只能看，不能做这件事。")
        if request.method not in SAFE and _bearer() is None:
            require_own_page()


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

        vars(guarded)["check"] = lambda: access().check(right)
        return guarded

    return guard


def access() -> Access:
    """The Access of the app that is answering."""
    found: Access = current_app.extensions["access"]
    return found


pages = Blueprint("access", __name__)


@pages.get("/login")
def login() -> str | Response:
    if access().role() is not None:
        return redirect(url_for("phones.home"))
    return render_template("login.html", fault=None)


@pages.post("/login")
def enter() -> Any:
    require_own_page()
    pin = "".join(request.form.get("pin", "").split())[:32]
    try:
        right = access().slower.try_pin(request.remote_addr or "?", lambda: access().door.check_pin(pin))
    except Denied as denied:
        page = render_template("login.html", fault=denied.sentence)
        return page, denied.status, {"Retry-After": str(denied.retry_after)}
    if not right:
        log.warning("wrong PIN from %s", request.remote_addr)
        return render_template("login.html", fault="PIN 不对，请再看一遍主机上写的六位数字。"), 403
    session.clear()
    session.permanent = True
    session["role"] = "assistant"
    return redirect(url_for("phones.home"), 303)


@pages.post("/logout")
def leave() -> Response:
    require_own_page()
    session.clear()
    return redirect(url_for("access.login"), 303)


def install(app: Flask, door: Doorkeeper, secret: str | bytes, tls: bool = False) -> None:
    """Sessions signed with `secret`, kept 30 days, out of reach of scripts and of other sites."""
    app.secret_key = secret
    app.permanent_session_lifetime = SIGNED_IN_FOR
    app.config.update(
        SESSION_COOKIE_NAME="zhangu",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=tls,
    )
    app.extensions["access"] = Access(door)
    app.register_blueprint(pages)
