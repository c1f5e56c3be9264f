"""The page of the long measurements: a section each, replaced by name; one that has not run says so."""

from __future__ import annotations

import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))

import soak_report  # noqa: E402
from table import Row  # noqa: E402


def test_a_run_replaces_its_own_section_only(tmp_path: Path) -> None:
    """The others stay; a measurement that no longer exists goes; the list gives the sequence."""
    page = tmp_path / "soak.md"
    rows = [
        Row("deals lost", "0", "0", True),
        Row("longest silence", "9 s", "≤ 2 s", False),
        Row("noted", "3", "", True),
    ]
    soak_report.write(("kill", "noons"), {"noons": soak_report.section("noons", rows, 600, 1.5)}, page)
    first = page.read_text(encoding="utf-8")
    assert first.index("## kill") < first.index("Not run.") < first.index("## noons")
    assert "| longest silence | 9 s | ≤ 2 s | ✗ |" in first
    assert "10 min, load 1.5" in first
    soak_report.write(("nap", "kill", "noons"), {"kill": soak_report.section("kill", rows[:1], 60, 0)}, page)
    second = page.read_text(encoding="utf-8")
    assert [line for line in second.splitlines() if line.startswith("## ")] == [
        "## nap",
        "## kill",
        "## noons",
    ]
    assert first.partition("## noons")[2].strip() == second.partition("## noons")[2].strip()
    assert second.count("Not run.") == 1
    soak_report.write(("noons",), {}, page)
    assert "## kill" not in page.read_text(encoding="utf-8")
