"""DingTalk robots of an internal app in Stream mode (钉钉 Stream 模式). Facts: open.dingtalk.com.

A request with the app's id and secret gets an address and a ticket for a WebSocket. Frames are `{type, headers, data}`
with JSON inside `data`; each is acknowledged under its messageId, and delivered again without that. Several
connections may be open: each message goes to one of them. Answers go to the address that comes with the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from controller.links.frames import dumped, object_in, parsed, text_in
from controller.links.port import BotKind, ChatMessage, SecretField, Stay, later
from controller.links.refusals import LOOKED_AT_AGAIN_S
from controller.links.web import Failed, object_of, post
from controller.links.web_socket import WebSocket, connect, is_vendors
from controller.sales.model import Refused, StoreTrouble
from controller.timetable.link_model import BotLink

BASE: Final = "https://api.dingtalk.com"
DOMAINS: Final = ("dingtalk.com",)
TOPIC: Final = "/v1.0/im/bot/messages/get"
LOOK_S: Final = 0.5
ANSWER_S: Final = 8.0
"""Time for handing in an answer: meanwhile the next message waits."""
MOST_ANSWER: Final = 4000
_JSON: Final = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}


class DingtalkBot:
    """One robot."""

    def __init__(self, link: BotLink, secrets: Mapping[str, str], base: str | None) -> None:
        self._link, self._secrets, self._base = link, secrets, base

    def stay(self, stay: Stay) -> None:
        """Connect and serve. Raises Failed."""
        socket = connect(self._endpoint())
        try:
            stay.connected()
            while not stay.over:
                frame = parsed(socket.receive(LOOK_S))
                if frame is not None:
                    self._take(socket, frame, stay)
        finally:
            socket.close()

    def _endpoint(self) -> str:
        """Return the address of a new connection, with its ticket. Raises Failed."""
        body = {
            "clientId": self._secrets["client_id"], "clientSecret": self._secrets["client_secret"],
            "subscriptions": [{"type": "CALLBACK", "topic": TOPIC}], "ua": "zhangu",
        }  # fmt: skip
        answer = post(f"{self._base or BASE}/v1.0/gateway/connections/open", dumped(body).encode(), _JSON)
        if answer.status in (400, 401, 403):
            why = "钉钉不认这个应用：请看 Client ID 和 Client Secret 填得对不对，机器人是不是选了 Stream 模式并发布了。"
            raise Failed(later(why, LOOKED_AT_AGAIN_S))
        found = object_of(answer, "钉钉")
        endpoint, ticket = text_in(found, "endpoint", 500), text_in(found, "ticket", 500)
        if not ticket or not is_vendors(endpoint, ("wss",), DOMAINS, self._base):
            raise Failed(later("钉钉的答复里没有能用的连接地址，过一会儿再连。"))
        return f"{endpoint}{'&' if '?' in endpoint else '?'}ticket={quote(ticket, safe='')}"

    def _take(self, socket: WebSocket, frame: Mapping[str, Any], stay: Stay) -> None:
        headers = object_in(frame, "headers")
        topic, ident = text_in(headers, "topic"), text_in(headers, "messageId")
        kind = text_in(frame, "type")
        if kind == "SYSTEM" and topic == "disconnect":
            raise Failed(later("钉钉请这边重新连接。", 1.0))
        if kind == "SYSTEM":
            _acknowledge(socket, ident, text_in(frame, "data", None))
        elif kind == "CALLBACK" and topic == TOPIC:
            self._answer(socket, ident, parsed(text_in(frame, "data", None)) or {}, stay)
        else:
            _acknowledge(socket, ident, dumped({"response": None}))

    def _answer(self, socket: WebSocket, ident: str, body: Mapping[str, Any], stay: Stay) -> None:
        """Take the message in, acknowledge it, then answer; without the acknowledgement it is delivered again."""
        message = _message(body)
        if message is None:
            _acknowledge(socket, ident, dumped({"response": None}))
            return
        try:
            answer = stay.answer(message)
        except StoreTrouble:
            return  # delivered again
        _acknowledge(socket, ident, dumped({"response": None}))
        stay.replied(message, self._send(answer, message, text_in(body, "sessionWebhook", 1000)))

    def _send(self, answer: str, message: ChatMessage, address: str) -> str:
        """Hand in an answer; return "", or why it was not taken."""
        if not is_vendors(address, ("https",), DOMAINS, self._base):
            return "这条消息没有带能回复的地址。"
        body = {
            "msgtype": "text",
            "text": {"content": answer[:MOST_ANSWER]},
            "at": {"atUserIds": [message.sender] if message.chat else []},
        }
        try:
            code = object_of(post(address, dumped(body).encode(), _JSON, total_s=ANSWER_S), "钉钉").get(
                "errcode"
            )
        except Failed as failed:
            return failed.outcome.why
        return "" if code == 0 else f"钉钉没有接受回复（{str(code)[:12]}）。"


def _acknowledge(socket: WebSocket, ident: str, data: str) -> None:
    headers = {"contentType": "application/json", "messageId": ident}
    socket.send(dumped({"code": 200, "headers": headers, "message": "OK", "data": data}))


def _message(body: Mapping[str, Any]) -> ChatMessage | None:
    """Return the message of a callback, None without an id and sender."""
    ident = text_in(body, "msgId")
    sender = text_in(body, "senderStaffId") or text_in(body, "senderId")
    if not ident or not sender:
        return None
    kind = text_in(body, "msgtype")
    text: str | None = text_in(object_in(body, "text"), "content", None) if kind == "text" else None
    if kind == "richText":
        parts = object_in(body, "content").get("richText")
        text = "".join(text_in(one, "text", None) for one in parts) if isinstance(parts, list) else None
    created = body.get("createAt")
    at = (
        datetime.fromtimestamp(created / 1000, UTC)
        if isinstance(created, int) and 0 < created < 2**42
        else None
    )
    chat = text_in(body, "conversationId") if text_in(body, "conversationType") == "2" else ""
    return ChatMessage(ident, text, sender, chat, text_in(body, "senderNick", 60), at)


def _read_id(text: str) -> str:
    written = text.strip()
    if not re.fullmatch(r"[0-9A-Za-z_-]{8,128}", written):
        raise Refused("这不像应用的编号：在钉钉开发者后台的“凭证与基础信息”里复制 Client ID。", "client_id")
    return written


KIND: Final = BotKind(
    "dingtalk_bot",
    "钉钉机器人（Stream 模式）",
    (
        SecretField(
            "client_id",
            "Client ID",
            "开发者后台 → 公司内部应用 → 凭证与基础信息，也叫 AppKey；机器人的消息接收模式选 Stream",
            read=_read_id,
        ),
        SecretField("client_secret", "Client Secret", "在同一页，也叫 AppSecret"),
    ),
    DingtalkBot,
)
