"""The speaker test on the phone: microphones, the last result, and a test now. Its settings: PUT /api/timetable."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.sound import microphone
from signage.auth import needs
from signage.http import body
from signage.office import office

pages = Blueprint("speaker_test", __name__)


@pages.get("/api/speaker-test")
@needs("manage")
def speaker_test() -> Response:
    """Return the last result, and whether a test is under way."""
    test = office().speaker_test
    last = test.last()
    return jsonify({"running": test.running, "last": asdict(last) if last else None})


@pages.get("/api/speaker-test/microphones")
@needs("manage")
def microphones() -> Response:
    """Return the microphones of the machine by their names; takes a second."""
    return jsonify({"microphones": list(microphone.names())})


@pages.post("/api/speaker-test")
@needs("manage")
def try_speaker() -> Response:
    """Play the tone and listen, now. 202; 422 when nothing may sound, 409 while a test is under way."""
    body()
    office().speaker_test.try_now()
    answer = jsonify({"running": True})
    answer.status_code = 202
    return answer
