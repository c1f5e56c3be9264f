"""What belongs to one person or team: a photo for the walls, a victory song of ten seconds for their orders."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path
from typing import Final

from controller.book.model import (
    BIG,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    RECORD,
    Announcement,
    Deal,
    Refused,
    StoreTrouble,
    Unknown,
)
from controller.office.inbox import Inbox, Source, shelve
from controller.office.room import Room
from controller.sound.gate import Gate, Unfit

PHOTO_BYTES = 20_000_000
SONG_BYTES = 20_000_000
SONG_STAYS_S = 3600.0
HAS_SONG: Final = (FIRST_OF_WEEK, FIRST_OF_DAY, RECORD, BIG)
_PHOTO = re.compile(r"[0-9a-f]{32}")


class PersonalDesk:
    """Thread-safe. Files lie in var/photos and var/songs under names made of their content.

    A file that nobody uses any more is deleted, a song an hour later: it may still wait to be played. In a rehearsal,
    which shares these folders, nothing is.
    """

    def __init__(self, folder: Path, inbox: Inbox, gate: Gate, room: Room):
        self._photos, self._songs = folder / "photos", folder / "songs"
        self._inbox, self._gate, self._room = inbox, gate, room
        self._turn = threading.RLock()  # no file is thrown away between its making and its being written down
        self._sweep()

    def _sweep(self) -> None:
        """Deletes the photos and songs that nobody uses."""
        with self._turn:
            try:
                with self._room.store.read() as book:
                    people, teams = book.roster.everybody(), book.roster.every_team()
            except StoreTrouble:
                return
            photos = {f"{person.photo}.jpg" for person in people if person.photo}
            keys = [_key("person", row.id) for row in people] + [_key("team", row.id) for row in teams]
            songs = {str(self._room.kept.get(key)) for key in keys}
            _thin(self._photos, photos, 0.0)
            _thin(self._songs, songs, SONG_STAYS_S)

    # --- photos

    def set_photo(self, person: int, source: Source) -> str:
        """A person's photo, made small and without its data; its name. Raises Refused."""
        self._known("person", person)
        with self._turn:
            name = self._made("picture", source, PHOTO_BYTES, self._photos, ".jpg").removesuffix(".jpg")
            self._write_photo(person, name)
        return name

    def remove_photo(self, person: int) -> None:
        """The walls show the name's first character again."""
        self._known("person", person)
        self._write_photo(person, None)

    def photo(self, name: str) -> Path | None:
        """The JPEG of that name, None when there is none."""
        path = self._photos / f"{name}.jpg"
        return path if _PHOTO.fullmatch(name) and path.is_file() else None

    def _write_photo(self, person: int, name: str | None) -> None:
        with self._room.store.write() as book:
            book.roster.set_photo(person, name)
        self._sweep()
        self._room.feed.tell()

    # --- songs

    def set_song(self, whose: str, ident: int, source: Source) -> None:
        """The song of a "person" or a "team": its loudest ten seconds sound after their orders. Raises Refused."""
        self._known(whose, ident)
        with self._turn:
            name = self._made("song", source, SONG_BYTES, self._songs, ".wav")
            self._room.kept.set(_key(whose, ident), name)
            self._sweep()
        self._room.feed.tell()

    def remove_song(self, whose: str, ident: int) -> None:
        """Their orders get applause again."""
        self._known(whose, ident)
        self._room.kept.set(_key(whose, ident), None)
        self._sweep()
        self._room.feed.tell()

    def song(self, whose: str, ident: int) -> Path | None:
        """The WAV of a person's or a team's song, None when there is none."""
        name = self._room.kept.get(_key(whose, ident))
        path = self._songs / str(name) if name else None
        return path if path is not None and path.is_file() else None

    def song_of(self, announcement: Announcement, unsent: Deal | None = None) -> Path | None:
        """What sounds instead of applause after an order that is told alone: the person's song, else the team's.

        `unsent`: that order, when it is not in the book yet.
        """
        if announcement.kind not in HAS_SONG:
            return None
        deal = unsent or self._only_deal(announcement)
        if deal is None:
            return None
        return self.song("person", deal.person_id) or self.song("team", deal.team_id)

    def _only_deal(self, announcement: Announcement) -> Deal | None:
        if len(announcement.deals) != 1:
            return None
        with self._room.store.read() as book:
            return next(iter(book.deals.of_ids(announcement.deals)), None)

    # --- both

    def _made(self, what: str, source: Source, most: int, folder: Path, suffix: str) -> str:
        with self._inbox.keep(source, most) as file:
            made = self._inbox.work()
            try:
                self._gate.pass_through(what, file, made)
                return shelve(made, folder, suffix)
            except Unfit as why:
                raise Refused(why.sentence, "file") from why
            finally:
                made.unlink(missing_ok=True)

    def _known(self, whose: str, ident: int) -> None:
        with self._room.store.read() as book:
            rows = book.roster.people() if whose == "person" else book.roster.teams()
        if not any(row.id == ident for row in rows):
            raise Unknown(f"没有编号为 {ident} 的{'人' if whose == 'person' else '团队'}。", whose)


def _thin(folder: Path, used: set[str], stays_s: float) -> None:
    """Deletes what is not used and older than that; not in a folder that belongs to another office."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for file in folder.iterdir():
        with contextlib.suppress(OSError):
            if file.name not in used and time.time() - file.stat().st_mtime >= stays_s:
                file.unlink()


def _key(whose: str, ident: int) -> str:
    return f"song:{whose}:{ident}"
