"""The day plans as a calendar that phones and computers subscribe to: its feed and its secret address."""

from __future__ import annotations

import hashlib

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from signage.auth import needs
from signage.http import Denied, body, reachable_host_url
from signage.office import office
from signage.qr import drawn
from signage.serializers import Json

pages = Blueprint("calendar", __name__)


@pages.get("/calendar/<name>")
def feed(name: str) -> Response:
    """Return the next 30 days as iCalendar. The address is the permission: calendar programs send no token."""
    written = office().calendar.feed(name.removesuffix(".ics"))
    if written is None:
        raise Denied(404, "没有这个日历，或者它的地址已经换了。请在手机“设备 → 日历”里看现在的地址。")
    answer = Response(written, content_type="text/calendar; charset=utf-8")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(written).hexdigest()[:32])
    return answer.make_conditional(request)


@pages.get("/api/calendar")
@needs("manage")
def address() -> Response:
    """Return the feed's address and its QR code; null while it is off."""
    return jsonify(_shown(office().calendar.link()))


@pages.post("/api/calendar")
@needs("manage")
def renew() -> tuple[Response, int]:
    """Switch the feed on at a new address; the former one ends at once."""
    body()
    return jsonify(_shown(office().calendar.renew())), 201


@pages.delete("/api/calendar")
@needs("manage")
def end() -> Response:
    """Switch the feed off."""
    office().calendar.end()
    return jsonify(_shown(None))


def _shown(link: str | None) -> Json:
    if link is None:
        return {"address": None, "qr": None}
    address = f"{reachable_host_url()}calendar/{link}.ics"
    return {"address": address, "qr": drawn(address)}
