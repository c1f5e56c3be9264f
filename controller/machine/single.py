"""One daemon on one home: a lock that the kernel gives back whatever happens, and how commands find the daemon."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from controller.machine.kept import read_json


class AlreadyRunning(Exception):  # noqa: N818 - it is a fact told to a person, not a fault
    """Another daemon holds this home; `pid` and `port` as far as it told."""

    def __init__(self, told: dict[str, object]):
        super().__init__("already running")
        self.pid, self.port = told.get("pid"), told.get("port")


class Single:
    """Held for as long as the daemon runs. The file is readable by its owner only: it holds a token."""

    def __init__(self, path: Path):
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise AlreadyRunning(told_by(path)) from None

    def tell(self, port: int, token: str) -> None:
        """Says where this daemon answers."""
        os.ftruncate(self._file, 0)
        with suppress(OSError):  # on a full disk the commands do not find this daemon; it runs all the same
            os.pwrite(self._file, json.dumps({"pid": os.getpid(), "port": port, "token": token}).encode(), 0)

    def close(self) -> None:
        """Lets go."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def __enter__(self) -> Single:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def told_by(path: Path) -> dict[str, object]:
    """What a running daemon has told; empty when none has."""
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def running(path: Path) -> dict[str, object]:
    """What the daemon told that holds the lock at this moment; empty when none runs."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return {}
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return told_by(path)
    finally:
        os.close(file)
    return {}
