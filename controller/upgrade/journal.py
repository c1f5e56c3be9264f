"""Folders and files of an installed office's releases: the journal of a work in progress, the result of the last.

/opt/zhangu/releases/VERSION   a release, complete or not there
/opt/zhangu/current            the release in use
/opt/zhangu/good               the release that was healthy last: its program upgrades and recovers
/opt/zhangu/previous           the release to go back to
/opt/zhangu/journal.json       only while something is changed
/opt/zhangu/result.json        how the last request ended
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

CHECKING, UNPACKING = "checking", "unpacking"
STOPPING, FITTING, SWITCHING, STARTING, DONE, BACK = (
    "stopping", "fitting", "switching", "starting", "done", "back",
)  # fmt: skip
HARMLESS: Final = (CHECKING, UNPACKING)
"""Steps in which nothing in use has been touched."""
UPGRADE, ROLLBACK, INSTALL = "upgrade", "rollback", "install"
SUCCEEDED, RETURNED, REFUSED = "done", "returned", "refused"
MOST_BYTES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of program and data."""

    program: Path = Path("/opt/zhangu")
    data: Path = Path("/var/lib/zhangu")

    @property
    def releases(self) -> Path:
        """The folder of the releases."""
        return self.program / "releases"

    @property
    def package(self) -> Path:
        """The release as the system's package manager laid it."""
        return self.program / "package"

    @property
    def incoming(self) -> Path:
        """Root's copy of a package, and its unpacked parts."""
        return self.program / "incoming"

    @property
    def journal(self) -> Path:
        """The file of the work in progress."""
        return self.program / "journal.json"

    @property
    def result(self) -> Path:
        """The file of the last result."""
        return self.program / "result.json"

    def release(self, link: str) -> str:
        """Return the version that `current`, `good` or `previous` points to; "" for none or a broken link."""
        path = self.program / link
        try:
            name = path.readlink().name
        except OSError:
            return ""
        return name if path.is_dir() else ""


@dataclass(frozen=True, slots=True)
class Journal:
    """A work in progress. ident: the request's; source, target: versions; step: the present one."""

    ident: str
    what: str
    source: str = ""
    target: str = ""
    step: str = CHECKING

    def at(self, step: str) -> Journal:
        """Return the journal at another step."""
        return replace(self, step=step)

    def to_json(self) -> bytes:
        """Return the file's content."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a request. outcome: done, returned (to `source`) or refused (nothing was touched); at: ISO, UTC."""

    ident: str
    what: str
    source: str
    target: str
    outcome: str
    sentence: str
    at: str

    def to_json(self) -> bytes:
        """Return the file's content."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()


def read_journal(place: Place) -> Journal | None:
    """Return the work in progress, None without one."""
    values = _values(place.journal)
    return Journal(**values) if values is not None and set(values) == set(Journal.__slots__) else None


def read_result(place: Place) -> Result | None:
    """Return the last result, None before the first."""
    values = _values(place.result)
    return Result(**values) if values is not None and set(values) == set(Result.__slots__) else None


def _values(path: Path) -> dict[str, str] | None:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if whole else None
