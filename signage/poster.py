"""The printable timetable: the usual working day on one A3 sheet."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from controller.timetable.exception_rules import day_name
from controller.timetable.labels import ROLES
from controller.timetable.plan import to_json
from signage.http import date_of, reachable_host_url
from signage.office import office
from signage.reach import other_address

pages = Blueprint("poster", __name__)


@pages.get("/poster")
def poster() -> str:
    """Show the usual working day, without dates, so that the sheet can hang for months.

    With `date`: the plan of that date with its exceptions.
    """
    glance = office().snapshot.glance()
    asked = request.args.get("date")
    if not asked:
        plan = to_json(office().timetable.usual())
        return render_template("poster.html", office=glance.office, plan=plan, roles=ROLES, **addresses())
    of_day = office().exceptions.week(date_of(asked, glance.now.date()))[0]
    plan = to_json(of_day)
    notes = [exception["words"] for exception in plan.get("exceptions", [])]
    return render_template(
        "poster.html", office=glance.office, plan=plan, roles=ROLES, day=day_name(of_day.date), notes=notes,
        **addresses(),
    )  # fmt: skip


def addresses() -> dict[str, str]:
    """Return the phone's address of this request, and the one by the machine's name."""
    return {"address": reachable_host_url(), "named": other_address()}
