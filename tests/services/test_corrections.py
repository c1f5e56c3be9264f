"""Deals of this week are corrected, moved, taken back and restored; standings and the spoken word stay right."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.sales.model import Announcement, Conflict, Refused, Unknown
from controller.services.deals import How

WEDNESDAY = datetime(2026, 11, 25, 9, 30, tzinfo=SHANGHAI)
MONDAY, TUESDAY, TODAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)
SUNDAY_BEFORE = date(2026, 11, 22)


@pytest.fixture
def office(tmp_path: Path):  # type: ignore[no-untyped-def]
    with house(tmp_path, WEDNESDAY) as made:
        yield made


def correct(office: House, old: int, key: str = "right", **more: object):  # type: ignore[no-untyped-def]
    """Record 王小明's 铂金 of ¥9,800 in place of a deal, with other values where given."""
    values = {"person": "王小明", "product": "铂金", "amount": 9800, "how": How(replaces=old)} | more
    person, product, amount, how = (values[name] for name in ("person", "product", "amount", "how"))
    return office.office.deals.record(person, product, amount, key, how=how)  # type: ignore[arg-type]


def sums(office: House) -> dict[str, object]:
    """Return each day's and the week's sum, from the standings."""
    of = office.office.snapshot.ranking
    days = {str(day): sum(team.amount for team in of("day", day).teams) for day in (MONDAY, TUESDAY, TODAY)}
    return {**days, "week": sum(team.amount for team in of("week", TODAY).teams)}


def said(office: House) -> list[Announcement]:
    return list(office.office.announced.of_day(TODAY))


def test_a_spoken_deal_is_corrected_aloud_in_one_calm_sentence(office: House) -> None:
    """The right and the wrong amount, no applause, no celebration; the preview has the same sentence."""
    old = office.deal("王小明", 12_800, "铂金")
    office.announcer.say(office.clock)
    how = How(True, old.id, calm=True)
    seen, decision = office.office.deals.preview("王小明", "铂金", 9800, how=how)
    new = correct(office, old.id, how=how)
    assert new.sentence == "更正：王小明的铂金是九千八百元，不是一万两千八百元。" == seen
    assert new.decision.to_json() == decision.to_json()
    assert new.decision.to_json()["when"] == "now"
    (job,) = office.announcer.jobs
    (spoken,) = [one for one in said(office) if one.id == job.id]
    assert (spoken.text, spoken.deals, spoken.script.applause) == (new.sentence, (), None)
    assert office.office.snapshot.glance().day.amount == 9800
    again = correct(office, old.id, how=how)
    assert (again.id, again.sentence, again.decision, again.created) == (
        new.id,
        new.sentence,
        new.decision,
        False,
    )
    assert len(office.announcer.jobs) == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"person": "陈芳", "amount": 12_800},
            "更正：铂金一万两千八百元这一单是猛虎队的陈芳签的，不是王小明。",
        ),
        ({"product": "报纸", "amount": 12_800}, "更正：王小明的一万两千八百元这一单是报纸，不是铂金。"),
        (
            {"amount": 12_800, "day": TUESDAY},
            "更正：王小明的铂金一万两千八百元这一单算在星期二，不是星期三。",
        ),
        (
            {"person": "陈芳", "day": TUESDAY},
            "更正：王小明的铂金一万两千八百元，改为陈芳的铂金九千八百元，算在星期二。",
        ),
    ],
)
def test_the_correction_says_what_changed(office: House, change: dict[str, object], sentence: str) -> None:
    """Person, product, day or several at once, each in its own words."""
    old = office.deal("王小明", 12_800, "铂金")
    how = How(True, old.id, change.pop("day", None), calm=True)  # type: ignore[arg-type]
    assert correct(office, old.id, how=how, **change).sentence == sentence


def test_a_correction_waits_for_the_end_of_quiet_time(office: House) -> None:
    """In the nap the phone says when; nothing sounds before."""
    old = office.deal("王小明", 12_800, "铂金")
    office.announcer.say(office.clock)
    office.go_to("12:41")
    new = correct(office, old.id, how=How(True, old.id, calm=True))
    assert new.decision.to_json()["when"] == "12:55"
    office.go_to("12:54:59")
    assert office.announcer.jobs == []
    office.go_to("12:55")
    assert len(office.announcer.jobs) == 1


def test_a_deal_that_is_voided_takes_its_waiting_correction_with_it(office: House) -> None:
    """Nothing is said about a deal that does not count any more."""
    old = office.deal("王小明", 12_800, "铂金")
    office.announcer.say(office.clock)
    office.go_to("12:41")
    new = correct(office, old.id, how=How(True, old.id, calm=True))
    office.office.deals.void(new.id, "客户取消了")
    office.go_to("12:56")
    assert office.announcer.jobs == []


def test_a_deal_is_moved_to_another_day_of_the_week(office: House) -> None:
    """Both days' standings are right, nothing is announced, and the reason names the day."""
    old = office.deal("王小明", 12_800, "铂金")
    office.announcer.say(office.clock)
    assert sums(office) == {str(MONDAY): 0, str(TUESDAY): 0, str(TODAY): 12_800, "week": 12_800}
    new = correct(office, old.id, amount=12_800, how=How(None, old.id, MONDAY))
    assert sums(office) == {str(MONDAY): 12_800, str(TUESDAY): 0, str(TODAY): 0, "week": 12_800}
    assert new.decision.to_json()["when"] is None
    assert new.decision.to_json()["why"] == "只记不播，记在11月23日（周一）。"
    office.go_to("10:00:01")
    assert office.announcer.jobs == []
    again = correct(office, new.id, "back", amount=12_800, how=How(None, new.id, TODAY))
    assert sums(office)[str(TODAY)] == 12_800
    deal, _ = office.office.deals.history(again.id)
    assert (deal.replaces, deal.date, deal.voided) == (new.id, TODAY, None)


def test_a_correction_on_an_earlier_day_keeps_its_moment(office: House) -> None:
    """The first among equals stays first when a product's name was corrected the day after."""
    first = office.deal("王小明", 5000, "铂金")
    office.clock.go(minutes=1)
    office.deal("陈芳", 5000)
    office.clock.go(days=1)
    correct(office, first.id, amount=5000, product="黄金", how=How(None, first.id, TODAY))
    people = office.office.snapshot.ranking("day", TODAY).people
    assert [person.name for person in people] == ["王小明", "陈芳"]


@pytest.mark.parametrize("day", [SUNDAY_BEFORE, date(2026, 11, 26), date(2025, 11, 25)])
def test_days_outside_this_week_so_far_are_refused(office: House, day: date) -> None:
    """Last week, tomorrow, last year: one sentence with the allowed days, and nothing is written."""
    with pytest.raises(Refused) as refused:
        office.office.deals.record("王小明", "铂金", 9800, "k", how=How(day=day))
    assert refused.value.field == "date"
    assert "11月23日（周一）到今天" in refused.value.sentence
    assert office.office.deals.of_day(day) == ()


def test_a_deal_of_an_earlier_week_is_neither_corrected_nor_restored(office: House) -> None:
    """Its week is over; taking it back stays possible."""
    old = office.deal("王小明", 12_800, "铂金")
    office.clock.go(days=7)
    with pytest.raises(Refused, match="那一周已经结束"):
        correct(office, old.id)
    office.office.deals.void(old.id, "客户取消了")
    with pytest.raises(Refused, match="请按今天报一单"):
        office.office.deals.restore(old.id)


def test_two_people_correct_one_deal_at_once(office: House) -> None:
    """The second is refused with the reason: otherwise both corrections would count."""
    old = office.deal("王小明", 12_800, "铂金")
    correct(office, old.id, "one")
    with pytest.raises(Conflict, match="已经有人改过了"):
        correct(office, old.id, "two", amount=9900)
    with pytest.raises(Conflict):
        office.office.deals.preview("王小明", "铂金", 9900, how=How(replaces=old.id))
    assert office.office.snapshot.glance().day.amount == 9800


def test_a_deal_entered_for_yesterday_is_announced_only_if_wanted(office: House) -> None:
    """Silent by default; a calm sentence when wanted; never a first deal of the day and no target."""
    silent = office.office.deals.record("王小明", "铂金", 9800, "a", how=How(day=TUESDAY))
    assert silent.decision.to_json()["when"] is None
    spoken = office.office.deals.record("陈芳", "铂金", 9800, "b", how=How(True, day=TUESDAY))
    assert spoken.sentence == "补记一单：猛虎队的陈芳星期二签了铂金，金额是九千八百元。"
    (job,) = office.announcer.jobs
    assert job.id == next(one.id for one in said(office) if one.text == spoken.sentence and not one.deals)
    assert office.deal("李思思", 300).sentence.startswith("恭喜飞龙队的李思思签到了第一单")


def test_a_restored_deal_counts_again_and_is_not_spoken(office: House) -> None:
    """Voided before its round-up and restored: it counts, the round-up stays without it, the history has both."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock)
    deal = office.deal("陈芳", 6000)
    office.office.deals.void(deal.id, "录错了")
    assert office.office.snapshot.glance().day.amount == 3000
    restored = office.office.deals.restore(deal.id)
    assert restored.decision.to_json() == {
        "kind": "roundup",
        "when": None,
        "why": "已恢复，战报里重新算这一单，不再播报。",
    }
    assert office.office.snapshot.glance().day.amount == 9000
    office.go_to("10:00:01")
    assert office.announcer.jobs == []
    now, steps = office.office.deals.history(deal.id)
    assert now.voided is None
    assert [(step.step, step.reason) for step in steps] == [("voided", "录错了"), ("restored", "")]
    office.office.deals.restore(deal.id)  # a second tap
    assert len(office.office.deals.history(deal.id)[1]) == 2
    assert office.office.snapshot.glance().day.amount == 9000


def test_a_restored_deal_is_spoken_on_request(office: House) -> None:
    """As usual when it was not heard yet; in one calm sentence when the office has heard it before."""
    office.deal("王小明", 3000)
    office.announcer.say(office.clock)
    unheard = office.deal("陈芳", 6000)
    office.office.deals.void(unheard.id, "录错了")
    assert office.office.deals.restore(unheard.id, announced=True).decision.to_json()["when"] == "10:00"
    heard = office.deal("李思思", 28_000)
    office.announcer.say(office.clock)
    office.office.deals.void(heard.id, "客户取消了")
    again = office.office.deals.restore(heard.id, announced=True)
    assert again.sentence == "更正：李思思的网络招聘两万八千元这一单仍然算数。"
    (job,) = office.announcer.jobs
    assert next(one.deals for one in said(office) if one.id == job.id) == ()


def test_a_corrected_deal_is_not_restored_beside_its_correction(office: House) -> None:
    """Only when the correction has been taken back: one sale never counts twice."""
    old = office.deal("王小明", 12_800, "铂金")
    new = correct(office, old.id)
    newer = correct(office, new.id, "newer", amount=9900)
    for ident in (old.id, new.id):
        with pytest.raises(Conflict, match="请先撤回改后的那一单"):
            office.office.deals.restore(ident)
    office.office.deals.void(newer.id, "改错了")
    office.office.deals.restore(old.id)
    assert office.office.snapshot.glance().day.amount == 12_800
    with pytest.raises(Unknown):
        office.office.deals.restore(99)


def test_published_results_stay_and_the_phone_says_so(office: House) -> None:
    """After 18:05 a correction changes the standings, not the frozen results; the answer has the note."""
    old = office.deal("王小明", 12_800, "铂金")
    office.announcer.say(office.clock)
    assert office.office.deals.void(office.deal("陈芳", 100).id, "报重了") == ""
    office.go_to("18:05:01")
    with office.store.read() as session:
        frozen = session.settings.results(TODAY)
    new = correct(office, old.id, how=How(False, old.id))
    note = "今天 18:05 公布的战报不变；排名和合计按现在的单算。"
    assert new.note == note == office.office.deals.frozen_note(TODAY)
    office.clock.go(days=1)
    moved = correct(office, new.id, "moved", how=How(None, new.id, TUESDAY))
    assert moved.note == "昨天 18:05 公布的战报不变；排名和合计按现在的单算。"
    assert office.office.deals.void(moved.id, "客户取消了") == ""
    with office.store.read() as session:
        assert session.settings.results(TODAY) == frozen
