"""WeCom smart robots over their long connection (企业微信智能机器人). Facts: developer.work.weixin.qq.com 101463.

JSON frames `{cmd, headers: {req_id}, body}`. The robot subscribes with its id and secret, sends `ping` every 30 s and
answers a message under the same req_id within five seconds. One connection per robot: a new one ends the older, which
gets a `disconnected_event`.
"""

from __future__ import annotations

import re
import secrets as random_ids
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from controller.links.frames import dumped, object_in, parsed, text_in
from controller.links.port import BotKind, ChatMessage, SecretField, Stay, later
from controller.links.refusals import LOOKED_AT_AGAIN_S
from controller.links.web import Failed
from controller.links.web_socket import Beat, WebSocket, connect
from controller.sales.model import Refused, StoreTrouble
from controller.timetable.link_model import BotLink

BASE: Final = "wss://openws.work.weixin.qq.com"
BEAT_S: Final = 30.0
LOOK_S: Final = 0.5
"""The longest time in which the end of the daemon is not noticed."""
LOGIN_S: Final = 10.0
ACK_S: Final = 5.0
MOST_ANSWER: Final = 4000
_WRONG: Final = (853000, 853001, 40001)
_MARKS: Final = str.maketrans("*_`~#[]<>|", "＊＿｀～＃［］＜＞｜")
KICKED: Final = "另一台机器用同一个机器人连上了，企业微信只留最新的一个。请停掉那一台，或点“重新连接”。"


class WecomBot:
    """One robot."""

    def __init__(self, link: BotLink, secrets: Mapping[str, str], base: str | None) -> None:
        self._link, self._secrets = link, secrets
        self._address = re.sub(r"^http", "ws", base) if base else BASE

    def stay(self, stay: Stay) -> None:
        """Connect, subscribe and serve. Raises Failed."""
        socket = connect(self._address)
        try:
            _subscribe(socket, self._secrets)
            stay.connected()
            _Session(socket, stay).serve()
        finally:
            socket.close()


class _Session:
    """A subscribed connection. `_waits`: answers under way by req_id, with their moment."""

    def __init__(self, socket: WebSocket, stay: Stay) -> None:
        self._socket, self._stay, self._beat = socket, stay, Beat(BEAT_S)
        self._waits: dict[str, tuple[ChatMessage, float]] = {}

    def serve(self) -> None:
        try:
            while not self._stay.over:
                if self._beat.due():
                    self._socket.send(_frame("ping", f"ping_{random_ids.token_hex(8)}"))
                frame = parsed(self._socket.receive(LOOK_S))
                if frame is not None:
                    self._take(frame)
                self._overdue(time.monotonic() - ACK_S, "企业微信没有确认收到回复。")
        finally:
            self._overdue(float("inf"), "回复还没确认，连接就断了。")

    def _take(self, frame: Mapping[str, Any]) -> None:
        command, ident = frame.get("cmd"), text_in(object_in(frame, "headers"), "req_id")
        if command == "aibot_msg_callback":
            self._answer(object_in(frame, "body"), ident)
        elif command == "aibot_event_callback":
            if text_in(object_in(object_in(frame, "body"), "event"), "eventtype") == "disconnected_event":
                raise Failed(later(KICKED, LOOKED_AT_AGAIN_S))
        elif ident in self._waits:
            message, _ = self._waits.pop(ident)
            code = frame.get("errcode")
            self._stay.replied(message, "" if code == 0 else f"企业微信没有接受回复（{code}）。")
        elif ident.startswith("ping_"):
            self._beat.answered()

    def _answer(self, body: Mapping[str, Any], ident: str) -> None:
        message = _message(body)
        if message is None or not ident:
            return
        try:
            answer = self._stay.answer(message)
        except StoreTrouble as trouble:
            answer = f"现在记不下来：{trouble.sentence}请过一会儿再发一次。"
        stream = {"id": f"zhangu-{message.id}"[:64], "finish": True, "content": _plain(answer)}
        self._waits[ident] = (message, time.monotonic())
        self._socket.send(_frame("aibot_respond_msg", ident, {"msgtype": "stream", "stream": stream}))

    def _overdue(self, before: float, why: str) -> None:
        for ident in [ident for ident, (_, at) in self._waits.items() if at < before]:
            message, _ = self._waits.pop(ident)
            self._stay.replied(message, why)


def _subscribe(socket: WebSocket, secrets: Mapping[str, str]) -> None:
    """Log in. Raises Failed."""
    ident = f"aibot_subscribe_{random_ids.token_hex(8)}"
    socket.send(_frame("aibot_subscribe", ident, {"bot_id": secrets["bot_id"], "secret": secrets["secret"]}))
    end = time.monotonic() + LOGIN_S
    while (left := end - time.monotonic()) > 0:
        frame = parsed(socket.receive(left))
        if frame is None or text_in(object_in(frame, "headers"), "req_id") != ident:
            continue
        code = frame.get("errcode")
        if code == 0:
            return
        if code in _WRONG:
            why = f"企业微信不认这个机器人（{code}）：请看 Bot ID 和 Secret 填得对不对，机器人是不是选了长连接。"
            raise Failed(later(why, LOOKED_AT_AGAIN_S))
        raise Failed(later(f"企业微信没有接受登录（{str(code)[:12]}），过一会儿再连。", 60.0))
    raise Failed(later(f"{socket.host} 没有答复登录，过一会儿再连。"))


def _message(body: Mapping[str, Any]) -> ChatMessage | None:
    """Return the message in a callback, None without an id and sender."""
    ident, sender = text_in(body, "msgid"), text_in(object_in(body, "from"), "userid")
    if not ident or not sender:
        return None
    written = body.get("create_time")
    at = datetime.fromtimestamp(written, UTC) if isinstance(written, int) and 0 < written < 2**32 else None
    return ChatMessage(ident, _content(body), sender, text_in(body, "chatid"), at=at)


def _content(body: Mapping[str, Any]) -> str | None:
    kind = text_in(body, "msgtype")
    if kind in ("text", "voice"):  # a voice message comes as text
        return text_in(object_in(body, kind), "content", None)
    if kind == "mixed":
        items = object_in(body, "mixed").get("msg_item")
        texts = (
            [text_in(object_in(one, "text"), "content", None) for one in items]
            if isinstance(items, list)
            else []
        )
        return "\n".join(text for text in texts if text) or None
    return None


def _frame(command: str, ident: str, body: Mapping[str, Any] | None = None) -> str:
    frame: dict[str, Any] = {"cmd": command, "headers": {"req_id": ident}}
    return dumped(frame if body is None else {**frame, "body": body})


def _plain(text: str) -> str:
    """Return text without marks of the markup: names come from people."""
    return text.translate(_MARKS)[:MOST_ANSWER]


def _read_id(text: str) -> str:
    written = text.strip()
    if not re.fullmatch(r"[0-9A-Za-z_-]{8,128}", written):
        raise Refused("这不像机器人的编号：在企业微信的智能机器人设置里，选“长连接”，复制 Bot ID。", "bot_id")
    return written


KIND: Final = BotKind(
    "wecom_bot",
    "企业微信智能机器人",
    (
        SecretField("bot_id", "Bot ID", "智能机器人 → API 模式 → 使用长连接，复制 Bot ID", read=_read_id),
        SecretField("secret", "Secret", "和 Bot ID 在同一页"),
    ),
    WecomBot,
)
