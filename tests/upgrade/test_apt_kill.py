"""A power cut in the middle of `apt install`: the next start runs a whole release, and dpkg repairs the rest."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.upgrade.apt_box import AptBox

SAMPLES = 3
"""Number of kills in the short form; `python -m tests.bench aptkill` has more."""
needs = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("strace") is None, reason="needs root, to mount a layer, and strace"
)


@needs
def test_a_kill_in_the_middle_of_apt_leaves_a_working_box(tmp_path: Path) -> None:
    """Before dpkg is repaired the box already runs the former or the new release; after it the new one."""
    box = AptBox(tmp_path)
    try:
        assert box.boot() == "1.0"
        effects = box.killed_at(box.package("1.1"), 0)
        assert effects > 100
        for sample in range(SAMPLES):
            package, before = box.package(f"2.{sample}"), box.boot()
            seen = box.killed_at(package, 1 + (sample * effects + effects // 2) // SAMPLES)
            assert seen >= effects // 2 // SAMPLES
            assert box.boot() in (before, f"2.{sample}")
            assert box.repair(package) == f"2.{sample}"
            assert box.boot() == f"2.{sample}"
    finally:
        box.close()
