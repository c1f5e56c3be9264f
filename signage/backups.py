"""Backups on the phone: when the last one was made, a new one now, and each as a file for the owner."""

from __future__ import annotations

from flask import Blueprint, jsonify, send_file
from werkzeug.wrappers import Response

from signage.auth import needs
from signage.office import office
from signage.serializers import Json

pages = Blueprint("backups", __name__)


@pages.get("/api/backups")
@needs("manage")
def backups() -> Response:
    """Return the backups of this machine, the newest first, the folders, and what is wrong."""
    work = office().backups
    return jsonify(_state(work.busy))


def _state(busy: bool) -> Json:
    work = office().backups
    return {
        "busy": busy,
        "folders": [str(folder) for folder in work.folders()],
        "problems": [problem.what for problem in work.problems()],
        "backups": [
            {"name": one.name, "made": one.made.isoformat(timespec="seconds"), "size": one.size}
            for one in work.all()
        ],
    }


@pages.post("/api/backups")
@needs("manage")
def make_backup() -> tuple[Response, int]:
    """Begin a backup; 202 at once, because a music library takes minutes the first time."""
    office().backups.ask()
    return jsonify(_state(busy=True)), 202


@pages.get("/api/backups/<name>")
@needs("own")
def one_backup(name: str) -> Response:
    """Return a backup's file: the database and the timetable, without music and pictures."""
    file = office().backups.find(name)
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)
