"""Last days, returns and changes of team in the store happen once, also after a gap; deals stay where they were."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import pytest
from book_made import DAY, at, record

from controller.sales.model import Conflict
from controller.sales.people_import import PersonRow
from controller.sales.people_merge import ADDED, CHANGED, RETURNED, SAME
from controller.sales.store import Store
from controller.sales.team_moves import bring_up_to_date, due

TOMORROW = DAY + timedelta(days=1)


def start_of(store: Store, day: date) -> tuple[str, ...]:
    """Carry out all that is due at the start of a day."""
    with store.write() as session:
        return bring_up_to_date(session.roster, session.moves, day, at("00:00", day))


def test_a_planned_move_happens_on_its_day_and_deals_stay(store: Store) -> None:
    """Before the day the person sells for the old team, from it on for the new one."""
    with store.write() as session:
        session.moves.add(1, 2, TOMORROW, "助理", at("10:00"))
    assert start_of(store, DAY) == ()
    record(store, 1, "100", "10:00")
    assert start_of(store, TOMORROW) == ("王小明从猛虎队到了飞龙队",)
    assert start_of(store, TOMORROW) == ()
    record(store, 1, "200", "10:00", day=TOMORROW)
    with store.read() as session:
        teams = {team.name: team.amount for team in session.standings(DAY, TOMORROW).teams}
        assert (teams["猛虎队"], teams["飞龙队"]) == (100, 200)
        assert session.moves.open() == ()


def test_days_without_power_are_made_up(store: Store) -> None:
    """A move, a last day and a return within the gap have all happened at the next start, in one transaction."""
    with store.write() as session:
        session.moves.add(2, 2, TOMORROW, "助理", at("10:00"))
        session.roster.set_absence(2, DAY, DAY + timedelta(days=3))
        session.roster.set_absence(3, TOMORROW, None)
    done = start_of(store, DAY + timedelta(days=9))
    assert len(done) == 4
    with store.read() as session:
        people = {person.name: person for person in session.roster.people()}
        assert people["陈芳"].team == "飞龙队"
        assert "李思思" not in people
        assert not due(session.roster, session.moves, DAY + timedelta(days=9))


def test_the_last_day_is_worked(store: Store) -> None:
    """A person is on the list through the last day and gone the day after; the results keep the name."""
    record(store, 1, "100")
    with store.write() as session:
        session.roster.set_absence(1, DAY, None)
    assert start_of(store, DAY) == ()
    assert start_of(store, TOMORROW) == (f"王小明离开了（最后一天 {DAY}）",)
    with store.read() as session:
        assert session.roster.person(1) is None
        assert [row.name for row in session.standings(DAY, DAY).people] == ["王小明"]


def test_who_returns_is_the_same_person(store: Store) -> None:
    """By date, by the phone's list or by an import: id, photo, reading and deals are as before."""
    with store.write() as session:
        session.roster.set_photo(1, "a" * 32)
        session.roster.remove_person(1)
        plans = session.roster.plan([PersonRow("猛虎队", "王小明", leader=True)])
        assert [(plan.what, plan.changes) for plan in plans] == [(RETURNED, ("组长：否 → 是",))]
        assert session.roster.import_people([plan.row for plan in plans]).returned == 1
        person = session.roster.person(1)
    assert person is not None
    assert (person.photo, person.leader, person.last_day) == ("a" * 32, True, None)


def test_a_namesake_in_the_new_team_makes_the_move_wait(store: Store) -> None:
    """The move stays open, all others happen, and it happens once the name is free."""
    with store.write() as session:
        session.moves.add(1, 2, TOMORROW, "助理", at("10:00"))
        session.moves.add(2, 2, TOMORROW, "助理", at("10:00"))
        session.roster.save_person(PersonRow("飞龙队", "王小明", namesake=True))
    assert start_of(store, TOMORROW) == ("陈芳从猛虎队到了飞龙队",)
    with store.write() as session:
        session.roster.rewrite_person(5, PersonRow("飞龙队", "王小明（大）"))
    assert start_of(store, TOMORROW) == ("王小明从猛虎队到了飞龙队",)


def test_a_second_move_replaces_the_first_and_none_is_erased(store: Store) -> None:
    """One open move per person; cancelled and applied ones stay as history, also against a direct change."""
    with store.write() as session:
        session.moves.add(1, 2, TOMORROW, "甲", at("10:00"))
        session.moves.add(1, 2, TOMORROW + timedelta(days=1), "乙", at("11:00"))
        assert [move.made_by for move in session.moves.open()] == ["乙"]
        assert session.moves.cancel(1, "丙", at("12:00"))
        assert not session.moves.cancel(1, "丙", at("12:00"))
    for sql in ("DELETE FROM team_moves", "UPDATE team_moves SET since = '2030-01-01'"):
        with pytest.raises(sqlite3.IntegrityError), store.write() as session:
            session.rows.change(sql)


def test_a_team_with_a_coming_member_stays(store: Store) -> None:
    """Removing it is refused with the person and the date, until the move is cancelled."""
    with store.write() as session:
        new = session.roster.save_team("雄鹰队")
        session.moves.add(1, new.id, date(2026, 12, 1), "助理", at("10:00"))
        with pytest.raises(Conflict, match="王小明从12月1日起"):
            session.roster.remove_team(new.id)
        session.moves.cancel(1, "助理", at("10:00"))
        assert session.roster.remove_team(new.id)


def test_a_row_names_its_changes(store: Store) -> None:
    """New, changed in each field, the same, and a list without leaders keeps them."""
    with store.write() as session:
        session.roster.save_person(PersonRow("猛虎队", "陈芳", leader=True))
        rows = [
            PersonRow("猛虎队", "新来的"),
            PersonRow("飞龙队", "王小明", birthday="05-03", joined=date(2021, 3, 1)),
            PersonRow("飞龙队", "李思思"),
            PersonRow("猛虎队", "陈芳", keeps_leader=True),
        ]
        plans = session.roster.plan(rows)
        assert [plan.what for plan in plans] == [ADDED, CHANGED, SAME, SAME]
        assert plans[1].changes == (
            "团队：猛虎队 → 飞龙队", "生日：（空） → 5月3日", "入职日期：（空） → 2021-03-01",
        )  # fmt: skip
        session.roster.import_people(rows)
        assert {plan.what for plan in session.roster.plan(rows)} == {SAME}
