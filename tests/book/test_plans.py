"""What is asked at each order and each minute must not read all that ever was."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from book_made import DAY, at, record

from controller.book.model import FIRST_OF_WEEK
from controller.book.store import Book, Store

WHOLE = [f"SCAN {table}" for table in ("deals", "announcements", "announced_deals", "daily", "monthly")]


def hot_path(book: Book) -> None:
    """What one order, one look at a wall and one tick of the clock ask of the book."""
    book.roster.find("王小明")
    book.deals.first_taken(DAY, DAY)
    book.deals.first_taken(DAY, DAY, FIRST_OF_WEEK)
    book.deals.largest(DAY)
    deal, _ = book.deals.record("hot", 1, "", Decimal(1), at("12:00"), DAY)
    said, _ = book.outbox.add("hot", "big", "", "", at("12:00"), DAY, deals=[deal.id])
    book.outbox.move(said.id, "playing", "", at("12:00"))
    book.outbox.of_deal(deal.id)
    book.outbox.waiting()
    book.outbox.waiting("big")
    book.outbox.unfinished()
    book.outbox.of_day(DAY)
    book.deals.of_day(DAY)
    book.deals.last(10)
    book.deals.newest_at()
    book.deals.largest_few()
    book.deals.first_days()
    book.deals.selling_days(DAY - timedelta(days=90), DAY)
    book.outbox.talked_s(at("12:00"), at("12:30"))
    book.standings(DAY, DAY)
    book.standings(DAY.replace(day=1), DAY.replace(day=30))
    book.deals.void(deal.id, "", at("12:01"))


def test_nothing_asked_often_reads_the_whole_book(store: Store) -> None:
    """Every statement of the hot path finds its deals and announcements by an index, or stops at a limit."""
    record(store)
    asked: list[str] = []
    with store.write() as book:
        connection = book.rows._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(asked.append)
        hot_path(book)
        connection.set_trace_callback(None)
        questions = {sql for sql in asked if sql.startswith(("SELECT", "UPDATE", "INSERT", "DELETE"))}
        plans = {sql: book.rows.all(f"EXPLAIN QUERY PLAN {sql}") for sql in questions}
    assert len(plans) > 15
    for sql, plan in plans.items():
        steps = [step for *_, step in plan]
        whole = [step for step in steps if step in WHOLE]
        sorts = any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
        assert not (sorts and "LIMIT" in sql), (sql, steps)
        assert not whole or "ORDER BY id DESC LIMIT" in sql, (sql, steps)
