"""Where things lie: the folder that holds `config/`, `sounds/` and `var/`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one office. Nothing is created by asking."""

    root: Path

    @property
    def timetable(self) -> Path:
        """The YAML file of the day."""
        return self.root / "config" / "rhythm.yaml"

    @property
    def sounds(self) -> Path:
        """Chime, applause, music/<playlist>/."""
        return self.root / "sounds"

    @property
    def var(self) -> Path:
        """Everything the office itself makes: the book, photos, caches, the lock."""
        return self.root / "var"

    @property
    def book(self) -> Path:
        """The SQLite file."""
        return self.var / "zhangu.db"

    @property
    def cache(self) -> Path:
        """What can be made again at any time."""
        return self.var / "cache"

    @property
    def last_good(self) -> Path:
        """The last timetable without a fault."""
        return self.var / "rhythm.last-good.yaml"

    @property
    def running(self) -> Path:
        """Locked by the daemon that runs here; holds its port and a token for the commands of this machine."""
        return self.var / "running.json"


def here() -> Home:
    """The default: the present folder when it holds a timetable, else where the program stands."""
    present = Home(Path.cwd())
    return present if present.timetable.exists() else Home(Path(__file__).resolve().parents[2])


def chosen(folder: str | os.PathLike[str] | None) -> Home:
    """The home that was asked for, or the default."""
    return Home(Path(folder).resolve()) if folder else here()
