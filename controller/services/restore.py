"""Restore an office from an archive, and replace a damaged database by its newest good copy at a start.

A restore is prepared beside the data, checked file by file, and then moved into place. The next start finishes one that
a power cut interrupted: a marker is written when everything is prepared, and each move can be repeated. The former
files stay in `var/before-restore-…` until the next restore.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

from controller.moments import local
from controller.sales.model import Refused, StoreTrouble
from controller.sales.store import Store
from controller.sales.store_file import salvage, schema_version
from controller.sentences import say
from controller.system import archive
from controller.system.archive import DATABASE, BadArchive, Manifest
from controller.system.atomic_file import make_folder, rewrite, settle
from controller.system.os_errors import reason
from controller.system.paths import Home

log = logging.getLogger(__name__)

MARKER: Final = "ready.json"
REPLACED: Final = "database_replaced"
"""The setting that describes a replaced database: {made, again, name, at}."""
SPARE: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """The content of a database in numbers, for a comparison before it is replaced."""

    people: int
    deals: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A prepared restore: the archive's content, both databases, and the files that would be replaced or added."""

    manifest: Manifest
    theirs: Facts
    ours: Facts | None
    replaced: tuple[str, ...]
    added: tuple[str, ...]


def prepare(home: Home, file: Path, *, media: bool = True) -> Preview:
    """Unpack and check an archive beside the data; nothing in use is changed. Raises Refused.

    Without `media`, the music, photos and recordings of this machine are kept.
    """
    staged = _staging(home)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        manifest = archive.read_manifest(file)
        _allowed(home, manifest)
        archive.unpack(file, staged / "home", media=media)
        theirs = facts_of(staged / "home" / DATABASE)
    except BadArchive as bad:
        discard(home)
        raise Refused(str(bad)) from bad
    except OSError as error:
        discard(home)
        raise Refused(f"备份没有恢复，一切照旧：{reason(error)}。") from error
    except StoreTrouble as trouble:
        discard(home)
        raise Refused(f"备份里的账本不能用，没有恢复，一切照旧。{trouble.sentence}") from trouble
    ours = None
    with suppress(StoreTrouble):
        ours = facts_of(home.database) if home.database.exists() else None
    paths = [path.relative_to(staged / "home") for path in _files(staged / "home")]
    replaced = tuple(str(path) for path in paths if (home.root / path).exists())
    return Preview(
        manifest, theirs, ours, replaced, tuple(str(p) for p in paths if str(p) not in set(replaced))
    )


def commit(home: Home, now: datetime) -> Path:
    """Move the prepared files into place; return the folder of those that were there before. Raises OSError."""
    before = home.var / f"before-restore-{now:%Y-%m-%d-%H%M%S}"
    for older in home.var.glob("before-restore-*"):
        shutil.rmtree(older, ignore_errors=True)
    _seal(home, before)
    finish(home)
    return before


def _seal(home: Home, before: Path) -> None:
    """Declare the prepared files complete: from here on each start finishes the moves. Raises OSError."""
    os.sync()  # the marker must not reach the disk before the files that it vouches for
    rewrite(_staging(home) / MARKER, json.dumps({"before": before.name}).encode())


def finish(home: Home) -> bool:
    """Finish a restore or a repair that a power cut interrupted; return whether there was one. Raises OSError."""
    staged = _staging(home)
    try:
        before = home.var / Path(json.loads((staged / MARKER).read_text(encoding="utf-8"))["before"]).name
    except (OSError, ValueError, KeyError, TypeError):
        return False
    for new in sorted(_files(staged / "home"), key=lambda path: path == staged / "home" / DATABASE):
        path = new.relative_to(staged / "home")
        beside = ("-wal", "-shm", "") if str(path) == DATABASE else ("",)
        for suffix in beside:  # the log before its database: alone it would be merged into the new one
            old = home.root / f"{path}{suffix}"
            if old.exists():
                kept = before / f"{path}{suffix}"
                make_folder(kept.parent)
                old.replace(kept)
        make_folder((home.root / path).parent)
        new.replace(home.root / path)
        settle((home.root / path).parent)
    shutil.rmtree(staged, ignore_errors=True)
    return True


def discard(home: Home) -> None:
    """Delete a prepared restore."""
    shutil.rmtree(_staging(home), ignore_errors=True)


def facts_of(database: Path) -> Facts:
    """Count people and deals of a database; an older one is migrated. Raises StoreTrouble."""
    with closing(Store(database)) as store:
        if store.check():
            raise StoreTrouble(say("database_damaged", path=database))
        with store.read() as session:
            return Facts(
                len(session.roster.active_ids()),
                session.rows.all("SELECT count(*) FROM deals")[0][0],
                session.deals.newest_at(),
            )


def replace_damaged(home: Home, zone: tzinfo, now: datetime) -> bool:
    """Put the newest good copy in the place of a damaged database; return whether there was one. Raises OSError.

    Deals recorded after the copy are added as far as the damaged file yields them. That file is kept in
    `var/damaged-…`. It works like a restore: the next start finishes interrupted moves.
    """
    staged = _staging(home)
    for copy in sorted((home.var / "backups").glob("zhangu-*.zip"), reverse=True):
        shutil.rmtree(staged, ignore_errors=True)
        database = staged / "home" / DATABASE
        try:
            manifest = archive.unpack(copy, staged / "home", only_database=True)
            facts_of(database)
        except (BadArchive, StoreTrouble) as bad:
            log.warning("backup %s is of no use: %s", copy.name, bad)
            continue
        again = salvage(home.database, database)
        made = local(datetime.fromisoformat(manifest.made), zone)
        kept = home.var / f"damaged-{now:%Y-%m-%d-%H%M%S}"
        note = {"made": f"{made:%Y-%m-%d %H:%M}", "again": again, "name": kept.name, "at": now.isoformat()}
        with closing(Store(database)) as store, store.write() as session:
            session.settings.set_setting(REPLACED, note)
        _seal(home, kept)
        finish(home)
        log.error("the damaged database was replaced by the copy of %s; deals read from it: %d", made, again)
        return True
    discard(home)
    return False


def _allowed(home: Home, manifest: Manifest) -> None:
    """Raise Refused for an archive of a newer program, or one that does not fit on the disk."""
    if manifest.schema > schema_version():
        raise Refused(
            f"这份备份来自更新的版本 {manifest.version}，这里的版本读不了，没有恢复，一切照旧。请先升级。"
        )
    free = shutil.disk_usage(home.root).free
    if free < manifest.size + SPARE:
        needs = (manifest.size + SPARE) / 1e6
        raise Refused(
            f"磁盘放不下这份备份：要 {needs:.0f} MB，只剩 {free / 1e6:.0f} MB。没有恢复，一切照旧。"
        )


def _staging(home: Home) -> Path:
    return home.var / "restore"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
