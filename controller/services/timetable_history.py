"""The last versions of the timetable's text, with who and when: one JSON file each, the oldest are removed."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.system.atomic_file import make_folder, rewrite
from controller.system.files import read_json

log = logging.getLogger(__name__)

MOST_VERSIONS = 50
START, PAGE, FILE, RESTORED = "start", "page", "file", "restored"
"""Origins of a version: found at the first start, saved on the page, edited in the file, restored."""


@dataclass(frozen=True, slots=True)
class Version:
    """`mark` identifies the text. In lists `text` is left out."""

    number: int
    mark: str
    who: str
    when: str
    how: str
    text: str = ""


def mark_of(text: str) -> str:
    """Return a short hash that two different texts do not share."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class TimetableHistory:
    """Not thread-safe: `TimetableEditor` calls it under its lock. A damaged file counts as missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions: list[Version] | None = None

    def all(self) -> tuple[Version, ...]:
        """Return the versions without their texts, newest first."""
        if self._versions is None:
            files = sorted(self._folder.glob("*.json"))[-MOST_VERSIONS:]
            found = [version for file in files if (version := self._read(file))]
            self._versions = [replace(version, text="") for version in found]
        return tuple(reversed(self._versions))

    def get(self, number: int) -> Version | None:
        """Return a version with its text."""
        known = any(version.number == number for version in self.all())
        return self._read(self._file(number)) if known else None

    def with_mark(self, mark: str) -> Version | None:
        """Return the newest version with this mark, with its text."""
        version = next((version for version in self.all() if version.mark == mark), None)
        return self.get(version.number) if version else None

    def add(self, text: str, who: str, when: datetime, how: str) -> Version:
        """Keep a version; remove the oldest above `MOST_VERSIONS`. Raises OSError."""
        versions = list(reversed(self.all()))
        number = versions[-1].number + 1 if versions else 1
        version = Version(number, mark_of(text), who, when.isoformat(timespec="seconds"), how, text)
        make_folder(self._folder)
        data = json.dumps(asdict(version), ensure_ascii=False, indent=1)
        rewrite(self._file(number), data.encode("utf-8", "surrogatepass"), 0o600)
        versions.append(replace(version, text=""))
        for old in versions[:-MOST_VERSIONS]:
            with suppress(OSError):
                self._file(old.number).unlink()
        self._versions = versions[-MOST_VERSIONS:]
        return version

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:09}.json"

    def _read(self, file: Path) -> Version | None:
        try:
            values: Any = read_json(file)
            version = Version(**values)
            if version.mark != mark_of(version.text) or self._file(int(version.number)) != file:
                raise ValueError("not what was written")
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("a version of the timetable cannot be read: %s: %s", file.name, error)
            return None
        return version
