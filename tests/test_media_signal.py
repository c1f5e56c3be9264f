"""Uploads in the recorded signal: the voice clip after the chime, the victory song in place of applause."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import RATE, disk_device
from running import Running
from soundmade import encoded, tone

pytestmark = [pytest.mark.signal, pytest.mark.calm]


def bring(office: Running, method: str, path: str, body: bytes) -> Any:
    head = {"Authorization": f"Bearer {office.token}", "Content-Type": "application/octet-stream"}
    request = urllib.request.Request(f"http://127.0.0.1:{office.port}{path}", body, head, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def share_of(samples: Any, pitch: float) -> Any:
    """Return, per tenth of a second, the share of power within 15 Hz of `pitch`."""
    frames = samples[: samples.size // (RATE // 10) * (RATE // 10)].reshape(-1, RATE // 10)
    power = np.abs(np.fft.rfft(frames * np.hanning(RATE // 10), axis=1)) ** 2
    near = np.abs(np.fft.rfftfreq(RATE // 10, 1 / RATE) - pitch) <= 15
    return power[:, near].sum(axis=1) / (power.sum(axis=1) + 1e-9)


def test_the_office_hears_the_recording_and_the_song(tmp_path: Path) -> None:
    """A clip of three seconds at 220 Hz is heard completely after the chime, at speech level; a song of two seconds
    follows the sentence of a big deal."""
    with disk_device(tmp_path) as (env, heard), Running(tmp_path / "home", env) as office:
        office.start("2026-11-24 10:20:00")
        clip = bring(office, "POST", "/api/clips", encoded(tone(3, before=1, after=1), "m4a"))
        began = time.monotonic()
        _, sent = office.call("POST", f"/api/clips/{clip['id']}/send", {"who": "张总", "key": "k"})
        assert office.wait_state(sent["id"], ("heard", "not_heard", "dropped"))["state"] == "heard"
        sound = heard.frames_between(began, time.monotonic()).astype(np.float32).mean(axis=1) / 32768
        ours = np.flatnonzero(share_of(sound, 220) > 0.9)
        loud = np.flatnonzero(np.abs(sound) > 0.01)
        assert 2.7 <= ours.size / 10 <= 3.5
        assert ours[0] / 10 - loud[0] / RATE > 0.8  # the chime came before
        middle = sound[(ours[0] + 5) * RATE // 10 : (ours[-1] - 5) * RATE // 10]
        assert -22 < 20 * np.log10(np.sqrt(np.mean(middle**2))) < -16
        person = next(row for row in office.get("/api/people") if row["name"] == "王小明")
        bring(office, "PUT", f"/api/people/{person['id']}/song", encoded(tone(2), "mp3"))
        began = time.monotonic()
        _, sold = office.sell("王小明", 50000, "big")
        ident = next(row["id"] for row in office.get("/api/announcements") if sold["id"] in row["deals"])
        assert office.wait_state(ident, ("heard", "not_heard", "dropped"))["state"] == "heard"
        sound = heard.frames_between(began, time.monotonic()).astype(np.float32).mean(axis=1) / 32768
        song = np.flatnonzero(share_of(sound, 220) > 0.9)
        assert 1.3 <= song.size / 10 <= 2.3
        rest = sound[(song[-1] + 2) * RATE // 10 :]
        assert np.abs(rest[: RATE * 2]).max(initial=0) < 0.01  # no applause after it
