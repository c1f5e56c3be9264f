"""A scratch installation: real folders, links, packages, book and processes; the daemon is a small one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from controller.sales.people_import import PersonRow
from controller.sales.store import Store
from controller.system.local_daemon import asked
from controller.system.process import written_by
from controller.upgrade import mailbox, signature
from controller.upgrade.journal import Place, Result, read_journal, read_result
from controller.upgrade.machine import Machine
from tests.upgrade.small_packages import key, signed

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONTROL = f"""#!/bin/sh
case "$1" in
start) {sys.executable} -S -E {HERE}/small_daemon.py "$2" "$3" </dev/null >/dev/null 2>&1 & echo $! >"$3/pid" ;;
stop) [ ! -e "$3/pid" ] || {{ kill -9 "$(cat "$3/pid")" 2>/dev/null; rm -f "$3/pid" "$3/var/running.json"; }} ;;
esac
exit 0
"""


class Box:
    """An office installed in a folder, version 1.0 in use and running."""

    def __init__(self, folder: Path, release: dict[str, str] | None = None):
        self.folder, self.within_s = folder, 60.0
        self.place = Place(folder / "opt", folder / "data")
        (self.place.data / "var").mkdir(parents=True)
        self.place.releases.mkdir(parents=True)
        lay(self.place.releases / "1.0", "1.0", **(release or {}))
        for link in ("current", "good"):
            (self.place.program / link).symlink_to(self.place.releases / "1.0")
        self.control = folder / "control"
        self.control.write_text(
            CONTROL.replace("$2", str(self.place.program)).replace("$3", str(self.place.data))
        )
        self.control.chmod(0o755)
        self.environment = os.environ | {"ZHANGU_CONTROL": str(self.control), "PYTHONPATH": str(ROOT)}
        self.sell("first")
        self.call("start")

    def call(self, verb: str) -> None:
        """Control the daemon, as systemd does."""
        subprocess.run([self.control, verb], check=True)

    def sell(self, name: str) -> None:
        """Record a deal in the book."""
        now = datetime(2026, 11, 27, 10, tzinfo=UTC)
        with closing(Store(self.place.data / "var" / "zhangu.db")) as store, store.write() as session:
            session.roster.import_people((PersonRow("猛虎队", "王小明"),))
            session.deals.record(
                name, next(iter(session.roster.active_ids())), "贷款", Decimal(1), now, now.date()
            )

    def package(
        self, version: str, by: str = "maker", about: dict[str, object] | None = None, **files: str
    ) -> Path:
        """Build a signed package of a release; `files`: see `lay`."""
        tree = self.folder / f"tree-{version}-{time.monotonic_ns()}"
        lay(tree / "opt" / "zhangu" / "package", version, **files)
        return signed(tree, self.folder / f"zhangu-{version}.deb", version, by, about)

    def request(self, what: str, package: Path | None = None, *, older: bool = False) -> None:
        """Leave a request as the daemon's user does."""
        box = mailbox.box(self.place.data)
        box.mkdir(parents=True, exist_ok=True)
        if package is not None:
            (box / mailbox.PACKAGE).write_bytes(package.read_bytes())
        mailbox.put(self.place.data, mailbox.Request("ab" * 8, what, older))

    def work(self, kill_at: int = 0, *extra: str) -> subprocess.CompletedProcess[str]:
        """Run root's program; `kill_at`: the effect that ends it."""
        command = [
            sys.executable,
            HERE / "killed.py",
            self.place.program,
            self.place.data,
            str(kill_at),
            str(self.within_s),
            *extra,
        ]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def done(self, what: str, package: Path | None = None, *, older: bool = False) -> Result:
        """Request, work, and return the result."""
        self.request(what, package, older=older)
        ended = self.work()
        assert ended.returncode == 0, ended.stderr
        result = read_result(self.place)
        assert result is not None
        return result

    def machine(self) -> Machine:
        """Return the machine, for one step of it."""
        return Machine(self.place)

    def running(self) -> str:
        """Return the version that answers; "" for none. Waits a moment for a start."""
        for _ in range(100):
            with suppress(KeyError, ValueError):
                answer = asked(written_by(self.place.data / "var" / "running.json"), "/health")
                if answer is not None:
                    return str(answer["version"])
            time.sleep(0.05)
        return ""

    def assert_whole(self, deals: int = 1) -> str:
        """Check that the box works and nothing is half done; return the version in use."""
        version = self.place.release("current")
        assert version, "no release in use"
        assert self.running() == version
        assert (self.place.program / "current" / "bin" / "zhangu").exists()
        assert self.place.release("good") == version
        assert read_journal(self.place) is None
        assert mailbox.read(self.place.data) is None
        left = {
            path.name for path in self.place.program.rglob("*") if path.suffix in (".part", ".new", ".half")
        }
        assert not left, left
        assert not self.place.incoming.exists()
        with closing(Store(self.place.data / "var" / "zhangu.db")) as store, store.read() as session:
            assert session.rows.all("SELECT count(*) FROM deals")[0][0] == deals
        return version

    def cut_power(self) -> None:
        """End every process at once and start again as systemd does: recovery first, then the service."""
        self.call("stop")
        ended = self.work(0, "--boot")
        assert ended.returncode == 0, ended.stderr
        self.call("start")

    def close(self) -> None:
        """End the daemon."""
        with suppress(OSError, ValueError):
            os.kill(int((self.place.data / "pid").read_text()), signal.SIGKILL)


def lay(folder: Path, version: str, *, behaviour: str = "", program: str = "", size: int = 0) -> None:
    """Lay a release: its command, its upgrade program, its key. `program`: another text of the command."""
    (folder / "bin").mkdir(parents=True)
    (folder / "keys").mkdir()
    (folder / "VERSION").write_text(version + "\n")
    (folder / "keys" / "maker.pem").write_bytes(signature.public_half(key("maker")))
    (folder / "bin" / "zhangu").write_text(program or f"#!/bin/sh\necho zhangu {version}\n")
    upgrade = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m controller.upgrade "$@"\n'
    (folder / "bin" / "zhangu-upgrade").write_text(upgrade)
    for name in ("zhangu", "zhangu-upgrade"):
        (folder / "bin" / name).chmod(0o755)
    if behaviour:
        (folder / "BEHAVIOUR").write_text(behaviour)
    if size:
        (folder / "large").write_bytes(b"\0" * size)
