"""Daily backups of everything the office made, kept for two weeks, each verified after it was written.

A day is copied once, after its last entry; a box that is switched off by then copies at the next start. A separate
thread does it: a slow card or a missing USB stick delays nothing else.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from controller.health import BackupValues, HealthProblem, judge_backup
from controller.moments import local_time
from controller.sales.model import Refused, StoreTrouble
from controller.sales.store import Store
from controller.sales.store_file import schema_version
from controller.sentences import say
from controller.services.context import Context
from controller.services.restore import REPLACED
from controller.system import archive, heaps
from controller.system.atomic_file import make_folder
from controller.system.background import BackgroundThread
from controller.system.os_errors import reason
from controller.system.paths import Home, version

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 300.0
LEFT_FOR_S: Final = 12 * 3600.0
"""No backup takes so long: a copy that is older was left by a power cut."""
FIRST_AFTER_S: Final = 120.0
"""After a start the music and the day come first."""
EVENING: Final = time(18, 30)
"""The end of a day without entries."""
SHOWN_FOR: Final = timedelta(days=7)
"""A replaced database is shown for so long."""
SPARE: Final = 300_000_000
"""Bytes that a backup leaves free."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One daily archive, with the bytes that restoring it writes."""

    name: str
    made: datetime
    size: int
    folder: Path


class Backups(BackgroundThread):
    """Make, list and verify backups, in the thread `backups`. Thread-safe; `close` waits for one being written."""

    def __init__(self, context: Context, home: Home) -> None:
        super().__init__("backups", closing_s=None)
        self._context, self._home = context, home
        self._lock = threading.Lock()  # one backup at a time
        self._asked = threading.Event()
        self._has_looked = False
        self._failed: str | None = None
        self._began = context.clock.now()
        self._newest: datetime | None = None
        self._replaced: Mapping[str, Any] | None = None

    @property
    def home(self) -> Home:
        """Return the office's folders."""
        return self._home

    @property
    def folder(self) -> Path:
        """Return the folder of this machine's backups."""
        return self._home.var / "backups"

    def folders(self) -> tuple[Path, ...]:
        """Return the machine's own folder, and the office's second one (a USB stick, a share)."""
        second = self._context.rhythm.backup.folder
        return (self.folder, *([Path(second)] if second else []))

    @property
    def busy(self) -> bool:
        """Return whether a backup is being made or is requested."""
        return self._asked.is_set() or self._lock.locked()

    def ask(self) -> None:
        """Request a backup; the thread makes it."""
        self._asked.set()
        self.wake()

    def all(self) -> tuple[Backup, ...]:
        """Return this machine's backups, the newest first."""
        return tuple(sorted(self._in(self.folder), key=lambda one: one.made, reverse=True))

    def find(self, name: str) -> Path:
        """Return the file of a backup of this machine. Raises Refused."""
        for one in self.all():
            if one.name == name:
                return one.folder / name
        raise Refused("没有这份备份，它可能已经过期删掉了。", "name")

    def due(self, now: datetime) -> bool:
        """Return whether a backup should be made: today's after the last entry, or one that an earlier day missed."""
        if self._newest is None:
            return True
        entries = self._context.timetable_file.plan(now.date()).entries
        ends = entries[-1].until if entries else local_time(now.date(), EVENING, self._context.clock.zone)
        return self._newest < (ends if now >= ends else ends - timedelta(days=1))

    def make(self) -> Backup:
        """Make a backup now, into every folder; the one of an earlier hour is replaced. Raises Refused."""
        with self._lock:
            try:
                made = [self._make_in(folder) for folder in self.folders()]
            except Refused as refused:
                self._failed = refused.sentence
                raise
            self._failed = None
            self._newest = made[0].made
        return made[0]

    def values(self) -> BackupValues:
        """Return the values for the judgement of the box. Cheap."""
        return BackupValues(self._newest, self._began, self._failed, self._replaced)

    def problems(self) -> tuple[HealthProblem, ...]:
        """Return whether the office has no recent backup, and whether its database was replaced by one. Cheap."""
        return judge_backup(self.values(), self._context.clock.now())

    def look(self) -> None:
        """Read what is on the disk: the newest backup, and whether the last start replaced the database."""
        self._newest = max((one.made for one in self.all()), default=None)
        note = self._context.preferences.get(REPLACED)
        if isinstance(note, dict) and "at" in note:
            at = datetime.fromisoformat(note["at"])
            recent = self._context.clock.now() - at < SHOWN_FOR
            self._replaced = note if recent else None

    def turn(self) -> float:
        """Read once what is on the disk; then make a backup when it is time."""
        asked = self._asked.is_set()
        if not self._has_looked:
            self._has_looked = True
            self.look()
            return 0.0 if asked else FIRST_AFTER_S
        succeeded = self._make_if_due(asked)
        self._asked.clear()
        return LOOK_EVERY_S if succeeded else 12 * LOOK_EVERY_S

    def _make_if_due(self, asked: bool) -> bool:
        """Make a backup when it is time; return False after a failure, which is shown."""
        clock = self._context.clock
        try:
            if asked or (clock.trusted(None) and self.due(clock.now())):
                made = self.make()
                log.info("backup %s: %d bytes", made.name, made.size)
                self._context.store.release_memory()  # the quietest moment of the day
                heaps.trim()
        except Refused as refused:
            log.warning("no backup: %s", refused.sentence)
            return False
        except Exception:
            log.exception("the backup failed")
            self._failed = say("backup_failed")
            return False
        return True

    def _make_in(self, folder: Path) -> Backup:
        if folder != self.folder and not folder.is_dir():
            raise Refused(say("backup_folder", path=folder))
        now = self._context.clock.now()
        name = f"zhangu-{now:%Y-%m-%d}.zip"
        try:
            make_folder(folder, 0o700)
            for place in {folder, self._home.var}:
                archive.sweep(place, LEFT_FOR_S)
            with tempfile.TemporaryDirectory(dir=folder, prefix=archive.SCRATCH) as scratch:
                copy = Path(scratch) / "zhangu.db"
                self._room(folder, self._home.database)
                self._context.store.backup(copy)
                about = archive.About(
                    self._context.rhythm.office,
                    now.isoformat(timespec="seconds"),
                    version(),
                    schema_version(),
                )
                made = archive.pack(self._home.root, copy, folder / name, about, store=folder / "media")
                self._verify(folder / name, Path(scratch) / "look")
            keep = sorted((one.name for one in self._in(folder)), reverse=True)
            archive.prune(folder, frozenset(keep[: self._context.rhythm.backup.days]))
        except OSError as error:
            raise Refused(say("backup_refused", path=folder, why=reason(error))) from error
        except StoreTrouble as trouble:
            raise Refused(say("backup_refused", path=folder, why=trouble.sentence.rstrip("。"))) from trouble
        return Backup(name, now, made.size, folder)

    def _room(self, folder: Path, database: Path) -> None:
        """Refuse a backup that would fill the disk. Media that are kept already need no room."""
        needs = 3 * database.stat().st_size + archive.new_media_bytes(self._home.root, folder) + SPARE
        free = shutil.disk_usage(folder).free
        if free < needs:
            raise Refused(say("backup_full", path=folder, needs=_megabytes(needs), free=_megabytes(free)))

    def _verify(self, made: Path, scratch: Path) -> None:
        """Read the archive back and check its database. Raises Refused, after deleting a bad one."""
        try:
            manifest = archive.unpack(made, scratch, only_database=True)
            with closing(Store(scratch / archive.DATABASE)) as copy:
                faults = copy.check()
            lost = archive.missing_media(made, manifest)
        except archive.BadArchive as bad:
            made.unlink(missing_ok=True)
            raise Refused(str(bad)) from bad
        if faults or lost:
            made.unlink(missing_ok=True)
            raise Refused(say("backup_failed"))

    def _in(self, folder: Path) -> list[Backup]:
        found = []
        for path in folder.glob("zhangu-????-??-??.zip"):
            try:
                manifest = archive.read_manifest(path)
                found.append(Backup(path.name, datetime.fromisoformat(manifest.made), manifest.size, folder))
            except (archive.BadArchive, ValueError):
                continue
        return found


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
