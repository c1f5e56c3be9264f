"""The printable timetable: the usual working day on one A3 sheet."""

from __future__ import annotations

from flask import Blueprint, render_template

from controller.timetable.labels import ROLES
from controller.timetable.plan import to_json
from signage.office import office

pages = Blueprint("poster", __name__)


@pages.get("/poster")
def poster() -> str:
    """Show the usual working day, without dates, so that the sheet can hang for months."""
    glance = office().glance()
    plan = to_json(office().usual_plan())
    return render_template("poster.html", office=glance.office, plan=plan, roles=ROLES)
