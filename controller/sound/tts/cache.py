"""Rendered speech, kept on disk within limits: whole clips and single clauses."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import time
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from controller.sound.tts.script import Clip, Delivery, Recording, Script
from controller.system.files import read_json

IN_USE_S = 15 * 60
"""A clip taken out this recently may still be waiting to play: it is never evicted."""


def to_json(script: Script) -> dict[str, Any]:
    """Return the script as plain data; `worker_loop.from_json` reads it back."""
    return json.loads(json.dumps(asdict(script), default=str))  # type: ignore[no-any-return]


MIXDOWN = 2
"""Increase it when clips are assembled differently: kept ones are then rendered again."""
MEMORY_BYTES: Final = 48_000_000
"""For finished clips in memory: twenty of them."""


class Shelf:
    """The folder of clips. Every disk error is OSError; a damaged entry counts as missing."""

    def __init__(self, folder: Path, bound_bytes: int) -> None:
        self._folder = folder
        self._bound = bound_bytes
        self._hashes: dict[Path, tuple[int, int, str]] = {}
        self._sound: dict[str, tuple[int, int]] = {}  # clips with a verified checksum, by size and time

    def open(self) -> None:
        """Create the folder and remove files that an interrupted run left unfinished.

        Files that a living process is writing are kept: `zhangu voice` opens the running daemon's cache.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for part in (*self._folder.glob(".*.part"), *self._folder.glob("*.part.wav")):
            if not _being_written(part):
                part.unlink(missing_ok=True)

    def key(self, identity: str, script: Script) -> str:
        """Return the name of the clip of `script` with the voice `identity` and the present sound files."""
        facts = [MIXDOWN, identity, to_json(script), [self._content(path) for path in script.sounds()]]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]

    def wav(self, key: str) -> Path:
        """Return the path of the clip of that name."""
        return self._folder / f"{key}.wav"

    def put(self, key: str, facts: dict[str, Any]) -> Clip:
        """Register the clip just written to `wav(key)`; `facts` are the fields of Clip except the path."""
        wav = self.wav(key)
        entry = json.dumps({**facts, "crc": zlib.crc32(wav.read_bytes())})
        part = self._folder / f".{key}.{os.getpid()}.part"
        try:
            part.write_text(entry, encoding="utf-8")
            part.replace(wav.with_suffix(".json"))
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        self._sweep()
        return _clip(wav, facts)

    def get(self, key: str) -> Clip | None:
        """Return the clip of that name, complete and undamaged, or None."""
        wav = self.wav(key)
        try:
            facts = read_json(wav.with_suffix(".json"))
            if not self._undamaged(key, wav, facts.pop("crc")):
                return None
            os.utime(wav.with_suffix(".json"))
            return _clip(wav, facts)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _undamaged(self, key: str, wav: Path, crc: int) -> bool:
        about = wav.stat()
        state = (about.st_size, about.st_mtime_ns)
        if self._sound.get(key) != state:
            if zlib.crc32(wav.read_bytes()) != crc:
                return False
            self._sound[key] = state
        return True

    def _content(self, path: Path) -> str:
        try:
            about = path.stat()
            known = self._hashes.get(path)
            if known is None or known[:2] != (about.st_size, about.st_mtime_ns):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                known = self._hashes[path] = (about.st_size, about.st_mtime_ns, content)
        except OSError:
            return "missing"
        return known[2]

    def _sweep(self) -> None:
        """Evict the least recently used clips until the limit holds; also clips without facts."""
        clips = (wav for wav in self._folder.glob("*.wav") if not wav.name.endswith(".part.wav"))
        oldest_first = sorted(_last_use(wav) for wav in clips)
        total = sum(size for _, size, _ in oldest_first)
        for used, size, wav in oldest_first:
            if total <= self._bound or time.time() - used < IN_USE_S:
                return
            wav.unlink(missing_ok=True)
            wav.with_suffix(".json").unlink(missing_ok=True)
            self._sound.pop(wav.stem, None)
            total -= size


def _being_written(part: Path) -> bool:
    """Return whether the process in its name (`.NAME.PID.part`, `NAME.PID.NUMBER.part.wav`) still runs."""
    pieces = part.name.split(".")
    try:
        os.kill(int(pieces[1] if part.suffix == ".wav" else pieces[-2]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _last_use(wav: Path) -> tuple[float, int, Path]:
    facts = wav.with_suffix(".json")
    try:
        about = wav.stat()
        used = facts.stat().st_mtime if facts.exists() else about.st_mtime
        return used, about.st_size, wav
    except OSError:
        return 0.0, 0, wav


def _clip(wav: Path, facts: dict[str, Any]) -> Clip:
    return Clip(
        wav,
        float(facts["duration_s"]),
        float(facts["speech_start_s"]),
        float(facts["speech_end_s"]),
        tuple((str(name), float(at)) for name, at in facts["marks"]),
        tuple(str(note) for note in facts["notes"]),
        tuple(str(char) for char in facts.get("unread", ())),
    )


# --- Renderings of single clauses, kept on disk

BOUND_BYTES = 170_000_000
"""About an hour of speech at 24 kHz: names 80 MB, on slow machines also 75 MB of sums."""
_HEAD = struct.Struct("<II")  # sample rate, CRC-32 of the samples


def name(identity: str, text: str, delivery: Delivery) -> str:
    """Return the file name of a clause in the voice of the engine `identity`."""
    facts = "\n".join((identity, text, delivery.language, delivery.voice, f"{delivery.speed:g}"))
    return hashlib.sha256(facts.encode()).hexdigest()[:40]


class Takes:
    """The folder of clauses, at most `bound_bytes`, least recently used dropped first. Never raises."""

    def __init__(self, folder: Path, bound_bytes: int = BOUND_BYTES) -> None:
        self._folder, self._bound = folder, bound_bytes
        self._written = 0

    @property
    def folder(self) -> Path:
        """Return the folder."""
        return self._folder

    def has(self, key: str) -> bool:
        """Return whether that clause is kept."""
        return self._path(key).exists()

    def get(self, key: str) -> Recording | None:
        """Return the clause, complete and undamaged, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
            rate, crc = _HEAD.unpack_from(data)
            pcm = data[_HEAD.size :]
            if zlib.crc32(pcm) != crc or not pcm:
                raise ValueError("damaged")
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, struct.error):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        return Recording(pcm, rate)

    def put(self, key: str, take: Recording) -> None:
        """Keep a clause; if the disk is full it will be rendered again."""
        part = self._folder / f".{key}.{os.getpid()}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(_HEAD.pack(take.rate, zlib.crc32(take.pcm)) + take.pcm)
            part.replace(self._path(key))
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            return
        self._written += len(take.pcm)
        if self._written > self._bound // 20:
            self._written = 0
            self._sweep()

    def size(self) -> tuple[int, int]:
        """Return the number of clauses and their bytes."""
        sizes = [size for _, size, _ in self._entries()]
        return len(sizes), sum(sizes)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.take"

    def _entries(self) -> list[tuple[float, int, Path]]:
        entries = []
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.take"):
                with contextlib.suppress(OSError):
                    about = path.stat()
                    entries.append((about.st_mtime, about.st_size, path))
        return sorted(entries)

    def _sweep(self) -> None:
        entries = self._entries()
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self._bound:
                return
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size
