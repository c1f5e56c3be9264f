"""The walls' addresses, what they report, what the phone may ask of them. What they show: `scenes.py`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.sales.model import Refused
from signage import wall_state
from signage.api import office
from signage.auth import access, needs
from signage.http import Denied, body, text_of
from signage.sse import NAME_LIMIT, Streams

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pages = Blueprint("walls", __name__)

STATE = "/api/wall"
MAX_SCREENS = 300
IDENTIFY_FOR = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Painted:
    """What one screen said about its last picture.

    `delay_ms`: from the hint to the glass, None unasked. `no_chinese`: it has no font with Chinese characters.
    """

    wall: str
    address: str
    at: datetime
    scene: str
    revision: int
    delay_ms: int | None
    width: int
    height: int
    agent: str
    no_chinese: bool = False


class WallStatus:
    """What screens reported and were asked; in memory, because a living screen reports every 30 s."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._painted: dict[tuple[str, str], Painted] = {}
        self._identify: dict[str, datetime] = {}
        self._reload: dict[str, int] = {}

    def report(self, painted: Painted) -> None:
        with self._lock:
            self._painted.pop((painted.wall, painted.address), None)
            while len(self._painted) >= MAX_SCREENS:  # the address with the most reports pays
                (greedy, _), *_ = Counter(address for _, address in self._painted).most_common(1)
                del self._painted[next(key for key in self._painted if key[1] == greedy)]
            self._painted[(painted.wall, painted.address)] = painted

    def all(self) -> tuple[Painted, ...]:
        """The last report of every screen, by wall name."""
        with self._lock:
            return tuple(sorted(self._painted.values(), key=lambda found: (found.wall, found.address)))

    def identify(self, name: str) -> None:
        self._identify[name] = self._now() + IDENTIFY_FOR

    def reload(self, name: str) -> None:
        self._reload[name] = round(self._now().timestamp() * 1000)

    def forget(self, name: str) -> None:
        with self._lock:
            for key in [key for key in self._painted if key[0] == name]:
                del self._painted[key]

    def painted_by(self, name: str) -> bool:
        with self._lock:
            return any(wall == name for wall, _ in self._painted)

    def wishes(self, name: str) -> dict[str, Any]:
        """What the wall is asked now: `identify` (what to show large), `reload` (obeyed when it changes)."""
        until = self._identify.get(name)
        showing = until is not None and self._now() < until
        return {"identify": name if showing else None, "reload": self._reload.get(name)}


class InTurn:
    """WSGI in between: a wall's state is made in `turn`, so that the first to ask slows no telling of the last."""

    def __init__(self, app: WSGIApplication, turn: threading.Lock) -> None:
        self._app = app
        self._turn = turn

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != STATE:
            return self._app(environ, start_response)
        with self._turn:
            return self._app(environ, start_response)


def streams() -> Streams:
    found: Streams = current_app.extensions["streams"]
    return found


def screens() -> WallStatus:
    found: WallStatus = current_app.extensions["screens"]
    return found


def wall_name(value: str) -> str:
    """A wall's name from an address. Raises Refused when it is empty, too long, or has signs that vanish."""
    name = value.strip()
    if not name or len(name) > NAME_LIMIT or not name.isprintable() or "/" in name:
        raise Refused(f"大屏的名字要有 1 到 {NAME_LIMIT} 个字，不能有“/”。", "name")
    return name


def known(name: str) -> str:
    """The name of a wall that is or was there. Raises Denied 404 for any other."""
    name = office().walls.called(wall_name(name))
    there = screens().painted_by(name) or name in streams().names()
    if not there and name not in [wall.name for wall in office().walls.known()]:
        raise Denied(404, f"没有叫“{name}”的大屏。")
    return name


@pages.get("/wall")
def wall() -> str | Response:
    return _named("main")


@pages.get("/wall/<name>")
def named_wall(name: str) -> str | Response:
    return _named(wall_name(name))


def _named(name: str) -> str | Response:
    called = office().walls.called(name)
    if called != name:
        return redirect(url_for("walls.named_wall", name=called))
    return render_template("wall.html", name=name, build=current_app.jinja_env.globals["build"])


@pages.get(STATE)
def state() -> Response:
    name = office().walls.called(wall_name(request.args.get("name", "main")))
    found = wall_state.wall_state(office().glance(), name, str(current_app.jinja_env.globals["build"]))
    found["wall"].update(screens().wishes(name))
    return jsonify(found)


def _bounded(found: dict[str, Any], field: str, high: int) -> int:
    value = found.get(field)
    return int(max(0, min(high, value))) if isinstance(value, int | Decimal) else 0


@pages.post("/api/walls/<name>/painted")
def painted(name: str) -> tuple[str, int]:
    """Open to every screen on the LAN, so everything in it is bounded and nothing in it is believed."""
    found = body()
    now = office().glance().now
    report = Painted(
        wall=office().walls.called(wall_name(name)),
        address=request.remote_addr or "?",
        at=now,
        scene=str(found.get("scene", ""))[:20],
        revision=_bounded(found, "revision", 2**53),
        delay_ms=None,
        width=_bounded(found, "width", 20_000),
        height=_bounded(found, "height", 20_000),
        agent=str(found.get("agent", ""))[:200],
        no_chinese=found.get("no_chinese") is True,
    )
    if isinstance(found.get("delay_ms"), int | Decimal):
        report = replace(report, delay_ms=_bounded(found, "delay_ms", 3_600_000))
    screens().report(report)
    office().walls.seen(report.wall, now, report.address, access().known())
    return "", 204


@pages.get("/api/walls/<name>/painted")
def last_painted(name: str) -> Response:
    """How many seconds ago each screen of that name has painted: what `zhangu kiosk` watches."""
    name, now = office().walls.called(wall_name(name)), office().glance().now
    return jsonify(
        [
            {"ago_s": (now - found.at).total_seconds(), "scene": found.scene, "address": found.address}
            for found in screens().all()
            if found.wall == name
        ]
    )


@pages.post("/api/walls/<name>/identify")
@needs("manage")
def identify(name: str) -> Response:
    body()
    screens().identify(known(name))
    streams().feed.notify()
    return jsonify({})


@pages.post("/api/walls/<name>/reload")
@needs("manage")
def reload(name: str) -> Response:
    body()
    screens().reload(known(name))
    streams().feed.notify()
    return jsonify({})


@pages.post("/api/walls/<name>/rename")
@needs("manage")
def rename(name: str) -> Response:
    """The page of that wall loads itself anew and finds itself under the new name."""
    found, new = known(name), wall_name(text_of(body(), "name", NAME_LIMIT))
    office().walls.rename(found, new)
    screens().forget(found)
    screens().reload(new)
    streams().feed.notify()
    return jsonify({})


@pages.patch("/api/walls/<name>")
@needs("manage")
def choose(name: str) -> Response:
    """`scene`, `team`, `portrait`, `theme`, `language`, `diagonal`, `distance`; null: as the timetable says."""
    changes = {key: float(value) if isinstance(value, Decimal) else value for key, value in body().items()}
    office().walls.choose(known(name), changes)
    return jsonify({})


@pages.delete("/api/walls/<name>")
@needs("manage")
def forget(name: str) -> Response:
    """A screen that is gone; one that still shows something comes back with its next picture."""
    found = known(name)
    for called in office().walls.forget(found):
        office().keys.end_token(f"wall:{called}")
    screens().forget(found)
    return jsonify({})
