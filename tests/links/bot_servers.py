"""Local servers in place of the vendors' long connections: handshake, login, heartbeat, deadlines, delivery again.

Real sockets. Each server delivers a message again when it was not answered in time, and refuses as the vendor does.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve


def until(done: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@dataclass
class Sent:
    """A message of a person. `answers`: the replies of the robot; `deliveries`: how often it was handed over."""

    ident: str
    text: str
    sender: str = "wang"
    chat: str = "chat-1"
    at: float | None = None
    name: str = ""
    answers: list[str] = field(default_factory=list)
    deliveries: int = 0


class BotServer:
    """A server on a free port. `deadline_s`: until a message is delivered again."""

    deadline_s = 5.0

    def __init__(self) -> None:
        self.lines: list[ServerConnection] = []
        self.faults: list[str] = []
        self.pings = 0
        self.deaf = False
        self.open: dict[str, Sent] = {}
        self._server = serve(
            self._serve, "127.0.0.1", 0, process_request=self.on_request, compression=None, ping_interval=None
        )
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._http = _http(self)
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def on_request(self, line: ServerConnection, asked: Request) -> Response | None:
        return None

    def _serve(self, line: ServerConnection) -> None:
        try:
            if self.login(line):
                for other in list(self.lines):
                    self.replaced(other)
                self.lines.append(line)
                for data in line:
                    self.take(line, data)
        except ConnectionClosed:
            pass
        finally:
            with suppress(ValueError):
                self.lines.remove(line)

    def login(self, line: ServerConnection) -> bool:
        return True

    def replaced(self, older: ServerConnection) -> None:
        """A vendor that keeps several connections does nothing."""

    def take(self, line: ServerConnection, data: str | bytes) -> None:
        raise NotImplementedError

    def post(self, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        raise NotImplementedError

    def hand_over(self, line: ServerConnection, sent: Sent) -> None:
        raise NotImplementedError

    def write(self, sent: Sent, *, answered: bool = True, line: int = -1) -> Sent:
        """Deliver a person's message, again after the deadline, until it is answered."""
        end = time.monotonic() + 60
        while True:
            until(lambda: self.lines)
            self.open[sent.ident] = sent
            sent.deliveries += 1
            with suppress(ConnectionClosed, IndexError):
                self.hand_over(self.lines[line], sent)
            wait = time.monotonic() + self.deadline_s
            while time.monotonic() < wait and not self._settled(sent):
                time.sleep(0.005)
            if not answered or self._settled(sent):
                return sent
            assert time.monotonic() < end, "never answered"

    def _settled(self, sent: Sent) -> bool:
        return bool(sent.answers)

    def drop(self) -> None:
        """Cut all connections as a dying line does."""
        for line in list(self.lines):
            line.close_socket()

    def close(self) -> None:
        self.drop()
        self._server.shutdown()
        self._http.shutdown()
        self._http.server_close()


def _http(owner: BotServer) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = owner.post(self.path, headers, json.loads(body))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class WecomBots(BotServer):
    """企业微信: login by frame, one connection per robot, an answer under the same req_id within 5 s."""

    bot_id, secret = "aib-0123456789", "s3cret-of-the-robot"

    def __init__(self) -> None:
        super().__init__()
        self.address = f"http://127.0.0.1:{self.port}"
        self._asked: dict[str, Sent] = {}

    def login(self, line: ServerConnection) -> bool:
        frame = json.loads(line.recv(timeout=5))
        right = frame["cmd"] == "aibot_subscribe" and frame["body"] == {
            "bot_id": self.bot_id,
            "secret": self.secret,
        }
        code = 0 if right else 853000
        line.send(
            json.dumps({"headers": frame["headers"], "errcode": code, "errmsg": "ok" if right else "invalid"})
        )
        return right

    def replaced(self, older: ServerConnection) -> None:
        event = {"msgtype": "event", "event": {"eventtype": "disconnected_event"}}
        with suppress(ConnectionClosed):
            older.send(
                json.dumps({"cmd": "aibot_event_callback", "headers": {"req_id": "e1"}, "body": event})
            )

    def hand_over(self, line: ServerConnection, sent: Sent) -> None:
        ident = f"req-{sent.ident}-{sent.deliveries}"
        self._asked[ident] = sent
        body: dict[str, Any] = {
            "msgid": sent.ident, "aibotid": self.bot_id, "chatid": sent.chat, "msgtype": "text",
            "chattype": "group" if sent.chat else "single", "from": {"userid": sent.sender},
            "text": {"content": f"@战鼓 {sent.text}"},
        }  # fmt: skip
        if sent.at is not None:
            body["create_time"] = int(sent.at)
        line.send(json.dumps({"cmd": "aibot_msg_callback", "headers": {"req_id": ident}, "body": body}))

    def take(self, line: ServerConnection, data: str | bytes) -> None:
        frame = json.loads(data)
        ident = frame["headers"]["req_id"]
        code = 0
        if frame["cmd"] == "ping":
            self.pings += 1
            if self.deaf:
                return
        elif frame["cmd"] == "aibot_respond_msg":
            code = self._answered(ident, frame["body"])
        else:
            self.faults.append(str(frame))
        line.send(json.dumps({"headers": {"req_id": ident}, "errcode": code, "errmsg": ""}))

    def _answered(self, ident: str, body: Any) -> int:
        sent = self._asked.pop(ident, None)
        if sent is None:
            self.faults.append(f"nobody asked {ident}")
            return 846605
        content = body["stream"]["content"]
        if (
            body["msgtype"] != "stream"
            or body["stream"]["finish"] is not True
            or len(content.encode()) > 20480
        ):
            self.faults.append(str(body))
            return 40058
        sent.answers.append(content)
        return 0


class DingtalkBots(BotServer):
    """钉钉: a ticket by HTTP, used once; each frame acknowledged under its id; answers to the message's address."""

    client_id, secret = "ding0123456789ab", "the-secret-of-the-app"

    def __init__(self) -> None:
        self.tickets: set[str] = set()
        self.acked: set[str] = set()
        self.number = 0
        super().__init__()

    def on_request(self, line: ServerConnection, asked: Request) -> Response | None:
        ticket = (parse_qs(urlsplit(asked.path).query).get("ticket") or [""])[0]
        if ticket not in self.tickets:
            return line.respond(401, "no ticket\n")
        self.tickets.remove(ticket)
        return None

    def post(self, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/v1.0/gateway/connections/open":
            wanted = [{"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}]
            if (body["clientId"], body["clientSecret"]) != (self.client_id, self.secret):
                return 401, {"code": "authFailed"}
            if body["subscriptions"] != wanted:
                return 400, {"code": "subscriptions"}
            self.number += 1
            self.tickets.add(ticket := f"t/{self.number}+=")
            return 200, {"endpoint": f"ws://127.0.0.1:{self.port}/connect", "ticket": ticket}
        sent = self.open[path.removeprefix("/robot/sendBySession/")]
        if body["msgtype"] != "text" or len(body["text"]["content"].encode()) > 20_000:
            return 200, {"errcode": 460101}
        sent.answers.append(body["text"]["content"])
        return 200, {"errcode": 0, "errmsg": "ok"}

    def hand_over(self, line: ServerConnection, sent: Sent) -> None:
        body = {
            "msgId": sent.ident, "conversationId": sent.chat, "conversationType": "2" if sent.chat else "1",
            "senderStaffId": sent.sender, "senderNick": sent.name, "msgtype": "text",
            "createAt": int((sent.at or time.time()) * 1000), "text": {"content": f" {sent.text}"},
            "sessionWebhook": f"{self.address}/robot/sendBySession/{sent.ident}",
        }  # fmt: skip
        self.frame(line, "CALLBACK", "/v1.0/im/bot/messages/get", f"m-{sent.ident}", body)

    def frame(self, line: ServerConnection, kind: str, topic: str, ident: str, body: Any) -> None:
        headers = {"topic": topic, "messageId": ident, "contentType": "application/json", "time": "1"}
        line.send(
            json.dumps({"specVersion": "1.0", "type": kind, "headers": headers, "data": json.dumps(body)})
        )

    def take(self, line: ServerConnection, data: str | bytes) -> None:
        frame = json.loads(data)
        if frame["code"] != 200 or frame["headers"]["contentType"] != "application/json":
            self.faults.append(str(frame))
        json.loads(frame["data"])
        self.acked.add(frame["headers"]["messageId"])


def _frame_class() -> Any:
    """Return `pbbp2.Frame` made by the protobuf library from its description."""
    file = descriptor_pb2.FileDescriptorProto(name="pbbp2.proto", package="pbbp2", syntax="proto2")
    header, frame = file.message_type.add(name="Header"), file.message_type.add(name="Frame")
    kinds = {"varint64": 4, "int32": 5, "string": 9, "message": 11, "bytes": 12}
    for place, name in ((1, "key"), (2, "value")):
        header.field.add(name=name, number=place, label=2, type=kinds["string"])
    fields = (
        (1, "SeqID", 2, "varint64"), (2, "LogID", 2, "varint64"), (3, "service", 2, "int32"), (4, "method", 2, "int32"),
        (5, "headers", 3, "message"), (6, "payload_encoding", 1, "string"), (7, "payload_type", 1, "string"),
        (8, "payload", 1, "bytes"), (9, "LogIDNew", 1, "string"),
    )  # fmt: skip
    for place, name, label, kind in fields:
        made = frame.field.add(name=name, number=place, label=label, type=kinds[kind])
        if kind == "message":
            made.type_name = ".pbbp2.Header"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("pbbp2.Frame"))


Frame = _frame_class()


class FeishuBots(BotServer):
    """飞书: an address by HTTP, protobuf frames, events in parts, code 200 within 3 s, answers under a token."""

    app_id, secret = "cli_0123456789abcdef", "the-secret-of-the-app"
    deadline_s = 3.0

    def __init__(self) -> None:
        self.acks: list[int] = []
        self.parts = 1
        self.refusal: dict[str, str] = {}
        self.tokens = 0
        super().__init__()

    def on_request(self, line: ServerConnection, asked: Request) -> Response | None:
        if self.refusal:
            response = line.respond(400, "refused\n")
            for name, value in self.refusal.items():
                response.headers[name] = value
            return response
        return None

    def post(self, path: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/callback/ws/endpoint":
            if body != {"AppID": self.app_id, "AppSecret": self.secret}:
                return 200, {"code": 1000040344, "msg": "bad app"}
            url = f"ws://127.0.0.1:{self.port}/ws?device_id=d1&service_id=7"
            return 200, {
                "code": 0,
                "data": {"URL": url, "ClientConfig": {"PingInterval": 30, "ReconnectCount": -1}},
            }
        if path == "/open-apis/auth/v3/tenant_access_token/internal":
            self.tokens += 1
            return 200, {"code": 0, "tenant_access_token": f"t-{self.tokens}", "expire": 7200}
        if headers.get("authorization") != f"Bearer t-{self.tokens}" or len(body["uuid"]) > 50:
            return 200, {"code": 99991663}
        sent = self.open[path.split("/")[5]]
        sent.answers.append(json.loads(body["content"])["text"])
        return 200, {"code": 0}

    def hand_over(self, line: ServerConnection, sent: Sent) -> None:
        message = {
            "message_id": sent.ident, "chat_id": sent.chat, "chat_type": "group" if sent.chat else "p2p",
            "message_type": "text", "content": json.dumps({"text": f"@_user_1 {sent.text}"}),
            "create_time": str(int((sent.at or time.time()) * 1000)),
            "mentions": [{"key": "@_user_1", "id": {"open_id": "ou_bot"}, "name": "战鼓"}],
        }  # fmt: skip
        event = {
            "schema": "2.0", "header": {"event_id": f"e-{sent.ident}", "event_type": "im.message.receive_v1"},
            "event": {"sender": {"sender_id": {"open_id": sent.sender}, "sender_type": "user"}, "message": message},
        }  # fmt: skip
        payload = json.dumps(event).encode()
        size = -(-len(payload) // self.parts)
        for number in range(self.parts):
            frame = Frame(
                SeqID=number, LogID=2**63, service=7, method=1, payload=payload[number * size :][:size]
            )
            headers = {
                "type": "event", "message_id": f"{sent.ident}-{sent.deliveries}", "sum": str(self.parts),
                "seq": str(number), "trace_id": "t",
            }  # fmt: skip
            for name, value in headers.items():
                frame.headers.add(key=name, value=value)
            line.send(frame.SerializeToString())

    def take(self, line: ServerConnection, data: str | bytes) -> None:
        frame = Frame()
        frame.ParseFromString(data)
        headers = {one.key: one.value for one in frame.headers}
        if frame.method == 0:
            self.pings += 1
            if headers != {"type": "ping"} or frame.service != 7:
                self.faults.append(str(frame))
            if not self.deaf:
                pong = Frame(SeqID=0, LogID=0, service=7, method=0, payload=b'{"PingInterval": 20}')
                pong.headers.add(key="type", value="pong")
                line.send(pong.SerializeToString())
            return
        if "biz_rt" not in headers or headers["trace_id"] != "t":
            self.faults.append(str(frame))
        self.acks.append(json.loads(frame.payload)["code"])


@contextmanager
def running(kind: type[BotServer]) -> Iterator[Any]:
    """Yield a server and close it."""
    server = kind()
    try:
        yield server
    finally:
        server.close()
