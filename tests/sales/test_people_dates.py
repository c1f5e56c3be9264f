"""Birthdays and first days as people write them, and the celebrations of a working day."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sales.model import Person, Refused
from controller.sales.people_dates import (
    LONGEST_BREAK,
    birthdays,
    company_years,
    dates_of,
    day_words,
    read_birthday,
    read_joined,
)

FORMS = (
    "1990-5-3", "1990/5/3", "1990.05.03", "1990年5月3日", "19900503", "5月3日", "5-3", "05/03", "0503",
    "1990-05-03 00:00:00", "５月３日", "32996", " 1990 年 5 月 3 日 ", "5月3号",
)  # fmt: skip


@pytest.mark.parametrize("written", FORMS)
def test_a_birthday_is_read_in_any_form_without_its_year(written: str) -> None:
    """Chinese, ISO, compact, Excel's number: all are the third of May, and no year is left."""
    assert read_birthday(written) == "05-03"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [("农历八月十五", "农历"), ("13月1日", "看不懂"), ("3/5/1990", "看不懂"), ("1990-2-29", "看不懂"),
     ("五月", "看不懂"), ("1990", "看不懂"), ("2月30日", "看不懂"), ("9999-1-1", "看不懂"), ("5" * 400, "看不懂")],
)  # fmt: skip
def test_an_unclear_birthday_is_refused_with_an_example(written: str, sentence: str) -> None:
    """Ambiguous or impossible dates are never guessed."""
    with pytest.raises(Refused, match=f"{sentence}.*应当像 5月3日") as refused:
        read_birthday(written)
    assert refused.value.field == "birthday"


def test_a_first_day_needs_its_year() -> None:
    """2021年3月1日 and Excel's number are read; 3月1日 alone is refused; an empty cell is none."""
    assert read_joined("2021年3月1日") == read_joined("44256") == date(2021, 3, 1)
    assert read_joined("") is None
    assert read_birthday(" - ") is None
    with pytest.raises(Refused, match="没有写年份"):
        read_joined("3月1日")


@given(st.dates(date(1930, 1, 1), date(2090, 12, 31)))
def test_every_date_survives_being_written(day: date) -> None:
    """ISO, Chinese and Excel's number of any date give the same date."""
    serial = str((day - date(1899, 12, 30)).days)
    for written in (day.isoformat(), f"{day.year}年{day.month}月{day.day}日", serial, f"{day:%Y%m%d}"):
        assert read_joined(written) == day
        assert read_birthday(written) == f"{day:%m-%d}"


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in anything but a date, nothing, or a sentence."""
    for read in (read_birthday, read_joined):
        with suppress(Refused):
            read(text)


def person(name: str, birthday: str | None = None, joined: date | None = None, **more: object) -> Person:
    return Person(1, name, 1, "猛虎队", birthday=birthday, joined=joined, **more)  # type: ignore[arg-type]


def test_friday_celebrates_the_weekend() -> None:
    """Friday names Friday, Saturday and Sunday; hidden people are never named."""
    friday = date(2026, 11, 27)
    people = [
        person("王小明", "11-27"), person("李思思", "11-29"), person("陈芳", "11-28", hidden=True),
        person("刘洋", "11-30"),
    ]  # fmt: skip
    found = birthdays(people, dates_of(friday, date(2026, 11, 30)))
    assert [(day_words(one.date, friday), one.names) for one in found] == [
        ("今天", ("王小明",)), ("周日", ("李思思",)),
    ]  # fmt: skip


@pytest.mark.parametrize(("year", "celebrated"), [(2026, "02-28"), (2028, "02-29")])
def test_29_february_is_celebrated_every_year(year: int, celebrated: str) -> None:
    """On the 28th in years without a 29th, as birthday and as first day."""
    people = [person("闰生", "02-29", date(2024, 2, 29))]
    days = [date(year, 2, 27) + timedelta(days=n) for n in range(4)]
    assert [f"{one.date:%m-%d}" for one in birthdays(people, days)] == [celebrated]
    years = company_years(people, days)
    assert [(f"{one.date:%m-%d}", one.years) for one in years] == [(celebrated, year - 2024)]


def test_full_years_only() -> None:
    """The first day itself is no anniversary, and neither is one in the future."""
    people = [person("新人", joined=date(2026, 11, 27)), person("后来", joined=date(2027, 11, 27))]
    assert company_years(people, [date(2026, 11, 27)]) == ()
    assert company_years(people, [date(2027, 11, 27)])[0].names == ("新人",)


@given(
    st.dates(date(2026, 1, 1), date(2029, 12, 31)), st.lists(st.integers(1, 9), min_size=120, max_size=120)
)
def test_every_birthday_is_celebrated_once_a_year(birthday: date, gaps: list[int]) -> None:
    """With any pattern of working days, each date from the first to the last of them is celebrated exactly once."""
    works = [date(2026, 1, 1)]
    for gap in gaps:
        works.append(works[-1] + timedelta(days=gap))
    times = [
        one.date for day, after in pairwise(works)
        for one in birthdays([person("某人", f"{birthday:%m-%d}")], dates_of(day, after))
    ]  # fmt: skip
    assert len(times) == len(set(times))
    years = {day.year for day in times}
    whole = range(works[0].year, works[-1].year)
    assert set(whole) <= years
    assert max(gaps) <= LONGEST_BREAK
