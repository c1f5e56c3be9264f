"""Who leads, and why: the stated rules for places, ties, targets and hidden people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from book_made import DAY, at, record, standing
from hypothesis import given
from hypothesis import strategies as st
from ranked import rank, rank_by_completion

from controller.sales.people_import import PersonRow
from controller.sales.store import Store

ROWS = st.builds(
    lambda n, amount, count, minute, target: standing(
        f"人{n}", str(amount), count, id=n, reached=at(f"10:{minute:02}"),
        target=Decimal(target) if target else None, rate=Decimal(amount) / target if target else None,
    ),
    st.integers(0, 10**6), st.integers(0, 3), st.integers(1, 3), st.integers(0, 2), st.integers(0, 3),
)  # fmt: skip


def test_ties_go_by_orders_then_by_who_was_first_then_share() -> None:
    """Amount, number of orders, who reached it first; equals in all share the place, the next counts on."""
    rows = [
        standing("慢", "100", 2, reached=at("11:00")),
        standing("少", "100", 1, reached=at("09:00")),
        standing("快", "100", 2, reached=at("10:00")),
        standing("同", "100", 1, reached=at("09:00")),
        standing("末", "99", 9, reached=at("09:00")),
        standing("首", "101", 1, reached=at("12:00")),
    ]
    placed = [(row.place, row.name) for row in rank(rows)]
    assert placed == [(1, "首"), (2, "快"), (3, "慢"), (4, "少"), (4, "同"), (6, "末")]


def test_distance_to_the_next_place() -> None:
    """Everyone but the first is told what is missing to the next better place; sharers the same."""
    rows = [standing("甲", "100"), standing("乙", "60"), standing("丙", "60"), standing("丁", "10")]
    assert [row.to_next for row in rank(rows)] == [None, 40, 40, 50]


def test_teams_go_by_completion_then_those_without_target() -> None:
    """A small team at 120 % leads a large one at 90 %; without a target a team comes after, by amount."""
    rows = [
        standing("大", "90", target=Decimal(100), rate=Decimal("0.9")),
        standing("小", "12", target=Decimal(10), rate=Decimal("1.2")),
        standing("无", "500"),
        standing("空", "0", 0),
    ]
    ranked = rank_by_completion(rows)
    assert [row.name for row in ranked] == ["小", "大", "无", "空"]
    assert [row.to_next for row in ranked] == [None, Decimal("30.00"), None, Decimal(500)]


@given(st.lists(ROWS, max_size=8))
def test_places_are_a_ranking_whatever_the_rows(rows: list) -> None:
    """Nobody is lost, a place is one more than those better, and the order of input is no matter."""
    for ranking in (rank, rank_by_completion):
        placed = ranking(rows)
        assert sorted(row.id for row in placed) == sorted(row.id for row in rows)
        assert [row.place for row in placed] == [
            1 + sum(better.place < row.place for better in placed) for row in placed
        ]
        again = ranking(list(reversed(rows)))
        assert [(r.place, r.amount, r.count) for r in again] == [(r.place, r.amount, r.count) for r in placed]
        assert all(row.to_next is None or row.to_next >= 0 for row in placed)


def test_a_day_in_the_book(store: Store) -> None:
    """People and teams of a day with completion, gap and sums, from real rows."""
    record(store, 1, "8000", "10:00")
    record(store, 3, "6000", "10:30")
    record(store, 3, "6000", "11:00")
    with store.write() as session:
        session.roster.set_team_target(DAY, 1, Decimal(10_000))
        session.roster.set_person_target(DAY, 3, Decimal(9000))
        got = session.standings(DAY, DAY)
    assert [(p.place, p.name, p.team, p.count, p.amount) for p in got.people] == [
        (1, "李思思", "飞龙队", 2, Decimal(12_000)),
        (2, "王小明", "猛虎队", 1, Decimal(8000)),
    ]
    assert (got.people[0].target, got.people[0].gap, got.people[0].reached) == (9000, 0, at("11:00"))
    assert [(t.name, t.rate, t.gap) for t in got.teams] == [
        ("飞龙队", Decimal(12_000) / 9000, 0),
        ("猛虎队", Decimal("0.8"), 2000),
    ]
    assert (got.count, got.amount, got.target) == (3, Decimal(20_000), Decimal(19_000))


def test_nothing_sold_is_a_standing_too(store: Store) -> None:
    """With no order there is nobody on top, and every team stands at nothing, sharing the first place."""
    with store.read() as session:
        got = session.standings(DAY, DAY)
    assert got.people == ()
    assert [(team.place, team.count) for team in got.teams] == [(1, 0), (1, 0)]
    assert (got.count, got.amount, got.target) == (0, 0, None)


def test_hidden_people_count_but_are_not_shown(store: Store) -> None:
    """A hidden person is in no ranking; the orders count for team and office."""
    record(store, 1, "500")
    record(store, 2, "100")
    with store.write() as session:
        session.roster.set_hidden(1, True)
        got = session.standings(DAY, DAY)
    assert [(row.place, row.name) for row in got.people] == [(1, "陈芳")]
    assert got.teams[0].amount == got.amount == 600


def test_voided_orders_count_nowhere(store: Store) -> None:
    """Taking the leader's order back gives the lead to the next, and the first back to who was before."""
    big = record(store, 1, "500")
    record(store, 2, "100")
    with store.write() as session:
        session.deals.void(big.id, "退单", at("11:00"))
        got = session.standings(DAY, DAY)
    assert [row.name for row in got.people] == ["陈芳"]
    assert got.amount == 100


def test_orders_stay_with_the_team_they_were_signed_in(store: Store) -> None:
    """After a move the person keeps all orders, each team those signed for it, even a team that has gone."""
    record(store, 1, "500")
    with store.write() as session:
        for row in (PersonRow("雄鹰队", "王小明"), PersonRow("雄鹰队", "陈芳")):
            session.roster.save_person(row)
        session.roster.remove_team(1)
    record(store, 1, "70", "12:00")
    with store.read() as session:
        got = session.standings(DAY, DAY)
    assert [(row.name, row.team, row.amount) for row in got.people] == [("王小明", "雄鹰队", 570)]
    assert [(row.name, row.amount) for row in got.teams] == [("猛虎队", 500), ("雄鹰队", 70), ("飞龙队", 0)]


def test_week_and_month_are_sums_of_days(store: Store) -> None:
    """Days add up, both ends included, and nothing outside is counted."""
    for days in (-1, 0, 4, 5):
        record(store, 1, "10", day=DAY + timedelta(days=days))
    with store.read() as session:
        assert session.standings(DAY, DAY + timedelta(days=4)).amount == 20
        assert session.deals.largest(DAY) == 10
        assert session.deals.largest(DAY - timedelta(days=9)) is None
        assert session.deals.first_days() == {1: DAY - timedelta(days=1)}


def test_someone_alone_is_first() -> None:
    """One row is place 1 with nothing missing; none at all is no ranking."""
    assert [(row.place, row.to_next) for row in rank([replace(standing(), place=9)])] == [(1, None)]
    assert rank([]) == rank_by_completion([]) == ()


def test_a_change_of_people_or_targets_is_seen_at_once(store: Store) -> None:
    """What is kept of people and targets is forgotten with the first change, and never kept from an undone one."""

    def seen() -> tuple[list[str], Decimal | None]:
        with store.read() as session:
            got = session.standings(DAY, DAY)
        return [row.name for row in got.people], got.target

    def undone() -> None:
        with store.write() as session:
            session.roster.set_team_target(DAY, 1, Decimal(777))
            assert session.standings(DAY, DAY).target == 777
            raise RuntimeError

    record(store)
    assert seen() == (["王小明"], None)
    with pytest.raises(RuntimeError):
        undone()
    assert seen() == (["王小明"], None)
    with store.write() as session:
        session.roster.set_team_target(DAY, 1, Decimal(500))
    assert seen() == (["王小明"], 500)
    with store.write() as session:
        session.roster.set_hidden(1, True)
    assert seen() == ([], 500)


def test_the_office_has_a_target_only_while_every_team_that_sold_has_one(store: Store) -> None:
    """Everybody's orders are not held against one team's target; a team that sold nothing may be without."""

    def aim() -> Decimal | None:
        with store.read() as session:
            return session.standings(DAY, DAY).target

    with store.write() as session:
        session.roster.set_team_target(DAY, 2, Decimal(300))
    assert aim() == 300
    record(store)
    assert aim() is None
    with store.read() as session:
        found = session.standings(DAY, DAY)
    own = next(team for team in found.teams if team.target)
    assert found.rate == own.amount / 300
    with store.write() as session:
        session.roster.set_team_target(DAY, 1, Decimal(500))
    assert aim() == 800
