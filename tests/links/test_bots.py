"""Deals written to a chat robot, over the long connections of three vendors: real sockets, the vendors' rules."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from bot_servers import BotServer, DingtalkBots, FeishuBots, Frame, Sent, WecomBots, until
from hypothesis import given, settings
from hypothesis import strategies as some
from linked import LinkedHouse

from controller.links import feishu_frames, receiver, wecom_bot
from controller.links.feishu_bot import Parts
from controller.links.receiver import BotReceivers
from controller.links.web_socket import LARGEST_FRAME, is_vendors
from controller.services.chat_deals import A_MINUTE_SENDER, TOO_FAST, UNREAD
from tests.forms import examples

MORNING = datetime.fromisoformat("2026-11-25T10:20:00+08:00")
LINKS = """
links:
  bots:
    报单: {kind: 企业微信}
    钉钉报单: {kind: 钉钉}
    飞书报单: {kind: 飞书, chats: [chat-1, chat-2]}
"""
IDENT = {WecomBots: "bot:报单", DingtalkBots: "bot:钉钉报单", FeishuBots: "bot:飞书报单"}


class BotHouse(LinkedHouse):
    """An office with its robots connected to local servers."""

    def open(self) -> None:
        super().open()
        links = self.office.links
        self.bots = BotReceivers(
            self.clock, links.open_bots, self.office.chat_deals, links.bot_states, chance=lambda: 0.0
        )

    def close(self) -> None:
        self.bots.close()
        super().close()

    def secrets_for(self, server: BotServer, ident: str, wrong: str = "") -> None:
        values = {
            WecomBots: lambda: {"bot_id": server.bot_id, "secret": wrong or server.secret},
            DingtalkBots: lambda: {"client_id": server.client_id, "client_secret": wrong or server.secret},
            FeishuBots: lambda: {"app_id": server.app_id, "app_secret": wrong or server.secret},
        }[type(server)]()  # type: ignore[attr-defined]
        self.connect(ident, server.address, **values)

    def state(self, ident: str) -> Any:
        return next(one for one in self.office.links.status() if one.ident == ident)

    def deals(self) -> list[tuple[str, str, int]]:
        deals = self.office.deals.of_day(self.clock.now().date())
        return [(one.person, one.product, int(one.amount)) for one in deals if one.voided is None]

    def came(self, ident: str) -> Any:
        return next(one for one, _ in self.office.links.received(self.clock.now().date()) if one.uid == ident)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[type[BotServer], Any]]:
    with ExitStack() as stack:
        made: dict[type[BotServer], Any] = {}
        for kind in IDENT:
            made[kind] = kind()
            stack.callback(made[kind].close)
        yield made


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, servers: dict[type[BotServer], Any]
) -> Iterator[BotHouse]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receiver, "BACK_OFF_S", (0.05, 0.1))
        patch.setattr(receiver, "LOOK_S", 0.05)
        house = BotHouse(tmp_path_factory.mktemp("bots"), MORNING, LINKS)
        try:
            for product in ("网络招聘", "铂金套餐"):
                house.office.product_list.add(product)
            for kind, ident in IDENT.items():
                house.secrets_for(servers[kind], ident)
            house.bots.start()
            until(lambda: all(house.state(ident).since for ident in IDENT.values()))
            yield house
        finally:
            house.close()


@pytest.fixture(autouse=True)
def _calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """A new day for each test, and no refusal of a vendor at its end."""
    if "office" in request.fixturenames:
        house = request.getfixturevalue("office")
        house.clock.go_to((house.clock.now() + timedelta(days=1)).replace(hour=10, minute=20))
        house.office.chat_deals._pace._times.clear()
    yield
    if "servers" in request.fixturenames:
        for server in request.getfixturevalue("servers").values():
            assert server.faults == []


def write(server: Any, house: BotHouse, text: str, ident: str, **other: Any) -> Sent:
    at = other.pop("at", house.clock.now().timestamp())
    return server.write(Sent(f"{type(server).__name__}-{ident}", text, at=at, **other))


def redialled(server: Any) -> Any:
    """Cut the line and return the next one."""
    before = server.lines[-1]
    server.drop()
    until(lambda: server.lines and server.lines[-1] is not before)
    return server.lines[-1]


@pytest.mark.parametrize("kind", IDENT)
def test_a_deal_is_recorded_and_answered(office: BotHouse, servers: dict[Any, Any], kind: Any) -> None:
    """@战鼓 王小明 铂金 12800: recorded, announced, answered with sentence and decision; a repetition adds nothing."""
    jobs = len(office.announcer.jobs)
    new = write(servers[kind], office, "王小明 定制服务 12800", "a")
    assert new.answers[0].startswith("等助理确认：王小明，定制服务，¥12,800。产品“定制服务”以前没有卖过")
    sent = write(servers[kind], office, "王小明 铂金 12800", "b")
    assert "记下了：王小明，铂金套餐，¥12,800。" in sent.answers[0]
    assert "恭喜" in sent.answers[0]
    assert "播报" in sent.answers[0]
    assert office.deals() == [("王小明", "铂金套餐", 12800)]
    assert len(office.announcer.jobs) == jobs + 1
    again = servers[kind].write(Sent(sent.ident, "王小明 网络招聘 99999"))
    assert again.answers == sent.answers
    assert office.deals() == [("王小明", "铂金套餐", 12800)]
    until(lambda: office.came(sent.ident).replied == "")


@pytest.mark.parametrize("kind", IDENT)
def test_the_last_deal_is_corrected_and_taken_back_by_its_sender(
    office: BotHouse, servers: dict[Any, Any], kind: Any
) -> None:
    """上一单改成9800 changes the sender's own last deal at once; another sender's words change nothing."""
    server = servers[kind]
    write(server, office, "王小明 网络招聘 12800；陈芳 网络招聘 3k", "c1")
    other = write(server, office, "上一单改成9800", "c2", sender="li")
    assert office.deals() == [("王小明", "网络招聘", 12800), ("陈芳", "网络招聘", 3000)]
    assert "等助理确认" in other.answers[0]
    fixed = write(server, office, "上一单改成2800", "c3")
    assert "改好了：陈芳，网络招聘，¥2,800" in fixed.answers[0]
    named = write(server, office, "王小明那单改成9800", "c4")
    assert "改好了：王小明，网络招聘，¥9,800" in named.answers[0]
    assert sorted(office.deals()) == [("王小明", "网络招聘", 9800), ("陈芳", "网络招聘", 2800)]
    assert "撤回了：陈芳，网络招聘，¥2,800" in write(server, office, "撤回上一单", "c5").answers[0]
    assert office.deals() == [("王小明", "网络招聘", 9800)]
    assert "没有找到" in write(server, office, "撤回上一单", "c6", sender="li2").answers[0]
    assert "等助理确认" in write(server, office, "张某某 网络招聘 2800", "c7").answers[0]
    taken_back = write(server, office, "撤回上一单", "c8").answers[0]
    assert "还在等助理确认" in taken_back
    assert "业绩已经改了" not in taken_back


def test_doubtful_deals_wait_and_are_never_spoken(office: BotHouse, servers: dict[Any, Any]) -> None:
    """An unknown person, an unlikely or missing amount: a question with its reason, confirmed by one tap."""
    server, jobs = servers[WecomBots], len(office.announcer.jobs)
    before = {one.id for one in office.office.proposals.waiting()}
    texts = (
        "王小萌 网络招聘 12800",
        "赵四 网络招聘 12800",
        "陈芳 网络招聘 99999999",
        "陈芳 网络招聘",
        "12800",
    )
    for number, text in enumerate(texts):
        answer = write(server, office, text, f"d{number}").answers[0]
        assert answer.startswith(("等助理确认", UNREAD[:8])), answer
    asked = [one for one in office.office.proposals.waiting() if one.id not in before]
    assert [one.person for one in asked] == ["王小明", "赵四", "陈芳", "陈芳"]
    assert office.deals() == []
    assert len(office.announcer.jobs) == jobs
    from controller.services.deals import AS_USUAL

    office.office.proposals.confirm(asked[0].id, AS_USUAL)
    assert office.deals() == [("王小明", "网络招聘", 12800)]
    listed = office.office.links.received(office.clock.now().date())
    shown = {one.uid: settled for one, settled in listed}
    assert shown["WecomBots-d0"] == "助理确认了，已经记下。"
    assert shown["WecomBots-d1"] == ""


def test_the_answer_says_when(office: BotHouse, servers: dict[Any, Any]) -> None:
    """After the nap, silently because too old, never for chatter: each with its reason."""
    server = servers[WecomBots]
    late = office.clock.now() - timedelta(hours=2)
    old = write(server, office, "王小明 网络招聘 12800", "e1", at=late.timestamp()).answers[0]
    assert "2 小时" in old
    assert "只记不播" in old
    early = office.clock.now() + timedelta(hours=1)
    assert (
        "核对两边的时钟" in write(server, office, "陈芳 网络招聘 800", "e2", at=early.timestamp()).answers[0]
    )
    office.clock.go_to(office.clock.now().replace(hour=12, minute=40))
    nap = write(server, office, "陈芳 网络招聘 20000", "e3").answers[0]
    assert "12:55" in nap
    assert write(server, office, "大家辛苦了", "e4").answers == [UNREAD]
    assert office.came("WecomBots-e4").fate == "unread"


def test_only_allowed_chats_are_read(office: BotHouse, servers: dict[Any, Any]) -> None:
    """A chat that the timetable does not list is answered with its id, and nothing is recorded."""
    sent = write(servers[FeishuBots], office, "王小明 网络招聘 12800", "f1", chat="chat-9", sender="ou_1")
    assert "chat-9" in sent.answers[0]
    assert office.deals() == []
    assert office.came("FeishuBots-f1").fate == "refused"


def test_a_flood_is_bounded(office: BotHouse, servers: dict[Any, Any]) -> None:
    """Beyond the limit of a minute a sender's messages are refused; another sender is not affected."""
    server = servers[WecomBots]
    answers = [
        write(server, office, "在吗", f"g{n}", sender="flood").answers[0] for n in range(A_MINUTE_SENDER + 2)
    ]
    assert answers[A_MINUTE_SENDER - 1] == UNREAD
    assert answers[-1] == TOO_FAST
    assert "记下了" in write(server, office, "陈芳 网络招聘 800", "g-other", sender="calm").answers[0]
    long = write(server, office, "陈芳 网络招聘 800 " + "哈" * 1000, "g-long", sender="calm").answers[0]
    assert "太长" in long
    many = "；".join(f"陈芳 网络招聘 {n}" for n in range(1001, 1022))
    assert "最多 20 单" in write(server, office, many, "g-many", sender="calm").answers[0]
    assert office.deals() == [("陈芳", "网络招聘", 800)]


def test_a_cut_line_is_connected_again(office: BotHouse, servers: dict[Any, Any]) -> None:
    """A message whose answer was lost is delivered again over the next connection, and recorded once."""
    for kind, server in servers.items():
        server.deadline_s = 0.5
        for turn in range(3):
            server.drop()
            sent = write(server, office, f"陈芳 网络招聘 {8000 + turn}", f"h{turn}")
            assert "记下了" in sent.answers[-1]
        assert [one[2] for one in office.deals()] == [8000, 8001, 8002]
        for deal in office.office.deals.of_day(office.clock.now().date()):
            if deal.voided is None:
                office.office.deals.void(deal.id, "下一个平台")
        del server.deadline_s
        assert office.state(IDENT[kind]).since is not None


def test_a_second_machine_ends_the_first(office: BotHouse, servers: dict[Any, Any]) -> None:
    """WeCom ends the older connection: that is said, and the robot does not fight for it until a person asks."""
    server = servers[WecomBots]
    other = wecom_bot.WecomBot(None, {"bot_id": server.bot_id, "secret": server.secret}, server.address)  # type: ignore[arg-type]
    over = threading.Event()

    class Elsewhere:
        over = property(lambda self: over.is_set())

        def connected(self) -> None: ...

    thread = threading.Thread(target=lambda: other.stay(Elsewhere()))  # type: ignore[arg-type]
    thread.start()
    until(lambda: "另一台机器" in office.state("bot:报单").last_why)
    state = office.state("bot:报单")
    assert state.next_try - office.clock.now() > timedelta(minutes=10)
    over.set()
    thread.join(5)
    office.office.links.test("bot:报单")
    until(lambda: office.state("bot:报单").since is not None)
    assert "记下了" in write(server, office, "陈芳 网络招聘 800", "i1").answers[0]


@pytest.mark.parametrize("kind", IDENT)
def test_wrong_secrets_are_said(office: BotHouse, servers: dict[Any, Any], kind: Any) -> None:
    """Wrong secrets: a sentence that says where to look, no quick repetition; the right ones connect at once."""
    ident = IDENT[kind]
    office.secrets_for(servers[kind], ident, wrong="wrong-wrong-wrong")
    until(lambda: "不认" in office.state(ident).last_why)
    assert office.state(ident).next_try - office.clock.now() > timedelta(minutes=10)
    assert "wrong-wrong" not in office.state(ident).last_why
    office.secrets_for(servers[kind], ident)
    until(lambda: office.state(ident).since is not None)


def test_pause_closes_the_connection(office: BotHouse, servers: dict[Any, Any]) -> None:
    """A paused robot has no connection; after the pause it has one again, also when it was not over yet."""
    server = servers[DingtalkBots]
    for on in (True, False) * 3:
        office.office.links.pause("bot:钉钉报单", on=on)
        time.sleep(0.1)
    until(lambda: server.lines)
    office.office.links.pause("bot:钉钉报单", on=True)
    until(lambda: not server.lines)
    assert office.state("bot:钉钉报单").paused
    office.office.links.pause("bot:钉钉报单", on=False)
    until(lambda: server.lines)


def test_dingtalk_asks_to_connect_again(office: BotHouse, servers: dict[Any, Any]) -> None:
    """Its pings are acknowledged, its disconnect is followed, and a message for another topic is acknowledged."""
    server = servers[DingtalkBots]
    line = server.lines[-1]
    server.frame(line, "SYSTEM", "ping", "p1", {"opaque": "x"})
    server.frame(line, "EVENT", "*", "e1", {})
    until(lambda: {"p1", "e1"} <= server.acked)
    server.frame(line, "SYSTEM", "disconnect", "d1", {"reason": "maintenance"})
    until(lambda: server.lines and server.lines[-1] is not line)
    named = write(server, office, "网络招聘 800", "j1", name="陈芳")
    assert "记下了：陈芳" in named.answers[0]


def test_feishu_events_come_in_parts(office: BotHouse, servers: dict[Any, Any]) -> None:
    """An event in three frames is one message; the interval of pings follows the vendor; too many lines are said."""
    server = servers[FeishuBots]
    server.parts = 3
    try:
        assert "记下了" in write(server, office, "陈芳 网络招聘 800", "k1").answers[0]
    finally:
        server.parts = 1
    assert server.acks[-1] == 200
    server.refusal = {"handshake-status": "514", "handshake-autherrcode": "1000040350"}
    server.drop()
    until(lambda: "长连接太多" in office.state("bot:飞书报单").last_why)
    server.refusal = {}
    office.office.links.test("bot:飞书报单")
    until(lambda: office.state("bot:飞书报单").since is not None)


def test_a_silent_vendor_is_left(
    office: BotHouse, servers: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats without an answer end the connection, and a new one is opened."""
    server = servers[WecomBots]
    monkeypatch.setattr(wecom_bot, "BEAT_S", 0.1)
    server.deaf = True
    line = redialled(server)
    try:
        until(lambda: server.lines and server.lines[-1] is not line)
    finally:
        server.deaf = False
    assert server.pings >= 2
    monkeypatch.undo()
    redialled(server)


@pytest.mark.parametrize("data", ["[1]", "{", "null", '{"cmd": 7, "headers": []}', "\x00" * 50, "[" * 5000])
def test_nonsense_frames_end_nothing(office: BotHouse, servers: dict[Any, Any], data: str) -> None:
    """A frame that is none is skipped on every vendor's line."""
    for server in servers.values():
        until(lambda server=server: server.lines)  # type: ignore[misc]
        line = server.lines[-1]
        line.send(data)
        line.send(data.encode())
        assert server.write(Sent(f"n-{hash(data)}-{id(server)}", "在吗", sender=f"n{hash(data)}")).answers
        assert server.lines[-1] is line


def test_a_huge_frame_ends_the_connection_only(office: BotHouse, servers: dict[Any, Any]) -> None:
    """A frame beyond the limit is not read into memory: the line is closed and opened again."""
    server = servers[WecomBots]
    line = server.lines[-1]
    line.send("x" * (LARGEST_FRAME + 1))
    until(lambda: server.lines and server.lines[-1] is not line)


def test_other_hosts_are_not_followed() -> None:
    """Addresses from outside lead to the vendor only, or to the host that the owner has set."""
    assert is_vendors("wss://a.dingtalk.com/x", ("wss",), ("dingtalk.com",), None)
    for address in (
        "ws://a.dingtalk.com",
        "wss://dingtalk.com.evil.example",
        "wss://192.168.1.1",
        "wss://[",
        "file:///etc",
    ):
        assert not is_vendors(address, ("wss",), ("dingtalk.com",), None)
    assert not is_vendors("http://192.168.1.9/x", ("https",), ("dingtalk.com",), "http://127.0.0.1:9")


def test_a_port_that_is_no_vendor(office: BotHouse) -> None:
    """A server that answers with HTML, or with nothing, gives a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            line, _ = listening.accept()
            line.recv(4096)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
            line.close()

        threading.Thread(target=answer, daemon=True).start()
        from controller.links.web import Failed
        from controller.links.web_socket import connect

        with pytest.raises(Failed, match=r"不接受连接|不是长连接"):
            connect(f"ws://127.0.0.1:{listening.getsockname()[1]}")


TEXT = some.text(max_size=20)


@settings(max_examples=examples(60), deadline=None)
@given(
    some.dictionaries(TEXT, TEXT, max_size=8),
    some.binary(max_size=200),
    some.integers(0, 2**64 - 1),
    some.integers(-(2**31), 2**31 - 1),
)
def test_frames_equal_the_library(headers: dict[str, str], payload: bytes, number: int, service: int) -> None:
    """Our frames are read by the protobuf library with the same values, and its frames by us."""
    ours = feishu_frames.Frame(1, service, headers, payload, number, number // 3)
    theirs = Frame()
    theirs.ParseFromString(feishu_frames.encode(ours))
    assert (theirs.method, theirs.service, theirs.payload, theirs.SeqID) == (1, service, payload, number)
    assert {one.key: one.value for one in theirs.headers} == headers
    theirs.LogIDNew = "später"
    assert feishu_frames.decode(theirs.SerializeToString()) == ours


@settings(max_examples=examples(60), deadline=None)
@given(some.binary(max_size=300))
def test_any_bytes_are_a_frame_or_malformed(data: bytes) -> None:
    with suppress(feishu_frames.MalformedError):
        feishu_frames.decode(data)


def test_unfinished_events_are_bounded() -> None:
    """Parts that never become whole are forgotten, also wrong numbers."""
    parts = Parts()
    for number in range(100):
        headers = {"message_id": f"m{number}", "sum": "3", "seq": "1"}
        assert parts.joined(feishu_frames.Frame(1, 0, headers, b"x" * 1000), float(number)) is None
    assert len(parts._events) <= 8
    for total, seq in (("3", "7"), ("999", "1"), ("-1", "x")):
        frame = feishu_frames.Frame(1, 0, {"message_id": "m", "sum": total, "seq": seq}, b"")
        assert parts.joined(frame, 0.0) in (None, b"")
    assert json.loads('"x"') == "x"
