"""Processes that only send: `python killed.py STORE ADDRESS KEY`. The test kills them.

One process has imported everything and has no threads. For each line on stdin it forks a sender and prints its id; the
sender's death is printed as "over". Starting Python for each death would take most of the time.
"""

from __future__ import annotations

import os
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


def serve(*arguments: str) -> None:
    """Fork a sender for each line."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            main(*arguments)
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("over", flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
