"""The door to what comes from outside: a file goes through a child of its own, or is refused with a sentence."""

from __future__ import annotations

import contextlib
import logging
import threading
from pathlib import Path
from typing import Any

from controller.sound import file_kinds
from controller.sound.child import Child, ChildLost

log = logging.getLogger(__name__)

LIMIT_S = {"speech": 40.0, "song": 40.0, "track": 900.0, "picture": 40.0}
"""Seconds until a child is given up; a minute of speech takes 1.3 s on a desktop, an hour of music a Pi 5 minutes."""
INTERRUPTED = "读这个文件时出了错，请再传一次；还是不行就换一个文件"
TOO_SLOW = "读这个文件时出了错：没有及时读完，请换短一些、小一些的文件"
TURN_S = 30.0


class UnsupportedFile(Exception):  # noqa: N818 - the file is unfit
    """A file cannot be used. `sentence` is Chinese and meant for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Gate:
    """Takes one file at a time, so that ten phones at once cost no more memory than one. Thread-safe."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def pass_through(self, what: str, source: Path, target: Path, name: str = "") -> dict[str, Any]:
        """Makes `target` of `source`; returns what the child tells of it. Raises Unfit, and leaves no target then.

        what: speech, song, track or picture; see `intake`. name: what the person's file is called.
        """
        if not self._turn.acquire(timeout=TURN_S):
            raise UnsupportedFile("正在处理别的文件，请过一会儿再试。")
        try:
            answer = self._asked(what, source, target, file_kinds.by_name(name))
        finally:
            self._turn.release()
        if "done" not in answer:
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
            raise UnsupportedFile(f"{answer.get('refused', '读不了这个文件')}。")
        done: dict[str, Any] = answer["done"]
        return done

    def _asked(self, what: str, source: Path, target: Path, named: str | None) -> dict[str, Any]:
        """The child's answer. One that died is started once more: its death may be no fault of the file's."""
        request = {"what": what, "source": str(source), "target": str(target), "named": named}
        for _ in range(2):
            child = Child("controller.sound.upload_worker")
            try:
                child.send(request)
                return child.receive(LIMIT_S[what])
            except ChildLost as why:
                log.warning("the intake of %s: child %s", what, why)
                if str(why) == "hung":
                    return {"refused": TOO_SLOW}
            finally:
                child.close()
        return {"refused": INTERRUPTED}
