"""The music: playlists are folders under sounds/music; the date decides the sequence, the clock the position."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from controller.sentences import say
from controller.sound.file_kinds import BESIDE_MUSIC, by_name
from controller.sound.measuring import Catalogue, Facts
from controller.sound.player.protocol import Track
from controller.system.files import by_readable_name
from controller.timetable.model import playlist_name

MUSIC_LUFS = -23.0
UNMEASURED_DB = -10.0
"""Gain until the loudness is measured: pop music is mastered at −9 to −14 LUFS and must not startle."""
QUIET_LUFS = -27.0
"""A track softer than this is reported as too quiet: the player can only lower."""
PEEK_S = 0.7
UNPLAYABLE = "播放程序打不开它，请换一个文件"


def playlists(home: Path) -> tuple[str, ...]:
    """Return the readable names of the folders under HOME/sounds/music, sorted."""
    return tuple(_folders(home))


def _folders(home: Path) -> dict[str, Path]:
    """Return the folders under HOME/sounds/music by readable name, sorted."""
    root = home / "sounds" / "music"
    try:
        return by_readable_name(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    except OSError:
        return {}


def looks_like_music(name: str) -> bool:
    """Return whether a file in a playlist's folder is examined; covers, lyrics and hidden files are not."""
    return name[0] != "." and Path(name).suffix.lower() not in BESIDE_MUSIC


def shuffled(names: Sequence[str], playlist: str, date: datetime.date) -> list[str]:
    """Return the day's order, the same for the same names, playlist and date, in every process and on every machine.

    A different track opens each day until all have; the others follow shuffled.
    """
    if not names:
        return []
    opening = _by_lot(names, playlist)[date.toordinal() % len(names)]
    others = [name for name in names if name != opening]
    return [opening, *_by_lot(others, f"{playlist} {date.isoformat()}")]


def _by_lot(names: Sequence[str], seed: str) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}|{name}".encode()).digest())


class Library:
    """The music under `home`; measurements and conversions are kept in `cache`. Thread-safe.

    Playlists and files are addressed by readable names, whatever bytes their names have on disk. An unplayable file
    is left out and listed by `problems`.
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
        self._title: Callable[[str], str] = playlist_name

    def name_playlists(self, title: Callable[[str], str]) -> None:
        """Set the names that people know the playlists by, for `problems`."""
        self._title = title

    def set_loudness(self, lufs: float) -> None:
        """Set the playback loudness of all music from the next `tracks` on."""
        self._lufs = lufs

    def listen(self, listener: Callable[[Path], None]) -> None:
        """Call `listener` with a file, from one of the library's threads, whenever more is known of it."""
        self._listeners.append(listener)

    def _changed(self, path: Path) -> None:
        for listener in self._listeners:
            listener(path)

    def failed(self, path: Path) -> None:
        """Convert a file that the player could not play.

        If it was converted before, or is not music, it is reported as faulty. A missing file is not.
        """
        with contextlib.suppress(OSError):
            if path.parent in (self._catalogue.made, self._sounds):
                self._catalogue.blame(path, UNPLAYABLE)
            elif path.is_file():
                self._catalogue.distrust(path)

    def playable(self, path: Path) -> Path | None:
        """Return the playable form of an announcement's sound: the file, its conversion, or None when it is faulty."""
        facts = self._known(path)
        if self._fault_of_entry(path) is not None or (facts is not None and facts.fault is not None):
            return None
        return path if facts is None or facts.made is None else self._catalogue.made / facts.made

    def playlists(self) -> tuple[str, ...]:
        """Return the names of the playlists."""
        return playlists(self._home)

    def folder(self, playlist: str) -> Path | None:
        """Return a playlist's folder; None when there is none of that name, or it is outside sounds/music."""
        path = _folders(self._home).get(playlist)
        return path if path is not None and self._inside(path) else None

    def files(self, playlist: str) -> dict[str, Path]:
        """Return the files in a playlist's folder that look like music, by readable name, playable or not."""
        return {name: path for name, path in self._entries(playlist).items() if not path.is_dir()}

    def _entries(self, playlist: str) -> dict[str, Path]:
        folder = self.folder(playlist)
        try:
            listed = [] if folder is None else [p for p in folder.iterdir() if looks_like_music(p.name)]
        except OSError:
            listed = []
        return by_readable_name(listed)

    def tracks(self, playlist: str, date: datetime.date) -> tuple[Track, ...]:
        """Return the playable files of a playlist in the day's order; the player loops over them.

        Empty when there is none, with the reason in `problems`. Waits up to a second for the headers of new files;
        their loudness is measured in the background and applies from the next
        call.
        """
        files = self._readable_files(playlist)
        self._catalogue.peek(files.values(), PEEK_S)
        self._catalogue.measure(files.values())
        tracks = {
            name: track for name, path in files.items() if (track := self._track(name, path)) is not None
        }
        return tuple(tracks[name] for name in shuffled(sorted(tracks), playlist, date))

    def measure_all(self) -> None:
        """Start measuring new files in all playlists, and the sounds of announcements."""
        self._catalogue.measure(self._everything())

    def sweep(self) -> None:
        """Delete conversions of files that are gone. Only for the process that plays them."""
        self._catalogue.sweep(self._everything())

    def _everything(self) -> list[Path]:
        lists = [self._readable_files(playlist).values() for playlist in self.playlists()]
        return [*(path for files in lists for path in files), *self._effects()]

    def measuring(self) -> bool:
        """Return whether files are being measured."""
        return self._catalogue.busy()

    def facts(self, path: Path) -> Facts | None:
        """Return the facts of a file; None until it has been examined."""
        return self._known(path)

    def fault(self, path: Path) -> str | None:
        """Return why a file of a playlist is skipped, None when it is played or not examined yet."""
        known = self._known(path) if (fault := self._fault_of_entry(path)) is None else None
        if known is not None and known.made is not None:
            conversion = self._known(self._catalogue.made / known.made)
            fault = conversion.fault if conversion else None
        own_fault = known.fault if known else None
        return fault or (own_fault and (by_name(path.name) or own_fault))

    def problems(self) -> tuple[str, ...]:
        """Return problems for people to fix, one Chinese sentence each, with the effect until then."""
        sentences: list[str] = []
        names = self.playlists()
        with self._lock:
            sentences += [sentence for name, sentence in sorted(self._missing.items()) if name not in names]
        for playlist in names:
            sentences += self._problems_of(playlist)
        return tuple(sentences)

    def broken_effects(self) -> dict[str, str]:
        """Return the sounds of announcements (chime, applause) that cannot be played: file name and reason."""
        faults = {path.name: self.fault(path) for path in self._effects()}
        return {name: fault for name, fault in faults.items() if fault is not None}

    def _effects(self) -> list[Path]:
        return sorted(self._sounds.glob("*.ogg"))

    def forget_missing(self) -> None:
        """Forget playlists that an earlier timetable named and that did not exist."""
        with self._lock:
            self._missing.clear()

    def close(self) -> None:
        """Stop measuring."""
        self._catalogue.close()

    def _readable_files(self, playlist: str) -> dict[str, Path]:
        """Return the files that look like music, by name; whether they are music is known later."""
        sentence = self._fault_of_folder(playlist)
        with self._lock:
            if sentence is not None:
                self._missing[playlist] = sentence
                return {}
            self._missing.pop(playlist, None)
        return {n: path for n, path in self.files(playlist).items() if self._fault_of_entry(path) is None}

    def _fault_of_folder(self, playlist: str) -> str | None:
        path = _folders(self._home).get(playlist)  # a lookup, so that no name can leave the folder
        if path is None:
            return say("playlist_missing", name=self._title(playlist), folder=playlist)
        if not self._inside(path):
            return say("playlist_outside", name=self._title(playlist))
        if not os.access(path, os.R_OK | os.X_OK):
            return say("playlist_closed", name=self._title(playlist))
        return None

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._root.resolve())

    def _fault_of_entry(self, path: Path) -> str | None:
        """Return why a file is not examined at all, None when it is."""
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
        if (
            played is not path
            and (conversion := self._known(played)) is not None
            and conversion.fault is not None
        ):
            return None
        return Track(played, gain, facts.duration_s, name, facts.lufs is None)

    def _known(self, path: Path) -> Facts | None:
        try:
            return self._catalogue.known(path)
        except OSError:  # deleted at this moment
            return None

    def _problems_of(self, playlist: str) -> list[str]:
        fault = self._fault_of_folder(playlist)
        if fault is not None:
            return [fault]
        entries = self._entries(playlist)
        title = self._title(playlist)
        found = [self._problem_of(title, name, path) for name, path in entries.items()]
        sentences = [sentence for sentence in found if sentence is not None]
        if all(path.is_dir() for path in entries.values()):
            sentences.append(say("playlist_empty", name=title))
        return sentences

    def _problem_of(self, title: str, name: str, path: Path) -> str | None:
        fault = self.fault(path)
        if fault is not None:
            return say("track_fault", playlist=title, file=name, why=fault)
        facts = self._known(path)
        if facts is not None and facts.lufs is not None and facts.lufs < QUIET_LUFS:
            return say("track_quiet", playlist=title, file=name, lufs=facts.lufs)
        return None
