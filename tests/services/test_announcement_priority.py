"""Priority of announcements, bursts, the limit of talk per hour, and announcements of reached targets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.sales import messages
from controller.sales.model import Announcement
from controller.services import announcement_priority
from controller.services.scripts import ScriptBuilder

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)
FIRST = "恭喜猛虎队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, TUESDAY) as made:
        yield made


def said_today(office: House) -> list[Announcement]:
    return list(office.office.announced.of_day(office.clock.now().date()))


def of_kind(office: House, kind: str) -> list[Announcement]:
    return [announcement for announcement in said_today(office) if announcement.kind == kind]


def after_the_first(office: House) -> None:
    """Record the day's first deal and announce it."""
    office.deal("赵磊", 100)
    office.announcer.say(office.clock)


# ---- priorities ----


def test_priorities_of_the_kinds() -> None:
    """Microphone, first and big deals, target, typed announcements, round-up, timetable: in that sequence."""
    ranks = [
        announcement_priority.PRIORITY[kind] for kind in ("microphone", "big", "target", "say", "roundup")
    ]
    assert [*ranks, announcement_priority.AFTER_ROUNDUP, announcement_priority.TIMETABLE] == sorted(
        [*ranks, announcement_priority.AFTER_ROUNDUP, announcement_priority.TIMETABLE], reverse=True
    )
    urgent = {announcement_priority.PRIORITY[kind] for kind in announcement_priority.URGENT}
    assert urgent == {announcement_priority.PRIORITY["big"]}


def test_the_queue_follows_the_priorities(office: House) -> None:
    """A big deal that comes last is announced before a typed announcement and before the round-up."""
    after_the_first(office)
    office.deal("陈芳", 3000)
    office.go_to("10:00")
    office.office.speech.announce("电梯修好了。", "k")
    office.deal("李思思", 28000)
    kinds = {announcement.id: announcement.kind for announcement in said_today(office)}
    assert [kinds[job.id] for job in office.announcer.say(office.clock)] == ["big", "say", "roundup"]


# ---- bursts ----


def test_three_big_deals_of_quiet_time_are_one_burst(office: House) -> None:
    """Three that wait for 12:55 become one announcement that names each, best first; their rows give the reason."""
    after_the_first(office)
    office.go_to("12:40")
    for person, amount in (("王小明", 12000), ("李思思", 50000), ("陈芳", 30000)):
        office.deal(person, amount)
    office.go_to("12:55")
    assert len(office.announcer.jobs) == 1
    (burst,) = of_kind(office, "burst")
    assert burst.text.startswith("三单连开，合计九万两千元！")
    assert burst.text.index("李思思") < burst.text.index("陈芳") < burst.text.index("王小明")
    assert len(burst.deals) == 3
    merged = [announcement for announcement in said_today(office) if announcement.state == "merged"]
    assert [announcement.why for announcement in merged] == ["三单等在一起，合成一条播报。"] * 3
    office.announcer.say(office.clock)
    assert of_kind(office, "burst")[0].state == "heard"


def test_two_waiting_deals_are_announced_one_by_one(office: House) -> None:
    """Two big deals keep their own sentences."""
    after_the_first(office)
    office.go_to("12:40")
    office.deal("王小明", 12000)
    office.deal("李思思", 50000)
    office.go_to("12:55")
    assert len(office.announcer.jobs) == 2
    assert of_kind(office, "burst") == []


def test_the_first_deal_keeps_its_own_sentence_in_a_burst(office: House) -> None:
    """开门红 is announced word for word, and first, also when it waited with larger deals."""
    office.go_to("12:40")
    office.deal("王小明", 900)
    office.deal("李思思", 50000)
    office.deal("陈芳", 30000)
    office.go_to("12:55")
    (burst,) = of_kind(office, "burst")
    assert f"三单连开，合计八万零九百元！{FIRST}" in burst.text


def test_a_playing_announcement_is_never_merged(office: House) -> None:
    """While one is playing three more deals come: it plays on, the three become one burst; a fourth joins them."""
    after_the_first(office)
    office.deal("王小明", 12000)
    job = office.announcer.begin(office.clock)
    assert job is not None
    playing = job.id
    for person, amount in (("李思思", 50000), ("陈芳", 30000), ("赵磊", 20000)):
        office.deal(person, amount)
    assert [job.id for job in office.announcer.jobs] == [playing, of_kind(office, "burst")[0].id]
    office.deal("单晓明", 15000)
    assert [job.id for job in office.announcer.jobs] == [playing, of_kind(office, "burst")[1].id]
    first, second = of_kind(office, "burst")
    assert (first.state, len(second.deals)) == ("merged", 4)
    assert second.text.startswith("四单连开")


def test_a_deal_taken_back_is_left_out_of_the_burst(office: House) -> None:
    """When one of three waiting deals is taken back, the other two are announced without it."""
    after_the_first(office)
    office.go_to("12:40")
    ids = [office.deal(person, 20000).id for person in ("王小明", "李思思", "陈芳")]
    office.go_to("12:55")
    office.office.deals.void(ids[1], "客户反悔")
    (burst,) = of_kind(office, "burst")
    assert "李思思" not in burst.text
    assert "王小明" in burst.text
    assert [job.id for job in office.announcer.jobs] == [burst.id]


def test_a_repeat_does_not_count_as_a_deal(office: House) -> None:
    """Two big deals and a repeat wait for 12:55: they are no burst, as the repeat is not counted."""
    after_the_first(office)
    office.go_to("12:40")
    office.deal("王小明", 12000)
    office.deal("李思思", 50000)
    office.office.speech.repeat(1)
    office.go_to("12:55")
    assert len(office.announcer.jobs) == 3
    assert of_kind(office, "burst") == []


def test_a_burst_that_was_not_heard_is_merged_into_the_round_up(office: House) -> None:
    """When the device is lost in mid-sentence, all three deals are announced at the next full hour."""
    after_the_first(office)
    office.go_to("12:40")
    for person in ("王小明", "李思思", "陈芳"):
        office.deal(person, 20000)
    office.go_to("12:55")
    office.announcer.say(office.clock, end="not_heard")
    office.go_to("13:00")
    (roundup,) = of_kind(office, "roundup")
    assert len(roundup.deals) == 3


# ---- targets ----


def test_a_reached_target_is_announced_once_after_its_deal(office: House) -> None:
    """The deal that lifts a team over its target is followed by the target's announcement; the next deal is not."""
    office.office.targets.set_day("飞龙队", TUESDAY.date(), 20000)
    after_the_first(office)
    office.deal("李思思", 28000)
    office.deal("单晓明", 15000)
    office.office.speech.announce("大家好。", "k")
    kinds = {announcement.id: announcement.kind for announcement in said_today(office)}
    jobs = office.announcer.say(office.clock)
    assert [kinds[job.id] for job in jobs] == ["big", "big", "target", "say"]
    (target,) = of_kind(office, "target")
    assert target.text in (
        "飞龙队完成了今天的目标，已经签下两万八千元，请大家为他们喝彩！",
        "好消息，飞龙队今天的目标拿下了！请大家为他们鼓掌！",
    )


def test_a_target_reached_by_a_small_deal_follows_the_round_up(office: House) -> None:
    """A small deal waits for 10:00, and so does its target; it is announced right after the round-up."""
    office.office.targets.set_day("猛虎队", TUESDAY.date(), 5000)
    after_the_first(office)
    office.deal("陈芳", 6000)
    (target,) = of_kind(office, "target")
    assert (target.state, target.why) == ("waiting", "团队完成了今天的目标，10:00 跟着这一单播报。")
    office.go_to("10:00")
    kinds = {announcement.id: announcement.kind for announcement in said_today(office)}
    assert [kinds[job.id] for job in office.announcer.say(office.clock)] == ["roundup", "target"]


def test_a_target_that_is_missed_again_is_not_announced(office: House) -> None:
    """When an earlier deal is taken back first, the target's announcement is dropped; reached again, it is queued."""
    office.office.targets.set_day("猛虎队", TUESDAY.date(), 9000)
    after_the_first(office)
    earlier = office.deal("王小明", 5000)
    office.deal("陈芳", 6000)
    office.office.deals.void(earlier.id, "录错了")
    assert [announcement.state for announcement in of_kind(office, "target")] == ["dropped"]
    office.deal("王小明", 4000)
    assert [announcement.state for announcement in of_kind(office, "target")] == ["dropped", "waiting"]


def test_a_target_reached_in_the_evening_is_announced_by_the_results(office: House) -> None:
    """After the last round-up the results announce the completion: there is no separate announcement."""
    office.office.targets.set_day("猛虎队", TUESDAY.date(), 5000)
    after_the_first(office)
    office.go_to("17:30")
    office.deal("陈芳", 6000)
    assert of_kind(office, "target") == []


def test_a_target_that_was_not_heard_is_announced_after_the_next_round_up(office: House) -> None:
    """Lost with the device at 9:30, it is announced at 10:00; its deal is counted once."""
    office.office.targets.set_day("飞龙队", TUESDAY.date(), 20000)
    after_the_first(office)
    office.deal("李思思", 28000)
    office.announcer.say(office.clock, end="not_heard")
    office.go_to("10:00")
    kinds = {announcement.id: announcement.kind for announcement in said_today(office)}
    assert [kinds[job.id] for job in office.announcer.say(office.clock)] == ["roundup", "target"]
    assert len(of_kind(office, "roundup")[0].deals) == 1


# ---- the limit of talk per hour ----


def talk_for(office: House, minutes: float) -> None:
    """Play a typed announcement of that length."""
    office.office.speech.announce(f"今天有很多话要说，{office.clock.now():%H%M%S}。", f"{office.clock.now()}")
    office.announcer.say(office.clock, seconds=60 * minutes)


def test_a_repeat_waits_for_the_full_hour_when_the_limit_is_reached(office: House) -> None:
    """After six minutes of talk a repeat is played at the next full hour, with the reason."""
    after_the_first(office)
    talk_for(office, 5)
    assert office.office.speech.repeat(1).decision.to_json()["when"] == "now"
    office.announcer.say(office.clock)
    talk_for(office, 1)
    decision = office.office.speech.repeat(1).decision.to_json()
    assert decision["when"] == "10:00"
    assert decision["why"] == "这一小时的播报已满 6 分钟，10:00 再播。"
    assert office.announcer.jobs == []
    office.go_to("10:00")
    assert len(office.announcer.jobs) == 1


def test_big_deals_and_typed_announcements_ignore_the_limit(office: House) -> None:
    """After eight minutes of talk a big deal and a typed announcement are still announced at once."""
    after_the_first(office)
    talk_for(office, 8)
    assert office.deal("李思思", 28000).decision.to_json()["when"] == "now"
    assert office.office.speech.announce("请挪一下车。", "k").decision.to_json()["when"] == "now"
    assert len(office.announcer.jobs) == 2


def test_greetings_of_the_timetable_wait(tmp_path: Path) -> None:
    """After six minutes of talk the month's greeting at 8:50 waits for 9:00; top sales and results never wait."""
    first = datetime(2026, 12, 1, 8, 40, tzinfo=SHANGHAI)
    with house(tmp_path, first) as office:
        talk_for(office, 6)
        office.go_to("08:51")
        (greeting,) = of_kind(office, "greeting")
        assert (greeting.state, greeting.why) == ("waiting", "这一小时的播报已满 6 分钟，09:00 再播。")
        office.go_to("09:00")
        assert len(office.announcer.say(office.clock)) == 1
        office.go_to("17:50")
        office.announcer.say(office.clock)
        talk_for(office, 7)
        office.go_to("18:00")
        assert [job.id for job in office.announcer.say(office.clock)] == [
            of_kind(office, "top_sales_of_day")[0].id
        ]


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.4])
def test_forty_big_deals_that_wait_are_heard_within_three_quarters_of_a_minute(
    office: House, speed: float
) -> None:
    """A burst and a round-up of forty end within 45 s with chime and applause, also at the slowest speed of speech;
    the walls list all, and the voice gives number and sum of those that it does not name."""
    office.office.speaking.choose(speed=speed)
    after_the_first(office)
    office.go_to("12:45")
    for n in range(40):
        office.deal(("陈芳", "李思思", "赵磊")[n % 3], 21_111 + n)
    office.go_to("12:55")
    (burst,) = of_kind(office, "burst")
    assert len(burst.deals) == 40
    assert "还有" in burst.text
    assert messages.seconds(burst.text) / speed + 1.3 + 5.8 <= 45
    office.announcer.say(office.clock)
    office.clock.go(minutes=30)
    for n in range(40):
        office.deal(("陈芳", "李思思", "赵磊")[n % 3], 5_111 + n)
    office.go_to("14:00")
    (roundup,) = of_kind(office, "roundup")
    assert messages.seconds(roundup.text) / speed + 1.3 + 3.2 <= 45


def test_a_late_round_up_is_shorter(office: House) -> None:
    """After five and a half of six minutes the round-up names few deals and sums up the others."""
    after_the_first(office)
    for n in range(12):
        office.deal(("陈芳", "李思思", "赵磊")[n % 3], 1000 + n)
    office.go_to("10:00")
    long = len(of_kind(office, "roundup")[0].text)
    assert announcement_priority.roundup_limit(330, 6) == 30
    assert announcement_priority.roundup_limit(9999, 6) == announcement_priority.LEAST_ROUNDUP_S
    assert announcement_priority.roundup_limit(0, 6) == 45
    office.announcer.say(office.clock)
    for n in range(12):
        office.deal(("陈芳", "李思思", "赵磊")[n % 3], 1000 + n)
    office.clock.go_to(office.clock.now().replace(hour=10, minute=59, second=59))
    with office.store.write() as session:  # an announcement has been playing since 11:00
        session.rows.change(
            "UPDATE announcements SET state = 'heard', started = ?1, ended = ?1 + 350000 WHERE id = 1",
            round(1000 * office.clock.now().replace(hour=11, minute=0, second=0).timestamp()),
        )
    office.go_to("11:00")
    assert len(of_kind(office, "roundup")[1].text) < long / 2
    assert "还有" in of_kind(office, "roundup")[1].text


# ---- applause, greetings, comments ----


def test_the_applause_depends_on_the_amount(office: House) -> None:
    """Large applause is for deals over the office's amount; a small first deal of the day gets the small one."""
    office.deal("王小明", 10000)
    office.deal("李思思", 10001)
    names = [job.script.applause.name for job in office.announcer.jobs]
    assert names == ["applause-small.ogg", "applause-large.ogg"]


def test_a_drum_roll_goes_before_each_of_the_three_places(office: House) -> None:
    """In the results only the third, second and first place are preceded by a drum roll."""
    for person in ("王小明", "李思思", "赵磊"):
        office.deal(person, 1000)
    office.announcer.say(office.clock)
    office.go_to("18:05")
    (results,) = of_kind(office, "results")
    script = ScriptBuilder(Path("sounds").resolve()).build(results, {})
    rolled = [segment.mark for segment in script.segments if segment.roll is not None]
    assert rolled == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("day", "kind"), [("2026-10-08", "greeting"), ("2026-12-01", "greeting"), ("2026-11-30", "sprint")]
)
def test_the_month_starts_and_ends_with_a_greeting(tmp_path: Path, day: str, kind: str) -> None:
    """At 8:50 the month's first workday has a greeting and its last one the sprint; other days have neither."""
    with house(tmp_path, datetime.fromisoformat(f"{day}T08:29:00+08:00").astimezone(SHANGHAI)) as office:
        office.go_to("08:49:59")
        assert office.announcer.jobs == []
        office.go_to("08:50")
        assert [announcement.kind for announcement in said_today(office)] == [kind]
        assert office.office.snapshot.glance().scene in ("welcome", "celebration")


def test_the_comment_differs_from_the_day_before(tmp_path: Path) -> None:
    """Ten workdays with the same deal have ten comments, and no two in a row are equal."""
    days = [(11, d) for d in (24, 25, 26, 27, 30)] + [(12, d) for d in (1, 2, 3, 4, 7)]
    comments = []
    for month, day in days:
        at = datetime(2026, month, day, 17, 0, tzinfo=SHANGHAI)
        with house(tmp_path, at) as office:
            office.deal("王小明", 3000)
            office.announcer.say(office.clock)
            office.go_to("18:05")
            with office.store.read() as session:
                kept = session.settings.results(at.date())
            assert kept is not None
            comments.append(kept["comment"])
    assert all(comments)
    assert all(today != yesterday for yesterday, today in pairwise(comments))
