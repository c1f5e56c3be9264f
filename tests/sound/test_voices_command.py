"""`zhangu voices` as typed: its lists, refusals and actions, with exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.sound.tts.packages import faulty
from tests import forked
from tests.running import ROOT


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an office with one added voice."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "config").mkdir()
    (folder / "config" / "rhythm.yaml").write_bytes((ROOT / "config" / "rhythm.yaml").read_bytes())
    own = folder / "var" / "voices" / "own"
    own.mkdir(parents=True)
    (own / "a.onnx").write_bytes(b"x" * 2_000_000)
    return folder


def typed(home: Path, *words: str | Path, code: int = 0) -> str:
    """Return the output of `zhangu voices …`; it must exit with that code and without a traceback."""
    done = forked.run(["voices", *map(str, words), "--home", str(home)])
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_listing(home: Path) -> None:
    """The missing natural voice with the remedy, the office's voice with its size, the fallback."""
    lines = typed(home).splitlines()
    assert lines == typed(home, "list").splitlines()
    assert lines == [
        "✗ 自然语音：没有装，运行 zhangu voices install（下载约 90 MB）",
        "✓ own：sherpa-onnx，2 MB",
        "✓ espeak：备用语音，不用安装",
    ]


def test_an_unknown_voice(home: Path) -> None:
    """Wrong usage: the available names are listed."""
    message = typed(home, "choose", "晓五", code=2)
    assert message.startswith("没有名为“晓五”的语音。可以选：auto、晓晓、")
    assert "own" in message
    typed(home, "choose", code=2)
    assert "没有名为“晓五”的语音" in typed(home, "remove", "晓五", code=1)


def test_choosing_without_a_daemon(home: Path) -> None:
    """Nothing is written; the line for the timetable is printed."""
    before = (home / "config" / "rhythm.yaml").read_bytes()
    assert "sound: {voice: 晓晓}" in typed(home, "choose", "zf_xiaoxiao", code=1)
    assert (home / "config" / "rhythm.yaml").read_bytes() == before


def test_installing_from_a_folder_that_is_not_right(home: Path, tmp_path: Path) -> None:
    """The missing files, or the missing folder, are named."""
    assert "没有" in typed(home, "install", "--from", tmp_path / "nowhere", code=1)
    message = typed(home, "install", "--from", tmp_path, code=1)
    assert f"{tmp_path} 里缺 kokoro-v1.0.int8.onnx、zf_xiaoxiao.bin、" in message


@pytest.mark.registry
def test_installed_listed_saved_and_removed(home: Path, natural_voice: Path, tmp_path: Path) -> None:
    """The real files, from a folder."""
    assert "自然语音装好了。" in typed(home, "install", "--from", natural_voice)
    assert faulty(home / "var" / "voices") == []
    assert "✓ kokoro：自然语音，98 MB" in typed(home)
    assert "晓晓（女声）" in typed(home)
    assert "存好了" in typed(home, "save", tmp_path / "stick")
    assert faulty(tmp_path / "stick") == []
    model = home / "var" / "voices" / "kokoro" / "kokoro-v1.0.int8.onnx"
    model.unlink()
    assert "文件不全" in typed(home)
    typed(home, "install", "--from", tmp_path / "stick")
    assert "已删除 kokoro。" in typed(home, "remove", "kokoro")
    assert "没有装" in typed(home)
