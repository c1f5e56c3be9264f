"""systemd's watchdog is fed only while timekeeper, store and player make progress: a real socket, real parts."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from running import Running, timetable

from controller.clock import Clock
from controller.sales.store import Store
from controller.sound.speaker import Speaker
from controller.system.process import Watchdog
from controller.timekeeper import Timekeeper
from controller.timetable.current import TimetableFile

pytestmark = pytest.mark.calm
SPEED = 50
"""Feeding every 0.2 s instead of every ten."""
ZONE = ZoneInfo("UTC")


class Systemd:
    """The socket of a service manager."""

    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(str(path))
        self.got: list[str] = []

    def wait(self, word: str, within: float) -> bool:
        """Return whether this notification comes in time."""
        end = time.monotonic() + within
        while (left := end - time.monotonic()) > 0:
            self.line.settimeout(left)
            with contextlib.suppress(TimeoutError):
                self.got.append(self.line.recv(4096).decode())
                if self.got[-1] == word:
                    return True
        return False

    def starves(self, within: float = 15.0) -> bool:
        """Return whether feeding stops: nothing for a second."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if not self.wait("WATCHDOG=1", 1.0):
                return True
        return False


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    manager = Systemd(tmp_path / "notify")
    with manager.line:
        yield manager


class Follower:
    """Follow the timekeeper, and hang while `free` is not set."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def follow(self, *_: object) -> None:
        self.free.wait(30)

    def cue(self, *_: object) -> None: ...
    def watch(self) -> None: ...
    def moments(self, *_: object) -> tuple[datetime, ...]:
        return ()

    def jumped(self, seconds: float) -> None: ...


@contextlib.contextmanager
def frozen_lock(store: Store) -> Iterator[None]:
    """Hold the store's writing lock, as a thread that hangs in a transaction."""
    inside, over = threading.Event(), threading.Event()

    def hang() -> None:
        with store.write():
            inside.set()
            over.wait(60)

    thread = threading.Thread(target=hang)
    thread.start()
    inside.wait(5)
    try:
        yield
    finally:
        over.set()
        thread.join(10)


@contextlib.contextmanager
def frozen_player(_: Store) -> Iterator[None]:
    """Stop the player, and each one that replaces it."""
    over, stopped = threading.Event(), set[int]()

    def stop() -> None:
        while not over.wait(0.02):
            words = ["pgrep", "-P", str(os.getpid()), "-f", "controller.sound.player.process"]
            for pid in subprocess.run(words, capture_output=True, text=True).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGSTOP)
                    stopped.add(int(pid))

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def test_each_frozen_part_stops_the_feeding_and_its_return_resumes_it(
    tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped players, a hanging transaction, a hanging timekeeper: not fed; each released: fed again."""
    monkeypatch.setattr("controller.sound.speaker.STUCK_S", 3.0)
    monkeypatch.setattr("controller.sound.speaker.SILENT_S", 2.0)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    file = tmp_path / "rhythm.yaml"
    file.write_text(timetable("at: 00:00-24:00, name: 全天"), encoding="utf-8")
    store, follower = Store(tmp_path / "book.db", ZONE), Follower()
    speaker = Speaker(lambda event: None, env={"SDL_AUDIODRIVER": "dummy"})
    watchdog = Watchdog({"store": lambda: store.responds(0.3), "player": speaker.works})
    keeper = Timekeeper(
        Clock(ZONE), TimetableFile(file, tmp_path / "last.yaml"), follower, watchdog.feed, speed=SPEED
    )
    speaker.start()
    keeper.start()
    try:
        assert systemd.wait("WATCHDOG=1", 10)
        freezers: list[Callable[[Store], contextlib.AbstractContextManager[None]]] = [
            frozen_player,
            frozen_lock,
        ]
        for freeze in freezers:
            with freeze(store):
                assert systemd.starves(), freeze.__name__
            assert systemd.wait("WATCHDOG=1", 20), freeze.__name__
        follower.free.clear()
        assert systemd.starves()
        follower.free.set()
        assert systemd.wait("WATCHDOG=1", 10)
    finally:
        follower.free.set()
        keeper.close()
        speaker.close()
        store.close()


def test_the_daemon_says_when_it_is_ready_and_feeds_without_a_sound_device(
    tmp_path: Path, systemd: Systemd
) -> None:
    """Walls and phones work without a device, so a box without one is not restarted again and again."""
    env = {
        "SDL_AUDIODRIVER": "pulseaudio",
        "PULSE_SERVER": "unix:/nonexistent",
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
    }
    with Running(tmp_path / "home", env, timetable=timetable("at: 00:00-24:00, name: 全天")) as house:
        house.start()
        assert systemd.wait("READY=1", 30)
        assert systemd.wait("WATCHDOG=1", 30)
        assert not house.get("/health")["ok"]
