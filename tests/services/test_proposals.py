"""A deal from a salesperson's phone waits for the assistant; it becomes one deal, or ends with a sentence."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.proposals import MOST_OPEN
from controller.services.deals import AS_USUAL

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)
PHONE = "李思思 iPhone（3 号）"


@pytest.fixture
def office(tmp_path: Path):  # type: ignore[no-untyped-def]
    with house(tmp_path, TUESDAY) as made:
        yield made


def propose(
    office: House, key: str = "k", amount: object = "1.28万", person: str = "李思思", by: str = PHONE
):  # type: ignore[no-untyped-def]
    return office.office.proposals.propose(person, "铂金", amount, key, None, by)


def test_it_waits_and_becomes_a_normal_deal_with_the_same_key(office: House) -> None:
    """Nothing sounds or counts before the tap; then the announcement is the usual one."""
    proposal, created = propose(office)
    assert (created, proposal.state, proposal.entered_by) == (True, "open", PHONE)
    assert office.office.snapshot.glance().day.count == 0
    assert office.announcer.jobs == []
    recorded = office.office.proposals.confirm(proposal.id, AS_USUAL)
    assert recorded.sentence == "恭喜飞龙队的李思思签到了第一单，为我们大家拿到了开门红，大家加油！"
    (deal,) = office.office.deals.of_day(TUESDAY.date())
    assert (deal.key, deal.amount) == ("k", 12_800)
    assert office.office.proposals.waiting() == ()
    assert len(office.announcer.jobs) == 1
    (own,) = office.office.proposals.of_phone(PHONE)
    assert (own.state, own.deal_id, own.why) == ("confirmed", deal.id, "助理确认了，已经记下。")
    assert office.office.proposals.of_phone("王小明") == ()


def test_two_assistants_tap_at_once(office: House) -> None:
    """Eight simultaneous taps make one deal and eight equal answers; declining then is refused."""
    proposal, _ = propose(office)
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(office.office.proposals.confirm(proposal.id, AS_USUAL).id)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 8
    assert len(office.announcer.jobs) == 1
    with pytest.raises(Refused, match="已经确认"):
        office.office.proposals.decline(proposal.id, "报重了")


def test_the_same_form_twice_is_one_proposal(office: House) -> None:
    """The same key gives the same row; other content, or the key of a recorded deal, is refused."""
    first, _ = propose(office)
    again, created = propose(office, amount=12_800)
    assert (again.id, created) == (first.id, False)
    with pytest.raises(Conflict):
        propose(office, amount=12_801)
    office.deal("王小明", 300, key="used")
    with pytest.raises(Conflict):
        propose(office, "used")
    assert len(office.office.proposals.waiting()) == 1


def test_a_declined_one_keeps_its_reason_and_cannot_be_confirmed(office: House) -> None:
    """The salesperson reads why; a second tap changes nothing."""
    proposal, _ = propose(office)
    office.office.proposals.decline(proposal.id, "合同还没有签")
    assert office.office.proposals.decline(proposal.id, "别的").why == "退回：合同还没有签"
    with pytest.raises(Conflict, match="合同还没有签"):
        office.office.proposals.confirm(proposal.id, AS_USUAL)
    assert office.office.deals.of_day(TUESDAY.date()) == ()
    with pytest.raises(Unknown):
        office.office.proposals.confirm(99, AS_USUAL)


def test_it_expires_with_its_day(office: House) -> None:
    """The next morning it is gone from the assistant's list, and both get a sentence with the day."""
    proposal, _ = propose(office)
    office.clock.go(days=1)
    sentence = "这一单是 11月24日交上来的，当天没有人确认，已经过期。请重新报一次。"
    assert office.office.proposals.waiting() == ()
    assert [(own.state, own.why) for own in office.office.proposals.of_phone(PHONE)] == [
        ("expired", sentence)
    ]
    with pytest.raises(Conflict, match="已经过期"):
        office.office.proposals.confirm(proposal.id, AS_USUAL)
    propose(office, "next")
    assert [own.state for own in office.office.proposals.of_phone(PHONE)] == ["open", "expired"]


def test_open_ones_are_bounded(office: House) -> None:
    """The two hundred and first is refused with a sentence, and accepted after one is confirmed."""
    for number in range(MOST_OPEN):
        propose(office, f"many-{number}", 100 + number)
    with pytest.raises(Refused, match="200 单在等"):
        propose(office, "one too many")
    office.office.proposals.confirm(1, AS_USUAL)
    assert propose(office, "one too many")[1]


@pytest.mark.parametrize(("person", "amount"), [("谁也不是", 100), ("李思思", 0), ("李思思", "很多")])
def test_a_wrong_one_is_refused_at_once(office: House, person: str, amount: object) -> None:
    """The salesperson sees the fault, not the assistant."""
    with pytest.raises(Refused):
        propose(office, amount=amount, person=person)
    assert office.office.proposals.waiting() == ()


def test_a_person_who_left_meanwhile_is_refused_and_the_row_stays(office: House) -> None:
    """The assistant reads why and can decline it."""
    proposal, _ = propose(office)
    office.office.people.update(proposal.person_id, active=False)
    with pytest.raises(Refused, match="名单里没有“李思思”"):
        office.office.proposals.confirm(proposal.id, AS_USUAL)
    assert len(office.office.proposals.waiting()) == 1
