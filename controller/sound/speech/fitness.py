"""Whether this machine can have the natural voice; each refusal is a CannotInstall with its sentence."""

from __future__ import annotations

import errno
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from controller.sound.speech.fetching import MEND_DISK, NO_PIP, CannotInstall

LEAST_MEMORY = 900_000_000
"""A machine sold with 1 GB shows a little less."""
SPARE = 20_000_000
_PROCESSORS = ("x86_64", "amd64", "aarch64", "arm64")
_STAYS = "备用语音 espeak 可以一直用；在 config/rhythm.yaml 写 sound: {voice: espeak}，就不再提示。"


@dataclass(frozen=True, slots=True)
class Machine:
    """What counts. bits: of this Python; memory: bytes, 0 when unknown; engine, pip: whether they are installed."""

    bits: int
    processor: str
    memory: int
    engine: bool
    pip: bool


def this() -> Machine:
    """This machine."""
    return Machine(
        64 if sys.maxsize > 2**32 else 32, platform.machine().lower(), _memory(),
        find_spec("onnxruntime") is not None, find_spec("pip") is not None,
    )  # fmt: skip


def fit_to_speak(machine: Machine | None = None) -> None:
    """Raise CannotInstall when the natural voice could not speak here."""
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


def is_full(error: OSError) -> bool:
    """Whether the disk, or what this user may take of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _memory() -> int:
    try:
        words = Path("/proc/meminfo").read_text().split()
        return int(words[words.index("MemTotal:") + 1]) * 1024
    except (OSError, ValueError, IndexError):
        return 0
