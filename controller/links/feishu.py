"""Feishu group robots (飞书自定义机器人): text, the results as a table or, with an app, as a picture.

Facts: open.feishu.cn. Protected by a signature (seconds, in the body), a keyword or addresses. The vendor is too busy
at :00 and :30, so those minutes are avoided.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from controller.links import words
from controller.links.port import (
    LinkKind,
    Outcome,
    Parcel,
    SecretField,
    Tools,
)
from controller.links.refusals import CONTENT, GONE, Vendor, settings, table, too_fast
from controller.links.web import Failed, object_of, post, post_json
from controller.sales.model import Refused
from controller.timetable.link_model import GroupLink

BASE: Final = "https://open.feishu.cn"
MOST_TEXT: Final = 15_000
VENDOR: Final = Vendor(
    "飞书",
    ("code", "StatusCode"),
    table(
        (too_fast("一两分钟后", 90.0), (11232, 99991400)),
        (settings("飞书说签名不对：请在这里填机器人“签名校验”的密钥，并看主机的时间对不对。"), (19021,)),
        (settings("飞书说主机的地址不在机器人的白名单里：请在机器人的安全设置里改用签名校验。"), (19022,)),
        (settings("飞书说消息里没有关键词：把机器人的关键词写进作息表这个群的 keyword。"), (19024,)),
        (CONTENT, (9499, 19002, 11246, 230001)),
        (GONE, (19001, 19005, 19007)),
    ),
)


def read_token(text: str) -> str:
    """Return the token from a robot's whole address or the token alone. Raises Refused."""
    written = text.strip()
    if "://" in written:
        written = urlsplit(written).path.rpartition("/hook/")[2]
    if not re.fullmatch(r"[0-9A-Za-z-]{16,80}", written):
        raise Refused(
            "这不像飞书机器人的地址。在群的机器人设置里复制 Webhook 地址，里面有 /hook/……。", "token"
        )
    return written


def signature(secret: str, seconds: int) -> str:
    """Return the signature of a moment: the text is the key, the message is empty."""
    return base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


class Feishu:
    """One robot. `app_id` and `app_secret` of an app of the office: pictures need it."""

    def __init__(self, link: GroupLink, secrets: Mapping[str, str], base: str | None, tools: Tools) -> None:
        self._link, self._secrets, self._tools, self._base = link, secrets, tools, base or BASE

    def send(self, parcel: Parcel) -> Outcome:
        """Send a parcel."""
        try:
            body = self._body(parcel)
            if secret := self._secrets.get("secret"):
                seconds = int(parcel.now.timestamp())
                body = {"timestamp": str(seconds), "sign": signature(secret, seconds), **body}
            address = f"{self._base}/open-apis/bot/v2/hook/{quote(self._secrets['token'], safe='')}"
            return VENDOR.outcome(post_json(address, body, {"X-Message-Id": parcel.id}))
        except Failed as failed:
            return failed.outcome

    def _body(self, parcel: Parcel) -> dict[str, Any]:
        note = words.compose(parcel)
        if parcel.messages[0].kind == "results":
            key = self._picture(parcel) if self._link.picture and not self._link.keyword else None
            if key is not None:
                return {"msg_type": "image", "content": {"image_key": key}}
            return {
                "msg_type": "interactive",
                "card": _card(parcel.messages[0].payload, note, self._link.keyword),
            }
        text = words.with_keyword(words.within(note, MOST_TEXT), self._link.keyword)
        return {"msg_type": "text", "content": {"text": text}}

    def _picture(self, parcel: Parcel) -> str | None:
        """Upload the drawn results with the office's app; None without one, or when it does not work."""
        app, secret = self._secrets.get("app_id"), self._secrets.get("app_secret")
        drawn = self._tools.picture("results", parcel.messages[0].payload) if app and secret else None
        if drawn is None:
            return None
        try:
            login = f"{self._base}/open-apis/auth/v3/tenant_access_token/internal"
            token = post_json(login, {"app_id": app, "app_secret": secret}).get("tenant_access_token")
            head = {"Authorization": f"Bearer {token}", **_FORM}
            answer = post(f"{self._base}/open-apis/im/v1/images", _form(drawn), head)
            data = object_of(answer, urlsplit(self._base).hostname or "").get("data")
        except Failed:
            return None
        key = data.get("image_key") if isinstance(data, dict) else None
        return key if isinstance(key, str) else None


_BOUNDARY: Final = "zhangu-9d1c7be2a54f4f0f"
_FORM: Final = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}


def _form(picture: bytes) -> bytes:
    """Return the body of an upload."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="image_type"\r\n\r\nmessage\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="results.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _card(facts: Mapping[str, Any], note: words.Note, keyword: str) -> dict[str, Any]:
    """Return the results as a card of version 2 with a table; it knows no tags `note` and `code`."""
    rows = [
        {"team": row["name"], "amount": f"{words.figure(row['amount'])} 元", "rate": words.rate_of(row)}
        for row in facts["teams"][: words.MOST_TEAMS]
    ]
    table = {
        "tag": "table", "page_size": 10, "row_height": "low",
        "columns": [
            {"name": "team", "display_name": "团队", "data_type": "text"},
            {"name": "amount", "display_name": "业绩", "data_type": "text"},
            {"name": "rate", "display_name": "完成率", "data_type": "text"},
        ],
        "rows": rows,
    }  # fmt: skip
    people = "\n".join(words.people_lines(facts)) or note.title
    after = [facts["comment"]] if facts.get("comment") else []
    elements = [
        {"tag": "markdown", "content": _plain(people)},
        *([table] if rows else []),
        *({"tag": "markdown", "content": _plain(line)} for line in after),
    ]
    title = {"tag": "plain_text", "content": words.with_keyword(note.title, keyword)}
    return {"schema": "2.0", "header": {"title": title, "template": "red"}, "body": {"elements": elements}}


def _plain(text: str) -> str:
    """Return text without marks of the card's markup: names come from people."""
    return re.sub(r"([\\`*_~\[\]<>#|])", r" ", text)


KIND: Final = LinkKind(
    "feishu",
    "飞书群机器人",
    (
        SecretField(
            "token", "机器人的地址", "在群设置的机器人里复制 Webhook 地址，整个粘贴到这里", read=read_token
        ),
        SecretField("secret", "签名校验的密钥", "安全设置选“签名校验”时才有", False),
        SecretField(
            "app_id", "应用的 App ID", "想让战报是一张图片才填：公司自建应用，要有上传图片的权限", False
        ),
        SecretField("app_secret", "应用的 App Secret", "和 App ID 一起填", False),
    ),
    Feishu,
    pace_s=10.0,
    most_bytes=4000,
    avoids=(0, 30),
)
