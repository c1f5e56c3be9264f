"""When a deal is announced, and why: the office's rules at every minute of a day."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from book_made import DAY, ZONE, announcement, at, minutes
from hypothesis import given
from hypothesis import strategies as st

from controller.sales.announcement_policy import (
    Decision,
    Facts,
    after_restart,
    decide,
    next_roundup,
)
from controller.sales.model import PLAYING

TUESDAY = DAY + timedelta(days=1)
SMALL, EXACTLY, BIG = Decimal(6000), Decimal(10_000), Decimal("10000.01")


def facts(now: datetime, *, workday: bool = True, **more: object) -> Facts:
    """Return the shipped day's facts at a moment: nap 12:30–12:55, round-ups 10:00–17:00, results 18:05."""
    nap = at("12:30", now.date()), at("12:55", now.date())
    roundup = next_roundup(now, time(10), time(17), workday=workday, next_workday=TUESDAY, zone=ZONE)
    shipped = Facts(
        now, False, False, Decimal(10_000), nap[1] if workday and nap[0] <= now < nap[1] else None,
        next_roundup=roundup, results_at=at("18:05", now.date()) if workday else None, workday=workday,
        quiet_name="小憩时间",
    )  # fmt: skip
    return replace(shipped, **more)  # type: ignore[arg-type]


def decided(amount: Decimal, clock: str, **more: object) -> tuple[str, object, str]:
    answer = decide(amount, facts(at(clock), **more)).to_json()  # type: ignore[arg-type]
    return str(answer["kind"]), answer["when"], str(answer["why"])


@pytest.mark.parametrize(
    ("amount", "clock", "more", "expected"),
    [
        (BIG, "14:07", {}, ("big", "now", "超过一万元，立即播报。")),
        (EXACTLY, "14:07", {}, ("roundup", "15:00", "15:00 整点一起播报。")),
        (SMALL, "14:07", {"first_of_day": True}, ("first_of_day", "now", "今天第一单，立即播报。")),
        (BIG, "14:07", {"first_of_day": True}, ("first_of_day", "now", "今天第一单，立即播报。")),
        (SMALL, "09:31", {"first_of_day": True, "first_of_week": True},
         ("first_of_week", "now", "本周第一单，立即播报，也可以请本人亲自用话筒报喜。")),
        (BIG, "12:41", {}, ("big", "12:55", "小憩时间，12:55 播报。")),
        (SMALL, "12:41", {"first_of_day": True}, ("first_of_day", "12:55", "小憩时间，12:55 播报。")),
        (SMALL, "12:41", {}, ("roundup", "13:00", "13:00 整点一起播报。")),
        (BIG, "15:00", {"muted_until": at("15:20")}, ("big", "15:20", "正在静音，15:20 播报。")),
        (SMALL, "15:50", {"muted_until": at("16:10")}, ("roundup", "16:10", "正在静音，16:10 一起播报。")),
        (BIG, "12:41", {"muted_until": at("13:10")}, ("big", "13:10", "正在静音，13:10 播报。")),
        (SMALL, "08:40", {}, ("roundup", "10:00", "10:00 整点一起播报。")),
        (SMALL, "17:00", {}, ("results", "18:05", "18:05 在战报里一起公布。")),
        (SMALL, "18:04", {}, ("results", "18:05", "18:05 在战报里一起公布。")),
        (SMALL, "18:05", {}, ("roundup", "2026-11-24 10:00", "今天的播报已经结束，周二 10:00 一起播报。")),
        (BIG, "18:30", {}, ("big", "now", "超过一万元，立即播报。")),
        (SMALL, "14:00", {"workday": False},
         ("roundup", "2026-11-24 10:00", "今天休息，周二 10:00 一起播报。")),
        (BIG, "14:00", {"workday": False}, ("big", "now", "超过一万元，立即播报。")),
        (BIG, "14:00", {"record_over": BIG}, ("big", "now", "超过一万元，立即播报。")),
        (BIG, "14:00", {"record_over": EXACTLY}, ("record", "now", "刷新了单笔纪录，立即播报。")),
        (SMALL, "14:00", {"record_over": Decimal(1)}, ("roundup", "15:00", "15:00 整点一起播报。")),
        (SMALL, "14:00", {"big_over": Decimal(5500)}, ("big", "now", "超过 ¥5,500，立即播报。")),
        (SMALL, "14:00", {"big_over": Decimal(0)}, ("big", "now", "超过 ¥0，立即播报。")),
        (SMALL, "18:30", {"next_roundup": None}, ("roundup", None, "没有安排整点播报，只上大屏。")),
        (Decimal(30_000), "14:00", {"big_over": Decimal(20_000)}, ("big", "now", "超过两万元，立即播报。")),
    ],
)  # fmt: skip
def test_the_days_decisions(amount: Decimal, clock: str, more: dict, expected: tuple) -> None:
    """Kind, moment and reason are exactly those that the office expects."""
    assert decided(amount, clock, **more) == expected


@pytest.mark.parametrize("workday", [True, False])
@pytest.mark.parametrize(
    ("amount", "first"), [(SMALL, False), (SMALL, True), (BIG, False)], ids=["small", "first", "big"]
)
def test_every_minute_has_a_decision(workday: bool, amount: Decimal, first: bool) -> None:
    """At each of the 1,440 minutes the decision is not in the past, not in the nap, and has a one-sentence reason."""
    for now in minutes():
        decision = decide(amount, facts(now, workday=workday, first_of_day=first))
        assert decision.when is not None
        assert decision.when >= now
        assert not (workday and at("12:30") <= decision.when < at("12:55"))
        assert re.fullmatch(r"[^。]+。", decision.why)
        assert decision.merge == (decision.kind in ("roundup", "results")) == (amount is SMALL and not first)
        written = decision.to_json()["when"]
        assert written == "now" or re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d", str(written))
        if decision.merge:
            assert written != "now"


def test_a_deal_at_the_full_hour_waits_for_the_next() -> None:
    """At 15:00:00 the 15:00 round-up has started: a deal at that moment is announced at 16:00."""
    assert decided(SMALL, "15:00")[1] == "16:00"


@given(
    st.integers(0, 1439), st.times(), st.times(), st.booleans(), st.integers(1, 5),
)  # fmt: skip
def test_the_next_roundup_is_always_ahead(
    minute: int, first: time, last: time, workday: bool, ahead: int
) -> None:
    """For any hours it is strictly in the future, at a full hour within them, and today only on a working day."""
    now, later = minutes()[minute], DAY + timedelta(days=ahead)
    roundup = next_roundup(now, first, last, workday=workday, next_workday=later, zone=ZONE)
    if roundup is None:
        assert first.hour + (first > time(first.hour)) > last.hour
        return
    assert roundup > now
    assert first <= roundup.time() <= last
    assert (roundup.minute, roundup.second, roundup.microsecond) == (0, 0, 0)
    assert roundup.date() == later or (workday and roundup.date() == DAY)


def left_behind(now: str, roundup: datetime | None = None, **more: object) -> Decision:
    return after_restart(announcement(**more), at(now), roundup)  # type: ignore[arg-type]


def test_a_recently_interrupted_announcement_is_played_after_a_restart() -> None:
    """Less than two minutes late, it is played at the restart, whether it was waiting or playing."""
    for more in (
        {},
        {"state": PLAYING, "started": at("10:00")},
        {"due": at("10:00"), "created": at("09:00")},
    ):
        decision = left_behind("10:01", **more)
        assert (decision.kind, decision.at_once, decision.why) == ("big", True, "重启前没有播完，现在播报。")


def test_an_older_announcement_joins_the_next_roundup() -> None:
    """Two or more minutes late, its deals join the next full hour's round-up, with the reason."""
    decision = left_behind("10:02", at("11:00"))
    assert decision.to_json() == {
        "kind": "roundup",
        "when": "11:00",
        "why": "重启错过了播报时间，11:00 一起播报。",
    }
    assert decision.merge


def test_a_late_announcement_without_deals_is_dropped() -> None:
    """A message that is two minutes late is no longer relevant; it is dropped with a reason, not lost."""
    for decision in (left_behind("10:02", at("11:00"), kind="say", deals=()), left_behind("10:02", None)):
        assert decision.when is None
        assert decision.to_json()["when"] is None
        assert "不再播报" in decision.why


def test_a_future_announcement_keeps_waiting() -> None:
    """A restart at 12:50 does not change an announcement due at 12:55 or its reason."""
    decision = left_behind("12:50", at("13:00"), due=at("12:55"), created=at("12:31"))
    assert (decision.when, decision.why) == (at("12:55"), "因为")


def test_a_restart_in_the_nap_stays_silent() -> None:
    """An announcement interrupted by a restart at the nap's start waits for the nap's end."""
    left = announcement(state=PLAYING, started=at("12:29"), created=at("12:29"))
    decision = after_restart(left, at("12:30"), at("13:00"), quiet_until=at("12:55"))
    assert decision.to_json()["when"] == "12:55"
    assert not decision.at_once


def test_times_have_the_date_only_when_it_is_not_today() -> None:
    """A moment is written in its own offset, with the date only when it is not today."""
    now = at("14:07")
    assert Decision("big", at("15:00"), False, "", now).to_json()["when"] == "15:00"
    midnight = datetime.combine(date(2026, 11, 24), time(0), ZONE)
    assert Decision("big", midnight, False, "", now).to_json()["when"] == "2026-11-24 00:00"
