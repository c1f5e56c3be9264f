"""The book on disk: the only door to SQLite.

Writes go through one connection and one lock (`write`), reads through a small pool of connections that never
wait for a writer (`read`). Everything a `write` block did is on the disk when the block has ended, or nothing
is: WAL with synchronous=FULL, one transaction per block. SQLite's own guarantees: https://sqlite.org/wal.html.
"""

from __future__ import annotations

import os
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, tzinfo
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import quote

from controller.changes import Changes
from controller.sales.model import StoreFull, StoreTrouble
from controller.sales.rows import Row, Value
from controller.sales.session import Kept, Session
from controller.sentences import say
from controller.system.os_errors import reason

__all__ = ["Session", "Store"]

_READERS_KEPT: Final = 8
_BUSY_MS: Final = 5000
_WANTED_ROOM: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
"""On a full disk a book that is only being opened fails with these: there is no room for its -wal and -shm."""
_LEAST_ROOM: Final = 100_000
_LOOK_EVERY_S: Final = 3.0


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

    `stand_in`: do not raise then, but read what can be read of it, else an empty book; every `write` is refused with
    that sentence until the file can be opened again, which is tried every few seconds (`ailing`).

    `changes` is notified once after each commit that changed something.
    """

    def __init__(self, path: Path, zone: tzinfo = UTC, *, stand_in: bool = False) -> None:
        self.path = path
        self.zone = zone
        self.changes = Changes()
        self._lock = threading.Lock()
        self._kept: Kept = {}  # of committed states only: a rolled back version number comes again
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(_READERS_KEPT)
        self._where = str(path)  # what readers open: the file, or what stands in for it
        self._missing: StoreTrouble | None = None  # why the book itself is not open
        self._refused: StoreTrouble | None = None  # why the last write failed
        self._looked = 0.0
        self._healed: list[Callable[[], None]] = []
        try:
            self._writer = self._open(sound=stand_in)
        except StoreTrouble as trouble:
            if not stand_in:
                raise
            self._missing = trouble
            self._writer = self._stand_in()

    def _open(self, *, sound: bool) -> sqlite3.Connection:
        """The book's writing connection; `sound`: look into every small table before trusting it."""
        path = self.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreTrouble(say("database_folder", path=path.parent)) from fault
        with suppress(OSError):
            if path.stat().st_size == 0 and not _beside(path).exists():
                raise StoreTrouble(say("database_empty", path=path))
        new = not path.exists()
        _lend_mode(path)
        with self._told():
            try:
                if new:
                    _make_new(path)
                writer = self._connect(str(path))
                try:
                    writer.execute("PRAGMA journal_mode = WAL")
                    migrate(writer, path)
                    if sound:
                        _look_into(writer)
                except BaseException:
                    writer.close()
                    raise
            except OSError as fault:
                raise StoreTrouble(say("database_not_made", path=path, why=reason(fault))) from fault
        return writer

    def _stand_in(self) -> sqlite3.Connection:
        """What can be read of a book that cannot be opened: the file as it is, else nothing at all."""
        for how in ("mode=ro", "mode=ro&immutable=1"):
            with suppress(sqlite3.Error):
                self._where = f"file:{quote(str(self.path))}?{how}"
                found = self._connect(self._where)
                try:
                    if found.execute("PRAGMA user_version").fetchone()[0] == len(_scripts()):
                        _look_into(found)
                        return found
                except sqlite3.Error:
                    pass
                found.close()
        self._where = f"file:stand-in-{id(self)}?mode=memory&cache=shared"
        empty = self._connect(self._where)
        migrate(empty, self.path)
        return empty

    def when_healed(self, call: Callable[[], None]) -> None:
        """Call this when the book can be opened again after something stood in for it."""
        self._healed.append(call)

    def ailing(self) -> StoreTrouble | None:
        """Why nothing can be written now, None when it can; looks every few seconds, and opens what can be opened."""
        if self._missing is None and self._refused is None:
            return self._shut()
        with self._lock:
            now = time.monotonic()
            if now - self._looked < _LOOK_EVERY_S:
                return self._missing or self._refused
            self._looked = now
        if self._missing is not None:
            self._heal()
        else:
            with suppress(StoreTrouble):
                self._open_again()
                with self.write(quiet=True) as book:
                    book.desk.set_setting("tried", round(time.time()))
        return self._missing or self._refused

    def _shut(self) -> StoreTrouble | None:
        """Whether the file system says that nothing can be written, before a write has found out."""
        with suppress(OSError):
            read_only = os.statvfs(self.path.parent).f_flag & os.ST_RDONLY
            if read_only or not (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)):
                return StoreTrouble(_sentences(self.path)[sqlite3.SQLITE_READONLY])
        return None

    def _heal(self) -> None:
        try:
            writer = self._open(sound=True)
        except StoreTrouble as trouble:
            self._missing = trouble
            return
        with self._lock:
            self._writer.close()
            self._writer, self._where, self._missing = writer, str(self.path), None
            self._kept.clear()
        self._close_idle_readers()
        for call in self._healed:
            call()

    def _open_again(self) -> None:
        """Other connections: what SQLite opened while the file was read-only stays so until the last one is closed."""
        with self._lock:
            self._writer.close()
            self._close_idle_readers()
            try:
                self._writer = self._open(sound=False)
            except StoreTrouble as trouble:
                self._missing, self._writer = trouble, self._stand_in()
                raise

    def _close_idle_readers(self) -> None:
        while not self._readers.empty():
            with suppress(queue.Empty):
                self._readers.get_nowait().close()

    @contextmanager
    def write(self, *, quiet: bool = False) -> Iterator[Session]:
        """One transaction, one at a time: on the disk when the block ends, undone when it raises.

        When it changed something `changes` is notified afterwards, unless it is `quiet`: a write that neither screens
        nor sound depend on. Raises `StoreFull` or `StoreTrouble` when the disk doesn't take it. Don't nest.
        """
        if self._missing is not None:
            raise self._missing
        try:
            with self._lock:
                before = self._writer.total_changes
                with self._transaction() as book:
                    yield book
                changed = self._writer.total_changes != before
                book.committed()
        except StoreTrouble as trouble:
            self._refused = trouble
            raise
        self._refused = None
        if changed and not quiet:
            self.changes.notify()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._told():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Session(_Rows(self._writer, self.zone))
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot for reading; never waits for a writer, in any number of threads."""
        with self._told():
            where = self._where
            reader = self._borrow()
            try:
                reader.execute("BEGIN")
                yield Session(_Rows(reader, self.zone), self._kept)
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
                self._give_back(reader, where)

    def backup(self, target: Path) -> None:
        """A whole copy of the book in a new file, taken while it is in use. `StoreTrouble` when it exists."""
        if target.exists():
            raise StoreTrouble(f"文件 {target} 已经存在，备份不会覆盖它。请换一个文件名。")
        part = target.with_name(target.name + ".part")
        _make_private(part)
        try:
            with (
                self._told(part),
                closing(self._connect(self._where)) as source,
                closing(sqlite3.connect(part)) as copy,
            ):
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
            reader = self._connect(self._where)
            reader.execute("PRAGMA query_only = ON")
            return reader

    def _give_back(self, reader: sqlite3.Connection, where: str) -> None:
        if where != self._where:  # of what stood in for the book
            reader.close()
            return
        try:
            self._readers.put_nowait(reader)
        except queue.Full:
            reader.close()

    def _connect(self, where: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            where,
            timeout=_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            uri=where.startswith("file:"),
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
        return StoreFull(say("database_full"))
    sentences = _sentences(path)
    return StoreTrouble(sentences[code]) if code in sentences else None


def _sentences(path: Path) -> dict[int, str]:
    return {
        sqlite3.SQLITE_BUSY: say("database_busy", path=path),
        sqlite3.SQLITE_LOCKED: say("database_busy", path=path),
        sqlite3.SQLITE_READONLY: say("database_read_only", path=path),
        sqlite3.SQLITE_CANTOPEN: say("database_closed", path=path),
        sqlite3.SQLITE_IOERR: say("database_disk", path=path),
        sqlite3.SQLITE_CORRUPT: say("database_damaged", path=path),
        sqlite3.SQLITE_NOTADB: say("database_foreign", path=path),
    }


def _beside(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _lend_mode(path: Path) -> None:
    """Files that SQLite made beside a read-only book are read-only too, and would keep a mended one so."""
    for beside in (_beside(path), path.with_name(path.name + "-shm")):
        with suppress(OSError):
            if os.access(path, os.W_OK) and not os.access(beside, os.W_OK):
                beside.chmod(path.stat().st_mode & 0o777)


def _make_new(path: Path) -> None:
    """A new book comes under its name only when it is whole: an empty file of that name is a lost book."""
    part = path.with_name(f"{path.name}.new-{os.getpid()}-{threading.get_ident()}")
    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            migrate(connection, path)
        try:
            os.link(part, path)
        except FileExistsError:  # another process was faster: its book is the book
            pass
        except OSError:  # a file system without links
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _look_into(connection: sqlite3.Connection) -> None:
    """Reads what a start needs; raises what SQLite says of a damaged file."""
    for table in ("settings", "walls", "teams", "people", "tokens", "sessions"):
        connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of ours
    for table in ("deals", "announcements"):
        connection.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 50").fetchall()  # noqa: S608


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


def _scripts() -> list[str]:
    folder = resources.files("controller.sales")
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
