"""Run the tests in parts, repeat once what failed, and say which tests are flaky.

Usage: python -m tests.tools.suite [--fast] [more options for pytest]

The parts run in memory (/dev/shm) when there is room: a book on a disk waits for each of its thousands of writes.

The ten slowest tests are named at the end.

A test that fails and then passes alone is flaky: it is named, counted in the last line, and does not fail the run.
A test that fails twice fails the run, and so does every error of pytest itself (a file that cannot
be collected, an interrupted run, no tests at all). As a plugin of pytest, this module writes down what failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def calm_files() -> list[str]:
    """Return the files with tests marked as calm: each worker imports only these, not all 140."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(file.relative_to(ROOT)) for file in files if "pytest.mark.calm" in file.read_text("utf-8")]


PARTS = (
    # Most of these wait for a device, a browser or a child: five workers keep two cores busy.
    ("-m", "not calm", "-n", "5", "--dist", "loadfile", "--no-loadscope-reorder"),
    # These measure holes and moments of real sound, which a busy machine would make. They sleep most of the time:
    # six workers take 42 % of two cores; with eight, two tests failed.
    ("-m", "calm", "-n", "6", "--dist", "worksteal", *calm_files()),
)
FAST = (
    # The pure parts, and the office on stand-ins: no child, no browser, no device.
    "tests/timetable", "tests/sales", "tests/system",
    "tests/services/test_announcement_priority.py", "tests/services/test_deals.py", "tests/services/test_mute.py",
    "tests/services/test_recovery.py", "tests/services/test_settings.py",
    "tests/signage/test_sse.py", "tests/signage/test_wall_state.py",
    "tests/signage/test_wall_syntax.py",
    "tests/sound/test_mandarin_engine.py", "tests/sound/test_names.py", "tests/sound/test_numbers.py",
    "tests/sound/test_pinyin.py", "tests/sound/test_fades.py", "tests/sound/test_announcement_channel.py",
    "tests/sound/test_stream.py", "tests/sound/test_syllables.py",
    # These start a daemon, or wait for one.
    "--ignore=tests/system/test_watchdog.py", "--ignore=tests/sales/test_survives.py",
    "--ignore=tests/sales/test_workbook_writer.py",
    "-m", "not signal and not browser and not registry", "-n", "2", "--dist", "worksteal", "-q",
)  # fmt: skip
FIRST = (
    "test_natural_voice", "test_timetable_browser", "test_wall_pictures", "test_demo", "test_links_browser",
    "test_upgrade", "test_wall_browser", "test_openapi", "test_bad_input", "test_phone_browser", "test_uploads",
    "test_media_browser", "test_name", "test_voice", "test_damaged_state", "test_targets_browser",
    "test_roles_browser", "test_contracts", "test_phone_wishes", "test_corpus_of_sounds", "test_routes",
    "test_storage_faults", "test_truth", "test_upload_sandbox", "test_honours_browser", "test_phone_deals",
    "test_wall_live", "test_library", "test_pairing", "test_plan_browser", "test_english_browser", "test_kiosk",
    "test_shipped_sounds", "test_people_browser", "test_people_lists", "test_english_walls", "test_day",
    "test_voice_install", "test_first_evening", "test_languages", "test_days", "test_flat", "test_strangers",
    "test_deal_reading", "test_media", "test_https", "test_tls", "test_descriptors", "test_neural_voices",
    "test_docs", "test_every_minute", "test_api", "test_wiring", "test_plan_year", "test_suite", "test_conversion",
    "test_timekeeper", "test_voices_command", "test_phones", "test_roles", "test_noons", "test_faults",
)  # fmt: skip
"""The slowest files begin first, so that no worker is left alone with one of them at the end."""
HALFWAY = "test_in_a_quiet_office_announcements_are_softer_and_without_a_microphone_normal"
"""As long as its neighbour in the file, so another worker must begin with it: each gets a piece of the list."""
SLOWEST = 10
MOST_REPEATS = 20
"""More failures than this are a fault of the code, not of a busy machine: they are not repeated."""
RECORD = "ZHANGU_TEST_RECORD"


# ---- the plugin


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ.get(RECORD)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(path)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(FIRST)))
    for index, item in enumerate(items):
        if item.name == HALFWAY:
            items.insert(len(items) // 2, items.pop(index))
            break


class Recorder:
    """Write the failed tests, and the seconds of each test with its fixtures, at the end of the run."""

    def __init__(self, path: Path):
        self._path = path
        self._failed: dict[str, None] = {}
        self._seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.failed:
            self._failed[report.nodeid] = None

    def pytest_sessionfinish(self) -> None:
        record = {"failed": list(self._failed), "seconds": self._seconds}
        self._path.write_text(json.dumps(record), encoding="utf-8")


# ---- the runner


_COLLECT = "import sys, pytest; sys.exit(pytest.main(['--collect-only', '-qq', *sys.argv[1:]]))"
_CHARACTERS = "from hypothesis.internal import charmap; charmap.charmap()"


def warm_up() -> None:
    """Compile what no run of this checkout has compiled, once for all workers; each would do it by itself.

    The test files with their assertions take 11 s of CPU, Hypothesis's table of characters 3 s.
    """
    tail = f".{sys.implementation.cache_tag}-pytest-{pytest.__version__}.pyc"
    stale = []
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        compiled = file.parent / "__pycache__" / f"{file.stem}{tail}"
        if not compiled.exists() or compiled.stat().st_mtime < file.stat().st_mtime:
            stale.append(str(file))
    works = [[_COLLECT, *half] for half in (stale[::2], stale[1::2]) if half]
    if not list((ROOT / ".hypothesis" / "unicode_data").glob("*/charmap.json.gz")):
        works.append([_CHARACTERS])
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
    children = [
        subprocess.Popen([sys.executable, "-c", *work], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
        for work in works
    ]
    for child in children:
        child.wait()  # the run itself reports its faults


@dataclass
class Result:
    """The outcome of the parts."""

    flaky: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # parts that pytest could not run
    seconds: Counter[str] = field(default_factory=Counter)

    @property
    def code(self) -> int:
        return 1 if self.failed or self.broken else 0

    def lines(self, seconds: float) -> list[str]:
        lines = [f"{spent:6.1f} s  {test}" for test, spent in self.seconds.most_common(SLOWEST)]
        lines += [f"FLAKY  {test}  (failed, then passed alone)" for test in self.flaky]
        lines += [f"FAILED {test}" for test in self.failed]
        lines += [f"BROKEN {part}" for part in self.broken]
        verdict = "FAILED" if self.code else "passed"
        return [
            *lines,
            f"{verdict} in {seconds:.0f} s: {len(self.failed)} failed, {len(self.flaky)} flaky",
        ]


def run_pytest(
    options: Sequence[str], root: Path, extra: Mapping[str, str] = MappingProxyType({})
) -> tuple[int, list[str], Counter[str]]:
    """Run pytest in sight; return its exit code (-1 when it did not reach its end), the tests that failed, and the
    seconds of each test."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.json"
        command = [sys.executable, "-m", "pytest", "-p", "tests.tools.suite", *options]
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        # With bytecode, each worker reads 140 test files in half of the time.
        needs = {
            RECORD: str(record),
            "PYTHONPATH": paths,
            "PYTHONDONTWRITEBYTECODE": "",
            "ZHANGU_PICTURES": "0",
        }
        env = os.environ | needs | extra
        code = subprocess.run(command, cwd=root, env=env).returncode
        if not record.exists():
            return -1, [], Counter()
        found = json.loads(record.read_text(encoding="utf-8"))
    return code, found["failed"], Counter(found["seconds"])


MEMORY = Path("/dev/shm")
MEMORY_MB = 4000


@contextmanager
def in_memory() -> Iterator[dict[str, str]]:
    """The environment for temporary files in memory, where there is room; a repetition keeps them in /tmp."""
    room = os.statvfs(MEMORY) if MEMORY.is_dir() else None
    if room is None or room.f_bavail * room.f_frsize < MEMORY_MB * 1e6 or room.f_flag & os.ST_NOEXEC:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="tests-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        yield {"TMPDIR": folder}


def run_parts(parts: Sequence[Sequence[str]], options: Sequence[str] = (), root: Path = ROOT) -> Result:
    """Run every part, also after one that failed."""
    result = Result()
    for part in parts:
        with in_memory() as env:
            code, failed, seconds = run_pytest([*part, *options], root, env)
        result.seconds += seconds
        if code not in (0, 1) or bool(code) != bool(failed):
            result.broken.append(f"pytest {' '.join([*part, *options])} ended with {code}")
        if not failed:
            continue
        again = failed
        if len(failed) <= MOST_REPEATS:
            print(f"\n{len(failed)} failed: once more, alone", flush=True)
            code, again, _ = run_pytest(failed, root)
            if code not in (0, 1) or bool(code) != bool(again):
                again = failed
        result.failed += again
        result.flaky += [test for test in failed if test not in again]
    return result


if __name__ == "__main__":
    began = time.monotonic()
    options = [option for option in sys.argv[1:] if option != "--fast"]
    fast = "--fast" in sys.argv
    if not fast:
        warm_up()
    result = run_parts([FAST] if fast else PARTS, options)
    print("\n" + "\n".join(result.lines(time.monotonic() - began)))
    sys.exit(result.code)
