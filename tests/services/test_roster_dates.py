"""Planned moves, leaves and returns in a whole office; birthdays and full years announced and on the walls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from office_made import ROOT, House, house

from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.people_import import PersonRow
from controller.services.deals import How

FRIDAY = datetime(2026, 11, 27, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CUES = """
  - {at: "09:15", say: birthdays}
  - {at: "09:20", say: company_years}
"""


def timetable(cues: str = CUES) -> str:
    """Return the shipped timetable with the celebrations."""
    text = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    assert "\ncues:\n" in text
    return text.replace("\ncues:\n", f"\ncues:{cues}", 1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, FRIDAY, timetable()) as made:
        yield made


def ident(made: House, name: str) -> int:
    return next(person.id for person in made.office.roster_dates.everybody() if person.name == name)


def team_of(made: House, name: str) -> str:
    return next(person.team for person in made.office.people.active() if person.name == name)


def test_the_timekeeper_moves_people_at_the_days_start(office: House) -> None:
    """On Friday for Monday: Friday's deals stay with the old team; from Monday's start the new one has them."""
    dates, person = office.office.roster_dates, ident(office, "王小明")
    planned = dates.move(person, "飞龙队", date(2026, 11, 30), "助理")
    assert planned is not None
    assert dates.moves()[person].made_by == "助理"
    office.deal("王小明", 500)
    assert team_of(office, "王小明") == "猛虎队"
    office.clock.go_to(FRIDAY + timedelta(days=2, hours=15, minutes=1))  # Monday, 00:01
    office.keeper.refresh()
    assert team_of(office, "王小明") == "飞龙队"
    assert dates.moves() == {}
    assert [deal.team for deal in office.office.deals.of_day(FRIDAY.date())] == ["猛虎队"]


def test_a_deal_that_is_entered_late_counts_for_the_team_of_its_day(office: House) -> None:
    """Also an old one, and the correction of one; a move with an earlier first day replaces those after it."""
    dates, person = office.office.roster_dates, ident(office, "王小明")
    office.deal("王小明", 300, "before")
    dates.move(person, "飞龙队", date(2026, 11, 26), "助理")

    def team_on(day: date, replaces: int | None = None, amount: int = 500) -> str:
        how = How(False, replaces, day, history=True)
        key = f"{day}-{replaces}-{amount}"
        made = office.office.deals.record("王小明", "铂金套餐", amount, key, how=how)
        return next(deal.team for deal in office.office.deals.of_day(day) if deal.id == made.id)

    assert team_on(date(2025, 3, 3)) == "猛虎队"
    assert team_on(date(2026, 11, 25)) == "猛虎队"
    assert team_on(date(2026, 11, 26)) == team_on(date(2026, 11, 27)) == "飞龙队"
    late = next(deal.id for deal in office.office.deals.of_day(date(2026, 11, 25)))
    assert team_on(date(2026, 11, 25), late, 700) == "猛虎队"
    dates.move(person, "雄鹰队", date(2026, 11, 24), "助理")
    assert team_on(date(2026, 11, 25), amount=900) == "雄鹰队"
    assert team_on(date(2026, 11, 23), amount=900) == "猛虎队"


def test_a_restart_after_a_gap_catches_up(office: House) -> None:
    """The daemon was off over the day of the move, the last day and the return."""
    dates = office.office.roster_dates
    dates.move(ident(office, "陈芳"), "飞龙队", date(2026, 12, 1), "助理")
    dates.leave(ident(office, "李思思"), date(2026, 11, 30), None)
    dates.leave(ident(office, "赵磊"), None, date(2026, 12, 2))
    office.close()
    office.clock.go_to(FRIDAY + timedelta(days=10))
    office.open()
    assert team_of(office, "陈芳") == "飞龙队"
    names = {person.name for person in office.office.people.active()}
    assert "赵磊" in names
    assert "李思思" not in names


def test_dates_of_moves_are_checked(office: House) -> None:
    """From Monday of this week to a year ahead, on working days, to a team that exists."""
    dates, person = office.office.roster_dates, ident(office, "王小明")
    for since, sentence in (
        (date(2026, 11, 22), "最早从本周一（11月23日）"),
        (date(2026, 11, 28), "11月28日不上班，请选上班的日子，例如 11月30日"),
        (date(2028, 1, 3), "一年以内"),
    ):
        with pytest.raises(Refused, match=sentence):
            dates.move(person, "飞龙队", since, "助理")
    with pytest.raises(Refused, match="没有叫“不存在队”的团队"):
        dates.move(person, "不存在队", None, "助理")
    with pytest.raises(Refused, match="已经在猛虎队了"):
        dates.move(person, "猛虎队", None, "助理")
    with pytest.raises(Unknown):
        dates.cancel_move(person, "助理")
    assert dates.move(person, "飞龙队", date(2026, 11, 23), "助理") is None
    assert team_of(office, "王小明") == "飞龙队"


def test_leaving_and_returning(office: House) -> None:
    """A planned last day can be undone; a namesake or a removed team gives a sentence, and a team can be chosen."""
    dates, person = office.office.roster_dates, ident(office, "赵磊")
    dates.leave(person, date(2026, 11, 30), date(2026, 12, 7))
    with pytest.raises(Refused, match="回来的日子要在最后一天以后"):
        dates.leave(person, date(2026, 11, 30), date(2026, 11, 30))
    assert dates.come_back(person, None, None).last_day is None
    dates.leave(person, None, None)
    office.office.people.remove_team(
        next(team.id for team in office.office.people.teams() if team.name == "雄鹰队")
    )
    with pytest.raises(Refused, match="“雄鹰队”已经去掉了，请选一个团队"):
        dates.come_back(person, None, None)
    with office.store.write() as session:
        session.roster.save_person(PersonRow("飞龙队", "赵磊", namesake=True))
    with pytest.raises(Conflict, match="已经有一位“赵磊”"):
        dates.come_back(person, None, "飞龙队")
    assert dates.come_back(person, None, "猛虎队").id == person


# --- birthdays and years


def dated(made: House, **birthdays: str) -> None:
    for name, birthday in birthdays.items():
        made.office.people.update(ident(made, name), birthday=birthday)


def said(made: House) -> dict[str, str]:
    return {a.kind: a.text for a in made.office.announced.of_day(made.clock.now().date())}


def test_friday_says_the_birthdays_of_the_weekend(office: House) -> None:
    """One calm announcement with today's and Sunday's; a hidden person is never named; the walls show it until noon."""
    dated(office, 王小明="11-27", 李思思="11-29", 陈芳="11-27")
    office.office.people.update(ident(office, "陈芳"), hidden=True)
    office.go_to("09:16")
    text = said(office)["birthdays"]
    assert text.startswith("今天是王小明的生日")
    assert "周日是李思思的生日" in text
    assert "陈芳" not in text
    notices = office.office.snapshot.glance().notices
    assert "今天是王小明的生日，生日快乐！" in notices
    assert "Birthday today: 王小明" in [getattr(line, "en", "") for line in notices]
    office.go_to("12:00")
    assert not [line for line in office.office.snapshot.glance().notices if "生日" in line]


def test_full_years_are_thanked(office: House) -> None:
    """Three years today: 三周年; who came today a first time is not named."""
    office.office.people.update(ident(office, "王小明"), joined=date(2023, 11, 27))
    office.office.people.update(ident(office, "李思思"), joined=date(2026, 11, 27))
    office.go_to("09:21")
    text = said(office)["company_years"]
    assert "王小明" in text
    assert "三周年" in text
    assert "李思思" not in text
    assert "2023" not in text


def test_a_day_without_a_birthday_is_silent(office: House) -> None:
    """No announcement, and none at all without the cue."""
    dated(office, 王小明="12-24")
    office.go_to("09:30")
    assert not {"birthdays", "company_years"} & said(office).keys()


def test_the_shipped_timetable_celebrates_nothing(tmp_path: Path) -> None:
    """The office decides: without a cue nobody's birthday is said or shown."""
    with house(tmp_path, FRIDAY) as made:
        dated(made, 王小明="11-27")
        made.go_to("10:30")
        assert "birthdays" not in said(made)
        assert not [line for line in made.office.snapshot.glance().notices if "生日" in line]


def test_many_birthdays_are_counted(office: House) -> None:
    """Six names and 另外两位同事: no announcement grows without end."""
    with office.store.write() as session:
        session.roster.import_people(
            [PersonRow("猛虎队", f"同事{n}", birthday="11-27") for n in "甲乙丙丁戊己庚辛"]
        )
    office.go_to("09:16")
    assert "同事己和另外两位同事" in said(office)["birthdays"]


def test_a_leader_leads_the_new_team_or_not_as_chosen(office: House) -> None:
    """At once or from a later day on; without a choice the flag stays."""
    dates, person = office.office.roster_dates, ident(office, "王小明")

    def leads() -> bool:
        return next(one.leader for one in office.office.people.active() if one.id == person)

    dates.move(person, "飞龙队", None, "助理")
    assert leads() is True
    dates.move(person, "雄鹰队", None, "助理", leader=False)
    assert leads() is False
    planned = dates.move(person, "猛虎队", date(2026, 11, 30), "助理", leader=True)
    assert planned is not None
    assert (planned.leader, leads()) == (True, False)
    office.clock.go_to(FRIDAY + timedelta(days=3))
    office.keeper.refresh()
    assert (team_of(office, "王小明"), leads()) == ("猛虎队", True)


def test_the_birthday_line_leaves_the_walls_at_noon_without_any_other_change(tmp_path: Path) -> None:
    """Also when no span ends at noon: the walls get a hint."""
    text = (
        timetable()
        .replace("at: 11:30-12:00", "at: 11:30-12:05")
        .replace("at: 12:00-12:30", "at: 12:05-12:30")
    )
    with house(tmp_path, FRIDAY, text) as office:
        office.office.people.update(ident(office, "王小明"), birthday="11-27")
        office.go_to("11:58")
        assert any("生日" in str(notice) for notice in office.office.snapshot.glance().notices)
        office.office.timetable_listener.watch()
        before = office.feed.revision
        office.office.timetable_listener.watch()
        assert office.feed.revision == before
        office.clock.go_to(FRIDAY.replace(hour=12, minute=0, second=1))
        office.office.timetable_listener.watch()
        assert office.feed.revision > before
        assert not any("生日" in str(notice) for notice in office.office.snapshot.glance().notices)
