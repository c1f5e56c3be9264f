"""A child process that exchanges JSON lines and may hang or die at any time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LEAST_SHARE = 0.02
"""Share of one processor: a child that uses less while we wait is idle."""


LOOK_S = 1.0
"""Interval of checks while waiting for a child."""


class ChildLost(Exception):  # noqa: N818 - a condition, not a programming error
    """The child died, hung or wrote invalid output; str() says which. It has been killed."""


class Child:
    """One running child. Every wait has a limit; a child that exceeds it is killed.

    Not thread-safe, except `kill`: a wait in another thread then ends with ChildLost. `nice`: see nice(1).
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        nice: int = 0,
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": "1",
                **(env or {}),
            },  # here threads cost memory and save no time
            start_new_session=True,  # Ctrl-C at the terminal is for the daemon, which ends its children
        )
        self._rest = b""
        if nice:  # from here, so that the child's imports are nice too
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, nice)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def alive(self) -> bool:
        """Return whether the child still runs."""
        return self._process.poll() is None

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one line; raises ChildLost."""
        try:
            assert self._process.stdin is not None  # noqa: S101 - opened above
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: another thread has just killed it
            self.kill()
            raise ChildLost("died") from error

    def receive(self, within_s: float, working_s: float = 0.0) -> dict[str, Any]:
        """Return the next line; raises ChildLost when none comes within that many seconds.

        A child that keeps using the processor gets `working_s` in all: it is slow, not hung. One that a signal has
        stopped, and that used no processor time between two looks, is killed at once: it will never answer.
        """
        began, used = time.monotonic(), self._processor_s()
        deadline, stopped_at = began + within_s, -1.0
        while b"\n" not in self._rest:
            if self._readable(min(deadline, time.monotonic() + LOOK_S)):
                self._rest += self._more()
                continue
            present, stopped = self._processor_s(), self._is_stopped()
            if stopped and present == stopped_at:
                self.kill()
                raise ChildLost("stopped")
            stopped_at = present if stopped else -1.0
            if time.monotonic() < deadline:
                continue
            now = self._processor_s()
            if time.monotonic() >= began + working_s or now - used < LEAST_SHARE * within_s:
                self.kill()
                raise ChildLost("hung")
            deadline, used = min(deadline + within_s, began + working_s), now
        line, self._rest = self._rest.split(b"\n", 1)
        try:
            message = json.loads(line)
        except ValueError as error:
            self.kill()
            raise ChildLost("spoke nonsense") from error
        if not isinstance(message, dict):
            self.kill()
            raise ChildLost("spoke nonsense")
        return message

    def _processor_s(self) -> float:
        """Return the processor time used so far by all threads; 0.0 when it cannot be read."""
        try:
            fields = self._stat()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return 0.0

    def _is_stopped(self) -> bool:
        """Return whether a signal has stopped the child."""
        try:
            return self._stat()[0] == "T"
        except (OSError, IndexError):
            return False

    def _stat(self) -> list[str]:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()

    def _readable(self, deadline: float) -> bool:
        assert self._process.stdout is not None  # noqa: S101 - opened above
        try:
            with selectors.DefaultSelector() as waiting:
                waiting.register(self._process.stdout, selectors.EVENT_READ)
                return bool(waiting.select(max(0.0, deadline - time.monotonic())))
        except (OSError, ValueError) as error:  # another thread has just killed it
            raise ChildLost("died") from error

    def _more(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - opened above
        try:
            data = os.read(self._process.stdout.fileno(), 65536)
        except (OSError, ValueError) as error:  # as above
            raise ChildLost("died") from error
        if not data:
            self.kill()
            raise ChildLost("died")
        return data

    def close(self, within_s: float = 2.0) -> None:
        """Close the child's input, and kill it if it does not exit."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)
        self.kill()

    def kill(self) -> None:
        """Kill the child at once, even when it is stopped or blocked in the kernel."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
