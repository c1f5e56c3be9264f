"""Compress answers for browsers that accept it: pages and JSON are a quarter to a sixth of their size over Wi-Fi.

Not the walls' state: after each hint two hundred of them fetch it at once. Files under `/static/` are compressed once
(`signage/static_files.py`).
"""

from __future__ import annotations

import gzip
from typing import Final

from flask import Flask, Response, request

from signage.http import STATE

TYPES: Final = frozenset({"text/html", "application/json"})
LEAST: Final = 1400  # bytes: less is one packet anyway
LEVEL: Final = 4  # a sixth smaller than 1 for half as much time again; 6 would take twice as long


def _compressed(answer: Response) -> Response:
    """Compress a text that is complete in memory; leave streams and files unchanged."""
    if answer.mimetype not in TYPES or request.path == STATE:
        return answer
    answer.vary.add("Accept-Encoding")
    if answer.is_streamed or answer.direct_passthrough or not request.accept_encodings["gzip"]:
        return answer
    data = answer.get_data()
    if len(data) >= LEAST:
        answer.set_data(gzip.compress(data, LEVEL, mtime=0))
        answer.content_encoding = "gzip"
    return answer


def install(app: Flask) -> None:
    """Compress the answers of `app`; call it before other `after_request` functions, so that it runs last."""
    app.after_request(_compressed)
