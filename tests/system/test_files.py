"""File names as people read them: for any bytes on disk, unique in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.system.atomic_file import make_folder
from controller.system.files import by_readable_name, readable

NAMES = st.binary(min_size=1, max_size=40).filter(lambda raw: b"/" not in raw and b"\0" not in raw)


def test_names_of_other_systems_are_read_correctly() -> None:
    """Chinese Windows writes GBK, a Mac decomposes accents; invisible characters are shown as unreadable."""
    assert readable(os.fsdecode("早安，中国.mp3".encode("gbk"))) == "早安，中国.mp3"
    assert readable("Cafe\u0301.mp3") == "Café.mp3"
    assert readable("\udcff.mp3") == "\ufffd.mp3"
    assert readable("a\x1b[31m\u202eb\nc") == "a\ufffd[31m\ufffdb\ufffdc"


@given(st.lists(NAMES, max_size=6, unique=True))
def test_any_name_can_be_shown_stored_and_found_again(raw: list[bytes]) -> None:
    """Any bytes give text that encodes and prints, and one name for each file."""
    paths = [Path("/music") / os.fsdecode(name) for name in raw if name not in (b".", b"..")]
    found = by_readable_name(paths)
    assert sorted(map(os.fsencode, found.values())) == sorted(map(os.fsencode, paths))
    assert all(name.isprintable() and name.encode() for name in found)


def test_two_files_with_equal_readable_names_keep_them_when_others_go() -> None:
    """The changed name has a suffix that does not depend on other files."""
    utf, gbk = Path("早安.mp3"), Path(os.fsdecode("早安.mp3".encode("gbk")))
    both = by_readable_name([gbk, utf])
    assert both["早安.mp3"] == utf
    (marked,) = set(both) - {"早安.mp3"}
    assert both[marked] == gbk
    assert marked.startswith("早安 #")
    first, second = Path("\udcff.mp3"), Path("\udcfe.mp3")
    names = {path: name for name, path in by_readable_name([first, second]).items()}
    assert by_readable_name([second]) == {names[second]: second}


def test_a_new_folder_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each folder that got a new name is written out: of two new ones, the old one around them and the outer one."""
    written, fsync = list[str](), os.fsync

    def noted(descriptor: int) -> None:
        written.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    inner = tmp_path / "outer" / "inner"
    make_folder(inner, 0o700)
    assert (inner.is_dir(), inner.stat().st_mode & 0o777) == (True, 0o700)
    assert sorted(written) == [str(tmp_path), str(tmp_path / "outer")]
    written.clear()
    make_folder(inner)
    assert written == []


FOLDERS_OF_CACHES = {
    "controller/cities/hub.py", "controller/cli/run.py", "controller/daemon.py", "controller/kiosk.py",
    "controller/simulation/rehearsal.py", "controller/sound/measuring.py", "controller/sound/tts/cache.py",
    "controller/sound/tts/download.py", "controller/sound/tts/install.py", "controller/system/archive.py",
    "controller/system/atomic_file.py", "controller/system/files.py", "controller/system/network.py",
    "controller/system/process.py", "controller/timetable/public_holidays.py", "controller/upgrade/machine.py",
    "controller/upgrade/signature.py", "controller/services/upload_inbox.py",
}  # fmt: skip
"""Sources that make folders of caches, work in progress and what can be had again."""


def test_folders_of_the_offices_data_are_made_by_the_rule() -> None:
    """A module that makes a folder by itself has nothing in it that a power cut may not take."""
    root = Path(__file__).parents[2]
    makers = {
        str(path.relative_to(root))
        for part in ("controller", "signage")
        for path in (root / part).rglob("*.py")
        if ".mkdir(" in path.read_text(encoding="utf-8")
    }
    assert makers <= FOLDERS_OF_CACHES
