"""Past results over HTTP: the deals of any span, a person's page, the export."""

from __future__ import annotations

import re
from datetime import date

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.sales.history import PastDeal, Place, Sum
from controller.sales.model import Person, Refused
from signage import serializers
from signage.auth import needs
from signage.fields import span
from signage.files import table_answer
from signage.http import date_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("results", __name__)

"""Days of one file: a year, with some days around it."""
"""Files that are written at the same time: each holds a thread of the web."""


@pages.get("/api/results")
@needs("read")
def results() -> Response:
    """Return a page of the deals of a day, week or month, or of `from`..`until`, newest first, with the sum.

    `before`: the value of `more` in the page before. The first page of a period has its best ten people.
    """
    since, until = span(office().history.today())
    page = office().history.deals(since, until, _place(request.args.get("before")))
    answer: Json = {"from": since.isoformat(), "until": until.isoformat()}
    answer |= _sum(office().history.total(since, until))
    if "period" in request.args and "before" not in request.args:
        answer["top"] = [_top(*row) for row in office().history.top(since, until)]
    more = None if page.more is None else f"{page.more[0].isoformat()}.{page.more[1]}"
    return jsonify(answer | {"deals": [_deal(deal) for deal in page.deals], "more": more})


def _place(text: str | None) -> Place | None:
    if not text:
        return None
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.(\d{1,18})", text, re.ASCII)
    if match is None:
        raise Refused("before 要写上一页的 more。", "before")
    return date_of(match[1], date.min), int(match[2])


def _deal(deal: PastDeal) -> Json:
    return {
        "id": deal.id,
        "date": deal.date.isoformat(),
        "at": deal.at.strftime("%H:%M"),
        "person_id": deal.person_id,
        "person": deal.person,
        "team": deal.team,
        "product": deal.product,
        "amount": serializers.yuan(deal.amount),
        "voided": deal.voided,
    }


def _top(place: int, person: Person, total: Sum) -> Json:
    return {"place": place, "id": person.id, "name": person.name, "team": person.team, **_sum(total)}


def _sum(total: Sum) -> Json:
    return {"count": total.count, "amount": serializers.yuan(total.amount)}


@pages.get("/api/people/<int:number>/results")
@needs("read")
def person(number: int) -> Response:
    """Return a person's last twelve weeks, the present month, and the awards, newest first."""
    found = office().history.person(number)
    return jsonify(
        {
            "id": number,
            "name": found.person.name,
            "team": found.person.team,
            "weeks": [{"monday": monday.isoformat(), **_sum(total)} for monday, total in found.weeks],
            "month": _sum(found.month),
            "awards": [serializers.award(shown) for shown in found.awards],
            "counts": found.counts,
        }
    )


@pages.get("/api/deals.csv")
@needs("manage")
def export() -> Response:
    """Return the deals of a span as a file, streamed; `format`: csv (default) or xlsx."""
    since, until = span(office().history.today())
    return table_answer("deals", office().history.rows(since, until), since, until)
