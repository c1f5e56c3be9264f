"""Deals from programs: read a record with an id of the sender's own, and answer what became of it."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from flask import jsonify
from werkzeug.wrappers import Response

from controller.sales.inbound import LONGEST_ID, MOST_VERSION, read_occurred
from controller.sales.inbound_rows import InboundDeal
from controller.sales.model import Refused
from controller.services.inbound import Received
from signage import serializers
from signage.auth import author
from signage.fields import NAME_LIMIT
from signage.http import flag_of, text_of, whole_of
from signage.office import office


def take_in(fields: dict[str, Any]) -> tuple[Response, int]:
    """Record, correct or keep the deal of a request with `external_id`.

    201: recorded, corrected or cancelled; 202: waits for the assistant; 200: known already, nothing changed.
    """
    received = office().inbound.receive(author(), deal_of(fields, office().snapshot.glance().now.tzinfo))
    return answer(str(fields["external_id"]).strip(), received)


def deal_of(fields: dict[str, Any], zone: tzinfo | None) -> InboundDeal:
    """Return the deal in a record. Raises Refused with the field that is wrong; a doubtful value is not refused."""
    assert zone is not None  # noqa: S101  a glance's moment is aware
    version = whole_of(fields, "version", 1, MOST_VERSION) if fields.get("version") is not None else 1
    cancelled = flag_of(fields, "cancelled") is True
    amount = fields.get("amount")
    if not cancelled and (amount in (None, "") or isinstance(amount, list | dict | bool)):
        raise Refused("缺少 amount：这里要一个金额，例如 12800。", "amount")
    return InboundDeal(
        external_id=_external_id(fields),
        version=version,
        person=text_of(fields, "person", NAME_LIMIT, optional=cancelled),
        product=text_of(fields, "product", NAME_LIMIT, optional=cancelled),
        amount=amount,
        team=text_of(fields, "team", NAME_LIMIT, optional=True) or None,
        occurred=read_occurred(fields.get("occurred_at"), zone),
        cancelled=cancelled,
        announced=flag_of(fields, "announce"),
    )


def _external_id(fields: dict[str, Any]) -> str:
    value = fields.get("external_id")
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text.strip()) <= LONGEST_ID or not text.strip().isprintable():
        raise Refused(
            f"external_id 要写 1 到 {LONGEST_ID} 个字符：来源自己的单号，例如 HT-2026-001。", "external_id"
        )
    return text.strip()


def answer(external_id: str, received: Received) -> tuple[Response, int]:
    """Return what became of a deal as JSON, with its status."""
    said = {"external_id": external_id, "version": received.version}
    if received.recorded is not None:
        return jsonify({**said, **serializers.recorded(received.recorded)}), 201 if received.created else 200
    if received.waiting is not None:
        waiting = received.waiting
        why = waiting.question if waiting.state == "open" else waiting.why
        said |= {"proposal": waiting.id, "state": waiting.state, "why": why}
        return jsonify(said), 202 if received.created else 200
    return jsonify({**said, "state": "cancelled"}), 201 if received.created else 200
