"""Small pieces of what a wall is given: moments, sums, and rows. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from controller.book.honours import Honour
from controller.book.model import Deal
from controller.glance import Tally, Total

Json = dict[str, Any]


def ms(moment: datetime) -> int:
    """Epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def hhmm(moment: datetime) -> str:
    """HH:MM in the zone of the moment."""
    return moment.strftime("%H:%M")


def yuan(amount: Decimal) -> str:
    """Yuan with two decimals, as text: exact whatever the page's numbers are."""
    return f"{amount:.2f}"


def tally_row(row: Tally) -> Json:
    """A team's or person's row."""
    return {
        "place": row.place,
        "name": row.name,
        "team": row.team,
        "count": row.count,
        "amount": yuan(row.amount),
        "target": None if row.target is None else yuan(row.target),
        "rate": row.rate,
        "to_next": None if row.to_next is None else yuan(row.to_next),
        "photo": photo_url(row.photo),
    }


def photo_url(photo: str | None) -> str | None:
    """Where the page finds a picture: a path of this server, or a content hash served under /photos/."""
    if not photo:
        return None
    return photo if photo.startswith("/") else f"/photos/{photo}"


def deal_row(deal: Deal) -> Json:
    """One order."""
    return {
        "id": deal.id,
        "at": hhmm(deal.at),
        "person": deal.person,
        "team": deal.team,
        "amount": yuan(deal.amount),
        "product": deal.product,
    }


def honour_row(honour: Honour) -> Json:
    """A streak, a record, …: in days or orders (`count`), or in yuan."""
    return {
        "kind": honour.kind,
        "name": honour.name,
        "team": honour.team,
        "count": honour.count,
        "amount": None if honour.amount is None else yuan(honour.amount),
    }


def total_row(total: Total) -> Json:
    """A sum of the office."""
    return {"amount": yuan(total.amount), "target": None if total.target is None else yuan(total.target)}
