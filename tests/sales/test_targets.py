"""Targets: a month split over working days, targets of days and periods, the pace, and their tables."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from book_made import DAY, at, record
from hypothesis import given, settings
from hypothesis import strategies as some

from controller.sales.people_import import PersonRow
from controller.sales.store import Store
from controller.sales.target_tables import HandIn, Review
from controller.sales.targets import (
    DayTargets,
    MonthTargets,
    days_of,
    evenly,
    month_bounds,
    month_of,
    pace,
    period_targets,
    split,
    workdays_of,
)
from controller.timetable.workdays import Workdays

WORKS = Workdays("CN").works
NOVEMBER = date(2026, 11, 1)
MONTHS = some.dates(date(2020, 1, 1), date(2030, 12, 31)).map(lambda day: day.replace(day=1))
FEN = some.integers(1, 99_999_999_999)


def of(since: date, until: date, months: dict[str, MonthTargets], days: dict[date, DayTargets] | None = None):  # type: ignore[no-untyped-def]
    """Return the targets of a period for people 1 and 2 of team 1 and person 3 of team 2."""
    return period_targets(since, until, days or {}, months, {1: 1, 2: 1, 3: 2}, WORKS)


@settings(deadline=None)  # a year's holidays are loaded once
@given(MONTHS, FEN, some.sets(some.integers(0, 30)), some.sets(some.integers(0, 30)))
def test_the_days_of_a_month_sum_to_it_exactly(first: date, fen: int, off: set[int], extra: set[int]) -> None:
    """With China's holidays and any days that the office adds or takes: exact, and no two days a yuan apart."""
    own = Workdays(
        "CN", {first + timedelta(n) for n in off}, {first + timedelta(n) for n in extra}
    ).works  # a calendar that was moved
    days = workdays_of(first, own)
    parts = split(fen, days)
    assert tuple(parts) == days
    assert sum(parts.values()) == (fen if days else 0)
    if days:
        assert max(parts.values()) - min(parts.values()) <= (1 if fen % 100 else 100)
        assert all(part % 100 == 0 for part in parts.values()) or fen % 100


@settings(deadline=None)  # a year's holidays are loaded once
@given(MONTHS, FEN, some.integers(0, 30), some.integers(0, 30))
def test_a_period_is_the_sum_of_its_days(first: date, fen: int, since: int, length: int) -> None:
    """Also across two months; a whole month is the month's target."""
    begin, end = first + timedelta(since), first + timedelta(since + length)
    months = {month_of(day): MonthTargets(fen, {1: fen}, {3: fen}) for day in (begin, end)}
    whole, days = of(begin, end, months), [of(day, day, months) for day in days_of(begin, end)]
    if (begin, end) != month_bounds(begin):
        assert whole.people.get(3, 0) == sum(day.people.get(3, 0) for day in days)
        assert whole.teams.get(1, 0) == sum(day.teams.get(1, 0) for day in days)
        assert whole.office == sum(day.office for day in days)
    month = of(*month_bounds(first), {month_of(first): MonthTargets(fen, {1: fen}, {3: fen})})
    assert (month.people[3], month.teams[1], month.office, month.fixed) == (fen, fen, fen, True)


@given(FEN, some.integers(1, 500))
def test_people_share_exactly(fen: int, count: int) -> None:
    """The parts of a team's target sum to it."""
    assert sum(evenly(fen, count)) == fen


def test_november_2026_has_21_working_days() -> None:
    """¥210,000 in November 2026 are ¥10,000 a working day and nothing on a Saturday."""
    parts = split(21_000_000, workdays_of(NOVEMBER, WORKS))
    assert len(parts) == 21
    assert set(parts.values()) == {1_000_000}
    saturday = of(date(2026, 11, 28), date(2026, 11, 28), {"2026-11": MonthTargets(teams={1: 21_000_000})})
    assert saturday.teams == {}


def test_a_make_up_saturday_has_its_share() -> None:
    """2026-02-14 and 02-28 are made up for the Spring Festival: they have a target, the holidays have none."""
    parts = split(17_000_00, workdays_of(date(2026, 2, 1), WORKS))
    assert date(2026, 2, 28) in parts
    assert date(2026, 2, 17) not in parts
    assert sum(parts.values()) == 17_000_00


def test_a_month_without_a_working_day_has_no_days() -> None:
    """Everything off: no day has a target, the month keeps its own."""
    closed = period_targets(
        *month_bounds(NOVEMBER), {}, {"2026-11": MonthTargets(teams={1: 500})}, {}, lambda day: False
    )
    assert closed.teams == {1: 500}
    assert split(500, ()) == {}


def test_a_day_that_was_set_beats_the_months_share() -> None:
    """Also 0 for a person on leave; the week follows, the whole month keeps its target."""
    months = {"2026-11": MonthTargets(people={1: 21_000_000, 2: 21_000_000})}
    days = {DAY: DayTargets(people={1: 0, 2: 1_500_000})}
    assert of(DAY, DAY, months, days).people == {1: 0, 2: 1_500_000}
    assert of(DAY, DAY, months, days).teams == {1: 1_500_000}  # no own target: the sum of its people
    week = of(DAY, DAY + timedelta(6), months, days)
    assert week.people == {1: 4_000_000, 2: 5_500_000}
    assert of(*month_bounds(DAY), months, days).people == {1: 21_000_000, 2: 21_000_000}


def test_a_teams_own_target_beats_its_peoples() -> None:
    """Team 1 has a month: its people's targets are not added to it; team 2 has only its person's."""
    months = {"2026-11": MonthTargets(teams={1: 21_000_000}, people={1: 42_000_000, 3: 2_100_000})}
    assert of(DAY, DAY, months).teams == {1: 1_000_000, 2: 100_000}


def test_the_pace_is_the_rest_by_working_days_left() -> None:
    """On Monday the 23rd 15 of 21 days are finished; today is one of the six that are left."""
    days = workdays_of(DAY, WORKS)
    behind = pace(21_000_000, 12_000_000, days, DAY)
    assert (behind.days_left, behind.left, behind.expected) == (6, 9_000_000, 15_000_000)
    assert behind.per_day == 1_500_000
    assert behind.behind
    assert not pace(21_000_000, 15_000_000, days, DAY).behind
    assert pace(21_000_000, 20_000_001, days, DAY).per_day == 166_700  # rounded up to whole yuan
    done = pace(21_000_000, 30_000_000, days, DAY)
    assert (done.left, done.per_day, done.behind) == (0, 0, False)
    assert pace(21_000_000, 0, days, date(2026, 12, 1)).per_day is None


# --- the store


def hand_in(number: int = 1, key: str = "k1", fen: dict[int, int] | None = None) -> HandIn:
    return HandIn(DAY, 1, number, key, "王小明", at("09:16"), fen or {1: 800_000, 2: 0})


def test_standings_follow_the_months_targets(tmp_path: object) -> None:
    """Day, week and month of teams, people and office; set days are counted; a moved calendar moves the shares."""
    off: set[date] = set()
    store = Store(tmp_path / "store.db", works=lambda day: WORKS(day) and day not in off)  # type: ignore[operator]
    with store.write() as session:
        for team, name in (("猛虎队", "王小明"), ("飞龙队", "李思思")):
            session.roster.save_person(PersonRow(team, name))
        session.targets.set_month("2026-11", "office", 0, 63_000_000)
        session.targets.set_month("2026-11", "team", 1, 21_000_000)
        session.targets.set_month("2026-11", "person", 1, 10_500_000)
    record(store, 1, "5000", "10:00")
    with store.read() as session:
        day = session.standings(DAY, DAY)
        assert {team.name: team.target for team in day.teams} == {"猛虎队": 10_000, "飞龙队": None}
        assert (day.people[0].target, day.people[0].rate) == (5000, 1)
        assert day.target == 30_000  # 飞龙队 has no target: the office's share counts
        month = session.standings(*month_bounds(DAY))
        assert (month.target, month.teams[0].target, month.people[0].target) == (630_000, 210_000, 105_000)
        assert session.standings(DAY, DAY + timedelta(6)).people[0].target == 25_000
    off.add(date(2026, 11, 30))
    with store.read() as session:
        assert session.standings(DAY, DAY).teams[0].target == 10_500
    with store.write() as session:
        session.targets.set_month("2026-11", "office", 0, None)
        session.roster.set_team_target(DAY, 2, Decimal(7000))
    with store.read() as session:
        assert session.standings(DAY, DAY).target == 17_500
    store.close()


def test_a_hand_in_sets_the_day(store: Store) -> None:
    """Each person's target and the team's sum; the newest hand-in counts, the older ones stay."""
    with store.write() as session:
        session.targets.hand_in(hand_in())
        session.targets.hand_in(hand_in(2, "k2", {1: 900_000, 2: 100_000}))
    with store.read() as session:
        assert [one.number for one in session.targets.hand_ins(DAY)] == [1, 2]
        assert session.targets.latest(DAY)[1].fen == {1: 900_000, 2: 100_000}
        assert session.targets.with_key("k1") == hand_in()
        assert session.targets.with_key("unknown") is None
        assert session.roster.team_targets(DAY, DAY) == {1: Decimal(10_000)}
        assert session.roster.person_targets(DAY, DAY) == {1: Decimal(9000), 2: Decimal(1000)}


@pytest.mark.parametrize("change", ["UPDATE hand_ins SET who = 'x'", "DELETE FROM hand_ins"])
def test_a_hand_in_is_never_changed(store: Store, change: str) -> None:
    """The table refuses changes."""
    with store.write() as session:
        session.targets.hand_in(hand_in())
    with pytest.raises(Exception, match="hand-in is never"), store.write() as session:
        session.rows.change(change)


def test_a_review_is_kept_with_its_totals(store: Store) -> None:
    """Number, reviewer, moment and each team's deals."""
    review = Review(DAY, 1, "总监", at("11:30"), {1: (2, 500_000)})
    with store.write() as session:
        session.targets.add_review(review)
    with store.read() as session:
        assert session.targets.reviews(DAY) == (review,)
        assert session.targets.reviews(DAY + timedelta(1)) == ()


def test_an_office_without_targets_is_not_asked_for_them(store: Store) -> None:
    """A month's target, a team's day or a hand-in of the last two weeks makes an office one that works with targets."""
    with store.write() as session:
        assert not session.targets.in_use(DAY)
        session.roster.set_team_target(DAY - timedelta(14), 1, Decimal(5))
        assert session.targets.in_use(DAY)
        assert not session.targets.in_use(DAY + timedelta(1))
        session.targets.set_month("2026-12", "team", 1, 5)
        assert session.targets.in_use(date(2026, 12, 1))
