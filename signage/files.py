"""Files in requests and answers: uploads from phones, tables for download."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import IO, Final

from flask import current_app, request
from werkzeug.wrappers import Response

from controller.sales.model import Refused
from controller.services.history import check_span
from controller.services.tables import FORMATS
from signage.http import AROUND_A_FILE, Denied
from signage.language import catalogue, is_english

UPLOADS_PER_MINUTE: Final = 40
LONGEST_DOWNLOAD: Final = 400
"""Days of one file: a year, with some days around it."""
_DOWNLOADS: Final = threading.BoundedSemaphore(2)
"""Files that are written at the same time: each holds a thread of the web."""


class RateLimit:
    """Limit calls to `most` in any 60 seconds; thread-safe. `now` returns monotonic seconds."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = most, now
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def step(self) -> None:
        """Count one call. Raises Denied 429 above the limit."""
        with self._lock:
            now = self._now()
            while self._times and self._times[0] <= now - 60:
                self._times.popleft()
            if len(self._times) >= self._most:
                wait = int(self._times[0] + 60 - now) + 1
                raise Denied(429, f"太快了，请 {wait} 秒后再试。", retry_after=wait)
            self._times.append(now)


def limit(name: str, most: int) -> RateLimit:
    """Return the limit of this name that all requests to this app share."""
    shared: RateLimit = current_app.extensions.setdefault(f"{name} limit", RateLimit(most))
    return shared


def uploaded(most: int) -> IO[bytes]:
    """Return the uploaded file: the body itself, or the field `file` of a form.

    Raises Denied 413 when the declared size is above `most` bytes, before reading it.
    """
    limit("upload", UPLOADS_PER_MINUTE).step()
    if (request.content_length or 0) > most + AROUND_A_FILE:
        raise Denied(413, f"文件太大，最多 {most // 1_000_000} MB。")
    request.max_content_length = most + AROUND_A_FILE
    if request.mimetype != "multipart/form-data":
        return request.stream
    file = request.files.get("file")
    if file is None:
        raise Refused("没有收到文件。", "file")
    return file.stream


def table_answer(name: str, rows: Iterator[Sequence[str]], since: date, until: date) -> Response:
    """Return rows as a file in the asked `format`, written while it is sent; one at a time, of at most 400 days.

    A longer one would hold a thread of the web for too long; `zhangu export` on the machine has no limit.
    """
    format_ = request.args.get("format", "csv")
    if format_ not in FORMATS:
        raise Refused("format 要写成 csv 或 xlsx。", "format")
    check_span(since, until)
    if (until - since).days >= LONGEST_DOWNLOAD:
        raise Refused(f"手机上一次最多导出 {LONGEST_DOWNLOAD} 天；更长的在主机上用 zhangu export。", "from")
    kind, write = FORMATS[format_]
    if not _DOWNLOADS.acquire(blocking=False):
        raise Denied(429, "正在导出另一个文件，请过一会儿再试。", retry_after=10)
    answer = Response(write(rows, catalogue().value if is_english() else str), content_type=kind)
    answer.call_on_close(_DOWNLOADS.release)
    file = f"{name}-{since.isoformat()}-{until.isoformat()}.{format_}"
    answer.headers["Content-Disposition"] = f"attachment; filename={file}"
    return answer
