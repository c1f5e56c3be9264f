"""Debian with systemd as its first process in a container, on a disk whose power can be cut.

A container shares this machine's kernel: only the disk is cut. From one instant on it refuses every request, and all
unwritten data in the memory and in the disk's cache is lost, see `volatile_disk`. Then all processes are killed. The
next start repairs the file system as a Pi does, and boots. The network is private and reaches only this machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOOLS = ("systemd-nspawn", "setpriv", "debootstrap", "mkfs.ext4", "e2fsck", "losetup", "nsenter", "ip")
PATHS = f"{os.environ['PATH']}:/usr/sbin:/sbin"
INCLUDE = (
    "systemd-sysv,dbus,udev,iproute2,procps,python3,adduser,tzdata,ca-certificates,"
    "libglib2.0-0,libasound2,libpulse0"
)
"""With the libraries that the package needs: the container has no internet."""
HERE_IP, THERE_IP = "10.213.7.1", "10.213.7.2"
NETWORK = (
    f"[Match]\nName=host0\n[Network]\nAddress={THERE_IP}/30\nGateway={HERE_IP}\nLinkLocalAddressing=no\n"
)
LOG = "/run/zhangu.log"
SERVICE = f"""[Service]
Environment=SDL_AUDIODRIVER=disk SDL_DISKAUDIOFILE=/run/zhangu/heard.raw
StandardOutput=append:{LOG}
StandardError=append:{LOG}
TimeoutStartSec=600
"""
"""Sound and log go to the container's memory: the test reads them at the cut. A busy machine starts slowly."""
UNNEEDED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "fstrim.timer",
    "e2scrub_reap.service",
    "getty@.service",
)
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
NSPAWN = [
    "setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--network-veth",
    "--resolv-conf=off", "--timezone=off", "--link-journal=no",
]  # fmt: skip
"""Started so that it ends with this process, whatever ends that."""
NEW_MOUNTS = 0x20000
CLEAN, REPAIRED = 0, 1
"""Exit codes of e2fsck that are expected after a power cut."""


def missing() -> str:
    """Return what this machine lacks for such a container, "" if it has all."""
    if os.geteuid() != 0:
        return "root"
    lacks = [name for name in TOOLS if shutil.which(name, path=PATHS) is None]
    return ", ".join(lacks + [name for name in ("/dev/fuse", "/dev/loop-control") if not Path(name).exists()])


def alone() -> None:
    """Give this process its own mounts: when its last process ends, none of them is left, whatever ended it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    _done("mount", "--make-rprivate", "/")


def debian(folder: Path, files: tuple[Path, ...]) -> Path:
    """Make the tree of a fresh Debian, with `files` in /root."""
    tree = folder / "bookworm"
    if not (tree / "etc/machine-id").exists():
        shutil.rmtree(tree, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={INCLUDE}", "--arch=amd64", "bookworm"]
        subprocess.run([*command, str(tree)], check=True, stdout=subprocess.DEVNULL)
    units = tree / "etc/systemd/system"
    for unit in UNNEEDED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    for name, text in {
        "etc/hostname": "zhangu-box\n",
        "etc/machine-id": "",
        "etc/systemd/network/10-host0.network": NETWORK,
        "etc/systemd/system/zhangu.service.d/sound.conf": SERVICE,
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    wanted = units / "multi-user.target.wants/systemd-networkd.service"
    wanted.unlink(missing_ok=True)
    wanted.symlink_to("/lib/systemd/system/systemd-networkd.service")
    for file in (tree / "root").glob("*.deb"):
        file.unlink()
    for file in files:
        shutil.copy(file, tree / "root" / file.name)
    return tree


def image(tree: Path, file: Path, size: str) -> None:
    """Write a folder into a new ext4 disk."""
    file.unlink(missing_ok=True)
    command = ["mkfs.ext4", "-q", "-L", "root", "-d", str(tree), str(file), size]
    subprocess.run(command, check=True, env=os.environ | {"PATH": PATHS})


class Container:
    """One box; it may be started and cut many times. `damage` counts what e2fsck had to repair beyond the journal."""

    heard = "/run/zhangu/heard.raw"

    def __init__(self, folder: Path, image: Path, name: str = "zhangu-cut") -> None:
        self.folder, self.image, self.name = folder, image, name
        self.address = f"http://{THERE_IP}:8080"
        self.process: subprocess.Popen[bytes] | None = None
        self.damage = 0
        self._disk: subprocess.Popen[str] | None = None
        self._loop, self._leader, self._console = "", 0, folder / "console.log"
        self._root, self._file = folder / "root", folder / "disk"

    def start(self) -> None:
        """Repair the file system as a boot does, mount it, and boot."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._file.touch()
        self._check()
        command = [sys.executable, str(HERE / "volatile_disk.py"), str(self.image), str(self._file)]
        self._disk = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self._line(self._disk.stdout):
            raise OSError("the disk does not start")
        self._loop = _done("losetup", "--find", "--show", str(self._file)).strip()
        _done("mount", self._loop, str(self._root))
        with self._console.open("ab") as log:
            self.process = subprocess.Popen(
                [*NSPAWN, f"--directory={self._root}", f"--machine={self.name}", "--boot"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _check(self) -> None:
        """Let e2fsck replay the journal as at a boot, and count what is wrong besides."""
        first = subprocess.run(["e2fsck", "-p", self.image], capture_output=True, env={"PATH": PATHS})
        again = subprocess.run(
            ["e2fsck", "-fn", self.image], capture_output=True, env={"PATH": PATHS}, text=True
        )
        if first.returncode not in (CLEAN, REPAIRED) or again.returncode != CLEAN:
            self.damage += 1
            print(first.stdout.decode(errors="replace"), again.stdout, file=sys.stderr, flush=True)

    @staticmethod
    def _line(stream: IO[str] | None) -> str:
        return "" if stream is None else stream.readline()

    def wait_booted(self, within: float = 600) -> float:
        """Wait until systemd has started everything; return the seconds."""
        began = time.monotonic()
        while time.monotonic() - began < within:
            if self.process is None or self.process.poll() is not None:
                raise OSError(f"nspawn has ended: {self._console.read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._leader = self._found()
                if self.run("systemctl is-system-running", 20)[1].split()[-1:] in (["running"], ["degraded"]):
                    self._connect()
                    return time.monotonic() - began
            time.sleep(0.5)
        raise SystemExit(f"the container did not start in {within:.0f} s, see {self._console}")

    def _found(self) -> int:
        """Return the process that is the first one in the container."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text().strip() in ("systemd", "init"):
                return int(child)
        raise OSError("not yet")

    def _connect(self) -> None:
        end = f"ve-{self.name}"[:15]
        _done("ip", "address", "replace", f"{HERE_IP}/30", "dev", end)
        _done("ip", "link", "set", end, "up")
        # nspawn hides the boot's number behind a mount that systemd's sandboxes cannot copy
        self.run("umount /proc/sys/kernel/random/boot_id")

    def run(self, command: str, timeout: float = 120) -> tuple[int, str]:
        """Run a command of the shell in it, as root; return exit code and output. Raises OSError, TimeoutExpired."""
        if not self._leader:
            raise ConnectionResetError("the container is off")
        done = subprocess.run(
            ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "--", "/bin/bash", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
            env=ENVIRONMENT, cwd="/",
        )  # fmt: skip
        return done.returncode, done.stdout.decode(errors="replace")

    def well(self, command: str, timeout: float = 120) -> str:
        """Run a command that must succeed; return its output."""
        code, text = self.run(command, timeout)
        if code:
            raise SystemExit(f"{command}: {code}\n{text[-3000:]}")
        return text

    def within(self, path: str) -> Path:
        """Return the way from here to one of its files; also after a cut, until `off`."""
        return Path(f"/proc/{self._leader}/root{path}")

    def log(self) -> str:
        """Return the daemon's log since this boot; also between `lose_power` and `off`."""
        with contextlib.suppress(OSError):
            return self.within(LOG).read_text(encoding="utf-8", errors="replace")
        return ""

    def lose_power(self, seed: int) -> dict[str, int]:
        """Cut the disk's power now; return how much was in its cache, and how much of that was kept."""
        assert self._disk is not None
        assert self._disk.stdin is not None
        self._disk.stdin.write(f"cut {seed}\n")
        self._disk.stdin.flush()
        answer: dict[str, int] = json.loads(self._line(self._disk.stdout))
        return answer

    def stop(self, within: float = 300) -> None:
        """Switch it off in order."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self.run("systemctl poweroff", 60)
        if self.process is not None:
            self.process.wait(within)
        self.off()

    def off(self) -> None:
        """End every process of it, and take disk and mounts away."""
        for pid in (self._leader, self.process.pid if self.process else 0):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(60)
        self.process, self._leader = None, 0
        if self._loop:
            for _ in range(50):  # its last process may not be gone yet
                if subprocess.run(["umount", str(self._root)], capture_output=True).returncode == 0:
                    break
                time.sleep(0.2)
            else:
                subprocess.run(["umount", "--lazy", str(self._root)], capture_output=True)
            subprocess.run(["losetup", "--detach", self._loop], capture_output=True, env={"PATH": PATHS})
            self._loop = ""
        self._end_disk()

    def _end_disk(self) -> None:
        if self._disk is None:
            return
        for _ in range(50):
            if subprocess.run(["umount", str(self._file)], capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
        else:
            subprocess.run(["umount", "--lazy", str(self._file)], capture_output=True)
        with contextlib.suppress(OSError):
            self._disk.communicate("end\n", 30)
        self._disk = None

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.off()


def _done(*words: str) -> str:
    """Run a command that must succeed; return its output. Raises OSError."""
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"PATH": PATHS})
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
