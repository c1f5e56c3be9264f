"""Install the package on a fresh Debian root, run it for a rehearsed minute, upgrade, go back, remove and purge it.

    python -m tests.bench.package build/zhangu_…_amd64.deb [--suite bookworm] [--root DIR] [--newer FILE.deb]
        [--voice build/zhangu-voice-natural_….deb]

A file of `make package-offline` in place of the package is tried without any network. `--newer`: a package of a higher
version, signed with the same key; without it nothing is upgraded. `--voice`: installed after the package.

Needs root, debootstrap and the registry of Debian's packages; for another architecture also qemu-user with binfmt_misc.
There is no systemd in the root: the test starts the daemon as its user on SDL's disk device.
"""

from __future__ import annotations

import argparse
import array
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

SAY = "大家好，战鼓装好了"
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
}
DISK = "/var/lib/zhangu/var/out.raw"
LOG = "/root/zhangu.log"
LOOPBACK = 'ip link set lo up; exec "$@"'
PLACES = "/opt /etc /home /root /run /srv /tmp /usr/bin /usr/lib/tmpfiles.d /usr/lib/systemd /usr/share/zhangu /var/lib"
LIST = f"""
find {PLACES} -xdev ! -type d ! -path '/var/lib/dpkg/*' ! -path '/var/lib/apt/*' 2>/dev/null | sort
getent passwd | cut -d: -f1; getent group | cut -d: -f1,4
"""
"""Everything that an installation could leave: files outside of Debian's own folders, users, groups, members."""
OF_DEBIAN = ("/etc/", "/run/", "/var/lib/systemd/", "/var/lib/pam/", "/var/lib/python/")
"""Places that packages of Debian, which stay installed, also write to: there only names with zhangu count."""
OF_IMPORTS = ("/root/.cache/", "/tmp/.ses")
"""ONNX Runtime writes them for root, who imports every module here."""
IMPORT_ALL = """
import importlib, pkgutil
names = [found.name for top in ("controller", "signage")
         for found in pkgutil.walk_packages(importlib.import_module(top).__path__, top + ".")
         if not found.name.endswith("__main__")]
for name in [*names, "av", "numpy", "PIL", "onnxruntime", "pypinyin", "pygame", "openpyxl", "segno"]:
    importlib.import_module(name)
print(len(names))
"""


class Root:
    """A Debian root in a folder."""

    def __init__(self, folder: Path, *, offline: bool = False):
        """`offline`: nothing in it has a network but its own loopback."""
        self.folder, self.alone = (
            folder.resolve(),
            ("unshare", "-n", "sh", "-c", LOOPBACK, "sh") if offline else (),
        )

    def run(self, command: str, check: bool = True) -> str:
        """Run a command of the shell in it; return its output."""
        done = subprocess.run(
            [*self.alone, "chroot", str(self.folder), "/bin/sh", "-c", command],
            capture_output=True, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        if check and done.returncode:
            raise SystemExit(f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout + done.stderr

    def processes(self, words: str = "") -> list[int]:
        """Return the processes that run in this root, not those of others; `words`: a part of the command line."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_here(entry, words)
        ]

    def _is_here(self, entry: Path, words: str) -> bool:
        with suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            return bool(line) and words in line and (entry / "root").readlink() == self.folder
        return False

    def end(self, words: str = "", number: int = 15) -> None:
        """Send a signal to the processes of this root."""
        for process in self.processes(words):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def gone(self, words: str = "", within: float = 30) -> bool:
        """Wait until no such process runs; return whether that is so."""
        until = time.monotonic() + within
        while self.processes(words):
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True


def made(folder: Path, suite: str, arch: str, *, offline: bool = False) -> Root:
    """Make a minimal Debian, with this machine's access to the packages."""
    if not folder.exists():
        tar = ["--variant=minbase", "--include=ca-certificates", f"--arch={arch}"]
        subprocess.run(["debootstrap", *tar, suite, str(folder)], check=True, stdout=subprocess.DEVNULL)
    for name in ("resolv.conf", "hosts", "apt/apt.conf.d"):
        source, target = Path("/etc") / name, folder / "etc" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    subprocess.run(["mount", "-t", "proc", "proc", str(folder / "proc")], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder / "dev" / "shm")], check=True)
    return Root(folder, offline=offline)


def tried(root: Root) -> list[str]:
    """Return the lines of the report; raises SystemExit at the first failure."""
    before = set(root.run(LIST, check=False).splitlines())
    began = time.monotonic()
    install = "apt-get install -y -q --no-install-recommends /root/zhangu.deb"
    said = root.run("sh /root/zhangu.sh" if root.alone else f"apt-get update -q; {install}")
    lines = [f"installed {'without a network ' if root.alone else ''}in {time.monotonic() - began:.0f} s"]
    if (root.folder / "root" / "voice.deb").exists():
        said += root.run("apt-get install -y -q --no-install-recommends /root/voice.deb")
    lines += [imported(root), minute(root), voice(root)]
    if (root.folder / "root" / "newer.deb").exists():
        lines += [
            moved(root, "zhangu upgrade --no-wait /root/newer.deb"),
            moved(root, "zhangu rollback --no-wait"),
        ]
    root.run("apt-get remove -y -q zhangu zhangu-voice-natural")
    kept = root.run("ls /var/lib/zhangu/var/zhangu.db")
    program = root.run("find /opt/zhangu 2>/dev/null", check=False)
    if program.strip():
        raise SystemExit(f"left after remove: {program[-2000:]}")
    root.run("sh /root/zhangu.sh" if root.alone else install)
    lines.append(f"removed and installed again: data kept ({kept.strip()})")
    return [*lines, purged(root, before)]


def imported(root: Root) -> str:
    """Import every module of the program, and every wheel with compiled parts."""
    python = root.run(
        "echo /opt/zhangu/current/venv-$(python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")')"
    )
    (root.folder / "root" / "all.py").write_text(IMPORT_ALL, encoding="utf-8")
    count = root.run(f"{python.strip()}/bin/python -P /root/all.py").split()[-1]
    return f"imports of all {count} modules and every wheel: well"


def voice(root: Root) -> str:
    """Return the answer of the installed command about the natural voice."""
    return "voices: " + "; ".join(root.run("zhangu voices list", check=False).split("\n")[:2])


def purged(root: Root, before: set[str]) -> str:
    """Purge while the daemon runs; compare files, users and processes with those before the installation."""
    start(root)
    began = time.monotonic()
    # one that was removed without settings is unknown to apt
    known = root.run("dpkg-query -W -f '${Package} ' 'zhangu*'", check=False).split()
    said = root.run(f"apt-get purge -y -q {' '.join(one for one in known if one.startswith('zhangu'))}")
    took = time.monotonic() - began
    for name in ("zhangu.deb", "zhangu.sh", "voice.deb", "newer.deb", "all.py", Path(LOG).name):
        (root.folder / "root" / name).unlink(missing_ok=True)
    left = set(root.run(LIST, check=False).splitlines()) - before
    left = {line for line in left if _ours(line) and not _packaged(root, line)}
    if left or root.processes() or "没有删掉" in said:
        raise SystemExit(f"left after purge: {sorted(left)}, processes {root.processes()}\n{said[-1500:]}")
    return f"purged in {took:.0f} s while the daemon ran: no file, user, group, unit or process of it is left"


def _ours(line: str) -> bool:
    """Return whether a new file counts as left behind."""
    return "zhangu" in line or not line.startswith((*OF_DEBIAN, *OF_IMPORTS))


def _packaged(root: Root, line: str) -> bool:
    """Return whether a package of Debian that stays installed owns a file, or made a group."""
    if not line.startswith("/"):
        return "zhangu" not in line
    return root.run(f"dpkg-query -S '{line}'", check=False).count(
        ": "
    ) > 0 and "no path found" not in root.run(f"dpkg-query -S '{line}'", check=False)


def moved(root: Root, command: str) -> str:
    """Upgrade or go back as systemd does it on request, with the program of the release in use; then run a minute."""
    was = root.run("readlink /opt/zhangu/current")
    root.run(command)
    root.run("/opt/zhangu/good/bin/zhangu-upgrade run")
    result, release = root.run("cat /opt/zhangu/result.json"), root.run("readlink /opt/zhangu/current")
    if was == release or '"done"' not in result:
        raise SystemExit(f"{command}: {result}")
    return f"{command.split()[1]} to {Path(release.strip()).name}; {minute(root)}"


def start(root: Root) -> str:
    """Run the daemon on SDL's disk device; return the status once it answers."""
    device = f"SDL_AUDIODRIVER=disk SDL_DISKAUDIOFILE={DISK}"
    root.run(f"cd /; {device} zhangu run --host 127.0.0.1 --port 8089 >{LOG} 2>&1 &")
    for _ in range(1200):  # a busy machine needs minutes
        if "http" in root.run("zhangu status", check=False):
            break
        time.sleep(0.5)
    status = root.run("zhangu status")
    if "/join/" not in status:
        raise SystemExit(f"no link for the owner: {status}")
    return status


def minute(root: Root) -> str:
    """Run the daemon, speak a text, stop it; return what was recorded."""
    start(root)
    root.run(f"zhangu say {SAY}")
    log = root.folder / LOG.lstrip("/")
    for _ in range(600):  # an emulated machine needs a minute
        if "is heard" in log.read_text(encoding="utf-8"):
            break
        time.sleep(1)
    root.end("controller run")
    if not root.gone():
        raise SystemExit(f"processes are left after the stop: {root.processes()}")
    raw = (root.folder / DISK.lstrip("/")).read_bytes()
    samples = array.array("h", raw[: len(raw) // 2 * 2])
    peak = max(map(abs, samples), default=0)
    if peak < 1000 or "is heard" not in log.read_text(encoding="utf-8"):
        raise SystemExit(f"not heard: peak {peak}")
    return f"status with the owner's link, a text heard: {len(samples) / 88_200:.0f} s recorded, peak {peak}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--newer", type=Path, help="a package of a higher version")
    parser.add_argument("--voice", type=Path, help="the package of the natural voice")
    parser.add_argument("--root", type=Path, help="a folder that is kept; made when it does not exist yet")
    options = parser.parse_args()
    offline = options.package.suffix == ".sh"
    arch = options.package.stem.removesuffix("_offline").rsplit("_", 1)[1]
    folder = options.root or Path(tempfile.mkdtemp()) / "root"
    root = made(folder, options.suite, arch, offline=offline)
    try:
        shutil.copy(options.package, folder / "root" / f"zhangu{options.package.suffix}")
        for name, source in (("newer", options.newer), ("voice", options.voice)):
            if source:
                shutil.copy(source, folder / "root" / f"{name}.deb")
        print(f"Debian {options.suite}, {arch}")
        print("\n".join(tried(root)))
    finally:
        root.end(number=9)
        root.gone()
        for mounted in ("proc", "dev/shm"):
            subprocess.run(["umount", str(folder / mounted)], check=False)
        if options.root is None:
            shutil.rmtree(folder.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
