"""The connection to the other cities on the phone: state, joining, what is sent, pause."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.cities.invitation import CODE_LIMIT
from controller.services.cities import CityService
from signage.auth import access, needs
from signage.http import body, flag_of, text_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("cities", __name__)

MINUTE: Final = 60


@pages.get("/api/cities/link")
@needs("manage")
def link() -> Response:
    """Return the state of the connection to head office; never the code."""
    return jsonify(_state(office().cities_link))


def _state(cities: CityService) -> Json:
    joined, state = cities.joined.kept(), cities.state()
    return {
        "joined": joined is not None,
        "org": joined.org if joined else None,
        "branch": joined.branch if joined else None,
        "host": joined.host if joined else None,
        "observer": bool(joined and joined.observer),
        "paused": cities.joined.paused(),
        "names": cities.joined.names(),
        "up": state.up,
        "since": state.since or None,
        "last_up": state.last_up or None,
        "waiting": cities.unsent_count() if joined else 0,
        "problems": list(cities.sentences()),
        "heard": [
            {"city": city, "minutes": int(age // MINUTE)} for city, age in sorted(cities.ages().items())
        ],
        "may": access().may("access"),
    }


@pages.put("/api/cities/link")
@needs("access")
def join() -> Response:
    """`code`: head office's invitation; `replace`: also when it is another organisation's, else 409."""
    fields = body()
    cities = office().cities_link
    cities.join(text_of(fields, "code", CODE_LIMIT), replace=bool(flag_of(fields, "replace")))
    return jsonify(_state(cities))


@pages.delete("/api/cities/link")
@needs("access")
def leave() -> Response:
    """Forget the code and the other cities' documents."""
    office().cities_link.leave()
    return jsonify({})


@pages.patch("/api/cities/link")
@needs("access")
def choose() -> Response:
    """`names`: send names of people; `paused`: no connection until it is false again."""
    fields = body()
    cities = office().cities_link
    cities.joined.choose(
        names=flag_of(fields, "names") if "names" in fields else None,
        paused=flag_of(fields, "paused") if "paused" in fields else None,
    )
    return jsonify(_state(cities))
