"""The player's process, as the speaker sees it: lines out, lines in, and an end that cannot be refused."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.sound.child import LEAST_SHARE, processor_s
from controller.sound.player import protocol

CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})
"""Signals by which a program ends itself. SIGKILL comes from outside: it is no evidence against the file."""
TONE_LIMIT_S = 12.0
SILENCE_LIMIT_S = 20.0
"""Longest examination of a file; half a second is usual."""


SLOW_START_S = 60.0
"""Limit for the first message of a child that is still computing."""


class PlayerChild:
    """One child process. `receive` is for one thread; `send` (which takes a lock) and `wake` are for any."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        """Start it; raises OSError."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "controller.sound.player.process", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | env,
            start_new_session=True,  # Ctrl-C at the terminal is for the daemon, which ends its children
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - opened above
        assert self._process.stdout is not None  # noqa: S101 - opened above
        self._orders, self._events = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._orders, False)
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._rest = b""
        self._began, self._used_s, self._spoke = time.monotonic(), 0.0, False
        self._unsent = b""
        self._writing = threading.Lock()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, raw: bytes) -> None:
        """Send a line. Lines that a hanging child does not take are kept; if they pile up, the child is killed."""
        with self._writing:
            self._unsent += raw
            self._flush()
            stuck = bool(self._unsent)
        if stuck:
            self.wake()  # `receive` continues the writing

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                sent = os.write(self._orders, self._unsent)
                self._unsent = self._unsent[sent:]

    def receive(self, within_s: float) -> list[dict[str, Any]] | None:
        """Return the messages that came, none at the time limit or after `wake`;

        None when the child has ended.
        """
        stuck = [self._orders] if self._unsent else []
        ready, free, _ = select.select([self._events, self._woken], stuck, [], max(0.0, within_s))
        if free:
            with self._writing:
                self._flush()
        if self._woken in ready:
            os.read(self._woken, 4096)
        if self._events not in ready:
            return []
        data = os.read(self._events, 1 << 16)
        if not data:
            return None
        self._spoke = True
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages = []
        for raw in lines:
            with contextlib.suppress(ValueError):
                messages.append(protocol.read(raw))
        return messages

    def starts_slowly(self) -> bool:
        """Return whether a child without a message so far has used the processor since the last look.

        It loads its libraries on a machine that is very slow or busy. Killed and started again, it would never play.
        """
        used, self._used_s = self._used_s, processor_s(self.pid)
        slow = self._used_s - used >= LEAST_SHARE and time.monotonic() - self._began < SLOW_START_S
        return slow and not self._spoke

    def wake(self) -> None:
        """Make a waiting `receive` return."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b".")

    def kill(self) -> None:
        """Kill the child at once, even when it hangs, and release its resources."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        os.close(self._woken)
        os.close(self._waker)

    @property
    def crashed(self) -> bool:
        """True if its end was a crash; call after `kill`."""
        return -(self._process.returncode or 0) in CRASHES


def silent_file(path: Path, position_s: float) -> bool:
    """Return whether a file is silent from that second on; True when it cannot be decoded. Takes half a second."""
    command = [sys.executable, "-P", "-m", "controller.sound.silence", str(path), str(position_s)]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        quiet = subprocess.DEVNULL
        done = subprocess.run(
            command, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE, timeout=SILENCE_LIMIT_S
        )
        return done.returncode != 1 or bool(done.stderr)
    return True


def play_tone(key: str, sound: Path) -> bool:
    """Play a short sound through one output, beside the player; return whether it could be opened."""
    command = [sys.executable, "-P", "-m", "controller.sound.player.tone", key, str(sound)]
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=TONE_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
