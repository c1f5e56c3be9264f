"""A whole day at each vendor's limits; refusals inside an answer of 200; the results in each vendor's best form."""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from linked import FRIDAY, LinkedHouse, linked
from vendors import DingtalkServer, FeishuServer, Vendor, WecomServer

from tests.forms import LONG

LINKS = """
links:
  groups:
    企微: {kind: 企业微信, quiet: [], picture: false, send: [每一单, 达标, 整点, 战报, 每周, 每月, 故障]}
    钉钉: {kind: 钉钉, quiet: [], send: [每一单, 达标, 整点, 战报, 每周, 每月, 故障]}
    飞书: {kind: 飞书, quiet: [], send: [每一单, 达标, 整点, 战报, 每周, 每月, 故障]}
"""


class Servers:
    def __init__(self, house: LinkedHouse) -> None:
        now = house.clock.now
        self.wecom, self.dingtalk, self.feishu = WecomServer(now), DingtalkServer(now), FeishuServer(now)
        house.connect("group:企微", self.wecom.address, key=self.wecom.key)
        address = f"https://oapi.dingtalk.com/robot/send?access_token={self.dingtalk.token}"
        house.connect("group:钉钉", self.dingtalk.address, token=address, secret=self.dingtalk.secret)
        address = f"https://open.feishu.cn/open-apis/bot/v2/hook/{self.feishu.token}"
        house.connect("group:飞书", self.feishu.address, token=address, secret=self.feishu.secret)
        self.all: tuple[Vendor, ...] = (self.wecom, self.dingtalk, self.feishu)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder in memory where there is one: a day's thousands of commits would wait for the disk."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="zhangu-links-") as made:
        yield Path(made)


@pytest.fixture
def house(folder: Path) -> Iterator[LinkedHouse]:
    with linked(folder, LINKS, FRIDAY.replace(hour=9, minute=0)) as made:
        yield made


@pytest.fixture
def servers(house: LinkedHouse) -> Iterator[Servers]:
    made = Servers(house)
    yield made
    for server in made.all:
        server.close()


def test_a_day_of_many_deals_is_taken_without_a_refusal(house: LinkedHouse, servers: Servers) -> None:
    """With bursts, round-ups and results each deal is once with every vendor, and no message is refused: 100 deals,
    in `make soak` 300."""
    chance, number = random.Random(7), 300 if LONG else 100
    people = ("王小明", "陈芳", "李思思", "单晓明", "赵磊")
    moments = sorted(
        [chance.uniform(0, 9 * 3600) for _ in range(number * 4 // 5)]
        + [4 * 3600 + chance.uniform(0, 50) for _ in range(number // 5)]
    )
    began = house.clock.monotonic()
    for n, moment in enumerate(moments):
        _until(house, began + moment)
        house.deal(chance.choice(people), 1000 + n, "网络招聘")
    _until(house, began + 9 * 3600 + 1800)
    for server in servers.all:
        text = "\n".join(server.texts)
        assert server.refusals == [], server
        ids = [ident for ident, _ in server.taken]
        assert len(ids) == len(set(ids))
        found = Counter(re.findall(r"(?<![\d,])[\d,]+(?= 元)", "\n".join(_of_deals(server))))
        posted = [found[f"{1000 + n:,}"] for n in range(number)]
        assert posted == [1] * number, (type(server), [n for n, times in enumerate(posted) if times != 1])
        assert text.count("整点】") == 8
        assert "【战报】" in text
        assert "本周开拓能手" in text
    assert {row.state for row in house.link_messages()} == {"sent"}


def _of_deals(server: Vendor) -> list[str]:
    return [
        text
        for text in server.texts
        if "整点】" not in text and "【战报】" not in text and "开拓能手" not in text
    ]


def _until(house: LinkedHouse, moment: float) -> None:
    """Let timekeeper and sender work until a second of the test's day, each at its own boundaries."""
    while True:
        pause = max(0.2, house.sender.turn())
        now = house.clock.monotonic()
        if now >= moment:
            return
        edge = house.next_edge()
        house.clock.go(seconds=max(0.5, min(pause, edge, moment - now)))
        if edge <= pause and edge <= moment - now:
            house.keeper.refresh()


@pytest.mark.parametrize(
    ("link", "given", "why"),
    [
        ("group:钉钉", {"secret": "SECwrongwrongwrongwrong"}, "钉钉说签名不对"),
        ("group:钉钉", {"token": "1234567890123456"}, "钉钉说没有这个机器人"),
        ("group:飞书", {"secret": "wrong"}, "飞书说签名不对"),
        ("group:飞书", {"token": "1234567890123456"}, "飞书说没有这个机器人"),
    ],
)
def test_a_wrong_key_is_named(
    house: LinkedHouse, servers: Servers, link: str, given: dict[str, Any], why: str
) -> None:
    """The vendor's refusal is inside an answer of 200: the phone says what to mend, and the message waits."""
    house.office.links.set_secrets(link, given)
    house.deal("王小明", 12_800)
    house.send(100)
    status = next(one for one in house.office.links.status() if one.ident == link)
    assert status.last_why.startswith(why)
    assert status.waiting == 1


def test_the_keyword_is_in_every_message(tmp_path: Path) -> None:
    """A robot protected by a keyword takes deals, round-ups and results."""
    links = "links: {groups: {群: {kind: dingtalk, keyword: 战鼓, quiet: [], send: [每一单, 整点, 战报]}}}"
    with linked(tmp_path, links, FRIDAY.replace(hour=17, minute=30)) as house:
        server = DingtalkServer(house.clock.now)
        server.keyword = "战鼓"
        house.connect("group:群", server.address, token=server.token)
        house.deal("王小明", 12_800)
        _until(house, house.clock.monotonic() + 2700)
        server.close()
        assert len(server.taken) == 2
        assert server.refusals == []


def test_feishu_gets_a_table_and_with_an_app_a_picture(house: LinkedHouse, servers: Servers) -> None:
    """Results: a card of version 2 with every team; with the office's app an uploaded picture."""
    house.deal("王小明", 12_800)
    _until(house, house.clock.monotonic() + 9 * 3600 + 900)
    (card,) = servers.feishu.cards
    (table,) = [part for part in card["body"]["elements"] if part["tag"] == "table"]
    assert table["rows"][0] == {"team": "猛虎队", "amount": "12,800 元", "rate": ""}
    assert card["header"]["title"]["content"] == "【战报】11月27日（周五），1 单，12,800 元"


def test_quiet_hours_keep_messages_together(tmp_path: Path) -> None:
    """Deals of quiet hours are one message at their end."""
    links = "links: {groups: {群: {kind: wecom, quiet: 09:00-10:00, send: 每一单}}}"
    with linked(tmp_path, links, FRIDAY.replace(hour=9, minute=10)) as house:
        server = WecomServer(house.clock.now)
        house.connect("group:群", server.address, key=server.key)
        for n in range(3):
            house.deal("王小明", 1000 + n)
            house.send(300)
        house.send(1500)
        assert server.taken == []
        house.send(700)
        server.close()
        assert len(server.taken) == 1
