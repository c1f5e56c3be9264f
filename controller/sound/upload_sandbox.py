"""Process an uploaded file in a sandboxed child process, or reject it with a message for the user."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.sound import file_kinds
from controller.sound.child import Child, ChildLost
from controller.system.os_errors import reason, remedy

log = logging.getLogger(__name__)

LIMIT_S = {"speech": 40.0, "song": 40.0, "track": 900.0, "picture": 40.0, "table": 60.0}
"""Seconds before a child is killed; a minute of speech takes 1.3 s on a desktop, an hour of music 5 minutes on a Pi."""
INTERRUPTED = "读这个文件时出了错，请再传一次；还是不行就换一个文件"
TOO_SLOW = "读这个文件时出了错：没有及时读完，请换短一些、小一些的文件"
BUSY = "刚才有很多文件读不了，请一分钟后再试"
TURN_S = 30.0
MOST_UNREADABLE, UNREADABLE_S = 10, 60.0
"""After so many unreadable files within so many seconds no child is started: each costs half a second of processor."""
NICE = 10
"""An upload must not make the music stutter."""


class UnsupportedFile(Exception):  # noqa: N818 - the file's condition
    """A file cannot be used. `sentence` is Chinese and meant for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UploadSandbox:
    """Processes one file at a time, so that ten phones at once need no more memory than one. Thread-safe.

    `now` returns monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._turn = threading.Lock()
        self._now = now
        self._unreadable: deque[float] = deque(maxlen=MOST_UNREADABLE)  # the moments of the last ones

    def process(self, what: str, source: Path, target: Path, name: str = "") -> dict[str, Any]:
        """Convert `source` to `target`; return the child's answer. Raises UnsupportedFile and then leaves no target.

        what: speech, song, track, picture or table; see `upload_worker`. name: the person's file name.
        """
        self._check(what, source)
        if not self._turn.acquire(timeout=TURN_S):
            raise UnsupportedFile("正在处理别的文件，请过一会儿再试。")
        try:
            self._check_recent()
            answer = self._asked(what, source, target, file_kinds.by_name(name))
            if "done" not in answer:
                self._unreadable.append(self._now())
        finally:
            self._turn.release()
        if "done" not in answer:
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
            raise UnsupportedFile(f"{answer.get('refused', '读不了这个文件')}。")
        done: dict[str, Any] = answer["done"]
        return done

    def _check(self, what: str, source: Path) -> None:
        """Refuse a file that is useless by its first bytes, without a child."""
        try:
            with source.open("rb") as file:
                head = file.read(file_kinds.HEAD)
        except OSError as error:
            raise UnsupportedFile(f"读不了这个文件（{reason(error)}），{remedy(error)}。") from error
        if (misfit := file_kinds.refused(what, head)) is not None:
            raise UnsupportedFile(f"{misfit}。")

    def _check_recent(self) -> None:
        """Start no child for a flood of unreadable files."""
        if len(self._unreadable) == MOST_UNREADABLE and self._now() - self._unreadable[0] < UNREADABLE_S:
            raise UnsupportedFile(f"{BUSY}。")

    def _asked(self, what: str, source: Path, target: Path, named: str | None) -> dict[str, Any]:
        """Return the child's answer. A child that died is restarted once: the file may not be the cause."""
        request = {"what": what, "source": str(source), "target": str(target), "named": named}
        for _ in range(2):
            child = Child("controller.sound.upload_worker", nice=NICE)
            try:
                child.send(request)
                return child.receive(LIMIT_S[what])
            except ChildLost as why:
                log.warning("upload of %s: child %s", what, why)
                if str(why) == "hung":
                    return {"refused": TOO_SLOW}
            finally:
                child.close()
        return {"refused": INTERRUPTED}
