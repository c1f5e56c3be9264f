"""Raw renderings of single clauses, kept on disk: names, products and fixed phrases recur in every announcement.

A clause that was rendered once is ready at once in any later announcement. Used by the voice child; the daemon only
asks what is there, to know how long an announcement will take.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import zlib
from pathlib import Path

from controller.sound.speech.script import Delivery, Recording

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
