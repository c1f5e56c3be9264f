"""Rows and lines about other branches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from controller.cities.document import BigDeal
from controller.names import same_name
from controller.sales.model import City
from controller.sentences import Sentence, say


def spelling(name: str, typed: Mapping[str, City]) -> str:
    """Return the spelling of a city that was typed for the day, else the name unchanged."""
    return next((other for other in typed if same_name(other, name)), name)


def unheard(listed: Iterable[str], known: Sequence[str]) -> list[City]:
    """Return rows for the cities of the timetable that are neither connected nor typed."""
    return [
        City(0, city, None, None, missing=True)
        for city in listed
        if not any(same_name(city, other) for other in known)
    ]


def deal_line(deal: BigDeal) -> Sentence:
    """Return the line about a big deal elsewhere."""
    amount = f"{deal.amount:,.2f}".removesuffix(".00")
    if deal.person:
        return say("city_big_deal_of", city=deal.branch, person=deal.person, amount=amount)
    return say("city_big_deal", city=deal.branch, amount=amount)
