"""Exceptions of a date's plan: what each one does to the day, which make no sense, and that nothing is lost."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_office import SHIPPED, moments

from controller.timetable import load
from controller.timetable.changed_day import calendar
from controller.timetable.exception_rules import ONCE, Proposal, effects, refusal
from controller.timetable.exceptions import (
    LIKE,
    LONGEST_TEXT,
    DayException,
    ExceptionInvalid,
    ExceptionKind,
    from_json,
    today_line,
    words_of,
)
from controller.timetable.model import DayPlan
from controller.timetable.plan import due, music_of, plan_for, state_at, to_json
from controller.timetable.workdays import Workdays
from tests.forms import examples

OFFICE = load.load(SHIPPED)
CN = Workdays("CN")
FRIDAY, SATURDAY = date(2026, 11, 27), date(2026, 11, 28)
MORNING = datetime(2026, 11, 20, 9, tzinfo=OFFICE.zone)
LUNCH = {"item": "entry", "name": "小憩", "was": "12:30"}
REPORT = {"item": "entry", "name": "战报传来", "was": "18:00"}
RESULTS = {"item": "cue", "name": "results", "was": "18:05"}


def planned(on: date, exceptions: list[DayException]) -> DayPlan:
    return plan_for(on, OFFICE, calendar(CN, {on: exceptions}), exceptions)


def changed(on: date, *fields: dict[str, Any]) -> DayPlan:
    return planned(on, [from_json(one) for one in fields])


def proposed(on: date, present: list[DayException], one: DayException, now: datetime = MORNING) -> Proposal:
    whole = planned(on, [other for other in present if other.kind not in ONCE])
    return Proposal(one, planned(on, present), planned(on, [*present, one]), whole, now)


def refused(on: date, *fields: dict[str, Any], now: datetime = MORNING) -> str | None:
    """Return why the last of these exceptions is refused, None when it is not; the others are in force."""
    *present, last = [from_json(one) for one in fields]
    fault = refusal(proposed(on, present, last, now))
    return fault[0] if fault else None


def names(plan: DayPlan) -> list[str]:
    return [f"{entry.at:%H:%M} {entry.name}" for entry in plan.entries]


def said(plan: DayPlan) -> list[str]:
    return [f"{cue.at:%H:%M} {cue.text or cue.say}" for cue in plan.cues]


# --- Run as another day


def test_a_saturday_as_a_working_day_is_one_everywhere() -> None:
    """Entries, cues and the calendar: the next working day after the Friday is that Saturday."""
    days = calendar(CN, {SATURDAY: [from_json({"kind": "like", "like": "workday"})]})
    assert days.next(FRIDAY) == SATURDAY
    assert CN.next(FRIDAY) == date(2026, 11, 30)
    plan = changed(SATURDAY, {"kind": "like", "like": "workday"})
    assert plan.workday
    assert plan.why == "临时安排上班"
    assert names(plan)[0] == "08:30 战前准备"
    assert said(plan) == ["18:00 top_sales_of_day", "18:05 results"]
    assert "给客户发邮件" not in [duty.what for duty in plan.duties]


def test_a_thursday_as_friday_has_the_lines_of_fridays() -> None:
    """Lines for Fridays and for the week's last working day hold; dates and days of the month stay its own."""
    thursday = date(2026, 11, 26)
    usual, plan = planned(thursday, []), changed(thursday, {"kind": "like", "like": "friday"})
    added = {duty.what for duty in plan.duties} - {duty.what for duty in usual.duties}
    assert added == {"给客户发邮件", "发邮件鼓励全体销售，附上本周开拓能手的照片"}
    assert plan.date == thursday
    assert names(plan) == names(usual)


def test_the_last_working_day_of_the_month_moves_with_an_exception() -> None:
    """A working Saturday at the month's end takes the sprint from the Friday before."""
    friday, saturday = date(2026, 10, 30), date(2026, 10, 31)
    days = calendar(CN, {saturday: [from_json({"kind": "like", "like": "workday"})]})
    assert "08:30 月末冲刺" in names(plan_for(friday, OFFICE, CN))
    assert "08:30 月末冲刺" not in names(plan_for(friday, OFFICE, days))
    assert "08:30 月末冲刺" in names(changed(saturday, {"kind": "like", "like": "workday"}))


def test_a_working_day_off_is_a_day_off() -> None:
    plan = changed(FRIDAY, {"kind": "off"})
    assert (plan.workday, plan.why, plan.entries, plan.cues) == (False, "临时安排休息", (), ())


# --- Part of a day off


def test_off_from_three_ends_the_day_there() -> None:
    """Nothing sounds and nothing is due afterwards; the entry under way is cut."""
    plan = changed(FRIDAY, {"kind": "off_from", "at": "15:00"})
    assert f"{plan.entries[-1].until:%H:%M}" == "15:00"
    assert plan.cues == ()
    assert all(duty.at is None or duty.at.hour < 15 for duty in plan.duties)
    state = state_at(plan, datetime(2026, 11, 27, 15, tzinfo=OFFICE.zone))
    assert (state.entry, state.music, state.wall) == (None, None, "rest")


def test_off_until_ten_begins_the_day_there() -> None:
    plan = changed(FRIDAY, {"kind": "off_until", "at": "10:00"})
    assert names(plan)[0] == "10:00 攻城略地"
    assert said(plan) == ["18:00 top_sales_of_day", "18:05 results"]


# --- Music and announcements


def test_a_span_without_music_cuts_only_the_music() -> None:
    """The entries stay whole; the music ends at the span and starts after it."""
    plan = changed(FRIDAY, {"kind": "no_music", "at": "08:40", "until": "08:50"})
    assert names(plan) == names(planned(FRIDAY, []))
    assert [f"{part.since:%H:%M}-{part.until:%H:%M}" for part in music_of(plan)] == [
        "08:30-08:40",
        "08:50-09:00",
        "12:55-13:00",
    ]
    state = state_at(plan, datetime(2026, 11, 27, 8, 35, tzinfo=OFFICE.zone))
    assert f"{state.changes_at:%H:%M}" == "08:40"
    whole = changed(FRIDAY, {"kind": "no_music", "at": "12:00", "until": "14:00"})
    assert next(entry for entry in whole.entries if entry.name == "战鼓再响").music is None


def test_a_span_without_announcements_joins_the_nap() -> None:
    """Announcements postponed by it wait for the end of the nap that follows."""
    plan = changed(FRIDAY, {"kind": "no_announcements", "at": "12:00", "until": "12:30"})
    state = state_at(plan, datetime(2026, 11, 27, 12, 10, tzinfo=OFFICE.zone))
    assert not state.quiet
    assert f"{state.silent_until:%H:%M}" == "12:55"


def test_an_extra_moment_is_spoken_and_shown_beforehand() -> None:
    plan = changed(FRIDAY, {"kind": "extra", "at": "16:30", "text": "全体到大会议室"})
    cue = next(cue for cue in plan.cues if cue.at.hour == 16)
    assert (cue.say, cue.text, cue.extra) == ("text", "全体到大会议室", True)
    duties = [(f"{d.at:%H:%M}", d.who) for d in plan.duties if d.what == "全体到大会议室" and d.at]
    assert duties == [("16:30", "everyone")]


# --- Move and skip


def test_a_moved_entry_takes_its_announcements_and_duties_along() -> None:
    """战报传来 at 17:00 brings its 18:00 and 18:05 to 17:00 and 17:05; the entry there gives way and goes on after."""
    plan = changed(FRIDAY, {"kind": "move", **REPORT, "at": "17:00"})
    assert said(plan) == ["17:00 top_sales_of_day", "17:05 results"]
    show = plan.cues[-1]
    assert f"{show.until:%H:%M}" == "17:10"
    assert names(plan)[-4:] == ["16:30 拔营略寨", "17:00 战报传来", "17:10 拔营略寨", "17:30 清点战果"]
    mail = next(duty for duty in plan.duties if duty.what.startswith("发邮件鼓励"))
    assert f"{mail.at:%H:%M}" == "17:05"


def test_a_skipped_entry_takes_its_announcements_along() -> None:
    plan = changed(FRIDAY, {"kind": "skip", **REPORT})
    assert "18:00 战报传来" not in names(plan)
    assert plan.cues == ()
    listed = effects(planned(FRIDAY, []), plan)
    assert "不再播报：18:00 当天开拓能手、18:05 战报。" in listed
    assert any("等下个工作日的整点一起播报" in effect for effect in listed)


def test_an_entry_that_the_timetable_no_longer_has_is_a_warning() -> None:
    """After an edit the day goes on without the exception, and says so in both languages."""
    plan = changed(FRIDAY, {"kind": "skip", "item": "entry", "name": "下午茶", "was": "15:00"})
    assert names(plan) == names(planned(FRIDAY, []))
    warning = plan.warnings[-1]
    assert "没有“下午茶”" in warning
    assert warning.en.startswith("An exception has no effect")  # type: ignore[attr-defined]


def test_an_entry_moved_by_an_edit_is_still_the_one_meant() -> None:
    plan = changed(FRIDAY, {"kind": "skip", **LUNCH, "was": "12:35"})
    assert "12:30 小憩" not in names(plan)


# --- Refused with a sentence


@pytest.mark.parametrize(
    ("on", "fields", "reason"),
    [
        (FRIDAY, [{"kind": "like", "like": "friday"}], "本来就按周五的安排"),
        (FRIDAY, [{"kind": "like", "like": "workday"}], "本来就上班"),
        (SATURDAY, [{"kind": "off"}], "本来就休息：周六休息"),
        (SATURDAY, [{"kind": "off_from", "at": "15:00"}], "本来就休息：周六休息"),
        (FRIDAY, [{"kind": "off_from", "at": "19:00"}], "19:00 起本来就没有安排"),
        (FRIDAY, [{"kind": "like", "like": "monday"}, {"kind": "off"}], "请先撤销它"),
        (FRIDAY, [{"kind": "off_from", "at": "15:00"}, {"kind": "off_from", "at": "16:00"}], "请先撤销它"),
        (FRIDAY, [{"kind": "off_from", "at": "15:00"}, {"kind": "off_from", "at": "15:00"}], "已经这样安排了"),
        (FRIDAY, [{"kind": "off_from", "at": "9:30"}, {"kind": "off_until", "at": "10:00"}], "全天休息"),
        (FRIDAY, [{"kind": "no_music", "at": "14:00", "until": "16:00"}], "放音乐的时间：08:30–09:00"),
        (FRIDAY, [{"kind": "move", **RESULTS, "at": "12:40"}], "12:40 在“小憩”（12:30–12:55）里"),
        (FRIDAY, [{"kind": "extra", "at": "12:40", "text": "开会"}], "安静时间什么都不播"),
        (FRIDAY, [{"kind": "move", **LUNCH, "at": "17:55"}], "“当天开拓能手”、“战报”就落在安静"),
        (FRIDAY, [{"kind": "move", **REPORT, "at": "23:55"}], "会过零点"),
        (FRIDAY, [{"kind": "move", **REPORT, "at": "18:00"}], "本来就在 18:00"),
        (FRIDAY, [{"kind": "off_from", "at": "15:00"}, {"kind": "move", **RESULTS, "at": "16:00"}], "在休息的时间里"),
        (FRIDAY, [{"kind": "skip", "item": "entry", "name": "下午茶", "was": "15:00"}], "没有“下午茶”"),
        (date(2026, 11, 19), [{"kind": "off"}], "已经过去了"),
        (date(2029, 1, 5), [{"kind": "off"}], "最多安排到"),
    ],
)  # fmt: skip
def test_an_exception_that_makes_no_sense_is_refused(
    on: date, fields: list[dict[str, Any]], reason: str
) -> None:
    """Overlaps, a day off, a plan without an evening, quiet time, the past: each with a clear sentence."""
    assert reason in str(refused(on, *fields))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "off_from", "at": "15:00"}, "15:00 已经过了。要现在就下班，请写 16:20"),
        ({"kind": "off_until", "at": "10:00"}, "10:00 已经过了"),
        ({"kind": "extra", "at": "16:20", "text": "开会"}, "16:20 已经过了"),
        ({"kind": "no_announcements", "at": "15:00", "until": "16:00"}, "16:00 已经过了"),
        ({"kind": "skip", **LUNCH}, "“小憩”已经过去了"),
        ({"kind": "move", **REPORT, "at": "16:00"}, "16:00 已经过了"),
    ],
)
def test_a_time_of_today_that_is_over_is_refused(fields: dict[str, Any], reason: str) -> None:
    now = datetime(2026, 11, 27, 16, 20, tzinfo=OFFICE.zone)
    assert reason in str(refused(FRIDAY, fields, now=now))


def test_results_can_be_moved_before_the_time_off() -> None:
    """Off from 15:00, and 18:05 moved to 14:50: the results are announced before everyone leaves."""
    half, moved = {"kind": "off_from", "at": "15:00"}, {"kind": "move", **RESULTS, "at": "14:50"}
    assert refused(FRIDAY, half, moved) is None
    assert said(changed(FRIDAY, half, moved)) == ["14:50 results"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "holiday"}, "kind"),
        ({}, "kind"),
        ({"kind": "like", "like": "someday"}, "like"),
        ({"kind": "off_from"}, "at"),
        ({"kind": "off_from", "at": "25:00"}, "at"),
        ({"kind": "off_from", "at": 15}, "at"),
        ({"kind": "off_from", "at": "00:00"}, "at"),
        ({"kind": "no_music", "at": "16:00", "until": "14:00"}, "until"),
        ({"kind": "extra", "at": "16:00", "text": " "}, "text"),
        ({"kind": "extra", "at": "16:00", "text": "字" * 101}, "text"),
        ({"kind": "extra", "at": "16:00", "text": "\x07叮\ud800"}, "text"),
        ({"kind": "skip", "item": "song", "name": "A", "was": "9:00"}, "item"),
        ({"kind": "skip", "item": "entry", "name": None, "was": "9:00"}, "name"),
    ],
)
def test_unusable_fields_are_refused_with_a_sentence(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ExceptionInvalid) as caught:
        from_json(fields)
    assert caught.value.field == field
    assert caught.value.sentence.endswith("。")


def test_the_wall_has_one_line_in_both_languages() -> None:
    line = today_line(
        [from_json(one) for one in ({"kind": "like", "like": "friday"}, {"kind": "off_from", "at": "15:00"})]
    )
    assert line == "今天按周五的安排，15:00 起休息。"
    assert line is not None
    assert line.en == "Today: runs as Friday, off from 15:00."
    assert today_line([from_json({"kind": "extra", "at": "16:00", "text": "开会"})]) is None


# --- Any exceptions

CLOCKS = st.integers(0, 24 * 12 - 1).map(lambda n: f"{n // 12:02}:{n % 12 * 5:02}")
NAMES = sorted({span.name for span in OFFICE.spans})
SAID = st.sampled_from(["results", "top_sales_of_day"])
ITEMS = st.one_of(
    st.fixed_dictionaries({"item": st.just("entry"), "name": st.sampled_from(NAMES), "was": CLOCKS}),
    st.fixed_dictionaries({"item": st.just("cue"), "name": SAID, "was": CLOCKS}),
)
SPANS = st.tuples(CLOCKS, CLOCKS).filter(lambda span: span[0] != span[1]).map(sorted)
FIELDS = st.one_of(
    st.sampled_from(LIKE).map(lambda like: {"kind": "like", "like": like}),
    st.just({"kind": "off"}),
    st.tuples(st.sampled_from(["off_from", "off_until"]), CLOCKS.filter("00:00".__ne__)).map(
        lambda one: {"kind": one[0], "at": one[1]}
    ),
    st.tuples(st.sampled_from(["no_music", "no_announcements"]), SPANS).map(
        lambda one: {"kind": one[0], "at": one[1][0], "until": one[1][1]}
    ),
    st.tuples(CLOCKS, st.sampled_from(["开会", "拍照"])).map(
        lambda one: {"kind": "extra", "at": one[0], "text": one[1]}
    ),
    st.tuples(ITEMS, CLOCKS).map(lambda one: {"kind": "move", **one[0], "at": one[1]}),
    ITEMS.map(lambda item: {"kind": "skip", **item}),
)
DATES = st.integers(0, 364).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


@settings(max_examples=examples(60), deadline=None)
@given(DATES, st.lists(FIELDS, max_size=6))
def test_any_exceptions_leave_a_valid_day_and_lose_nothing(on: date, drawn: list[dict[str, Any]]) -> None:
    """Those that are accepted one after the other give a day in order without overlaps, whose state is defined at
    every minute; an entry or announcement is missing only when an exception names or covers it."""
    now = datetime(2025, 12, 31, 12, tzinfo=OFFICE.zone)
    accepted: list[DayException] = []
    for fields in drawn:
        one = from_json(fields)
        if refusal(proposed(on, accepted, one, now)) is None:
            accepted.append(one)
    plan = planned(on, accepted)
    _is_valid(plan)
    whole = planned(on, [one for one in accepted if one.kind in ("like", "off")])
    if not any(one.kind in ("off_from", "off_until", "skip", "move") for one in accepted):
        assert names(plan) == names(whole)
    spoken = {cue.text or cue.say for cue in plan.cues}
    free = any(one.kind in ("off_from", "off_until", "skip") for one in accepted)
    assert free or {cue.text or cue.say for cue in whole.cues} <= spoken
    assert {one.text for one in accepted if one.kind == ExceptionKind.EXTRA} <= spoken | _lost(plan)
    assert all(words_of(one) and from_json(one.to_json()) == one for one in accepted)
    following = on + timedelta(days=1)
    kept = plan_for(following, OFFICE, calendar(CN, {on: accepted}))
    if plan.workday == planned(on, []).workday:  # each expires with its date
        assert to_json(kept) == to_json(planned(following, []))


def _lost(plan: DayPlan) -> set[str | None]:
    """Return all texts when the plan itself says that a moment fell into quiet time later."""
    return {"开会", "拍照"} if any("今天不播" in warning for warning in plan.warnings) else set()


def _is_valid(plan: DayPlan) -> None:
    for entry, following in zip(plan.entries, plan.entries[1:], strict=False):
        assert entry.until <= following.at
    assert all(entry.at < entry.until for entry in plan.entries)
    assert all(entry.at.date() == plan.date for entry in plan.entries)
    assert [cue.at for cue in plan.cues] == sorted(cue.at for cue in plan.cues)
    for moment in moments(plan, timedelta(minutes=5)):
        state = state_at(plan, moment)
        assert state.changes_at > moment
        assert not (state.quiet and state.music)
    midnight = datetime(plan.date.year, plan.date.month, plan.date.day, tzinfo=plan.zone)
    assert len({due(plan, midnight, cue.at) for cue in plan.cues}) == len({cue.at for cue in plan.cues})


def test_a_text_has_at_most_a_hundred_characters() -> None:
    assert (
        from_json({"kind": "extra", "at": "16:00", "text": "字" * LONGEST_TEXT}).text == "字" * LONGEST_TEXT
    )
