"""Before a request is answered, the content and the name of its file are on the disk. See docs/soak.md, powercuts."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House
from soundmade import encoded, picture, tone

from controller.services.upgrades import Upgrades
from controller.system import atomic_file
from controller.system.paths import Home
from controller.upgrade import mailbox
from tests.upgrade.box import Box

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)


class Flushed:
    """Every flush of a file or folder, beside the real one: which, and how the file was then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: set[tuple[int, int, int]] = set()
        self.folders: list[tuple[int, set[str]]] = []
        real: Callable[[int], None] = os.fsync

        def fsync(file: int) -> None:
            real(file)
            state = os.fstat(file)
            self.files.add((state.st_ino, state.st_size, state.st_mtime_ns))
            name = Path(f"/proc/self/fd/{file}").readlink()
            if name.is_dir():
                self.folders.append((state.st_ino, {path.name for path in name.iterdir()}))

        monkeypatch.setattr(os, "fsync", fsync)

    def has(self, path: Path) -> bool:
        """Return whether the present content of the file, and its name, have reached the disk."""
        state = path.stat()
        inside = path.parent.stat().st_ino
        named = any(folder == inside and path.name in names for folder, names in self.folders)
        return named and (state.st_ino, state.st_size, state.st_mtime_ns) in self.files


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> Flushed:
    return Flushed(monkeypatch)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    """An office whose music is its own: uploads must not land in the checkout."""
    home = tmp_path / "home"
    (home / "sounds" / "music" / "morning").mkdir(parents=True)
    made = House(tmp_path / "data", TUESDAY, home=home)
    try:
        yield made
    finally:
        made.close()


def sound() -> io.BytesIO:
    return io.BytesIO(encoded(tone(3), "ogg"))


def test_every_upload_is_on_the_disk_when_it_is_answered(office: House, flushed: Flushed) -> None:
    """A song of a playlist, a photo, a person's song and a recording."""
    media, var = office.office.media, office.folder / "var"
    office.deal("王小明", 3000)
    photo = media.profiles.photo(media.profiles.set_photo(1, io.BytesIO(picture(300, 300))))
    media.profiles.set_song("person", 1, sound())
    song = media.profiles.song("person", 1)
    clip, _ = media.take_clip(sound())
    track = media.tracks.add("morning", "歌.ogg", sound())
    assert song
    assert photo
    for path in (
        photo, song, var / "clips" / f"{clip}.wav",
        office.home / "sounds" / "music" / "morning" / track.file,
    ):  # fmt: skip
        assert flushed.has(path), path


def test_a_package_is_on_the_disk_before_its_request(tmp_path: Path, flushed: Flushed) -> None:
    """Otherwise a power cut leaves a request for a package that is empty."""
    box = Box(tmp_path)
    try:
        Upgrades(Home(box.place.data), box.place).upgrade(io.BytesIO(box.package("2.0").read_bytes()))
        folder = mailbox.box(box.place.data)
        assert flushed.has(folder / mailbox.PACKAGE)
        assert flushed.has(folder / mailbox.REQUEST)
    finally:
        box.close()


def test_a_backup_is_on_the_disk_when_it_is_listed(office: House, flushed: Flushed) -> None:
    """The archive and the copy of a song beside it."""
    song = office.folder / "var" / "songs" / "1.ogg"
    song.parent.mkdir(parents=True, exist_ok=True)
    song.write_bytes(b"song" * 100)
    office.office.backups.make()
    made = office.office.backups.all()[0]
    archive = office.office.backups.find(made.name)
    assert flushed.has(archive)
    kept = [path for path in (archive.parent / "media").rglob("*") if path.is_file()]
    assert kept
    assert all(flushed.has(path) for path in kept)


def test_a_replaced_file_is_on_the_disk(tmp_path: Path, flushed: Flushed) -> None:
    """A file that people own, and one that was written beside its place."""
    atomic_file.rewrite(tmp_path / "a", b"1")
    (tmp_path / "part").write_bytes(b"2")
    atomic_file.publish(tmp_path / "part", tmp_path / "b")
    assert flushed.has(tmp_path / "a")
    assert flushed.has(tmp_path / "b")
    assert not flushed.has(Path(__file__))
