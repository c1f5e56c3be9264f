"""Every effect of an upgrade on the machine, as root. `steps` decides; a stop between any two effects is survived.

The service is controlled by systemd, or by the program that ZHANGU_CONTROL names (called with stop, start, reload).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from controller.system.atomic_file import rewrite
from controller.system.local_daemon import answer_of
from controller.system.os_errors import reason, remedy
from controller.upgrade import mailbox
from controller.upgrade.journal import Journal, Place, Result
from controller.upgrade.signature import PIECE, TORN, CannotUpgrade, Statement, read
from controller.upgrade.trial import Health, Trial

UNIT: Final = "zhangu.service"
SPARE: Final = 100_000_000
"""Bytes that an upgrade leaves free."""
COMMAND_S: Final = 120.0
UNPACK_S: Final = 900.0
LOOK_EVERY_S: Final = 0.5


class Machine:
    """The machine of an installed office."""

    def __init__(self, place: Place, healthy_within_s: float = 60.0, settled_s: float = 5.0) -> None:
        """`healthy_within_s`: for a new version to answer well; `settled_s`: how long it must go on doing so."""
        self.place = place
        self._within_s, self._settled_s = healthy_within_s, settled_s
        self._control = _control()

    # --- the journal

    def note(self, journal: Journal) -> None:
        """Write the journal: on the disk when this returns."""
        rewrite(self.place.journal, journal.to_json())

    def forget(self) -> None:
        """Delete the journal: nothing is in progress."""
        self.place.journal.unlink(missing_ok=True)
        _settle(self.place.program)

    def conclude(self, journal: Journal, outcome: str, sentence: str) -> None:
        """Write how the request ended."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        result = Result(journal.ident, journal.what, journal.source, journal.target, outcome, sentence, now)
        rewrite(self.place.result, result.to_json())

    # --- a package

    def take(self) -> Path:
        """Copy the package out of the daemon's reach. Raises CannotUpgrade."""
        folder = self.place.incoming
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(mode=0o700)
            with mailbox.opened(self.place.data, *mailbox.FOLDER, mailbox.PACKAGE) as source:
                size = os.fstat(source.fileno()).st_size
                if size > mailbox.MOST_PACKAGE:
                    raise CannotUpgrade("安装包太大了，没有升级，一切照旧。请确认选对了文件。")
                self.room(size)
                with (folder / mailbox.PACKAGE).open("xb") as target:
                    shutil.copyfileobj(source, target, PIECE)
        except FileNotFoundError:
            raise CannotUpgrade(TORN) from None
        except OSError as error:
            raise CannotUpgrade(
                f"安装包没有收下：{reason(error)}。没有升级，一切照旧。{remedy(error)}。"
            ) from error
        finally:
            mailbox.discard(self.place.data, mailbox.PACKAGE)
        return folder / mailbox.PACKAGE

    def statement(self, package: Path) -> Statement:
        """Verify a package with the keys of the release in use. Raises CannotUpgrade."""
        keys = [path.read_bytes() for path in sorted((self.place.program / "good" / "keys").glob("*.pem"))]
        with package.open("rb") as file:
            return read(file, keys)

    def room(self, needs: int) -> None:
        """Refuse a package that would fill the disk. Raises CannotUpgrade."""
        free = shutil.disk_usage(self.place.program).free
        if free < needs + SPARE:
            raise CannotUpgrade(
                f"磁盘放不下新版本：要 {(needs + SPARE) / 1e6:.0f} MB，只剩 {free / 1e6:.0f} MB。"
                "没有升级，一切照旧。请先清理磁盘。"
            )

    def unpack(self, package: Path, version: str) -> None:
        """Lay the release beside the others: complete and on the disk, or not at all. Raises CannotUpgrade."""
        part, target = self.place.incoming / "tree", self.place.releases / version
        try:
            _run(["dpkg-deb", "--extract", str(package), str(part)], UNPACK_S)
            self.adopt(part / "opt" / "zhangu" / "package", version)
        except subprocess.SubprocessError as error:
            raise CannotUpgrade("新版本没有解开，磁盘可能满了或坏了。没有升级，一切照旧。") from error
        except OSError as error:
            raise CannotUpgrade(
                f"新版本没有解开：{reason(error)}。没有升级，一切照旧。{remedy(error)}。"
            ) from error
        finally:
            shutil.rmtree(self.place.incoming, ignore_errors=True)
        if not _starts(target, self.place):
            shutil.rmtree(target, ignore_errors=True)
            raise CannotUpgrade("新版本在这台机器上不能运行（系统或处理器不合适）。没有升级，一切照旧。")

    def adopt(self, tree: Path, version: str) -> None:
        """Make a release of a folder on the same disk. Its files are linked, not copied: dpkg replaces its own."""
        part, target = self.place.releases / f"{version}.part", self.place.releases / version
        self.place.releases.mkdir(exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(tree, part, symlinks=True, copy_function=os.link)
        _compile(part)
        os.sync()
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        _settle(self.place.releases)

    def prune(self) -> None:
        """Delete releases that nothing points to, and remains of interrupted work."""
        kept = {self.place.release(link) for link in ("current", "good", "previous")}
        for folder in self.place.releases.glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.place.incoming, ignore_errors=True)
        for left in (*self.place.program.glob("*.new"), *self.place.program.glob(".*.half")):
            left.unlink(missing_ok=True)

    # --- the release in use

    def switch(self, link: str, version: str) -> None:
        """Point a link to a release, in one step."""
        new = self.place.program / f"{link}.new"
        new.unlink(missing_ok=True)
        new.symlink_to(self.place.releases / version)
        new.replace(self.place.program / link)
        _settle(self.place.program)

    def fit(self, version: str) -> None:
        """Let a release make the database its own, as the daemon's user. Raises CannotUpgrade."""
        program = self.place.releases / version / "bin" / "zhangu-upgrade"
        if not program.exists():
            return
        command = [str(program), "fit", "--data", str(self.place.data)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=UNPACK_S, **_as_owner(self.place)
        )
        if done.returncode:
            said = done.stdout.strip().splitlines()
            raise CannotUpgrade(said[-1] if said else "账本不能给这个版本用。")

    @property
    def runs_services(self) -> bool:
        """Return whether the service can be controlled here; not in a root without systemd."""
        return self._control is not None

    def stop(self) -> None:
        """Stop the daemon and wait until it has ended."""
        self._call("stop")

    def start(self) -> None:
        """Start the daemon; does not wait for it."""
        self._call("start")

    def reload(self) -> None:
        """Let systemd read the units of the release in use."""
        self._call("reload")

    def health(self) -> Health | None:
        """Ask the daemon once; None without an answer."""
        try:
            with mailbox.opened(self.place.data, "var", "running.json") as file:
                lock = json.loads(file.read(mailbox.MOST_REQUEST))
            status, answer = answer_of({"port": int(lock["port"]), "token": str(lock["token"])}, "/health")
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not isinstance(answer, dict) or "troubles" not in answer:
            return None
        troubles = tuple(str(one.get("what", "")) for one in answer["troubles"] if isinstance(one, dict))
        return Health(status, str(answer.get("version", "")), str(lock["token"]), troubles)

    def unhealthy(self, version: str, before: Health | None) -> str:
        """Wait until the daemon of `version` is as healthy as the one before it; return "" or why it is not."""
        wanted, began = self.version_in(version), time.monotonic()
        trial = Trial(wanted, before, began, self._within_s, self._settled_s)
        while (why := trial.verdict(time.monotonic(), self.health())) is None:
            time.sleep(LOOK_EVERY_S)
        return why

    def version_in(self, release: str) -> str:
        """Return the version that a release says of itself."""
        with suppress(OSError):
            return (self.place.releases / release / "VERSION").read_text(encoding="ascii").strip()
        return release

    def _call(self, verb: str) -> None:
        if self._control is not None:
            self._control(verb)


def is_older(version: str, than: str) -> bool:
    """Compare as dpkg does."""
    command = ["dpkg", "--compare-versions", version, "lt", than]
    return subprocess.run(command, check=False, timeout=COMMAND_S).returncode == 0


def architecture() -> str:
    """Return this system's architecture as Debian calls it."""
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=COMMAND_S
    ).stdout.strip()


def _control() -> Callable[[str], None] | None:
    named = os.environ.get("ZHANGU_CONTROL")
    if named:
        return lambda verb: _run([named, verb], COMMAND_S)
    if not Path("/run/systemd/system").is_dir():
        return None
    verbs = {"stop": ["stop", UNIT], "start": ["start", "--no-block", UNIT], "reload": ["daemon-reload"]}
    return lambda verb: _run(["systemctl", *verbs[verb]], COMMAND_S)


def _run(command: list[str], timeout: float) -> None:
    subprocess.run(command, check=True, timeout=timeout, stdout=subprocess.DEVNULL)


def _as_owner(place: Place) -> dict[str, Any]:
    """Return how a child runs as the owner of the data: no file of theirs is touched as root."""
    owner = place.data.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return {}
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def _starts(release: Path, place: Place) -> bool:
    """Return whether the program of a release runs on this system at all."""
    try:
        done = subprocess.run(
            [str(release / "bin" / "zhangu"), "--version"],
            check=False, capture_output=True, timeout=COMMAND_S, **_as_owner(place),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(done.returncode == 0)


def _compile(release: Path) -> None:
    """Make the bytecode, with which a start takes half of the time."""
    version = "{}.{}".format(*sys.version_info[:2])
    folders = [str(release / name) for name in ("controller", "signage", f"venv-{version}")]
    command = [sys.executable, "-m", "compileall", "-q", *folders]
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(command, check=False, timeout=UNPACK_S, stdout=subprocess.DEVNULL)


def _settle(folder: Path) -> None:
    """Write a folder's entries to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
