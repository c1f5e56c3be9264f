"""A forked `zhangu` is a process like one that was started: code, output, folder, variables, signals."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import forked
from tests.running import ROOT, ZHANGU


@pytest.mark.parametrize("words", [["nonsense"], ["check"]])
def test_code_and_output_equal_the_commands(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a folder that is a home."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("package"))
    monkeypatch.chdir(tmp_path)
    typed = subprocess.run([ZHANGU, *words], capture_output=True, text=True, check=False)
    made = forked.run(words)
    assert (made.returncode, made.stdout, made.stderr) == (typed.returncode, typed.stdout, typed.stderr)
    assert (str(tmp_path) in made.stdout) == (words == ["check"])


def test_it_has_its_own_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home in its environment counts, and nothing of it reaches this process or the next one."""
    monkeypatch.chdir(ROOT)
    assert forked.run(["check"], os.environ | {"ZHANGU_HOME": str(tmp_path)}).returncode == 2
    assert forked.run(["check"]).returncode == 0
    assert "ZHANGU_HOME" not in os.environ


def test_a_signal_ends_it(tmp_path: Path) -> None:
    """It is a separate process: a kill is its exit code, and its end can be waited for and asked for."""
    (tmp_path / "var").mkdir()
    with (tmp_path / "log").open("wb") as log:
        process = forked.Forked(
            ["run", "--home", str(tmp_path), "--port", "0"],
            os.environ | {"SDL_AUDIODRIVER": "dummy"},
            log,
            log,
        )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    assert process.poll() is None
    process.kill()
    assert process.wait(20) == process.poll() == -9
    assert not Path(f"/proc/{process.pid}").exists()
