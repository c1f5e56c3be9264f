"""A daemon with the descriptor limit of a login shell: strangers that use up connections cannot stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from recording import disk_device

from tests.ports import free_port
from tests.running import Running

LIMIT = 1024


def players(house: Running) -> list[int]:
    assert house.process is not None
    children = psutil.Process(house.process.pid).children()
    pids = []
    for child in children:
        with contextlib.suppress(psutil.Error):  # a process that was just killed
            pids += [child.pid] if "controller.sound.player.process" in child.cmdline() else []
    return pids


def until(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def knock(port: int, source: str, context: ssl.SSLContext | None) -> socket.socket | None:
    """Open a silent connection, over TLS with `context`; return None when it was refused."""
    made = None
    try:
        made = socket.create_connection(("127.0.0.1", port), 3, source_address=(source, 0))
        return context.wrap_socket(made) if context else made
    except OSError:
        if made is not None:
            made.close()
        return None


@pytest.mark.parametrize(
    "tls", [pytest.param(False, marks=pytest.mark.long), True], ids=["plain", "a-tenth-plain"]
)
def test_strangers_cannot_keep_a_killed_player_from_coming_back(tmp_path: Path, tls: bool) -> None:
    """With 1,000 silent connections to a daemon with 1,024 descriptors the player is restarted."""
    secure = free_port()
    options = ["--tls", "--tls-port", str(secure)] if tls else []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        disk_device(tmp_path) as (env, _),
        Running(tmp_path / "home", env) as house,
        contextlib.ExitStack() as stack,
    ):
        house.start(under=("prlimit", f"--nofile={LIMIT}:{LIMIT}"), options=options)
        until(lambda: players(house), "no player")
        assert house.process is not None
        daemon, most = psutil.Process(house.process.pid), 0
        for number in range(1000):
            by_tls = tls and number < 900
            made = knock(
                secure if by_tls else house.port, f"127.0.3.{1 + number % 20}", context if by_tls else None
            )
            if made is not None:
                stack.callback(made.close)
            if number % 20 == 0:
                most = max(most, daemon.num_fds())
        assert most < LIMIT - 60
        old = players(house)
        os.kill(old[0], signal.SIGKILL)
        until(lambda: set(players(house)) - set(old), "the player did not come back")
        until(lambda: house.get("/health")["sound"]["device"], "no device")
        assert "Too many open files" not in house.log()
