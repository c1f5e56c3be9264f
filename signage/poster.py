"""The printable timetable: today's plan on one A3 sheet."""

from __future__ import annotations

from flask import Blueprint, render_template

from controller.rhythm import timetable
from controller.rhythm.called import ROLES
from signage.api import office

pages = Blueprint("poster", __name__)


@pages.get("/poster")
def poster() -> str:
    """The plan of today as a sheet to hang up; on a day off a sheet that says so."""
    glance = office().glance()
    return render_template(
        "poster.html", office=glance.office, plan=timetable.to_json(glance.plan), roles=ROLES
    )
