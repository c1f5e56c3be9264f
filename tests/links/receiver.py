"""A program that receives webhooks, over real HTTP or HTTPS, and checks them by the words of the specification.

It shares no code with the product: id, age, and one of the signatures over the bytes that arrived.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.links.vendors import Reply, Request, Vendor

TOLERANCE_S = 300


class Receiver(Vendor):
    """`secrets`: those that it accepts. `events`: the bodies of accepted requests; `ids`: their webhook-id."""

    def __init__(self, now: Callable[[], datetime], *secrets: str) -> None:
        super().__init__(now)
        self.secrets = list(secrets)
        self.events: list[Any] = []
        self.ids: list[str] = []
        self.asked: list[Request] = []
        self.reply = Reply(204, b"")

    def answer(self, asked: Request) -> Reply:
        self.asked.append(asked)
        why = self.fault(asked.headers, asked.body)
        if why:
            self.refusals.append(why)
            return Reply(401, why.encode(), "text/plain")
        if 200 <= self.reply.status < 300:
            self.events.append(json.loads(asked.body))
            self.ids.append(asked.headers["webhook-id"])
        return self.reply

    def fault(self, headers: dict[str, str], body: bytes) -> str:
        """Return why a request is refused, "" when it is genuine."""
        ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not ident or not stamp.isdecimal():
            return "no id or timestamp"
        if abs(self.now().timestamp() - int(stamp)) > TOLERANCE_S:
            return "stale"
        signed = b".".join([ident.encode(), stamp.encode(), body])
        for one in headers.get("webhook-signature", "").split(" "):
            version, _, written = one.partition(",")
            for secret in self.secrets:
                key = base64.b64decode(secret.split("_", 1)[1])
                right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
                if version == "v1" and hmac.compare_digest(written.encode(), right.encode()):
                    return ""
        return "wrong signature"

    def use_tls(self, folder: Path) -> Path:
        """Speak HTTPS with a certificate for 127.0.0.1; return it as the authority to trust."""
        files = [str(folder / name) for name in ("key.pem", "cert.pem")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", files[0], "-out", files[1], "-days", "3650", "-subj", "/CN=receiver",
             "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[1], files[0])
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        return folder / "cert.pem"
