"""Music that people bring: looked at, named safely, put into a playlist's folder; listed and deleted there."""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.book.model import Refused, StoreFull
from controller.machine.reasons import reason
from controller.office.inbox import Inbox, Source
from controller.office.room import Room
from controller.sound.gate import Gate, Unfit
from controller.sound.library import Library

MOST_BYTES = 50_000_000
MOST_TRACKS = 300
LONGEST_NAME = 60
RESERVE = 200_000_000
"""Bytes that stay free on the disk: the book comes first."""
_UNSAFE = re.compile(r"[^\w \-（）()《》·，、'&+!！]+")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a playlist. `seconds`: None while nobody has looked into it; `fault`: why it is passed over."""

    playlist: str
    file: str
    seconds: float | None
    fault: str | None


class TrackDesk:
    """Thread-safe. `sounds`: the folder with music/; in a rehearsal it is the office's own and is not changed."""

    def __init__(self, sounds: Path, inbox: Inbox, gate: Gate, library: Library, room: Room):
        self._sounds, self._inbox, self._gate = sounds, inbox, gate
        self._library, self._room = library, room
        self._lock = threading.Lock()
        self.changed: Callable[[], None] = lambda: None
        if not sounds.is_symlink():
            for left in (sounds / "music").glob("*/.*.part"):  # a power cut while a track was being copied
                with contextlib.suppress(OSError):
                    left.unlink()

    def all(self) -> tuple[Listed, ...]:
        """Every file of every playlist, also those that cannot be played."""
        return tuple(row for playlist in self._library.playlists() for row in self._listed(playlist))

    def _listed(self, playlist: str) -> list[Listed]:
        found = []
        for name, path in self._library.files(playlist).items():
            facts, fault = self._library.facts(path), self._library.fault(path)
            seconds = facts.duration_s if facts and fault is None else None
            found.append(Listed(playlist, name, seconds, fault))
        return found

    def add(self, playlist: str, name: str, source: Source) -> Listed:
        """Takes a track in; if its playlist is on, right behind the present track. Raises Refused, naming the file."""
        self._folder(playlist)
        with self._inbox.keep(source, MOST_BYTES) as file:
            made = self._inbox.work()
            try:
                done = self._gate.pass_through("track", file, made, name)
                path = self._placed(made, playlist, safe_name(name), str(done["suffix"]))
            except Unfit as why:
                raise Refused(f"“{shown(name)}”没有收下：{why.sentence}", "file") from why
            except OSError as error:
                raise StoreFull(f"“{shown(name)}”存不下（{reason(error)}），请清理磁盘空间。") from error
            finally:
                made.unlink(missing_ok=True)
        self._library.tracks(
            playlist, self._room.clock.now().date()
        )  # reads its header now, measures it soon
        self.changed()
        self._room.feed.tell()
        return Listed(playlist, path.name, float(done["duration_s"]), None)

    def _placed(self, made: Path, playlist: str, stem: str, suffix: str) -> Path:
        folder = self._folder(playlist)
        if shutil.disk_usage(folder).free < RESERVE + made.stat().st_size:
            raise Unfit("磁盘快满了，请先删掉一些。")
        with self._lock:
            if len(self._library.files(playlist)) >= MOST_TRACKS:
                raise Unfit(f"一个歌单最多 {MOST_TRACKS} 首，请先删掉一些。")
            path, number = folder / f"{stem}{suffix}", 1
            while path.exists():
                number += 1
                path = folder / f"{stem} {number}{suffix}"
            part = folder / f".{made.name}.part"  # var/ may lie on another disk
            try:
                shutil.copyfile(made, part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        return path

    def remove(self, playlist: str, file: str) -> None:
        """Deletes a track; when it is playing it plays to its end. Raises Refused."""
        self._folder(playlist)
        path = self._library.files(playlist).get(file)  # so no name can lead out of the folder
        if path is None:
            raise Refused(f"歌单“{shown(playlist)}”里没有“{shown(file)}”。", "file")
        try:
            path.unlink()
        except OSError as error:
            raise Refused(f"“{shown(file)}”删不掉（{reason(error)}）。", "file") from error
        self.changed()
        self._room.feed.tell()

    def _folder(self, playlist: str) -> Path:
        if self._sounds.is_symlink():
            raise Refused("现在是彩排，音乐文件不能改。")
        names = self._library.playlists()
        if playlist not in names:
            known = "、".join(names) or "无"
            raise Refused(f"没有叫“{shown(playlist)}”的歌单，现有：{known}。", "playlist")
        folder = self._library.folder(playlist)
        if folder is None:
            raise Refused(f"歌单“{playlist}”是指向别处的链接，不能往里加歌，也不能从里面删歌。", "playlist")
        return folder


def safe_name(name: str) -> str:
    """A file's stem made of the letters, digits and few signs of what a person's phone called it."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = last.rsplit(".", 1)[0] if "." in last[1:] else last
    clean = " ".join(_UNSAFE.sub(" ", stem).split()).strip("-' ")[:LONGEST_NAME].strip()
    return clean or "音乐"


def shown(name: str) -> str:
    """A name from outside inside a sentence: short, without signs that vanish or turn the text."""
    return "".join(letter for letter in name if letter.isprintable())[:LONGEST_NAME]
