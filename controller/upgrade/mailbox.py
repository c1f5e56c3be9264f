"""Requests of the daemon's user to root, in a folder that the user may change as it likes: nothing in it is trusted.

The user writes `package.deb` and then `request.json`; systemd's path unit starts root's service, which takes both.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from controller.system.atomic_file import make_folder, rewrite
from controller.upgrade.journal import ROLLBACK, UPGRADE

FOLDER: Final = ("var", "upgrade")
REQUEST, PACKAGE = "request.json", "package.deb"
MOST_REQUEST: Final = 1000
MOST_PACKAGE: Final = 1_500_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ident: chosen by the sender, to find its result; older: also a version older than the present."""

    ident: str
    what: str
    older: bool = False


def put(data: Path, request: Request) -> None:
    """Leave a request, complete or not at all."""
    folder = box(data)
    make_folder(folder, 0o700)
    values = {"ident": request.ident, "what": request.what, "older": request.older}
    rewrite(folder / REQUEST, json.dumps(values).encode(), 0o600)


def box(data: Path) -> Path:
    """Return the mailbox's folder."""
    return data.joinpath(*FOLDER)


def read(data: Path) -> Request | None:
    """Return the waiting request; None without one, or when it is no request of ours."""
    try:
        with opened(data, *FOLDER, REQUEST) as file:
            values = json.loads(file.read(MOST_REQUEST))
    except (OSError, ValueError):
        return None
    if not isinstance(values, dict) or values.get("what") not in (UPGRADE, ROLLBACK):
        return None
    ident = values.get("ident")
    if not isinstance(ident, str) or not re.fullmatch(r"[0-9a-f]{8,64}", ident):
        return None
    return Request(ident, values["what"], values.get("older") is True)


def discard(data: Path, name: str) -> None:
    """Delete a file of the mailbox, never through a link."""
    with suppress(OSError):
        folder = _folder(data, *FOLDER)
        try:
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)


def opened(data: Path, *names: str) -> IO[bytes]:
    """Open a plain file below `data` for reading, following no link. Raises OSError."""
    folder = _folder(data, *names[:-1])
    try:
        # O_NONBLOCK: a pipe in the file's place does not wait for a writer
        handle = os.open(names[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(names[-1])
    return os.fdopen(handle, "rb")


def _folder(data: Path, *names: str) -> int:
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in names:
        try:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder
