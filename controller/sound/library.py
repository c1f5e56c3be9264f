"""The music: playlists are folders under sounds/music; the day gives the order, the clock the place in it."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from controller.sound.file_kinds import BESIDE_MUSIC, by_name
from controller.sound.measuring import Catalogue, Facts
from controller.sound.player.protocol import Track
from controller.system.filenames import by_readable_name

MUSIC_LUFS = -23.0
UNMEASURED_DB = -10.0
"""Gain until the loudness is known: pop music is mastered at −9 to −14 LUFS and must not startle."""
QUIET_LUFS = -27.0
"""From here on a track is told as too quiet: the player can only make softer."""
PEEK_S = 0.7
UNPLAYABLE = "播放程序打不开它，请换一个文件"


def playlists(home: Path) -> tuple[str, ...]:
    """Readable names of the folders under HOME/sounds/music, sorted."""
    return tuple(_folders(home))


def _folders(home: Path) -> dict[str, Path]:
    """The folders under HOME/sounds/music by readable names, sorted."""
    root = home / "sounds" / "music"
    try:
        return by_readable_name(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    except OSError:
        return {}


def looks_like_music(name: str) -> bool:
    """Whether a file in a playlist's folder is looked into; covers, lyrics and hidden files are not."""
    return name[0] != "." and Path(name).suffix.lower() not in BESIDE_MUSIC


def shuffled(names: Sequence[str], playlist: str, date: datetime.date) -> list[str]:
    """The day's order, the same for the same names, playlist and date, in every process and on every machine.

    Each day another piece opens until all have; the others follow shuffled.
    """
    if not names:
        return []
    opening = _by_lot(names, playlist)[date.toordinal() % len(names)]
    others = [name for name in names if name != opening]
    return [opening, *_by_lot(others, f"{playlist} {date.isoformat()}")]


def _by_lot(names: Sequence[str], seed: str) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}|{name}".encode()).digest())


class Library:
    """The music under `home`; what it measures and makes is kept in `cache`. Thread-safe.

    Playlists and files go by readable names, whatever bytes their names have on the disk. A file that cannot be
    played is left out and named by `problems`.
    """

    def __init__(self, home: Path, cache: Path) -> None:
        self._home = home
        self._root = home / "sounds" / "music"
        self._sounds = home / "sounds"
        self._listeners: list[Callable[[Path], None]] = []
        self._catalogue = Catalogue(
            cache / "library.json", home / "sounds" / "index.json", home / "sounds", self._changed
        )
        self._lock = threading.Lock()
        self._missing: dict[str, str] = {}
        self._lufs = MUSIC_LUFS

    def set_loudness(self, lufs: float) -> None:
        """How loud all music sounds from the next `tracks` on."""
        self._lufs = lufs

    def listen(self, listener: Callable[[Path], None]) -> None:
        """Calls `listener` with a file, from a thread of the library's, whenever more is known of that file."""
        self._listeners.append(listener)

    def _changed(self, path: Path) -> None:
        for listener in self._listeners:
            listener(path)

    def failed(self, path: Path) -> None:
        """The player could not play this file that it was given: what it holds is made into something it can.

        Where that has been done before, or the file is no music, it is told as faulty. A file that is away is not.
        """
        with contextlib.suppress(OSError):
            if path.parent in (self._catalogue.made, self._sounds):
                self._catalogue.blame(path, UNPLAYABLE)
            elif path.is_file():
                self._catalogue.distrust(path)

    def playable(self, path: Path) -> Path | None:
        """What to play of a sound of announcements: the file, what was made of it, or None when it is faulty."""
        facts = self._known(path)
        if self._fault_of_entry(path) is not None or (facts is not None and facts.fault is not None):
            return None
        return path if facts is None or facts.made is None else self._catalogue.made / facts.made

    def playlists(self) -> tuple[str, ...]:
        """Names of the playlists there are."""
        return playlists(self._home)

    def folder(self, playlist: str) -> Path | None:
        """Where a playlist's files lie; None when there is none of that name, or it lies outside sounds/music."""
        path = _folders(self._home).get(playlist)
        return path if path is not None and self._inside(path) else None

    def files(self, playlist: str) -> dict[str, Path]:
        """Whatever lies in a playlist's folder and is taken for music, by readable name, playable or not."""
        return {name: path for name, path in self._entries(playlist).items() if not path.is_dir()}

    def _entries(self, playlist: str) -> dict[str, Path]:
        folder = self.folder(playlist)
        try:
            listed = [] if folder is None else [p for p in folder.iterdir() if looks_like_music(p.name)]
        except OSError:
            listed = []
        return by_readable_name(listed)

    def tracks(self, playlist: str, date: datetime.date) -> tuple[Track, ...]:
        """The playable files of a playlist in the day's order; all once, then the player begins again.

        Empty when there is none, with the reason in `problems`. At the first sight of new files it waits up
        to a second for their headers; their loudness is measured in the background and counts from the next
        call.
        """
        files = self._readable_files(playlist)
        self._catalogue.peek(files.values(), PEEK_S)
        self._catalogue.measure(files.values())
        found = {
            name: track for name, path in files.items() if (track := self._track(name, path)) is not None
        }
        return tuple(found[name] for name in shuffled(sorted(found), playlist, date))

    def measure_all(self) -> None:
        """Begins to measure whatever is new in any playlist, and the sounds of announcements."""
        self._catalogue.measure(self._everything())

    def sweep(self) -> None:
        """Throws away what was made of files that are gone. For the one process that plays them."""
        self._catalogue.sweep(self._everything())

    def _everything(self) -> list[Path]:
        lists = [self._readable_files(playlist).values() for playlist in self.playlists()]
        return [*(path for files in lists for path in files), *self._effects()]

    def measuring(self) -> bool:
        """Whether measuring is going on."""
        return self._catalogue.busy()

    def facts(self, path: Path) -> Facts | None:
        """What is known of a file; None while nobody has looked into it."""
        return self._known(path)

    def fault(self, path: Path) -> str | None:
        """Why a file of a playlist is passed over, None when it is played or nobody has looked into it."""
        known = self._known(path) if (fault := self._fault_of_entry(path)) is None else None
        if known is not None and known.made is not None:
            made = self._known(self._catalogue.made / known.made)
            fault = made.fault if made else None
        told = known.fault if known else None
        return fault or (told and (by_name(path.name) or told))

    def problems(self) -> tuple[str, ...]:
        """What a person should mend, one Chinese sentence each: what, and what happens meanwhile."""
        told: list[str] = []
        names = self.playlists()
        with self._lock:
            told += [sentence for name, sentence in sorted(self._missing.items()) if name not in names]
        for playlist in names:
            told += self._problems_of(playlist)
        return tuple(told)

    def broken_effects(self) -> dict[str, str]:
        """Sounds of announcements (chime, applause) that cannot be played: file name and why."""
        found = {path.name: self.fault(path) for path in self._effects()}
        return {name: fault for name, fault in found.items() if fault is not None}

    def _effects(self) -> list[Path]:
        return sorted(self._sounds.glob("*.ogg"))

    def forget_missing(self) -> None:
        """Another timetable asks for other playlists: what the old one asked in vain is told no more."""
        with self._lock:
            self._missing.clear()

    def close(self) -> None:
        """Ends the measuring."""
        self._catalogue.close()

    def _readable_files(self, playlist: str) -> dict[str, Path]:
        """Files that look like music, by name; whether they are shows later."""
        sentence = self._fault_of_folder(playlist)
        with self._lock:
            if sentence is not None:
                self._missing[playlist] = sentence
                return {}
            self._missing.pop(playlist, None)
        return {n: path for n, path in self.files(playlist).items() if self._fault_of_entry(path) is None}

    def _fault_of_folder(self, playlist: str) -> str | None:
        path = _folders(self._home).get(playlist)  # so no name can lead out of the folder
        if path is None:
            return f"没有歌单“{playlist}”：请建文件夹 sounds/music/{playlist} 并放入音乐，这段时间没有音乐。"
        if not self._inside(path):
            return (
                f"歌单“{playlist}”是指向音乐文件夹之外的链接，不能用："
                "请把音乐复制到 sounds/music 里，这段时间没有音乐。"
            )
        if not os.access(path, os.R_OK | os.X_OK):
            return f"歌单“{playlist}”的文件夹没有读取权限，请改好权限，这段时间没有音乐。"
        return None

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._root.resolve())

    def _fault_of_entry(self, path: Path) -> str | None:
        """Why a file is not even looked into, None when it is."""
        if path.parent != self._sounds and not self._inside(path):
            return "它指向音乐文件夹之外，请把文件本身复制进来"
        if path.is_dir():
            return "它是子文件夹，请把里面的歌直接放进歌单的文件夹"
        if not path.is_file():
            return "它不是文件，或者指向的文件不见了"
        if not os.access(path, os.R_OK):
            return "没有读取权限，请改好权限"
        return "文件是空的，请重新复制" if path.stat().st_size == 0 else None

    def _track(self, name: str, path: Path) -> Track | None:
        facts = self._known(path)
        if facts is None or facts.fault is not None or facts.duration_s <= 0:
            return None
        gain = UNMEASURED_DB if facts.lufs is None else min(0.0, self._lufs - facts.lufs)
        played = path if facts.made is None else self._catalogue.made / facts.made
        if played is not path and (made := self._known(played)) is not None and made.fault is not None:
            return None
        return Track(played, gain, facts.duration_s, name, facts.lufs is None)

    def _known(self, path: Path) -> Facts | None:
        try:
            return self._catalogue.known(path)
        except OSError:  # deleted this moment
            return None

    def _problems_of(self, playlist: str) -> list[str]:
        fault = self._fault_of_folder(playlist)
        if fault is not None:
            return [fault]
        entries = self._entries(playlist)
        named = [(f"{playlist}/{name}", path) for name, path in entries.items()]
        told = [sentence for name, path in named if (sentence := self._problem_of(name, path)) is not None]
        if all(path.is_dir() for path in entries.values()):
            told.append(f"歌单“{playlist}”是空的：请放入 mp3、m4a、ogg、opus、flac 或 wav 文件。")
        return told

    def _problem_of(self, name: str, path: Path) -> str | None:
        fault = self.fault(path)
        if fault is not None:
            return f"音乐“{name}”放不了：{fault}，现在跳过它。"
        facts = self._known(path)
        if facts is not None and facts.lufs is not None and facts.lufs < QUIET_LUFS:
            return f"音乐“{name}”太轻（{facts.lufs:.0f} LUFS），程序只能调轻不能调响，请换一个响一些的文件。"
        return None
