"""The music: playlists are folders under sounds/music; the day gives the order, the clock the place in it."""

from __future__ import annotations

import datetime
import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from controller.sound.catalogue import Catalogue, Facts
from controller.sound.device.protocol import Track

MUSIC_LUFS = -23.0
FORMATS = frozenset({".ogg", ".oga", ".mp3", ".flac", ".wav", ".opus"})
FOREIGN = frozenset({".m4a", ".aac", ".wma", ".ape", ".aiff", ".amr", ".mp4", ".mid", ".midi"})
"""What people take for music but the player cannot play: told, not silently passed over."""
UNMEASURED_DB = -10.0
"""Gain until the loudness is known: pop music is mastered at −9 to −14 LUFS and must not startle."""
QUIET_LUFS = -27.0
"""From here on a track is told as too quiet: the player can only make softer."""
PEEK_S = 0.7


def playlists(home: Path) -> tuple[str, ...]:
    """Names of the folders under HOME/sounds/music, sorted."""
    root = home / "sounds" / "music"
    try:
        return tuple(sorted(path.name for path in root.iterdir() if path.is_dir() and path.name[0] != "."))
    except OSError:
        return ()


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
    """The music under `home`; what it measures is kept in `cache`. Thread-safe.

    A file that cannot be played is left out and named by `problems`. `lufs`: how loud all music sounds.
    """

    def __init__(self, home: Path, cache: Path) -> None:
        self._home = home
        self._root = home / "sounds" / "music"
        self._catalogue = Catalogue(cache / "library.json", home / "sounds" / "index.json", home / "sounds")
        self._lock = threading.Lock()
        self._missing: dict[str, str] = {}
        self.lufs = MUSIC_LUFS

    def playlists(self) -> tuple[str, ...]:
        """Names of the playlists there are."""
        return playlists(self._home)

    def tracks(self, playlist: str, date: datetime.date) -> tuple[Track, ...]:
        """The playable files of a playlist in the day's order; all once, then the player begins again.

        Empty when there is none, with the reason in `problems`. At the first sight of new files it waits up
        to a second for their headers; their loudness is measured in the background and counts from the next
        call.
        """
        files = self._files(playlist)
        self._catalogue.peek(files.values(), PEEK_S)
        self._catalogue.measure(files.values())
        found = {name: track for name, path in files.items() if (track := self._track(path)) is not None}
        return tuple(found[name] for name in shuffled(sorted(found), playlist, date))

    def measure_all(self) -> None:
        """Begins to measure whatever is new in any playlist."""
        for playlist in self.playlists():
            self._catalogue.measure(self._files(playlist).values())

    def measuring(self) -> bool:
        """Whether measuring is going on."""
        return self._catalogue.busy()

    def facts(self, path: Path) -> Facts | None:
        """What is known of a file of a playlist; None while nobody has looked into it."""
        return self._known(path)

    def problems(self) -> tuple[str, ...]:
        """What a person should mend, one Chinese sentence each: what, and what happens meanwhile."""
        told: list[str] = []
        names = self.playlists()
        with self._lock:
            told += [sentence for name, sentence in sorted(self._missing.items()) if name not in names]
        for playlist in names:
            told += self._problems_of(playlist)
        return tuple(told)

    def forget_missing(self) -> None:
        """Another timetable asks for other playlists: what the old one asked in vain is told no more."""
        with self._lock:
            self._missing.clear()

    def close(self) -> None:
        """Ends the measuring."""
        self._catalogue.close()

    def _files(self, playlist: str) -> dict[str, Path]:
        """Files that look like music, by name; whether they are shows later."""
        sentence = self._fault_of_folder(playlist)
        with self._lock:
            if sentence is not None:
                self._missing[playlist] = sentence
                return {}
            self._missing.pop(playlist, None)
        listed = (entry for entry in (self._root / playlist).iterdir() if entry.suffix.lower() in FORMATS)
        return {path.name: path for path in listed if self._fault_of_entry(path) is None}

    def _fault_of_folder(self, playlist: str) -> str | None:
        if playlist not in self.playlists():  # so no name can lead out of the folder
            return f"没有歌单“{playlist}”：请建文件夹 sounds/music/{playlist} 并放入音乐，这段时间没有音乐。"
        if not os.access(self._root / playlist, os.R_OK | os.X_OK):
            return f"歌单“{playlist}”的文件夹没有读取权限，这段时间没有音乐。"
        return None

    def _fault_of_entry(self, path: Path) -> str | None:
        """Why a file is not even looked into, None when it is."""
        if path.name.startswith("."):
            return "隐藏文件"
        if not path.resolve().is_relative_to(self._root.resolve()):
            return "它指向音乐文件夹之外"
        if not path.is_file():
            return "它不是文件，或者指向的文件不见了"
        if not os.access(path, os.R_OK):
            return "没有读取权限"
        return "文件是空的" if path.stat().st_size == 0 else None

    def _track(self, path: Path) -> Track | None:
        facts = self._known(path)
        if facts is None or facts.fault is not None or facts.duration_s <= 0:
            return None
        gain = UNMEASURED_DB if facts.lufs is None else min(0.0, self.lufs - facts.lufs)
        return Track(path, gain, facts.duration_s)

    def _known(self, path: Path) -> Facts | None:
        try:
            return self._catalogue.known(path)
        except OSError:  # deleted this moment
            return None

    def _problems_of(self, playlist: str) -> list[str]:
        fault = self._fault_of_folder(playlist)
        if fault is not None:
            return [fault]
        entries = [path for path in sorted((self._root / playlist).iterdir()) if path.name[0] != "."]
        told = [sentence for path in entries if (sentence := self._problem_of(path)) is not None]
        if not any(path.suffix.lower() in FORMATS for path in entries):
            told.append(f"歌单“{playlist}”是空的：请放入 mp3、ogg、opus、flac 或 wav 文件。")
        return told

    def _problem_of(self, path: Path) -> str | None:
        name = f"{path.parent.name}/{path.name}"
        if path.suffix.lower() in FOREIGN:
            return f"音乐“{name}”放不了：请转成 mp3、ogg、opus、flac 或 wav，现在跳过它。"
        if path.suffix.lower() not in FORMATS:
            return None
        facts = self._known(path) if (fault := self._fault_of_entry(path)) is None else None
        fault = fault or (facts.fault if facts else None)
        if fault is not None:
            return f"音乐“{name}”放不了：{fault}，现在跳过它。"
        if facts is not None and facts.lufs is not None and facts.lufs < QUIET_LUFS:
            return f"音乐“{name}”太轻（{facts.lufs:.0f} LUFS），程序只能调轻不能调响，请换一个响一些的文件。"
        return None
