"""The machine's name and addresses for pages: they look for it themselves when its address has changed."""

from __future__ import annotations

import hashlib

from flask import Blueprint, current_app, jsonify, make_response
from werkzeug.wrappers import Response

from signage.http import POLICY, reachable_host_url
from signage.office import office
from signage.serializers import Json

pages = Blueprint("reach", __name__)


def reach() -> Json:
    """Return name, addresses and port, with an id by which a page knows its own machine."""
    now = office().addresses.reach()
    return {"machine": _machine(), "name": now.name, "addresses": list(now.addresses), "port": now.port}


def _machine() -> str:
    secret = current_app.secret_key or ""
    key = secret.encode() if isinstance(secret, str) else secret
    return hashlib.sha256(b"reach:" + key).hexdigest()[:16]


def other_address() -> str:
    """Return the address by the machine's name, "" without one or when the page was opened by it."""
    now = office().addresses.reach()
    return now.urls()[0] if now.name and now.urls()[0] != reachable_host_url() else ""


@pages.get("/api/reach")
def answer() -> Response:
    """Return the machine's name and addresses. Readable by pages of its other addresses; it has no secrets."""
    answer = jsonify(reach())
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def searching(page: str) -> Response:
    """Return a page that may ask other machines at this port: only there a moved machine can be."""
    answer = make_response(page)
    port = office().addresses.reach().port
    answer.headers["Content-Security-Policy"] = POLICY.replace(
        "connect-src 'self'", f"connect-src 'self' http://*:{port}"
    )
    return answer
