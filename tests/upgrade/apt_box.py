"""A scratch Debian in which dpkg installs small packages with the real scripts, and is killed halfway.

It is this machine's own system below a layer in memory: nothing outside of it is changed. Needs root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.upgrade.box import lay

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "config" / "package"))
import build  # noqa: E402

EFFECTS = (
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,execve,fsync"
)
KEPT = "var/lib/zhangu/var/kept"


class NoLayer(Exception):  # noqa: N818 - the machine's condition
    """No layer can be mounted over this system; str() is the system's reason."""


class AptBox:
    """A Debian with version 1.0 installed; `folder` is where its layer is mounted. Raises NoLayer."""

    def __init__(self, folder: Path) -> None:
        self.layer, self.root, self.packages = folder / "layer", folder / "root", folder / "packages"
        for path in (self.layer, self.root, self.packages):
            path.mkdir(parents=True)
        self._mount("-t", "tmpfs", "-o", "size=1g", "tmpfs", self.layer)
        for name in ("upper", "work"):
            (self.layer / name).mkdir()
        layers = f"lowerdir=/,upperdir={self.layer}/upper,workdir={self.layer}/work"
        self._mount("-t", "overlay", "overlay", "-o", layers, self.root)
        self._mount("-t", "proc", "proc", self.root / "proc")
        self._mount("--bind", "/dev", self.root / "dev")
        (self.root / "root").chmod(0o755)  # the daemon's user runs this Python
        shutil.rmtree(self.root / "run" / "systemd", ignore_errors=True)
        self.install(self.package("1.0"))
        (self.root / KEPT).write_text("what the office made")

    def _mount(self, *arguments: str | Path) -> None:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
        if done.returncode:
            self.close()
            raise NoLayer(done.stderr.strip())

    def close(self) -> None:
        """Leave nothing mounted."""
        for path in (self.root / "dev", self.root / "proc", self.root, self.layer):
            if path.is_mount():
                subprocess.run(["umount", "-l", path], check=False)

    def package(self, version: str) -> Path:
        """Build a small package with the scripts of the real one."""
        tree = self.packages / version
        release = tree / "opt" / "zhangu" / "package"
        lay(release, version)
        (release / "config").mkdir()
        (release / "sounds").mkdir()
        for name in ("rhythm.yaml", "rhythm.schema.json"):
            shutil.copy(ROOT / "config" / name, release / "config")
        (release / "sounds" / "index.json").write_text("{}")
        (release / "system").mkdir()
        for name in build.UNITS:
            shutil.copy(build.HERE / name, release / "system")
        build.lay_system(tree)
        end = (build.HERE / "end-processes").read_text(encoding="utf-8").rstrip()
        for script in ("postinst", "prerm", "postrm"):
            build.lay_script(
                tree, script, build.HERE / script, {"@RELEASE@": version, "@END_PROCESSES@": end}
            )
        fields = {
            "Package": "zhangu", "Version": version, "Architecture": "all", "Maintainer": build.MAINTAINER,
            "Description": "small",
        }  # fmt: skip
        return build.pack(tree, fields, self.packages)

    def install(self, package: Path) -> None:
        """Install as apt does; raises CalledProcessError."""
        self.run("dpkg", "--install", self.inside(package))

    def inside(self, package: Path) -> str:
        """Copy a package into the root; return its path there."""
        shutil.copy(package, self.root / "root" / package.name)
        return f"/root/{package.name}"

    def run(self, *command: str) -> str:
        """Run a command in the root; return its output. Raises CalledProcessError."""
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LANG": "C.UTF-8",
        }
        done = subprocess.run(
            ["chroot", self.root, *command], capture_output=True, text=True, env=environment
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    def killed_at(self, package: Path, number: int) -> int:
        """Install, and kill dpkg and all its children after `number` effects on files; return the effects seen.

        Fewer than `number`: it ended before.
        """
        pipe = self.packages / f"effects-{time.monotonic_ns()}"
        os.mkfifo(pipe)
        command = [
            "strace", "-f", "-qq", "-e", f"trace={EFFECTS}", "-o", str(pipe),
            "chroot", str(self.root), "/usr/bin/dpkg", "--install", self.inside(package),
        ]  # fmt: skip
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
        process = subprocess.Popen(
            command,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        seen = 0
        with pipe.open() as effects:
            for _ in effects:
                seen += 1
                if seen == number:
                    os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        pipe.unlink()
        return seen

    def boot(self) -> str:
        """Do as systemd does at a start; return the version that runs."""
        self.run("/opt/zhangu/good/bin/zhangu-upgrade", "recover", "--boot")
        return self.run("/opt/zhangu/current/bin/zhangu", "--version").split()[-1]

    def repair(self, package: Path) -> str:
        """Do as docs/install.md says after a power cut; return the version that runs."""
        try:
            self.run("dpkg", "--configure", "-a")
        except (
            subprocess.CalledProcessError
        ) as error:  # killed while it unpacked: only the package itself helps
            if "you should" not in error.stderr or "reinstall it before" not in error.stderr:
                raise
        self.install(package)
        status = self.run("dpkg-query", "-W", "-f", "${Status} ${Version}", "zhangu")
        version = self.run("/usr/bin/zhangu", "--version").split()[-1]
        assert status == f"install ok installed {version}", status
        assert (self.root / KEPT).read_text() == "what the office made"
        left = [
            path.name
            for path in (self.root / "opt" / "zhangu").rglob("*")
            if path.suffix in (".part", ".half")
        ]
        assert not left, left
        return version
