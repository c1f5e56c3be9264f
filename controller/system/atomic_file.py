"""Write files so that a power cut leaves the old content or the new one, and what was answered stays."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def rewrite(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace the content of a file that people own, with its mode and owner, also behind a symbolic link.

    It is on the disk when this returns. `mode`: for a file that does not exist. Raises OSError.
    """
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
    settle(target.parent)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and its parents, if they are missing; their names are on the disk when this returns.

    Without this a power cut may take a new folder, and with it files whose content is on the disk. `mode`: of the last
    folder. Raises OSError.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for path in missing:
        settle(path.parent)


def publish(part: Path, target: Path) -> None:
    """Give a written file its name; content and name are on the disk when this returns. Raises OSError.

    Without this a power cut up to half a minute later leaves an empty file under the name, or none.
    """
    _flush(part)
    part.replace(target)
    settle(target.parent)


def secure(path: Path) -> None:
    """Bring a file that another process wrote to the disk, with its name. Raises OSError."""
    _flush(path)
    settle(path.parent)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


Stamp = tuple[int, int, int]
"""Time of change, size and number of a file: others for each new content."""


def stamp_of(path: Path) -> Stamp | None:
    """Return a file's stamp; None when there is none or it cannot be read."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def is_complete(stamp: Stamp | None, before: Stamp | None, used: Stamp | None) -> bool:
    """Return whether the file with this stamp is whole: the look `before` found the same, or another file is `used`.

    Editors and scp write into a file piece by piece; a file that replaces another one was written before.
    """
    return stamp == before or stamp is None or used is None or stamp[-1] != used[-1]


def settle(folder: Path) -> None:
    """Write the folder's entry to the disk; some file systems cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
