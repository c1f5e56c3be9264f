"""File names as people read them: for any bytes on disk, unique in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

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
