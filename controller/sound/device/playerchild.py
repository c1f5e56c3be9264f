"""The running player as the parent holds it: lines in and out, and no wait without a limit."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from controller.sound.device import protocol


class PlayerChild:
    """One child process. `receive` belongs to one thread; `send`, under one lock, and `wake` to any."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts it; raises OSError."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "controller.sound.player", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | env,
            start_new_session=True,  # Ctrl-C at the terminal is for the daemon: it ends its children itself
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - opened above
        assert self._process.stdout is not None  # noqa: S101 - opened above
        self._orders, self._events = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._orders, False)
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._rest = b""
        self._unsent = b""
        self._writing = threading.Lock()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, raw: bytes) -> None:
        """Sends a line. What a hanging child does not take is kept until it does, or is killed for it."""
        with self._writing:
            self._unsent += raw
            self._flush()
            stuck = bool(self._unsent)
        if stuck:
            self.wake()  # `receive` goes on with it

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                sent = os.write(self._orders, self._unsent)
                self._unsent = self._unsent[sent:]

    def receive(self, within_s: float) -> list[dict[str, Any]] | None:
        """The messages that came, none when none did in time or somebody woke us;

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
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages = []
        for raw in lines:
            with contextlib.suppress(ValueError):
                messages.append(protocol.read(raw))
        return messages

    def wake(self) -> None:
        """Makes a waiting `receive` return."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b".")

    def kill(self) -> None:
        """Ends it at once, also when it hangs, and lets go of everything."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        os.close(self._woken)
        os.close(self._waker)
