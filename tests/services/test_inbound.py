"""Deals from programs: one per id, corrected by the next version, silent when late, a question when doubtful."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.sales.awards import Award
from controller.sales.inbound import read_amount, read_occurred, timing
from controller.sales.inbound_rows import InboundDeal
from controller.sales.model import DROPPED, Refused
from controller.services.deals import How
from controller.services.inbound import HEARD_ALREADY, NEWER, Received
from controller.services.proposals import Answer
from signage.wall_state import celebration_of

WEDNESDAY = datetime(2026, 11, 25, 14, 40, tzinfo=SHANGHAI)
CRM = "crm"


@pytest.fixture
def office(tmp_path: Path):  # type: ignore[no-untyped-def]
    with house(tmp_path, WEDNESDAY) as made:
        yield made


def send(
    office: House, external_id: str = "HT-1", version: int = 1, source: str = CRM, **other: Any
) -> Received:
    sent: dict[str, Any] = {"person": "王小明", "product": "铂金", "amount": 12_800, **other}
    return office.office.inbound.receive(source, InboundDeal(external_id, version, **sent))


def standing(office: House, back: int = 0) -> list[tuple[str, Decimal]]:
    deals = office.office.deals.of_day(WEDNESDAY.date() - timedelta(days=back))
    return [(deal.person, deal.amount) for deal in deals if deal.voided is None]


def test_the_same_id_is_one_deal(office: House) -> None:
    """Sent again, also with other content under the same version, it gets the same answer and nothing is added."""
    first = send(office)
    assert first.recorded is not None
    assert first.recorded.decision.to_json()["when"] == "now"
    for again in (send(office), send(office, amount=1)):
        assert again.recorded is not None
        assert (again.created, again.recorded.id) == (False, first.recorded.id)
        assert again.recorded.sentence == first.recorded.sentence
    assert standing(office) == [("王小明", 12_800)]
    assert len(office.announcer.jobs) == 1


def test_each_program_has_its_own_ids(office: House) -> None:
    """Two programs may both have a number 1."""
    send(office, "1")
    send(office, "1", source="excel", person="陈芳")
    assert [who for who, _ in standing(office)] == ["王小明", "陈芳"]


def test_many_at_once_make_one_deal(office: House) -> None:
    """Eight requests with one id at the same moment: one deal, eight equal answers."""
    ids: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: ids.append(getattr(send(office).recorded, "id", None)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert len(standing(office)) == 1


def test_a_higher_version_corrects(office: House) -> None:
    """The old deal is taken back and the new one names it; a lower version that comes late changes nothing."""
    old, new = send(office).recorded, send(office, version=5, amount="9800").recorded
    assert old is not None
    assert new is not None
    deal, _ = office.office.deals.history(old.id)
    assert (deal.replaced_by, deal.voided is not None) == (new.id, True)
    late = send(office, version=3, amount=1)
    assert (late.version, late.created, getattr(late.recorded, "id", None)) == (5, False, new.id)
    assert standing(office) == [("王小明", 9800)]
    same = send(office, version=6, amount=9800)
    assert (same.version, same.created, getattr(same.recorded, "id", None)) == (6, False, new.id)


def test_a_heard_deal_is_corrected_in_silence(office: House) -> None:
    """The office heard 12,800: the correction counts, and is not celebrated a second time."""
    first = send(office)
    with office.store.write() as session:
        session.rows.change("UPDATE announcements SET state = 'heard'")
    new = send(office, version=2, amount=9800).recorded
    assert first.recorded is not None
    assert new is not None
    assert (new.decision.to_json()["when"], new.decision.to_json()["why"]) == (None, HEARD_ALREADY)
    assert standing(office) == [("王小明", 9800)]


def test_a_late_deal_is_counted_silently(office: House) -> None:
    """Signed 31 minutes ago: counted, not announced, with the reason; 29 minutes ago: announced as usual."""
    late = send(office, "late", occurred=WEDNESDAY - timedelta(minutes=31)).recorded
    assert late is not None
    assert late.decision.to_json() | {"kind": None} == {
        "kind": None, "when": None, "why": "签单已经过去 31 分钟才收到，只记不播，战报照算。",
    }  # fmt: skip
    fresh = send(office, "fresh", person="陈芳", occurred=WEDNESDAY - timedelta(minutes=29)).recorded
    assert fresh is not None
    assert fresh.decision.to_json()["when"] is not None
    yesterday = send(office, "old", person="赵磊", occurred=WEDNESDAY - timedelta(hours=20)).recorded
    assert yesterday is not None
    assert standing(office, back=1) == [("赵磊", 12_800)]


def test_old_deals_count_silently_in_their_own_day(office: House) -> None:
    """A program's history is let in: by its day, said and celebrated nowhere; a later version corrects it."""
    old = WEDNESDAY - timedelta(days=400)
    first = send(office, "old", occurred=old).recorded
    assert first is not None
    assert (first.decision.to_json()["when"], "已经记下的获奖不变" in first.note) == (None, True)
    assert standing(office, back=400) == [("王小明", 12_800)]
    assert standing(office) == []
    assert [row.amount for row in office.office.snapshot.ranking("month", old.date()).people] == [12_800]
    assert all(one.state == DROPPED for one in office.office.announced.of_day(WEDNESDAY.date()))
    again = send(office, "old", version=2, amount=9800, occurred=old).recorded
    assert again is not None
    assert standing(office, back=400) == [("王小明", 9800)]
    assert celebration_of(office.office.snapshot.glance()) is None
    fresh = send(office, "today", person="陈芳").recorded
    assert fresh is not None
    assert fresh.decision.to_json()["when"] == "now"  # still the first of the week
    with pytest.raises(Refused):
        send(office, "1999", occurred=WEDNESDAY.replace(year=1999))


def test_history_changes_no_award(office: House) -> None:
    """Last month's top sales stays as recorded when a larger old deal comes; the month's standings follow the deals."""
    since, until = date(2026, 10, 1), date(2026, 10, 31)
    send(office, "a", person="陈芳", amount=5000, occurred=WEDNESDAY.replace(month=10, day=20))
    with office.store.write() as session:
        one = session.roster.find("陈芳", None)
        won = Award(
            "month", since, until, one.id, one.name, one.team_id, one.team, 1, Decimal(5000), "", WEDNESDAY
        )
        session.awards.add(won)
        before = session.awards.between(since, until)
    send(office, "b", person="赵磊", amount=90_000, occurred=WEDNESDAY.replace(month=10, day=21))
    with office.store.read() as session:
        assert session.awards.between(since, until) == before
    assert office.office.snapshot.ranking("month", until).people[0].name == "赵磊"


def test_minutes_are_a_setting(tmp_path: Path) -> None:
    """`broadcasts.late_minutes` says how old a deal may be that is still announced."""
    text = Path("config/rhythm.yaml").read_text(encoding="utf-8")
    assert "\nbroadcasts:\n" in text
    text = text.replace("\nbroadcasts:\n", "\nbroadcasts:\n  late_minutes: 90\n")
    with house(tmp_path, WEDNESDAY, text) as office:
        recorded = send(office, occurred=WEDNESDAY - timedelta(minutes=89)).recorded
        assert recorded is not None
        assert recorded.decision.to_json()["when"] == "now"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"person": "王二小"}, "名单里没有“王二小”。"),
        ({"person": "王晓明"}, "写的是“王晓明”，名单里最像的是猛虎队的王小明。"),
        ({"amount": "一万多"}, "看不懂金额“一万多”。"),
        ({"amount": -500}, "再点“撤回这一单”。"),
        ({"amount": 0}, "再点“撤回这一单”。"),
        ({"amount": 12_800_000}, "请看是不是多写了零"),
        ({"occurred": WEDNESDAY + timedelta(hours=1)}, "发来的签单时间是 15:40，比现在还晚"),
    ],
)
def test_a_doubtful_deal_waits_and_is_never_spoken_by_itself(
    office: House, sent: dict[str, Any], why: str
) -> None:
    """Unknown people, unreadable or unlikely amounts, a clock that is ahead: a question, and silence all day."""
    waiting = send(office, **sent).waiting
    assert waiting is not None
    assert why in waiting.question
    assert standing(office) == []
    office.go_to("19:00")
    assert office.announcer.jobs == [] or all("王" not in job.text for job in office.announcer.jobs)
    assert [row.id for row in office.office.proposals.waiting()] == [waiting.id]
    again = send(office, **sent)
    assert (again.created, getattr(again.waiting, "id", None)) == (False, waiting.id)


def test_the_assistant_answers_and_it_becomes_the_deal(office: House) -> None:
    """Without an answer it is refused; with one it is recorded; the next version corrects that deal."""
    waiting = send(office, person="外地小王", amount="12800左右").waiting
    assert waiting is not None
    confirm = office.office.proposals.confirm
    with pytest.raises(Refused, match="请先选是谁签的单"):
        confirm(waiting.id, How())
    with pytest.raises(Refused, match="请先写上金额"):
        confirm(waiting.id, How(), Answer("陈芳", "猛虎队"))
    recorded = confirm(waiting.id, How(), Answer("陈芳", "猛虎队", None, "1.28万"))
    assert standing(office) == [("陈芳", 12_800)]
    assert confirm(waiting.id, How(), Answer("赵磊", None, None, 1)).id == recorded.id
    assert getattr(send(office, person="外地小王", amount="12800左右").recorded, "id", None) == recorded.id
    send(office, version=2, person="陈芳", amount=9800)
    assert standing(office) == [("陈芳", 9800)]


def test_a_question_outlives_the_night(office: House) -> None:
    """A program does not send again, so its question is still there the next day, and counts for its day."""
    waiting = send(office, person="外地小王").waiting
    assert waiting is not None
    office.clock.go_to(WEDNESDAY + timedelta(days=1))
    assert [row.id for row in office.office.proposals.waiting()] == [waiting.id]
    office.office.proposals.confirm(waiting.id, How(False), Answer("陈芳", "猛虎队"))
    assert office.office.deals.of_day(WEDNESDAY.date() + timedelta(days=1))[0].person == "陈芳"


def test_a_newer_version_replaces_the_question(office: House) -> None:
    """The sender put the name right: the question ends, the deal is recorded."""
    waiting = send(office, person="外地小王").waiting
    assert waiting is not None
    assert send(office, version=2).recorded is not None
    assert office.office.proposals.waiting() == ()
    with pytest.raises(Refused, match=NEWER[:6]):
        office.office.proposals.confirm(waiting.id, How(), Answer("陈芳"))


@pytest.mark.parametrize("how", ["voided", "corrected", "declined"])
def test_a_person_has_the_last_word(office: House, how: str) -> None:
    """A version after a person took the deal back, corrected it or declined it is a question, and answered by a tap."""
    if how == "declined":
        waiting = send(office, person="外地小王").waiting
        assert waiting is not None
        office.office.proposals.decline(waiting.id, "还没有签")
    else:
        first = send(office).recorded
        assert first is not None
        if how == "voided":
            office.office.deals.void(first.id, "没有签成")
        else:
            office.office.deals.record("王小明", "铂金", 7000, "by-hand", how=How(replaces=first.id))
    before = standing(office)
    newer = send(office, version=2, amount=9800).waiting
    assert newer is not None
    assert standing(office) == before
    office.office.proposals.confirm(newer.id, How())
    assert standing(office) == [("王小明", 9800)]
    after = send(office, version=3, amount=9900)
    assert after.recorded is not None
    assert standing(office) == [("王小明", 9900)]


def test_a_declined_correction_leaves_the_deal_and_the_next_one_corrects_it(office: House) -> None:
    """A doubtful version was declined: the deal stays one deal with every later version."""
    send(office)
    waiting = send(office, version=2, amount="看合同").waiting
    assert waiting is not None
    office.office.proposals.decline(waiting.id, "")
    assert standing(office) == [("王小明", 12_800)]
    send(office, version=3, amount=9800)
    assert standing(office) == [("王小明", 9800)]


def test_a_sender_takes_its_deal_back(office: House) -> None:
    """`cancelled` voids the deal or ends the question; a later version counts again."""
    send(office)
    assert send(office, version=2, cancelled=True).created
    assert standing(office) == []
    assert not send(office, version=2, cancelled=True).created
    send(office, version=3)
    assert standing(office) == [("王小明", 12_800)]
    send(office, "other", person="外地小王")
    send(office, "other", version=2, cancelled=True)
    assert office.office.proposals.waiting() == ()
    assert send(office, "never seen", cancelled=True).created


def test_an_untrusted_clock_judges_no_time(office: House) -> None:
    """Without a trusted clock of our own nothing is late or in the future."""
    late = timing(WEDNESDAY - timedelta(days=3), WEDNESDAY, 30, trusted=False)
    assert (late.announced, late.doubt, late.day) == (None, "", None)


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-11-25T10:23:00+08:00", 10), ("2026-11-25T02:23:00Z", 10), ("2026-11-25 10:23", 10),
        ("2026-11-25T10:23:00.123+0800", 10), (1_795_573_380, 10), (1_795_573_380_000, 10),
        ("2026-11-25t03:23:00 +01:00", 10),
    ],
)  # fmt: skip
def test_times_are_read_as_programs_write_them(written: object, hour: int) -> None:
    at = read_occurred(written, SHANGHAI)
    assert at is not None
    assert (at.hour, at.minute) == (hour, 23)


@pytest.mark.parametrize(
    "written",
    [
        "昨天",
        "2026-W48-3",
        "20261125",
        "2026-13-01 10:00",
        True,
        [],
        {},
        -1e30,
        10**40,
        "1926-01-01T00:00",
        Decimal("NaN"),
    ],
)
def test_other_times_are_refused_with_an_example(written: object) -> None:
    with pytest.raises(Refused, match="要写成 2026-11-27T10:23:00"):
        read_occurred(written, SHANGHAI)


def test_an_unlikely_amount_depends_on_the_office() -> None:
    """Ten times the largest deal so far is unlikely; for an office with such deals it is usual."""
    big = Decimal(10_000)
    assert read_amount(1_000_000, None, big) == (1_000_000, "")
    assert read_amount(1_000_001, None, big)[1]
    assert read_amount(128_000, Decimal(12_800), big)[1] == ""
    assert "¥128,001 比以前最大的一单（¥12,800）大了 10 倍" in read_amount(128_001, Decimal(12_800), big)[1]
    assert read_amount(99_000, Decimal(100), big)[1] == ""
