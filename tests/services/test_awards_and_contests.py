"""Awards and the ceremony, contests to their end: a real store and the shipped timetable, day after day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from office_made import ROOT, House, house

from controller.sales.awards import Award
from controller.sales.model import Conflict, Refused, Unknown
from controller.sound.playback import Report
from controller.timetable.load import TimetableInvalid, parse

ZONE = ZoneInfo("Asia/Shanghai")
FRIDAY = datetime(2026, 11, 27, 9, 30, tzinfo=ZONE)  # the week's last working day
MONTH_END = datetime(2026, 11, 30, 9, 30, tzinfo=ZONE)  # a Monday


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, FRIDAY) as made:
        yield made


def to(office: House, moment: datetime) -> None:
    office.clock.go_to(moment)
    office.keeper.refresh()


def evening(office: House, day: date) -> None:
    """Play a day's results."""
    to(office, datetime(day.year, day.month, day.day, 17, 59, tzinfo=ZONE))
    office.go_to("18:10")


def recorded(office: House) -> list[tuple[str, str, int]]:
    return [
        (shown.award.period, shown.award.person, int(shown.award.amount))
        for shown in reversed(office.office.honours.awards())
    ]


def test_the_results_record_the_awards_of_day_week_and_month(office: House) -> None:
    """The day each evening, the week on Friday, the month on its last working day; each with its prize."""
    office.deal("陈芳", 8000)
    evening(office, FRIDAY.date())
    assert recorded(office) == [("day", "陈芳", 8000), ("week", "陈芳", 8000)]
    to(office, MONTH_END)
    office.deal("李思思", 9000)
    evening(office, MONTH_END.date())
    assert recorded(office)[2:] == [("day", "李思思", 9000), ("month", "李思思", 9000)]
    prizes = {shown.award.period: shown.award.prize for shown in office.office.honours.awards()}
    assert prizes == {"day": "一份小奖品", "week": "全体销售邮件表扬", "month": "总经理亲自颁奖"}


def test_a_tie_gives_several_awards_and_hidden_people_none(office: House) -> None:
    office.deal("陈芳", 5000)
    office.deal("李思思", 5000)
    office.deal("赵磊", 9000)
    hidden = next(p for p in office.office.people.active() if p.name == "赵磊")
    office.office.people.update(hidden.id, hidden=True)
    evening(office, FRIDAY.date())
    assert [row for row in recorded(office) if row[0] == "day"] == [
        ("day", "陈芳", 5000),
        ("day", "李思思", 5000),
    ]
    chen = next(p for p in office.office.people.active() if p.name == "陈芳")
    office.office.people.update(chen.id, hidden=True)
    assert {name for _, name, _ in recorded(office)} == {"李思思"}


def test_a_day_without_a_deal_has_no_award(office: House) -> None:
    evening(office, FRIDAY.date())
    assert recorded(office) == []


def test_a_deal_taken_back_later_leaves_the_award_and_says_so(office: House) -> None:
    deal = office.deal("陈芳", 8000)
    office.deal("陈芳", 1000)
    evening(office, FRIDAY.date())
    office.office.deals.void(deal.id, "客户反悔")
    shown = office.office.honours.awards()
    assert [(one.award.amount, one.lowered, one.now) for one in shown] == [(9000, True, 1000)] * 2


def test_missing_awards_of_a_period_are_recorded_with_the_next_results(office: House) -> None:
    """Friday's results were never played: the week and the month get their awards afterwards."""
    office.deal("陈芳", 8000)
    to(office, MONTH_END)
    evening(office, MONTH_END.date())
    assert ("week", "陈芳", 8000) in recorded(office)


def test_an_award_is_never_changed_or_erased(office: House) -> None:
    office.deal("陈芳", 8000)
    evening(office, FRIDAY.date())
    with closing(sqlite3.connect(office.store.path)) as connection:
        for sql in ("UPDATE awards SET fen = 1", "DELETE FROM awards"):
            with pytest.raises(sqlite3.IntegrityError, match="award"):
                connection.execute(sql)


def month_of_awards(office: House) -> None:
    office.deal("陈芳", 8000)
    office.deal("李思思", 3000)
    evening(office, FRIDAY.date())
    to(office, MONTH_END)
    office.deal("李思思", 2000)
    evening(office, MONTH_END.date())


def test_the_ceremony_walks_from_the_month_to_the_days(office: House) -> None:
    month_of_awards(office)
    to(office, datetime(2026, 12, 1, 13, 20, tzinfo=ZONE))
    office.office.honours.control("start")
    glance = office.office.snapshot.glance()
    assert glance.scene == "award"
    assert glance.ceremony is not None
    walk = [(slide.period, slide.number, slide.person) for slide in glance.ceremony.slides]
    assert walk == [
        ("month", 0, "陈芳"), ("week", 1, "陈芳"), ("day", 1, "陈芳"), ("day", 1, "李思思"),
    ]  # fmt: skip
    office.office.honours.control("next")
    assert office.office.snapshot.glance().ceremony.at == 1  # type: ignore[union-attr]
    office.office.honours.control("previous")
    assert office.office.snapshot.glance().ceremony.at == 0  # type: ignore[union-attr]
    with pytest.raises(Refused, match="第一位"):
        office.office.honours.control("previous")
    said = [a.text for a in office.office.announced.of_day(date(2026, 12, 1)) if a.kind == "ceremony"]
    assert said[0].startswith("现在为11月的获奖者颁奖。11月的开拓能手，猛虎队的陈芳，")
    assert len(said) == 2
    office.office.honours.control("end")
    assert office.office.snapshot.glance().scene != "award"
    with pytest.raises(Refused, match="已经结束"):
        office.office.honours.control("next")


@pytest.mark.parametrize("turns", [(), ("next", "previous")])
def test_an_ended_ceremony_leaves_the_walls_while_its_announcement_fades(
    office: House, turns: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walls do not wait for the player to report the end, nor come back when it reports a late start."""
    month_of_awards(office)
    to(office, datetime(2026, 12, 1, 13, 20, tzinfo=ZONE))
    office.office.honours.control("start")
    job = office.announcer.begin(office.clock)
    assert job is not None
    assert office.office.snapshot.glance().on_air is not None
    monkeypatch.setattr(office.announcer, "cancel", lambda ident, why: None)  # it fades and reports later
    for action in (*turns, "end"):
        office.office.honours.control(action)
    for _ in range(2):
        glance = office.office.snapshot.glance()
        assert (glance.on_air, glance.ceremony, glance.scene) == (None, None, "rhythm")
        office.announcer.report(Report(job.id, "playing", "正在播报。", office.clock.monotonic(), None))
    office.announcer.report(Report(job.id, "dropped", "表彰翻到了另一位。"))
    office.office.speech.announce("三点开会。", "k")
    office.announcer.begin(office.clock)
    assert office.office.snapshot.glance().scene == "celebration"


def test_a_forgotten_ceremony_ends_by_itself_and_survives_a_restart(office: House) -> None:
    month_of_awards(office)
    to(office, datetime(2026, 12, 1, 13, 20, tzinfo=ZONE))
    office.office.honours.control("start")
    office.close()
    office.open()
    assert office.office.snapshot.glance().ceremony is not None
    to(office, datetime(2026, 12, 1, 13, 41, tzinfo=ZONE))
    assert office.office.snapshot.glance().ceremony is None


def test_no_ceremony_in_quiet_time_or_without_a_winner(office: House) -> None:
    with pytest.raises(Refused, match="没有可以表彰的人"):
        office.office.honours.control("start")
    to(office, FRIDAY.replace(hour=12, minute=40))
    with pytest.raises(Refused, match="安静时间"):
        office.office.honours.control("start")


CUE = """
  - at: 13:10
    on: 每月第一个工作日
    say: ceremony
"""


def test_the_cue_announces_the_whole_walk(tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    text = shipped.replace("\ncues:\n", f"\ncues:{CUE}")
    with house(tmp_path, FRIDAY, text) as office:
        month_of_awards(office)
        to(office, datetime(2026, 12, 1, 13, 9, tzinfo=ZONE))
        office.go_to("13:11")
        said = next(a for a in office.office.announced.of_day(date(2026, 12, 1)) if a.kind == "ceremony")
        assert [line.mark for line in said.script.lines] == [None, "slide-0", "slide-1", "slide-2", "slide-3"]
        assert said.script.applause == "large"


# --- contests


def contest(office: House, key: str = "one", **over: object) -> int:
    fields = {"name": "冲刺周", "kind": "teams", "measure": "amount", "days": 2, **over}
    return office.office.contests.create(office.office.contests.rules(fields), key, "助理")[0].id


def test_a_contest_ends_after_the_results_of_its_last_working_day(office: House) -> None:
    """Two working days from Friday end on Monday; the result follows the results, is recorded and shown."""
    ident = contest(office)
    office.deal("陈芳", 8000)
    view = office.office.snapshot.glance().contests[0]
    assert (view.rules.until, view.days_left) == (date(2026, 11, 30), 2)
    evening(office, FRIDAY.date())
    assert office.office.contests.one(ident)[0].ended is None
    to(office, MONTH_END)
    office.deal("李思思", 9000)
    assert office.office.snapshot.glance().contests[0].days_left == 1
    evening(office, MONTH_END.date())
    kept, _ = office.office.contests.one(ident)
    assert kept.result is not None
    assert kept.result["text"].startswith("冲刺周的结果：恭喜飞龙队，")
    said = [a for a in office.office.announced.of_day(MONTH_END.date()) if a.kind in ("results", "contest")]
    assert [a.kind for a in said] == ["results", "contest"]
    assert said[1].due is not None
    assert said[1].due > said[0].created
    won = next(shown.award for shown in office.office.honours.awards() if shown.award.period == "contest")
    assert (won.title, won.team, won.person_id) == ("冲刺周", "飞龙队", 0)
    assert office.office.snapshot.glance().contests == ()


def test_a_contest_counts_the_working_days_of_the_calendar(tmp_path: Path) -> None:
    """Five working days before the National Day holidays end after them."""
    with house(tmp_path, datetime(2026, 9, 29, 9, 30, tzinfo=ZONE)) as office:
        until = office.office.contests.rules({"name": "节前", "kind": "teams", "measure": "count", "days": 5})
        works = office.timetable_file.works
        days = [until.since + timedelta(days=n) for n in range((until.until - until.since).days + 1)]
        assert sum(map(works, days)) == 5
        assert len(days) > 5
        assert works(until.until)


def test_a_last_day_taken_off_ends_the_contest_the_day_before(office: House) -> None:
    ident = contest(office)
    office.deal("陈芳", 8000)
    office.office.exceptions.make(date(2026, 11, 30), {"kind": "off"}, "off", "助理")
    assert office.timetable_file.works(date(2026, 11, 30)) is False
    evening(office, FRIDAY.date())
    assert office.office.contests.one(ident)[0].ended is not None


def test_a_contest_ended_early_is_announced_at_once(office: House) -> None:
    ident = contest(office)
    office.deal("陈芳", 8000)
    assert office.office.contests.end(ident, "助理").ended_by == "助理"
    assert [a.kind for a in office.office.announced.of_day(FRIDAY.date())][-1] == "contest"
    with pytest.raises(Refused, match="已经结束"):
        office.office.contests.end(ident, "助理")


def test_a_removed_contest_is_nowhere(office: House) -> None:
    ident = contest(office)
    office.office.contests.remove(ident, "助理")
    assert office.office.contests.all() == ((), ())
    with pytest.raises(Unknown):
        office.office.contests.one(ident)


def test_at_most_twenty_contests_are_open(office: House) -> None:
    for number in range(20):
        contest(office, f"key-{number}", name=f"比赛{number}")
    with pytest.raises(Refused, match="20"):
        contest(office, "more", name="再来一个")
    assert contest(office, "key-0", name="比赛0") == 1


def test_a_repeated_form_makes_one_contest_and_a_name_is_taken_once(office: House) -> None:
    assert contest(office) == contest(office)
    with pytest.raises(Conflict, match="换一个名称"):
        contest(office, "two")
    with pytest.raises(Conflict, match="别的内容"):
        contest(office, name="另一个")


def test_groups_come_from_the_last_month(office: House) -> None:
    with pytest.raises(Refused, match="分不出组"):
        contest(office, kind="groups")
    for name, amount in (("陈芳", 900), ("李思思", 800), ("赵磊", 100), ("王小明", 50)):
        office.deal(name, amount)
    to(office, datetime(2026, 12, 1, 9, 30, tzinfo=ZONE))
    ident = contest(office, kind="groups", size=2)
    names = {p.id: p.name for p in office.office.people.active()}
    rules = office.office.contests.one(ident)[0].rules
    assert [[names[i] for i in group] for group in rules.groups] == [["陈芳", "李思思"], ["赵磊", "王小明"]]


def test_unknown_and_hidden_people_cannot_be_chosen(office: House) -> None:
    people = {p.name: p.id for p in office.office.people.active()}
    office.office.people.update(people["赵磊"], hidden=True)
    with pytest.raises(Refused, match="赵磊"):
        contest(office, kind="people", sides=[people["赵磊"], people["陈芳"]])
    with pytest.raises(Refused, match="名单"):
        contest(office, kind="people", sides=[999, people["陈芳"]])


def test_awards_of_one_period_are_stored_once(office: House) -> None:
    award = Award("day", FRIDAY.date(), FRIDAY.date(), 1, "陈芳", 1, "猛虎队", 1, Decimal(100), "", FRIDAY)
    with office.store.write() as session:
        assert session.awards.add(award)
        assert not session.awards.add(replace(award, prize="x"))


def test_the_ceremony_speaks_the_offices_own_words(tmp_path: Path) -> None:
    """An edit of the file changes opening and slides; a slot that the text may not have is a fault with its line."""
    text = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    own = text.replace("现在为{month}的获奖者颁奖。", "在{office}，{month}颁奖开始。").replace(
        '"{month}的开拓能手，{team}的{person}，{count}单，共{amount}！请大家鼓掌！"',
        '"{month}最强的是{person}，{amount}。"',
    )
    with house(tmp_path, MONTH_END, own) as office:
        office.deal("王小明", 12_800)
        evening(office, MONTH_END.date())
        to(office, datetime(2026, 12, 1, 14, 0, tzinfo=ZONE))
        office.office.honours.control("start")
        said = [
            one.text for one in office.office.announced.of_day(date(2026, 12, 1)) if one.kind == "ceremony"
        ]
        assert said[-1] == "在北京分公司，11月颁奖开始。11月最强的是王小明，一万两千八百元。"
    with pytest.raises(TimetableInvalid, match=r"不认识“.person.”"):
        parse(text.replace("现在为{month}的获奖者颁奖。", "祝贺{person}"))
