"""Install the package on a fresh Debian root, run it for a rehearsed minute, upgrade, go back, remove and purge it.

    python -m tests.bench.package build/zhangu_…_amd64.deb [--suite bookworm] [--root DIR] [--newer FILE.deb]

A file of `make package-offline` in place of the package is tried without any network. `--newer`: a package of a higher
version, signed with the same key; without it nothing is upgraded.

Needs root, debootstrap and the registry of Debian's packages; for another architecture also qemu-user with binfmt_misc.
There is no systemd in the root: the test starts the daemon as its user on SDL's disk device.
"""

from __future__ import annotations

import argparse
import array
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAY = "大家好，战鼓装好了"
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
}
DISK = "/var/lib/zhangu/var/out.raw"
LOOPBACK = 'ip link set lo up; exec "$@"'
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
        self.folder, self.alone = folder, ("unshare", "-n", "sh", "-c", LOOPBACK, "sh") if offline else ()

    def run(self, command: str, check: bool = True) -> str:
        """Run a command of the shell in it; return its output."""
        done = subprocess.run(
            [*self.alone, "chroot", str(self.folder), "/bin/sh", "-c", command],
            capture_output=True, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        if check and done.returncode:
            raise SystemExit(f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout + done.stderr


def made(folder: Path, suite: str, arch: str, *, offline: bool = False) -> Root:
    """Make a minimal Debian, with this machine's access to the packages."""
    tar = ["--variant=minbase", "--include=ca-certificates,procps", f"--arch={arch}"]
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
    began = time.monotonic()
    install = "apt-get install -y -q --no-install-recommends /root/zhangu.deb"
    root.run("sh /root/zhangu.sh" if root.alone else f"apt-get update -q; {install}")
    lines = [f"installed {'without a network ' if root.alone else ''}in {time.monotonic() - began:.0f} s"]
    python = root.run(
        "echo /opt/zhangu/current/venv-$(python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")')"
    )
    (root.folder / "root" / "all.py").write_text(IMPORT_ALL, encoding="utf-8")
    count = root.run(f"{python.strip()}/bin/python -P /root/all.py").split()[-1]
    lines.append(f"imports of all {count} modules and every wheel: well")
    lines.append(minute(root))
    if (root.folder / "root" / "newer.deb").exists():
        lines += [
            moved(root, "zhangu upgrade --no-wait /root/newer.deb"),
            moved(root, "zhangu rollback --no-wait"),
        ]
    root.run("apt-get remove -y -q zhangu")
    kept = root.run("ls /var/lib/zhangu/var/zhangu.db")
    root.run("sh /root/zhangu.sh" if root.alone else install)
    lines.append(f"removed and installed again: data kept ({kept.strip()})")
    root.run("apt-get purge -y -q zhangu")
    left = root.run(
        "ls -d /opt/zhangu /var/lib/zhangu /etc/zhangu /usr/bin/zhangu 2>/dev/null; getent passwd zhangu",
        check=False,
    )
    if left.strip():
        raise SystemExit(f"left after purge: {left}")
    return [*lines, "purged: nothing left"]


def moved(root: Root, command: str) -> str:
    """Upgrade or go back as systemd does it on request, with the program of the release in use; then run a minute."""
    was = root.run("readlink /opt/zhangu/current")
    root.run(command)
    root.run("/opt/zhangu/good/bin/zhangu-upgrade run")
    result, release = root.run("cat /opt/zhangu/result.json"), root.run("readlink /opt/zhangu/current")
    if was == release or '"done"' not in result:
        raise SystemExit(f"{command}: {result}")
    return f"{command.split()[1]} to {Path(release.strip()).name}; {minute(root)}"


def minute(root: Root) -> str:
    """Run the daemon, speak a text, stop it; return what was recorded."""
    device = f"SDL_AUDIODRIVER=disk SDL_DISKAUDIOFILE={DISK}"
    root.run(f"cd /; {device} zhangu run --host 127.0.0.1 --port 8089 >/var/log/zhangu.log 2>&1 &")
    for _ in range(1200):  # a busy machine needs minutes
        if "http" in root.run("zhangu status", check=False):
            break
        time.sleep(0.5)
    status = root.run("zhangu status")
    if "/join/" not in status:
        raise SystemExit(f"no link for the owner: {status}")
    root.run(f"zhangu say {SAY}")
    log = root.folder / "var/log/zhangu.log"
    for _ in range(600):  # an emulated machine needs a minute
        if "is heard" in log.read_text(encoding="utf-8"):
            break
        time.sleep(1)
    root.run("pkill -TERM -u zhangu -o -f 'controller run'")
    time.sleep(5)
    if root.run("pgrep -u zhangu", check=False).strip():
        raise SystemExit("processes are left after the stop")
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
    parser.add_argument("--root", type=Path, help="a folder that does not exist yet, kept afterwards")
    options = parser.parse_args()
    offline = options.package.suffix == ".sh"
    arch = options.package.stem.removesuffix("_offline").rsplit("_", 1)[1]
    folder = options.root or Path(tempfile.mkdtemp()) / "root"
    root = made(folder, options.suite, arch, offline=offline)
    try:
        shutil.copy(options.package, folder / "root" / f"zhangu{options.package.suffix}")
        if options.newer:
            shutil.copy(options.newer, folder / "root" / "newer.deb")
        print(f"Debian {options.suite}, {arch}")
        print("\n".join(tried(root)))
    finally:
        for mounted in ("proc", "dev/shm"):
            subprocess.run(["umount", str(folder / mounted)], check=False)
        if options.root is None:
            shutil.rmtree(folder.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
