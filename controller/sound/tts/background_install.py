"""Install the natural voice in the background, and watch the voice folders. Runs in the daemon."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.sound.tts import install as installer
from controller.sound.tts.packages import is_installed
from controller.sound.tts.speakers import model_folders

log = logging.getLogger(__name__)

AFTER_S = 8.0
"""Seconds to wait after the start, so that the first music is not delayed."""
LOOK_S = 5.0
AGAIN_S = (600.0, 3600.0, 21600.0)
"""Delays after a failure: ten minutes, an hour, then every six hours."""
BUSY_S = 15.0
SILENT_S = 300.0
INSTALLED, INSTALLING, FAILED, OFF = "installed", "installing", "failed", "off"


@dataclass(frozen=True, slots=True)
class InstallStatus:
    """state: installed, installing, failed or off. percent: 0 to 100, of the present attempt. why: a clause for people
    without its full stop, for failed and off; mend: a sentence with the remedy."""

    state: str
    percent: int = 0
    why: str = ""
    mend: str = ""

    @property
    def sentence(self) -> str:
        """Return the state as a sentence for people; "" when all is well."""
        if self.state == FAILED:
            return f"自然语音没有装上：{self.why}，现在由备用语音播报。{self.mend}"
        return f"{self.why}。" if self.why else ""


NO_INSTALL = InstallStatus(OFF)


class VoiceInstall:
    """Install the natural voice when it is missing, in a child process that may die; report changed voices.

    on_change: called from this thread after a voice was added or removed, also manually in the folder. allowed:
    may anything be downloaded? wanted: does the office want another voice than espeak? Thread-safe; only
    `close` waits, for the child's end.
    """

    def __init__(
        self,
        voices: Path,
        on_change: Callable[[], None],
        *,
        allowed: bool = True,
        wanted: Callable[[], bool] = lambda: True,
        command: Sequence[str] = (sys.executable, "-P", "-m", installer.__name__),
        after_s: float = AFTER_S,
        look_s: float = LOOK_S,
        again_s: Sequence[float] = AGAIN_S,
    ) -> None:
        self._voices, self._on_change, self._allowed, self._wanted = voices, on_change, allowed, wanted
        self._command = (*command, "--voices", str(voices))
        self._after_s, self._look_s, self._again_s = after_s, look_s, again_s
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._work, name="voice-install", daemon=True)
        self._failures = 0
        self._status = NO_INSTALL

    def start(self) -> None:
        """Start watching, and some seconds later installing. Returns at once."""
        self._thread.start()

    def status(self) -> InstallStatus:
        """Return the state of the installation."""
        return self._status

    def close(self) -> None:
        """End the child and stop watching."""
        with self._lock:
            self._closing.set()
            if self._child is not None:
                self._child.kill()
        if self._thread.is_alive():
            self._thread.join(10)

    def _work(self) -> None:
        present = settled = self._folders()
        due = time.monotonic() + self._after_s
        while True:
            try:
                self._status = self._look(due)
                if self._status.state == INSTALLING and time.monotonic() >= due:
                    due = time.monotonic() + self._attempt()
            except Exception:  # the daemon must continue, and the next attempt may succeed
                log.exception("the installer of the natural voice failed unexpectedly")
            if self._closing.wait(min(self._look_s, max(0.0, due - time.monotonic()) or self._look_s)):
                return
            last, present = present, self._folders()
            if present == last != settled:  # unchanged since the last look: copying has finished
                settled = present
                log.info("the voices changed")
                self._on_change()

    def _look(self, due: float) -> InstallStatus:
        if is_installed(self._voices):
            return InstallStatus(INSTALLED, 100)
        if not self._allowed:
            return InstallStatus(OFF, why="启动时关掉了自然语音的自动安装")
        if installer.is_unwanted(self._voices):
            return InstallStatus(OFF, why="自然语音已经删除；要用的话运行 zhangu voices install")
        if not self._wanted():
            return InstallStatus(OFF, why="选的是 espeak，不装自然语音")
        if self._status.state == FAILED and time.monotonic() < due:
            return self._status
        return InstallStatus(INSTALLING)

    def _folders(self) -> list[tuple[str, int]]:
        folders = []
        for folder in model_folders(self._voices):
            with contextlib.suppress(OSError):
                folders.append((folder.name, folder.stat().st_mtime_ns))
        return folders

    # --- one attempt

    def _attempt(self) -> float:
        """Run the installer once; return the seconds until another attempt."""
        last = self._ran()
        if self._closing.is_set():
            return self._look_s
        if last.get("installed"):
            self._failures, self._status = 0, InstallStatus(INSTALLED, 100)
            return self._look_s
        if last.get("busy"):
            return BUSY_S
        why = str(last.get("why") or "安装程序中途停了")
        self._status = InstallStatus(FAILED, 0, why, str(last.get("mend") or "过一会儿会自动再装。"))
        log.warning("the natural voice was not installed: %s", why)
        self._failures += 1
        return self._again_s[-1 if last.get("lasting") else min(self._failures, len(self._again_s)) - 1]

    def _ran(self) -> dict[str, Any]:
        """Return the installer's last message; {} when it died without one."""
        with self._lock:
            if self._closing.is_set():
                return {}
            child = self._child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        last: dict[str, Any] = {}
        try:
            for message in _messages(child):
                last = message
                if "percent" in message:
                    self._status = InstallStatus(INSTALLING, int(message["percent"]))
        finally:
            with self._lock:
                self._child = None
            _ended(child)
        return last if "percent" not in last else {}


def _messages(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Yield each line of the child's output until its end, or until it has been silent for too long."""
    assert child.stdout is not None  # noqa: S101 - opened above
    rest = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(child.stdout, selectors.EVENT_READ)
        while waiting.select(SILENT_S):
            data = os.read(child.stdout.fileno(), 65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict):
                        yield message


def _ended(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
