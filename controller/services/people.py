"""People and teams: the roster, photos, songs and readings of names."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from controller.names import tidy_name
from controller.sales.model import (
    BIG,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    RECORD,
    Announcement,
    Conflict,
    Deal,
    Person,
    PersonRow,
    Refused,
    StoreTrouble,
    Team,
    Unknown,
)
from controller.sales.people_merge import birthday_words
from controller.services.context import Context
from controller.services.upload_inbox import Source, UploadInbox, shelve
from controller.sound.mandarin import reading_of, unreadable
from controller.sound.upload_sandbox import UnsupportedFile, UploadSandbox
from controller.system.files import own_files


class PeopleService:
    """Thread-safe."""

    def __init__(self, context: Context, team_renamed: Callable[[str, str], None]):
        self._context, self._team_renamed = context, team_renamed

    def active(self) -> tuple[Person, ...]:
        """Return the active people, team by team."""
        with self._context.store.read() as session:
            return session.people()

    def teams(self) -> tuple[Team, ...]:
        """Return the teams, oldest first."""
        with self._context.store.read() as session:
            return session.roster.teams()

    def add(self, row: PersonRow) -> Person:
        """Add a person, also a namesake of one in another team. Raises Refused for a bad name or reading."""
        _checked_reading(row.name, row.say_as)
        with self._context.store.write() as session:
            return session.roster.save_person(replace(row, namesake=True))[0]

    def update(self, ident: int, was: Mapping[str, Any] | None = None, **changes: Any) -> Person:
        """Change any of name, team, leader, say_as, birthday, joined, email, hidden, active. Raises Refused.

        `was`: the values that the form showed. Raises Conflict when one of them has been changed meanwhile.
        """
        with self._context.store.write() as session:
            person = session.roster.person(ident)
            if person is None:
                raise Unknown(f"名单里没有编号为 {ident} 的人。", "person")
            _check_unchanged(person, was or {}, changes)
            known = {
                "name": person.name,
                "team": person.team,
                "leader": person.leader,
                "say_as": person.say_as,
            }
            row = PersonRow(**{name: changes.get(name, value) for name, value in known.items()})
            if {"name", "say_as"} & changes.keys():
                _checked_reading(row.name, row.say_as)
            updated = session.roster.rewrite_person(ident, row)
            if {"birthday", "joined"} & changes.keys():
                birthday = changes.get("birthday", person.birthday)
                session.roster.set_dates(ident, birthday, changes.get("joined", person.joined))
            if "email" in changes:
                session.roster.set_email(ident, changes["email"])
            if "hidden" in changes:
                session.roster.set_hidden(ident, bool(changes["hidden"]))
            if changes.get("active") is False:
                session.roster.set_absence(ident, self._context.clock.now().date(), None)
                session.roster.remove_person(ident)
                return updated
            return session.roster.person(ident) or updated

    def update_team(self, ident: int, was: Mapping[str, Any] | None = None, **changes: str | None) -> Team:
        """Change name or say_as of a team, and the name on its screens; `was` as in `update`.

        Raises Refused, Conflict, Unknown.
        """
        with self._context.store.write() as session:
            former = next((team for team in session.roster.teams() if team.id == ident), None)
            if former is None:
                raise Unknown(f"没有编号为 {ident} 的团队。", "team")
            _check_unchanged(former, was or {}, changes)
            name = changes.get("name") or former.name
            say_as = changes.get("say_as", former.say_as)
            _checked_reading(name, say_as)
            team = session.roster.rename_team(ident, name, say_as) or former
        self._team_renamed(former.name, team.name)
        return team

    def remove_team(self, ident: int) -> None:
        """Remove an empty team from the roster; its deals stay counted. Raises Conflict or Unknown."""
        with self._context.store.write() as session:
            if not session.roster.remove_team(ident):
                raise Unknown(f"没有编号为 {ident} 的团队。", "team")


def _check_unchanged(one: Person | Team, was: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Raise Conflict when a value is no longer the one that a form showed, and not the one it asks for."""
    for field, before in was.items():
        now = getattr(one, field)
        if now not in (before, changes.get(field)):
            what, present = _LABELS[field], _in_words(birthday_words(now) if field == "birthday" else now)
            raise Conflict(
                f"{one.name}的“{what}”刚才有人改过，现在是“{present}”。您写的还在，要用您写的，请再按一次“保存”。",
                field,
            )


_LABELS: Final = {
    "name": "名称", "team": "团队", "leader": "组长", "say_as": "读音", "birthday": "生日", "joined": "入职日期",
    "email": "邮箱", "hidden": "不在屏幕上显示", "active": "在职",
}  # fmt: skip


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "空" if value in (None, "") else str(value)


def needs_reading(person: Person) -> str | None:
    """Return the sentence that asks for a reading of a name no voice can read; None if it is readable."""
    if person.say_as or not (rare := unreadable(person.name)):
        return None
    return f"{person.name}：语音不认识“{'、'.join(rare)}”，播报时可能漏字，请填读音。"


def _checked_reading(name: str, say_as: object) -> None:
    if say_as:
        try:
            reading_of(tidy_name(name), str(say_as))
        except ValueError as fault:
            raise Refused(str(fault), "say_as") from fault


# --- Photos and songs

PHOTO_BYTES = 20_000_000
SONG_BYTES = 20_000_000
SONG_STAYS_S = 3600.0
HAS_SONG: Final = (FIRST_OF_WEEK, FIRST_OF_DAY, RECORD, BIG)
_PHOTO = re.compile(r"[0-9a-f]{32}")


class ProfileMedia:
    """Thread-safe. Files are stored in var/photos and var/songs under a hash of their content.

    An unused file is deleted, a song an hour later because it may still wait to be played. A rehearsal, which shares
    these folders, deletes nothing.
    """

    def __init__(self, folder: Path, inbox: UploadInbox, sandbox: UploadSandbox, context: Context):
        self._photos, self._songs = folder / "photos", folder / "songs"
        self._inbox, self._sandbox, self._context = inbox, sandbox, context
        self._turn = threading.RLock()  # no file is deleted between its creation and its storing
        self._sweep()

    def _sweep(self) -> None:
        """Delete unused photos and songs."""
        with self._turn:
            try:
                with self._context.store.read() as session:
                    people, teams = session.roster.everybody(), session.roster.every_team()
            except StoreTrouble:
                return
            photos = {f"{person.photo}.jpg" for person in people if person.photo}
            keys = [_key("person", row.id) for row in people] + [_key("team", row.id) for row in teams]
            songs = {str(self._context.preferences.get(key)) for key in keys}
            _thin(self._photos, photos, 0.0)
            _thin(self._songs, songs, SONG_STAYS_S)

    # --- photos

    def set_photo(self, person: int, source: Source) -> str:
        """Set a person's photo, made small and without metadata; return its name. Raises Refused."""
        self._known("person", person)
        with self._turn:
            name = self._made("picture", source, PHOTO_BYTES, self._photos, ".jpg").removesuffix(".jpg")
            self._write_photo(person, name)
        return name

    def remove_photo(self, person: int) -> None:
        """Remove a person's photo; walls show the name's first character again."""
        self._known("person", person)
        self._write_photo(person, None)

    def photo(self, name: str) -> Path | None:
        """Return the JPEG of that name, None when there is none."""
        path = self._photos / f"{name}.jpg"
        return path if _PHOTO.fullmatch(name) and path.is_file() else None

    def _write_photo(self, person: int, name: str | None) -> None:
        with self._context.store.write() as session:
            session.roster.set_photo(person, name)
        self._sweep()

    # --- songs

    def set_song(self, whose: str, ident: int, source: Source) -> None:
        """Set the song of a "person" or a "team": its loudest ten seconds play after their deals. Raises Refused."""
        self._known(whose, ident)
        with self._turn:
            name = self._made("song", source, SONG_BYTES, self._songs, ".wav")
            self._context.preferences.set(_key(whose, ident), name)
            self._sweep()

    def remove_song(self, whose: str, ident: int) -> None:
        """Remove the song; the deals get applause again."""
        self._known(whose, ident)
        self._context.preferences.set(_key(whose, ident), None)
        self._sweep()

    def song(self, whose: str, ident: int) -> Path | None:
        """Return the WAV of a person's or a team's song, None when there is none."""
        name = self._context.preferences.get(_key(whose, ident))
        path = self._songs / str(name) if name else None
        return path if path is not None and path.is_file() else None

    def songs(self, whose: str) -> tuple[int, ...]:
        """Return the ids of the people ("person") or teams ("team") with a song: one query, not one for each."""
        start = _key(whose, "")
        with self._context.store.read() as session:
            idents = [name.removeprefix(start) for name in session.settings.names(start)]
        return tuple(int(ident) for ident in idents if ident.isdecimal() and self.song(whose, int(ident)))

    def song_of(self, announcement: Announcement, unsent: Deal | None = None) -> Path | None:
        """Return the song that replaces applause after a single deal: the person's, else the team's.

        `unsent`: that deal, if it is not in the store yet.
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
        with self._context.store.read() as session:
            return next(iter(session.deals.of_ids(announcement.deals)), None)

    # --- both

    def _made(self, what: str, source: Source, most: int, folder: Path, suffix: str) -> str:
        with self._inbox.keep(source, most) as file:
            made = self._inbox.work()
            try:
                self._sandbox.process(what, file, made)
                return shelve(made, folder, suffix)
            except UnsupportedFile as why:
                raise Refused(why.sentence, "file") from why
            finally:
                made.unlink(missing_ok=True)

    def _known(self, whose: str, ident: int) -> None:
        with self._context.store.read() as session:
            rows = session.roster.people() if whose == "person" else session.roster.teams()
        if not any(row.id == ident for row in rows):
            raise Unknown(f"没有编号为 {ident} 的{'人' if whose == 'person' else '团队'}。", whose)


def _thin(folder: Path, used: set[str], stays_s: float) -> None:
    """Delete unused files older than `stays_s` seconds; not in a linked folder, which belongs to another office."""
    for file in own_files(folder):
        with contextlib.suppress(OSError):
            if file.name not in used and time.time() - file.stat().st_mtime >= stays_s:
                file.unlink()


def _key(whose: str, ident: int | str) -> str:
    return f"song:{whose}:{ident}"
