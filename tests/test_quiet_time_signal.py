"""The nap in the output signal: a real rehearsal of the shipped timetable, recorded on both kinds of device."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from recording import Pulse, Recording, disk_device, onset
from running import Running

pytestmark = [pytest.mark.signal, pytest.mark.calm]
FRIDAY = "2026-11-27"
DEVICE_MS = {"disk": 60.0, "pulse": 15.0}
"""Accuracy of a sample's time in a recording: SDL's disk driver writes blocks of 23 ms, PulseAudio's monitor reads up
to 9 ms early; the rest is the error of reading the daemon's clock over HTTP."""


@contextmanager
def device(kind: str, folder: Path) -> Iterator[tuple[dict[str, str], Recording]]:
    """Yield the environment that selects the device, and its recording."""
    folder.mkdir()
    if kind == "disk":
        with disk_device(folder) as (env, recording):
            yield env, recording
    else:
        with Pulse(folder) as pulse:
            yield pulse.env, pulse.recording


def moment_of(house: Running, clock: str) -> float:
    """Return the CLOCK_MONOTONIC second at which the rehearsal's clock shows that time."""
    best = (float("inf"), 0.0)
    for _ in range(5):
        asked = time.monotonic()
        shown = datetime.fromisoformat(house.get("/api/now")["now"])
        answered = time.monotonic()
        wanted = datetime.fromisoformat(f"{FRIDAY}T{clock}").replace(tzinfo=shown.tzinfo)
        there = (asked + answered) / 2 + (wanted - shown).total_seconds()
        best = min(best, (answered - asked, there))
    return best[1]


def sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


@pytest.mark.parametrize("kind", ["disk", pytest.param("pulse", marks=pytest.mark.long)])
def test_the_nap_starts_in_silence(kind: str, tmp_path: Path) -> None:
    """Music plays before 12:30; from 12:30:00 every sample is zero, even after last-second entries."""
    with device(kind, tmp_path / "device") as (env, recording), Running(tmp_path / "home", env) as house:
        house.start(at=f"{FRIDAY} 12:29:52")
        assert house.call("POST", "/api/music", {"action": "play", "playlist": "rousing"})[0] == 200
        nap = moment_of(house, "12:30:00")
        sleep_until(nap - 3)
        code, deal = house.sell("王小明", 28000, "late")
        assert (code, deal["decision"]["when"]) == (201, "now")
        sleep_until(nap + 6)
        before = recording.sound_between(nap - 3, nap - 1)
        inside = recording.frames_between(nap + DEVICE_MS[kind] / 1000, nap + 5.5)
        assert np.abs(before).max() > 0.01
        assert len(inside) > 44100 * 3
        assert np.count_nonzero(inside) == 0
        assert house.announcement(1)["state"] == "waiting"


@pytest.mark.parametrize("kind", [pytest.param("disk", marks=pytest.mark.long), "pulse"])
def test_the_drums_end_the_nap_on_the_dot(kind: str, tmp_path: Path) -> None:
    """A deal that waits at 12:54:54 is silent; at 12:55:00 music starts, and then the deal is announced and heard."""
    with device(kind, tmp_path / "device") as (env, recording), Running(tmp_path / "home", env) as house:
        house.start(at=f"{FRIDAY} 12:54:54")
        code, deal = house.sell("王小明", 28000, "in the nap")
        assert (code, deal["decision"]["when"]) == (201, "12:55")
        end = moment_of(house, "12:55:00")
        sleep_until(end + 2.2)
        inside = recording.frames_between(end - 4, end - DEVICE_MS[kind] / 1000)
        assert len(inside) > 44100 * 3
        assert np.count_nonzero(inside) == 0
        heard = onset(recording.sound_between(end - 1, end + 2), 1e-4)
        assert heard is not None
        assert -DEVICE_MS[kind] <= 1000 * (heard - 1) <= 40 + DEVICE_MS[kind]
        assert house.wait_state(1, ("heard", "not_heard"))["state"] == "heard"
