"""Awards, contests and past results are read through indexes: no query reads all deals, days or awards."""

from __future__ import annotations

from datetime import timedelta

from book_made import DAY, record

from controller.sales.history import NEWEST, OLDEST
from controller.sales.store import Session, Store

WHOLE = [f"SCAN {table}" for table in ("deals", "daily", "monthly", "awards", "contests")]


def read_all(session: Session) -> None:
    """Run the queries of the phone's pages and of the walls."""
    month = DAY.replace(day=1), DAY.replace(day=30)
    session.history.page(*month, NEWEST, 100)
    session.history.next(*month, OLDEST, 100)
    session.history.days_of(1, *month)
    session.history.total(DAY - timedelta(days=200), DAY)
    session.awards.newest(50)
    session.awards.of_person(1, 50)
    session.awards.counts(1)
    session.awards.of_period("month", month[0])
    session.awards.between(*month)
    session.contests.open()
    session.contests.get(1)
    session.contests.before(*month)
    session.contests.before_of_teams(*month)


def test_no_page_reads_a_whole_table(store: Store) -> None:
    """Pages of deals and awards need no sorting either."""
    record(store)
    asked: list[str] = []
    with store.write() as session:
        connection = session.rows._connection  # type: ignore[attr-defined]
        connection.set_trace_callback(asked.append)
        read_all(session)
        connection.set_trace_callback(None)
        plans = {
            sql: session.rows.all(f"EXPLAIN QUERY PLAN {sql}")
            for sql in set(asked)
            if sql.startswith("SELECT")
        }
    assert len(plans) > 12
    for sql, plan in plans.items():
        steps = [step for *_, step in plan]
        assert not [step for step in steps if step in WHOLE], (sql, steps)
        assert not ("LIMIT" in sql and any("TEMP B-TREE FOR ORDER BY" in step for step in steps)), (
            sql,
            steps,
        )
