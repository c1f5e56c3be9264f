"""Messages to links: written with their event, sent once, kept until they are, each with what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from linked import LinkedHouse, linked
from vendors import Reply, WecomServer

LINKS = """
links:
  groups:
    销售群:
      kind: wecom
      send: [每一单, 大单, 第一单, 达标, 整点, 战报]
      quiet: []
      picture: false
"""
GROUP = "group:销售群"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LinkedHouse]:
    with linked(tmp_path, LINKS) as made:
        yield made


@pytest.fixture
def wecom(house: LinkedHouse) -> Iterator[WecomServer]:
    server = WecomServer(house.clock.now)
    house.connect(
        GROUP, server.address, key=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={server.key}"
    )
    yield server
    server.close()


def test_a_deal_is_posted_within_seconds(house: LinkedHouse, wecom: WecomServer) -> None:
    """The first deal of the day reaches the group, in figures, under a stable id; the row says that it was sent."""
    house.deal("王小明", 12_800, "校园招聘套餐")
    house.send(5)
    assert wecom.texts == ["【本周第一单】猛虎队 王小明签了校园招聘套餐，12,800 元，大家加油！"]
    (row,) = house.link_messages()
    assert (row.state, row.attempts, row.batch) == ("sent", 1, wecom.taken[0][0])


def test_a_deal_that_is_rolled_back_leaves_no_message(house: LinkedHouse, wecom: WecomServer) -> None:
    """The message is in the deal's transaction: a deal that is not stored is not posted."""
    with pytest.raises(ZeroDivisionError), house.store.write() as session:  # noqa: PT012
        from controller.services.deals import Sold

        house.office.deals.record_in(
            session, Sold("王小明", "套餐", __import__("decimal").Decimal(900)), "gone-1"
        )
        assert session.link_messages.waiting(GROUP)
        raise ZeroDivisionError
    house.send(30)
    assert (house.link_messages(), wecom.taken) == ([], [])


def test_the_same_request_again_is_one_message(house: LinkedHouse, wecom: WecomServer) -> None:
    """A repeated press, also after a restart, posts nothing again."""
    house.deal("王小明", 12_800, key="same")
    house.deal("王小明", 12_800, key="same")
    house.send(60)
    house.close()
    house.open()
    house.deal("王小明", 12_800, key="same")
    house.send(60)
    assert len(wecom.taken) == 1


def test_a_burst_is_one_message(house: LinkedHouse, wecom: WecomServer) -> None:
    """Twenty-one deals at one time become one message with each of them."""
    for n in range(21):
        house.deal("王小明", 1000 + n, f"套餐{n}")
    house.send(120)
    assert len(wecom.taken) == 1
    assert wecom.texts[0].startswith("【喜报】21 单，一共 21,210 元\n")
    assert all(f"{1000 + n:,} 元" in wecom.texts[0] for n in range(21))
    assert {row.batch for row in house.link_messages()} == {wecom.taken[0][0]}


def test_without_a_secret_nothing_waits(house: LinkedHouse) -> None:
    """A link without its key is off: events write nothing for it, and the phone names the missing key."""
    house.deal("王小明", 12_800)
    assert house.link_messages() == []
    (status,) = house.office.links.status()
    assert (status.on, status.why) == (False, "还没有填密钥，填好就开始。")


def test_nothing_is_sent_before_the_clock_is_trusted(house: LinkedHouse, wecom: WecomServer) -> None:
    """Messages wait for the clock, and are sent when it is right."""
    house.trusts = False
    house.deal("王小明", 12_800)
    house.send(600)
    assert wecom.taken == []
    house.trusts = True
    house.send(5)
    assert len(wecom.taken) == 1


def test_a_pause_keeps_messages(house: LinkedHouse, wecom: WecomServer) -> None:
    """A paused link sends only tests; afterwards everything that waited is sent together."""
    house.office.links.pause(GROUP, on=True)
    house.deal("王小明", 12_800)
    house.deal("陈芳", 900)
    house.send(60)
    assert wecom.taken == []
    house.office.links.test(GROUP)
    house.send(60)
    assert [text[:4] for text in wecom.texts] == ["【测试】"]
    house.office.links.pause(GROUP, on=False)
    house.send(60)
    assert [text[:4] for text in wecom.texts] == ["【测试】", "【喜报】"]


def test_a_deal_taken_back_is_corrected_or_not_posted(house: LinkedHouse, wecom: WecomServer) -> None:
    """Before it was posted: nothing is. Afterwards: a correction."""
    first = house.deal("王小明", 12_800)
    house.office.deals.void(first.id, "退单")
    house.send(60)
    assert wecom.taken == []
    assert [(row.state, row.why) for row in house.link_messages()] == [("dropped", "这一单撤回了，没有发。")]
    second = house.deal("陈芳", 15_000)
    house.send(60)
    house.office.deals.void(second.id, "退单")
    house.send(60)
    assert wecom.texts[-1] == "【更正】09:31 猛虎队 陈芳的网络招聘 15,000 元这一单撤回了。"


def test_an_answer_that_never_came_is_repeated_under_the_same_id(
    house: LinkedHouse, wecom: WecomServer
) -> None:
    """A 502 after the vendor took the message: the same messages again, with the same id, and none added to them."""
    ids: list[str] = []

    def broken(asked: object) -> Reply:
        ids.append(asked.headers["x-message-id"])  # type: ignore[attr-defined]
        return Reply(502, b"bad gateway", "text/html")

    wecom.broken = broken
    house.deal("王小明", 12_800)
    house.send(4)
    house.deal("陈芳", 900)
    house.send(10)
    wecom.broken = None
    house.send(120)
    assert len(ids) >= 1
    assert [ident for ident, _ in wecom.taken if ident == ids[0]] == [ids[0]]
    assert "12,800" in wecom.texts[0]
    assert "900" not in wecom.texts[0]
    assert "900" in wecom.texts[1]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(200, b"<html>login</html>", "text/html"), "像是上网要先在浏览器里认证"),
        (Reply(302, b"", "text/html", {"Location": "http://login.example/"}), "像是上网要先在浏览器里认证"),
        (Reply(503, b"", "text/html"), "自己出错了（HTTP 503）"),
        (Reply(404, b"{}"), "请看密钥和地址对不对"),
        (Reply(200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}'), "可能被移出了群"),
        (Reply(200, b'{"errcode": 45009}'), "发得太快"),
        (Reply(200, b'{"errcode": -1}'), "系统繁忙"),
        (Reply(200, b"[]"), "像是上网要先"),
    ],
)
def test_each_failure_has_its_sentence(
    house: LinkedHouse, wecom: WecomServer, reply: Reply, why: str
) -> None:
    """The phone says what happened; the message waits, and is sent when the other side is well again."""
    wecom.broken = lambda asked: reply
    house.deal("王小明", 12_800)
    house.send(5)
    (status,) = house.office.links.status()
    assert why in status.last_why
    assert status.waiting == 1
    assert wecom.key not in status.last_why
    wecom.broken = None
    house.send(1200)
    assert len(wecom.taken) == 1


def test_after_a_day_it_is_dropped_with_a_sentence(house: LinkedHouse, wecom: WecomServer) -> None:
    """A robot that was removed from its group: messages end after a day, with the last reason."""
    wecom.broken = lambda asked: Reply(200, b'{"errcode": 93000}')
    house.deal("王小明", 12_800)
    house.send(3600 * 24 + 1800)
    yesterday = house.clock.now().date() - timedelta(days=1)
    (row,) = house.office.links.messages(yesterday)
    assert row.state == "dropped"
    assert row.why.startswith("一天都没有发出去，不再发送。最后一次：企业微信说没有这个机器人")
    assert row.attempts < 110


def test_the_line_is_cut_for_two_hours(house: LinkedHouse) -> None:
    """Every deal of that time is delivered once afterwards, in few messages."""
    gone = WecomServer(house.clock.now)
    house.connect(GROUP, gone.address, key=gone.key)
    gone.close()
    for n in range(24):
        house.deal("王小明", 2000 + n)
        house.send(300)
    back = WecomServer(house.clock.now)
    house.connect(GROUP, back.address, key=back.key)
    house.send(600)
    text = "\n".join(back.texts)
    assert [text.count(f"{2000 + n:,} 元") for n in range(24)] == [1] * 24
    assert len(back.taken) <= 5
    assert {row.state for row in house.link_messages()} == {"sent"}
    back.close()


def test_the_secrets_are_in_a_separate_file(house: LinkedHouse, wecom: WecomServer) -> None:
    """Mode 0600; neither store, status nor messages contain the key; a link of another kind does not get it."""
    house.deal("王小明", 12_800)
    house.send(30)
    file = house.folder / "config" / "secrets.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert wecom.key in file.read_text()
    assert wecom.key not in repr(house.office.links.status())
    assert wecom.key.encode() not in (house.folder / "var" / "zhangu.db").read_bytes()
    file.chmod(0o644)
    file.write_text(json.dumps(json.loads(file.read_text())))
    assert house.office.links.status()[0].on
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("{")
    assert "读不懂" in house.office.links.status()[0].why


def test_a_hanging_link_holds_up_no_other(tmp_path: Path) -> None:
    """One vendor takes the connection and never answers: the other group has its message meanwhile."""
    import threading

    links = "links: {groups: {甲: {kind: wecom, quiet: [], send: 每一单}, 乙: {kind: wecom, quiet: [], send: 每一单}}}"
    with linked(tmp_path, links) as house:
        hung, well = WecomServer(house.clock.now), WecomServer(house.clock.now)
        release = threading.Event()

        def hang(asked: object) -> Reply:
            release.wait(60)
            return Reply(503)

        hung.broken = hang
        house.connect("group:甲", hung.address, key=hung.key)
        house.connect("group:乙", well.address, key=well.key)
        from controller.links.sender import LinkSender

        sender = LinkSender(
            house.clock, house.store, lambda: "北京分公司", house.office.links.open_links, lambda: True
        )
        house.deal("王小明", 12_800)
        house.clock.go(seconds=10)
        sender.start()
        for _ in range(600):
            if well.taken:
                break
            threading.Event().wait(0.05)
        assert len(well.taken) == 1
        assert hung.taken == []
        release.set()
        sender.close()
        hung.close()
        well.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of apprise's libraries
def test_any_other_service_through_apprise(tmp_path: Path) -> None:
    """A JSON webhook of apprise gets the text; a refusal waits with its sentence."""
    pytest.importorskip("apprise")
    from vendors import Vendor, said

    class Hook(Vendor):
        def answer(self, asked):  # type: ignore[no-untyped-def]
            self.taken.append(("", asked.json["message"]))
            return said()

    with linked(tmp_path, "links: {groups: {群: {kind: apprise, quiet: [], send: 每一单}}}") as house:
        hook = Hook(house.clock.now)
        house.clock.rehearsal = False  # an address of apprise cannot be recognised as one of this machine
        house.office.links.set_secrets("group:群", {"url": hook.address.replace("http", "json")})
        hook.broken = lambda asked: Reply(500)
        house.deal("王小明", 12_800)
        house.send(4)
        assert "对方没有接受" in house.office.links.status()[0].last_why
        hook.broken = None
        house.send(60)
        hook.close()
        assert hook.texts == ["【本周第一单】猛虎队 王小明签了网络招聘，12,800 元，大家加油！"]


def test_a_renamed_link_keeps_its_key_and_its_messages(house: LinkedHouse, wecom: WecomServer) -> None:
    """A message that waits when the group is renamed arrives once, under the id of its first attempt."""
    ids: list[str] = []

    def broken(asked: object) -> Reply:
        ids.append(asked.headers["x-message-id"])  # type: ignore[attr-defined]
        return Reply(502, b"bad gateway", "text/html")

    wecom.broken = broken
    house.deal("王小明", 12_800)
    house.send(4)
    assert house.office.links.status()[0].waiting == 1
    text = house.file.read_text("utf-8")
    house.file.write_text(text.replace("    销售群:\n", "    喜报群:\n      id: 销售群\n"), "utf-8")
    house.timetable_file.refresh()
    status = house.office.links.status()[0]
    assert (status.name, status.ident, status.on, status.waiting) == ("喜报群", GROUP, True, 1)
    wecom.broken = None
    house.send(120)
    assert [sent for sent, _ in wecom.taken] == ids[:1]
    assert house.link_messages(GROUP)[0].state == "sent"
