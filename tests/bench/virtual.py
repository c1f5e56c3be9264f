"""A virtual PC with Debian and systemd under qemu: made by debootstrap, controlled by a small agent.

No loop mounts: `mkfs.ext4 -d` makes the disks. The network reaches nothing but this machine. Each sound card writes
its output into a WAV file. The root disk is a QCOW2 file above the fresh system, in qemu's write-back cache: after a
kill of qemu the clusters allocated since the guest's last flush are lost, as in a real power cut.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

TOOLS = ("qemu-system-x86_64", "qemu-img", "debootstrap", "mkfs.ext4")
INCLUDE = (
    "linux-image-amd64,initramfs-tools,systemd-sysv,dbus,udev,kmod,iproute2,procps,python3,adduser,tzdata,"
    "ca-certificates,alsa-utils,libglib2.0-0,libpulse0"
)
"""A small system as Raspberry Pi OS Lite has it, with the libraries that the package needs: there is no internet."""
BOOT_S = 900.0 * float(os.environ.get("MACHINE_PATIENCE", "1"))
ACCEL = os.environ.get("MACHINE_ACCEL", "tcg,thread=multi")
"""`kvm` is about thirty times faster where it works."""
EMULATED = ACCEL.startswith("tcg")
PROCESSOR = "Nehalem" if EMULATED else "max"
"""The oldest on which numpy runs: newer instructions are emulated slowly, and the kernel tests each at the boot."""
KERNEL = " systemd.service_watchdogs=no cryptomgr.notests=1 audit=0" * EMULATED
"""On a slow machine the watchdogs of systemd's own services would end them."""
PATIENT = {
    "zhangu.service": "TimeoutStartSec=1800\nWatchdogSec=0\n",
    "zhangu-upgrade.service": "Environment=ZHANGU_HEALTHY_WITHIN=1800\n",
}
"""Limits for an emulated processor, on which a start takes minutes; with KVM those of the package hold."""
RATE = 44_100
LEAST_DB = -45.0
DISK_SOUND = os.environ.get("MACHINE_SOUND", "disk" if EMULATED else "alsa") == "disk"
"""An emulated sound card starves without KVM: SDL's disk driver records the sound instead."""
HEARD = "/var/lib/zhangu/var/heard.raw"
SOUND = f"[Service]\nEnvironment=SDL_AUDIODRIVER=disk SDL_DISKAUDIOFILE={HEARD}\n"
HDA, USB = "hda", "usb"
SLOW = "[Manager]\nDefaultTimeoutStartSec=1800\nDefaultDeviceTimeoutSec=1800\n"
AGENT = r"""
import json, os, subprocess, threading, time
port = os.open("/dev/virtio-ports/agent", os.O_RDWR)
lock = threading.Lock()
def work(asked):
    try:
        done = subprocess.run(["/bin/bash", "-c", asked["command"]], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=asked["timeout"])
        code, text = done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        code, text = 124, late.stdout or b""
    line = json.dumps({"id": asked["id"], "code": code, "text": text[-60000:].decode("utf-8", "replace")})
    with lock:
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(port, data):]
held = b""
while True:
    piece = os.read(port, 65536)
    if not piece:
        time.sleep(0.05)
    held += piece
    *lines, held = held.split(b"\n")
    for line in lines:
        try:
            asked = json.loads(line)
        except ValueError:
            continue
        threading.Thread(target=work, args=(asked,), daemon=True).start()
"""
AGENT_UNIT = """[Unit]
Description=commands from the test
After=local-fs.target
[Service]
ExecStart=/usr/bin/python3 /usr/local/lib/agent.py
Restart=always
Environment=HOME=/root
[Install]
WantedBy=multi-user.target
"""
UNNEEDED = (
    "e2scrub_reap.service",
    "systemd-logind.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "fstrim.timer",
    "serial-getty@ttyS0.service",
)
"""Units that cost an emulated processor minutes and have no part in the proofs."""
NETWORK = "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n"
"""qemu's own network, which answers DHCP and forwards the ports."""


def missing() -> str:
    """Return what this machine lacks for a virtual one, "" if it has all."""
    if os.geteuid() != 0:
        return "root"
    return ", ".join(
        name for name in TOOLS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None
    )


def debian(folder: Path, suite: str = "bookworm") -> Path:
    """Make the tree of a fresh Debian with a kernel and the agent; one that is already there is used again."""
    tree = folder / suite
    if (tree / "usr/local/lib/agent.py").exists():
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={INCLUDE}", "--arch=amd64", suite, str(tree)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    _shrink(tree)
    lay(tree)
    return tree


def _shrink(tree: Path) -> None:
    """Make an initial file system with the disk's drivers alone: its unpacking is a large part of an emulated boot."""
    settings = tree / "etc/initramfs-tools"
    (settings / "conf.d/small").write_text("MODULES=list\nRESUME=none\nFSTYPE=ext4\n", encoding="ascii")
    (settings / "modules").write_text("virtio_pci\nvirtio_blk\next4\n", encoding="ascii")
    subprocess.run(["chroot", str(tree), "update-initramfs", "-u"], check=True, stdout=subprocess.DEVNULL)


def lay(tree: Path) -> None:
    """Add disk, network, a console that shows the greeting, and the agent."""
    for name, text in {
        "etc/fstab": "/dev/vda / ext4 errors=remount-ro 0 1\nLABEL=stick /media/usb ext4 ro,nofail,noauto 0 0\n",
        "etc/hostname": "zhangu-box\n",
        "etc/modprobe.d/emulated.conf": "blacklist kvm_amd\nblacklist powernow_k8\nblacklist pcspkr\n",
        "etc/systemd/network/en.network": NETWORK,
        "etc/systemd/system/agent.service": AGENT_UNIT,
        "usr/local/lib/agent.py": AGENT,
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    (tree / "media/usb").mkdir(parents=True, exist_ok=True)
    system = tree / "etc/systemd/system"
    for unit in UNNEEDED:
        (system / unit).unlink(missing_ok=True)
        (system / unit).symlink_to("/dev/null")
    for unit, limits in PATIENT.items():
        (system / f"{unit}.d").mkdir(exist_ok=True)
        text = f"[Service]\n{limits}" if EMULATED else ""
        (system / f"{unit}.d" / "emulated.conf").write_text(text, encoding="utf-8")
    # systemd reads drop-ins by name: the unit's own Environment= sets ALSA before them
    (system / "zhangu.service.d" / "sound.conf").write_text(SOUND if DISK_SOUND else "", encoding="utf-8")
    (tree / "etc/systemd/system.conf.d").mkdir(exist_ok=True)
    (tree / "etc/systemd/system.conf.d/slow.conf").write_text(SLOW if EMULATED else "", encoding="ascii")
    wanted = system / "multi-user.target.wants"
    for unit in ("/etc/systemd/system/agent.service", "/lib/systemd/system/systemd-networkd.service"):
        (wanted / Path(unit).name).unlink(missing_ok=True)
        (wanted / Path(unit).name).symlink_to(unit)


def disk(tree: Path, file: Path, size: str, label: str = "root") -> Path:
    """Write a folder into a new ext4 disk."""
    file.unlink(missing_ok=True)
    command = ["mkfs.ext4", "-q", "-L", label, "-d", str(tree), str(file), size]
    subprocess.run(command, check=True, env=os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"})
    return file


def overlay(base: Path, file: Path) -> Path:
    """Make a disk that keeps its changes above another one."""
    file.unlink(missing_ok=True)
    format_ = "qcow2" if base.suffix == ".qcow2" else "raw"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(base), "-F", format_, str(file)]
    subprocess.run(command, check=True)
    return file


class VirtualMachine:
    """One machine; it may be started and cut many times.

    `clock`: the Unix time of its first start, on a Monday; each start is at the same hour of the next working day.
    """

    def __init__(
        self, folder: Path, root: Path, boot: Path, stick: Path | None, port: int, clock: float
    ) -> None:
        self.folder, self._root, self._boot, self._stick, self.port = folder, root, boot, stick, port
        self._clock, self._starts, self._asked = clock, 0, 0
        self.address, self.heard = f"http://127.0.0.1:{port}", HEARD
        self.process: subprocess.Popen[bytes] | None = None
        self._agent: socket.socket | None = None
        self._held, self._over = b"", False
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def _moment(self) -> float:
        """Return its clock's time at this start."""
        weeks, day = divmod(self._starts - 1, 5)
        return self._clock + (weeks * 7 + day) * 86_400

    def wav(self, card: str) -> Path:
        """Return the file with the output of a sound card since the last start."""
        return self.folder / f"{card}-{self._starts}.wav"

    def start(self, usb: bool = True) -> None:
        """Switch it on, with its built-in sound card, and with a USB card. Raises OSError after `end`."""
        if self._over:
            raise ConnectionAbortedError("the time for this stage is over")
        self._starts += 1
        agent, monitor = self.folder / "agent", self.folder / "qmp"
        for file in (agent, monitor):
            file.unlink(missing_ok=True)
        base = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self._moment))
        command = [
            "qemu-system-x86_64", "-accel", ACCEL, "-cpu", PROCESSOR, "-smp", "2", "-m", "1024",
            "-display", "none", "-nodefaults", "-no-reboot", "-rtc", f"base={base}",
            "-kernel", str(self._boot / "vmlinuz"), "-initrd", str(self._boot / "initrd.img"),
            "-append", "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 panic=1 mitigations=off" + KERNEL,
            "-drive", f"file={self._root},if=virtio,format=qcow2,cache=writeback,l2-cache-size=8M",
            "-nic", f"user,model=virtio,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:8080",
            "-serial", f"file:{self.folder}/console-{self._starts}.log",
            "-device", "virtio-serial", "-chardev", f"socket,id=agent,path={agent},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=agent", "-device", "qemu-xhci,id=xhci",
            "-qmp", f"unix:{monitor},server=on,wait=off", *self._sound(HDA), *self._sound(USB),
            "-device", "intel-hda", "-device", f"hda-output,audiodev={HDA}",
            *(["-device", f"usb-audio,id=card,audiodev={USB}"] if usb else []),
        ]  # fmt: skip
        if self._stick is not None:
            command += ["-drive", f"file={self._stick},if=none,id=stick,format=raw,readonly=on"]
            command += ["-device", "usb-storage,drive=stick"]
        log = (self.folder / "qemu.log").open("ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()

    def _sound(self, card: str) -> list[str]:
        return ["-audiodev", f"wav,id={card},path={self.wav(card)},out.frequency={RATE}"]

    def wait_booted(self, within: float = BOOT_S) -> float:
        """Wait until the agent answers; return the seconds."""
        began = time.monotonic()
        while time.monotonic() - began < within:
            if self.process is None or self.process.poll() is not None:
                raise ConnectionResetError(
                    f"qemu has ended: {(self.folder / 'qemu.log').read_text()[-2000:]}"
                )
            with contextlib.suppress(OSError, TimeoutError):
                self.run("true", 10)
                return time.monotonic() - began
            self._hang_up()
            time.sleep(1)
        raise SystemExit(f"the virtual machine did not start in {within:.0f} s, see {self.folder}")

    def _hang_up(self) -> None:
        if self._agent is not None:
            self._agent.close()
        self._agent, self._held = None, b""

    def run(self, command: str, timeout: float = 120) -> tuple[int, str]:
        """Run a command of the shell in it, as root; return exit code and output. Raises OSError, TimeoutError."""
        if self._agent is None:
            self._agent = socket.socket(socket.AF_UNIX)
            self._agent.connect(str(self.folder / "agent"))
        self._asked += 1
        asked = {"id": self._asked, "command": command, "timeout": timeout}
        self._agent.sendall(json.dumps(asked).encode() + b"\n")
        until = time.monotonic() + timeout + 10
        while time.monotonic() < until:
            *lines, self._held = self._held.split(b"\n")
            for line in lines:
                answer = json.loads(line)
                if answer["id"] == self._asked:
                    return answer["code"], answer["text"]
            self._agent.settimeout(max(0.1, until - time.monotonic()))
            piece = self._agent.recv(65536)
            if not piece:
                raise ConnectionResetError("the machine is off")
            self._held += piece
        raise TimeoutError(command)

    def well(self, command: str, timeout: float = 120) -> str:
        """Run a command that must succeed; return its output."""
        code, text = self.run(command, timeout)
        if code:
            raise SystemExit(f"{command}: {code}\n{text[-3000:]}")
        return text

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Send a command to qemu."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(str(self.folder / "qmp"))
            file = line.makefile("rwb")
            file.readline()
            for name, values in (("qmp_capabilities", {}), (command, arguments)):
                file.write(json.dumps({"execute": name, "arguments": values}).encode() + b"\n")
                file.flush()
                while "return" not in (answer := json.loads(file.readline())):
                    if "error" in answer:
                        raise OSError(answer["error"]["desc"])
            return answer["return"]

    def unplug(self) -> None:
        """Pull the USB card."""
        self.monitor("device_del", id="card")

    def plug(self) -> None:
        """Plug the USB card in."""
        self.monitor("device_add", driver="usb-audio", id="card", audiodev=USB)

    def cut(self) -> None:
        """Cut the power."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait(30)
        self._hang_up()

    def wait_off(self, within: float) -> None:
        """Wait until it has switched itself off. Raises OSError when it does not."""
        try:
            if self.process is not None:
                self.process.wait(within)
        except subprocess.TimeoutExpired as late:
            raise OSError("the machine did not switch itself off") from late

    def end(self) -> None:
        """Cut the power, for ever."""
        self._over = True
        self.cut()

    def __enter__(self) -> VirtualMachine:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()


def samples(file: Path, seconds: float) -> Any:
    """Return the last seconds that a sound card has played, from -1 to 1; the header's length is written at the end."""
    with file.open("rb") as wav:
        size = os.fstat(wav.fileno()).st_size
        wav.seek(max(44, (size - 44 - int(seconds * RATE) * 4) // 4 * 4 + 44))
        raw = wav.read()
    return np.frombuffer(raw[: len(raw) // 4 * 4], "<i2").astype(float) / 32768


def loudness(heard: Sequence[float] | Any) -> tuple[float, float]:
    """Return peak and RMS in dBFS."""
    if not len(heard):
        return -120.0, -120.0
    peak, rms = float(np.max(np.abs(heard))), float(np.sqrt(np.mean(np.square(heard))))
    return 20 * np.log10(max(peak, 1e-6)), 20 * np.log10(max(rms, 1e-6))
