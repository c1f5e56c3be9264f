"""DingTalk group robots (钉钉自定义机器人). Facts: open.dingtalk.com.

Protected by a signature (milliseconds, in the address) or by a keyword that every message must contain.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from controller.links import words
from controller.links.port import (
    LinkKind,
    Outcome,
    Parcel,
    SecretField,
    Tools,
)
from controller.links.refusals import BUSY, CONTENT, GONE, Vendor, settings, table, too_fast
from controller.links.web import Failed, post_json
from controller.sales.model import Refused
from controller.timetable.link_model import GroupLink

BASE: Final = "https://oapi.dingtalk.com"
MOST_TEXT: Final = 15_000
"""Bytes of a text, so that the body stays below the vendor's 20,000."""
VENDOR: Final = Vendor(
    "钉钉",
    ("errcode",),
    table(
        (too_fast("十分钟后", 620.0), (130101, 90018, 90030)),  # the robot is blocked for ten minutes
        (CONTENT, (460101, 400402, 40035, 400101)),
        (GONE, (300001, 300005, 400013)),
        (BUSY, (-1,)),
    ),
)
_SETTINGS: Final = 310000


def read_token(text: str) -> str:
    """Return the token from a robot's whole address or the token alone. Raises Refused."""
    written = text.strip()
    if "://" in written:
        written = (parse_qs(urlsplit(written).query).get("access_token") or [""])[0]
    if not re.fullmatch(r"[0-9A-Za-z]{16,128}", written):
        raise Refused(
            "这不像钉钉机器人的地址。在群的机器人设置里复制 Webhook，里面有 access_token=……。", "token"
        )
    return written


def read_secret(text: str) -> str:
    """Return the signing secret. Raises Refused."""
    written = text.strip()
    if not re.fullmatch(r"SEC[0-9A-Za-z]{16,200}", written):
        raise Refused("加签的密钥以 SEC 开头，在机器人的安全设置里复制。", "secret")
    return written


def signature(secret: str, milliseconds: int) -> str:
    """Return the signature of a moment, before it is encoded for the address."""
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Dingtalk:
    """One robot."""

    def __init__(self, link: GroupLink, secrets: Mapping[str, str], base: str | None, tools: Tools) -> None:
        self._link, self._secrets, self._base = link, secrets, base or BASE

    def send(self, parcel: Parcel) -> Outcome:
        """Send a parcel as text."""
        query = {"access_token": self._secrets["token"]}
        if secret := self._secrets.get("secret"):
            milliseconds = int(parcel.now.timestamp() * 1000)
            query |= {"timestamp": str(milliseconds), "sign": signature(secret, milliseconds)}
        text = words.with_keyword(words.within(words.compose(parcel), MOST_TEXT), self._link.keyword)
        body = {"msgtype": "text", "text": {"content": text}}
        try:
            answer = post_json(
                f"{self._base}/robot/send?{urlencode(query)}", body, {"X-Message-Id": parcel.id}
            )
        except Failed as failed:
            return failed.outcome
        if answer.get("errcode") == _SETTINGS:
            return VENDOR.refusal(settings(_settings(str(answer.get("errmsg", "")))), _SETTINGS)
        return VENDOR.outcome(answer)


def _settings(said: str) -> str:
    """Return the sentence for a refusal by the robot's security settings."""
    if "keyword" in said:
        return "钉钉说消息里没有关键词：把机器人安全设置里的关键词写进作息表这个群的 keyword。"
    if "sign" in said or "timestamp" in said:
        return "钉钉说签名不对：请在这里填机器人安全设置里“加签”的密钥，并看主机的时间对不对。"
    if "ip" in said.lower():
        return "钉钉说主机的地址不在机器人的白名单里：请在机器人的安全设置里改用加签或关键词。"
    return "钉钉的安全设置不让发：请看机器人的关键词、加签和 IP 白名单。"


KIND: Final = LinkKind(
    "dingtalk",
    "钉钉群机器人",
    (
        SecretField(
            "token", "机器人的地址", "在群设置的机器人里复制 Webhook 地址，整个粘贴到这里", read=read_token
        ),
        SecretField(
            "secret",
            "加签的密钥",
            "安全设置选“加签”时才有，以 SEC 开头；选“自定义关键词”时不填",
            False,
            read_secret,
        ),
    ),
    Dingtalk,
    most_bytes=4000,
)
