"""The parts of the app that pages ask for: the office, and the HTTPS port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

if TYPE_CHECKING:
    from controller.services import Office


def office() -> Office:
    """Return the office that this app serves."""
    current: Office = current_app.extensions["office"]
    return current


def https_port() -> dict[str, Any] | None:
    """Return the HTTPS port for the phone's page, None without HTTPS."""
    tls = current_app.extensions.get("tls")
    return {"port": tls[0]} if tls else None
