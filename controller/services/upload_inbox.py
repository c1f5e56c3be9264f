"""Temporary files of uploads until they are checked: bounded, under our own names, deleted afterwards."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from controller.sales.model import Refused, StoreFull
from controller.system.atomic_file import make_folder, publish
from controller.system.files import own_files
from controller.system.os_errors import reason, remedy

PIECE = 256 * 1024


class Source(Protocol):
    """A request body that is read in pieces."""

    def read(self, size: int, /) -> bytes: ...


class UploadInbox:
    """A folder of files being checked. Files left by a crash are deleted at the next start."""

    def __init__(self, folder: Path):
        self._folder = folder
        for left in own_files(folder):
            with contextlib.suppress(OSError):
                left.unlink()

    @contextlib.contextmanager
    def keep(self, source: Source, most: int) -> Iterator[Path]:
        """Provide the body as a file during the block. Raises Refused when empty or over `most` bytes,
        StoreFull when the disk is full."""
        path = self._folder / token_hex(16)
        try:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                size = _written(source, path, most)
            except OSError as error:
                raise StoreFull(f"存不下这个文件（{reason(error)}），{remedy(error)}。") from error
            if not size:
                raise Refused("文件是空的，请换一个。", "file")
            yield path
        finally:
            path.unlink(missing_ok=True)

    def work(self) -> Path:
        """Return a path for the converted file, in the same folder."""
        return self._folder / token_hex(16)


def _written(source: Source, path: Path, most: int) -> int:
    size = 0
    with path.open("xb") as file:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > most:
                raise Refused(f"文件太大，最多 {most // 1_000_000} MB。", "file")
            file.write(piece)
    return size


def shelve(made: Path, folder: Path, suffix: str) -> str:
    """Move a file into `folder` under a hash of its content; return the name."""
    with made.open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()[:32] + suffix
    make_folder(folder)
    publish(made, folder / name)
    return name
