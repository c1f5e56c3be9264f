"""The load before a power cut, what was promised in it, and whether the box keeps it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import itertools
import threading
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine_box import Box, Seller
from soundmade import encoded, picture, tone

TRACK, SONG = encoded(tone(8), "ogg"), encoded(tone(4), "ogg")
OK = (200, 201, 202)
SLOW_COPY = 64 * 1024
READ = """
import sqlite3
book = sqlite3.connect("file:/var/lib/zhangu/var/zhangu.db?mode=ro", uri=True)
print(book.execute("pragma integrity_check").fetchone()[0])
for row in book.execute("select key from deals"): print(row[0])
"""
EMPTY = (
    "find /var/lib/zhangu -xdev -type f -size 0 ! -name '*.lock' ! -name '*-wal' ! -name '*-shm' "
    "! -path '*/.copy-*' ! -name 'zhangu-*.zip.part'"  # an unfinished backup, deleted at a later one
)


@dataclass
class Value:
    """One setting: the values that were sent, in order, and how many of them were answered."""

    asked: list[Any] = field(default_factory=list)
    answered: int = 0

    def possible(self) -> list[Any]:
        """Return the values that it may have now: the last one answered, or one asked for after that."""
        return self.asked[max(0, self.answered - 1) :]


@dataclass
class Promises:
    """Everything that the box has answered, over all cuts."""

    deals: set[str] = field(default_factory=set)
    tracks: dict[str, str] = field(default_factory=dict)
    photos: dict[int, Value] = field(default_factory=lambda: defaultdict(Value))
    values: dict[str, Value] = field(default_factory=lambda: defaultdict(Value))
    songs: int = 0
    backups: int = 0

    def count(self) -> int:
        """Return how many there are."""
        settings = sum(value.answered for value in self.values.values())
        return len(self.deals) + settings + self.uploads()

    def uploads(self) -> int:
        """Return how many pictures and songs."""
        return len(self.tracks) + sum(value.answered for value in self.photos.values()) + self.songs

    def described(self) -> str:
        """Return their numbers in words."""
        settings = sum(value.answered for value in self.values.values())
        photos = sum(value.answered for value in self.photos.values())
        return (
            f"{len(self.deals):,} deals, {len(self.tracks)} songs of playlists, {photos} photos, "
            f"{self.songs} own songs, {settings} settings, {self.backups} backups asked for"
        )


class Load:
    """Two phones that sell, one with big deals, and others with settings, photos, music, backups and a package."""

    def __init__(self, box: Box[Any], promises: Promises, number: int, package: Path | None) -> None:
        self._box, self._promises, self._number, self._package = box, promises, number, package
        self._over = threading.Event()
        self._before = promises.uploads()
        # each deal is a flush, with which much else reaches the disk: every second time there are few
        pause = 2.0 if number % 2 else 0.2
        self._sellers = [Seller(box, f"cut{number}-{phone}", pause) for phone in range(2)]
        work = [
            self._big_deals,
            self._changes,
            self._music,
            self._backups,
            *([self._copy] if package else []),
        ]
        self._threads = [threading.Thread(target=one, daemon=True) for one in work]

    def start(self) -> None:
        """Begin."""
        for one in (*self._sellers, *self._threads):
            one.start()

    def ready(self) -> bool:
        """Return whether a picture or a song has been answered in this load."""
        return self._promises.uploads() > self._before

    def stop(self) -> None:
        """Begin nothing new."""
        self._over.set()
        for seller in self._sellers:
            seller.over.set()

    def join(self) -> None:
        """Wait for the requests under way, and keep what was answered."""
        for one in (*self._sellers, *self._threads):
            one.join(120)
        for seller in self._sellers:
            self._promises.deals |= seller.accepted

    def _big_deals(self) -> None:
        for count in itertools.count():
            key = f"big{self._number}-{count}"
            deal = {"person": "陈芳", "product": "网络招聘", "amount": 20_000 + count, "key": key}
            with contextlib.suppress(OSError):
                if self._box.call("POST", "/api/deals", deal)[0] in OK:
                    self._promises.deals.add(key)
            if self._over.wait(4):
                return

    def _repeat(self, *works: Callable[[int], None]) -> None:
        """Do one work after the other until the cut."""
        for step in itertools.count():
            for work in works:
                with contextlib.suppress(OSError, KeyError, TypeError):
                    work(step)
                if self._over.wait(0.2):
                    return

    def _changes(self) -> None:
        self._repeat(self._set_volume, self._add_photo, self._save_timetable)

    def _music(self) -> None:
        self._repeat(self._add_track, self._add_song)

    def _backups(self) -> None:
        self._repeat(self._back_up)

    def _back_up(self, _: int) -> None:
        self._promises.backups += self._box.call("POST", "/api/backups")[0] in OK
        self._over.wait(3)

    def _set(self, name: str, wanted: Any, method: str, path: str, body: Any) -> None:
        value = self._promises.values[name]
        value.asked.append(wanted)
        if self._box.call(method, path, body)[0] in OK:
            value.answered = len(value.asked)

    def _set_volume(self, step: int) -> None:
        wanted = 40 + (self._number * 7 + step) % 50
        self._set("volume", wanted, "PUT", "/api/volume", {"volume": wanted})

    def _save_timetable(self, step: int) -> None:
        now = self._box.get("/api/timetable")
        first, rest = now["text"].split("\n", 1)
        del first
        text = f"office: 测试{self._number}-{step}\n{rest}"
        self._set("timetable", text, "PUT", "/api/timetable", {"base": now["version"], "text": text})

    def _send(self, method: str, path: str, data: bytes) -> Any:
        code, answer = self._box.call(method, path, _Body(data), **{"Content-Length": str(len(data))})
        if code not in OK:
            raise OSError(f"{path}: {code} {answer}")
        return answer

    def _add_photo(self, step: int) -> None:
        person = 1 + step % 4
        data = picture(600 + self._number, 400 + step)
        value = self._promises.photos[person]
        value.asked.append(None)  # the name is known with the answer
        value.asked[-1] = self._send("PUT", f"/api/people/{person}/photo", data)["photo"]
        value.answered = len(value.asked)

    def _add_track(self, step: int) -> None:
        answer = self._send("POST", f"/api/tracks/rousing?name=cut{self._number}-{step}.ogg", TRACK)
        place = f"/var/lib/zhangu/sounds/music/rousing/{answer['file']}"
        self._promises.tracks[place] = ""
        with contextlib.suppress(OSError):  # its present content, perhaps still only in memory
            self._promises.tracks[place] = hashlib.sha256(
                self._box.machine.within(place).read_bytes()
            ).hexdigest()

    def _add_song(self, step: int) -> None:
        self._send("PUT", f"/api/people/{1 + step % 4}/song", SONG)
        self._promises.songs += 1

    def _copy(self) -> None:
        """Send an upgrade so slowly that the cut comes in the middle of it."""
        assert self._package is not None
        with contextlib.suppress(OSError), self._package.open("rb") as file:
            size = str(self._package.stat().st_size)
            self._box.as_owner("POST", "/api/upgrade", _Slow(file, self._over), **{"Content-Length": size})


class _Body:
    """A body of bytes that is not turned into JSON."""

    def __init__(self, data: bytes) -> None:
        self._pieces = iter([data])

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


class _Slow:
    """A file that is read slowly, and that ends with the load."""

    def __init__(self, file: Any, over: threading.Event) -> None:
        self._file, self._over = file, over

    def read(self, size: int = -1) -> bytes:
        if self._over.wait(0.02):
            raise OSError("the power is off")
        data: bytes = self._file.read(SLOW_COPY)
        return data


def broken(box: Box[Any], promises: Promises) -> list[str]:
    """Return what was promised and is not kept, in words; forget the tracks, whose files are deleted."""
    whole, *keys = box.machine.well(f"python3 -c '{READ}'").split()
    counted = Counter(keys)
    found = [] if whole == "ok" else [f"the database: {whole}"]
    found += [f"deal {key} is lost" for key in promises.deals - set(counted)]
    found += [f"deal {key} is there {number} times" for key, number in counted.items() if number > 1]
    found += [f"empty file {name}" for name in box.machine.well(EMPTY).split("\n") if name]
    found += (
        _settings(box, promises) + _files(box, promises) + list(_announcements(box)) + list(_backups(box))
    )
    return found


def _settings(box: Box[Any], promises: Promises) -> list[str]:
    present = {
        "volume": box.get("/api/phone")["sound"]["volume"],
        "timetable": box.get("/api/timetable")["text"],
    }
    return [
        f"{name} is {present[name]!r}"
        for name, value in promises.values.items()
        if value.answered and present[name] not in value.possible()
    ]


def _files(box: Box[Any], promises: Promises) -> list[str]:
    found = []
    listed = _listed(box)
    for place, digest in promises.tracks.items():
        row = listed.get(Path(place).name)
        if row is None or row["fault"] or not row["seconds"]:
            found.append(f"song {place}: {row}")
        elif digest and hashlib.sha256(box.machine.within(place).read_bytes()).hexdigest() != digest:
            found.append(f"song {place} has another content")
    shown = _photos(box)
    for person, value in promises.photos.items():
        if value.answered and shown[person] not in value.possible() and None not in value.possible():
            found.append(f"photo of {person} is {shown[person]}")
        code, size = _fetched(box, shown[person]) if shown[person] else (200, 500)
        if code != 200 or size < 500:
            found.append(f"photo {shown[person]}: {code}, {size} bytes")
    return found


def _photos(box: Box[Any]) -> dict[int, str | None]:
    """Return the address of each person's photo."""
    return {person["id"]: person["photo"] for person in box.get("/api/people/roster")["people"]}


def _listed(box: Box[Any]) -> dict[str, Any]:
    """Return the songs of the playlist, once each has been examined."""

    def songs() -> dict[str, Any]:
        return {row["file"]: row for row in box.get("/api/tracks") if row["playlist"] == "rousing"}

    box.until(lambda: all(row["seconds"] or row["fault"] for row in songs().values()), 120, 1.0)
    return songs()


def _backups(box: Box[Any]) -> Iterator[str]:
    """Read every backup, and every song that is kept beside it under the name of its content."""
    for folder in map(box.machine.within, box.get("/api/backups")["folders"]):
        for file in folder.glob("*.zip"):
            with zipfile.ZipFile(file) as archive:
                if archive.testzip() is not None:
                    yield f"backup {file.name} is torn"
        for file in (path for path in (folder / "media").rglob("*") if path.is_file()):
            if hashlib.sha256(file.read_bytes()).hexdigest() != file.name and file.suffix != ".part":
                yield f"song {file.name} of the backups is torn"


def _fetched(box: Box[Any], path: str) -> tuple[int, int]:
    host = box.machine.address.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as line:
        line.request("GET", path, headers={"Authorization": f"Bearer {box.token}"})
        answer = line.getresponse()
        return answer.status, len(answer.read())


def _announcements(box: Box[Any]) -> Iterator[str]:
    heard = Counter(
        deal for one in box.get("/api/announcements") if one["state"] == "heard" for deal in one["deals"]
    )
    yield from (f"deal {deal} is heard {times} times" for deal, times in heard.items() if times > 1)
