"""The store on disk: transactions, keys, failures, backups."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from book_made import DAY, ZONE, at, fill_roster, record

from controller.sales import deals
from controller.sales.model import Conflict, Refused, StoreFull, StoreTrouble
from controller.sales.money import from_fen
from controller.sales.store import Store


def test_a_deal_is_read_back_unchanged(store: Store) -> None:
    """Every field of a deal survives a restart, to the millisecond and the fen."""
    deal = record(store, 1, "12800.50", "14:07", key="phone-1")
    store.close()
    again = Store(store.path, ZONE)
    with again.read() as session:
        assert session.deals.by_key("phone-1") == session.deals.get(deal.id) == deal
    again.close()
    assert (deal.person, deal.team, deal.amount) == ("王小明", "猛虎队", Decimal("12800.50"))
    assert deal.at == at("14:07")
    assert deal.at.isoformat() == "2026-11-23T14:07:00+08:00"


def test_the_same_request_is_recorded_once(store: Store) -> None:
    """A tap repeated with the same key returns the same deal; with other content it is a conflict."""
    first = record(store, key="tap")
    assert record(store, key="tap", clock="11:00") == first
    with pytest.raises(Conflict) as conflict:
        record(store, amount="101", key="tap")
    assert conflict.value.field == "key"
    with store.read() as session:
        assert session.deals.of_day(DAY) == (first,)


def test_eight_phones_with_one_key_make_one_deal(store: Store) -> None:
    """Threads that post one key at the same moment make one deal, and all receive it."""
    gate = threading.Barrier(8)

    def post(_: int) -> int:
        gate.wait()
        return record(store, key="same").id

    with ThreadPoolExecutor(8) as pool:
        idents = set(pool.map(post, range(8)))
    with store.read() as session:
        assert {deal.id for deal in session.deals.of_day(DAY)} == idents
    assert len(idents) == 1


def test_eight_phones_with_their_own_keys_lose_nothing(store: Store) -> None:
    """With eight threads recording and others reading, all deals are stored exactly once."""

    def post(phone: int) -> None:
        for n in range(20):
            record(store, 1 + phone % 4, "10", key=f"{phone}-{n}")
            with store.read() as session:
                assert sum(sale.count for sale in session.deals.sales(DAY, DAY)) == len(
                    session.deals.of_day(DAY)
                )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(8)))
    with store.read() as session:
        assert len(session.deals.of_day(DAY)) == 160
        assert session.standings(DAY, DAY).amount == Decimal(1600)


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    """Deal and announcement are one transaction: if the second fails, the first is rolled back."""

    def fail_after_recording() -> None:
        with store.write() as session:
            session.deals.record("k", 1, "", Decimal(1), at("10:00"), DAY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    with store.read() as session:
        assert session.deals.of_day(DAY) == ()
    assert record(store, key="k").id == 1


def test_a_snapshot_stays_the_same_while_others_write(store: Store) -> None:
    """The data that a wall reads in a snapshot is consistent while others record."""
    with store.read() as session:
        before = session.deals.of_day(DAY)
        record(store)
        assert session.deals.of_day(DAY) == before
        assert session.standings(DAY, DAY).count == 0
    with store.read() as session:
        assert session.standings(DAY, DAY).count == 1


def test_readers_cannot_write(store: Store) -> None:
    """The store can be changed only through `write`."""
    with store.read() as session, pytest.raises(sqlite3.OperationalError, match="readonly"):
        session.settings.set_setting("volume", 3)


@pytest.mark.parametrize(
    ("key", "person", "product", "field"),
    [("", 1, "", "key"), ("k" * 81, 1, "", "key"), ("k", 99, "", "person"), ("k", 1, "长" * 41, "product")],
)
def test_bad_requests_are_refused_by_field(
    store: Store, key: str, person: int, product: str, field: str
) -> None:
    """An unknown person or a too long text is refused with a sentence and the field's name."""
    with store.write() as session, pytest.raises(Refused) as refused:
        session.deals.record(key, person, product, Decimal(1), at("10:00"), DAY)
    assert refused.value.field == field
    assert refused.value.sentence.endswith("。")


def test_markup_is_only_text(store: Store) -> None:
    """Quotes and angle brackets in a product are read back unchanged."""
    nasty = "<b>'; DROP TABLE deals; --\"</b>"
    with store.write() as session:
        assert session.deals.record("k", 1, nasty, Decimal(1), at("10:00"), DAY)[0].product == nasty


def test_voiding_twice_keeps_the_first_reason(store: Store) -> None:
    """A deal is taken back once, with its reason; a second tap changes nothing, an unknown id is refused."""
    deal = record(store)
    with store.write() as session:
        assert session.deals.void(deal.id, "客户退单", at("11:00")).voided == "客户退单"
        assert session.deals.void(deal.id, "手误", at("11:01")).voided == "客户退单"
        with pytest.raises(Refused, match="没有编号为 99"):
            session.deals.void(99, "", at("11:00"))


@pytest.mark.parametrize("sql", ["UPDATE deals SET fen = 1", "DELETE FROM deals", "UPDATE deals SET at = 0"])
def test_a_deal_cannot_be_changed(store: Store, sql: str) -> None:
    """Even direct SQL cannot change or delete a deal."""
    record(store)
    with pytest.raises(sqlite3.IntegrityError, match="deal"), store.write() as session:
        session.rows.change(sql)


def test_every_connection_is_durable_and_strict(store: Store) -> None:
    """WAL, synchronous=FULL and foreign keys are set on the writer and on every reader."""
    for door in (store.write, store.read):
        with door() as session:
            pragmas = [
                session.rows.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        assert pragmas == [("wal",), (2,), (1,)]


def test_a_full_disk_is_reported_and_nothing_is_lost(store: Store) -> None:
    """On a full disk the whole request is refused; recorded deals stay, and recording works once there is space."""
    kept = record(store)
    with store.write() as session:
        (pages,) = session.rows.one("PRAGMA page_count") or (0,)
        session.rows.one(f"PRAGMA max_page_count = {pages}")

    def write_too_much() -> None:
        with store.write() as session:
            session.deals.record("lost", 1, "", Decimal(1), at("10:00"), DAY)
            session.settings.set_setting("large", "x" * 100_000)

    with pytest.raises(StoreFull, match="磁盘满了"):
        write_too_much()
    with store.write() as session:
        session.rows.one("PRAGMA max_page_count = 1000000")
    with store.read() as session:
        assert session.deals.of_day(DAY) == (kept,)
    assert record(store, key="lost").key == "lost"


def test_a_file_that_is_not_a_store_is_named(tmp_path: Path) -> None:
    """A wrong file gives a sentence with its name and advice, not a traceback; the file is not changed."""
    path = tmp_path / "book.db"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(StoreTrouble, match=r"book\.db 不是账本文件.*备份"):
        Store(path)
    assert path.read_bytes() == b"not a database, " * 100


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    """Overwritten pages give a sentence with the file and advice."""
    store = Store(tmp_path / "book.db", ZONE)
    fill_roster(store)
    for n in range(200):
        record(store, key=str(n))
    assert store.check() == ()
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    store.path.write_bytes(data)
    with pytest.raises(StoreTrouble, match=r"book\.db 已损坏.*备份"):
        read_all(store.path)


def read_all(path: Path) -> None:
    damaged = Store(path, ZONE)
    try:
        with damaged.read() as session:
            session.deals.of_day(DAY)
    finally:
        damaged.close()


def test_a_newer_store_is_not_changed(store: Store) -> None:
    """An older program does not open a store that a newer one has migrated."""
    store.close()
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreTrouble, match="更新的版本（999"):
        Store(store.path)


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    """When a file has the folder's name, opening reports it."""
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(StoreTrouble, match="目录"):
        Store(tmp_path / "var" / "book.db")


def test_a_busy_store_makes_the_second_writer_wait(store: Store) -> None:
    """The command line and the daemon may write to the same store: one waits for the other."""
    other = Store(store.path, ZONE)
    with ThreadPoolExecutor(1) as pool:
        with store.write() as session:
            waiting = pool.submit(record, other, key="b")
            session.deals.record("a", 1, "", Decimal(1), at("10:00"), DAY)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        assert waiting.result(timeout=10).key == "b"
    other.close()
    with store.read() as session:
        assert {deal.key for deal in session.deals.of_day(DAY)} == {"a", "b"}


def test_a_backup_is_a_complete_store(store: Store, tmp_path: Path) -> None:
    """A backup taken during use opens as a complete store, and never overwrites a file."""
    deal = record(store)
    copy = tmp_path / "copy.db"
    store.backup(copy)
    opened = Store(copy, ZONE)
    with opened.read() as session:
        assert session.deals.of_day(DAY) == (deal,)
    opened.close()
    with pytest.raises(StoreTrouble, match="已经存在"):
        store.backup(copy)
    with pytest.raises(StoreTrouble, match="打不开"):
        store.backup(tmp_path / "nowhere" / "copy.db")
    assert not list(tmp_path.glob("*.part"))


def test_only_the_owner_can_read_the_store(store: Store, tmp_path: Path) -> None:
    """The store has the PIN and the cookie secret: only the owner can read it, SQLite's other files, and a backup."""
    record(store)
    copy = tmp_path / "copy.db"
    store.backup(copy)
    files = [copy, *store.path.parent.glob(f"{store.path.name}*")]
    assert len(files) >= 3
    assert {file.name: file.stat().st_mode & 0o077 for file in files} == dict.fromkeys(
        [file.name for file in files], 0
    )


def test_opening_again_changes_nothing(store: Store) -> None:
    """Migrations do nothing on a store that is up to date."""
    with store.read() as session:
        before = session.rows.all("SELECT sql FROM sqlite_schema ORDER BY name")
    again = Store(store.path, ZONE)
    with again.read() as session:
        assert session.rows.all("SELECT sql FROM sqlite_schema ORDER BY name") == before
        assert len(session.roster.people()) == 4
    again.close()


def test_memory_for_faster_reading_is_given_up(store: Store) -> None:
    """The caches of amounts and deals are empty afterwards, in any month, and everything reads as before."""
    kept = tuple(record(store, amount=str(100 + number), key=f"{number}") for number in range(40))

    def read() -> object:
        with store.read() as session:
            return session.deals.of_day(DAY)

    assert read() == kept
    assert from_fen.cache_info().currsize >= 40
    store.release_memory()
    assert from_fen.cache_info().currsize == 0
    assert deals._deal.cache_info().currsize == 0
    assert read() == kept
    assert record(store, key="afterwards").amount > 0
