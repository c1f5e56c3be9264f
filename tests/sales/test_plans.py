"""Queries for each deal and each minute do not read the whole history."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from book_made import DAY, at, record

from controller.sales.model import BIG, FIRST_OF_WEEK, NewAnnouncement
from controller.sales.store import Session, Store

WHOLE = [f"SCAN {table}" for table in ("deals", "announcements", "announced_deals", "daily", "monthly")]


def hot_path(session: Session) -> None:
    """Run the queries of one deal, one wall update and one tick of the timekeeper."""
    session.roster.find("王小明")
    session.deals.first_taken(DAY, DAY)
    session.deals.first_taken(DAY, DAY, FIRST_OF_WEEK)
    session.deals.largest(DAY)
    session.deals.first_taken(DAY, DAY, without=1)
    session.deals.largest(DAY, without=1)
    deal, _ = session.deals.record("hot", 1, "", Decimal(1), at("12:00"), DAY)
    said, _ = session.outbox.add(NewAnnouncement("hot", BIG, "", "", at("12:00"), DAY, deals=(deal.id,)))
    session.outbox.move(said.id, "playing", "", at("12:00"))
    session.outbox.of_deal(deal.id)
    session.outbox.waiting()
    session.outbox.waiting("big")
    session.outbox.unfinished()
    session.outbox.of_day(DAY)
    session.deals.of_day(DAY)
    session.deals.last(10)
    session.deals.newest_at()
    session.deals.largest_few()
    session.deals.first_days()
    session.deals.selling_days(DAY - timedelta(days=90), DAY)
    session.outbox.talked_s(at("12:00"), at("12:30"))
    session.standings(DAY, DAY)
    session.standings(DAY.replace(day=1), DAY.replace(day=30))
    session.deals.void(deal.id, "", at("12:01"))


def test_frequent_queries_do_not_read_the_whole_store(store: Store) -> None:
    """Every statement of the hot path reads deals and announcements through an index, or has a limit."""
    record(store)
    asked: list[str] = []
    with store.write() as session:
        connection = session.rows._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(asked.append)
        hot_path(session)
        connection.set_trace_callback(None)
        questions = {sql for sql in asked if sql.startswith(("SELECT", "UPDATE", "INSERT", "DELETE"))}
        plans = {sql: session.rows.all(f"EXPLAIN QUERY PLAN {sql}") for sql in questions}
    assert len(plans) > 15
    for sql, plan in plans.items():
        steps = [step for *_, step in plan]
        whole = [step for step in steps if step in WHOLE]
        sorts = any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
        assert not (sorts and "LIMIT" in sql), (sql, steps)
        assert not whole or "ORDER BY id DESC LIMIT" in sql, (sql, steps)
