"""Deals that another system pushes: check its signature, and find the deal's fields in its JSON. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from controller.sales.model import Refused

JIANDAOYUN: Final = "jiandaoyun"
HMAC: Final = "hmac"
TOKEN: Final = "token"  # noqa: S105  a kind, not a secret
KINDS: Final = (JIANDAOYUN, HMAC, TOKEN)
SKEW: Final = timedelta(minutes=5)
"""A signature that is older, or from the future, is refused: it may be a copy of an earlier one."""
SKEW_OF: Final = {JIANDAOYUN: timedelta(hours=1), HMAC: SKEW}
"""简道云 repeats a push with its first timestamp; its delivery id and the deal's version make a copy harmless."""
FIELDS: Final = ("person", "team", "product", "amount", "external_id", "version", "occurred_at", "cancelled")
NEEDED: Final = ("person", "product", "amount", "external_id")
REMOVED: Final = "data_remove"
LONGEST_PATH: Final = 120
DEEPEST: Final = 10
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d{1,3})\]")
_PATH: Final = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[\d{1,3}\])*")


def jiandaoyun_signature(secret: str, nonce: str, timestamp: str, payload: bytes) -> str:
    """Return 简道云's `X-JDY-Signature`: sha1 of `nonce:payload:secret:timestamp`."""
    signed = b":".join([nonce.encode(), payload, secret.encode(), timestamp.encode()])
    return hashlib.sha1(signed, usedforsecurity=False).hexdigest()


def hmac_signature(secret: str, timestamp: str, payload: bytes) -> str:
    """Return `sha256=…`, the HMAC-SHA256 of `timestamp.payload`."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


def is_genuine(kind: str, secret: str, sent: Mapping[str, str], payload: bytes, now: datetime) -> bool:
    """Return whether a push was signed with the secret, and lately. `sent`: signature, timestamp, nonce, token."""
    if kind == TOKEN:
        return _equal(sent.get("token", ""), secret)
    timestamp = sent.get("timestamp", "")
    expected = (
        jiandaoyun_signature(secret, sent.get("nonce", ""), timestamp, payload)
        if kind == JIANDAOYUN
        else hmac_signature(secret, timestamp, payload)
    )
    return _equal(sent.get("signature", ""), expected) and _lately(timestamp, now, SKEW_OF[kind])


def _equal(one: str, other: str) -> bool:
    return bool(other) and hmac.compare_digest(one.encode(), other.encode())


def _lately(timestamp: str, now: datetime, skew: timedelta) -> bool:
    if not re.fullmatch(r"\d{9,13}", timestamp):
        return False
    seconds = int(timestamp) if len(timestamp) <= 11 else int(timestamp) / 1000
    return abs(now.timestamp() - seconds) <= skew.total_seconds()


def checked_mapping(mapping: object) -> dict[str, str]:
    """Return where each field is: a path (`data.customer.name`, `data.items[0].sum`) or a fixed value (`=铂金套餐`)."""
    if not isinstance(mapping, dict):
        raise Refused('mapping 要写每个字段在哪里，例如 {"person": "data.owner.name"}。', "mapping")
    for field in NEEDED:
        if not mapping.get(field):
            raise Refused(
                f"mapping 缺少 {field}：写它在发来的 JSON 里的位置，或者用 = 开头写一个固定的值。", "mapping"
            )
    for field, path in mapping.items():
        if field not in FIELDS:
            raise Refused(f"mapping 里没有“{str(field)[:20]}”这一项，可以写 {'、'.join(FIELDS)}。", "mapping")
        fits = isinstance(path, str) and 0 < len(path) <= LONGEST_PATH and path.isprintable()
        if not fits or not (
            path.startswith("=") or (_PATH.fullmatch(path) and len(_STEP.findall(path)) <= DEEPEST)
        ):
            raise Refused(
                f"mapping 里 {field} 的位置写得不对，例如 data.owner.name 或 data.items[0].sum。", "mapping"
            )
    return {str(field): str(path) for field, path in mapping.items()}


def mapped(mapping: Mapping[str, str], body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the fields of the deal in a push, as `POST /api/deals` takes them; absent ones are left out."""
    fields = {}
    for field, path in mapping.items():
        value = path[1:] if path.startswith("=") else found_at(path, body)
        if value not in (None, ""):
            fields[field] = _fitting(field, value)
    if kind == JIANDAOYUN and body.get("op") == REMOVED:
        fields["cancelled"] = True
        fields["version"] = int(fields.get("version", 0) or 0) + 1
    return fields


def found_at(path: str, body: object) -> Any:
    """Return the value at a path, None if there is none."""
    for name, index in _STEP.findall(path):
        if name and isinstance(body, dict):
            body = body.get(name)
        elif index and isinstance(body, list) and int(index) < len(body):
            body = body[int(index)]
        else:
            return None
    return body


def _fitting(field: str, value: Any) -> Any:
    """Return a value in the form that the API takes: a member's name, a time as a version, a number as an id."""
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        value = value["name"]
    if field == "version":
        return _as_version(value)
    if field in ("external_id", "person", "team", "product") and isinstance(value, int | Decimal):
        return str(value)
    if field == "cancelled":
        return value is True or str(value).lower() in ("true", "1", "yes", "是")
    return value


def _as_version(value: Any) -> Any:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if isinstance(value, str):
        try:
            return int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000)
        except ValueError:
            return value
    return value
