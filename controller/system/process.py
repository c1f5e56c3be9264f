"""The daemon as a process: one instance per home, termination signals, systemd notifications and its watchdog."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from controller.system.files import read_json

log = logging.getLogger(__name__)

UNWRITABLE: Final = (errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of a folder that can be read and not written."""


class AlreadyRunning(Exception):  # noqa: N818 - people read it
    """Another daemon holds this home; `pid` and `port` if known."""

    def __init__(self, data: dict[str, object]):
        super().__init__("already running")
        self.pid, self.port = data.get("pid"), data.get("port")


class InstanceLock:
    """Held as long as the daemon runs. Only its owner can read the file: it contains a token.

    Where nothing can be written, the lock is on the existing file, else on the nearest folder; the commands of this
    machine then do not find the daemon.
    """

    def __init__(self, path: Path):
        self._path = path
        self._file = _open_lock(path)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise AlreadyRunning(written_by(path)) from None

    def publish(self, port: int, token: str) -> None:
        """Write where this daemon listens."""
        with suppress(
            OSError
        ):  # with a full or read-only disk the commands do not find this daemon, but it runs
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps({"pid": os.getpid(), "port": port, "token": token}).encode(), 0)

    def close(self) -> None:
        """Release the lock."""
        with suppress(OSError):
            os.ftruncate(self._file, 0)
        os.close(self._file)

    def __enter__(self) -> InstanceLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def uptime() -> tuple[str, float]:
    """Return the id of this boot and the seconds since it, also those spent asleep: no clock change affects them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return boot, time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _open_lock(path: Path) -> int:
    """Open the file to lock; on a read-only disk the nearest thing that exists."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        nearest = next(place for place in (path, *path.parents) if place.exists())
        return os.open(nearest, os.O_RDONLY)


def written_by(path: Path) -> dict[str, object]:
    """Return the facts that a running daemon wrote; empty when there is none."""
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def running(path: Path) -> dict[str, object]:
    """Return the facts that the present holder of the lock wrote; empty when no daemon runs."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return {}
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return written_by(path)
    finally:
        os.close(file)
    return {}


# --- Wait for SIGTERM and SIGINT without a race


class ShutdownSignal:
    """Create once, in the main thread; from then on the two signals end the process only through `wait`.

    An Event set by a handler is not enough: Python runs handlers in the main thread between two instructions, and
    a signal just before that thread starts to wait is lost (seen in 1 of 40 stops right after
    a start). Data written to the wake-up descriptor stays there until it is read.
    """

    def __init__(self) -> None:
        self._read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for one of the signals, or `timeout` seconds; return whether one came."""
        return bool(select.select([self._read_end], [], [], timeout)[0])


# --- Notify systemd


def notify(state: str) -> None:
    """Send a state such as READY=1 or WATCHDOG=1."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(address)
        line.send(state.encode())


class Watchdog:
    """Feed systemd's watchdog while every part makes progress; otherwise systemd restarts the daemon.

    `parts`: the name of each part with the question whether it makes progress.

    Called from the timekeeper's thread, which is thereby a part itself.
    """

    def __init__(self, parts: Mapping[str, Callable[[], bool]]) -> None:
        self._parts = dict(parts)
        self._stuck: tuple[str, ...] = ()

    def feed(self) -> None:
        """Notify systemd if all parts make progress; log the parts that do not, once."""
        stuck = tuple(name for name, works in self._parts.items() if not works())
        if stuck != self._stuck:
            self._stuck = stuck
            if stuck:
                log.warning("the watchdog is not fed: %s", ", ".join(stuck))
            else:
                log.info("all parts work again")
        if not stuck:
            notify("WATCHDOG=1")
