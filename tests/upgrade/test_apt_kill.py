"""A power cut in the middle of `apt install`: the next start runs a whole release, and dpkg repairs the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.upgrade.apt_box import AptBox

SAMPLES = 3
"""Number of kills in the short form; `python -m tests.bench aptkill` has more."""
needs = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("strace", "dpkg", "dpkg-deb"))),
    reason="needs root, to mount a layer, strace and dpkg",
)


@pytest.fixture
def layered(tmp_path: Path) -> Path:
    """Return a folder; skip where a container may not mount a layer over its own system."""
    places = [tmp_path / name for name in ("upper", "work", "root")]
    for place in places:
        place.mkdir()
    upper, work, root = places
    layers = f"lowerdir=/,upperdir={upper},workdir={work}"
    tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, text=True)
    if tried.returncode == 0:
        for place in places:
            place.mkdir()
        tried = subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o", layers, root], capture_output=True, text=True
        )
        subprocess.run(["umount", "-l", root], capture_output=True, check=False)
        subprocess.run(["umount", "-l", tmp_path], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"no layer can be mounted here: {tried.stderr.strip()}")
    folder = tmp_path / "box"
    folder.mkdir()
    return folder


@needs
def test_a_kill_in_the_middle_of_apt_leaves_a_working_box(layered: Path) -> None:
    """Before dpkg is repaired the box already runs the former or the new release; after it the new one."""
    box = AptBox(layered)
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
