"""The store on disk: the only module that uses SQLite.

Writes go through one connection and one lock (`write`), reads through a small pool of connections that never
wait for a writer (`read`). After a `write` block either all of its changes are on the disk or none: WAL with
synchronous=FULL, one transaction per block. SQLite's guarantees: https://sqlite.org/wal.html.
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
from pathlib import Path
from typing import Final
from urllib.parse import quote

from controller.changes import Changes
from controller.sales.deals import forget_deals
from controller.sales.model import StoreDamaged, StoreFull, StoreTrouble
from controller.sales.money import from_fen
from controller.sales.rows import Rows
from controller.sales.session import RosterCache, Session, monday_to_friday
from controller.sales.store_file import look_into, migrate, readable
from controller.sales.targets import Works
from controller.sentences import say
from controller.system.atomic_file import make_folder, publish
from controller.system.os_errors import reason

__all__ = ["Session", "Store"]

_READERS_KEPT: Final = 8
_BUSY_MS: Final = 5000
RESPONDS_S: Final = 2.0
"""Longest wait for the writing lock before the store counts as hanging; transactions take milliseconds."""
_WANTED_ROOM: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
"""Error codes when opening the file on a full disk: there is no space for its -wal and -shm."""
_LEAST_ROOM: Final = 100_000
_LOOK_EVERY_S: Final = 3.0


class Store:
    """The SQLite file `path`; moments are returned in `zone`. `works`: is a date a working day?

    Opening creates the folder and the file and migrates an older file. Raises `StoreTrouble` with a sentence
    when the file cannot be opened, isn't a store, is damaged, or comes from a newer release.

    `stand_in`: instead of raising, read as much of the file as possible, else an empty store; every `write` is refused
    with that sentence until the file can be opened again, which is tried every few seconds (`ailing`).

    `changes` is notified once after each commit that changed something.
    """

    def __init__(
        self, path: Path, zone: tzinfo = UTC, *, stand_in: bool = False, works: Works = monday_to_friday
    ) -> None:
        self.path = path
        self.zone = zone
        self._works = works
        self.changes = Changes()
        self._lock = threading.Lock()
        self._kept: RosterCache = {}  # committed states only: a rolled back version number is used again
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(_READERS_KEPT)
        self._where = str(path)  # opened by readers: the file or its substitute
        self._missing: StoreTrouble | None = None  # why the file is not open
        self._refused: StoreTrouble | None = None  # why the last write failed
        self._looked = 0.0
        self._healed: list[Callable[[], None]] = []
        try:
            self._writer = self._open(sound=stand_in)
        except StoreTrouble as trouble:
            if not stand_in:
                raise
            self._missing = self._explained(trouble)
            self._writer = self._open_substitute()

    def _open(self, *, sound: bool) -> sqlite3.Connection:
        """Open the writing connection; `sound`: first read every small table, to detect damage."""
        path = self.path
        try:
            make_folder(path.parent)
        except OSError as fault:
            raise StoreTrouble(say("database_folder", path=path.parent)) from fault
        with suppress(OSError):
            if path.stat().st_size == 0 and not _beside(path).exists():
                raise StoreDamaged(say("database_empty", path=path))
        new = not path.exists()
        _lend_mode(path)
        with self._as_trouble():
            try:
                if new:
                    _make_new(path)
                writer = self._connect(str(path))
                try:
                    writer.execute("PRAGMA journal_mode = WAL")
                    migrate(writer, path)
                    if sound:
                        look_into(writer)
                except BaseException:
                    writer.close()
                    raise
            except OSError as fault:
                raise StoreTrouble(say("database_not_made", path=path, why=reason(fault))) from fault
        return writer

    def _open_substitute(self) -> sqlite3.Connection:
        """Return a substitute for a file that cannot be opened for writing: the file read-only, else an empty one."""
        for how in ("mode=ro", "mode=ro&immutable=1"):
            with suppress(sqlite3.Error):
                self._where = f"file:{quote(str(self.path))}?{how}"
                reader = self._connect(self._where)
                try:
                    if readable(reader):
                        look_into(reader)
                        return reader
                except sqlite3.Error:
                    pass
                reader.close()
        self._where = f"file:stand-in-{id(self)}?mode=memory&cache=shared"
        empty = self._connect(self._where)
        migrate(empty, self.path)
        return empty

    def when_healed(self, call: Callable[[], None]) -> None:
        """Run `call` when the file can be opened again after a substitute was used."""
        self._healed.append(call)

    @property
    def damaged(self) -> bool:
        """Return whether the file's content is damaged: only a backup helps."""
        return isinstance(self._missing, StoreDamaged)

    def ailing(self) -> StoreTrouble | None:
        """Return why writing is impossible now, else None; check every few seconds and reopen the file if possible."""
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
                with self.write(quiet=True) as session:
                    session.settings.set_setting("tried", round(time.time()))
        return self._missing or self._refused

    def _shut(self) -> StoreTrouble | None:
        """Return the trouble if the file system is read-only, before a write fails."""
        with suppress(OSError):
            read_only = os.statvfs(self.path.parent).f_flag & os.ST_RDONLY
            if read_only or not (os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)):
                return StoreTrouble(_sentences(self.path)[sqlite3.SQLITE_READONLY])
        return None

    def _explained(self, trouble: StoreTrouble) -> StoreTrouble:
        """Return the cause of a file that cannot be opened: SQLite does not say that the file system is read-only."""
        return trouble if isinstance(trouble, StoreDamaged) else self._shut() or trouble

    def _heal(self) -> None:
        try:
            writer = self._open(sound=True)
        except StoreTrouble as trouble:
            self._missing = self._explained(trouble)
            return
        with self._lock:
            self._writer.close()
            self._writer, self._where, self._missing = writer, str(self.path), None
            self._kept.clear()
        self._close_idle_readers()
        for call in self._healed:
            call()

    def _open_again(self) -> None:
        """Replace all connections: those opened while the file was read-only stay read-only until all are closed."""
        with self._lock:
            self._writer.close()
            self._close_idle_readers()
            try:
                self._writer = self._open(sound=False)
            except StoreTrouble as trouble:
                self._missing, self._writer = trouble, self._open_substitute()
                raise

    def _close_idle_readers(self) -> None:
        while not self._readers.empty():
            with suppress(queue.Empty):
                self._readers.get_nowait().close()

    @contextmanager
    def write(self, *, quiet: bool = False, synced: bool = True) -> Iterator[Session]:
        """Run one transaction, one at a time: committed when the block ends, rolled back when it raises.

        Notifies `changes` after a change, unless `quiet`: for writes that neither screens nor sound depend on.
        Unless `synced`, it reaches the disk with the next synced transaction: a power cut may lose it.
        Raises `StoreFull` or `StoreTrouble` when the disk refuses the write. Don't nest.
        """
        if self._missing is not None:
            raise self._missing
        try:
            with self._lock:
                before = self._writer.total_changes
                with self._transaction(synced) as session:
                    yield session
                changed = self._writer.total_changes != before
                session.committed()
        except StoreTrouble as trouble:
            self._refused = trouble
            raise
        self._refused = None
        if changed and not quiet:
            self.changes.notify()

    @contextmanager
    def _transaction(self, synced: bool = True) -> Iterator[Session]:
        with self._as_trouble():
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Session(Rows(self._writer, self.zone), self._kept, self._works, writes=True)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def responds(self, within_s: float = RESPONDS_S) -> bool:
        """Return whether a write could begin and a read end; a full or damaged disk is an answer too."""
        if not self._lock.acquire(timeout=within_s):
            return False
        self._lock.release()
        with suppress(StoreTrouble), self.read():
            pass
        return True

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open one consistent snapshot for reading; never waits for a writer, in any number of threads."""
        with self._as_trouble():
            where = self._where
            reader = self._borrow()
            try:
                reader.execute("BEGIN")
                yield Session(Rows(reader, self.zone), self._kept, self._works)
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
                self._give_back(reader, where)

    def backup(self, target: Path) -> None:
        """Copy the whole store to a new file while it is in use. Raises `StoreTrouble` if the file exists."""
        if target.exists():
            raise StoreTrouble(f"文件 {target} 已经存在，备份不会覆盖它。请换一个文件名。")
        part = target.with_name(target.name + ".part")
        _make_private(part)
        try:
            with (
                self._as_trouble(part),
                closing(self._connect(self._where)) as source,
                closing(sqlite3.connect(part)) as copy,
            ):
                source.backup(copy)
            publish(part, target)
        finally:
            part.unlink(missing_ok=True)

    def release_memory(self) -> None:
        """Give up what only makes reading faster: it grows for weeks, in small pieces between others."""
        forget_deals()
        from_fen.cache_clear()
        with self._as_trouble(), self._lock:
            self._writer.execute("PRAGMA shrink_memory")
        self._close_idle_readers()

    def check(self) -> tuple[str, ...]:
        """Return the faults that SQLite reports for the file (for the doctor); empty without any."""
        with self.read() as session:
            faults = [str(row[0]) for row in session.rows.all("PRAGMA quick_check(10)")]
        return () if faults == ["ok"] else tuple(faults)

    def close(self) -> None:
        """Close every connection; SQLite merges the write-ahead log into the file."""
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
        if where != self._where:  # a reader of the substitute
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
    def _as_trouble(self, path: Path | None = None) -> Iterator[None]:
        """Turn disk errors into sentences; let faults of our own SQL pass unchanged."""
        try:
            yield
        except sqlite3.DatabaseError as fault:
            trouble = _trouble(fault, path or self.path)
            if trouble is None:
                raise
            raise trouble from fault


def _make_private(path: Path) -> None:
    """Create the file readable by its owner only: it holds the PIN and the key that signs the phones' cookies.

    The mode of an existing file is kept. Errors are ignored here because SQLite reports them too.
    """
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)


def _trouble(fault: sqlite3.DatabaseError, path: Path) -> StoreTrouble | None:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code in _WANTED_ROOM and _no_room(path)):
        return StoreFull(say("database_full"))
    sentences = _sentences(path)
    kind = StoreDamaged if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) else StoreTrouble
    return kind(sentences[code]) if code in sentences else None


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
    """Make -wal and -shm writable like the file: created beside a read-only file, they would keep it read-only."""
    for beside in (_beside(path), path.with_name(path.name + "-shm")):
        with suppress(OSError):
            if os.access(path, os.W_OK) and not os.access(beside, os.W_OK):
                beside.chmod(path.stat().st_mode & 0o777)


def _make_new(path: Path) -> None:
    """Create a new file under its name only when it is complete: an empty file of that name is a lost store."""
    part = path.with_name(f"{path.name}.new-{os.getpid()}-{threading.get_ident()}")
    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            migrate(connection, path)
        try:
            os.link(part, path)
        except FileExistsError:  # another process was faster: use its file
            pass
        except OSError:  # a file system without links
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _LEAST_ROOM
    except OSError:
        return False
