"""Wrong permissions and damaged files of the daemon: a sentence each, and automatic recovery."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from recording import disk_device

from controller.sound.tts import download
from controller.sound.tts.background_install import VoiceInstall
from tests.forms import LONG
from tests.running import ZHANGU, Running, timetable


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Running]:
    """Yield a normal office that is not started yet."""
    spans = timetable("at: 00:00-24:00, name: 全天")
    with disk_device(tmp_path) as (env, _), Running(tmp_path / "home", env, timetable=spans) as house:
        yield house


def until(true: Callable[[], Any], timeout: float = 60) -> Any:
    end = time.monotonic() + timeout
    while not (value := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return value


UNDER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Root without the capability to write read-only files, so that permissions apply as for other users."""


def run(house: Running, *words: str) -> str:
    """Return a command's output on both streams, with the same permissions as the daemon."""
    done = subprocess.run(
        [*UNDER, ZHANGU, *words, "--home", house.folder],
        env=house.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def problems_in(house: Running, path: str) -> str:
    return " ".join(row["what"] for row in house.get(path)["troubles"])


@pytest.mark.long  # a folder that may not be written has the same paths, below
def test_a_read_only_store_is_reported_everywhere(office: Running) -> None:
    """Mode 0444 while running and at a start: /health, phone, doctor and a deal report it; once fixed, all works."""
    session = office.folder / "var" / "zhangu.db"
    office.start(under=UNDER)
    session.chmod(0o444)
    until(lambda: office.call("GET", "/health")[0] == 503)
    assert "只能读" in problems_in(office, "/health")
    assert "只能读" in problems_in(office, "/api/phone")
    assert "✗ 正在发生：账本" in run(office, "doctor")
    office.stop()
    assert re.search("✗ 账本：.*只能读", run(office, "doctor"))
    office.start(under=UNDER)
    until(lambda: office.call("GET", "/health")[0] == 503)
    assert "只能读" in problems_in(office, "/health")
    assert office.get("/api/now")["entry"]["name"] == "全天"
    status, answer = office.sell("王小明", 500, "refused")
    assert status == 503
    assert "只能读" in answer["error"]
    session.chmod(0o600)
    until(lambda: office.call("GET", "/health")[0] == 200)
    assert office.sell("王小明", 500, "again")[0] == 201
    office.stop()
    assert "Traceback" not in office.log()


def test_a_home_that_may_not_be_written_plays_music_and_says_so(tmp_path: Path) -> None:
    """`var` without write permission at the start: music plays, walls show, a deal is refused with a sentence, and
    `run`, /health and `doctor` say so, without a traceback; once it is writable, deals are recorded again."""
    spans = timetable("at: 00:00-24:00, name: 全天, music: morning, volume: 60")
    with disk_device(tmp_path) as (env, sound), Running(tmp_path / "home", env, timetable=spans) as office:
        var = office.folder / "var"
        var.chmod(0o500)
        try:
            began = office.start(under=UNDER)
            assert sound.wait_sound(began, timeout=20) is not None
            assert "只能读" in problems_in(office, "/health")
            status, answer = office.sell("王小明", 500, "refused")
            assert (status, "只能读" in answer["error"]) == (503, True)
            assert office.call("GET", "/api/wall")[0] == 200
            assert "✗ 账本" in run(office, "doctor")
            assert "记不下来" in office.log()
            second = run(office, "run", "--host", "127.0.0.1", "--port", "0")
            assert "里已经有一个战鼓在运行。" in second
        finally:
            var.chmod(0o700)
        until(lambda: office.call("GET", "/health")[0] == 200)
        assert office.sell("王小明", 500, "again")[0] == 201
        office.stop()
        assert "Traceback" not in office.log()


def test_no_module_of_the_present_folder_is_run(office: Running, tmp_path: Path) -> None:
    """In a folder that others may write, with files named like modules, neither daemon nor child imports them."""
    trap, marker = tmp_path / "trap", tmp_path / "run"
    trap.mkdir()
    for name in (
        "json",
        "numpy",
        "av",
        "pygame",
        "pyttsx3",
        "holidays",
        "controller",
        "logging",
        "wave",
        "struct",
    ):
        (trap / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r} + ' ')\n")
    office.start(under=("env", "-C", str(trap)))
    assert office.sell("王小明", 20_000, "big")[0] == 201
    office.wait_state(office.get("/api/announcements")[0]["id"], ("playing", "heard"))
    for command in (
        [*download._pip("--version")],
        [*VoiceInstall(tmp_path, lambda: None)._command, "--help"],
    ):
        subprocess.run(command, cwd=trap, capture_output=True, timeout=60, check=False)
    assert office.call("GET", "/api/tracks")[0] == 200
    office.stop()
    assert not marker.exists(), marker.read_text()


PLAYER, VOICE = "controller.sound.player.process", "controller.sound.voice"


@pytest.mark.parametrize(
    ("module", "how"),
    [
        (PLAYER, signal.SIGSTOP),
        pytest.param(VOICE, signal.SIGKILL, marks=pytest.mark.long),
        pytest.param(PLAYER, signal.SIGKILL, marks=pytest.mark.long),
        pytest.param(VOICE, signal.SIGSTOP, marks=pytest.mark.long),
    ],
)
def test_a_child_that_is_stopped_or_killed_is_replaced(
    office: Running, module: str, how: signal.Signals
) -> None:
    """The player and the voice of a running office are restarted, and the next deal is heard."""

    def children() -> set[int]:
        assert office.process is not None
        pids = set()
        for child in psutil.Process(office.process.pid).children():
            with contextlib.suppress(psutil.Error):
                pids |= {child.pid} if module in child.cmdline() else set()
        return pids

    office.start()
    old = until(children)
    for pid in old:
        os.kill(pid, how)
    assert office.sell("王小明", 20_000, "big")[0] == 201
    office.wait_state(office.get("/api/announcements")[0]["id"], ("heard",), timeout=60)
    assert not children() & old
    assert office.call("GET", "/health")[0] == 200
    office.stop()
    assert "Traceback" not in office.log()


def test_a_terminal_that_is_gone_ends_no_office(office: Running) -> None:
    """After the reader of its output has closed, the daemon continues to run."""
    reads, writes = os.pipe()
    os.close(reads)
    words = [ZHANGU, "run", "--home", office.folder, "--host", "127.0.0.1", "--port", str(office.port)]
    office.process = subprocess.Popen(words, env=office.env, stdout=writes, stderr=subprocess.DEVNULL)
    os.close(writes)
    office.wait_ready()
    time.sleep(1)
    assert office.sell("王小明", 500, "unseen")[0] == 201
    assert office.stop() == 0


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "garbage": lambda file: file.write_bytes(os.urandom(3000)),
    "deep": lambda file: file.write_bytes(b"[" * 100_000),
}


def in_turn(file: Path) -> None:
    """Damage a file in one of the three ways, always the same one for its name."""
    list(DAMAGES.values())[sum(file.name.encode()) % len(DAMAGES)](file)


@pytest.mark.parametrize(
    "damage",
    [in_turn, *(pytest.param(one, marks=pytest.mark.long, id=name) for name, one in DAMAGES.items())],
)
def test_no_damaged_file_prevents_a_start(office: Running, damage: Callable[[Path], object]) -> None:
    """With every file in var/ except the store damaged, music, pages and deals work, in the long form also after
    a second start."""
    office.start(options=("--tls", "--tls-port", "0"))
    assert office.sell("王小明", 500, "before")[0] == 201
    office.say("大家好", "a")
    time.sleep(2)
    office.stop()
    damaged = []
    for file in sorted((office.folder / "var").rglob("*")):
        if file.is_file() and not file.name.startswith("zhangu.db"):
            damage(file)
            damaged.append(str(file.relative_to(office.folder)))
    assert len(damaged) >= 4, damaged
    for key in ("first", "second") if LONG else ("first",):
        (office.folder / "daemon.log").write_text("")
        office.start(options=("--tls", "--tls-port", "0"))
        assert office.call("GET", "/health")[0] == 200, (office.get("/health"), damaged)
        assert office.sell("王小明", 500, key)[0] == 201
        assert "Traceback" not in office.log(), office.log()
        run(office, "doctor")
        office.stop()
