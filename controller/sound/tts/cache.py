"""What was rendered, kept on disk within bounds: whole clips and single clauses."""

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
from typing import Any

from controller.machine.kept import read_json
from controller.sound.tts.script import Clip, Delivery, Recording, Script

IN_USE_S = 15 * 60
"""A clip taken out this recently may still wait to be played: it is never thrown out."""


def to_json(script: Script) -> dict[str, Any]:
    """The script as plain data; `reciter.from_json` reads it back."""
    return json.loads(json.dumps(asdict(script), default=str))  # type: ignore[no-any-return]


MIXDOWN = 2
"""Raise it when clips are put together in another way: kept ones are then made again."""


class Shelf:
    """The folder of clips. Every error of the disk is OSError; a damaged entry is simply not there."""

    def __init__(self, folder: Path, bound_bytes: int) -> None:
        self._folder = folder
        self._bound = bound_bytes
        self._hashes: dict[Path, tuple[int, int, str]] = {}
        self._sound: dict[str, tuple[int, int]] = {}  # clips whose checksum was found right, by size and time

    def open(self) -> None:
        """Makes the folder and removes what an interrupted run left half written.

        What a living process is writing stays: `zhangu voice` opens the shelf of the running daemon.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for part in (*self._folder.glob(".*.part"), *self._folder.glob("*.part.wav")):
            if not _being_written(part):
                part.unlink(missing_ok=True)

    def key(self, identity: str, script: Script) -> str:
        """Name of the clip that `script` gives with the voice `identity` and its sounds as they are now."""
        facts = [MIXDOWN, identity, to_json(script), [self._content(path) for path in script.sounds()]]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]

    def wav(self, key: str) -> Path:
        """Where the clip of that name lies, or shall lie."""
        return self._folder / f"{key}.wav"

    def put(self, key: str, facts: dict[str, Any]) -> Clip:
        """Takes in the clip just written to `wav(key)`; `facts` are the fields of Clip but for the path."""
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
        """The clip of that name, whole and undamaged, or None."""
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
        """Throws out the longest unused until the bound holds; also clips whose facts were never written."""
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
    """Whether the process in its name (`.NAME.PID.part`, `NAME.PID.NUMBER.part.wav`) still lives."""
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


# --- Raw renderings of single clauses, kept on disk

BOUND_BYTES = 120_000_000
"""About forty minutes of speech at 24 kHz."""
_HEAD = struct.Struct("<II")  # sample rate, CRC-32 of the samples


def name(identity: str, text: str, delivery: Delivery) -> str:
    """The file name of a clause as the engine `identity` speaks it."""
    facts = "\n".join((identity, text, delivery.language, delivery.voice, f"{delivery.speed:g}"))
    return hashlib.sha256(facts.encode()).hexdigest()[:40]


class Takes:
    """The folder of clauses, at most `bound_bytes`, the longest unused dropped first. Never raises."""

    def __init__(self, folder: Path, bound_bytes: int = BOUND_BYTES) -> None:
        self._folder, self._bound = folder, bound_bytes
        self._written = 0

    def has(self, key: str) -> bool:
        """Whether that clause is there."""
        return self._path(key).exists()

    def get(self, key: str) -> Recording | None:
        """The clause, whole and undamaged, or None."""
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
        """Keep a clause; a full disk only means that it must be rendered again."""
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
        """How many clauses there are, and their bytes."""
        sizes = [size for _, size, _ in self._entries()]
        return len(sizes), sum(sizes)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.take"

    def _entries(self) -> list[tuple[float, int, Path]]:
        found = []
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.take"):
                with contextlib.suppress(OSError):
                    about = path.stat()
                    found.append((about.st_mtime, about.st_size, path))
        return sorted(found)

    def _sweep(self) -> None:
        entries = self._entries()
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self._bound:
                return
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size
