"""A process that only sends: `python killed.py STORE ADDRESS KEY`. The test kills it."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from controller.clock import Clock
from controller.links import wecom
from controller.links.port import Tools
from controller.links.sender import LinkSender, OpenLink
from controller.sales.store import Store
from controller.timetable.link_model import GroupLink


def main(path: str, address: str, key: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    store = Store(Path(path), zone)
    link = GroupLink("群", "wecom", quiet=(), picture=False)
    kind = replace(wecom.KIND, pace_s=0.0)
    opened = OpenLink(link, kind, lambda: wecom.Wecom(link, {"key": key}, address, Tools()))
    sender = LinkSender(Clock(zone), store, lambda: "北京分公司", lambda: (opened,), lambda: True)
    sender.start()
    time.sleep(120)


if __name__ == "__main__":
    main(*sys.argv[1:])
