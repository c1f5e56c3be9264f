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
    Adapter,
    LinkKind,
    Outcome,
    Parcel,
    SecretField,
    Tools,
    delivered,
    later,
    refused,
)
from controller.links.web import LOOKED_AT_AGAIN_S, Failed, post_json
from controller.sales.model import Refused
from controller.timetable.link_model import GroupLink

BASE: Final = "https://qyapi.weixin.qq.com"
MOST_TEXT: Final = 2048  # bytes
MOST_PICTURE: Final = 2_000_000
_TOO_FAST: Final = 45009
_CONTENT: Final = (40058, 45002, 40008)  # invalid or too long content, invalid message type
_BUSY: Final = (-1,)
_NO_ROBOT: Final = (93000, 93004, 93008)


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
            return _outcome(post_json(self._address, self._body(parcel), {"X-Message-Id": parcel.id}))
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


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    code = answer.get("errcode")
    if code == 0:
        return delivered()
    if code == _TOO_FAST:
        return later("企业微信说这个机器人发得太快，一分钟后再发。", 65.0, nothing_arrived=True)
    if code in _CONTENT:
        return refused(f"企业微信不接受这条消息的内容（{code}）。")
    if code in _NO_ROBOT:
        why = "企业微信说没有这个机器人：可能被移出了群。请在群里重新添加，把新的地址填在这里。"
        return later(why, LOOKED_AT_AGAIN_S, nothing_arrived=True)
    if code in _BUSY:
        return later("企业微信说系统繁忙，过一会儿再发。", nothing_arrived=True)
    if isinstance(code, int):
        return later(f"企业微信没有接受（{code}），过一会儿再发。", LOOKED_AT_AGAIN_S, nothing_arrived=True)
    return later("答复不是企业微信的，请看主机的网络。", nothing_arrived=True)


def _open(link: Any, secrets: Mapping[str, str], base: str | None, tools: Tools) -> Adapter:
    return Wecom(link, secrets, base, tools)


KIND: Final = LinkKind(
    "wecom",
    "企业微信群机器人",
    (SecretField("key", "机器人的地址", "在群里点机器人，复制 Webhook 地址，整个粘贴到这里", read=read_key),),
    _open,
    most_bytes=MOST_TEXT - 150,
)
