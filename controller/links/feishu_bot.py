"""Feishu robots of an office's own app over the long connection (飞书长连接). Facts: open.feishu.cn.

A request with the app's id and secret gets the address. Frames are protobuf (`feishu_frames`): a ping at the interval
that the vendor gives, and events, in parts when they are large, each answered with code 200 within three seconds, else
delivered again. One of an app's connections gets each event. Answers go through the API under a token of two hours.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from controller.links.feishu_frames import CONTROL, DATA, Frame, MalformedError, decode, encode
from controller.links.frames import dumped, object_in, parsed, text_in
from controller.links.port import BotKind, ChatMessage, SecretField, Stay, later
from controller.links.refusals import LOOKED_AT_AGAIN_S
from controller.links.web import Failed, object_of, post, post_json
from controller.links.web_socket import Beat, RefusedHandshake, WebSocket, connect, is_vendors
from controller.sales.model import Refused, StoreTrouble
from controller.timetable.link_model import BotLink

BASE: Final = "https://open.feishu.cn"
DOMAINS: Final = ("feishu.cn", "larksuite.com")
LOOK_S: Final = 0.5
BEAT_S: Final = 120.0
BEATS: Final = (5.0, 300.0)
ANSWER_S: Final = 8.0
MOST_ANSWER: Final = 4000
MOST_PARTS: Final = 20
MOST_UNFINISHED: Final = 8
LARGEST_EVENT: Final = 512 * 1024
_BUSY: Final = (1, 1000040343)
_TOO_MANY: Final = "1000040350"
_REFUSED_BY: Final = ("handshake-status", "handshake-autherrcode")
_RENEWED_S: Final = 300.0
_MENTION: Final = re.compile(r"@_user_\d{1,3}|@_all")


class FeishuBot:
    """One robot. A token and unfinished events are kept for one connection."""

    def __init__(self, link: BotLink, secrets: Mapping[str, str], base: str | None) -> None:
        self._link, self._secrets, self._base = link, secrets, base
        self._token, self._token_until = "", 0.0

    def stay(self, stay: Stay) -> None:
        """Connect and serve. Raises Failed."""
        address, every_s = self._endpoint()
        socket = self._connect(address)
        service = _number((parse_qs(urlsplit(address).query).get("service_id") or ["0"])[0])
        beat, parts = Beat(every_s), Parts()
        try:
            stay.connected()
            socket.send(encode(_ping(service)))
            while not stay.over:
                if beat.due():
                    socket.send(encode(_ping(service)))
                self._take(socket, socket.receive(LOOK_S), stay, beat, parts)
        finally:
            socket.close()

    def _endpoint(self) -> tuple[str, float]:
        """Return the address of a new connection and the seconds between pings. Raises Failed."""
        body = {"AppID": self._secrets["app_id"], "AppSecret": self._secrets["app_secret"]}
        found = post_json(f"{self._base or BASE}/callback/ws/endpoint", body, {"locale": "zh"})
        code = found.get("code")
        if code in _BUSY:
            raise Failed(later(f"飞书说系统繁忙（{code}），过一会儿再连。", 30.0))
        if code != 0:
            why = (
                f"飞书不认这个应用（{str(code)[:12]}）：请看 App ID 和 App Secret，事件订阅是不是选了长连接。"
            )
            raise Failed(later(why, LOOKED_AT_AGAIN_S))
        data = object_in(found, "data")
        address = text_in(data, "URL", 2000)
        if not is_vendors(address, ("wss",), DOMAINS, self._base):
            raise Failed(later("飞书的答复里没有能用的连接地址，过一会儿再连。"))
        return address, _interval(object_in(data, "ClientConfig"))

    def _connect(self, address: str) -> WebSocket:
        try:
            return connect(address, _REFUSED_BY)
        except RefusedHandshake as fault:
            if fault.said["handshake-autherrcode"] == _TOO_MANY:
                raise Failed(later("飞书说这个应用的长连接太多了，过一会儿再连。", 60.0)) from None
            raise

    def _take(
        self, socket: WebSocket, data: str | bytes | None, stay: Stay, beat: Beat, parts: Parts
    ) -> None:
        try:
            frame = decode(data) if isinstance(data, bytes) else None
        except MalformedError:
            return
        if frame is not None and frame.method == CONTROL and frame.headers.get("type") == "pong":
            given = parsed(frame.payload)
            beat.answered(_interval(given) if given else None)
        elif frame is not None and frame.method == DATA:
            event = parts.joined(frame, time.monotonic())
            if event is not None:
                self._answer(socket, frame, parsed(event) or {}, stay)

    def _answer(self, socket: WebSocket, frame: Frame, event: Mapping[str, Any], stay: Stay) -> None:
        """Take an event in, acknowledge it, then answer; without the acknowledgement it is delivered again."""
        began = time.monotonic()
        message = _message(event) if frame.headers.get("type") == "event" else None
        answer = ""
        if message is not None:
            try:
                answer = stay.answer(message)
            except StoreTrouble:
                socket.send(encode(replace(frame, payload=dumped({"code": 500}).encode())))
                return
        taken_ms = str(round((time.monotonic() - began) * 1000))
        headers = {**frame.headers, "biz_rt": taken_ms}
        socket.send(encode(replace(frame, headers=headers, payload=dumped({"code": 200}).encode())))
        if message is not None:
            stay.replied(message, self._send(answer, message))

    def _send(self, answer: str, message: ChatMessage) -> str:
        """Hand in an answer; return "", or why it was not taken. Its id makes a repetition harmless."""
        body = {
            "msg_type": "text", "content": dumped({"text": answer[:MOST_ANSWER]}), "uuid": f"zhangu-{message.id}"[:50]
        }  # fmt: skip
        address = f"{self._base or BASE}/open-apis/im/v1/messages/{quote(message.id, safe='')}/reply"
        try:
            head = {
                "Authorization": f"Bearer {self._valid_token()}",
                "Content-Type": "application/json; charset=utf-8",
            }
            code = object_of(post(address, dumped(body).encode(), head, total_s=ANSWER_S), "飞书").get("code")
        except Failed as failed:
            return failed.outcome.why
        return "" if code == 0 else f"飞书没有接受回复（{str(code)[:12]}）。"

    def _valid_token(self) -> str:
        """Return a token for the API. Raises Failed."""
        if time.monotonic() < self._token_until:
            return self._token
        login = f"{self._base or BASE}/open-apis/auth/v3/tenant_access_token/internal"
        found = post_json(
            login, {"app_id": self._secrets["app_id"], "app_secret": self._secrets["app_secret"]}
        )
        token = text_in(found, "tenant_access_token", 500)
        if not token:
            raise Failed(later(f"飞书没有给出回复用的令牌（{str(found.get('code'))[:12]}）。"))
        lasts = found.get("expire")
        seconds = float(lasts) if isinstance(lasts, int) and 0 < lasts <= 86_400 else 0.0
        self._token, self._token_until = token, time.monotonic() + max(0.0, seconds - _RENEWED_S)
        return token


class Parts:
    """Events that come in several frames; the oldest unfinished ones are forgotten."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, tuple[float, dict[int, bytes]]] = OrderedDict()

    def joined(self, frame: Frame, now: float) -> bytes | None:
        """Return the whole event when this frame completes it."""
        total, number = _number(frame.headers.get("sum", "1")), _number(frame.headers.get("seq", "0"))
        if total <= 1:
            return frame.payload
        ident = frame.headers.get("message_id", "")
        if total > MOST_PARTS or number >= total or not ident:
            return None
        since, parts = self._events.pop(ident, (now, {}))
        parts[number] = frame.payload
        if len(parts) == total:
            return b"".join(parts[at] for at in range(total)) if sorted(parts) == list(range(total)) else None
        if sum(map(len, parts.values())) <= LARGEST_EVENT:
            self._events[ident] = (since, parts)
        while len(self._events) > MOST_UNFINISHED or (
            self._events and next(iter(self._events.values()))[0] < now - 60
        ):
            self._events.popitem(last=False)
        return None


def _ping(service: int) -> Frame:
    return Frame(CONTROL, service, {"type": "ping"})


def _interval(config: Mapping[str, Any]) -> float:
    given = config.get("PingInterval")
    return min(max(float(given), BEATS[0]), BEATS[1]) if isinstance(given, int) else BEAT_S


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _message(event: Mapping[str, Any]) -> ChatMessage | None:
    """Return the message of an event, None for another event or a robot's message."""
    if text_in(object_in(event, "header"), "event_type") != "im.message.receive_v1":
        return None
    body = object_in(event, "event")
    sender, message = object_in(body, "sender"), object_in(body, "message")
    ident, person = text_in(message, "message_id"), text_in(object_in(sender, "sender_id"), "open_id")
    if not ident or not person or text_in(sender, "sender_type") not in ("", "user"):
        return None
    chat = text_in(message, "chat_id") if text_in(message, "chat_type") == "group" else ""
    created = _number_ms(text_in(message, "create_time"))
    at = datetime.fromtimestamp(created / 1000, UTC) if created else None
    return ChatMessage(ident, _content(message), person, chat, at=at)


def _number_ms(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,13}", text) else 0


def _content(message: Mapping[str, Any]) -> str | None:
    """Return a message's text, with the names of the people it mentions instead of their marks."""
    if text_in(message, "message_type") != "text":
        return None
    text = text_in(parsed(text_in(message, "content", None)) or {}, "text", None)
    mentions = message.get("mentions")
    names = {
        text_in(one, "key"): text_in(one, "name", 60)
        for one in (mentions[:50] if isinstance(mentions, list) else [])
    }
    return _MENTION.sub(lambda mark: f"@{names[mark[0]]} " if names.get(mark[0]) else " ", text)


def _read_id(text: str) -> str:
    written = text.strip()
    if not re.fullmatch(r"cli_[0-9A-Za-z]{8,60}", written):
        raise Refused("App ID 以 cli_ 开头，在飞书开发者后台的“凭证与基础信息”里复制。", "app_id")
    return written


KIND: Final = BotKind(
    "feishu_bot",
    "飞书机器人（长连接）",
    (
        SecretField(
            "app_id",
            "App ID",
            "开发者后台 → 公司自建应用 → 凭证与基础信息；加上机器人，事件订阅选长连接，订阅“接收消息”",
            read=_read_id,
        ),
        SecretField("app_secret", "App Secret", "在同一页"),
    ),
    FeishuBot,
)
