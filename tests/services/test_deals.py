"""A deal from the phone to the outbox: accepted once, decided with a reason, never lost."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.sales.model import Conflict, Refused, StoreFull, Unknown
from controller.services.deals import How

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)
FIRST = "恭喜猛虎队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！"
BIG = "恭喜飞龙队的李思思签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！"


@pytest.fixture
def office(tmp_path: Path):  # type: ignore[no-untyped-def]
    with house(tmp_path, TUESDAY) as made:
        yield made


def test_the_first_deal_of_the_day_is_announced_at_once_word_for_word(office: House) -> None:
    """The day's first deal goes to the announcer with the office's own sentence."""
    recorded = office.deal("王小明", 3000)
    assert recorded.sentence == FIRST
    assert recorded.decision.to_json()["when"] == "now"
    assert [job.id for job in office.announcer.jobs] == [1]


def test_a_big_deal_is_announced_at_once_word_for_word(office: House) -> None:
    """A deal over the office's amount is announced at once; a deal of exactly that amount is not."""
    office.deal("王小明", 3000)
    recorded = office.deal("李思思", "1.28万", "校园招聘套餐")
    assert recorded.sentence == BIG
    assert recorded.decision.to_json()["when"] == "now"
    assert office.deal("李思思", 10000).decision.to_json()["when"] == "10:00"


def test_the_same_tap_twice_is_one_deal(office: House) -> None:
    """The same key gives the same answer and no second deal; other content with that key is refused."""
    first = office.deal("王小明", 3000, key="k")
    again = office.deal("王小明", "3,000", key="k")
    assert (again.id, again.sentence, again.decision) == (first.id, first.sentence, first.decision)
    assert (first.created, again.created) == (True, False)
    with pytest.raises(Conflict):
        office.deal("王小明", 3001, key="k")
    assert len(office.office.deals.of_day(TUESDAY.date())) == 1
    assert len(office.announcer.jobs) == 1


def test_the_same_tap_from_eight_threads_is_one_deal(office: House) -> None:
    """Eight simultaneous requests with one key give one deal, one announcement and eight equal answers."""
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(office.office.deals.record("王小明", "报纸", 500, "k").id)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 8
    assert len(office.announcer.jobs) == 1


def test_a_refused_deal_leaves_no_trace(office: House) -> None:
    """Unknown people and impossible amounts are refused with a sentence; nothing is written or announced."""
    for person, amount in (
        ("谁也不是", 100),
        ("王小明", 0),
        ("王小明", -5),
        ("王小明", "1e9"),
        ("王小明", "很多"),
    ):
        with pytest.raises(Refused) as refused:
            office.deal(person, amount)
        assert refused.value.sentence.endswith("。")
    assert office.office.deals.of_day(TUESDAY.date()) == ()
    assert office.announcer.jobs == []


def test_small_deals_are_announced_together_at_the_full_hour(office: House) -> None:
    """Deals waiting for 10:00 are merged into one announcement with number and sum; their rows give the reason."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock)
    office.deal("陈芳", 6000)
    office.deal("赵磊", 2000)
    office.go_to("10:00")
    said = office.announcer.say(office.clock)
    assert len(said) == 1
    text = next(a.text for a in office.office.announced.of_day(TUESDAY.date()) if a.id == said[0].id)
    assert "两单" in text
    assert "八千元" in text
    assert text.index("陈芳") < text.index("赵磊")
    states = office.states()
    assert states["hourly:2"] == states["hourly:3"] == ("merged", "并入 10:00 的整点播报。")
    assert states["roundup:4"][0] == "heard"


def test_a_voided_deal_is_not_announced(office: House) -> None:
    """A deal taken back before its round-up is dropped with the reason and counts nowhere."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock)
    voided = office.deal("陈芳", 6000)
    office.office.deals.void(voided.id, "录错了")
    office.go_to("10:00")
    assert office.announcer.jobs == []
    assert office.states()["hourly:2"] == ("dropped", "订单已撤回，不再播报。")
    assert office.office.snapshot.glance().day.amount == 3000


def test_a_corrected_deal_replaces_the_wrong_one(office: House) -> None:
    """Only the right deal counts; the wrong one's waiting announcement is dropped; a second tap changes nothing."""
    office.deal("王小明", 3000)
    wrong = office.deal("李思思", 600, key="wrong")
    for _ in range(2):
        right = office.office.deals.record("李思思", "报纸", 6000, "right", how=How(replaces=wrong.id))
    deals = {deal.id: deal for deal in office.office.deals.of_day(TUESDAY.date())}
    assert len(deals) == 3
    assert deals[wrong.id].voided == "改过了，以新的一单为准"
    assert (deals[right.id].voided, deals[right.id].amount) == (None, 6000)
    states = {a.deals: a.state for a in office.office.announced.of_day(TUESDAY.date())}
    assert states[(wrong.id,)] == "dropped"
    assert states[(right.id,)] == "waiting"


def test_the_only_deal_of_the_day_is_still_the_first_when_it_is_corrected(office: House) -> None:
    """During quiet time the wrong deal was not announced yet: the right one is announced as the first of the day."""
    office.go_to("12:41")
    wrong = office.deal("王小明", 300, key="wrong")
    right = office.office.deals.record("王小明", "报纸", 3000, "right", how=How(replaces=wrong.id))
    assert right.sentence == FIRST
    assert right.decision.to_json()["when"] == "12:55"


@pytest.mark.parametrize(
    ("at", "wrong", "right", "kind"),
    [
        (
            "12:41",
            300,
            3000,
            "first_of_week",
        ),  # the only deal, still waiting for the nap's end: the first again
        ("12:41", 30_000, 300, "first_of_week"),
        ("9:31", 300, 3000, "roundup"),  # the office has heard the first: the correction is none
    ],
)
def test_the_preview_of_a_correction_is_what_will_be_announced(
    office: House, at: str, wrong: int, right: int, kind: str
) -> None:
    """Sentence, moment and sound of a correction count the old deal as taken back, as the recorded deal does."""
    office.go_to(at)
    old = office.deal("李思思", wrong)
    if kind == "roundup":
        office.announcer.say(office.clock)
    seen, decision = office.office.deals.preview("李思思", "报纸", right, how=How(replaces=old.id))
    office.office.media.hear_deal("李思思", "报纸", right, how=How(replaces=old.id))
    heard = office.voice.asked[-1]
    new = office.office.deals.record("李思思", "报纸", right, "right", how=How(replaces=old.id))
    assert (seen, decision.to_json()) == (new.sentence, new.decision.to_json())
    assert decision.kind == kind
    office.go_to("12:55:01")
    if kind != "roundup":
        assert office.announcer.jobs[-1].script == heard


def test_the_preview_of_a_corrected_record_is_a_record_again(office: House) -> None:
    """The deal that is corrected does not count as the largest so far."""
    office.deal("王小明", 50_000)
    old = office.deal("李思思", 90_000)
    office.clock.go(days=1)
    office.deal("王小明", 100)
    plain = office.office.deals.preview("李思思", "报纸", 60_000)[1]
    instead = office.office.deals.preview("李思思", "报纸", 60_000, how=How(replaces=old.id))[1]
    assert (plain.kind, instead.kind) == ("big", "record")
    new = office.office.deals.record("李思思", "报纸", 60_000, "right", how=How(replaces=old.id))
    assert new.decision.to_json()["kind"] == "record"


def test_a_deal_that_is_only_recorded_is_never_announced(office: House) -> None:
    """It counts and the list gives the reason; neither the round-up nor a restart announces it."""
    office.deal("王小明", 3000)
    silent = office.office.deals.record("李思思", "报纸", 50_000, "silent", how=How(announced=False))
    assert silent.decision.to_json() == {"kind": "roundup", "when": None, "why": "只记不播，战报照算。"}
    assert [job.id for job in office.announcer.jobs] == [1]
    (said,) = [a for a in office.office.announced.of_day(TUESDAY.date()) if a.deals == (silent.id,)]
    assert (said.state, said.why) == ("dropped", "只记不播，战报照算。")
    assert office.office.snapshot.ranking("day", TUESDAY.date()).people[0].name == "李思思"
    office.go_to("10:00:01")
    assert [a.state for a in office.office.announced.of_day(TUESDAY.date()) if a.deals == (silent.id,)] == [
        "dropped"
    ]
    office.office.timetable_listener.recover()
    assert [a.state for a in office.office.announced.of_day(TUESDAY.date()) if a.deals == (silent.id,)] == [
        "dropped"
    ]


def test_a_start_decides_on_all_unfinished_announcements_in_one_commit(office: House) -> None:
    """After a power cut over noon there may be many; each commit waits for the card."""
    for number in range(5):
        office.deal("陈芳", 28_000 + number)
    office.clock.go(hours=2)
    before = office.store.changes.number
    office.office.deals.recover()
    assert office.store.changes.number == before + 1
    states = [row.state for row in office.office.announced.of_day(TUESDAY.date())]
    assert (states.count("merged"), states.count("waiting")) == (5, 5)


def test_a_deal_that_does_not_exist_cannot_be_corrected(office: House) -> None:
    """Correcting an unknown deal raises `Unknown` and records nothing."""
    with pytest.raises(Unknown):
        office.office.deals.record("李思思", "报纸", 6000, "right", how=How(replaces=99))
    assert office.office.deals.of_day(TUESDAY.date()) == ()


def test_announcements_in_quiet_time_wait_for_its_end(office: House) -> None:
    """Big deals and announcements entered at 12:41 go to the announcer at 12:55, not before."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock)
    office.go_to("12:41")
    big = office.deal("李思思", 28000)
    said = office.office.speech.announce("车库有一辆车没关灯。", "key-a")
    assert big.decision.to_json()["when"] == said.decision.to_json()["when"] == "12:55"
    assert "小憩" in str(big.decision.to_json()["why"])
    office.go_to("12:54:59")
    assert office.announcer.jobs == []
    office.go_to("12:55")
    assert len(office.announcer.jobs) == 2


def test_a_deal_lost_with_the_device_is_merged_into_the_next_round_up(office: House) -> None:
    """A deal that was not heard is merged into the next full hour's round-up."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock, end="not_heard")
    assert office.states()["first_of_week:1"][0] == "merged"
    office.go_to("10:00")
    said = office.announcer.say(office.clock)
    assert [office.states()[f"roundup:{job.id}"][0] for job in said] == ["heard"]


def test_small_deals_of_the_evening_are_announced_in_the_results(office: House) -> None:
    """After the last round-up a small deal waits for 18:05 and is merged into the results."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock)
    office.go_to("17:20")
    assert office.deal("陈芳", 4000).decision.to_json()["when"] == "18:05"
    office.go_to("18:05")
    assert office.states()["evening:2"] == ("merged", "并入 18:05 的战报。")


def test_results_that_were_announced_stay_shown(office: House) -> None:
    """The walls know that the voice has ended; a day without a deal is announced too."""
    office.go_to("18:05")
    before = office.office.snapshot.glance()
    assert before.board is not None
    assert (before.board.people, before.results_announced) == ((), False)
    office.announcer.say(office.clock)
    office.go_to("18:05:30")
    assert office.office.snapshot.glance().results_announced


def test_a_deal_that_was_not_committed_is_neither_announced_nor_shown(office: House) -> None:
    """When the disk is full the deal is refused with a sentence; announcer and walls receive nothing."""
    before = office.feed.revision
    with office.store.write() as session:
        session.rows.change("PRAGMA max_page_count = 1")  # SQLite then reports a full disk
    with pytest.raises(StoreFull):  # noqa: PT012 - the number that fits depends on SQLite
        for number in range(2000):
            office.office.deals.record("王小明", "产" * 40, 500, f"full-{number}-" + "k" * 60)
            jobs, before = office.announcer.jobs, office.feed.revision
    assert office.announcer.jobs == jobs
    assert office.feed.revision == before


def test_reports_that_a_full_disk_rejected_are_written_when_there_is_space(office: House) -> None:
    """While the store cannot be written the announcer's reports cause no failure; they are written afterwards."""
    office.deal("王小明", 3000)
    with office.store.write() as session:
        session.rows.all("PRAGMA query_only = ON")
    office.announcer.say(office.clock)
    assert office.states()["first_of_week:1"][0] == "waiting"
    office.store._writer.execute("PRAGMA query_only = OFF")  # no transaction can start before this
    office.clock.go(seconds=1)
    office.keeper.refresh()
    assert office.states()["first_of_week:1"][0] == "heard"
    assert office.announcer.jobs == []
