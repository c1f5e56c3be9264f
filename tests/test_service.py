"""The systemd unit: its exposure by systemd's own rating, and that its permissions stay narrow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from controller.sound.player import process as player

UNIT = Path(__file__).resolve().parents[1] / "config" / "zhangu.service"
MOST_EXPOSED = 5.9
"""Of 10, by `systemd-analyze security`; 5.4 with systemd 252, other releases rate slightly differently."""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_the_exposure_of_the_service_is_at_most_as_stated(tmp_path: Path) -> None:
    """`systemd-analyze security` of the user's unit stays under the limit, without a warning about the file."""
    command = ["systemd-analyze", "--user", "security", "--offline=true", "--no-pager", str(UNIT)]
    env = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    score = re.search(r"exposure level for zhangu\.service: ([\d.]+)", done.stdout)
    if score is None:
        pytest.skip(f"systemd-analyze cannot judge a file here: {done.stderr.strip()[-200:]}")
    assert float(score[1]) <= MOST_EXPOSED
    assert "Unknown" not in done.stderr


def test_the_service_outlives_its_children_and_strangers() -> None:
    """A child out of memory ends only itself, a stop signals only the daemon, only its user can read its files."""
    settings = dict(
        line.split("=", 1)
        for line in UNIT.read_text(encoding="utf-8").splitlines()
        if re.match(r"[A-Z]\w+=", line)
    )
    assert settings["OOMPolicy"] == "continue"
    assert settings["KillMode"] == "mixed"
    assert settings["Restart"] == "always"
    assert settings["UMask"] == "0077"
    assert settings["NoNewPrivileges"] == "yes"
    assert int(settings["LimitNOFILE"]) >= 8192
    assert settings["SystemCallFilter"] == "@system-service"


PACKAGED = UNIT.parent / "package" / "zhangu.service"


def test_the_installed_player_runs_before_other_work() -> None:
    """The installed service starts before other work, and grants the player the priority that it asks for."""
    settings = dict(
        line.split("=", 1) for line in PACKAGED.read_text(encoding="utf-8").splitlines() if "=" in line
    )
    assert int(settings["LimitNICE"]) <= player.NICE < int(settings["Nice"]) < 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_reads_every_setting_of_the_units(tmp_path: Path) -> None:
    """systemd complains about no line but those for newer releases: a setting with a mistake would be ignored."""
    for unit in (UNIT, PACKAGED):
        text = re.sub(r"^(ExecStart\w*)=\S+", r"\1=/bin/true", unit.read_text(encoding="utf-8"), flags=re.M)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
        command = ["systemd-analyze", "verify", "--no-pager", str(tmp_path / unit.name)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        complaints = [line for line in done.stderr.splitlines() if f"{unit.name}:" in line]
        assert all("RestartSteps" in line or "RestartMaxDelaySec" in line for line in complaints), complaints
