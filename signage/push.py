"""Routes for systems that push deals and sign, such as 简道云; and their settings."""

from __future__ import annotations

import hashlib

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.sales import push
from controller.sales.model import Refused
from controller.services.push import PushLink
from signage import inbound, serializers
from signage.audit import record
from signage.auth import needs
from signage.http import Denied, body, flag_of, text_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("push", __name__)

NAME_LIMIT = 40
SECRET_LIMIT = 200
LEAST_SECRET = 8
LOGGED = 120
OFF = "这个推送关掉了，没有收。请在手机“设备 → 连接”里打开。"
LONGEST_DELIVERY = 80
MOST_LISTED = 1000
WRONG = "签名不对、过时了，或者没有这个推送的系统。请核对地址、密钥和两边的时间。"


@pages.post("/api/push/<name>")
def take_push(name: str) -> tuple[Response, int]:
    """Take a deal that another system pushes; the signature is checked before the body is read as JSON.

    `X-JDY-Signature` with `nonce` and `timestamp` in the address; or `X-Signature: sha256=…` over `timestamp.body` with
    `X-Timestamp`; or `X-Token`. Answers as `POST /api/deals` with `external_id`; a refused deal is 422. 简道云's
    `X-JDY-DeliverId` again gets the present answer.
    """
    payload = request.get_data()
    try:
        link = office().push_links.genuine(name, _sent(), payload, request.remote_addr or "?")
    except Refused as refused:
        raise Denied(429, refused.sentence, 60) from None
    if link is None:
        raise Denied(403, WRONG)
    if not link.on:
        office().push_links.note(link.name, OFF)
        raise Denied(403, OFF)
    fields = push.mapped(link.mapping, body(), link.kind)
    source, delivery = f"push {link.name}", _delivery(link.kind)
    try:
        sent = inbound.deal_of(fields, office().snapshot.glance().now.tzinfo)
        received = office().inbound.receive(source, sent, delivery)
    except Refused as refused:
        office().push_links.note(link.name, refused.sentence)
        digest = hashlib.sha256(payload).hexdigest()[:32]
        text = payload[:MOST_LISTED].decode("utf-8", "replace")
        office().inbound.refused(source, f"refused {delivery or digest}", text, refused.sentence)
        raise
    answer, status = inbound.answer(sent.external_id, received)
    why = received.waiting.question if received.waiting else ""
    office().push_links.note(link.name, why or f"收到 {sent.external_id} 第 {received.version} 版。")
    if received.created:
        record("program", link.name, f"推送来一单：{sent.external_id}，{sent.person}，{sent.amount}"[:LOGGED])
    return answer, status


def _delivery(kind: str) -> str:
    """Return 简道云's id of the delivery, the same when it repeats it, "" without one."""
    given = request.headers.get("X-JDY-DeliverId", "").strip() if kind == push.JIANDAOYUN else ""
    return f"deliver {given}" if 0 < len(given) <= LONGEST_DELIVERY and given.isprintable() else ""


def _sent() -> dict[str, str]:
    heads, query = request.headers, request.args
    return {
        "signature": heads.get("X-JDY-Signature") or heads.get("X-Signature", ""),
        "timestamp": heads.get("X-Timestamp") or query.get("timestamp", ""),
        "nonce": query.get("nonce", "")[:100],
        "token": heads.get("X-Token", ""),
    }


@pages.get("/api/push")
@needs("access")
def push_links() -> Response:
    """Return the systems that push deals, without their secrets, with their last push."""
    return jsonify({"links": [_link(one) for one in office().push_links.all()]})


def _link(one: PushLink) -> Json:
    return {
        "name": one.name,
        "kind": one.kind,
        "mapping": one.mapping,
        "on": one.on,
        "address": f"/api/push/{one.name}",
        "last_at": serializers.moment(one.last_at),
        "last": one.last,
    }


@pages.put("/api/push/<name>")
@needs("access")
def save_push_link(name: str) -> Response:
    """Set up a system: `kind`, `mapping` and, for `jiandaoyun`, its `secret`; without one the answer has a new one."""
    fields = body()
    if not 0 < len(name.strip()) <= NAME_LIMIT or not name.isprintable():
        raise Refused(f"名字要有 1 到 {NAME_LIMIT} 个字。", "name")
    secret = text_of(fields, "secret", SECRET_LIMIT, optional=True)
    if secret and len(secret) < LEAST_SECRET:
        raise Refused(f"密钥太短，至少 {LEAST_SECRET} 个字符。", "secret")
    made = office().push_links.save(
        name,
        text_of(fields, "kind", NAME_LIMIT),
        fields.get("mapping"),
        secret,
        on=flag_of(fields, "on") is not False,
    )
    return jsonify({"secret": made} if made else {})


@pages.post("/api/push/<name>/preview")
@needs("access")
def preview_push(name: str) -> Response:
    """Return the deal that a `mapping` of a `kind` finds in `sample`, and what is wrong with it; nothing is stored."""
    fields = body()
    sample = fields.get("sample")
    if not isinstance(sample, dict):
        raise Refused("sample 要写对方发来的 JSON 对象。", "sample")
    mapping = push.checked_mapping(fields.get("mapping"))
    found = push.mapped(mapping, sample, text_of(fields, "kind", NAME_LIMIT))
    problem = ""
    try:
        inbound.deal_of(dict(found), office().snapshot.glance().now.tzinfo)
    except Refused as refused:
        problem = refused.sentence
    return jsonify(
        {"name": name, "fields": {key: str(value) for key, value in found.items()}, "problem": problem}
    )


@pages.delete("/api/push/<name>")
@needs("access")
def remove_push_link(name: str) -> Response:
    office().push_links.remove(name)
    return jsonify({})
