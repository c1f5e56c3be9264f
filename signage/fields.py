"""Parts of requests that several pages read: limits of texts and ids, a deal, a span of days."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import request

from controller.sales.model import Refused
from controller.services.deals import How
from controller.timetable.times import PERIODS, period_of
from signage.http import date_of, flag_of, text_of, whole_of

NAME_LIMIT: Final = 60
KEY_LIMIT: Final = 100
TEXT_LIMIT: Final = 60_000  # the office refuses long texts before this, and its message names its limit
REASON_LIMIT: Final = 100
MOST_ID: Final = 10**18 - 1
CORRECTION: Final = "correction"


def deal_of(fields: dict[str, Any]) -> tuple[str, str, Any, str | None]:
    """Return person, product, amount and (to tell namesakes apart) the team of a deal that was sent."""
    amount = fields.get("amount")
    if amount is None or isinstance(amount, list | dict):
        raise Refused("缺少 amount：这里要一个金额，例如 12800。", "amount")
    person, product = text_of(fields, "person", NAME_LIMIT), text_of(fields, "product", NAME_LIMIT)
    return person, product, amount, text_of(fields, "team", NAME_LIMIT, optional=True) or None


def how_of(fields: dict[str, Any], today: date) -> How:
    """Return how a sent deal is recorded.

    `announce`: false records without announcing, "correction" says one calm sentence; `replaces`: the id of the deal
    that this one corrects; `date`: the day for which it counts, of this week; `history`: true allows an older day,
    for a deal of an imported list.
    """
    replaces = None if fields.get("replaces") is None else whole_of(fields, "replaces", 1, MOST_ID)
    day = None if fields.get("date") in (None, "") else _date_in(fields)
    if fields.get("announce") == CORRECTION:
        if replaces is None and day in (None, today):
            raise Refused("announce 写 correction 时，要用 replaces 写明改的是哪一单。", "replaces")
        return How(True, replaces, day, calm=True)
    return How(flag_of(fields, "announce"), replaces, day, history=flag_of(fields, "history") is True)


def _date_in(fields: dict[str, Any]) -> date:
    return date_of(fields["date"], date.min)


def span(today: date) -> tuple[date, date]:
    """Return the asked days: `from`..`until`, else the `period` that contains `date`. Raises Refused."""
    if "from" in request.args or "until" in request.args:
        since = date_of(request.args.get("from"), today)
        return since, date_of(request.args.get("until"), max(today, since))
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise Refused("period 要写成 day、week 或 month。", "period")
    return period_of(period, date_of(request.args.get("date"), today))


def argument(name: str) -> int | None:
    """Return a whole number of the address, None without it. Raises Refused."""
    text = request.args.get(name)
    if text in (None, ""):
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refused(f"{name} 要写成一个编号。", name)
    return int(text)
