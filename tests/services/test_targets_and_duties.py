"""Hand-ins, reviews, pace, duties, one-to-ones, coaching and team building in a whole office."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from office_made import House, house

from controller.sales.model import PersonRow, Refused, Unknown
from controller.services.duties import Viewer, duty_key, months_before, next_team_building
from controller.services.targets import AlreadyHandedIn, asks_for_targets

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
DAY = MONDAY.date()
TIGER = {1: "8000", 2: "1.2万"}
LEADER, OTHER = Viewer("leader", "王小明", "猛虎队"), Viewer("leader", "李思思", "飞龙队")
DIRECTOR, ASSISTANT = Viewer("director", "总监"), Viewer("assistant", "小助理")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, MONDAY) as made:
        yield made


def walls(office: House) -> tuple[str, ...]:
    return office.office.snapshot.glance().open_targets


# --- hand-ins


def test_the_wall_names_open_teams_from_the_end_of_the_stand_up_for_two_hours(office: House) -> None:
    """Not in the stand-up, not after 11:15, not once all are in; an office without targets is not asked."""
    office.go_to("09:16")
    assert walls(office) == ()
    office.office.targets.set_day("飞龙队", DAY, 5)
    assert walls(office) == ("猛虎队", "飞龙队", "雄鹰队")
    office.office.targets.hand_in("猛虎队", TIGER, 0, "k1", "王小明")
    assert walls(office) == ("飞龙队", "雄鹰队")
    office.office.targets.hand_in("飞龙队", {3: 1, 4: 0}, 0, "k2", "李思思")
    assert walls(office) == ("雄鹰队",)
    office.go_to("11:15")
    assert walls(office) == ()
    plan = office.timetable_file.plan(DAY)
    assert [asks_for_targets(plan, MONDAY.replace(hour=h, minute=m)) for h, m in ((9, 14), (9, 15), (11, 14))] == [
        False, True, True,
    ]  # fmt: skip
    sunday = office.timetable_file.plan(DAY - timedelta(1))
    assert not asks_for_targets(sunday, MONDAY.replace(hour=10) - timedelta(1))


def test_a_hand_in_is_the_days_target_of_people_and_team(office: House) -> None:
    """Standings and walls follow at once."""
    office.office.targets.hand_in("猛虎队", TIGER, 0, "k1", "王小明")
    tiger = office.office.targets.of_day(DAY, "猛虎队").teams[0]
    assert (tiger.target, tiger.hand_in and tiger.hand_in.who) == (20_000, "王小明")
    assert [person.target for person in tiger.people] == [8000, 12_000]
    office.deal("陈芳", 6000)
    ranking = office.office.snapshot.ranking("day", DAY)
    assert (ranking.teams[0].name, ranking.teams[0].target) == ("猛虎队", 20_000)
    assert (ranking.people[0].target, ranking.people[0].rate) == (12_000, 0.5)


def test_the_second_leader_sees_the_first_ones_values(office: House) -> None:
    """Two at once: the second is asked; the same values, or the same key again, are no conflict."""
    first = office.office.targets.hand_in("猛虎队", TIGER, 0, "k1", "王小明")
    with pytest.raises(
        AlreadyHandedIn, match="王小明在 09:00 已经交了猛虎队的目标，合计 20000 元。"
    ) as refused:
        office.office.targets.hand_in("猛虎队", {1: 1, 2: 2}, 0, "k2", "陈芳")
    assert refused.value.present == first
    assert office.office.targets.hand_in("猛虎队", {1: 8000, 2: 12_000}, 0, "k3", "陈芳") == first
    assert office.office.targets.hand_in("猛虎队", {1: 5, 2: 5}, 0, "k1", "王小明") == first
    second = office.office.targets.hand_in("猛虎队", {1: 1, 2: 2}, 1, "k4", "陈芳")
    assert (second.number, second.fen) == (2, {1: 100, 2: 200})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({1: 5}, "还差陈芳的目标；今天没有目标的，请填 0。"),
        ({1: 5, 2: 5, 3: 5}, "编号 3 的人不在这个团队里"),
        ({1: 0, 2: "0"}, "每个人的目标都是 0"),
        ({1: "很多", 2: 5}, "王小明：看不懂金额“很多”"),
        ({1: 5, 2: -3}, "陈芳：金额应当大于 0"),
        ({1: True, 2: 5}, "王小明：金额应当是一个数"),
    ],
)
def test_a_wrong_hand_in_is_refused_as_a_whole(
    office: House, values: dict[int, object], sentence: str
) -> None:
    """The sentence names the person; nothing is stored."""
    with pytest.raises(Refused, match=sentence):
        office.office.targets.hand_in("猛虎队", values, 0, "k", "王小明")
    assert office.office.targets.of_day(DAY).teams[0].hand_in is None


def test_a_team_that_changed_meanwhile_is_asked_again(office: House) -> None:
    """A new colleague since the form was opened: the hand-in names who is missing."""
    office.office.people.add(PersonRow(name="新来的", team="猛虎队"))
    with pytest.raises(Refused, match="还差新来的的目标"):
        office.office.targets.hand_in("猛虎队", TIGER, 0, "k", "王小明")


def test_leaders_start_from_the_months_share(office: House) -> None:
    """A person's own share, else an even part of the rest of the team's; nothing is handed in by that."""
    targets = office.office.targets
    targets.set_month("2026-11", "42万", team="猛虎队")
    assert [one.proposed for one in targets.of_day(DAY, "猛虎队").teams[0].people] == [10_000, 10_000]
    targets.set_month("2026-11", "31.5万", person=1)
    tiger = targets.of_day(DAY, " 猛虎队").teams[0]
    assert [(one.proposed, one.target) for one in tiger.people] == [(15_000, 15_000), (5000, None)]
    assert (tiger.target, tiger.hand_in) == (20_000, None)
    assert targets.of_day(DAY).teams[0].people == ()
    targets.set_month("2026-11", None, team="猛虎队")
    tiger = targets.of_day(DAY, "猛虎队").teams[0]
    assert [one.proposed for one in tiger.people] == [15_000, 0]
    assert tiger.target == 15_000


# --- reviews and pace


def test_two_reviews_show_what_changed_since(office: House) -> None:
    """Each number once, in order; deals since the last one, and a hand-in that came after it."""
    office.office.targets.hand_in("猛虎队", TIGER, 0, "k1", "王小明")
    office.deal("陈芳", 6000)
    with pytest.raises(Refused, match="第一次复核还没有做"):
        office.office.targets.review(2, "总监")
    office.go_to("11:30")
    assert office.office.targets.of_day(DAY).teams[0].since == (1, 6000)
    first = office.office.targets.review(1, "总监")
    assert office.office.targets.review(1, "别人") == first
    deal = office.deal("王小明", 500)
    office.go_to("14:00")
    office.office.targets.hand_in("飞龙队", {3: 1, 4: 0}, 0, "k2", "李思思")
    day = office.office.targets.of_day(DAY)
    assert day.teams[0].since == (1, 500)
    assert [team.changed for team in day.teams] == [False, True, False]
    assert day.next_review == 2
    office.office.deals.void(deal.id, "写错了")
    office.office.deals.void(office.office.deals.of_day(DAY)[0].id, "写错了")
    assert office.office.targets.of_day(DAY).teams[0].since == (-1, -6000)
    office.office.targets.review(2, "总监")
    assert office.office.targets.of_day(DAY).next_review is None
    assert office.office.targets.of_day(DAY - timedelta(1)).reviews == ()


def test_the_pace_counts_the_months_deals(office: House) -> None:
    """¥21万 a month, ¥6,000 sold: behind, and the rest is spread over six days."""
    office.office.targets.set_month("2026-11", "21万", team="猛虎队")
    office.office.targets.set_month("2026-11", "63万")
    office.deal("陈芳", 6000)
    day = office.office.targets.of_day(DAY)
    pace = day.teams[0].pace
    assert pace is not None
    assert (pace.days_left, pace.left, pace.per_day, pace.behind) == (6, 20_400_000, 3_400_000, True)
    assert day.pace is not None
    assert day.pace.left == 62_400_000


def test_a_day_off_that_is_declared_later_moves_the_shares(office: House) -> None:
    """days_off in the timetable: the remaining days carry the month, and no standing is stale."""
    office.office.targets.set_month("2026-11", "21万", team="猛虎队")
    assert office.office.snapshot.ranking("day", DAY).teams[0].target == 10_000
    office.file.write_text(
        office.file.read_text("utf-8").replace("days_off: []", "days_off: [2026-11-30]"), "utf-8"
    )
    office.timetable_file.refresh()
    assert office.office.snapshot.ranking("day", DAY).teams[0].target == 10_500
    assert office.office.snapshot.ranking("month", DAY).teams[0].target == 210_000


# --- duties


def key_of(office: House, what: str) -> str:
    return next(
        duty_key(duty) for duty in office.timetable_file.plan(DAY).duties if duty.what.startswith(what)
    )


def test_duties_are_due_for_their_role_until_they_are_ticked(office: House) -> None:
    """The director's review at 11:30: on the director's phone alone; with who and when after the tick."""
    duties = office.office.duties
    office.go_to("11:29")
    assert not any("第一次检查" in line for line in duties.reminders(DIRECTOR))
    office.go_to("11:31")
    assert duties.reminders(DIRECTOR)[0] == "11:30 第一次检查目标进度"
    assert duties.reminders(ASSISTANT) == ()
    key = key_of(office, "第一次检查")
    duties.tick(key, DIRECTOR, done=True)
    assert duties.reminders(DIRECTOR) == ()
    done = next(one.done for one in duties.of_today(ASSISTANT).duties if one.key == key)
    assert done is not None
    assert (done.who, done.at) == ("总监", MONDAY.replace(hour=11, minute=31))
    duties.tick(key, DIRECTOR, done=False)
    assert duties.reminders(DIRECTOR)[0].startswith("11:30")
    office.go_to("13:01")
    assert duties.reminders(DIRECTOR) == ()
    with pytest.raises(Refused, match="不归您做"):
        duties.tick(key, LEADER, done=True)
    with pytest.raises(Unknown, match="作息表可能刚改过"):
        duties.tick("0" * 16, LEADER, done=True)


def test_each_leader_ticks_the_leaders_duties(office: House) -> None:
    """One leader's tick is not another's; the director sees both."""
    duties, key = office.office.duties, key_of(office, "把每个人的目标")
    office.go_to("09:20")
    duties.tick(key, LEADER, done=True)
    assert not any("把每个人" in line for line in duties.reminders(LEADER))
    assert any("把每个人" in line for line in duties.reminders(OTHER))
    state = next(one for one in duties.of_today(DIRECTOR).duties if one.key == key)
    assert [tick.subject for tick in state.by] == ["王小明"]


def test_open_targets_are_on_the_phones_of_leader_and_director(office: House) -> None:
    """A leader sees the own team, the director all; the assistant none."""
    office.office.targets.set_month("2026-11", "21万", team="猛虎队")
    office.go_to("09:16")
    assert "目标未交：猛虎队" in office.office.duties.reminders(LEADER)
    assert "目标未交：猛虎队、飞龙队、雄鹰队" in office.office.duties.reminders(DIRECTOR)
    assert office.office.duties.reminders(ASSISTANT) == ()
    office.office.targets.hand_in("猛虎队", TIGER, 0, "k1", "王小明")
    assert "目标未交：猛虎队" not in office.office.duties.reminders(LEADER)


def test_everything_open_is_listed_from_half_past_five(office: House) -> None:
    """On leaders' phones: coaching, one-to-ones, duties of the whole day."""
    office.go_to("17:29")
    assert not any("辅导" in line for line in office.office.duties.reminders(LEADER))
    office.go_to("17:30")
    lines = office.office.duties.reminders(LEADER)
    assert {
        "09:00 晨会：鼓劲，定目标，喊口号",
        "辅导还差 60 分钟",
        "本月还没有单独谈话：1 人",
        "多走动，带着微笑",
    } <= set(lines)
    assert not any("辅导" in line for line in office.office.duties.reminders(DIRECTOR))
    office.office.duties.add_coaching(45, LEADER)
    office.office.duties.add_one_to_one(2, "", LEADER)
    lines = office.office.duties.reminders(LEADER)
    assert "辅导还差 15 分钟" in lines
    assert not any("谈话" in line for line in lines)
    office.office.duties.add_coaching(15, LEADER)
    assert not any("辅导" in line for line in office.office.duties.reminders(LEADER))
    office.office.duties.add_coaching(0, LEADER)
    assert office.office.duties.of_today(LEADER).coaching == {}
    with pytest.raises(Refused, match="一天最多记八小时"):
        office.office.duties.add_coaching(481, LEADER)


def test_one_to_ones_are_deleted_by_author_or_director_and_after_a_year(office: House) -> None:
    """Another leader cannot; the twelfth month before still has its notes, the thirteenth not."""
    duties = office.office.duties
    mine = duties.add_one_to_one(2, "想多练开场白", LEADER)
    assert [one.note for one in duties.of_today(LEADER).one_to_ones] == ["想多练开场白"]
    assert duties.of_today(OTHER).one_to_ones == ()
    with pytest.raises(Refused, match="只有本人和总监能删"):
        duties.delete_one_to_one(mine.id, OTHER)
    duties.delete_one_to_one(mine.id, LEADER)
    with pytest.raises(Unknown):
        duties.delete_one_to_one(mine.id, LEADER)
    duties.delete_one_to_one(duties.add_one_to_one(2, "", LEADER).id, DIRECTOR)
    with office.store.write() as session:
        for month in ("2025-10", "2025-11"):
            session.duties.add_one_to_one(month, 2, "王小明", MONDAY, month)
    assert [one.note for one in duties.one_to_ones(2)] == ["2025-11"]
    duties.tick(key_of(office, "晨会"), LEADER, done=True)
    with office.store.read() as session:
        assert session.duties.one_to_ones("2025-10") == ()
        assert len(session.duties.one_to_ones("2025-11")) == 1
    assert months_before("2026-01", 12) == "2025-01"
    assert months_before("2026-03", 5) == "2025-10"


@pytest.mark.parametrize(
    ("last", "began", "today", "before"),
    [
        (None, date(2026, 3, 2), date(2026, 11, 2), date(2026, 11, 10)),
        (None, date(2026, 3, 2), date(2026, 11, 23), date(2026, 11, 10)),  # shown as late until it was held
        (None, date(2026, 3, 2), date(2026, 12, 1), date(2027, 1, 10)),
        (None, None, date(2026, 11, 23), date(2027, 1, 10)),  # a new office
        (None, date(2026, 11, 20), date(2026, 11, 23), date(2027, 1, 10)),
        (None, date(2026, 11, 20), date(2027, 1, 11), date(2027, 1, 10)),
        (None, date(2026, 12, 20), date(2027, 1, 4), date(2027, 3, 10)),
        (None, date(2026, 12, 31), date(2026, 12, 31), date(2027, 3, 10)),
        (date(2026, 9, 8), None, date(2026, 11, 23), date(2026, 11, 10)),
        (date(2026, 11, 8), date(2026, 3, 2), date(2026, 11, 23), date(2027, 1, 10)),
        (date(2026, 12, 31), date(2026, 3, 2), date(2027, 1, 4), date(2027, 2, 10)),
    ],
)
def test_a_team_building_is_due_every_second_month(
    last: date | None, began: date | None, today: date, before: date
) -> None:
    """Before the tenth, two months after the last one; a team without one in an odd month, never in its first."""
    assert next_team_building(last, today, began) == before


def test_a_team_building_is_noted_when_it_was_held(office: House) -> None:
    """Not in advance; it can be taken back; leaders are reminded in the month in which one is due."""
    duties = office.office.duties
    with pytest.raises(Refused, match="还没有办"):
        duties.set_team_building("猛虎队", DAY + timedelta(1), LEADER, done=True)
    office.go_to("17:31")
    assert not any("团队活动" in line for line in duties.reminders(LEADER)), "the office has just begun"
    with office.store.write() as session:
        session.deals.record(
            "long ago", 1, "年卡", Decimal(100), MONDAY - timedelta(100), (MONDAY - timedelta(100)).date()
        )
    assert "猛虎队的团队活动要在 11月10日前办" in duties.reminders(LEADER)
    duties.set_team_building("猛虎队", DAY, LEADER, done=True)
    assert [(one.last, one.before) for one in duties.of_today(LEADER).team_buildings] == [
        (DAY, date(2027, 1, 10))
    ]
    assert not any("团队活动" in line for line in duties.reminders(LEADER))
    duties.set_team_building("猛虎队", DAY, LEADER, done=False)
    assert duties.of_today(LEADER).team_buildings[0].last is None


def test_nothing_reminds_on_a_day_off(office: House) -> None:
    """Sunday: no reminders of targets and of the working day; a duty for days off is a reminder."""
    office.office.targets.set_day("飞龙队", DAY, 5)
    office.clock.go_to(datetime(2026, 11, 29, 18, 0, tzinfo=ZONE))
    assert office.office.duties.reminders(LEADER) == office.office.duties.reminders(DIRECTOR) == ()
    duty = "duties:\n  - {at: 17:00, on: 休息日, who: director, what: 值班}\n"
    office.file.write_text(office.file.read_text("utf-8").replace("duties:\n", duty), "utf-8")
    office.timetable_file.refresh()
    assert office.office.duties.reminders(DIRECTOR) == ("17:00 值班",)
