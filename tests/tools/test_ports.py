"""Ports that tests give to servers started later."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import ports
from tests.running import ROOT

PRINT = "from tests.ports import free_port; print(*[free_port() for _ in range(20)]); input()"


def test_no_connection_and_no_other_process_gets_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ports lie outside the range of connections, and two processes that start at the same one never share any."""
    monkeypatch.setattr(ports.os, "getpid", lambda: 1)
    with subprocess.Popen(
        [sys.executable, "-c", f"import os; os.getpid = lambda: 1; {PRINT}"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        theirs = {int(word) for word in other.stdout.readline().split()}
        ours = {ports.free_port() for _ in range(20)}
        other.communicate("\n")
    low, high = (int(word) for word in ports.RANGE.read_text("ascii").split())
    assert len(theirs) == len(ours) == 20
    assert not theirs & ours
    assert not [port for port in theirs | ours if low <= port <= high]
