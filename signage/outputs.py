"""The outputs of the machine on the phone: the list, the choice, a test tone, and unmuting the one in use."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.services.outputs import Row
from signage.auth import needs
from signage.http import body, text_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("outputs", __name__)

KEY_LIMIT = 300


def _line(row: Row) -> Json:
    return {
        "key": row.key,
        "name": row.name,
        "kind": row.kind,
        "here": row.here,
        "used": row.used,
        "chosen": row.chosen,
    }


def _state() -> Response:
    outputs = office().outputs
    return jsonify({"automatic": outputs.automatic, "outputs": [_line(row) for row in outputs.rows()]})


@pages.get("/api/outputs")
@needs("own")
def outputs() -> Response:
    """Return the outputs of this machine and the choice."""
    return _state()


@pages.put("/api/outputs")
@needs("own")
def choose_output() -> Response:
    """Play through `output`, a key of the list, from now on; null: the machine's default."""
    fields = body()
    key = None if fields.get("output") is None else text_of(fields, "output", KEY_LIMIT)
    office().outputs.choose(key)
    return _state()


@pages.post("/api/outputs/test")
@needs("own")
def try_output() -> Response:
    """Play the chime through `output`. 422 in quiet time and mute, and when it cannot be opened."""
    office().outputs.test(text_of(body(), "output", KEY_LIMIT))
    return jsonify({})


@pages.post("/api/outputs/unmute")
@needs("manage")
def unmute_output() -> Response:
    """Unmute the output in use in the machine, and raise its volume from 0. 422 when it is not muted, or stays so."""
    office().outputs.unmute()
    return jsonify({})
