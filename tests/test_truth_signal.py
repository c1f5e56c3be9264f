"""One afternoon in the output signal: the API's state of each announcement against the recorded sound."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from recording import disk_device
from running import ZHANGU, Running, timetable

from controller.cli import doctor

pytestmark = [pytest.mark.signal, pytest.mark.calm]


def test_reported_states_match_the_recorded_sound(tmp_path: Path) -> None:
    """Volume 0: silence, reported as not heard; muted: silence except an emergency at its volume; then all is heard."""
    (tmp_path / "device").mkdir()
    day = timetable("at: 00:00-24:00, name: 测试")
    with (
        disk_device(tmp_path / "device") as (env, recording),
        Running(tmp_path / "home", env, timetable=day) as house,
    ):
        house.start()
        began = time.monotonic()
        house.call("PUT", "/api/volume", {"volume": 0})
        deal = house.sell("王小明", 50000, "unheard")[1]
        assert deal["decision"]["held"] == "volume_0"
        said = subprocess.run(
            [ZHANGU, "say", "大家好", "--home", house.folder], env=house.env, capture_output=True, text=True, timeout=30
        )  # fmt: skip
        assert (said.returncode, "总音量是 0" in said.stderr) == (1, True)
        lines = [str(line) for line in doctor.of_the_running(house.get("/health"))]
        assert any(line.startswith("✗ 音响：总音量是 0，办公室听不到。请") for line in lines), lines
        assert house.call("GET", "/health")[0] == 503
        assert house.announcement(1)["state"] == "waiting"
        assert np.count_nonzero(recording.frames_between(began, time.monotonic())) == 0

        house.call("POST", "/api/hush", {"minutes": 10})
        asked = time.monotonic()
        alarm = house.call("POST", "/api/emergency", {"text": "请离开", "key": "fire"})[1]["id"]
        assert house.wait_state(alarm, ("heard", "not_heard"))["state"] == "heard"
        heard = recording.sound_between(asked, time.monotonic())
        loudest = float(np.abs(heard).max())
        assert 0.05 < loudest <= 0.8  # at 80 of 100, though the volume is 0

        quiet = time.monotonic() + 0.2
        time.sleep(1.2)
        assert np.count_nonzero(recording.frames_between(quiet, time.monotonic())) == 0
        house.call("PUT", "/api/volume", {"volume": 60})
        house.call("POST", "/api/hush", {"minutes": 0})
        audible = time.monotonic()
        assert house.wait_state(1, ("heard", "not_heard", "merged"))["state"] == "heard"
        assert np.abs(recording.sound_between(audible, time.monotonic())).max() > 0.01
        assert house.get("/health")["ok"]
        assert "emergency #" in house.log()
