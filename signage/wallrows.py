"""What a wall is given beside what programs get (`shapes.py`): moments, exact sums, pictures. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from controller.book.honours import Honour
from controller.book.model import Deal
from controller.glance import Tally, Total
from signage import shapes
from signage.shapes import Json


def ms(moment: datetime) -> int:
    """Epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def hhmm(moment: datetime) -> str:
    """HH:MM in the zone of the moment."""
    return moment.strftime("%H:%M")


def yuan(amount: Decimal | None) -> str | None:
    """Yuan with two decimals, as text: exact whatever the page's numbers are."""
    return None if amount is None else f"{amount:.2f}"


def tally_row(row: Tally) -> Json:
    """A team's or person's row, with where its picture is."""
    return shapes.tally(row, yuan) | {"photo": photo_url(row.photo)}


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
        "amount": yuan(honour.amount),
    }


def total_row(total: Total | Tally) -> Json:
    """A sum of the office, or of one team."""
    return shapes.total(total, yuan)
