"""Targets on the phone: the month, the leaders' hand-ins, the director's reviews, the pace."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.names import same_name
from controller.sales.model import Refused
from controller.sales.money import from_fen
from controller.sales.target_tables import HandIn, Review
from controller.sales.targets import Pace
from controller.services.targets import AlreadyHandedIn, PersonDay, TargetsDay, TeamDay
from signage.auth import TEAM_ONLY, Caller, needs
from signage.callers import has, known_caller, named_team, of_caller, own_team, person_name, team_of_named
from signage.fields import KEY_LIMIT, MOST_ID, NAME_LIMIT
from signage.http import Denied, body, date_of, text_of, whole_of
from signage.office import office
from signage.serializers import Json, clock_time, yuan

pages = Blueprint("targets", __name__)

MOST_PEOPLE = 500  # in one team


# --- The caller


# --- Routes


@pages.get("/api/targets")
@needs("targets", of_caller)
def targets() -> Response:
    """Return the targets of a date: a leader's own team, all teams for others; the people of it or of a `team`."""
    caller = known_caller()
    today = office().snapshot.glance().plan.date
    own = own_team(caller)
    team = request.args.get("team") if own is None else own
    day = office().targets.of_day(date_of(request.args.get("date"), today), team or None)
    return jsonify(targets_day(day, caller, own))


@pages.put("/api/targets/month")
@needs("targets", team_of_named)
def set_month() -> Response:
    """Set the month's target of a `team` or a `person` (an id), without either of the office; null removes it."""
    caller, fields = known_caller(), body()
    month, amount = _month(fields), _amount(fields)
    team = text_of(fields, "team", NAME_LIMIT, optional=True) or None
    person = None if fields.get("person") is None else whole_of(fields, "person", 1, MOST_ID)
    if person is None and caller.role in TEAM_ONLY:
        raise Denied(403, "团队和公司的月目标由总监来定，组长可以定组员的。")
    office().targets.set_month(month, amount, team, person)
    return jsonify({})


@pages.post("/api/targets/hand-in")
@needs("targets", named_team)
def hand_in() -> tuple[Response, int]:
    """Hand in the targets of a team's people. 409 with `present` when another hand-in came after `base`."""
    caller, fields = known_caller(), body()
    team = text_of(fields, "team", NAME_LIMIT)
    base, key = whole_of(fields, "base", 0, 10_000), text_of(fields, "key", KEY_LIMIT)
    try:
        new = office().targets.hand_in(team, _values(fields.get("values")), base, key, person_name(caller))
    except AlreadyHandedIn as overtaken:
        answer = {"error": overtaken.sentence, "field": "base", "present": hand_in_row(overtaken.present)}
        return jsonify(answer), 409
    office().duties.handed_in(team, person_name(caller))
    return jsonify(hand_in_row(new)), 201


@pages.post("/api/targets/reviews")
@needs("review")
def review() -> tuple[Response, int]:
    """Record the first or the second review of today (`number`)."""
    caller = known_caller()
    done = office().targets.review(whole_of(body(), "number", 1, 2), person_name(caller))
    office().duties.reviewed(done.number, person_name(caller))
    return jsonify(review_row(done)), 201


def _month(fields: dict[str, Any]) -> str:
    month = fields.get("month")
    if month in (None, ""):
        return f"{office().snapshot.glance().plan.date:%Y-%m}"
    if not isinstance(month, str) or not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", month):
        raise Refused("月份要写成 2026-11 这样。", "month")
    return month


def _amount(fields: dict[str, Any]) -> object:
    if "amount" not in fields or isinstance(fields["amount"], list | dict):
        raise Refused("缺少 amount：这里要一个目标金额，例如 300000；null 是去掉。", "amount")
    return fields["amount"]


def _values(values: object) -> dict[int, object]:
    if not isinstance(values, list) or not 0 < len(values) <= MOST_PEOPLE:
        raise Refused(f"values 要写 1 到 {MOST_PEOPLE} 个人的目标。", "values")
    by_person: dict[int, object] = {}
    for row in values:
        if not isinstance(row, dict) or isinstance(row.get("amount"), list | dict | bool | None):
            raise Refused('values 里每一项要写成 {"person": 编号, "amount": 金额}。', "values")
        person = whole_of(row, "person", 1, MOST_ID)
        if person in by_person:
            raise Refused(f"编号 {person} 的人写了两次。", "values")
        by_person[person] = row["amount"]
    return by_person


# --- JSON


def targets_day(day: TargetsDay, caller: Caller, own: str | None) -> Json:
    """Return a date's targets for a caller. Only leaders, director and managers see the pace."""
    paced = has(caller, "pace")
    shown = [one for one in day.teams if own is None or same_name(own, one.name)]
    return {
        "date": day.date.isoformat(),
        "workday": day.workday,
        "own": own,
        "may": {"review": has(caller, "review"), "months": caller.role not in TEAM_ONLY},
        "open": [one.name for one in day.teams if one.hand_in is None],
        "teams": [_team(one, paced) for one in shown],
        "reviews": [review_row(one) for one in day.reviews],
        "next_review": day.next_review,
        "month": yuan(day.month),
        "pace": pace_row(day.pace) if paced and own is None else None,
    }


def _team(team: TeamDay, paced: bool) -> Json:
    count, amount = team.since
    return {
        "id": team.id,
        "name": team.name,
        "target": yuan(team.target),
        "amount": yuan(team.amount),
        "count": team.count,
        "rate": _rate(team.amount, team.target),
        "month": yuan(team.month),
        "pace": pace_row(team.pace) if paced else None,
        "hand_in": None if team.hand_in is None else hand_in_row(team.hand_in),
        "since": {"count": count, "amount": yuan(amount), "changed": team.changed},
        "people": [_person(person, paced) for person in team.people],
    }


def _person(person: PersonDay, paced: bool) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "target": yuan(person.target),
        "proposed": yuan(person.proposed),
        "amount": yuan(person.amount),
        "count": person.count,
        "rate": _rate(person.amount, person.target),
        "month": yuan(person.month),
        "pace": pace_row(person.pace) if paced else None,
    }


def _rate(amount: Decimal, target: Decimal | None) -> float | None:
    return float(amount / target) if target else None


def pace_row(pace: Pace | None) -> Json | None:
    """Return a pace in yuan."""
    if pace is None:
        return None
    return {
        "sold": yuan(from_fen(pace.sold)),
        "left": yuan(from_fen(pace.left)),
        "days_left": pace.days_left,
        "per_day": None if pace.per_day is None else yuan(from_fen(pace.per_day)),
        "behind": pace.behind,
    }


def hand_in_row(one: HandIn) -> Json:
    """Return a hand-in with its values in yuan."""
    return {
        "number": one.number,
        "who": one.who,
        "at": clock_time(one.at.replace(second=0)),
        "total": yuan(from_fen(sum(one.fen.values()))),
        "values": [{"person": person, "amount": yuan(from_fen(fen))} for person, fen in one.fen.items()],
    }


def review_row(one: Review) -> Json:
    """Return who reviewed the day, and when."""
    return {"number": one.number, "who": one.who, "at": clock_time(one.at.replace(second=0))}
