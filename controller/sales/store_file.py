"""The database file: its versions, and reading a damaged one. Besides `store` the only user of sqlite3."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import quote

from controller.sales.model import StoreTrouble
from controller.sentences import say
from controller.system.atomic_file import make_folder, publish

COPIES: Final = "before-schema"
"""The folder beside the store with a copy of it from before each change of its schema."""
_MOST_COPIES: Final = 2
_FLOOR: Final = "schema_floor"
"""The setting with the store's schema and the lowest schema whose program can work with it."""


def look_into(connection: sqlite3.Connection) -> None:
    """Read the tables that a start needs; raises SQLite's error for a damaged file."""
    for table in ("settings", "walls", "teams", "people", "tokens", "sessions", "personal_pins"):
        connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
    for table in ("deals", "announcements"):
        connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 50").fetchall()  # noqa: S608


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate a store: run every schema_NNN.sql above its version, all of them or none; before that keep a copy.

    Leave a newer program's store unchanged if this program can work with it (`floor`), else raise StoreTrouble.
    """
    scripts = schema_scripts()
    (before,) = connection.execute("PRAGMA user_version").fetchone()
    if 0 < before < len(scripts):
        keep_copy(connection, path.parent / COPIES / f"{before:03}.db")
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(scripts) and _lowest_reader(connection, version) > len(scripts):
            raise StoreTrouble(say("database_newer", path=path, version=version, known=len(scripts)))
        for number in range(version, len(scripts)):
            for statement in _statements(scripts[number]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        if version < len(scripts):
            _note_floor(connection, len(scripts), floor(scripts))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def keep_copy(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the store to `target`, complete or not at all, and delete older copies."""
    make_folder(target.parent, 0o700)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with closing(sqlite3.connect(part)) as copy:
        connection.backup(copy)
    publish(part, target)
    for old in sorted(target.parent.glob("???.db"))[:-_MOST_COPIES]:
        old.unlink(missing_ok=True)


def floor(scripts: list[str]) -> int:
    """Return the lowest schema whose program can work with the newest one.

    A script that only adds changes nothing for an older program. Any other one ends this, unless its first line is
    `-- readable from NNN`, for a change that a person has checked.
    """
    for number in range(len(scripts), 1, -1):
        declared = re.match(r"-- readable from (\d+)", scripts[number - 1])
        if declared:
            return int(declared[1])
        if not only_adds(scripts[number - 1]):
            return number
    return 1


def only_adds(script: str) -> bool:
    """Return whether a script only adds tables, indexes, columns with a default, and triggers that refuse nothing."""
    plain = re.sub(r"--[^\n]*", "", script)
    added = {name.lower() for name in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", plain, re.I)}
    return all(_adds(" ".join(statement.split()), added) for statement in _statements(plain))


def _adds(statement: str, added: set[str]) -> bool:
    """Return whether a statement disturbs no older program. `added`: the tables that its script makes."""
    words = statement.upper()
    if words.startswith("ALTER TABLE ") and " ADD COLUMN " in words:
        return not re.search(r"\b(CHECK|UNIQUE)\b", words) and ("NOT NULL" not in words or "DEFAULT" in words)
    table = re.match(
        r"(?:INSERT(?: OR \w+)? INTO|CREATE UNIQUE INDEX \w+ ON|CREATE TRIGGER .*? ON) (\w+)", statement, re.I
    )
    if table and table[1].lower() in added:
        return True
    if words.startswith("CREATE TRIGGER "):
        return "RAISE" not in words
    return words.startswith(("CREATE TABLE ", "CREATE INDEX "))


def _lowest_reader(connection: sqlite3.Connection, version: int) -> int:
    """Return the lowest schema whose program can work with a newer store; its own version when it does not say."""
    with suppress(sqlite3.Error, ValueError, TypeError):
        row = connection.execute("SELECT value FROM settings WHERE key = ?", (_FLOOR,)).fetchone()
        schema, lowest = json.loads(row[0])
        if schema == version:
            return int(lowest)
    return version


def _note_floor(connection: sqlite3.Connection, schema: int, lowest: int) -> None:
    connection.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (_FLOOR, json.dumps([schema, lowest])),
    )


def readable(connection: sqlite3.Connection) -> bool:
    """Return whether this program can work with the store without a change."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    known = schema_version()
    return version == known or (version > known and _lowest_reader(connection, version) <= known)


def fit(path: Path, now: datetime) -> int | None:
    """Put a store that this program can read in the place of a newer one; return how many deals came along.

    None: nothing to do. Otherwise the newest copy from before a change of the schema replaces it, with the deals
    that were recorded since. The newer store is kept as `zhangu.db.newer-…`. Raises StoreTrouble without such a copy.
    """
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        (version,) = newer.execute("PRAGMA user_version").fetchone()
        if version < schema_version() or readable(newer):
            return None
        newer.execute("PRAGMA journal_mode = DELETE")  # one file: it is replaced in one step
    copies = sorted((path.parent / COPIES).glob("???.db"))
    usable = [copy for copy in copies if int(copy.stem) <= schema_version()]
    if not usable:
        raise StoreTrouble(say("database_newer", path=path, version=version, known=schema_version()))
    scratch = path.with_name(f"{path.name}.fitting")
    shutil.copyfile(usable[-1], scratch)
    scratch.chmod(0o600)
    added = salvage(path, scratch)
    kept = path.with_name(f"{path.name}.newer-{now:%Y-%m-%d-%H%M%S}")
    kept.unlink(missing_ok=True)
    os.link(path, kept)
    publish(scratch, path)
    return added


def schema_version() -> int:
    """Return the version of the database that this program writes."""
    return len(schema_scripts())


def salvage(damaged: Path, copy: Path) -> int:
    """Add to `copy` the deals that were recorded after it, as far as a damaged file still yields them; return how many.

    People and teams that are new come along. Rows that cannot be read or do not fit are left out.
    """
    added = 0
    with (
        suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(f"file:{quote(str(damaged))}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy, isolation_level=None)) as target,
    ):
        for table in ("teams", "people", "deals"):
            (newest,) = target.execute(f"SELECT ifnull(max(id), 0) FROM {table}").fetchone()  # noqa: S608
            with suppress(sqlite3.DatabaseError):
                both = _columns(target, table)
                columns = [name for name in _columns(source, table) if name in both]
                wanted = f"SELECT {', '.join(columns)} FROM {table} WHERE id > ? ORDER BY id"  # noqa: S608
                rows = source.execute(wanted, (newest,))
                marks = ", ".join("?" * len(columns))
                insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
                for row in rows:
                    with suppress(sqlite3.DatabaseError):
                        added += target.execute(insert, row).rowcount if table == "deals" else 0
                        if table != "deals":
                            target.execute(insert, row)
    return added


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


@cache
def schema_scripts() -> list[str]:
    folder = resources.files("controller.sales")
    files = sorted(
        f.name for f in folder.iterdir() if f.name.startswith("schema_") and f.name.endswith(".sql")
    )
    return [(folder / name).read_text(encoding="utf-8") for name in files]


def _statements(script: str) -> Iterator[str]:
    """Yield the statements one by one: `executescript` would commit the transaction around it."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
