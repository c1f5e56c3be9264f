"""People and teams on the phone: the roster with its dates, moves, leaves and returns, lists and exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, request

from controller.sales.model import Person, Refused
from controller.sales.people_import import LineFault
from controller.sales.people_merge import RowPlan, birthday_words, date_words
from controller.sales.team_moves import TeamMove
from controller.services.people_lists import FORMATS
from controller.services.table_files import WORKBOOK_BYTES
from signage import serializers
from signage.auth import access, author, needs
from signage.fields import NAME_LIMIT
from signage.files import uploaded
from signage.http import body, brings, date_of, flag_of, text_of
from signage.language import is_english
from signage.office import office
from signage.serializers import Json

pages = Blueprint("people", __name__)


@pages.get("/api/people/roster")
@needs("manage")
def roster() -> Response:
    """Return everybody, also people who left, with dates and planned moves. Birthdays are sent to nobody else."""
    current = office()
    today, moves = current.snapshot.glance().now.date(), current.roster_dates.moves()
    return jsonify(
        {
            "today": today.isoformat(),
            "people": [_person(person, moves, today) for person in current.roster_dates.everybody()],
            "teams": [serializers.team(team) for team in current.people.teams()],
        }
    )


def _person(person: Person, moves: Mapping[int, TeamMove], today: date) -> Json:
    song = office().media.profiles.song("person", person.id)
    return {
        **serializers.person(person),
        "birthday": birthday_words(person.birthday),
        "joined": date_words(person.joined),
        "email": person.email,
        "last_day": date_words(person.last_day),
        "returns": date_words(person.returns),
        "active": person.active,
        "last_owner": access().keys.is_last_owner(person_id=person.id),
        "photo": f"/photos/{person.photo}" if person.photo else None,
        "song": song is not None,
        "move": _move(moves.get(person.id), today),
    }


def _move(move: TeamMove | None, today: date) -> Json | None:
    """Return a planned move with its sentence; one that is overdue waits for another name."""
    if move is None:
        return None
    words = f"{move.since.month}月{move.since.day}日起到{move.team}"
    if move.since <= today:
        words = f"没有调成：{move.team}里已经有一位同名的人，请先改一个名字"
    if move.leader is not None and move.since > today:
        words += "，在那里当组长" if move.leader else "，不再当组长"
    return {"team": move.team, "since": move.since.isoformat(), "words": words, "made_by": move.made_by}


def _day(fields: dict[str, Any], field: str) -> date | None:
    written = fields.get(field)
    try:
        return None if written in (None, "") else date_of(written, date.min)
    except Refused as refused:
        raise Refused(refused.sentence, field) from None


# --- moves, leaves, returns


@pages.post("/api/people/<int:number>/move")
@needs("manage")
def move(number: int) -> Response:
    """`team`: an existing one; `since`: from Monday of this week on, default today; `leader`: leads the new team."""
    fields = body()
    team, leader = text_of(fields, "team", NAME_LIMIT), flag_of(fields, "leader")
    planned = office().roster_dates.move(number, team, _day(fields, "since"), author(), leader)
    return jsonify({"move": _move(planned, date.min)})


@pages.delete("/api/people/<int:number>/move")
@needs("manage")
def cancel_move(number: int) -> Response:
    office().roster_dates.cancel_move(number, author())
    return jsonify({})


@pages.post("/api/people/<int:number>/leave")
@needs("manage")
def leave(number: int) -> Response:
    """`last_day`: default now; `returns`: the first day back, if it is known."""
    fields = body()
    office().roster_dates.leave(number, _day(fields, "last_day"), _day(fields, "returns"))
    return jsonify({})


@pages.post("/api/people/<int:number>/return")
@needs("manage")
def come_back(number: int) -> Response:
    """`on`: default now; `team`: default the last one."""
    fields = body()
    team = text_of(fields, "team", NAME_LIMIT, optional=True) or None
    return jsonify(serializers.person(office().roster_dates.come_back(number, _day(fields, "on"), team)))


# --- lists


@pages.post("/api/people/import")
@needs("manage")
@brings(WORKBOOK_BYTES)
def preview_list() -> Response:
    """Return the effect of each row of a workbook, a CSV file or pasted cells; nothing is written."""
    shown = office().people_lists.preview(uploaded(WORKBOOK_BYTES))
    return jsonify(
        {
            "id": shown.id,
            "rows": [_row(plan) for plan in shown.plans],
            "faults": [_fault(fault) for fault in shown.faults],
            "notes": list(shown.notes),
        }
    )


@pages.post("/api/people/import/<name>")
@needs("manage")
def import_list(name: str) -> Response:
    """Import the good rows of a preview."""
    body()
    done, hints = office().people_lists.confirm(name)
    return jsonify(
        {
            "added": done.added,
            "returned": done.returned,
            "changed": done.changed,
            "same": done.same,
            "hints": list(hints),
        }
    )


def _row(plan: RowPlan) -> Json:
    return {
        "line": plan.row.line,
        "team": plan.row.team,
        "name": plan.row.name,
        "what": plan.what,
        "changes": list(plan.changes),
    }


def _fault(fault: LineFault) -> Json:
    return {"line": fault.line, "sentence": fault.sentence, "text": fault.text}


@pages.get("/api/people/export")
@needs("manage")
def export_list() -> Response:
    """Return the roster as a file; `format`: csv (default) or xlsx."""
    format_ = request.args.get("format", "csv")
    if format_ not in FORMATS:
        raise Refused("format 要写成 csv 或 xlsx。", "format")
    answer = Response(
        office().people_lists.export(format_, english=is_english()), content_type=FORMATS[format_][0]
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="people.{format_}"'
    return answer
