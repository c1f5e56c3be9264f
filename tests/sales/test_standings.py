"""Standings follow the documented rules for places, ties, targets and hidden people."""

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


def test_ties_are_ranked_by_deals_then_time_then_shared() -> None:
    """Ranking is by amount, number of deals, earlier last deal; equal people share a place, the next place skips."""
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
    """Everyone but the first has the distance to the next better place; people who share a place have the same."""
    rows = [standing("甲", "100"), standing("乙", "60"), standing("丙", "60"), standing("丁", "10")]
    assert [row.to_next for row in rank(rows)] == [None, 40, 40, 50]


def test_teams_go_by_completion_then_those_without_target() -> None:
    """A small team at 120 % leads a large one at 90 %; teams without a target follow, by amount."""
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
def test_places_are_a_ranking_for_any_rows(rows: list) -> None:
    """All rows stay, a place is one more than the number of better rows, and the sequence of input is irrelevant."""
    for ranking in (rank, rank_by_completion):
        placed = ranking(rows)
        assert sorted(row.id for row in placed) == sorted(row.id for row in rows)
        assert [row.place for row in placed] == [
            1 + sum(better.place < row.place for better in placed) for row in placed
        ]
        again = ranking(list(reversed(rows)))
        assert [(r.place, r.amount, r.count) for r in again] == [(r.place, r.amount, r.count) for r in placed]
        assert all(row.to_next is None or row.to_next >= 0 for row in placed)


def test_a_day_in_the_store(store: Store) -> None:
    """People and teams of a day have completion, gap and sums, computed from real rows."""
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


def test_standings_without_deals(store: Store) -> None:
    """Without deals no person is listed, and all teams have amount 0 and share the first place."""
    with store.read() as session:
        got = session.standings(DAY, DAY)
    assert got.people == ()
    assert [(team.place, team.count) for team in got.teams] == [(1, 0), (1, 0)]
    assert (got.count, got.amount, got.target) == (0, 0, None)


def test_hidden_people_count_but_are_not_shown(store: Store) -> None:
    """A hidden person is in no ranking; the deals count for team and office."""
    record(store, 1, "500")
    record(store, 2, "100")
    with store.write() as session:
        session.roster.set_hidden(1, True)
        got = session.standings(DAY, DAY)
    assert [(row.place, row.name) for row in got.people] == [(1, "陈芳")]
    assert got.teams[0].amount == got.amount == 600


def test_voided_deals_do_not_count(store: Store) -> None:
    """Taking back the leader's deal makes the next person the leader again."""
    big = record(store, 1, "500")
    record(store, 2, "100")
    with store.write() as session:
        session.deals.void(big.id, "退单", at("11:00"))
        got = session.standings(DAY, DAY)
    assert [row.name for row in got.people] == ["陈芳"]
    assert got.amount == 100


def test_deals_stay_with_the_team_they_were_signed_for(store: Store) -> None:
    """After a move the person keeps all deals, and each team those signed for it, even a removed team."""
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
    """Totals include both ends of the period and nothing outside it."""
    for days in (-1, 0, 4, 5):
        record(store, 1, "10", day=DAY + timedelta(days=days))
    with store.read() as session:
        assert session.standings(DAY, DAY + timedelta(days=4)).amount == 20
        assert session.deals.largest(DAY) == 10
        assert session.deals.largest(DAY - timedelta(days=9)) is None
        assert session.deals.first_days() == {1: DAY - timedelta(days=1)}


def test_someone_alone_is_first() -> None:
    """A single row has place 1 and no distance; no rows give an empty ranking."""
    assert [(row.place, row.to_next) for row in rank([replace(standing(), place=9)])] == [(1, None)]
    assert rank([]) == rank_by_completion([]) == ()


def test_a_change_of_people_or_targets_is_seen_at_once(store: Store) -> None:
    """Cached people and targets are invalidated by the first change, and never taken from a rolled-back one."""

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
    """All deals are not compared with one team's target; a team without deals may lack a target."""

    def aim() -> Decimal | None:
        with store.read() as session:
            return session.standings(DAY, DAY).target

    with store.write() as session:
        session.roster.set_team_target(DAY, 2, Decimal(300))
    assert aim() == 300
    record(store)
    assert aim() is None
    with store.read() as session:
        standings = session.standings(DAY, DAY)
    own = next(team for team in standings.teams if team.target)
    assert standings.rate == own.amount / 300
    with store.write() as session:
        session.roster.set_team_target(DAY, 1, Decimal(500))
    assert aim() == 800
