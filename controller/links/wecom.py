"""WeCom group robots (企业微信群机器人): text, and the results as a picture. Facts: developer.work.weixin.qq.com.

Text, not markdown: members who read the group in personal WeChat do not see markdown.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from controller.links import words
from controller.links.port import (
    LinkKind,
    Outcome,
    Parcel,
    SecretField,
    Tools,
)
from controller.links.refusals import BUSY, CONTENT, GONE, Vendor, table, too_fast
from controller.links.web import Failed, post_json
from controller.sales.model import Refused
from controller.timetable.link_model import GroupLink

BASE: Final = "https://qyapi.weixin.qq.com"
MOST_TEXT: Final = 2048  # bytes
MOST_PICTURE: Final = 2_000_000
VENDOR: Final = Vendor(
    "企业微信",
    ("errcode",),
    table(
        (too_fast("一分钟后", 65.0), (45009,)),
        (CONTENT, (40058, 45002, 40008)),  # invalid or too long content, invalid message type
        (GONE, (93000, 93004, 93008)),
        (BUSY, (-1,)),
    ),
)


def read_key(text: str) -> str:
    """Return the key from a robot's whole address or the key alone. Raises Refused."""
    written = text.strip()
    if "://" in written:
        written = (parse_qs(urlsplit(written).query).get("key") or [""])[0]
    if not re.fullmatch(r"[\w-]{8,80}", written, re.ASCII):
        raise Refused("这不像企业微信群机器人的地址。在群里的机器人资料里复制，结尾是 key=……。", "key")
    return written


class Wecom:
    """One robot."""

    def __init__(self, link: GroupLink, secrets: Mapping[str, str], base: str | None, tools: Tools) -> None:
        self._link, self._tools = link, tools
        self._address = f"{base or BASE}/cgi-bin/webhook/send?key={quote(secrets['key'], safe='')}"

    def send(self, parcel: Parcel) -> Outcome:
        """Send a parcel as text, the results as a picture."""
        try:
            return VENDOR.outcome(post_json(self._address, self._body(parcel), {"X-Message-Id": parcel.id}))
        except Failed as failed:
            return failed.outcome

    def _body(self, parcel: Parcel) -> dict[str, Any]:
        if self._link.picture and parcel.messages[0].kind == "results":
            drawn = self._tools.picture("results", parcel.messages[0].payload)
            if drawn is not None and len(drawn) <= MOST_PICTURE:
                digest = hashlib.md5(drawn, usedforsecurity=False).hexdigest()
                return {
                    "msgtype": "image",
                    "image": {"base64": base64.b64encode(drawn).decode(), "md5": digest},
                }
        return {"msgtype": "text", "text": {"content": self._text(parcel)}}

    def _text(self, parcel: Parcel) -> str:
        keyword = self._link.keyword
        return words.with_keyword(words.within(words.compose(parcel), MOST_TEXT - 70), keyword)


KIND: Final = LinkKind(
    "wecom",
    "企业微信群机器人",
    (SecretField("key", "机器人的地址", "在群里点机器人，复制 Webhook 地址，整个粘贴到这里", read=read_key),),
    Wecom,
    most_bytes=MOST_TEXT - 150,
)
