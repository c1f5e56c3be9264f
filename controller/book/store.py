"""The book on disk: the only door to SQLite.

Writes go through one connection and one lock (`write`), reads through a small pool of connections that never
wait for a writer (`read`). Everything a `write` block did is on the disk when the block has ended, or nothing
is: WAL with synchronous=FULL, one transaction per block. SQLite's own guarantees: https://sqlite.org/wal.html.
"""

from __future__ import annotations

import queue
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, tzinfo
from importlib import resources
from pathlib import Path
from typing import Final

from controller.book.chapters import Book, Kept
from controller.book.model import StoreFull, StoreTrouble
from controller.book.rows import Row, Value

__all__ = ["Book", "Store"]

_READERS_KEPT: Final = 8
_BUSY_MS: Final = 5000
_WANTED_ROOM: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
"""On a full disk a book that is only being opened fails with these: there is no room for its -wal and -shm."""
_LEAST_ROOM: Final = 100_000


class _Rows:
    """One connection's open snapshot or transaction."""

    def __init__(self, connection: sqlite3.Connection, zone: tzinfo) -> None:
        self._connection = connection
        self.zone = zone

    def all(self, sql: str, *values: Value) -> list[Row]:
        """Every row of the answer."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Value) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def add(self, sql: str, *values: Value) -> int:
        """Insert; the id of the new row."""
        ident = self._connection.execute(sql, values).lastrowid
        assert ident is not None  # noqa: S101  an INSERT always has one
        return ident

    def change(self, sql: str, *values: Value) -> int:
        """Update, delete or insert; how many rows it touched."""
        return self._connection.execute(sql, values).rowcount


class Store:
    """The book in the file `path`; moments are handed out in `zone`.

    Opening makes the folder and the file and brings an older file up to date. Raises `StoreTrouble` with a
    sentence when the file cannot be opened, isn't a book, is damaged, or comes from a newer release.
    """

    def __init__(self, path: Path, zone: tzinfo = UTC) -> None:
        self.path = path
        self.zone = zone
        self._lock = threading.Lock()
        self._kept: Kept = {}  # of committed states only: a rolled back version number comes again
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(_READERS_KEPT)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreTrouble(f"账本的目录 {path.parent} 建不了。请检查权限和磁盘。") from fault
        _make_private(path)
        with self._told():
            self._writer = self._connect()
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
                migrate(self._writer, path)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def write(self) -> Iterator[Book]:
        """One transaction, one at a time: on the disk when the block ends, undone when it raises.

        Raises `StoreFull` or `StoreTrouble` when the disk doesn't take it. Don't nest, don't speak inside.
        """
        with self._lock, self._told():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Book(_Rows(self._writer, self.zone))
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[Book]:
        """One consistent snapshot for reading; never waits for a writer, in any number of threads."""
        with self._told():
            reader = self._borrow()
            try:
                reader.execute("BEGIN")
                yield Book(_Rows(reader, self.zone), self._kept)
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
                self._give_back(reader)

    def backup(self, target: Path) -> None:
        """A whole copy of the book in a new file, taken while it is in use. `StoreTrouble` when it exists."""
        if target.exists():
            raise StoreTrouble(f"文件 {target} 已经存在，备份不会覆盖它。请换一个文件名。")
        part = target.with_name(target.name + ".part")
        _make_private(part)
        try:
            with self._told(part), closing(self._connect()) as source, closing(sqlite3.connect(part)) as copy:
                source.backup(copy)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)

    def check(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file (for the doctor); empty when all is well."""
        with self.read() as book:
            found = [str(row[0]) for row in book.rows.all("PRAGMA quick_check(10)")]
        return () if found == ["ok"] else tuple(found)

    def close(self) -> None:
        """Close every connection; the write-ahead log is taken into the file."""
        while True:
            try:
                self._readers.get_nowait().close()
            except queue.Empty:
                break
        with self._lock:
            self._writer.close()

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            reader = self._connect()
            reader.execute("PRAGMA query_only = ON")
            return reader

    def _give_back(self, reader: sqlite3.Connection) -> None:
        try:
            self._readers.put_nowait(reader)
        except queue.Full:
            reader.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "cache_size = -1000"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _told(self, path: Path | None = None) -> Iterator[None]:
        """Turn the disk's troubles into sentences; faults of our own SQL stay what they are."""
        try:
            yield
        except sqlite3.DatabaseError as fault:
            trouble = _trouble(fault, path or self.path)
            if trouble is None:
                raise
            raise trouble from fault


def _make_private(path: Path) -> None:
    """The file, readable by its owner alone: it holds the PIN and what signs the phones' cookies.

    One that is there stays as its owner has set it. What goes wrong here SQLite meets too, and tells.
    """
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)


def _trouble(fault: sqlite3.DatabaseError, path: Path) -> StoreTrouble | None:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code in _WANTED_ROOM and _no_room(path)):
        return StoreFull("磁盘满了，这一次没有记下来。请清理磁盘后再试，已经记下的都在。")
    sentences = {
        sqlite3.SQLITE_BUSY: f"账本 {path} 正被另一个程序占用，请稍后再试。",
        sqlite3.SQLITE_LOCKED: f"账本 {path} 正被另一个程序占用，请稍后再试。",
        sqlite3.SQLITE_READONLY: f"账本 {path} 只能读、不能写。请检查文件和目录的权限。",
        sqlite3.SQLITE_CANTOPEN: f"账本 {path} 打不开。请检查目录是否存在、有没有权限。",
        sqlite3.SQLITE_IOERR: f"读写账本 {path} 时磁盘出错，这一次没有记下来。请检查存储卡。",
        sqlite3.SQLITE_CORRUPT: f"账本 {path} 已损坏。请把它改名保留，再放回最近的备份。",
        sqlite3.SQLITE_NOTADB: f"{path} 不是账本文件。请把它改名保留，再放回最近的备份。",
    }
    return StoreTrouble(sentences[code]) if code in sentences else None


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _LEAST_ROOM
    except OSError:
        return False


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a book up to date: every schema_NNN.sql above its number, each whole or not at all."""
    scripts = _scripts()
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(scripts):
            raise StoreTrouble(
                f"账本 {path} 来自更新的版本（{version}，本程序懂到 {len(scripts)}）。"
                "请升级程序，或放回旧备份。"
            )
        for number in range(version, len(scripts)):
            for statement in _statements(scripts[number]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _scripts() -> list[str]:
    folder = resources.files("controller.book")
    files = sorted(
        f.name for f in folder.iterdir() if f.name.startswith("schema_") and f.name.endswith(".sql")
    )
    return [(folder / name).read_text(encoding="utf-8") for name in files]


def _statements(script: str) -> Iterator[str]:
    """The statements one by one: `executescript` would commit the transaction around it."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
