"""The database file: its versions, and reading a damaged one. Besides `store` the only user of sqlite3."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from controller.sales.model import StoreTrouble
from controller.sentences import say


def look_into(connection: sqlite3.Connection) -> None:
    """Read the tables that a start needs; raises SQLite's error for a damaged file."""
    for table in ("settings", "walls", "teams", "people", "tokens", "sessions", "personal_pins"):
        connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
    for table in ("deals", "announcements"):
        connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 50").fetchall()  # noqa: S608


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate a store: run every schema_NNN.sql above its version, all of them or none."""
    scripts = schema_scripts()
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(scripts):
            raise StoreTrouble(say("database_newer", path=path, version=version, known=len(scripts)))
        for number in range(version, len(scripts)):
            for statement in _statements(scripts[number]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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
                rows = source.execute(f"SELECT * FROM {table} WHERE id > ? ORDER BY id", (newest,))  # noqa: S608
                columns = [column[0] for column in rows.description]
                marks = ", ".join("?" * len(columns))
                insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
                for row in rows:
                    with suppress(sqlite3.DatabaseError):
                        added += target.execute(insert, row).rowcount if table == "deals" else 0
                        if table != "deals":
                            target.execute(insert, row)
    return added


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
