"""Duties on the phone: what is due, ticks, one-to-ones, coaching, team building."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.sales.duty_tables import OneToOne
from controller.sales.model import Refused
from controller.services.duties import (
    COACHING_MIN,
    LEADER,
    LONGEST_NOTE,
    DutyDay,
    DutyState,
    TeamBuilding,
    Viewer,
    may_delete,
)
from controller.timetable.labels import ROLES
from signage.auth import needs
from signage.callers import (
    has,
    known_caller,
    named_team,
    of_caller,
    team_of_id,
    team_of_named,
    viewer_of,
)
from signage.fields import MOST_ID, NAME_LIMIT
from signage.http import body, date_of, flag_of, text_of, whole_of
from signage.office import office
from signage.serializers import Json, clock_time

pages = Blueprint("duties", __name__)

KEY_LIMIT = 40


def _asked_person() -> int:
    text = request.args.get("person", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _asked_team() -> object:
    return team_of_id(_asked_person())


def _team_of_note() -> object:
    person = office().duties.person_of((request.view_args or {}).get("number", 0))
    return person.team if person else None


# --- Routes


@pages.get("/api/duties")
@needs("duties", of_caller)
def duties() -> Response:
    """Return today's duties for the caller; one-to-ones only for leaders and the director, with people of a `team`."""
    caller = known_caller()
    viewer = viewer_of(caller)
    day = office().duties.of_today(viewer, request.args.get("team") or None)
    return jsonify(duty_day(day, viewer, with_talks=has(caller, "one_to_ones")))


@pages.put("/api/duties/ticks")
@needs("duties", of_caller)
def tick() -> Response:
    """Tick a duty (`duty`: its key), or with `done` false take the tick back."""
    caller, fields = known_caller(), body()
    done = flag_of(fields, "done")
    office().duties.tick(text_of(fields, "duty", KEY_LIMIT), viewer_of(caller), done=done is not False)
    return jsonify({})


@pages.post("/api/coaching")
@needs("duties", of_caller)
def add_coaching() -> Response:
    """Add minutes of today's coaching; 0 starts the count again."""
    caller = known_caller()
    office().duties.add_coaching(whole_of(body(), "minutes", 0, 240), viewer_of(caller))
    return jsonify({})


@pages.post("/api/team-building")
@needs("duties", named_team)
def set_team_building() -> Response:
    """Note a `team`'s team building on `date`, or with `done` false take it back."""
    caller, fields = known_caller(), body()
    team = text_of(fields, "team", NAME_LIMIT)
    day = date_of(fields.get("date"), office().snapshot.glance().plan.date)
    done = flag_of(fields, "done") is not False
    office().duties.set_team_building(team, day, viewer_of(caller), done=done)
    return jsonify({})


@pages.get("/api/one-to-ones")
@needs("one_to_ones", _asked_team)
def one_to_ones() -> Response:
    """Return the one-to-ones with a `person` (an id) in the last twelve months, newest first."""
    caller = known_caller()
    person = _asked_person()
    if team_of_id(person) is None:
        raise Refused("名单里没有这个人。", "person")
    viewer = viewer_of(caller)
    return jsonify([one_to_one_row(row, viewer) for row in office().duties.one_to_ones(person)])


@pages.post("/api/one-to-ones")
@needs("one_to_ones", team_of_named)
def add_one_to_one() -> tuple[Response, int]:
    """Note a one-to-one with a `person` (an id) in this month; only leaders and the director can read the `note`."""
    caller, fields = known_caller(), body()
    person = whole_of(fields, "person", 1, MOST_ID)
    note = text_of(fields, "note", LONGEST_NOTE, optional=True)
    viewer = viewer_of(caller)
    return jsonify(one_to_one_row(office().duties.add_one_to_one(person, note, viewer), viewer)), 201


@pages.delete("/api/one-to-ones/<int:number>")
@needs("one_to_ones", _team_of_note)
def delete_one_to_one(number: int) -> Response:
    """Delete a one-to-one with its note: its author or the director may."""
    caller = known_caller()
    office().duties.delete_one_to_one(number, viewer_of(caller))
    return jsonify({})


# --- JSON


def duty_day(day: DutyDay, viewer: Viewer, *, with_talks: bool) -> Json:
    """Return today's duties, and what leaders note."""
    leads = viewer.role == LEADER
    return {
        "date": day.date.isoformat(),
        "duties": [_duty(one, day.leaders) for one in day.duties],
        "listed": day.listed,
        "coaching": {
            "of": COACHING_MIN,
            "own": day.coaching.get(viewer.name, 0) if leads else None,
            "leaders": [] if leads else _minutes(day),
        },
        "one_to_ones": _talks(day, viewer) if with_talks else None,
        "talked": [asdict(one) for one in day.talked] if with_talks else [],
        "team_buildings": [_team_building(one, day) for one in day.team_buildings],
    }


def _minutes(day: DutyDay) -> list[Json]:
    names = dict.fromkeys((*day.leaders, *day.coaching))
    return [{"name": name, "minutes": day.coaching.get(name, 0)} for name in names]


def _duty(one: DutyState, leaders: tuple[str, ...]) -> Json:
    missing = set(leaders) - {tick.subject for tick in one.by} if one.duty.who == LEADER else set()
    return {
        "key": one.key,
        "at": clock_time(one.duty.at),
        "who": ROLES.get(one.duty.who, one.duty.who),
        "what": one.duty.what,
        "mine": one.mine,
        "due": one.due,
        "done": None if one.done is None else {"who": one.done.who, "at": f"{one.done.at:%H:%M}"},
        "by": [{"who": tick.subject or tick.who, "at": f"{tick.at:%H:%M}"} for tick in one.by],
        "missing": [name for name in leaders if name in missing],
    }


def _talks(day: DutyDay, viewer: Viewer) -> list[Json]:
    rows: dict[int, list[OneToOne]] = {}
    for row in day.one_to_ones:
        rows.setdefault(row.person_id, []).append(row)
    return [
        {
            "id": person.id,
            "name": person.name,
            "team": person.team,
            "held": [one_to_one_row(row, viewer) for row in rows.get(person.id, [])],
        }
        for person in day.people
    ]


def one_to_one_row(row: OneToOne, viewer: Viewer) -> Json:
    """Return a one-to-one with its note."""
    return {
        "id": row.id,
        "month": row.month,
        "at": f"{row.at:%Y-%m-%d}",
        "author": row.author,
        "note": row.note,
        "may_delete": may_delete(row, viewer),
    }


def _team_building(one: TeamBuilding, day: DutyDay) -> Json:
    return {
        "team": one.team.name,
        "last": None if one.last is None else one.last.isoformat(),
        "before": one.before.isoformat(),
        "due": day.date >= one.before.replace(day=1),
        "late": day.date >= one.before,
    }
