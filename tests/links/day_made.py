"""A rehearsed day of three branches: a chat robot each, a group robot each, one broker; the vendors' local servers."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot_servers import BotServer, DingtalkBots, FeishuBots, Sent, WecomBots, until
from fakes import Report
from rig import NOW, ROOT, BranchOffice, Broker, broker, code
from vendors import DingtalkServer, FeishuServer, Vendor, WecomServer

from controller.links.receiver import BotReceivers
from controller.links.sender import LinkSender
from controller.services import Office
from signage.wall_state import celebration_of

ROUNDUPS = int(os.environ.get("ZHANGU_DAY_ROUNDUPS", "1"))  # make soak: 12
DEALS = int(os.environ.get("ZHANGU_DAY_DEALS", "2"))
"""Deals of each branch in an hour."""
START = NOW.replace(hour=9, minute=5)
VENDORS: dict[str, tuple[str, type[BotServer], type[Vendor]]] = {
    "北京": ("wecom", WecomBots, WecomServer),
    "上海": ("dingtalk", DingtalkBots, DingtalkServer),
    "广州": ("feishu", FeishuBots, FeishuServer),
}
LINKS = """
links:
  groups:
    喜报群: {{kind: {kind}, send: [deals, first, big, target, hourly, results], quiet: [], picture: false}}
  bots:
    报单: {{kind: {kind}_bot}}
"""
ROSTER = ("王小明", "陈芳", "李思思", "单晓明", "赵磊")


class Branch(BranchOffice):
    """A branch with its two robots. Attempts to send are made at once, in the thread of the test."""

    office: Office
    sender: LinkSender

    def __init__(self, folder: Path, city: str, invited: str, kind: str) -> None:
        self.city, self.code, self.link = city, invited, None
        text = (ROOT / "config" / "rhythm.yaml").read_text("utf-8")
        text = text.replace("city: 北京", f"city: {city}").replace("[上海, 广州, 深圳]", "[]")
        hours = f"from: 10:00, to: {9 + max(8, ROUNDUPS):02}:00"
        text = text.replace("from: 10:00\n    to: 17:00", hours.replace(", ", "\n    "))
        super(BranchOffice, self).__init__(folder, START, text + LINKS.format(kind=kind))

    def open(self) -> None:
        super().open()
        links = self.office.links
        self.sender = LinkSender(
            self.clock, self.store, lambda: self.timetable_file.rhythm.office, links.open_links, lambda: True,
            spawn=lambda work: work(), chance=lambda: 0.5,
        )  # fmt: skip
        self.bots = BotReceivers(self.clock, links.open_bots, self.office.chat_deals, links.bot_states)
        self.bots.start()
        for product in ("网络招聘", "铂金套餐"):
            self.office.product_list.add(product)

    def close(self) -> None:
        self.bots.close()
        super().close()

    def post(self, until_at: datetime) -> None:
        """Let the sender work until a moment, with the timekeeper at its boundaries."""
        while self.clock.now() < until_at:
            pause = self.sender.turn()
            left = (until_at - self.clock.now()).total_seconds()
            self.clock.go(seconds=min(max(pause, 1.0), left, 20.0))
            self.keeper.refresh()
        self.sender.turn()

    def say_all(self) -> list[str]:
        """Play everything that is due; return the texts, each with a mark when the walls celebrated it."""
        said = []
        while (job := self.announcer.begin(self.clock, 5.0)) is not None:
            shown = celebration_of(self.office.snapshot.glance()) is not None
            today = self.office.announced.of_day(self.clock.now().date())
            text = next(one.text for one in today if one.id == job.id)
            said.append(f"{'*' if shown else ''}{text}")
            self.clock.go(seconds=6)
            self.announcer.report(Report(job.id, "heard", ""))
        return said


@dataclass
class Day:
    """The day and its measurements. `seconds`: from the typed deal to the count in both other cities."""

    branches: dict[str, Branch]
    bots: dict[str, BotServer]
    groups: dict[str, Vendor]
    typed: dict[str, list[Sent]] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def type_deal(self, city: str, who: str, what: str, amount: int) -> Sent:
        """Type a deal in a city's chat; wait until it is answered and counted in the other cities."""
        office, server = self.branches[city], self.bots[city]
        mine = self.typed.setdefault(city, [])
        began, before = time.monotonic(), office.board()[city].amount
        sent = server.write(
            Sent(
                f"{VENDORS[city][0]}-{len(mine)}",
                f"{who} {what} {amount}",
                sender=f"ou_{len(mine) % 12}",
                at=office.clock.now().timestamp(),
            )
        )
        mine.append(sent)
        after = office.board()[city].amount
        assert after == before + amount, sent.answers
        until(lambda: all(other.seen().get(city) == f"{after}" for other in self.branches.values()))
        self.seconds.append(time.monotonic() - began)
        return sent

    def hour(self, hour: int) -> None:
        """Work an hour: deals in each branch, said and celebrated; then the round-up, and everything is posted."""
        for number in range(DEALS):
            for place, (city, office) in enumerate(self.branches.items()):
                big = number == 0 and place == hour % len(self.branches)
                amount = 12_000 + 100 * hour if big else 1000 * (number + 1) + hour
                who = ROSTER[(hour + number + place) % len(ROSTER)]
                self.type_deal(city, who, "铂金" if big else "网络招聘", amount)
                self.said.setdefault(city, []).extend(office.say_all())
        for city, office in self.branches.items():
            office.post(max(office.clock.now(), START.replace(hour=hour + 1, minute=0)))
            self.said[city] += office.say_all()
            office.post(START.replace(hour=hour + 1, minute=8))

    def evening(self) -> None:
        """Go to the results and post them."""
        for city, office in self.branches.items():
            office.post(START.replace(hour=max(18, office.clock.now().hour), minute=4, second=55))
            office.post(office.clock.now().replace(minute=5, second=30))
            self.said[city] += office.say_all()
            office.post(office.clock.now().replace(minute=25))


def made(folder: Path, stack: ExitStack) -> Day:
    """Return three connected branches."""
    hub: Broker = stack.enter_context(broker(folder / "hub"))
    branches: dict[str, Branch] = {}
    bots: dict[str, BotServer] = {}
    groups: dict[str, Vendor] = {}
    for city, (kind, bot_kind, group_kind) in VENDORS.items():
        office = branches[city] = Branch(folder / city, city, code(hub, city), kind)
        stack.callback(office.close)
        bots[city], groups[city] = bot_kind(), group_kind(office.clock.now)
        stack.callback(bots[city].close)
        stack.callback(groups[city].close)
        _connect(office, bots[city], groups[city])
    until(lambda: all(office.up() and len(office.seen()) == 3 for office in branches.values()), 60)
    until(lambda: all(bot.lines for bot in bots.values()))
    return Day(branches, bots, groups)


def _connect(office: Branch, bot: Any, group: Any) -> None:
    links = office.office.links
    own = {
        WecomBots: lambda: {"bot_id": bot.bot_id, "secret": bot.secret},
        DingtalkBots: lambda: {"client_id": bot.client_id, "client_secret": bot.secret},
        FeishuBots: lambda: {"app_id": bot.app_id, "app_secret": bot.secret},
    }[type(bot)]()
    links.set_address("bot:报单", bot.address)
    links.set_secrets("bot:报单", own)
    keys = {"key": group.key} if hasattr(group, "key") else {"token": group.token, "secret": group.secret}
    links.set_address("group:喜报群", group.address)
    links.set_secrets("group:喜报群", keys)
