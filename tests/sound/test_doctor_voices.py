"""The lines of `zhangu doctor` about the natural voice: each state with its remedy, in this machine's commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import doctor
from controller.sound.tts import install
from controller.sound.tts.download import MEND_PACKAGED, CannotInstall
from controller.system import paths
from controller.system.paths import Home


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a box with the Debian package, where the command wants an administrator."""
    monkeypatch.setattr(paths, "packaged", lambda: True)
    monkeypatch.setattr(doctor, "packaged", lambda: True)


def line(home: Path) -> str:
    return str(doctor._natural_voice(Home(home)))


def torn(home: Path) -> None:
    """Leave a natural voice of which most files are missing."""
    folder = home / "var" / "voices" / "kokoro"
    folder.mkdir(parents=True)
    (folder / "kokoro-v1.0.int8.onnx").write_bytes(b"half")


def test_a_missing_voice_names_the_command(tmp_path: Path) -> None:
    """From a checkout: it installs itself, and the command is there for the impatient."""
    assert line(tmp_path) == (
        "– 自然语音：没有装，由备用语音播报。能联网的话，启动后自己会装。也可以随时装：zhangu voices install"
    )


def test_a_missing_voice_on_a_box_names_the_package(tmp_path: Path, box: None) -> None:
    """A box without internet gets the voice as a package."""
    assert line(tmp_path).endswith(f"启动后自己会装。{MEND_PACKAGED.removesuffix('。')}")


def test_damaged_files_are_named_with_the_command(tmp_path: Path) -> None:
    """A torn voice is a fault, with its files and the command that fetches only them."""
    torn(tmp_path)
    assert line(tmp_path).startswith("✗ 自然语音：")
    assert "kokoro-v1.0.int8.onnx" in line(tmp_path)
    assert line(tmp_path).endswith("缺失、不完整或被改过。请运行 zhangu voices install，只会重新取这些文件")


def test_damaged_files_on_a_box(tmp_path: Path, box: None) -> None:
    """The command that a person can copy there."""
    torn(tmp_path)
    assert "请运行 sudo zhangu voices install，" in line(tmp_path)


def test_an_installation_under_way(tmp_path: Path) -> None:
    """While it installs, no command is advised."""
    voices = tmp_path / "var" / "voices"
    voices.mkdir(parents=True)
    with install._alone(voices):
        assert line(tmp_path) == "– 自然语音：正在安装"


def test_a_machine_that_cannot_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason and the remedy, as the installer gives them."""

    def unfit() -> None:
        raise CannotInstall("内存不够", "请用内存 2 GB 以上的主机。", lasting=True)

    monkeypatch.setattr("controller.sound.tts.download.fit_to_speak", unfit)
    assert line(tmp_path) == "– 自然语音：装不了：内存不够。请用内存 2 GB 以上的主机"
