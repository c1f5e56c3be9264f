"""Posters (喜报) of a deal and of an award, as pictures to print or to send on."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from signage.auth import needs
from signage.office import office

pages = Blueprint("posters", __name__)


@pages.get("/api/deals/<int:number>/poster")
@needs("read")
def of_deal(number: int) -> Response:
    """Return the poster of a deal as PNG."""
    return _picture(office().posters.of_deal(number), f"deal-{number}")


@pages.get("/api/awards/<int:number>/poster")
@needs("read")
def of_award(number: int) -> Response:
    """Return the poster of a person's award as PNG."""
    return _picture(office().posters.of_award(number), f"award-{number}")


def _picture(drawn: bytes, name: str) -> Response:
    answer = Response(drawn, mimetype="image/png")
    answer.headers["Content-Disposition"] = f'inline; filename="{name}.png"'
    return answer
