"""What waitress does for us beside its own: writes to a screen after its request was answered, tells errors as JSON."""

from __future__ import annotations

import errno
import json
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask

from signage.answers import PLAIN
from signage.events import LINE

PULLED = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
MAX_REQUEST = 64 * 1024 * 1024  # the largest upload; everything but uploads is held to 64 KB by the app
BEHIND = 64 * 1024  # bytes that a screen has not read: more than a day of hints; it may come again


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """A request that tells its view the way to write to it later."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[LINE] = TaskLine(self)
        return environ


class TaskLine:
    """Writes as the task itself does, so that the framing is waitress's own."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def write(self, data: bytes) -> bool:
        channel = self._task.channel
        # Past its high-water mark waitress would make the writer wait, and the crier waits for nobody.
        if not channel.connected or channel.total_outbufs_len > BEHIND:
            return False
        try:
            self._task.write(data)
        except (ClientDisconnected, OSError):
            return False
        return True

    def gone(self) -> bool:
        return not self._task.channel.connected


class Unreadable(ErrorTask):  # type: ignore[misc]
    """What never reaches the app, a request of 2 GB for one, is told like all else: as JSON, in a sentence."""

    def execute(self) -> None:
        error = self.request.error
        sentence = PLAIN.get(error.code, PLAIN[400])
        if error.code == 413:
            sentence = f"发来的内容太大，最多 {MAX_REQUEST // 1_000_000} MB。"
        text = json.dumps({"error": sentence, "field": None}, ensure_ascii=False).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(text)
        self.write(text)


class Request(HTTPRequestParser):  # type: ignore[misc]
    """What could not be read has no path; waitress asks for it when such a client hangs up."""

    path = ""


class Channel(HTTPChannel):  # type: ignore[misc]
    """For `server.channel_class`: its requests know their lines."""

    parser_class = Request
    task_class = Task
    error_task_class = Unreadable

    def recv(self, most: int) -> bytes:
        """What has come. A cord that was pulled ends a line like any other: waitress would log it as a fault."""
        try:
            data: bytes = super().recv(most)
        except OSError as gone:
            if gone.errno not in PULLED:
                raise
            self.handle_close()
            return b""
        return data
