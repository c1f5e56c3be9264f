"""Webhooks for programs, as Standard Webhooks 1.0.0 describes them: standardwebhooks.com.

One event per request, signed over the bytes that are sent. A deal of a hidden person has no name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets as chance
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from controller.links.port import (
    TEST,
    Adapter,
    LinkKind,
    Outcome,
    Parcel,
    SecretField,
    Tools,
    delivered,
    ended,
    later,
)
from controller.links.refusals import LOOKED_AT_AGAIN_S
from controller.links.web import Answer, Failed, check_status, post
from controller.sales.link_messages import LinkMessage
from controller.sales.model import Refused

PREFIX: Final = "whsec_"
LEAST, MOST = 24, 64  # bytes of a secret
BOTH_FOR: Final = timedelta(days=1)
"""After a change of the secret, requests have a signature of the former one too for this time."""
MOST_ROWS: Final = 30
"""Rows of a list in the results, so that a body stays below 20 KB."""
MOST_ADDRESS: Final = 500
LONGEST_PAUSE_S: Final = 3600.0
"""A receiver's Retry-After counts up to this."""
BEFORE, UNTIL, PRIVATE = "secret_before", "secret_until", "private"
"""Kept beside the secret: the former one, until when it counts, and the owner's word for an address in the office."""
OF_SECRET: Final = (BEFORE, UNTIL)

TYPES: Final = {
    "first": "deal.recorded", "big": "deal.recorded", "deal": "deal.recorded", "results": "results.published",
    TEST: "test",
}  # fmt: skip


def new_secret() -> str:
    """Return a secret of 32 random bytes."""
    return PREFIX + base64.b64encode(chance.token_bytes(32)).decode()


def read_secret(text: str) -> str:
    """Return the secret in a pasted text. Raises Refused."""
    written = text.strip()
    try:
        size = len(base64.b64decode(written.removeprefix(PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not written.startswith(PREFIX) or not LEAST <= size <= MOST:
        raise Refused(
            f"签名密钥以 {PREFIX} 开头，后面是 {LEAST} 到 {MOST} 个字节的 base64。可以让战鼓生成一个。",
            "secret",
        )
    return written


def read_address(text: str) -> str:
    """Return the receiver's address: http or https, no name and password. Raises Refused."""
    written = text.strip()
    try:
        parts = urlsplit(written) if re.fullmatch(rf"[!-~]{{1,{MOST_ADDRESS}}}", written) else None
        fits = parts is not None and (parts.port is None or parts.port > 0) and bool(parts.hostname)
    except ValueError:
        parts, fits = None, False
    if (
        parts is None
        or not fits
        or parts.scheme not in ("https", "http")
        or "@" in parts.netloc
        or parts.fragment
    ):
        raise Refused(
            "接收的地址要写成 https://主机名/路径 这样，里面不写用户名和密码，最多 500 个字符。", "address"
        )
    return written


def sign(secret: str, ident: str, seconds: int, body: bytes) -> str:
    """Return the signature of a body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{ident}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def may_connect(address: str, *, private: bool) -> bool:
    """Return whether a request may go to an IP address; `private`: also into the office's network.

    Never to addresses that are no machine's own (link-local, where clouds keep their secrets; multicast).
    """
    ip: IPv4Address | IPv6Address = ip_address(address.split("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return private or ip.is_global


def is_inside(address: str) -> bool:
    """Return whether an address names a machine of the office by its form: a private IP or a local name."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    try:
        return not ip_address(host.split("%")[0]).is_global
    except ValueError:
        return "." not in host or host.endswith(
            (".local", ".lan", ".home", ".internal", ".localdomain", ".arpa")
        )


class Webhook:
    """One receiver."""

    def __init__(self, secrets: Mapping[str, str], address: str) -> None:
        self._secrets, self._address = secrets, address

    def send(self, parcel: Parcel) -> Outcome:
        """Send an event."""
        body = json.dumps(event(parcel), ensure_ascii=False, separators=(",", ":")).encode()
        seconds = int(parcel.now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": parcel.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(
                sign(secret, parcel.id, seconds, body) for secret in signing(self._secrets, parcel.now)
            ),
        }
        private = PRIVATE in self._secrets
        try:
            answer = post(
                self._address, body, headers, allows=lambda peer: may_connect(peer, private=private)
            )
            return _outcome(answer, urlsplit(self._address).hostname or "")
        except Failed as failed:
            return failed.outcome


def signing(secrets: Mapping[str, str], now: datetime) -> list[str]:
    """Return the secrets that sign at a moment: the present one, and the former one while it still counts."""
    former = secrets.get(BEFORE)
    counts = former is not None and now < datetime.fromisoformat(secrets[UNTIL])
    return [secrets["secret"], *([former] if former is not None and counts else [])]


def rotated(secrets: Mapping[str, str], secret: str, now: datetime) -> dict[str, str]:
    """Return a link's secrets with a new one; the former one signs too for a day."""
    former = secrets.get("secret")
    if former is None or former == secret:
        return {**secrets, "secret": secret}
    return {**secrets, "secret": secret, BEFORE: former, UNTIL: (now + BOTH_FOR).isoformat()}


def _outcome(answer: Answer, host: str) -> Outcome:
    if 200 <= answer.status < 300:
        return delivered()
    if answer.status == 410:
        return ended(f"{host} 说不再要这些消息（HTTP 410），这个连接暂停了。")
    if answer.status in (429, 503) and (wait := _seconds(answer.headers.get("retry-after", ""))):
        return later(f"{host} 要过一会儿再发（HTTP {answer.status}）。", wait, nothing_arrived=True)
    check_status(answer.status, host)
    return later(f"{host} 的答复看不懂（HTTP {answer.status}）。", LOOKED_AT_AGAIN_S)


def _seconds(written: str) -> float:
    """Return the seconds of a Retry-After, 0 for none; its other form, a date, would trust the other clock."""
    return min(float(written), LONGEST_PAUSE_S) if re.fullmatch(r"\d{1,9}", written) else 0.0


# --- The bodies


def event(parcel: Parcel) -> dict[str, Any]:
    """Return the body of a parcel: the same at every attempt."""
    message = parcel.messages[0]
    kind, data = _described(message, parcel.office)
    return {"type": kind, "timestamp": message.created.isoformat(timespec="milliseconds"), "data": data}


def _described(message: LinkMessage, office: str) -> tuple[str, dict[str, Any]]:
    facts = message.payload
    if message.kind == "correction":
        new = facts.get("new")
        if new is None:
            return "deal.voided", _deal(facts)
        return "deal.corrected", {**_deal(new), "replaces": _deal(facts)}
    if message.kind == "fault":
        kind = "fault.ended" if facts.get("over") else "fault.began"
        return kind, {name: facts.get(name) or "" for name in ("what", "meanwhile", "mend")}
    if message.kind == "results":
        return TYPES["results"], _results(facts)
    if message.kind == TEST:
        return TYPES[TEST], {"office": office}
    return TYPES[message.kind], _deal(facts)


def _deal(facts: Mapping[str, Any]) -> dict[str, Any]:
    hidden = bool(facts.get("hidden"))
    return {
        "id": facts["deal"],
        "key": facts.get("key"),
        "person": None if hidden else facts["person"],
        "team": facts["team"],
        "product": facts["product"],
        "amount": _yuan(facts["amount"]),
        "at": facts.get("moment") or facts["at"],
        "date": facts["date"],
    }


def _results(facts: Mapping[str, Any]) -> dict[str, Any]:
    rows = {
        name: [_row(row, person=name == "people") for row in facts.get(name, ())[:MOST_ROWS]]
        for name in ("people", "teams")
    }
    return {
        "date": facts["date"],
        "count": facts["count"],
        "amount": _yuan(facts["amount"]),
        **rows,
        "cities": [
            {"city": row["name"], "rate": _rate(row.get("rate"))}
            for row in facts.get("cities", ())[:MOST_ROWS]
        ],
        "week_top": facts["week_top"] and _row(facts["week_top"], person=True),
        "month_top": facts["month_top"] and _row(facts["month_top"], person=True),
    }


def _row(row: Mapping[str, Any], *, person: bool) -> dict[str, Any]:
    name = {"person": row["name"], "team": row["team"]} if person else {"team": row["name"]}
    return {
        "place": row["place"], **name, "count": row["count"], "amount": _yuan(row["amount"]),
        "target": _yuan(row.get("target")), "rate": _rate(row.get("rate")),
    }  # fmt: skip


def _yuan(amount: Any) -> int | float | None:
    """Return yuan as in the answers of the API."""
    if amount is None:
        return None
    value = Decimal(str(amount))
    return int(value) if value == value.to_integral_value() else float(value)


def _rate(rate: Any) -> float | None:
    return None if rate is None else float(Decimal(str(rate)))


def _open(link: Any, secrets: Mapping[str, str], base: str | None, tools: Tools) -> Adapter:
    return Webhook(secrets, base or "")


KIND: Final = LinkKind(
    "webhook",
    "给程序的推送（Webhook）",
    (
        SecretField(
            "secret",
            "签名密钥",
            "接收的程序用它检查签名。可以让战鼓生成一个，或粘贴对方给的，以 whsec_ 开头",
            read=read_secret,
        ),
    ),
    _open,
    pace_s=0.0,
    merges=False,
    owners_address=True,
    rotates=True,
)
