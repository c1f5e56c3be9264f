"""Find and fill the slots of a text, such as {person}; define the slots that each text may have."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SLOT = re.compile(r"\{([^{}]*)\}")


def slots_in(text: str) -> tuple[str, ...]:
    """Return the slot names of a text, in order."""
    return tuple(match.group(1) for match in _SLOT.finditer(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the slots of a text in one pass; a slot without a value stays unchanged."""
    return _SLOT.sub(lambda match: values.get(match.group(1), match.group(0)), text)


# --- Slots allowed in each announced or displayed text of the timetable

_DEAL = ("team", "person", "product", "amount")
_WINNER = ("team", "person", "amount", "count", "prize")
_PLACE = ("team", "person", "amount", "count")

ALLOWED: dict[str, tuple[str, ...]] = {
    "broadcasts.first_of_week": _DEAL,
    "broadcasts.first_of_day": _DEAL,
    "broadcasts.big": _DEAL,
    "broadcasts.record": _DEAL,
    "broadcasts.target": ("team", "amount", "target", "rate"),
    "broadcasts.burst": ("count", "total"),
    "broadcasts.burst_item": _DEAL,
    "broadcasts.hourly": ("count", "total"),
    "broadcasts.hourly_also": ("count", "total", "all", "all_total"),
    "broadcasts.hourly_earlier": ("when", "count", "total"),
    "broadcasts.hourly_item": _DEAL,
    "broadcasts.hourly_rest": ("count", "total"),
    "broadcasts.top_sales_of_day": _WINNER,
    "broadcasts.top_sales_of_week": _WINNER,
    "broadcasts.top_sales_of_month": _WINNER,
    "broadcasts.nobody": (),
    "broadcasts.greeting": ("office", "month"),
    "broadcasts.sprint": ("office", "month", "amount", "target", "rate"),
    "broadcasts.birthdays": ("day", "people"),
    "broadcasts.company_years": ("day", "people", "years"),
    "ceremony.opening": ("office", "month"),
    "ceremony.start": ("office", "month"),
    "ceremony.month": ("month", *_WINNER),
    "ceremony.week": ("month", "week", *_WINNER),
    "ceremony.day": ("month", "team", "person", "times", "count", "amount"),
    "contest.result": ("contest", "winners"),
    "contest.item": ("group", "side", "score"),
    "contest.prize": ("contest", "prize"),
    "contest.nobody": ("contest",),
    "results.opening": ("office", "count", "total"),
    "results.third": _PLACE,
    "results.second": _PLACE,
    "results.first": _PLACE,
    "results.top_team": ("team", "amount", "target", "rate"),
    "results.team": ("team", "amount", "target", "rate"),
    "results.city": ("city", "amount", "rate", "place"),
    "results.city_missing": ("city", "amount", "rate", "time"),
    "results.week": _WINNER,
    "results.month": _WINNER,
    "results.closing": ("office",),
    "results.nothing": (),
    "comments.target_passed": ("team", "rate", "amount"),
    "comments.record": ("team", "person", "amount"),
    "comments.comeback": ("team", "person", "amount"),
    "comments.most_orders": ("team", "person", "count"),
    "comments.newcomer": ("team", "person", "amount"),
    "comments.ordinary": ("count", "total"),
    "comments.one_order": ("total",),
    "comments.no_orders": (),
    "span.text": ("new_customers", "next_workday"),
    "cue.text": ("office",),
    "duty.what": ("new_customers", "next_workday"),
}
