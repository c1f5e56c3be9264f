"""The invitation from head office: everything a branch needs to connect, in one code that fits one QR. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any, Final

from controller.cities.document import NotUnderstood, branch_of, org_of

MARK: Final = "zhangu-city:"
CODE_LIMIT: Final = 4_000
_UNPACKED_LIMIT: Final = 16_000
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,253}")
_SPACE: Final = re.compile(r"\s+")
PEM: Final = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """Address and login of a branch at the broker. `authority`: PEM of the broker's CA, "" for the system's.

    `observer`: it reads the others and sends nothing, as head office's own wall does.
    `websocket`: the path for MQTT over WebSocket, for networks that let only port 443 out; "" for plain MQTT over TLS.
    `https`: the port of head office's HTTPS gateway, 0 without one. `way` (auto, mqtt, https) and `proxy` are the
    branch's own choice and in no code.
    `tls` is off only in tests and for brokers inside one machine. Its `repr` has no password.
    """

    host: str
    port: int
    org: str
    branch: str
    password: str
    user: str = ""
    authority: str = ""
    websocket: str = ""
    tls: bool = True
    observer: bool = False
    https: int = 0
    way: str = "auto"
    proxy: str = ""

    def __repr__(self) -> str:
        return f"Access({self.branch}@{self.host}:{self.port} of {self.org})"

    @property
    def login(self) -> str:
        """The user's name at the broker: the branch's, unless another broker has its own."""
        return self.user or self.branch


def written(access: Access) -> str:
    """Return the code of an invitation."""
    fields: dict[str, object] = {
        "h": access.host, "p": access.port, "o": access.org, "b": access.branch, "s": access.password,
        "u": access.user, "c": _der(access.authority), "w": access.websocket,
    }  # fmt: skip
    if not access.tls:
        fields["t"] = 0
    if access.observer:
        fields["r"] = 1
    if access.https:
        fields["q"] = access.https
    short = json.dumps(
        {k: v for k, v in fields.items() if v != ""}, ensure_ascii=False, separators=(",", ":")
    )
    packed = zlib.compress(short.encode("utf-8"), 9)
    check = zlib.crc32(packed).to_bytes(4, "big")
    return MARK + base64.urlsafe_b64encode(check + packed).decode("ascii").rstrip("=")


def read(code: str) -> Access:
    """Return the access of a pasted code. Raises NotUnderstood with a sentence for people."""
    text = _SPACE.sub("", code)
    if len(text) > CODE_LIMIT or not text.startswith(MARK):
        raise NotUnderstood(f"这不是总部的邀请码。邀请码以 {MARK} 开头，请整段复制。")
    fields = _unpacked(text.removeprefix(MARK))
    try:
        return _access(fields)
    except NotUnderstood:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise NotUnderstood("邀请码的内容不完整，请向总部要一个新的。") from error


def _unpacked(text: str) -> dict[str, Any]:
    damaged = "邀请码不完整或者有错字，请重新整段复制，或者重新扫一次。"
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        packed = raw[4:]
        if raw[:4] != zlib.crc32(packed).to_bytes(4, "big"):
            raise NotUnderstood(damaged)
        unpacker = zlib.decompressobj()
        fields = json.loads(unpacker.decompress(packed, _UNPACKED_LIMIT))
    except (binascii.Error, ValueError, zlib.error, RecursionError) as error:
        raise NotUnderstood(damaged) from error
    if not isinstance(fields, dict):
        raise NotUnderstood(damaged)
    return fields


def _access(fields: dict[str, Any]) -> Access:
    host, password = fields["h"], fields["s"]
    port, https = _port(fields["p"], 1), _port(fields.get("q", 0), 0)
    user, websocket = fields.get("u", ""), fields.get("w", "")
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        raise ValueError("host")
    for text in (password, user, websocket):
        if not isinstance(text, str) or len(text) > 200 or not text.isprintable():
            raise ValueError("text")
    authority = fields.get("c", "")
    return Access(
        host, port, org_of(fields["o"]), branch_of(fields["b"]), password, user,
        _pem(authority) if authority else "", websocket, fields.get("t", 1) != 0, fields.get("r") == 1, https,
    )  # fmt: skip


def _port(value: object, lowest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value < 65_536:
        raise ValueError("port")
    return value


def _der(pem: str) -> str:
    """Return the base64 of a certificate without its frame."""
    return "".join(line for line in pem.split() if line and line not in PEM_WORDS)


PEM_WORDS: Final = frozenset(" ".join(PEM).split())


def _pem(der: object) -> str:
    if not isinstance(der, str) or len(der) > 8_000:
        raise ValueError("authority")
    base64.b64decode(der, validate=True)
    lines = [der[at : at + 64] for at in range(0, len(der), 64)]
    return "\n".join([PEM[0], *lines, PEM[1], ""])
