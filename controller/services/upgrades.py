"""Upgrading and going back as the daemon's user: requests to root's program, and its answers.

Only an installation by the package can be upgraded; a checkout says so. `controller/upgrade/` does the work.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from controller.sales.model import Conflict, Refused, StoreFull
from controller.system.atomic_file import make_folder, publish
from controller.system.os_errors import reason, remedy
from controller.system.paths import Home, version
from controller.upgrade import mailbox
from controller.upgrade.journal import ROLLBACK, UPGRADE, Place, Result, read_journal, read_result

PIECE: Final = 1 << 18
NOT_INSTALLED: Final = "这里的战鼓不是用安装包装的，不能在这里升级。用 git 取的代码，请用 git 升级。"
BUSY: Final = "正在升级或退回，请等它做完。"


class Source(Protocol):
    """A package that is read in pieces."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class State:
    """The state for people. busy: the present step, "" without one; previous: the version to go back to."""

    installed: bool
    version: str
    previous: str
    busy: str
    last: Result | None


class Upgrades:
    """Requests of one home; keeps no state, so that it survives the restart in the middle."""

    def __init__(self, home: Home, place: Place | None = None) -> None:
        """`place`: for tests; otherwise where this program is installed, if it is."""
        self._home = home
        self._place = place or _installed(home)

    def state(self) -> State:
        """Return the versions, the work in progress, and the result of the last."""
        place = self._place
        if place is None:
            return State(False, version(), "", "", None)
        journal = read_journal(place)
        waiting = (mailbox.box(self._home.root) / mailbox.REQUEST).exists()
        busy = journal.step if journal else "waiting" if waiting else ""
        return State(True, version(), place.release("previous"), busy, read_result(place))

    def upgrade(self, source: Source, *, older: bool = False) -> str:
        """Keep a package for root's program and request the upgrade; return the request's ident. Raises Refused."""
        self._free()
        folder = mailbox.box(self._home.root)
        part = folder / f"{mailbox.PACKAGE}.part"
        try:
            make_folder(folder, 0o700)
            size = _written(source, part)
            if not size:
                raise Refused("文件是空的，请换一个。", "file")
            publish(part, folder / mailbox.PACKAGE)
            return self._ask(UPGRADE, older=older)
        except OSError as error:
            raise StoreFull(
                f"安装包存不下（{reason(error)}），没有升级，一切照旧。{remedy(error)}。"
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def roll_back(self) -> str:
        """Request the way back to the former version; return the request's ident. Raises Refused."""
        self._free()
        if not self.state().previous:
            raise Refused("没有可以退回的版本，一切照旧。")
        return self._ask(ROLLBACK)

    def result_of(self, ident: str) -> Result | None:
        """Return how a request ended, None while it is in progress."""
        last = read_result(self._place) if self._place else None
        return last if last is not None and last.ident == ident else None

    def _free(self) -> None:
        if self._place is None:
            raise Refused(NOT_INSTALLED)
        if self.state().busy:
            raise Conflict(BUSY)

    def _ask(self, what: str, *, older: bool = False) -> str:
        ident = secrets.token_hex(8)
        mailbox.put(self._home.root, mailbox.Request(ident, what, older))
        return ident


def _installed(home: Home) -> Place | None:
    """Return the place of the running program when it is a release of an installation, else None."""
    program = Path(__file__).resolve().parents[4]
    place = Place(program, home.root)
    return place if (program / "releases").is_dir() and (program / "current").is_symlink() else None


def _written(source: Source, part: Path) -> int:
    size = 0
    with part.open("wb") as file:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > mailbox.MOST_PACKAGE:
                raise Refused(f"文件太大，最多 {mailbox.MOST_PACKAGE // 1_000_000} MB。", "file")
            file.write(piece)
    return size
