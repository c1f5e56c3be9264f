"""The plan of a date and the state at each moment, for many years, zones and overlapping rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_office import NO_HOLIDAYS, SHIPPED, day, moments, office

from controller.timetable import load
from controller.timetable.day_rules import DayRule, parse
from controller.timetable.model import Cue, DayPlan, Span, Timetable
from controller.timetable.plan import (
    ceiling_at,
    due,
    next_quiet,
    plan_for,
    share_of_new_customers,
    state_at,
    to_json,
)
from controller.timetable.workdays import Workdays
from tests.forms import examples

CN = Workdays("CN")
OFFICE = load.load(SHIPPED)
MONDAY = day("2026-05-11")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia")


def at(text: str, on: date = MONDAY, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(f"{on} {text}").replace(tzinfo=ZoneInfo(zone))


def names(rhythm: Timetable, on: date) -> list[tuple[str, str, str]]:
    entries = to_json(plan_for(on, rhythm, NO_HOLIDAYS))["entries"]
    return [(entry["at"], entry["until"], entry["name"]) for entry in entries]


# ---- overlapping rules ----


def test_a_narrower_span_replaces_only_the_overlap() -> None:
    """A Friday party from 14:00 to 15:00 leaves the rest of the overlapped spans."""
    rhythm = office("""
        {at: 13:00-14:30, name: A}
        {at: 14:30-16:00, name: B}
        {at: 14:00-15:00, name: 聚会, on: 周五}
    """)
    cut = [("13:00", "14:00", "A"), ("14:00", "15:00", "聚会"), ("15:00", "16:00", "B")]
    assert names(rhythm, day("2026-05-15")) == cut
    assert names(rhythm, day("2026-05-14")) == [("13:00", "14:30", "A"), ("14:30", "16:00", "B")]


def test_a_span_can_be_cut_in_two() -> None:
    """A span of a single date in the middle of a long span leaves a part before and a part after."""
    rhythm = office("""
        {at: 09:00-18:00, name: A}
        {at: 12:00-13:00, name: B, on: 2026-05-11}
    """)
    assert names(rhythm, MONDAY) == [
        ("09:00", "12:00", "A"),
        ("12:00", "13:00", "B"),
        ("13:00", "18:00", "A"),
    ]


def test_a_span_that_summer_time_skips_is_left_out() -> None:
    """When Berlin's clock jumps from 02:00 to 03:00 there is no 02:10, and a span that overlaps the jump is cut."""
    rhythm = office(
        "{at: 02:10-02:50, name: A, on: 每天}\n{at: 02:50-04:00, name: B, on: 每天}", zone="Europe/Berlin"
    )
    assert names(rhythm, day("2026-03-29")) == [("03:00", "04:00", "B")]
    assert names(rhythm, day("2026-03-28")) == [("02:10", "02:50", "A"), ("02:50", "04:00", "B")]


def test_unforeseen_overlaps_of_equally_wide_spans_give_a_warning() -> None:
    """When two rules of equal width meet, the first in the file stays and the plan has a warning."""
    two = [
        Span(parse("周五"), timedelta(hours=h), timedelta(hours=11), name)
        for h, name in ((9, "A"), (10, "B"))
    ]
    plan = plan_for(day("2026-05-15"), replace(OFFICE, spans=tuple(two), cues=()), CN)
    assert [entry.name for entry in plan.entries] == ["A"]
    assert plan.warnings == ("“B”和“A”在同一时间，今天按“A”。",)


CLOCKS = st.integers(0, 1440).map(lambda minutes: timedelta(minutes=minutes))
RULES = st.sampled_from(
    [
        "workdays",
        "every day",
        "周五",
        "周一至周五",
        "first workday of month",
        "last workday of week",
        "2026-03-29",
        "days off",
    ]
).map(parse)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    first, last = sorted((draw(CLOCKS), draw(CLOCKS)))
    rule: DayRule = draw(RULES)
    return Span(
        rule,
        first,
        max(last, first + timedelta(minutes=1)),
        draw(st.sampled_from("ABC")),
        quiet=draw(st.booleans()),
    )


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(spans(), max_size=8),
    st.dates(date(2020, 1, 1), date(2035, 12, 31))
    | st.sampled_from([day("2026-03-29"), day("2026-10-25"), day("2028-02-29")]),
    st.sampled_from(ZONES),
)
def test_entries_never_overlap_and_follow_the_narrowest_for_any_rules(
    some: list[Span], on: date, zone: str
) -> None:
    """At every moment of any date the entry belongs to the narrowest span, and no two entries overlap."""
    rhythm = replace(OFFICE, zone=ZoneInfo(zone), spans=tuple(some), cues=(), duties=())
    plan = plan_for(on, rhythm, NO_HOLIDAYS)
    for earlier, later in zip(plan.entries, plan.entries[1:], strict=False):
        assert earlier.at < earlier.until <= later.at
    for now in moments(plan, timedelta(minutes=37)):
        clock = timedelta(hours=now.hour, minutes=now.minute)
        holding = [span for span in some if span.on.holds(on, NO_HOLIDAYS) and span.at <= clock < span.until]
        entry = state_at(plan, now).entry
        if now.fold or _near_a_jump(now):
            continue
        narrowest = min(holding, key=lambda span: span.on.width) if holding else None
        assert (entry.name if entry else None) == (narrowest.name if narrowest else None)


def _near_a_jump(now: datetime) -> bool:
    """Return whether summer time changes within two hours: spans are shifted then; test_times covers that."""
    offsets = {(now + timedelta(hours=h)).utcoffset() for h in (-2, -1, 0, 1, 2)}
    return len(offsets) > 1


# ---- the state ----


def fold(plan: DayPlan) -> dict[datetime, object]:
    """Return the state at each minute, computed from midnight and updated only at `changes_at`."""
    minutes = moments(plan)
    state = state_at(plan, minutes[0])
    awake = {}
    for now in minutes:
        while now >= state.changes_at:
            state = state_at(plan, state.changes_at)
        awake[now] = state
    return awake


@pytest.mark.parametrize(
    "on", ["2026-05-11", "2026-10-30", "2026-02-14", "2026-10-08", "2026-10-03", "2028-02-29"]
)
def test_starting_at_any_minute_gives_the_same_state_as_running_since_midnight(on: str) -> None:
    """At each of the 1,440 minutes a fresh start computes the state of a process that runs since midnight."""
    plan = plan_for(day(on), OFFICE, CN)
    awake = fold(plan)
    assert len(awake) == 1440
    for now in moments(plan):
        assert state_at(plan, now) == awake[now], now


@settings(max_examples=examples(40), deadline=None)
@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.sampled_from(ZONES))
def test_any_restart_in_any_year_and_zone(on: date, zone: str) -> None:
    """The same holds on any date of 16 years, also on days with 23 or 25 hours."""
    plan = plan_for(on, replace(OFFICE, zone=ZoneInfo(zone)), NO_HOLIDAYS)
    awake = fold(plan)
    assert all(
        state_at(plan, now) == awake[now] for now in moments(plan, timedelta(minutes=7)) if now in awake
    )


@settings(max_examples=examples(40), deadline=None)
@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.sampled_from(ZONES))
def test_nothing_sounds_in_quiet_time(on: date, zone: str) -> None:
    """In quiet time there is no music and no announcing cue, and the wall is dark."""
    plan = plan_for(on, replace(OFFICE, zone=ZoneInfo(zone)), NO_HOLIDAYS)
    for now in moments(plan, timedelta(minutes=5)):
        state = state_at(plan, now)
        assert state.quiet == (plan.workday and (12, 30) <= (now.hour, now.minute) < (12, 55))
        if state.quiet:
            assert (state.music, state.wall) == (None, "dark")
            assert due(plan, now - timedelta(minutes=5), now) == ()
            assert state.quiet_until == at("12:55", on, zone)


def test_a_cue_in_quiet_time_is_dropped_with_a_warning() -> None:
    """When a narrower quiet span covers a cue on some days, the cue is dropped and the plan has a warning."""
    rhythm = office(
        """
        {at: 17:00-18:00, name: A}
        {at: 17:30-18:00, name: 静, on: 周五, quiet: true}
        """,
        more="cues:\n  - {at: 17:15, say: results}\n",
    )
    moved = replace(rhythm, cues=(replace(rhythm.cues[0], at=timedelta(hours=17, minutes=40)),))
    friday = plan_for(day("2026-05-15"), moved, NO_HOLIDAYS)
    assert friday.cues == ()
    assert friday.warnings == ("17:40 的提示落在“静”里，今天不播。",)
    assert len(plan_for(MONDAY, moved, NO_HOLIDAYS).cues) == 1


def test_the_state_in_the_nap_in_full() -> None:
    """At 12:41 on a working day the entry is the nap, the next one the drums; no music, dark until 12:55."""
    state = state_at(plan_for(MONDAY, OFFICE, CN), at("12:41"))
    assert state.entry is not None
    assert state.next is not None
    assert (state.entry.name, state.next.name) == ("小憩", "战鼓再响")
    assert (state.quiet, state.wall, state.music) == (True, "dark", None)
    assert state.quiet_until == state.changes_at == at("12:55")


def test_music_is_joined_in_the_middle() -> None:
    """At 08:41 the music's start is 08:30, so that a restart can compute the position."""
    state = state_at(plan_for(MONDAY, OFFICE, CN), at("08:41"))
    assert state.music is not None
    assert (state.music.playlist, state.music.since, state.music.until) == (
        "morning",
        at("08:30"),
        at("09:00"),
    )


def test_the_wall_through_the_evening() -> None:
    """The leaderboard is shown from 18:05 to 18:10, the entry's scene before, rest afterwards."""
    plan = plan_for(MONDAY, OFFICE, CN)
    times = ("08:29:59", "09:00", "18:04:59", "18:05", "18:09:59", "18:10")
    walls = [state_at(plan, at(text)).wall for text in times]
    assert walls == ["rest", "countdown", "rhythm", "leaderboard", "leaderboard", "rest"]


def test_quiet_time_overrides_a_cues_scene() -> None:
    """A leaderboard that overlaps the nap ends at the nap's start, when the wall becomes dark."""
    rhythm = office(
        "{at: 12:00-12:30, name: A}\n{at: 12:30-12:55, name: 静, quiet: true}",
        more="cues:\n  - {at: 12:25-12:40, show: leaderboard}\n",
    )
    plan = plan_for(MONDAY, rhythm, NO_HOLIDAYS)
    assert [state_at(plan, at(text)).wall for text in ("12:29:59", "12:30", "12:39")] == [
        "leaderboard",
        "dark",
        "dark",
    ]


def test_quiet_overrides_music() -> None:
    """A quiet span with music has no music in the plan."""
    both = replace(OFFICE.spans[0], quiet=True)
    assert both.music
    assert plan_for(MONDAY, replace(OFFICE, spans=(both,), cues=()), CN).entries[0].music is None


def test_between_two_entries_the_wall_still_shows_the_day() -> None:
    """A gap in the timetable is not the end of the day."""
    plan = plan_for(MONDAY, office("{at: 09:00-10:00, name: A}\n{at: 11:00-12:00, name: B}"), NO_HOLIDAYS)
    state = state_at(plan, at("10:30"))
    assert (state.entry, state.wall, state.changes_at) == (None, "rhythm", at("11:00"))


def test_a_day_off_is_empty() -> None:
    """On National Day the wall shows rest until midnight."""
    plan = plan_for(day("2026-10-01"), OFFICE, CN)
    state = state_at(plan, at("12:00", day("2026-10-01")))
    assert (plan.workday, plan.why, plan.entries, plan.cues, plan.duties) == (False, "国庆节", (), (), ())
    assert (state.entry, state.next, state.wall) == (None, None, "rest")
    assert state.changes_at == at("00:00", day("2026-10-02"))


def test_another_dates_moment_is_refused() -> None:
    """A plan is valid for its own date only; using it for another date is a programming error."""
    with pytest.raises(ValueError, match="2026-05-11"):
        state_at(plan_for(MONDAY, OFFICE, CN), at("12:00", day("2026-05-12")))


def test_music_by_the_day() -> None:
    """`music:` may name a folder per day rule; the narrowest matching one plays."""
    rhythm = office("{at: 08:30-09:00, name: A, music: {工作日: calm, 周五: party, 2026-05-15: gala}}")
    played = {
        on: plan_for(day(on), rhythm, NO_HOLIDAYS).entries[0].music
        for on in ("2026-05-08", "2026-05-11", "2026-05-15")
    }
    assert played == {"2026-05-08": "party", "2026-05-11": "calm", "2026-05-15": "gala"}


def test_adjoining_quiet_entries_are_one_quiet_time() -> None:
    """Quiet time from 12:00 to 13:00 in two entries ends at 13:00; afterwards the next one is returned."""
    rhythm = office("""
        {at: 12:00-12:30, name: A, quiet: true}
        {at: 12:30-13:00, name: B, quiet: true}
        {at: 15:00-15:10, name: C, quiet: true}
    """)
    plan = plan_for(MONDAY, rhythm, NO_HOLIDAYS)
    assert next_quiet(plan, at("09:00")) == next_quiet(plan, at("12:29")) == (at("12:00"), at("13:00"))
    assert state_at(plan, at("12:10")).quiet_until == at("13:00")
    assert next_quiet(plan, at("13:00")) == (at("15:00"), at("15:10"))
    assert next_quiet(plan, at("15:10")) is None


# ---- due cues ----


def say(cues: tuple[Cue, ...]) -> list[str | None]:
    return [cue.say for cue in cues]


FRIDAY = day("2026-05-15")


def test_a_punctual_cue_is_due_once() -> None:
    """A cue is due at its moment, and not again at the next check."""
    plan = plan_for(MONDAY, OFFICE, CN)
    assert say(due(plan, at("17:59:00"), at("18:00:00.010"))) == ["top_sales_of_day"]
    assert due(plan, at("18:00:00.010"), at("18:01")) == ()
    assert due(plan, at("18:00"), at("18:01")) == ()
    assert due(plan, at("17:58"), at("17:59:59.999")) == ()


EVENING = office(
    "{at: 17:00-19:00, name: A}",
    more="""
cues:
  - {at: 18:00, say: top_sales_of_day}
  - {at: 18:05, say: results}
  - {at: 18:05, on: 周五, say: top_sales_of_week}
""",
)


def test_after_a_sleep_at_most_one_late_moment_sounds() -> None:
    """After sleeping from 17:00 to 18:05:30 the top sales are dropped, and all cues of 18:05 are due."""
    monday, friday = (plan_for(on, EVENING, NO_HOLIDAYS) for on in (MONDAY, FRIDAY))
    assert say(due(monday, at("17:00"), at("18:01:30"))) == ["top_sales_of_day"]
    assert say(due(monday, at("17:00"), at("18:05:30"))) == ["results"]
    assert say(due(friday, at("17:00", FRIDAY), at("18:05:30", FRIDAY))) == ["results", "top_sales_of_week"]


def test_a_punctual_cue_is_due_beside_a_late_one() -> None:
    """At 18:05:00, with the cue of 18:04 still within its grace, both are due; later only the newer one."""
    rhythm = office(
        "{at: 17:00-19:00, name: A}",
        more="cues:\n  - {at: 18:04, say: 起立}\n  - {at: 18:05, say: results}\n",
    )
    plan = plan_for(MONDAY, rhythm, NO_HOLIDAYS)
    assert say(due(plan, at("17:00"), at("18:05:00"))) == ["text", "results"]
    assert say(due(plan, at("17:00"), at("18:05:30"))) == ["results"]


def test_after_its_grace_a_cue_is_dropped() -> None:
    """A cue two minutes late is due, a later one is not; setting the clock back repeats no cue."""
    plan = plan_for(MONDAY, OFFICE, CN)
    assert say(due(plan, at("17:00"), at("18:02"))) == ["top_sales_of_day"]
    assert due(plan, at("17:00"), at("18:02:01")) == ()
    assert due(plan, at("18:30"), at("18:00:30")) == ()


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(1, 4000), max_size=60))
def test_no_cue_is_due_twice_for_any_intervals(steps: list[int]) -> None:
    """Checking through the evening at any intervals returns each cue at most once, and never early."""
    plan = plan_for(FRIDAY, OFFICE, CN)
    since, cues = at("08:00", FRIDAY), []
    for step in steps:
        now = min(since + timedelta(seconds=step), at("23:59:59", FRIDAY))
        for cue in due(plan, since, now):
            assert cue.at <= now
            cues.append(cue)
        since = now
    assert len(cues) == len(set(cues))


# ---- details of the plan ----


def test_the_evenings_text_has_the_next_days_share_of_new_customers() -> None:
    """Monday evening names Tuesday's 13 %, Friday evening Monday's 15 %, and before a holiday the date after it."""

    def text(on: str) -> str:
        return state_at(plan_for(day(on), OFFICE, CN), at("17:45", day(on))).entry.text  # type: ignore[union-attr]

    assert text("2026-05-11") == "回顾今天，清空待办，排好明天的名单，新客户占13%。"
    assert text("2026-05-15") == "回顾今天，清空待办，排好周一的名单，新客户占15%。"
    assert text("2026-09-30") == "回顾今天，清空待办，排好10月8日（周四）的名单，新客户占9%。"
    assert share_of_new_customers(day("2026-02-14"), OFFICE) == 7


def test_a_guessed_year_gives_a_warning_in_the_plan() -> None:
    """Days of a year that is not announced have a warning, and so has the last week before it; December has a hint."""
    assert plan_for(day("2035-03-01"), OFFICE, CN).warnings[0].startswith("2035年的放假安排还没公布")
    assert CN.guesses(2027)
    assert plan_for(day("2026-12-25"), OFFICE, CN).warnings[0].startswith("2027年的放假安排还不在日历里，请")
    early = plan_for(day("2026-12-01"), OFFICE, CN)
    assert not early.warnings, "nothing is wrong yet"
    assert early.hints[0].startswith("2027年的放假安排还不在日历里。元旦以前")
    assert not plan_for(day("2026-12-25"), OFFICE, CN).hints
    before = plan_for(day("2026-11-30"), OFFICE, CN)
    assert (before.warnings, before.hints) == ((), ())


def test_the_ceiling_of_the_hour() -> None:
    """From 08:00 to 08:45 the maximum is 50, afterwards there is no limit."""
    assert ceiling_at(OFFICE.sound, at("08:30")) == 50
    assert ceiling_at(OFFICE.sound, at("08:45")) == 100


def test_a_day_that_ends_at_midnight_is_written_24_00() -> None:
    """`until` is 24:00 for an entry that lasts to the end of the date."""
    plan = plan_for(MONDAY, office("{at: 22:00-24:00, name: 夜}"), NO_HOLIDAYS)
    assert to_json(plan)["entries"][0]["until"] == "24:00"
    assert state_at(plan, at("23:59:59")).changes_at == at("00:00", MONDAY + timedelta(days=1))


def test_free_text_of_a_cue_is_in_the_json() -> None:
    """A cue with free text has it in `say`; seconds are written only when they are not 0."""
    rhythm = office("{at: 09:00-10:00, name: A}", more="cues:\n  - {at: '09:30:15', say: 大家起立}\n")
    assert to_json(plan_for(MONDAY, rhythm, NO_HOLIDAYS))["cues"] == [
        {"at": "09:30:15", "say": "大家起立", "show": None}
    ]
