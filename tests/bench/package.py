"""Install the package on a fresh Debian root, rehearse music and a deal, upgrade, go back, remove and purge it.

    python -m tests.bench.package build/zhangu_…_amd64.deb [--suite bookworm] [--root DIR] [--newer FILE.deb]
        [--voice build/zhangu-voice-natural_….deb] [--keep FILE.wav]

A file of `make package-offline` in place of the package is tried without any network. `--newer`: a package of a higher
version, signed with the same key; without it nothing is upgraded. `--voice`: installed after the package. `--keep`:
where the rehearsal's recording stays. The independent listener, where it is installed, writes down what was spoken.

Needs root, debootstrap and the registry of Debian's packages; for another architecture also qemu-user with binfmt_misc.
There is no systemd in the root: the test starts the daemon as its user on SDL's disk device.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]

import listener  # noqa: E402

SAY = "大家好，战鼓装好了"
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
}
DISK = "/var/lib/zhangu/var/out.raw"
LOG = "/root/zhangu.log"
REHEARSED = "/var/lib/zhangu/var/rehearsed.raw"
REHEARSAL_LOG = "/root/rehearsal.log"
MORNING = "2026-11-24 08:35:00"
"""A Tuesday; the shipped timetable has music until 09:00."""
PORT, REHEARSAL_PORT = 8089, 8090
MUSIC_S, RATE, LOUD, DEALS = 20, 44_100, 1000, 5
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
print("imported", len(names))
"""


class Root:
    """A Debian root in a folder."""

    def __init__(self, folder: Path, *, offline: bool = False):
        """`offline`: nothing in it has a network but its own loopback, the same one for all its processes."""
        self.folder, self.alone = folder.resolve(), offline
        self._network: subprocess.Popen[bytes] | None = None
        self._within: tuple[str, ...] = ()
        if offline:
            held = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo && exec sleep infinity"]
            self._network = subprocess.Popen(held, stdout=subprocess.PIPE)
            assert self._network.stdout is not None
            self._network.stdout.readline()
            self._within = ("nsenter", f"--net=/proc/{self._network.pid}/ns/net")

    def close(self) -> None:
        """End its network."""
        if self._network is not None:
            self._network.kill()

    def run(self, command: str, check: bool = True) -> str:
        """Run a command of the shell in it; return its output."""
        done = subprocess.run(
            [*self._within, "chroot", str(self.folder), "/bin/sh", "-c", command],
            capture_output=True, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        if check and done.returncode:
            raise SystemExit(f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout + done.stderr

    def ask(
        self, method: str, path: str, token: str = "", data: object = None, port: int = REHEARSAL_PORT
    ) -> object:
        """Send a request to the rehearsal, or to another port; return its JSON answer, None when there is none yet."""
        if self._within:  # a program in its network
            head = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
            body = [] if data is None else ["--data", json.dumps(data)]
            url = f"http://127.0.0.1:{port}{path}"
            command = [*self._within, "curl", "-s", "-X", method, *head, *body, url]
            said = subprocess.run(command, capture_output=True, check=False).stdout
            return json.loads(said) if said else None
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            body_ = None if data is None else json.dumps(data).encode()
            head_ = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            line.request(method, path, body_, head_)
            return json.loads(line.getresponse().read() or b"null")
        except OSError:
            return None
        finally:
            line.close()

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

    def gone(self, words: str = "", within: float = 180) -> bool:
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


def tried(root: Root, keep: Path | None = None) -> Iterator[str]:
    """Try everything; give each line of the report at once. Raises SystemExit at the first failure."""
    before = set(root.run(LIST, check=False).splitlines())
    began = time.monotonic()
    install = "apt-get install -y -q --no-install-recommends /root/zhangu.deb"
    said = root.run("sh /root/zhangu.sh" if root.alone else f"apt-get update -q; {install}")
    yield f"installed {'without a network ' if root.alone else ''}in {time.monotonic() - began:.0f} s"
    if (root.folder / "root" / "voice.deb").exists():
        said += root.run("apt-get install -y -q --no-install-recommends /root/voice.deb")
    for step in (imported, lambda root: rehearsed(root, keep), minute, voice):
        yield step(root)
    if (root.folder / "root" / "newer.deb").exists():
        yield moved(root, "zhangu upgrade --no-wait /root/newer.deb")
        yield moved(root, "zhangu rollback --no-wait")
    root.run(f"apt-get remove -y -q {known(root)}")
    kept = root.run("ls /var/lib/zhangu/var/zhangu.db")
    program = root.run("find /opt/zhangu 2>/dev/null", check=False)
    if program.strip():
        raise SystemExit(f"left after remove: {program[-2000:]}")
    root.run("sh /root/zhangu.sh" if root.alone else install)
    yield f"removed and installed again: data kept ({kept.strip()})"
    yield purged(root, before)


def imported(root: Root) -> str:
    """Import every module of the program, and every wheel with compiled parts."""
    python = root.run(
        "echo /opt/zhangu/current/venv-$(python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")')"
    )
    (root.folder / "root" / "all.py").write_text(IMPORT_ALL, encoding="utf-8")
    said = root.run(f"{python.strip()}/bin/python -P /root/all.py")
    count = said.partition("imported ")[2].split()[0]  # ONNX Runtime may add warnings
    return f"imports of all {count} modules and every wheel: well"


def voice(root: Root) -> str:
    """Return the answer of the installed command about the natural voice."""
    return "voices: " + "; ".join(root.run("zhangu voices list", check=False).split("\n")[:2])


def purged(root: Root, before: set[str]) -> str:
    """Purge while the daemon runs; compare files, users and processes with those before the installation."""
    start(root)
    began = time.monotonic()
    said = root.run(f"apt-get purge -y -q {known(root)}")
    took = time.monotonic() - began
    for name in (
        "zhangu.deb",
        "zhangu.sh",
        "voice.deb",
        "newer.deb",
        "all.py",
        "people.csv",
        Path(LOG).name,
        Path(REHEARSAL_LOG).name,
    ):
        (root.folder / "root" / name).unlink(missing_ok=True)
    left = set(root.run(LIST, check=False).splitlines()) - before
    left = {line for line in left - _packaged(root) if _ours(line)}
    if left or root.processes() or "没有删掉" in said:
        raise SystemExit(f"left after purge: {sorted(left)}, processes {root.processes()}\n{said[-1500:]}")
    return f"purged in {took:.0f} s while the daemon ran: no file, user, group, unit or process of it is left"


def known(root: Root) -> str:
    """Return the names of our packages that dpkg knows: apt does not know one that was removed without settings."""
    names = root.run("dpkg-query -W -f '${Package} ' 'zhangu*'", check=False).split()
    return " ".join(one for one in names if one.startswith("zhangu"))


def _ours(line: str) -> bool:
    """Return whether a new file, user or group counts as left behind."""
    return "zhangu" in line or (line.startswith("/") and not line.startswith((*OF_DEBIAN, *OF_IMPORTS)))


def _packaged(root: Root) -> set[str]:
    """Return the files of the packages that are installed; Debian 12 lists /usr/bin/x as /bin/x."""
    lists = (root.folder / "var" / "lib" / "dpkg" / "info").glob("*.list")
    files = {line for one in lists for line in one.read_text(encoding="utf-8").splitlines()}
    return files | {f"/usr{line}" for line in files}


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
    root.run(f"cd /; {device} zhangu run --host 127.0.0.1 --port {PORT} >{LOG} 2>&1 &")
    wait(lambda: root.ask("GET", "/health", port=PORT), "the daemon answers", root.folder / LOG.lstrip("/"))
    status = root.run("zhangu status")
    if "/join/" not in status:
        raise SystemExit(f"no link for the owner: {status}")
    return status


def rehearsed(root: Root, keep: Path | None) -> str:
    """Rehearse a morning with music, send a deal by HTTP; return how long and loud it was, and its words."""
    (root.folder / "root" / "people.csv").write_text("团队,姓名\n猛虎队,王小明\n", encoding="utf-8")
    root.run("zhangu import people /root/people.csv")
    token = root.run("zhangu token bench --role owner 2>/dev/null").split()[-1]
    device = f"SDL_AUDIODRIVER=disk SDL_DISKAUDIOFILE={REHEARSED}"
    options = f"--at '{MORNING}' --host 127.0.0.1 --port {REHEARSAL_PORT}"
    root.run(f"cd /; {device} zhangu rehearse {options} >{REHEARSAL_LOG} 2>&1 &")
    began = time.monotonic()
    log, raw = (root.folder / name.lstrip("/") for name in (REHEARSAL_LOG, REHEARSED))
    wait(lambda: root.ask("GET", "/health"), "the rehearsal answers", log)
    took = time.monotonic() - began
    wait(lambda: peak(raw)[0] >= MUSIC_S and peak(raw)[1] > LOUD, "music", log)
    music = peak(raw)
    sold, since = deal_heard(root, token, raw, log)
    until = peak(raw)[0]
    time.sleep(3)
    root.end("controller rehearse")
    root.gone()
    length, loudest = peak(raw)
    said = f"rehearsal answers after {took:.0f} s, {music[0]:.0f} s of music, peak {music[1]}; {sold}"
    return f"{said}: {length:.0f} s recorded, peak {loudest}{written_down(raw, since, until, keep)}"


def deal_heard(root: Root, token: str, raw: Path, log: Path) -> tuple[str, float]:
    """Send deals by HTTP until one is heard; return that in words, and the second of the recording at which it began.

    On an emulated or very busy machine the voice loads for longer than the first one waits.
    """
    for count in range(1, DEALS + 1):
        since = peak(raw)[0]
        deal = {"person": "王小明", "product": "网络招聘", "amount": 20000 + count, "key": f"bench-{count}"}
        sold = root.ask("POST", "/api/deals", token, deal)
        if not isinstance(sold, dict) or "id" not in sold:
            raise SystemExit(f"the deal was refused: {sold}")
        wait(lambda count=count: len(ended(log)) >= count, "the deal ends", log)  # type: ignore[misc]
        if "is heard" in ended(log)[-1]:
            return f"deal {count} by HTTP is heard", since
        time.sleep(60)
    raise SystemExit(f"not heard: {ended(log)}")


def playing(log: Path) -> int:
    """Return the number of announcements that began in a log."""
    return log.read_text(encoding="utf-8").count(" playing #")


def ended(log: Path) -> list[str]:
    """Return the lines of a log that say how an announcement ended."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if " is heard" in line or " is not_heard" in line]


def wait(done: Callable[[], object], what: str, log: Path, within: float = 1200) -> None:
    """Wait until something is so; an emulated machine needs minutes."""
    until = time.monotonic() + within
    while not done():
        if time.monotonic() > until:
            raise SystemExit(f"not seen: {what}\n{log.read_text(encoding='utf-8')[-3000:]}")
        time.sleep(1)


def peak(raw: Path) -> tuple[float, int]:
    """Return the length of a recording in seconds, and its largest sample."""
    content = raw.read_bytes() if raw.exists() else b""
    samples = np.frombuffer(content[: len(content) // 4 * 4], "<i2")
    return len(samples) / 2 / RATE, int(np.abs(samples.astype(np.int32)).max(initial=0))


def written_down(raw: Path, since_s: float, until_s: float, keep: Path | None = None) -> str:
    """Return the listener's words for a part of the recording, and keep all of it."""
    content = raw.read_bytes()
    frames = np.frombuffer(content[: len(content) // 4 * 4], "<i2").reshape(-1, 2)
    if keep is not None:
        with wave.open(str(keep), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(frames.tobytes())
    if why := listener.missing():
        return f"; {why}"
    mono = frames[int(since_s * RATE) : int(until_s * RATE)].mean(axis=1).astype(np.float32) / 32768
    return f"; the listener writes: {listener.write_down(listener.at_16k(mono, RATE))}"


def minute(root: Root) -> str:
    """Run the daemon, speak a text, stop it; return what was recorded and understood."""
    start(root)
    log, raw = (root.folder / name.lstrip("/") for name in (LOG, DISK))
    for count in range(1, DEALS + 1):  # the voice may load for longer than the first text waits
        root.run(f"zhangu say {SAY}", check=False)
        wait(lambda count=count: playing(log) >= count, "a text is played", log)  # type: ignore[misc]
        since = peak(raw)[0]
        wait(lambda count=count: len(ended(log)) >= count, "a text ends", log)  # type: ignore[misc]
        if "is heard" in ended(log)[-1]:
            break
        time.sleep(60)
    until = peak(raw)[0]
    root.end("controller run")
    if not root.gone():
        raise SystemExit(f"processes are left after the stop: {root.processes()}")
    length, loudest = peak(raw)
    if loudest < LOUD or "is heard" not in ended(log)[-1]:
        raise SystemExit(f"not heard: peak {loudest}")
    heard = f"status with the owner's link, text {count} heard: {length:.0f} s recorded, peak {loudest}"
    return heard + written_down(raw, since, until)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--newer", type=Path, help="a package of a higher version")
    parser.add_argument("--voice", type=Path, help="the package of the natural voice")
    parser.add_argument("--keep", type=Path, help="a WAV file for the recording of the rehearsal")
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
        for line in tried(root, options.keep):
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
    finally:
        root.end(number=9)
        root.gone()
        root.close()
        for mounted in ("proc", "dev/shm"):
            subprocess.run(["umount", str(folder / mounted)], check=False)
        if options.root is None:
            shutil.rmtree(folder.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
