"""Addresses of the walls, their reports, and requests from the phone. `wall_state.py` builds their states."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.glance import Glance
from controller.health import for_strangers, on_walls
from signage.auth import access, is_known, needs
from signage.http import STATE, Denied, body, text_of
from signage.language import is_english
from signage.office import office
from signage.reach import reach, searching
from signage.screens import Painted, screens, streams, wall_name
from signage.sse import NAME_LIMIT
from signage.wall_answers import WallAnswers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pages = Blueprint("walls", __name__)


class InTurn:
    """WSGI middleware: build wall states under the lock `turn`, so that they do not delay hints to other walls."""

    def __init__(self, app: WSGIApplication, turn: threading.Lock) -> None:
        self._app = app
        self._turn = turn

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != STATE:
            return self._app(environ, start_response)
        with self._turn:
            return self._app(environ, start_response)


def known(name: str) -> str:
    """Return the name of a wall that is or was connected. Raises Denied 404 for any other."""
    name = office().walls.called(wall_name(name))
    online = screens().painted_by(name) or name in streams().names()
    if not online and name not in [wall.name for wall in office().walls.known()]:
        raise Denied(404, f"没有叫“{name}”的大屏。")
    return name


@pages.get("/wall")
def wall() -> Response:
    return _named("main")


@pages.get("/wall/<name>")
def named_wall(name: str) -> Response:
    return _named(wall_name(name))


def _named(name: str) -> Response:
    called = office().walls.called(name)
    if called != name:
        return redirect(url_for("walls.named_wall", name=called))
    return searching(render_template("wall.html", name=name, build=current_app.jinja_env.globals["build"]))


@pages.get(STATE)
def state() -> Response:
    name = office().walls.called(wall_name(request.args.get("name", "main")))
    build = str(current_app.jinja_env.globals["build"])
    (glance, known), more = _seen_by_caller(), {"wall": screens().wishes(name), "reach": reach()}
    answers: WallAnswers = current_app.extensions["wall answers"]
    if is_english():  # a browser that reads English; an English wall is one by its settings
        return jsonify(answers.whole(glance, name, build, more))
    return Response(answers.text(glance, name, build, known, more), mimetype="application/json")


def _seen_by_caller() -> tuple[Glance, bool]:
    """Return the glance, and whether it names all problems: they are general unless a paired wall, a phone or a
    program asks."""
    glance = office().snapshot.glance()
    if not glance.problems:
        return glance, False
    known, problems = is_known(), on_walls(glance.problems)
    return replace(glance, problems=problems if known else for_strangers(problems)), known


def _bounded(fields: dict[str, Any], field: str, high: int) -> int:
    value = fields.get(field)
    return int(max(0, min(high, value))) if isinstance(value, int | Decimal) else 0


@pages.post("/api/walls/<name>/painted")
def painted(name: str) -> tuple[str, int]:
    """Record a screen's report. Open to every screen on the LAN, so all values are bounded and none is trusted."""
    fields = body()
    now = office().snapshot.glance().now
    report = Painted(
        wall=office().walls.called(wall_name(name)),
        address=request.remote_addr or "?",
        at=now,
        scene=str(fields.get("scene", ""))[:20],
        revision=_bounded(fields, "revision", 2**53),
        delay_ms=None,
        width=_bounded(fields, "width", 20_000),
        height=_bounded(fields, "height", 20_000),
        agent=str(fields.get("agent", ""))[:200],
        no_chinese=fields.get("no_chinese") is True,
    )
    if isinstance(fields.get("delay_ms"), int | Decimal):
        report = replace(report, delay_ms=_bounded(fields, "delay_ms", 3_600_000))
    screens().report(report)
    office().walls.seen(report.wall, now, report.address, access().known())
    return "", 204


@pages.get("/api/walls/<name>/painted")
def last_painted(name: str) -> Response:
    """Return the seconds since each screen of that name last painted; `zhangu kiosk` watches this.

    Only known callers get the screens' addresses.
    """
    name, now, known = office().walls.called(wall_name(name)), office().snapshot.glance().now, is_known()
    return jsonify(
        [
            {"ago_s": (now - report.at).total_seconds(), "scene": report.scene}
            | ({"address": report.address} if known else {})
            for report in screens().all()
            if report.wall == name
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
    """Rename a wall; its page reloads and is redirected to the new name."""
    old, new = known(name), wall_name(text_of(body(), "name", NAME_LIMIT))
    office().walls.rename(old, new)
    screens().forget(old)
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
    """Forget a removed screen; a screen that still runs reappears with its next report."""
    wall = known(name)
    for called in office().walls.forget(wall):
        office().keys.end_token(f"wall:{called}")
    screens().forget(wall)
    return jsonify({})
