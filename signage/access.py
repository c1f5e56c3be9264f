"""Phones and rights: the office's PIN, phones, personal PINs, tokens, and the log of changes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.sales.model import Conflict, Refused
from controller.sales.roles import PHONE_ROLES, ROLE_NAMES, TOKEN_ROLES, outranks
from controller.sales.settings import PhoneSession, Token
from controller.services.change_log import NEWEST
from signage.auth import RIGHTS, access, needs
from signage.fields import MOST_ID
from signage.http import Denied, body, flag_of, reachable_host_url, text_of, whole_of
from signage.office import office
from signage.qr import drawn
from signage.serializers import Json

pages = Blueprint("rights", __name__)

NAME_LIMIT = 20
TOKEN_NAME_LIMIT = 40
LINES = 50
HOW = {"pin": "公用 PIN", "person": "个人 PIN", "phone": "自己的手机"}


def _role() -> str:
    return access().role() or ""


@pages.get("/api/access")
@needs("manage")
def who_may() -> Response:
    """Return the office's PIN, the signed-in phones, the people with a personal PIN and the tokens."""
    keys = access().keys
    return jsonify(
        {
            "pin": keys.pin(),
            "pin_on": keys.pin_on(),
            "sessions": [_phone(session) for session in keys.sessions()],
            "personal": [
                {
                    "person": pin.person_id,
                    "name": pin.person,
                    "team": pin.team,
                    "role_name": ROLE_NAMES.get(pin.role, pin.role),
                    "created": pin.created.isoformat(timespec="seconds"),
                    "removable": _may("access") and not outranks(pin.role, _role()),
                }
                for pin in keys.personal.all()
            ],
            "tokens": [_token(token) for token in keys.tokens()],
            "roles": [
                {"role": role, "name": ROLE_NAMES[role], "personal": role != "owner"}
                for role in PHONE_ROLES
                if not outranks(role, _role())
            ],
            "token_roles": [
                {"role": role, "name": ROLE_NAMES[role]}
                for role in TOKEN_ROLES
                if not outranks(role, _role())
            ],
        }
    )


def _may(right: str) -> bool:
    return _role() in RIGHTS[right]


def _phone(session: PhoneSession) -> Json:
    own = access().caller()
    return {
        "id": session.id,
        "name": session.name,
        "address": session.address,
        "role": session.role,
        "role_name": ROLE_NAMES.get(session.role, session.role),
        "person": session.person,
        "how": HOW.get(session.how, session.how),
        "created": session.created.isoformat(timespec="seconds"),
        "seen": session.seen.isoformat(timespec="seconds"),
        "own": own is not None and own.session == session.id,
        "removable": not outranks(session.role, _role()),
    }


def _token(token: Token) -> Json:
    return {
        "name": token.name,
        "role": token.role,
        "role_name": ROLE_NAMES.get(token.role, token.role),
        "created": token.created.isoformat(timespec="seconds"),
        "used": token.used.isoformat(timespec="seconds") if token.used else None,
        "made_by": token.made_by,
        "removable": not outranks(token.role, _role()),
    }


@pages.post("/api/access/pin")
@needs("manage")
def change_pin() -> Response:
    """Set a new PIN; every phone that signed in with the old one, also this one, has to sign in again."""
    body()
    return jsonify({"pin": access().keys.new_pin()})


@pages.put("/api/access/pin")
@needs("own")
def switch_pin() -> Response:
    """`on`: false ends all sessions of the office's PIN and refuses it until it is switched on again."""
    on = flag_of(body(), "on")
    if on is None:
        raise Refused("缺少 on：true 是打开公用 PIN，false 是关掉。", "on")
    access().keys.set_pin_on(on)
    return jsonify({"on": on})


@pages.delete("/api/access/sessions/<int:number>")
@needs("manage")
def end_session(number: int) -> Response:
    """Sign a phone out; its next request is refused and its open page shows the sign-in within seconds."""
    phone = access().keys.remove_phone(number, _role())
    if phone is None:
        raise Denied(404, "这台设备没有登录。")
    return jsonify({"name": phone.name})


@pages.post("/api/access/tokens")
@needs("access")
def make_token() -> tuple[Response, int]:
    """`name`, `role` → the token of a program; this answer is the only place that shows it."""
    fields = body()
    name, role = text_of(fields, "name", TOKEN_NAME_LIMIT), text_of(fields, "role", NAME_LIMIT)
    caller = access().caller()
    by = caller.name if caller is not None else ""
    return jsonify({"name": name, "token": access().keys.new_token(name, role, by, _role())}), 201


@pages.delete("/api/access/tokens/<name>")
@needs("manage")
def end_token(name: str) -> Response:
    if not access().keys.end_token(name, _role()):
        raise Denied(404, "没有这个名字的令牌。")
    return jsonify({})


@pages.post("/api/access/phones")
@needs("access")
def invite() -> tuple[Response, int]:
    """`role`, `person` (an id, optional; a leader needs one), `name` (optional) → the link and code of one phone."""
    fields = body()
    role = text_of(fields, "role", NAME_LIMIT)
    if outranks(role, _role()):
        raise Conflict("不能添加身份比自己高的手机。", "role")
    person = None if fields.get("person") is None else whole_of(fields, "person", 1, MOST_ID)
    name = text_of(fields, "name", NAME_LIMIT, optional=True)
    invited = access().keys.phones.invite(role, person, name)
    link = f"{reachable_host_url()}join/{invited.link}"
    answer = {"code": invited.code, "link": link, "qr": drawn(link), "minutes": invited.minutes}
    if (named := office().addresses.reach().named()) and named != request.host_url:
        by_name = f"{named}join/{invited.link}"
        answer |= {"named_link": by_name, "named_qr": drawn(by_name)}
    return jsonify(answer), 201


@pages.put("/api/access/personal/<int:number>")
@needs("access")
def set_personal_pin(number: int) -> Response:
    """Give a person a new PIN for shared phones, in a `role`; the answer is the only place that shows it."""
    _, pin = access().keys.personal.set(number, text_of(body(), "role", NAME_LIMIT), _role())
    return jsonify({"pin": pin})


@pages.delete("/api/access/personal/<int:number>")
@needs("access")
def remove_personal_pin(number: int) -> Response:
    """Remove a person's PIN; sessions that it started end at once."""
    if access().keys.personal.remove(number, _role()) is None:
        raise Denied(404, "这个人没有个人 PIN。")
    return jsonify({})


@pages.get("/api/log")
@needs("log")
def log_of_changes() -> Response:
    """Return up to 50 lines, newest first; `before`: an id, for the lines before it."""
    lines = access().keys.log.lines(_before(request.args.get("before", "")), LINES + 1)
    shown: list[dict[str, Any]] = [
        {
            "id": line.id,
            "at": line.at.isoformat(timespec="seconds"),
            "role": line.role,
            "role_name": ROLE_NAMES.get(line.role, line.role),
            "who": line.who,
            "deed": line.deed,
            "address": line.address,
        }
        for line in lines[:LINES]
    ]
    return jsonify({"lines": shown, "more": len(lines) > LINES})


def _before(written: str) -> int:
    if not written:
        return NEWEST
    if written.isascii() and written.isdecimal() and len(written) <= 18:
        return int(written)
    raise Refused("before 要写一行记录的编号，例如 120。", "before")
