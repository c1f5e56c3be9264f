"""The home folder and its parts, and the version of the program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one office. Reading them creates nothing."""

    root: Path

    @property
    def timetable(self) -> Path:
        """The timetable, a YAML file."""
        return self.root / "config" / "rhythm.yaml"

    @property
    def secrets(self) -> Path:
        """The keys of links to the outside, readable by the owner only."""
        return self.root / "config" / "secrets.json"

    @property
    def sounds(self) -> Path:
        """Chime, applause, music/<playlist>/."""
        return self.root / "sounds"

    @property
    def var(self) -> Path:
        """Everything the program writes: the database, photos, caches, the lock."""
        return self.root / "var"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.var / "zhangu.db"

    @property
    def cache(self) -> Path:
        """Files that can be recreated at any time."""
        return self.var / "cache"

    @property
    def last_good(self) -> Path:
        """The last valid timetable."""
        return self.var / "rhythm.last-good.yaml"

    @property
    def timetable_versions(self) -> Path:
        """The last versions of the timetable, each a JSON file."""
        return self.var / "timetable"

    @property
    def running(self) -> Path:
        """Locked by the running daemon; contains its port and a token for the commands of this machine."""
        return self.var / "running.json"


def here() -> Home:
    """Return the default: ZHANGU_HOME (set by the installed command), else the current folder if it contains a
    timetable, else the program's folder."""
    named = os.environ.get("ZHANGU_HOME")
    if named:
        return Home(Path(named).resolve())
    present = Home(Path.cwd())
    return present if present.timetable.exists() else Home(Path(__file__).resolve().parents[2])


def chosen(folder: str | os.PathLike[str] | None) -> Home:
    """Return the requested home, or the default."""
    return Home(Path(folder).resolve()) if folder else here()


MEMORY_LEAST: Final = 150_000_000


def memory_folder(name: str) -> Path | None:
    """Return a folder of the service in memory, for files that are used once; None without systemd or without room."""
    service = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if not service:
        return None
    try:
        room = os.statvfs(service)
        return Path(service) / name if room.f_bavail * room.f_frsize >= MEMORY_LEAST else None
    except OSError:
        return None


# --- The version, in a form that a person can compare after an upgrade


def packaged() -> bool:
    """Return whether the program came with a Debian package, whose release has the file VERSION."""
    return (Path(__file__).resolve().parents[2] / "VERSION").exists()


def command() -> str:
    """Return the command for a person to type on this machine; a box of the package wants an administrator."""
    return "sudo zhangu" if packaged() else "zhangu"


@cache
def version() -> str:
    """Return the release, and the commit when it runs from a checkout: `0.1.0 (73ecd98)`.

    An installed package says its release in the file VERSION.
    """
    root = Path(__file__).resolve().parents[2]
    try:
        return (root / "VERSION").read_text(encoding="ascii").strip()
    except OSError:
        pass
    from importlib import metadata  # 12 ms, needed only here

    try:
        release = metadata.version("zhangu")
    except metadata.PackageNotFoundError:
        release = "0"
    commit = _commit(root)
    return f"{release} ({commit[:7]})" if commit else release


def _commit(root: Path) -> str:
    """Return the checked-out commit, read from git's files; empty when there is none."""
    try:
        folder = root / ".git"
        if folder.is_file():  # a worktree: the file contains the folder's path
            folder = root / folder.read_text().removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = folder / "commondir"
        for place in (folder, folder / common.read_text().strip() if common.exists() else folder):
            if (place / name).exists():
                return (place / name).read_text().strip()
            packed = place / "packed-refs"
            lines = packed.read_text().splitlines() if packed.exists() else []
            commits = [line.split()[0] for line in lines if line.endswith(f" {name}")]
            if commits:
                return commits[0]
    except OSError:
        pass
    return ""
