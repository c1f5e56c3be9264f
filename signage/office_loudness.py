"""The loudness of the office on the phone: measurements, their effect on announcements, and the usual level.

Its limits: PUT /api/timetable. No route returns or keeps sound: there are only levels.
"""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from signage.auth import needs
from signage.http import body
from signage.office import office

pages = Blueprint("office_loudness", __name__)


@pages.get("/api/office-loudness")
@needs("manage")
def office_loudness() -> Response:
    """Return the present and the usual level, the gain of the next announcement and of the last one, each with why."""
    return jsonify(office().office_loudness.status())


@pages.post("/api/office-loudness")
@needs("manage")
def measure_office() -> Response:
    """Measure now. 202; 422 while it is off or we sound ourselves, 409 while one is under way."""
    body()
    office().office_loudness.measure_now()
    answer = jsonify(office().office_loudness.status())
    answer.status_code = 202
    return answer


@pages.post("/api/office-loudness/usual")
@needs("manage")
def set_usual() -> Response:
    """Take the present level as the usual one. 422 when it has not been measured for ten minutes."""
    body()
    office().office_loudness.set_usual()
    return jsonify(office().office_loudness.status())


@pages.delete("/api/office-loudness/usual")
@needs("manage")
def learn_usual() -> Response:
    """Forget the usual level, and learn it from the next working days."""
    office().office_loudness.learn_again()
    return jsonify(office().office_loudness.status())
