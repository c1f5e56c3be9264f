"""Replace a file that people own: at once or not at all, with its mode and owner, also behind a symbolic link."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def rewrite(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace the content; on the disk when this returns. `mode`: for a file that does not exist. Raises OSError."""
    target = path.resolve()
    half = target.with_name(f".{target.name}.half")
    try:
        before = target.stat()
    except FileNotFoundError:
        before = None
    try:
        with half.open("wb") as file:
            os.fchmod(file.fileno(), before.st_mode & 0o7777 if before else mode)
            if before and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(OSError):  # only root may; the content counts more than its owner
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(target)
    except OSError:
        with suppress(OSError):
            half.unlink()
        raise
    _settle(target.parent)


def stamp_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes with each new content of a file; None when there is none or it cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _settle(folder: Path) -> None:
    """Write the folder's entry to the disk; some file systems cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
