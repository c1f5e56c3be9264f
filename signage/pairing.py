"""`/wall/new`: a TV shows six digits; when the phone confirms them, it becomes a named wall."""

from __future__ import annotations

import io

import segno
from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.services.walls import free_name, is_free
from signage.auth import access, needs
from signage.http import Denied, body, reachable_host_url, text_of
from signage.office import office
from signage.reach import other_address
from signage.screens import wall_name
from signage.sse import NAME_LIMIT

pages = Blueprint("pairing", __name__)

WAITING = "zhangu-pairing"
TEN_YEARS = 10 * 365 * 24 * 3600


@pages.get("/wall/new")
def new() -> Response:
    """Show six digits and how to use them. Redirect a paired TV to its wall."""
    owner = office().keys.token_owner(request.cookies.get(access().wall_cookie(), ""))
    if owner is not None and owner.startswith("wall:") and is_free(owner.removeprefix("wall:")):
        return redirect(url_for("walls.named_wall", name=owner.removeprefix("wall:")))
    secret = request.cookies.get(WAITING, "")
    waiting = office().pairings.find(secret)
    code = waiting.code if waiting is not None else ""
    if waiting is None:
        secret, code = office().pairings.begin(request.remote_addr or "?")
    lang = office().snapshot.glance().walls.default.language
    page = make_response(
        render_template(
            "pair.html", code=code, address=reachable_host_url(), named=other_address(), lang=lang
        )
    )
    page.set_cookie(WAITING, secret, max_age=600, secure=request.is_secure, httponly=True, samesite="Strict")
    return page


@pages.get("/api/pairing")
def progress() -> Response:
    """Answer the waiting TV: {"wall": null}, or its name and, once, the token as a cookie."""
    secret = request.cookies.get(WAITING, "")
    if office().pairings.find(secret) is None:
        raise Denied(410, "这个数字已经过期，请刷新。")
    done = office().pairings.collect(secret)
    answer = jsonify({"wall": done.name if done else None})
    if done is not None and done.token is not None:
        answer.set_cookie(
            access().wall_cookie(),
            done.token,
            max_age=TEN_YEARS,
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
        answer.delete_cookie(WAITING)
    return answer


@pages.post("/api/pairings")
@needs("manage")
def confirm() -> tuple[Response, int]:
    """Confirm `{code, name}` from the phone."""
    fields = body()
    name = free_name(wall_name(text_of(fields, "name", NAME_LIMIT - len("wall:"))))
    office().pairings.confirm(text_of(fields, "code", 12), name)
    return jsonify({"name": name}), 201


@pages.get("/qr.svg")
def qr() -> Response:
    """Return the phone's address as a QR code, by the host of the request, or one that phones can reach.

    `by=name`: by the machine's name, where it has one.
    """
    drawn, named = io.BytesIO(), office().addresses.reach()
    by_name = request.args.get("by") == "name" and named.name
    segno.make(named.urls()[0] if by_name else reachable_host_url(), error="m").save(
        drawn, kind="svg", scale=8, border=2, dark="#120d0b", light="#f3e9d8", xmldecl=False
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")
