"""Starting: the player opens its device while the office is built; modules not needed for music load later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from controller.daemon import Daemon, Options
from controller.sound.speaker import Event, Speaker
from controller.system.paths import Home
from controller.timetable.problems import TimetableInvalid

CONFIG = Path(__file__).parents[1] / "config"
PLAYER = "controller.sound.player.process"
LATER = (
    "flask", "waitress", "signage", "segno", "holidays", "av", "numpy", "PIL", "pygame", "ssl", "urllib.request",
    "importlib.metadata", "controller.sound.mandarin.reader",
)  # fmt: skip
BUILD = """
import sys
from pathlib import Path
import controller.cli
from controller.daemon import Daemon, Options
from controller.system.paths import Home
daemon = Daemon(Options(Home(Path(sys.argv[1])), "127.0.0.1", 0, voice_install=False))
print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
daemon.close()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    shutil.copy(CONFIG / "rhythm.yaml", tmp_path / "config")
    return tmp_path


def players() -> set[int]:
    """Return the running players that this process has started."""
    children = psutil.Process().children()
    return {child.pid for child in children if child.is_running() and PLAYER in child.cmdline()}


def test_the_player_launched_ahead_is_the_one_that_plays() -> None:
    """`start` uses the process from `launch`; after `close` none remains."""
    before, events = players(), list[Event]()
    speaker = Speaker(events.append, env={"SDL_AUDIODRIVER": "dummy"})
    speaker.launch()
    launched = players() - before
    assert len(launched) == 1
    speaker.start()
    end = time.monotonic() + 60
    while not any(event.kind == "ready" for event in events):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert players() - before == launched
    speaker.close()
    assert players() == before


def test_a_speaker_that_never_starts_leaves_no_player() -> None:
    """`close` ends the process from `launch`."""
    before = players()
    speaker = Speaker(lambda event: None, env={"SDL_AUDIODRIVER": "dummy"})
    speaker.launch()
    speaker.close()
    assert players() == before


def test_a_start_that_fails_leaves_no_player(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a faulty timetable is detected after the launch of the player, the start is refused and the player ends."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    (home / "config" / "rhythm.yaml").write_text("office: 12\n", encoding="utf-8")
    before = players()
    with pytest.raises(TimetableInvalid):
        Daemon(Options(Home(home), "127.0.0.1", 0))
    assert players() == before


def test_music_waits_for_nothing_that_it_does_not_need(home: Path) -> None:
    """An office is built without loading the web, the decoders and the reading rules: each would delay the music."""
    env = os.environ | {"SDL_AUDIODRIVER": "dummy"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, home, *LATER], env=env, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
