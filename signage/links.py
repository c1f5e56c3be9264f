"""Links to the outside on the phone: state, test, pause, secrets, the day's messages out and in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.links import words
from controller.links.port import TEST, Parcel
from controller.sales.link_messages import LinkMessage, MessageState
from controller.sales.model import Refused
from controller.sales.received import ReceivedFate, ReceivedMessage
from controller.services.links import LinkStatus
from signage import serializers
from signage.auth import access, needs
from signage.http import body, date_of, flag_of, text_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("links", __name__)

IDENT_LIMIT: Final = 60
ADDRESS_LIMIT: Final = 500
MOST_SECRETS: Final = 10
KIND_NAMES: Final = {
    "first": "第一单", "big": "大单", "deal": "一单", "target": "达标", "correction": "更正", "hourly": "整点",
    "results": "战报", "week": "本周开拓能手", "month": "本月开拓能手", "fault": "故障", "daily": "小结",
    TEST: "测试",
}  # fmt: skip
FATE_NAMES: Final = {
    ReceivedFate.RECORDED: "记下了", ReceivedFate.WAITING: "等助理", ReceivedFate.CORRECTED: "改好了",
    ReceivedFate.CANCELLED: "撤回了", ReceivedFate.UNREAD: "没有单", ReceivedFate.REFUSED: "没有收",
}  # fmt: skip
ANSWERED: Final = "助理处理了"
MOST_SHOWN: Final = 500
STATE_NAMES: Final = {
    MessageState.WAITING: "等着", MessageState.SENT: "已发出", MessageState.DROPPED: "没有发",
}  # fmt: skip


@pages.get("/api/links")
@needs("manage")
def links() -> Response:
    """Return every link of the timetable with its state; secrets only as set or not."""
    return jsonify({"links": [_link(status) for status in office().links.status()], "may": _may()})


def _may() -> Json:
    return {"secrets": access().may("access"), "address": access().may("own")}


def _link(status: LinkStatus) -> Json:
    return {
        "link": status.ident,
        "name": status.name,
        "title": status.title,
        "on": status.on,
        "paused": status.paused,
        "why": status.why,
        "waiting": status.waiting,
        "last_why": status.last_why,
        "next_try": _moment(status.next_try),
        "last_sent": _moment(status.last_sent),
        "secrets": [
            {"name": name, "label": label, "hint": hint, "required": required, "set": known}
            for name, label, hint, required, known in status.secrets
        ],
        "address": status.address,
        "takes_address": status.takes_address,
        "receives": status.receives,
        "since": _moment(status.since),
        "last_received": _moment(status.last_received),
        "owners_address": status.owners_address,
        "rotates": status.rotates,
        "both_until": _moment(status.both_until),
    }


def _moment(at: datetime | None) -> str | None:
    return serializers.moment(at) if at is not None else None


@pages.get("/api/links/messages")
@needs("manage")
def messages() -> Response:
    """Return the messages of a day (`date`, else today), out and in, with what became of them, newest first.

    `link`: only those of one link. `links`: every link that has messages, with its name.
    """
    current = office()
    glance = current.snapshot.glance()
    day = date_of(request.args.get("date"), glance.plan.date)
    link = request.args.get("link", "")[:IDENT_LIMIT] or None
    names = {status.ident: status.name for status in current.links.status()}
    out = [_message(row, names, glance.office) for row in current.links.messages(day, link)]
    came = [_received(row, settled, names) for row, settled in current.links.received(day, link)]
    rows = sorted(out + came, key=lambda row: str(row["at"]), reverse=True)[:MOST_SHOWN]
    known = {ident: _name(ident, names) for ident in current.links.with_messages(day)}
    return jsonify(
        {
            "date": day.isoformat(),
            "link": link,
            "links": [{"link": ident, "name": name} for ident, name in sorted(known.items())],
            "messages": rows,
        }
    )


def _name(ident: str, names: dict[str, str]) -> str:
    """Return the name of a link; one that is no longer in the timetable, or a program, has its own."""
    return names.get(ident) or ident.partition(":")[2] or ident


def _received(row: ReceivedMessage, settled: str, names: dict[str, str]) -> Json:
    state, state_name, chat = row.fate, FATE_NAMES[row.fate], row.link.startswith("bot:")
    if settled:
        state_name = ANSWERED
    return {
        "direction": "in",
        "id": row.uid,
        "link": row.link,
        "name": _name(row.link, names),
        "text": row.text,
        "at": serializers.moment(row.at),
        "state": state,
        "state_name": state_name,
        "settled": bool(settled),
        "why": settled or ("" if chat else row.answer),
        "answer": row.answer if chat else "",
        "chat": row.chat,
        "sender": row.sender,
        "sender_name": row.name,
        "reply": "" if row.replied == "" else row.replied or "回复还没有确认。",
    }


def _message(row: LinkMessage, names: dict[str, str], office_name: str) -> Json:
    return {
        "direction": "out",
        "id": row.uid,
        "link": row.link,
        "name": _name(row.link, names),
        "kind": row.kind,
        "kind_name": KIND_NAMES.get(row.kind, row.kind),
        "text": words.compose(Parcel(row.uid, (row,), row.created, office_name)).title,
        "at": serializers.moment(row.created),
        "state": row.state,
        "state_name": STATE_NAMES[row.state],
        "why": row.why,
        "attempts": row.attempts,
        "next_try": _moment(row.next_try),
        "ended": _moment(row.ended),
        "sent_as": row.batch,
    }


@pages.post("/api/links/test")
@needs("manage")
def test() -> Response:
    """Send a test message to `link`; a robot that takes deals is connected again instead."""
    office().links.test(_ident(body()))
    return jsonify({"ok": True})


@pages.put("/api/links/pause")
@needs("manage")
def pause() -> Response:
    """`on`: true keeps the messages of `link`, false sends them."""
    fields = body()
    on = flag_of(fields, "on")
    if on is None:
        raise Refused("缺少 on：true 是暂停，false 是继续。", "on")
    office().links.pause(_ident(fields), on=on)
    return jsonify({"on": on})


@pages.put("/api/links/secrets")
@needs("access")
def set_secrets() -> Response:
    """Store `values` of `link`: a text sets one, null removes it. They are never returned."""
    fields = body()
    values: Any = fields.get("values")
    if not isinstance(values, dict) or not 0 < len(values) <= MOST_SECRETS:
        raise Refused("还没有填写密钥。", "values")
    office().links.set_secrets(_ident(fields), values)
    return jsonify({"ok": True})


@pages.post("/api/links/secrets/new")
@needs("access")
def new_secret() -> Response:
    """Make a new signing secret for `link`; this answer is the only place that shows it. The former one signs too for a
    day."""
    return jsonify({"secret": office().links.new_secret(_ident(body()))})


@pages.put("/api/links/address")
@needs("own")
def set_address() -> Response:
    """Set the address of `link`: a program's, or a base address instead of the vendor's (null), where its keys go.

    A program's address in the office's network needs `inside`: true, else 409.
    """
    fields = body()
    address = text_of(fields, "address", ADDRESS_LIMIT, optional=True) if fields.get("address") else None
    office().links.set_address(_ident(fields), address, inside=flag_of(fields, "inside") is True)
    return jsonify({"ok": True})


def _ident(fields: Json) -> str:
    return text_of(fields, "link", IDENT_LIMIT)
