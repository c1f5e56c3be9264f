"""Uploads judged in the test's own process: the same work without a child for each file."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from controller.sound import upload_worker
from controller.sound.upload_sandbox import UNREADABLE_S, UploadSandbox


class InThisProcess(UploadSandbox):
    """A child for each file takes longer than most files."""

    def _asked(self, what: str, source: Path, target: Path, named: str | None) -> dict[str, Any]:
        request = {"what": what, "source": str(source), "target": str(target), "named": named}
        return upload_worker._answer(request)


def patient() -> InThisProcess:
    """Return one that never refuses a file because many before it were unreadable: a minute passes after each."""
    minutes = count()
    return InThisProcess(now=lambda: next(minutes) * UNREADABLE_S)
