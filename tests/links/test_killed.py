"""`kill -9` while messages are sent: nothing is lost, and a double has the same id and the same text."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from vendors import Reply, Request, WecomServer

from controller.sales.link_messages import NewLinkMessage
from controller.sales.store import Store

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ZHANGU_LINK_KILLS", "12"))  # make soak: 1,000
ZONE = ZoneInfo("Asia/Shanghai")


class Unlimited(WecomServer):
    """WeCom without its rate: the test is about deaths."""

    def answer(self, asked: Request) -> Reply:
        self.rate.times.clear()
        return super().answer(asked)


def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.002)


class Senders:
    """Forks senders, one at a time."""

    def __init__(self, store: Store, server: WecomServer) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("killed.py"), store.path, server.address, server.key], cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self) -> int:
        """Fork a sender; return its id."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        print(file=self._parent.stdin, flush=True)
        return int(self._parent.stdout.readline())

    def kill(self, child: int) -> None:
        """Kill a sender as a power cut would, and wait for its end."""
        assert self._parent.stdout is not None
        os.kill(child, signal.SIGKILL)
        assert self._parent.stdout.readline() == "over\n"

    def close(self) -> None:
        self._parent.communicate()


def test_kills_while_sending(tmp_path: Path) -> None:
    """Messages are added while the process is killed again and again, at any moment of an attempt."""
    server, chance = Unlimited(lambda: datetime.now(ZONE)), random.Random(11)
    store = Store(tmp_path / "zhangu.db", ZONE)
    senders, count = Senders(store, server), 0
    for _ in range(KILLS):
        if _waiting(store) < 200:  # far below the limit beyond which the oldest are dropped
            count = _add(store, count, 12)
        before = len(server.taken)
        child = senders.start()
        _until(lambda before=before: len(server.taken) > before)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.06))
        senders.kill(child)
    child = senders.start()
    _until(lambda: not _waiting(store))
    senders.kill(child)
    senders.close()
    store.close()
    server.close()
    texts = dict(server.taken)
    doubles = len(server.taken) - len(texts)
    print(f"{KILLS} kills, {count} messages, {doubles} doubles with the same id")
    assert sorted(texts.values()) == sorted(f"{n} 号" for n in range(count))  # none lost, none under two ids
    assert all(texts[ident] == text for ident, text in server.taken)
    assert server.refusals == []


def _add(store: Store, count: int, more: int) -> int:
    now = datetime.now(ZONE)
    with store.write() as session:
        for n in range(count, count + more):
            new = NewLinkMessage(f"uid-{n}", "group:群", f"key-{n}", "text", {"text": f"{n} 号"}, now, now)
            session.link_messages.add(new)
    return count + more


def _waiting(store: Store) -> int:
    with store.read() as session:
        return len(session.link_messages.waiting("group:群"))
