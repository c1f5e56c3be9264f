"""Steps of the store's schema: a copy before each, and an older program that works with the newer one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from newer_schema import wider

from controller.sales import store_file
from controller.sales.model import StoreTrouble
from controller.sales.people_import import PersonRow
from controller.sales.store import Store

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = store_file.schema_scripts()
KNOWN = len(SCRIPTS)
FIRST_HELD = 16
"""From this schema on an older program must be able to go on; the earlier ones were never shipped as a package."""
BREAKING = "DROP INDEX IF EXISTS none;\nALTER TABLE deals ADD COLUMN extra TEXT NOT NULL DEFAULT 'x';"


@contextmanager
def program_of(scripts: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be the program that has these schema scripts."""
    with monkeypatch.context() as other:
        other.setattr(store_file, "schema_scripts", lambda: scripts)
        yield


def sold(path: Path, key: str) -> None:
    """Record a deal, with its person."""
    with closing(Store(path)) as store, store.write() as session:
        session.roster.import_people((PersonRow("猛虎队", "王小明"),))
        person = next(iter(session.roster.active_ids()))
        session.deals.record(key, person, "贷款", Decimal(1), NOW, NOW.date())


def keys(path: Path) -> set[str]:
    with closing(Store(path)) as store, store.read() as session:
        return {deal.key for deal in session.deals.of_day(date(2026, 11, 27))}


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize(
    ("script", "adds"),
    [
        (
            "CREATE TABLE a (id INTEGER UNIQUE);\nCREATE UNIQUE INDEX b ON a (id);\nINSERT INTO a VALUES (1);",
            True,
        ),
        ("ALTER TABLE people ADD COLUMN nick TEXT;  -- DROP TABLE in a comment\n", True),
        ("ALTER TABLE people ADD COLUMN nick TEXT NOT NULL DEFAULT '';", True),
        ("CREATE TRIGGER a AFTER INSERT ON deals BEGIN INSERT INTO b VALUES (1); END;", True),
        ("ALTER TABLE people ADD COLUMN nick TEXT NOT NULL;", False),
        ("ALTER TABLE people ADD COLUMN nick TEXT DEFAULT '' CHECK (nick <> 'x');", False),
        ("CREATE UNIQUE INDEX a ON people (name);", False),
        ("CREATE TRIGGER a BEFORE INSERT ON deals BEGIN SELECT RAISE(ABORT, 'no'); END;", False),
        ("CREATE TABLE a (id);\nDROP TABLE people;", False),
        ("UPDATE people SET name = 'x';", False),
        ("ALTER TABLE people RENAME COLUMN name TO called;", False),
    ],
)
def test_a_script_that_only_adds_is_recognised(script: str, adds: bool) -> None:
    """Additions are harmless to an older program; everything else, and everything unknown, is not."""
    assert store_file.only_adds(script) is adds


def test_the_program_before_can_read_every_new_schema() -> None:
    """For one release the older program works with the newer store: each step adds, or says that it was checked."""
    for number in range(FIRST_HELD, KNOWN + 1):
        lowest = store_file.floor(SCRIPTS[:number])
        assert lowest < number, (
            f"schema_{number:03}.sql does more than add, so `zhangu rollback` would put an older copy of the database "
            f"in its place. Check that the program of schema {number - 1} works with it, then write "
            f"`-- readable from {number - 1}` as its first line."
        )


def test_rows_are_written_by_column_names() -> None:
    """No INSERT counts on the number of columns, which a newer schema may raise."""
    for path in (ROOT / "controller").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"INSERT (OR \w+ )?INTO [a-z_{}]+ (VALUES|SELECT)", text), path


def test_a_copy_is_kept_before_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store of before is there, readable by the owner alone; only the two newest stay."""
    path = tmp_path / "zhangu.db"
    sold(path, "before")
    for more in range(4):
        with program_of([*SCRIPTS, *[f"CREATE TABLE more_{n} (id);" for n in range(more)]], monkeypatch):
            sold(path, f"after {more}")
    copies = sorted((tmp_path / store_file.COPIES).iterdir())
    assert [copy.name for copy in copies] == [f"{KNOWN + 1:03}.db", f"{KNOWN + 2:03}.db"]
    assert version_of(copies[0]) == KNOWN + 1
    assert copies[0].stat().st_mode & 0o777 == 0o600
    with program_of([*SCRIPTS, "CREATE TABLE more_0 (id);"], monkeypatch):
        assert keys(copies[0]) == {"before", "after 0", "after 1"}


def test_no_step_without_its_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the copy cannot be written the store stays at its schema, and the start says why."""
    path = tmp_path / "zhangu.db"
    with program_of(SCRIPTS[:-1], monkeypatch):
        Store(path).close()
    (tmp_path / store_file.COPIES).write_text("in the way")
    with pytest.raises(StoreTrouble, match="目录"):
        Store(path)
    assert version_of(path) == KNOWN - 1


def test_an_older_program_goes_on_with_a_newer_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each table has one more column, and there is one more table: deals are written and read, nothing is undone."""
    path = tmp_path / "zhangu.db"
    step = wider()
    with program_of([*SCRIPTS, step], monkeypatch):
        sold(path, "newer")
    sold(path, "older")
    assert keys(path) == {"newer", "older"}
    assert version_of(path) == KNOWN + 1
    assert store_file.fit(path, NOW) is None


def test_a_store_that_cannot_be_read_gives_way_to_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going back behind a change that is no addition: the copy of before, with every deal recorded since."""
    path = tmp_path / "zhangu.db"
    sold(path, "before")
    with program_of([*SCRIPTS, BREAKING], monkeypatch):
        sold(path, "since")
    with pytest.raises(StoreTrouble, match="更新的版本"):
        Store(path)
    assert store_file.fit(path, NOW) == 1
    assert keys(path) == {"before", "since"}
    assert version_of(path) == KNOWN
    kept = list(tmp_path.glob("zhangu.db.newer-*"))
    assert [version_of(one) for one in kept] == [KNOWN + 1]


def test_without_a_copy_the_store_stays(tmp_path: Path) -> None:
    """A newer store without a copy of before is left unchanged, with the sentence."""
    path = tmp_path / "zhangu.db"
    sold(path, "newer")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {KNOWN + 1}")
    with pytest.raises(StoreTrouble, match="更新的版本"):
        store_file.fit(path, NOW)
    assert version_of(path) == KNOWN + 1


def test_moves_of_earlier_versions_are_known_by_their_days() -> None:
    """Before the first move: the team of the last deal; before a later one: the team of the move before it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in SCRIPTS[:18]:
            connection.executescript(script)
        connection.executescript(
            "INSERT INTO teams (id, name) VALUES (1, 'A'), (2, 'B'), (3, 'C');"
            "INSERT INTO people (id, team_id, name) VALUES (1, 3, 'X'), (2, 2, 'Y');"
            "INSERT INTO deals (key, date, at, person_id, team_id, person, team, product, fen, asked)"
            " VALUES ('k', '2026-10-01', 0, 1, 1, 'X', 'A', 'p', 1, 'a');"
            "INSERT INTO team_moves (person_id, team_id, since, made, made_by, applied)"
            " VALUES (1, 2, '2026-10-05', 0, 'Z', 1), (1, 3, '2026-11-02', 0, 'Z', 1),"
            " (2, 2, '2026-11-02', 0, 'Z', 1);"
        )
        connection.executescript(SCRIPTS[18])
        rows = connection.execute("SELECT person_id, from_team, since FROM team_changes").fetchall()
    assert rows == [(1, 1, "2026-10-05"), (1, 2, "2026-11-02")]  # of Y nothing is known
