"""Day rules as people write them."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.timetable import day_rules
from controller.timetable.workdays import Workdays

CN = Workdays("CN")


def dates(words: str, year: int = 2026) -> list[str]:
    """Return the dates of a year that a rule includes, as MM-DD."""
    rule = day_rules.parse(words)
    every = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
    return [day.isoformat()[5:] for day in every if rule.holds(day, CN)]


@pytest.mark.parametrize("words", day_rules.EXAMPLES)
def test_every_suggested_example_is_a_valid_rule(words: str) -> None:
    """Each rule that a message suggests can be parsed."""
    assert day_rules.parse(words).parts


def test_the_months_first_working_day_follows_the_holidays() -> None:
    """In October it is the 8th, in February the 2nd: holidays and weekends are not working days."""
    firsts = [
        "01-04",
        "02-02",
        "03-02",
        "04-01",
        "05-06",
        "06-01",
        "07-01",
        "08-03",
        "09-01",
        "10-08",
        "11-02",
        "12-01",
    ]
    assert dates("first workday of month") == firsts
    assert dates("每月第一个工作日") == firsts


def test_the_months_last_working_day_can_be_a_make_up_saturday() -> None:
    """28 February 2026 is a working Saturday and therefore the month's last working day."""
    lasts = dates("每月最后一个工作日")
    assert lasts[1] == "02-28"
    assert len(lasts) == 12
    assert lasts == dates("last workday of month")


def test_a_weekday_that_is_a_holiday_is_not_named() -> None:
    """`friday` excludes Friday 2 October 2026, a holiday, and also a make-up Saturday."""
    fridays = dates("周五")
    assert "10-02" not in fridays
    assert "10-09" in fridays
    assert "10-10" not in fridays
    assert "10-10" in dates("saturday")


def test_tuesdays_and_fridays() -> None:
    """Two weekdays can be named in either language and as a list."""
    assert dates("tuesdays and fridays") == dates("周二和周五") == dates("tuesday, 周五")
    assert dates("tuesday")[0] == "01-06"


def test_the_weeks_first_and_last_working_day() -> None:
    """A make-up Sunday is the last working day of its week; the week after National Day starts on Thursday."""
    assert "09-20" in dates("last workday of week")
    assert "09-18" not in dates("last workday of week")
    assert "10-08" in dates("每周第一个工作日")
    assert "10-10" in dates("每周最后一个工作日")


def test_before_the_tenth_of_every_second_month() -> None:
    """Working days from the 1st to the 9th, in odd or in even months."""
    odd = dates("before the tenth of every second month")
    assert odd == dates("单月10日前")
    assert {day[:2] for day in odd} == {"01", "03", "05", "07", "09", "11"}
    assert max(int(day[3:]) for day in odd) == 9
    assert "03-09" in odd
    assert "03-08" not in odd  # a Sunday
    assert {day[:2] for day in dates("双月10日前")} == {"02", "04", "06", "08", "10", "12"}


def test_an_explicit_date_holds_on_days_off_too() -> None:
    """A rule with a date holds on that date, working day or not; yearly dates hold every year."""
    assert dates("2026-10-03") == ["10-03"]
    assert dates("10月3日") == ["10-03"]
    assert dates("2027-10-03") == []
    assert dates("day 3 of october") == []


def test_days_off_and_working_days_make_up_the_year() -> None:
    """Every date is either a working day or a day off."""
    assert sorted(dates("工作日") + dates("休息日")) == dates("every day")


@pytest.mark.parametrize(
    "words",
    [
        "",
        "前天",
        "13-40",
        "2026-02-30",
        "friday to monday",
        "31st workday of month",
        "day 32 of month",
        "第一个",
        "mondayish",
    ],
)
def test_words_that_name_no_dates_are_refused(words: str) -> None:
    """The parser does not guess: an invalid rule raises UnknownRuleError with the part concerned."""
    with pytest.raises(day_rules.UnknownRuleError):
        day_rules.parse(words)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(words: str) -> None:
    """Any text is either parsed or refused."""
    with contextlib.suppress(day_rules.UnknownRuleError):
        assert day_rules.parse(words).parts


def test_the_narrower_of_two_rules_is_the_one_with_fewer_days() -> None:
    """Widths increase in the documented sequence from narrow to wide."""
    order = ("2026-12-24", "first workday of every second month", "first workday of month", "双月10日前", "monday",
             "周二和周五", "workdays", "every day")  # fmt: skip
    widths = [day_rules.parse(words).width for words in order]
    assert widths == sorted(widths)
    assert len(set(widths)) == len(widths)
    assert day_rules.parse("周一至周五").width == day_rules.parse("workdays").width


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("周一至五", "周一至周五"), ("周一三五", "周一、周三、周五"), ("周一、三、五", "周一、周三、周五"),
        ("周1、3", "周一、周三"), ("星期1-5", "周一至周五"), ("周六日", "周六、周日"),
        ("周一、三月第一个工作日", None), ("周一, 2026-12-24", "2026-12-24、周一"), ("周8", None), ("周一六九", None),
    ],
)  # fmt: skip
def test_weekdays_are_read_as_lists_in_chinese(short: str, long: str | None) -> None:
    """周 once for several days, and figures; never a month or a date taken for a weekday."""
    if long is None:
        with pytest.raises(day_rules.UnknownRuleError):
            day_rules.parse(short)
    else:
        assert dates(short) == dates(long)
