"""Start `zhangu` by forking a process that has already imported it.

A start costs 0.9 s of CPU, of which 0.8 are imports: the same for each of a hundred starts. The forked process runs the
command's `main` in a separate process, with its own arguments, environment, folder, output and children. Tests
of the command line itself, of its imports and of its limits start the real command.

The first start of a test process starts the server (`forked_server.py`), which waits for the next one.
"""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
SERVER = Path(__file__).with_name("forked_server.py")


class Server:
    """The process with the imports. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # with the variables of a plain shell: the modules must not see those of one test
        command = [sys.executable, "-P", str(SERVER), str(far.fileno())]
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": ""}
        self._process = subprocess.Popen(
            command, env=environment, pass_fds=[far.fileno()], stdin=subprocess.DEVNULL
        )
        far.close()

    def ask(self, request: Mapping[str, Any], files: tuple[int, ...] = ()) -> int:
        """Send a request; return the number in its answer."""
        with self._lock, tempfile.TemporaryFile() as body:
            body.write(json.dumps(request).encode())
            body.flush()
            socket.send_fds(self._line, [b"!"], [body.fileno(), *files])
            answer = self._line.recv(100)
        assert answer, "the server of forked processes has ended"
        return int(answer)


@functools.cache
def _server() -> Server:
    return Server()


class Forked:
    """A running `zhangu`, with the methods of `subprocess.Popen` that tests use."""

    def __init__(
        self,
        arguments: list[str],
        env: Mapping[str, str],
        stdout: IO[bytes],
        stderr: IO[bytes],
        stdin: IO[bytes] | None = None,
    ) -> None:
        request = {"arguments": arguments, "env": dict(env), "folder": str(Path.cwd())}
        with Path(os.devnull).open("rb") as nothing:
            files = ((stdin or nothing).fileno(), stdout.fileno(), stderr.fileno())
            self.pid = _server().ask(request, files)
        self.returncode: int | None = None
        self._ended = os.pidfd_open(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code, the negative signal after a kill."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("zhangu", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(_server().ask({"reap": self.pid}))
            os.close(self._ended)
        return self.returncode

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    arguments: list[str], env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return its code and output."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = Forked(arguments, os.environ if env is None else env, stdout, stderr)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(["zhangu", *arguments], code, *texts)
