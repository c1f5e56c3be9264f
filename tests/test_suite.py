"""`make test` repeats failed tests once, names and counts flaky ones, and ends with the right code."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.suite import FAST, FIRST, MOST_REPEATS, ROOT, run_parts

PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"
FLAKY = """
from pathlib import Path
def test_flaky():
    seen = Path(__file__).with_name("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""


@pytest.mark.parametrize(
    ("code", "flaky", "failed", "broken", "ends_with"),
    [
        (PASSES, 0, 0, 0, 0),
        (PASSES + FLAKY, 1, 0, 0, 0),
        (FAILS + FLAKY, 1, 1, 0, 1),
        ("import nothing_of_that_name\n", 0, 0, 1, 1),
        ("", 0, 0, 1, 1),
        ("".join(FAILS.replace("fails", f"fails_{n}") for n in range(MOST_REPEATS + 1)), 0, 21, 0, 1),
        ("import os\ndef test_dies(): os._exit(0)\n", 0, 0, 1, 1),
    ],
    ids=["passes", "flaky", "fails", "cannot be collected", "no tests", "too many to repeat", "dies with 0"],
)
def test_flaky_tests_are_named_and_repeated_failures_fail(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    flaky: int,
    failed: int,
    broken: int,
    ends_with: int,
) -> None:
    """A flaky test passes but is counted; failing twice, collecting nothing and a crash in the middle are failures."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(code)
    result = run_parts([["-p", "no:cacheprovider", "-q"]], root=tmp_path)
    assert (len(result.flaky), len(result.failed), len(result.broken)) == (flaky, failed, broken)
    assert result.code == ends_with
    lines = result.lines(12.3)
    slow = [line.split()[2] for line in lines if " s  test_it.py" in line]
    assert ("test_it.py::test_passes" in slow) == code.startswith(PASSES)
    assert len(slow) <= 10
    assert lines[-1] == f"{'FAILED' if ends_with else 'passed'} in 12 s: {failed} failed, {flaky} flaky"
    assert [line for line in lines if line.startswith("FLAKY")] == [
        "FLAKY  test_it.py::test_flaky  (failed, then passed alone)"
    ] * flaky


def test_a_part_that_fails_does_not_keep_the_next_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part is run, and a failure of the first still counts."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(FAILS + PASSES)
    result = run_parts([["-k", "fails"], ["-k", "passes"]], root=tmp_path)
    assert (result.failed, result.code) == (["test_it.py::test_fails"], 1)


def test_every_named_file_exists() -> None:
    """A file that is renamed is renamed in the lists of the suite too."""
    assert [path for path in FAST if path.startswith("tests/") and not (ROOT / path).exists()] == []
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(FIRST) <= files


def test_all_tests_share_one_browser() -> None:
    """Playwright starts once per process, in tests/browsers.py: each Chromium costs a second of CPU, and a second
    Playwright in the same process is an error."""
    files = [file for file in (ROOT / "tests").rglob("*.py") if file.parent.name != "bench"]
    starting = {file.name for file in files if "sync_playwright(" in file.read_text("utf-8")}
    assert starting - {"test_suite.py"} == {"browsers.py", "pictures.py"}, "use the fixture `browser`"
