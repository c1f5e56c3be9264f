"""Past results over HTTP: the deals of any span, a person's page, the export."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.sales.history import PastDeal, Place, Sum
from controller.sales.model import Person, Refused
from controller.services.context import period_of
from controller.services.history import check_span
from controller.services.tables import FORMATS
from signage import serializers
from signage.api import PERIODS
from signage.auth import needs
from signage.honours import award_json
from signage.http import Denied, date_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("results", __name__)

LONGEST_DOWNLOAD: Final = 400
"""Days of one file: a year, with some days around it."""
_DOWNLOADS: Final = threading.BoundedSemaphore(2)
"""Files that are written at the same time: each holds a thread of the web."""


@pages.get("/api/results")
@needs("read")
def results() -> Response:
    """Return a page of the deals of a day, week or month, or of `from`..`until`, newest first, with the sum.

    `before`: the value of `more` in the page before. The first page of a period has its best ten people.
    """
    since, until = span()
    page = office().history.deals(since, until, _place(request.args.get("before")))
    answer: Json = {"from": since.isoformat(), "until": until.isoformat()}
    answer |= _sum(office().history.total(since, until))
    if "period" in request.args and "before" not in request.args:
        answer["top"] = [_top(*row) for row in office().history.top(since, until)]
    more = None if page.more is None else f"{page.more[0].isoformat()}.{page.more[1]}"
    return jsonify(answer | {"deals": [_deal(deal) for deal in page.deals], "more": more})


def span() -> tuple[date, date]:
    """Return the asked days: `from`..`until`, else the `period` that contains `date`. Raises Refused."""
    today = office().history.today()
    if "from" in request.args or "until" in request.args:
        since = date_of(request.args.get("from"), today)
        return since, date_of(request.args.get("until"), max(today, since))
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise Refused("period 要写成 day、week 或 month。", "period")
    return period_of(period, date_of(request.args.get("date"), today))


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
            "awards": [award_json(shown) for shown in found.awards],
            "counts": found.counts,
        }
    )


@pages.get("/api/deals.csv")
@needs("manage")
def export() -> Response:
    """Return the deals of a span as a file, streamed; `format`: csv (default) or xlsx."""
    since, until = span()
    return table_answer("deals", office().history.rows(since, until), since, until)


def table_answer(name: str, rows: Iterator[Sequence[str]], since: date, until: date) -> Response:
    """Return rows as a file in the asked `format`, written while it is sent; one at a time, of at most 400 days.

    A longer one would hold a thread of the web for too long; `zhangu export` on the machine has no limit.
    """
    format_ = request.args.get("format", "csv")
    if format_ not in FORMATS:
        raise Refused("format 要写成 csv 或 xlsx。", "format")
    check_span(since, until)
    if (until - since).days >= LONGEST_DOWNLOAD:
        raise Refused(f"手机上一次最多导出 {LONGEST_DOWNLOAD} 天；更长的在主机上用 zhangu export。", "from")
    kind, write = FORMATS[format_]
    if not _DOWNLOADS.acquire(blocking=False):
        raise Denied(429, "正在导出另一个文件，请过一会儿再试。", retry_after=10)
    answer = Response(write(rows), content_type=kind)
    answer.call_on_close(_DOWNLOADS.release)
    file = f"{name}-{since.isoformat()}-{until.isoformat()}.{format_}"
    answer.headers["Content-Disposition"] = f"attachment; filename={file}"
    return answer
