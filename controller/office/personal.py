"""What belongs to one person or team: a photo for the walls, a victory song of ten seconds for their orders."""

from __future__ import annotations

import re
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
    Unknown,
)
from controller.office.inbox import Inbox, Source, shelve
from controller.office.room import Room
from controller.sound.gate import Gate, Unfit

PHOTO_BYTES = 20_000_000
SONG_BYTES = 20_000_000
HAS_SONG: Final = (FIRST_OF_WEEK, FIRST_OF_DAY, RECORD, BIG)
_PHOTO = re.compile(r"[0-9a-f]{32}")


class PersonalDesk:
    """Thread-safe. Files lie in var/photos and var/songs under names made of their content.

    A file that nobody uses any more stays: a rehearsal shares these folders, and they are small.
    """

    def __init__(self, folder: Path, inbox: Inbox, gate: Gate, room: Room):
        self._photos, self._songs = folder / "photos", folder / "songs"
        self._inbox, self._gate, self._room = inbox, gate, room

    # --- photos

    def set_photo(self, person: int, source: Source) -> str:
        """A person's photo, made small and without its data; its name. Raises Refused."""
        self._known("person", person)
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
        self._room.feed.tell()

    # --- songs

    def set_song(self, whose: str, ident: int, source: Source) -> None:
        """The song of a "person" or a "team": its loudest ten seconds sound after their orders. Raises Refused."""
        self._known(whose, ident)
        name = self._made("song", source, SONG_BYTES, self._songs, ".wav")
        self._room.kept.set(_key(whose, ident), name)
        self._room.feed.tell()

    def remove_song(self, whose: str, ident: int) -> None:
        """Their orders get applause again."""
        self._known(whose, ident)
        self._room.kept.set(_key(whose, ident), None)
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


def _key(whose: str, ident: int) -> str:
    return f"song:{whose}:{ident}"
