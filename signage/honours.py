"""Awards, the month's ceremony and contests over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.glance import ContestView
from controller.sales import contests
from controller.sales.ceremony import Slide
from controller.sales.contest_rows import KeptContest
from controller.sales.contests import Rules
from controller.sales.model import Refused
from controller.services.contests import side_json
from controller.services.honours import ACTIONS, PAGE
from signage import serializers
from signage.auth import author, needs
from signage.fields import KEY_LIMIT, MOST_ID, argument
from signage.http import body, date_of, text_of, whole_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("honours", __name__)

MOST_ROWS = 200
"""Rows of one contest in an answer; hundreds of groups have more."""


# --- awards


@pages.get("/api/awards")
@needs("read")
def awards() -> Response:
    """Return awards, newest first. `person`: only theirs; `before`: the id at which the last page ended."""
    found = office().honours.awards(argument("before"), argument("person"))
    more = found[-1].award.id if len(found) == PAGE else None
    return jsonify({"awards": [serializers.award(shown) for shown in found], "more": more})


# --- the ceremony


@pages.get("/api/ceremony")
@needs("read")
def ceremony() -> Response:
    return jsonify(_ceremony_json())


@pages.post("/api/ceremony")
@needs("sell")
def control() -> Response:
    """`action`: start, next, previous or end."""
    action = body().get("action")
    if action not in ACTIONS:
        raise Refused("action 要写成 start、next、previous 或 end。", "action")
    office().honours.control(str(action))
    return jsonify(_ceremony_json())


def _ceremony_json() -> Json:
    """Return the walk that is held, else the one that a start would hold."""
    held, slides, month = office().honours.rehearse()
    return {
        "held": held is not None,
        "at": held.at if held else None,
        "month": month.isoformat()[:7],
        "slides": [_slide_json(slide) for slide in slides],
    }


def _slide_json(slide: Slide) -> Json:
    return {
        "period": slide.period,
        "number": slide.number,
        "person": slide.person,
        "team": slide.team,
        "count": slide.count,
        "amount": serializers.yuan(slide.amount),
        "prize": slide.prize,
        "text": slide.text,
    }


# --- contests


@pages.get("/api/contests")
@needs("read")
def all_contests() -> Response:
    """Return the open contests with their best rows, the last ones that ended, and the teams to choose from."""
    opened, past = office().contests.all()
    teams = [{"id": team.id, "name": team.name} for team in office().people.teams()]
    answer = {
        "open": [view_json(view) for view in opened],
        "past": [_past_json(kept) for kept in past],
        "teams": teams,
    }
    return jsonify(answer)


@pages.get("/api/contests/<int:number>")
@needs("read")
def one_contest(number: int) -> Response:
    kept, view = office().contests.one(number)
    return jsonify(_past_json(kept) if kept.ended else view_json(view))


@pages.post("/api/contests/preview")
@needs("contests")
def preview_contest() -> Response:
    """Return the contest as it would stand now, with its last working day and its groups; nothing is stored."""
    return jsonify(view_json(office().contests.preview(_rules(body()))))


@pages.post("/api/contests")
@needs("contests")
def make_contest() -> tuple[Response, int]:
    fields = body()
    kept, created = office().contests.create(_rules(fields), text_of(fields, "key", KEY_LIMIT), author())
    return jsonify({"id": kept.id, "until": kept.rules.until.isoformat()}), 201 if created else 200


@pages.post("/api/contests/<int:number>/end")
@needs("contests")
def end_contest(number: int) -> Response:
    body()
    return jsonify(_past_json(office().contests.end(number, author())))


@pages.delete("/api/contests/<int:number>")
@needs("contests")
def remove_contest(number: int) -> Response:
    office().contests.remove(number, author())
    return jsonify({"id": number})


def _rules(fields: dict[str, Any]) -> Rules:
    if fields.get("kind") not in contests.SIDES:
        raise Refused("kind 要写成 teams（队和队）、people（人和人）或 groups（水平相近的分组）。", "kind")
    if fields.get("measure") not in contests.MEASURES:
        raise Refused("measure 要写成 amount、count、improved 或 target。", "measure")
    since = fields.get("since")
    return office().contests.rules(
        {
            "name": text_of(fields, "name", contests.LONGEST_NAME),
            "kind": fields["kind"],
            "measure": fields["measure"],
            "since": None if since in (None, "") else date_of(since, date.min),
            "days": whole_of(fields, "days", 1, contests.MOST_DAYS),
            "size": _size(fields),
            "sides": _sides(fields),
            "prize": text_of(fields, "prize", contests.LONGEST_PRIZE, optional=True),
        }
    )


def _size(fields: dict[str, Any]) -> int | None:
    return None if fields.get("size") is None else whole_of(fields, "size", *contests.GROUP_SIZES)


def _sides(fields: dict[str, Any]) -> list[int]:
    sides = fields.get("sides") or []
    if not isinstance(sides, list) or len(sides) > contests.MOST_SIDES:
        raise Refused(f"sides 要写成编号的列表，最多 {contests.MOST_SIDES} 个；不写就是全部参加。", "sides")
    for ident in sides:
        if isinstance(ident, bool) or not isinstance(ident, int) or not 0 < ident <= MOST_ID:
            raise Refused("sides 里要写编号，例如 [1, 2]。", "sides")
    return sides


def view_json(view: ContestView) -> Json:
    """Return a contest that is open."""
    return _rules_json(view.id, view.rules) | {
        "days_left": view.days_left,
        "by": view.by,
        "sides": [side_json(side) for side in view.sides[:MOST_ROWS]],
        "groups": len(view.rules.groups),
        "ended": None,
        "text": None,
    }


def _past_json(kept: KeptContest) -> Json:
    result = kept.result or {}
    return _rules_json(kept.id, kept.rules) | {
        "days_left": 0,
        "by": kept.by,
        "sides": result.get("sides", []),
        "groups": len(kept.rules.groups),
        "ended": serializers.moment(kept.ended),
        "ended_by": kept.ended_by,
        "text": result.get("text"),
    }


def _rules_json(ident: int, rules: Rules) -> Json:
    return {
        "id": ident,
        "name": rules.name,
        "kind": rules.kind,
        "measure": rules.measure,
        "since": rules.since.isoformat(),
        "until": rules.until.isoformat(),
        "prize": rules.prize,
    }
