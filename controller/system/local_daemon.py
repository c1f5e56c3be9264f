"""Ask the daemon that runs on this machine, with the token that its lock file has."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

HEALTH_S = 5.0
MOST_BYTES = 1_000_000


def health_of(lock: Mapping[str, object]) -> dict[str, Any] | None:
    """Return the running daemon's health; None when it does not answer."""
    health = asked(lock, "/health")
    return health if health is not None and "troubles" in health else None


def named(lock: Mapping[str, object]) -> str:
    """Return the running daemon's address under the machine's name; "" without one."""
    health = health_of(lock) if lock.get("port") else None
    return str(health.get("named", "")) if health else ""


def asked(lock: Mapping[str, object], path: str) -> dict[str, Any] | None:
    """Return the running daemon's answer to a GET request; None when there is no JSON object."""
    return answer_of(lock, path)[1]


def answer_of(lock: Mapping[str, object], path: str) -> tuple[int, dict[str, Any] | None]:
    """Return status and answer of a GET request to the running daemon; 0 and None without an answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{lock['port']}{path}", headers={"Authorization": f"Bearer {lock.get('token')}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=HEALTH_S) as answer:  # noqa: S310
            status, found = answer.status, _read(answer.read(MOST_BYTES))
    except urllib.error.HTTPError as unwell:  # 503 with our JSON: it runs, with a fault
        with unwell:
            status, found = unwell.code, _read(unwell.read(MOST_BYTES))
    except OSError:
        return 0, None
    return status, found if isinstance(found, dict) else None


def _read(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None
