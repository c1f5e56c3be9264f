"""Version, upgrade and the way back on the phone. Only the owner may change the version."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from werkzeug.wrappers import Response

from controller.services.upgrades import Upgrades
from controller.upgrade.mailbox import MOST_PACKAGE
from signage.auth import needs
from signage.files import uploaded
from signage.http import brings
from signage.office import office
from signage.serializers import Json

pages = Blueprint("upgrades", __name__)


def upgrades() -> Upgrades:
    """Return the upgrades of this app's home."""
    made: Upgrades = current_app.extensions.setdefault("upgrades", Upgrades(office().backups.home))
    return made


def _state() -> Json:
    state = upgrades().state()
    last = state.last
    return {
        "installed": state.installed,
        "version": state.version,
        "previous": state.previous or None,
        "busy": state.busy or None,
        "last": {"outcome": last.outcome, "sentence": last.sentence, "at": last.at} if last else None,
    }


@pages.get("/api/upgrade")
@needs("manage")
def state() -> Response:
    """Return the version, the former one, the step in progress, and how the last request ended."""
    return jsonify(_state())


@pages.post("/api/upgrade")
@needs("own")
@brings(MOST_PACKAGE)
def upgrade() -> tuple[Response, int]:
    """Take a signed package; 202: root's program checks it and carries it out."""
    upgrades().upgrade(uploaded(MOST_PACKAGE))
    return jsonify(_state()), 202


@pages.post("/api/rollback")
@needs("own")
def roll_back() -> tuple[Response, int]:
    """Go back to the former version; 202."""
    upgrades().roll_back()
    return jsonify(_state()), 202
