"""The microphone, as the daemon sees it: names, and the results of a child that listens: test tone or loudness."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

LISTEN_S: Final = 4.0
"""The tone takes 1.8 s; the rest is for a slow output, such as Bluetooth."""
LIMIT_S: Final = 20.0
"""A child that takes longer hangs. A small computer needs 5 s to start it."""
LONGEST_LINE: Final = 1 << 16
MOST: Final = 16
FAULTS: Final = frozenset({"no_microphone", "mic_muted", "mic_lost", "clipped"})
FOUND: Final = frozenset({"heard", "silent", "loud", "level"}) | FAULTS
MEASURE_S: Final = 2.0
BUSY: Final = "busy"
_in_use = threading.Lock()
"""A card without a sound server gives its microphone to one program at a time."""


@dataclass(frozen=True, slots=True)
class Listened:
    """`found`: heard, silent, loud (nothing can be concluded), level (of a measurement), BUSY or one of FAULTS."""

    found: str
    level_db: float | None = None
    snr_db: float | None = None
    microphone: str = ""


def names() -> tuple[str, ...]:
    """Return the microphones of this machine; takes a second."""
    for message in _messages("", 0.0):
        found = message.get("microphones")
        if isinstance(found, list):
            return tuple(str(name) for name in found[:MOST])
    return ()


def listen(microphone: str, play: Callable[[], None], seconds: float = LISTEN_S) -> Listened:
    """Listen for the tone, "": with the first USB microphone; `play` is called when the recording runs."""
    return _found(microphone, seconds, "tone", play, wait_s=LIMIT_S)


def measure(microphone: str, seconds: float = MEASURE_S) -> Listened:
    """Measure how loud the office is; BUSY while the speaker test listens."""
    return _found(microphone, seconds, "level", lambda: None, wait_s=0.0)


def _found(microphone: str, seconds: float, use: str, play: Callable[[], None], *, wait_s: float) -> Listened:
    if not _in_use.acquire(timeout=wait_s):
        return Listened(BUSY)
    try:
        for message in _messages(microphone, seconds, use):
            if message.get("do") == "ready":
                play()
            elif message.get("do") == "found" and message.get("found") in FOUND:
                return Listened(
                    str(message["found"]),
                    message.get("level_db"),
                    message.get("snr_db"),
                    str(message.get("microphone", "")),
                )
    finally:
        _in_use.release()
    return Listened("mic_lost")


def _messages(microphone: str, seconds: float, use: str = "tone") -> Iterator[dict[str, Any]]:
    """Yield the child's messages; it is killed at the limit."""
    command = [sys.executable, "-P", "-m", "controller.sound.player.listen", microphone, str(seconds), use]
    quiet = subprocess.DEVNULL
    try:
        child = subprocess.Popen(
            command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, start_new_session=True
        )
    except OSError:
        return
    limit = threading.Timer(LIMIT_S, child.kill)
    limit.start()
    try:
        assert child.stdout is not None  # noqa: S101 - opened above
        while line := child.stdout.readline(LONGEST_LINE):
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict):
                    yield message
    finally:
        limit.cancel()
        child.kill()
        child.wait(5)
        if child.stdout is not None:
            child.stdout.close()
