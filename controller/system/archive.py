"""Archives of an office: one zip with the database, the timetable and the list of all media files.

A complete archive (`zhangu backup FILE.zip`) also contains the media files (music, photos, songs, recordings). A daily
archive names them by their SHA-256, and they lie once in the folder `media` beside it: fourteen days of a music library
take the room of one. Every file has size and hash in `manifest.json`; a file that differs is never restored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from controller.system.atomic_file import make_folder, publish
from controller.system.os_errors import reason

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DATABASE: Final = "var/zhangu.db"
SETTINGS: Final = ("config/*.yaml", "config/*.yml", "config/*.json", "var/timetable/*.json")
MEDIA_ROOTS: Final = ("sounds", "var/photos", "var/songs", "var/clips")
SECRETS: Final = "config/secrets.json"
"""Left out: the keys of links do not leave the machine. They are entered again on a new one."""
SCRATCH: Final = ".copy-"
"""The beginning of the names of folders that hold a copy of the database during a backup."""
NOT_MEDIA: Final = frozenset({".py", ".pyc", ".half", ".part"})
MOST_FILES: Final = 100_000
MOST_MANIFEST: Final = 50_000_000
BLOCK: Final = 1 << 20


class BadArchive(Exception):  # noqa: N818 - people read it
    """An archive that cannot be used; `str()` is a sentence."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its path in the home folder, bytes, SHA-256, and the time of its last change in ns."""

    path: str
    size: int
    sha256: str
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of an archive. `schema`: version of the database. `media`: files kept beside a daily archive."""

    office: str
    made: str
    version: str
    schema: int
    files: tuple[Member, ...]
    media: tuple[Member, ...]
    whole: bool

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(member.size for member in (*self.files, *self.media))


@dataclass(frozen=True, slots=True)
class About:
    """Facts written into an archive."""

    office: str
    made: str
    version: str
    schema: int


def pack(home: Path, database: Path, target: Path, about: About, *, store: Path | None = None) -> Manifest:
    """Write an archive of `home` with `database`, a finished copy; at once or not at all. Raises OSError.

    With `store`, a daily archive: media files go into that folder, and only those that are not there yet.
    """
    known = _known(target.parent) if store is not None else {}
    part = target.with_name(target.name + ".part")
    try:
        with _private(part) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            files = [_add(out, database, DATABASE)]
            files += [_add(out, home / path, path) for path in _settings(home)]
            media = []
            for path in _media(home):
                with suppress(FileNotFoundError):  # deleted meanwhile
                    if store is None:
                        media.append(_add(out, home / path, path, zipfile.ZIP_STORED))
                    else:
                        media.append(_keep(home / path, path, store, known))
            manifest = Manifest(
                about.office,
                about.made,
                about.version,
                about.schema,
                tuple(files),
                tuple(media),
                store is None,
            )
            out.writestr(MANIFEST, json.dumps({"format": FORMAT, **asdict(manifest)}, ensure_ascii=False))
        publish(part, target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def read_manifest(archive: Path) -> Manifest:
    """Return the content list. Raises BadArchive for a file that is none, is torn, or is of a newer format."""
    try:
        with zipfile.ZipFile(archive) as file:
            entry = file.getinfo(MANIFEST)
            if entry.file_size > MOST_MANIFEST:
                raise BadArchive(f"备份 {archive.name} 的清单太大，没有使用。")
            value = json.loads(file.read(entry))
        if value["format"] > FORMAT:
            raise BadArchive(f"备份 {archive.name} 来自更新的版本，这个版本读不了。请先升级。")
        return _manifest(value)
    except FileNotFoundError:
        raise BadArchive(f"没有 {archive} 这个文件。") from None
    except OSError as error:
        raise BadArchive(f"读不了 {archive}：{reason(error)}。") from error
    except (
        zipfile.BadZipFile,
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
        NotImplementedError,
    ) as error:
        raise BadArchive(f"{archive.name} 不是战鼓的备份，或者没有拷完整。请换一份。") from error


def unpack(archive: Path, folder: Path, *, only_database: bool = False, media: bool = True) -> Manifest:
    """Write the files of an archive below `folder`, each checked. Raises BadArchive and OSError.

    Media of a daily archive are read from `media` beside it; without `media` they are left out.
    """
    manifest = read_manifest(archive)
    wanted = [m for m in manifest.files if m.path == DATABASE] if only_database else list(manifest.files)
    wanted_media = manifest.media if media and not only_database else ()
    try:
        with zipfile.ZipFile(archive) as file:
            for member in wanted:
                with file.open(member.path) as source:
                    _write(source, member, folder / member.path, archive)
            for member in wanted_media:
                inside = file.open(member.path) if manifest.whole else _beside(archive, member).open("rb")
                with inside as source:
                    _write(source, member, folder / member.path, archive)
    except FileNotFoundError as error:
        raise BadArchive(
            f"备份 {archive.name} 旁边的 media 里缺文件，没有使用。请把整个文件夹一起拷来，"
            "或者加上 --without-media，不恢复音乐和照片。"
        ) from error
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError) as error:
        raise BadArchive(f"备份 {archive.name} 已损坏，没有使用。请换一份。") from error
    return manifest


def missing_media(archive: Path, manifest: Manifest) -> tuple[Member, ...]:
    """Return the media files of a daily archive that are gone or have another size."""
    if manifest.whole:
        return ()
    return tuple(member for member in manifest.media if _size(_beside(archive, member)) != member.size)


def new_media_bytes(home: Path, folder: Path) -> int:
    """Return about how many bytes of media a daily archive of `home` adds to `folder`."""
    size = sum(max(_size(home / path), 0) for path in _media(home))
    kept = sum(max(_size(path), 0) for path in (folder / "media").glob("*/*")) if _known(folder) else 0
    return max(size - kept, 0)


def prune(folder: Path, keep: frozenset[str]) -> None:
    """Delete the daily archives that are not in `keep`, and the media files that no remaining one names."""
    used: set[str] = set()
    for archive in sorted(folder.glob("zhangu-*.zip")):
        if archive.name not in keep:
            archive.unlink(missing_ok=True)
            continue
        try:
            used |= {member.sha256 for member in read_manifest(archive).media}
        except (
            BadArchive
        ):  # unreadable: its media may be needed by nobody, but deleting more helps nobody either
            return
    for stored in (folder / "media").glob("*/*"):
        if stored.name not in used:
            stored.unlink(missing_ok=True)


def sweep(folder: Path, older_than_s: float) -> None:
    """Delete what power cuts left of backups: copies of the database, and unfinished archives."""
    for left in (*folder.glob(f"{SCRATCH}*"), *folder.glob("zhangu-*.zip.part")):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime < older_than_s:
                continue  # another office may be writing it, on a common drive
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


def _manifest(value: dict[str, Any]) -> Manifest:
    files, media = (tuple(Member(**member) for member in value[name]) for name in ("files", "media"))
    if len(files) + len(media) > MOST_FILES:
        raise ValueError("too many files")
    for member in (*files, *media):
        _check(member, media=member in media)
    if DATABASE not in {member.path for member in files}:
        raise ValueError("no database")
    return Manifest(
        str(value["office"]), str(value["made"]), str(value["version"]), int(value["schema"]), files, media,
        bool(value["whole"]),
    )  # fmt: skip


def _check(member: Member, *, media: bool) -> None:
    """Raise ValueError for a path outside the folders of an archive, or an impossible hash or size."""
    path = PurePosixPath(member.path)
    odd = path.is_absolute() or ".." in path.parts or path.as_posix() != member.path or "\0" in member.path
    roots = MEDIA_ROOTS if media else ("config", "var/timetable")
    inside = any(path.is_relative_to(root) and path != PurePosixPath(root) for root in roots)
    if odd or not (inside or (not media and member.path == DATABASE)):
        raise ValueError(f"path {member.path!r}")
    if not isinstance(member.size, int) or member.size < 0 or len(member.sha256) != 64:
        raise ValueError(f"size or hash of {member.path!r}")
    int(member.sha256, 16)


def _settings(home: Path) -> Iterator[str]:
    for pattern in SETTINGS:
        names = (path.relative_to(home).as_posix() for path in sorted(home.glob(pattern)) if path.is_file())
        yield from (name for name in names if name != SECRETS)


def _media(home: Path) -> Iterator[str]:
    """Yield the media files; none whose name is not UTF-8, because a zip cannot name it."""
    for root in MEDIA_ROOTS:
        for path in sorted((home / root).rglob("*")):
            hidden = any(part.startswith((".", "__")) for part in path.relative_to(home).parts)
            if hidden or path.suffix.lower() in NOT_MEDIA or not path.is_file():
                continue
            name = path.relative_to(home).as_posix()
            with suppress(UnicodeEncodeError):
                name.encode()
                yield name


def _add(out: zipfile.ZipFile, source: Path, path: str, how: int = zipfile.ZIP_DEFLATED) -> Member:
    with source.open("rb") as file:
        stat = os.fstat(file.fileno())
        entry = zipfile.ZipInfo(path)
        entry.compress_type = how
        hashed = hashlib.sha256()
        size = 0
        with out.open(entry, "w", force_zip64=True) as target:
            while block := file.read(BLOCK):
                hashed.update(block)
                size += len(block)
                target.write(block)
    return Member(path, size, hashed.hexdigest(), stat.st_mtime_ns)


def _known(folder: Path) -> dict[tuple[str, int, int], str]:
    """Return the hashes of unchanged files by path, size and time, from the newest archive: hashing reads gigabytes."""
    for archive in sorted(folder.glob("zhangu-*.zip"), reverse=True):
        with suppress(BadArchive):
            return {(m.path, m.size, m.changed): m.sha256 for m in read_manifest(archive).media}
    return {}


def _keep(source: Path, path: str, store: Path, known: dict[tuple[str, int, int], str]) -> Member:
    """Keep a media file under its hash, once."""
    stat = source.stat()
    digest = known.get((path, stat.st_size, stat.st_mtime_ns))
    if digest is None or _size(_place(store, digest)) != stat.st_size:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        place = _place(store, digest)
        if _size(place) != stat.st_size:
            make_folder(place.parent)
            part = place.with_name(place.name + ".part")
            shutil.copyfile(source, part)
            publish(part, place)
    return Member(path, stat.st_size, digest, stat.st_mtime_ns)


def _place(store: Path, digest: str) -> Path:
    return store / digest[:2] / digest


def _beside(archive: Path, member: Member) -> Path:
    return _place(archive.parent / "media", member.sha256)


def _write(source: IO[bytes], member: Member, target: Path, archive: Path) -> None:
    """Copy a file of the stated size and hash: more bytes are not read, so that a small zip cannot fill the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hashed = hashlib.sha256()
    left = member.size
    with target.open("wb") as file:
        os.fchmod(file.fileno(), 0o600 if member.path == DATABASE else 0o644)
        while left and (block := source.read(min(BLOCK, left))):
            hashed.update(block)
            file.write(block)
            left -= len(block)
        file.flush()
        os.fsync(file.fileno())
    if left or source.read(1) or hashed.hexdigest() != member.sha256:
        raise BadArchive(f"备份 {archive.name} 里的 {member.path} 已损坏，没有使用。请换一份。")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _private(path: Path) -> IO[bytes]:
    """Open a new file that only its owner can read: the database holds the PIN and the keys of links."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
