"""The natural voice as a Debian package: which release it fits, how it is put into use, and what outlives it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from voicemade import made

from controller.sound.tts import install
from controller.sound.tts.download import CannotInstall
from controller.sound.tts.packages import KOKORO, Catalogue, faulty, is_installed

PACKAGE = Path(__file__).resolve().parents[2] / "config" / "package"
sys.path.insert(0, str(PACKAGE))
import build  # noqa: E402
import voice  # noqa: E402


def put(voices: Path, catalogue: Catalogue, source: Path | None = None) -> None:
    """Install into a folder without showing progress."""
    install.install(voices, lambda done, total: None, source, catalogue)


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Lay a small finished voice where the package of the system would be; return its catalogue."""
    catalogue = made(tmp_path / "packages")
    put(tmp_path / "usr", catalogue, tmp_path / "packages")
    monkeypatch.setattr(install, "PACKAGED", tmp_path / "usr")
    return catalogue


def test_the_remedy_without_internet_names_the_voices_package(tmp_path: Path) -> None:
    """On a box of the package: the file and the command; in a checkout: another computer."""
    build.lay_program(tmp_path, "1")
    ask = "from controller.sound.tts.download import mend_network; print(mend_network())"
    said = {}
    for root in (tmp_path, build.ROOT):
        done = subprocess.run(
            [sys.executable, "-P", "-c", ask], env=os.environ | {"PYTHONPATH": str(root)},
            cwd=tmp_path / "bin", capture_output=True, text=True, check=True,
        )  # fmt: skip
        said[root] = done.stdout
    file = f"zhangu-voice-natural_{voice.VERSION}_all.deb"
    assert f"sudo apt install ./{file}" in said[tmp_path]
    assert "zhangu voices install --from" in said[build.ROOT]


def test_version_and_contents_belong_together() -> None:
    """Another catalogue needs another version of the package: dpkg would take both for the same."""
    assert (voice.VERSION, KOKORO.fingerprint) == ("1.0", "8c98b67a74f6d359")


def test_the_voice_of_the_system_is_used_where_it_stands(packaged: Catalogue, tmp_path: Path) -> None:
    """Installing links to the package: no internet, no second copy; a removed voice comes back in the same way."""
    voices = tmp_path / "voices"
    put(voices, packaged)
    assert (voices / "kokoro").readlink() == tmp_path / "usr" / "kokoro"
    assert is_installed(voices, packaged)
    assert [path.name for path in voices.iterdir()] == ["kokoro"]
    install.remove(voices, "kokoro")
    assert faulty(tmp_path / "usr", packaged) == []
    put(voices, packaged)
    assert is_installed(voices, packaged)
    assert not install.is_unwanted(voices)


def test_a_downloaded_voice_stays(packaged: Catalogue, tmp_path: Path) -> None:
    """A whole voice that the office downloaded is kept; a damaged one gives way to the package."""
    voices = tmp_path / "voices"
    put(voices, packaged, tmp_path / "packages")
    put(voices, packaged)
    assert not (voices / "kokoro").is_symlink()
    (voices / "kokoro" / "zm_yunxi.bin").write_bytes(b"short")
    put(voices, packaged)
    assert (voices / "kokoro").is_symlink()
    assert is_installed(voices, packaged)


def test_a_package_that_does_not_fit_is_named(
    packaged: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without internet the sentence names the package; its files are not touched, and no link is left."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PATH", "/nowhere")
    wrong = tmp_path / "usr" / "kokoro" / packaged.model.name
    wrong.write_bytes(wrong.read_bytes()[::-1])
    with pytest.raises(CannotInstall, match="zhangu-voice-natural 里的语音不完整，或和这个版本的战鼓不配"):
        put(tmp_path / "voices", packaged)
    assert wrong.stat().st_size == packaged.model.size
    assert not (tmp_path / "voices" / "kokoro").exists()


def test_dpkg_refuses_another_voice(packaged: Catalogue, tmp_path: Path) -> None:
    """The built package contains every file, and its preinst compares it with the release in use."""
    file = voice.built(tmp_path / "usr", tmp_path / "out", packaged)
    assert file.name == f"zhangu-voice-natural_{voice.VERSION}_all.deb"
    unpacked = tmp_path / "unpacked"
    subprocess.run(["dpkg-deb", "--raw-extract", file, unpacked], check=True)
    laid = next(unpacked.glob("**/kokoro"))
    assert faulty(laid.parent, packaged) == []
    release = tmp_path / "release"
    release.mkdir()
    (release / "VERSION").write_text("0.1.0\n")
    for needed, code, said in (("", 1, "太旧"), ("0123", 1, "不配"), (packaged.fingerprint, 0, "")):
        if needed:
            (release / "VOICE").write_text(needed + "\n")
        done = subprocess.run(
            [unpacked / "DEBIAN" / "preinst", "install"],
            env={**os.environ, "ZHANGU_RELEASE": str(release)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code
        assert said in done.stderr
        assert bool(done.stderr) == bool(said)


def test_every_release_says_which_voice_it_needs(tmp_path: Path) -> None:
    """The main package carries the fingerprint; the voice's scripts are plain sh and stop at a failure."""
    build.lay_program(tmp_path, "1")
    assert (tmp_path / "VOICE").read_text().strip() == KOKORO.fingerprint
    for name in voice.SCRIPTS.values():
        subprocess.run(["sh", "-n", PACKAGE / name], check=True)
        assert "\nset -e\n" in (PACKAGE / name).read_text(encoding="utf-8")
