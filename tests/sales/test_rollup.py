"""The daily totals maintained by triggers always equal a recount."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from book_made import DAY, ZONE, at, fill_roster
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.sales.deals import Sale
from controller.sales.model import FIRST_OF_DAY, FIRST_OF_WEEK, HEARD, PLAYING, Deal, NewAnnouncement
from controller.sales.rows import to_ms
from controller.sales.store import Session, Store
from tests.forms import examples

DAYS = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=8)]  # the last is in the next month
MONTHS = [(date(2026, 11, 1), date(2026, 11, 30)), (date(2026, 12, 1), date(2026, 12, 31))]
RECORD = st.tuples(st.integers(1, 2), st.integers(1, 500), st.integers(0, 59), st.sampled_from(DAYS))
MOVE = st.tuples(st.just("team"), st.integers(1, 2), st.integers(1, 2))
VOID = st.integers(0, 30)
RESTORE = st.tuples(st.just("restore"), st.integers(0, 30))


@contextmanager
def a_store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "book.db", ZONE)
        fill_roster(store)
        try:
            yield store
        finally:
            store.close()


def carry_out(session: Session, steps: list[object]) -> list[Deal]:
    """Record, void, restore and move people at random; return the resulting deals."""
    idents: list[int] = []
    for step in steps:
        match step:
            case ("team", int() as person, int() as team):
                session.rows.change("UPDATE people SET team_id = ? WHERE id = ?", team, person)
            case (int() as person, int() as yuan, int() as minute, date() as day):
                moment = at(f"10:{minute:02}", day)
                deal, _ = session.deals.record(f"{len(idents)}", person, "", Decimal(yuan), moment, day)
                idents.append(deal.id)
            case ("restore", int() as which):
                if idents:
                    session.deals.restore(idents[which % len(idents)], at("11:30"))
            case int() as which if idents:
                session.deals.void(idents[which % len(idents)], "", at("11:00"))
    return list(session.deals.of_ids(tuple(idents)))


def counted(deals: list[Deal], since: date, until: date) -> set[Sale]:
    sums: dict[tuple[int, int], Sale] = {}
    for deal in deals:
        if deal.voided is None and since <= deal.date <= until:
            pair = (deal.person_id, deal.team_id)
            so_far = sums.get(pair, Sale(*pair, 0, 0, 0))
            fen, last = so_far.fen + int(deal.amount * 100), max(so_far.last_at, to_ms(deal.at))
            sums[pair] = Sale(*pair, so_far.count + 1, fen, last)
    return set(sums.values())


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(RECORD | VOID | RESTORE | RECORD | MOVE, min_size=5, max_size=40))
def test_totals_equal_a_recount(steps: list[object]) -> None:
    """After any deals, voids and moves the sales of a day, of several days and of a month equal a recount."""
    with a_store() as store:
        with store.write() as session:
            deals = carry_out(session, steps)
        with store.read() as session:
            for since, until in ((DAYS[0], DAYS[0]), (DAYS[1], DAYS[2]), (DAYS[0], DAYS[2]), *MONTHS):
                assert set(session.deals.sales(since, until)) == counted(deals, since, until)
                total = session.standings(since, until)
                assert total.count == sum(sale.count for sale in counted(deals, since, until))
            assert session.rows.one("SELECT count(*) FROM daily WHERE count <= 0 OR fen <= 0") == (0,)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([None, "waiting", PLAYING, HEARD])), max_size=6))
def test_first_is_taken_as_the_rule_says(sales: list[tuple[bool, str | None]]) -> None:
    """The store agrees with the pure rule on the first deal, for any voids and announcements."""
    with a_store() as store, store.write() as session:
        for n, (voided, state) in enumerate(sales):
            moment = at(f"10:{n:02}")
            deal, _ = session.deals.record(str(n), 1, "", Decimal(1), moment, DAY)
            if state:
                announcement, _ = session.outbox.add(
                    NewAnnouncement(str(n), FIRST_OF_DAY, "", "", moment, DAY, deals=(deal.id,))
                )
                if state != "waiting":
                    session.outbox.move(announcement.id, PLAYING, "", moment)
                if state == HEARD:
                    session.outbox.move(announcement.id, HEARD, "", moment)
            if voided:
                session.deals.void(deal.id, "", moment)
        rule = any(not voided or state in (PLAYING, HEARD) for voided, state in sales)
        assert session.deals.first_taken(DAY, DAY) == rule
        assert session.deals.first_taken(DAYS[1], DAYS[1]) is False


def test_the_weeks_first_is_the_days_first_too(store: Store) -> None:
    """A first-of-week deal announced and then taken back counts as both firsts; the next day has a new first deal."""
    with store.write() as session:
        deal, _ = session.deals.record("k", 1, "", Decimal(1), at("10:00"), DAY)
        announcement, _ = session.outbox.add(
            NewAnnouncement("a", FIRST_OF_WEEK, "", "", at("10:00"), DAY, deals=(deal.id,))
        )
        session.outbox.move(announcement.id, PLAYING, "", at("10:00"))
        session.deals.void(deal.id, "", at("10:01"))
        assert session.deals.first_taken(DAY, DAY)
        assert session.deals.first_taken(DAY, DAYS[2], FIRST_OF_WEEK)
        assert not session.deals.first_taken(DAYS[1], DAYS[1])
