"""The door to what comes from outside: a file goes through a child of its own, or is refused with a sentence."""

from __future__ import annotations

import contextlib
import logging
import threading
from pathlib import Path
from typing import Any

from controller.sound.child import Child, ChildLost

log = logging.getLogger(__name__)

LIMIT_S = {"speech": 40.0, "song": 40.0, "track": 150.0, "picture": 20.0}
"""Seconds until a child is given up; a minute of speech takes 1.3 s on a desktop."""
TURN_S = 30.0


class Unfit(Exception):  # noqa: N818 - the file is unfit
    """A file cannot be used. `sentence` is Chinese and meant for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Gate:
    """Takes one file at a time, so that ten phones at once cost no more memory than one. Thread-safe."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def pass_through(self, what: str, source: Path, target: Path) -> dict[str, Any]:
        """Makes `target` of `source`; returns what the child tells of it. Raises Unfit, and leaves no target then.

        what: speech, song, track or picture; see `intake`.
        """
        if not self._turn.acquire(timeout=TURN_S):
            raise Unfit("正在处理别的文件，请过一会儿再试。")
        try:
            answer = self._asked(what, source, target)
        finally:
            self._turn.release()
        if "done" not in answer:
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
            raise Unfit(f"{answer.get('refused', '读不了这个文件')}。")
        done: dict[str, Any] = answer["done"]
        return done

    def _asked(self, what: str, source: Path, target: Path) -> dict[str, Any]:
        child = Child("controller.sound.intake")
        try:
            child.send({"what": what, "source": str(source), "target": str(target)})
            return child.receive(LIMIT_S[what])
        except ChildLost as why:
            log.warning("the intake of %s: child %s", what, why)
            return {"refused": "读这个文件时出了错，它可能已损坏"}
        finally:
            child.close()
