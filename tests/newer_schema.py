"""A store as a newer program would leave it: every table with a further column, and a further table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from controller.sales import store_file
from controller.sales.store import Store


def wider() -> str:
    """Return a schema step that adds a column to every table, and a table."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        store_file.migrate(connection, Path("memory"))
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
    columns = [f"ALTER TABLE {name} ADD COLUMN extra TEXT NOT NULL DEFAULT 'x';\n" for name in tables]
    return "".join(columns) + "CREATE TABLE further (id INTEGER PRIMARY KEY);\n"


def make_newer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a store of the next schema at `path`."""
    step = wider()
    with monkeypatch.context() as newer:
        scripts = store_file.schema_scripts()
        newer.setattr(store_file, "schema_scripts", lambda: [*scripts, step])
        Store(path).close()
