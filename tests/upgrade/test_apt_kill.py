"""A power cut in the middle of `apt install`: the next start runs a whole release, and dpkg repairs the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.upgrade.apt_box import AptBox, NoLayer

SAMPLES = 3
"""Number of kills in the short form; `python -m tests.bench aptkill` has more."""
needs = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("strace", "dpkg", "dpkg-deb"))),
    reason="needs root, to mount a layer, strace and dpkg",
)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[AptBox]:
    """Return a box; skip where a container may not mount a layer over its own system."""
    try:
        made = AptBox(tmp_path)
    except NoLayer as why:
        pytest.skip(f"no layer can be mounted here: {why}")
    yield made
    made.close()


@needs
def test_a_kill_in_the_middle_of_apt_leaves_a_working_box(box: AptBox) -> None:
    """Before dpkg is repaired the box already runs the former or the new release; after it the new one."""
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


@needs
def test_without_a_layer_nothing_stays_mounted(tmp_path: Path) -> None:
    """A comma in the folder's name ends the option of mount: one error, and what was mounted before is gone."""
    with pytest.raises(NoLayer, match="a,b"):
        AptBox(tmp_path / "a,b")
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
