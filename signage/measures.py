"""Numbers beside the deals over HTTP: boards, entries by phone and program, tables, the export."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.names import same_name
from controller.sales.measure_boards import MeasureBoard
from controller.sales.measure_import import LARGEST_TABLE
from controller.sales.model import Refused
from controller.services.measures import Asked, TableRead
from controller.timetable.times import PERIODS
from signage.auth import SELF_ONLY, access, needs
from signage.callers import known_caller, own_team, person_name, team_of_id
from signage.fields import NAME_LIMIT, span
from signage.files import table_answer, uploaded
from signage.http import body, brings, date_of, text_of
from signage.office import office
from signage.serializers import Json, yuan

pages = Blueprint("measures", __name__)

KEY_LIMIT: Final = 80
MOST_VALUES: Final = 500


def _asked_team() -> object:
    return request.args.get("team")


def _entered_team() -> object:
    """Return the team of the entered people; of several, one that the caller may not change."""
    own, teams = access().team(), [_team_of(one) for one in _asked(body())]
    foreign = (team for team in teams if team is not None and (own is None or not same_name(team, own)))
    return next(foreign, teams[0] if teams else None)


def _entered_people() -> list[object]:
    return [one.person for one in _asked(body())]


def _team_of(one: Asked) -> str | None:
    if isinstance(one.person, int):
        return team_of_id(one.person)
    named = [person.team for person in office().people.active() if same_name(person.name, one.person)]
    return next((team for team in named if one.team and same_name(team, one.team)), next(iter(named), None))


def _asked(fields: dict[str, Any]) -> list[Asked]:
    """Return the values of a request: `values`, or one in the request itself. Raises Refused."""
    rows = fields.get("values", [fields])
    if (
        not isinstance(rows, list)
        or not 0 < len(rows) <= MOST_VALUES
        or not all(isinstance(r, dict) for r in rows)
    ):
        raise Refused(f"values 要写一个列表，每项是 {{person, value}}，最多 {MOST_VALUES} 项。", "values")
    return [_one(row) for row in rows]


def _one(row: dict[str, Any]) -> Asked:
    person = row.get("person")
    if isinstance(person, bool) or not isinstance(person, int):
        person = text_of(row, "person", NAME_LIMIT)
    added = "add" in row
    value = row.get("add" if added else "value")
    if value is None or isinstance(value, bool | list | dict):
        raise Refused("要写 value（这一天的数），或者 add（再加多少）。", "value")
    return Asked(person, value, text_of(row, "team", NAME_LIMIT, optional=True) or None, added)


@pages.get("/api/measures")
@needs("read")
def boards() -> Response:
    """Return each measure's board of a day, week or month: the office, teams, the best ten people."""
    today = office().history.today()
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise Refused("period 要写成 day、week 或 month。", "period")
    day = date_of(request.args.get("date"), today)
    found = office().measures.boards(period, day)
    return jsonify({"period": period, "date": day.isoformat(), "measures": [_board(one) for one in found]})


@pages.get("/api/measures/day")
@needs("measures", _asked_team, tuple)
def day() -> Response:
    """Return the people of a `team` with their values of a `date`, default today; a leader's own team, a
    salesperson's own values."""
    alone = access().role() in SELF_ONLY
    own = access().person() if alone else None
    team = (own.team if own else own_team(known_caller())) or text_of(dict(request.args), "team", NAME_LIMIT)
    rows = [
        (person, values)
        for person, values in office().measures.of_team(team, _when(request.args.get("date")))
        if not alone or (own is not None and person.id == own.id)
    ]
    return jsonify(
        {
            "team": team,
            "people": [
                {
                    "id": person.id,
                    "name": person.name,
                    "values": {m: yuan(value) for m, value in values.items()},
                }
                for person, values in rows
            ],
        }
    )


@pages.post("/api/measures")
@needs("measures", _entered_team, _entered_people)
def enter() -> tuple[Response, int]:
    """Set (`value`) or add to (`add`) people's numbers of a `date`, default today; the same key changes nothing."""
    caller, fields = known_caller(), body()
    measure, key = text_of(fields, "measure", NAME_LIMIT), text_of(fields, "key", KEY_LIMIT)
    changed = office().measures.enter(
        measure, _asked(fields), _when(fields.get("date")), key, person_name(caller)
    )
    return jsonify({"changed": changed}), 201 if changed else 200


@pages.post("/api/measures/preview")
@needs("manage")
@brings(LARGEST_TABLE)
def preview_table() -> Response:
    """Return the effect of a CSV table with a column per measure, and its faults; nothing is written."""
    return jsonify(_table(office().measures.take_table(_sent(), "", write=False)))


@pages.post("/api/measures/table")
@needs("manage")
@brings(LARGEST_TABLE)
def take_table() -> Response:
    """Store a CSV table with a column per measure; one with a fault is refused as a whole."""
    return jsonify(_table(office().measures.take_table(_sent(), person_name(known_caller()), write=True)))


def _sent() -> bytes:
    return uploaded(LARGEST_TABLE).read(LARGEST_TABLE + 1)


@pages.get("/api/measures/export")
@needs("manage")
def export() -> Response:
    """Return the values of a span as a file; `format`: csv (default) or xlsx."""
    since, until = span(office().history.today())
    return table_answer("numbers", office().measures.rows(since, until), since, until)


def _when(value: object) -> date | None:
    return None if value in (None, "") else date_of(value, date.min)


def _board(board: MeasureBoard) -> Json:
    return {
        "name": board.measure.name,
        "unit": board.measure.unit,
        "total": yuan(board.total),
        "teams": [{"name": name, "value": yuan(value)} for name, value in board.teams],
        "people": [
            {
                "place": place,
                "id": person.id,
                "name": person.name,
                "team": person.team,
                "value": yuan(value),
            }
            for place, person, value in board.people
        ],
    }


def _table(done: TableRead) -> Json:
    return {
        "changed": done.changed,
        "rows": done.rows,
        "faults": [{"line": one.line, "sentence": one.sentence, "text": one.text} for one in done.faults],
    }
