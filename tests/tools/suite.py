"""Run the tests in parts, repeat once what failed, and say which tests are flaky.

Usage: python -m tests.tools.suite [more options for pytest]

A test that fails and then passes alone is flaky: it is named, counted in the last line, and does not fail the run.
A test that fails twice fails the run, and so does everything that pytest calls an error of its own (a file that cannot
be collected, an interrupted run, no tests at all). As a plugin of pytest, this module writes down what failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WORKERS = os.environ.get("TEST_WORKERS", "4")
PARTS = (
    # Most tests wait for a device, a browser or a child: four workers keep two cores busy.
    ("-m", "not alone", "-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder"),
    # These measure holes and moments of real sound: a busy machine makes holes.
    ("-m", "alone"),
)
MOST_REPEATS = 20
"""More failures than this are a fault of the code, not of a busy machine: they are not repeated."""
RECORD = "ZHANGU_FAILED_TESTS"
OVER = "the run is over"


# ---- the plugin


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ.get(RECORD)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(path)))


class Recorder:
    """Appends each test that fails to a file, and OVER when the run has come to its end."""

    def __init__(self, path: Path):
        self._path, self._seen = path, set[str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self._seen:
            self._seen.add(report.nodeid)
            self._write(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._write(OVER)

    def _write(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as out:
            out.write(line + "\n")


# ---- the runner


@dataclass
class Result:
    """What became of the parts."""

    flaky: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # parts that pytest could not run

    @property
    def code(self) -> int:
        return 1 if self.failed or self.broken else 0

    def lines(self, seconds: float) -> list[str]:
        told = [f"FLAKY  {test}  (failed, then passed alone)" for test in self.flaky]
        told += [f"FAILED {test}" for test in self.failed]
        told += [f"BROKEN {part}" for part in self.broken]
        verdict = "FAILED" if self.code else "passed"
        return [
            *told,
            f"{verdict} in {seconds:.0f} s: {len(self.failed)} failed, {len(self.flaky)} flaky",
        ]


def run_pytest(options: Sequence[str], root: Path) -> tuple[int, list[str]]:
    """Run pytest in sight; return its exit code (-1 when it did not reach its end) and the tests that failed."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "failed"
        command = [sys.executable, "-m", "pytest", "-p", "tests.tools.suite", *options]
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        env = os.environ | {RECORD: str(record), "PYTHONPATH": paths}
        code = subprocess.run(command, cwd=root, env=env).returncode
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return code if OVER in lines else -1, [line for line in lines if line != OVER]


ROOT = Path(__file__).resolve().parents[2]


def run_parts(parts: Sequence[Sequence[str]], options: Sequence[str] = (), root: Path = ROOT) -> Result:
    """Run every part, also after one that failed."""
    result = Result()
    for part in parts:
        code, failed = run_pytest([*part, *options], root)
        if code not in (0, 1) or bool(code) != bool(failed):
            result.broken.append(f"pytest {' '.join([*part, *options])} ended with {code}")
        if not failed:
            continue
        again = failed
        if len(failed) <= MOST_REPEATS:
            print(f"\n{len(failed)} failed: once more, alone", flush=True)
            code, again = run_pytest(failed, root)
            if code not in (0, 1) or bool(code) != bool(again):
                again = failed
        result.failed += again
        result.flaky += [test for test in failed if test not in again]
    return result


if __name__ == "__main__":
    began = time.monotonic()
    result = run_parts(PARTS, sys.argv[1:])
    print("\n" + "\n".join(result.lines(time.monotonic() - began)))
    sys.exit(result.code)
