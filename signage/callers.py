"""The caller of a request, and the team that it concerns."""

from __future__ import annotations

from controller.names import same_name
from controller.services.duties import Viewer
from signage.auth import RIGHTS, TEAM_ONLY, Caller, access
from signage.http import Denied, body
from signage.office import office

DUTY_ROLES = {"admin": "manager", "owner": "manager"}
"""Roles of the timetable's duties that have another name as identities."""


def known_caller() -> Caller:
    """Return the caller of a route that needs a right."""
    caller = access().caller()
    if caller is None:
        raise Denied(403, "这个身份只能看，不能做这件事。")
    return caller


def own_team(caller: Caller) -> str | None:
    """Return a leader's team, "" for one without a known team; None for everybody else."""
    if caller.role not in TEAM_ONLY:
        return None
    return access().team() or ""


def person_name(caller: Caller) -> str:
    """Return the name of the caller's person, else of the phone or token."""
    if caller.person_id is None:
        return caller.name
    person = (one for one in office().people.active() if one.id == caller.person_id)
    return next((one.name for one in person), caller.name)


def has(caller: Caller, right: str) -> bool:
    """Return whether the caller has a right."""
    return caller.role in RIGHTS[right]


def viewer_of(caller: Caller) -> Viewer:
    """Return the caller as a viewer of duties."""
    return Viewer(DUTY_ROLES.get(caller.role, caller.role), person_name(caller), own_team(caller))


# --- The team that a request concerns, for `needs(…, team=…)`


def of_caller() -> None:
    """Name no team: the route shows or changes the caller's own things; see `needs`."""


def named_team() -> object:
    """Return the team that the request's body names; the view refuses one without."""
    return body().get("team")


def team_of_named() -> object:
    """Return the team of the `person` that the request's body names, else the `team`."""
    fields = body()
    return fields.get("team") if fields.get("person") is None else team_of_id(fields.get("person"))


def team_of_id(ident: object) -> str | None:
    """Return the team of a person, None for an unknown one, whom the view refuses."""
    return next((one.team for one in office().people.active() if one.id == ident), None)


def seller_team() -> object:
    """Return the team of the person whose deal is sent: a leader enters deals of the own team only."""
    fields = body()
    name, team = fields.get("person"), fields.get("team")
    if not isinstance(name, str):
        return team
    teams = [person.team for person in office().people.active() if same_name(person.name, name)]
    return teams[0] if len(teams) == 1 else team


def seller() -> list[object]:
    """Return the person of a deal that is sent: a salesperson's phone enters deals of its person only."""
    return [body().get("person")]
