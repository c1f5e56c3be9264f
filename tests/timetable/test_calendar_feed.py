"""The iCalendar feed: read by an independent library, its lines within RFC 5545, the same events on every reading."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.timetable.calendar_feed import escaped, feed, folded
from controller.timetable.load import load
from controller.timetable.plan import plan_for
from controller.timetable.workdays import Workdays
from tests.forms import examples

ROOT = Path(__file__).resolve().parents[2]
MONDAY = date(2026, 9, 28)  # the National Day's holidays are within its month
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def written() -> bytes:
    return made()


def made(today: date = MONDAY) -> bytes:
    rhythm = load(ROOT / "config" / "rhythm.yaml")
    days = Workdays(rhythm.holidays, rhythm.days_off, rhythm.extra_workdays)
    plans = [plan_for(today + timedelta(days=n), rhythm, days, ()) for n in range(30)]
    return feed(plans, rhythm.office, "0123456789ab", today)


def events(written: bytes) -> list[icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(written)
    assert calendar.errors == []
    found = list(calendar.walk("VEVENT"))
    assert all(one.errors == [] for one in found)
    return found


def test_every_line_fits_and_ends_as_the_standard_says(written: bytes) -> None:
    """At most 75 octets, CRLF, UTF-8 not cut inside a character, no control character."""
    assert written.endswith(b"END:VCALENDAR\r\n")
    lines = written.split(b"\r\n")[:-1]
    assert max(map(len, lines)) <= 75
    for line in lines:
        assert not any(octet < 32 for octet in line)
        line.decode("utf-8")


def test_a_working_day_has_its_spans_and_moments(written: bytes) -> None:
    """At the office's time, with name and text; duties and announcements without an end."""
    of_monday = [one for one in events(written) if start(one) == MONDAY]
    nap = next(one for one in of_monday if one["SUMMARY"] == "小憩")
    assert nap["DTSTART"].dt.astimezone(SHANGHAI) == datetime(2026, 9, 28, 12, 30, tzinfo=SHANGHAI)
    assert nap["DTEND"].dt.astimezone(SHANGHAI) == datetime(2026, 9, 28, 12, 55, tzinfo=SHANGHAI)
    assert "安静时间" in nap["CATEGORIES"].to_ical().decode()
    results = next(one for one in of_monday if one["SUMMARY"] == "播报战报")
    assert (results["DTSTART"].dt.astimezone(SHANGHAI).strftime("%H:%M"), results.get("DTEND")) == (
        "18:05",
        None,
    )
    assert any(str(one["SUMMARY"]).startswith("组长：") for one in of_monday)


def start(event: icalendar.Event) -> date:
    at = event["DTSTART"].dt
    return at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at


def test_holidays_are_whole_days(written: bytes) -> None:
    """A public holiday is one event over the whole day, with its name, and has no spans."""
    (holiday,) = [one for one in events(written) if start(one) == date(2026, 10, 1)]
    assert str(holiday["SUMMARY"]).startswith("休息：")
    assert "国庆" in holiday["SUMMARY"]
    assert (holiday["DTSTART"].dt, holiday["DTEND"].dt) == (date(2026, 10, 1), date(2026, 10, 2))


def test_an_event_keeps_its_id(written: bytes) -> None:
    """The next day's feed has the same ids for the same events, and no id twice."""
    of_today, of_tomorrow = events(written), events(made(MONDAY + timedelta(days=1)))
    ids = [str(one["UID"]) for one in of_today]
    assert len(ids) == len(set(ids)) > 100
    today, tomorrow = (
        {str(one["UID"]): (one["DTSTART"].dt, str(one["SUMMARY"])) for one in found}
        for found in (of_today, of_tomorrow)
    )
    shared = today.keys() & tomorrow.keys()
    assert len(shared) > 100
    assert all(today[ident] == tomorrow[ident] for ident in shared)
    assert {start(one) for one in of_today if str(one["UID"]) not in shared} == {MONDAY}


def test_marks_are_escaped() -> None:
    """As section 3.3.11 of RFC 5545 lists them; the library is lenient and reads others too."""
    assert escaped("a,b;c\\d\ne\r\tf") == r"a\,b\;c\\d\nef"


@settings(max_examples=examples(40), deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_comes_back(text: str) -> None:
    """Names and texts of any characters: it comes back, without control characters."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260928T000000Z",
             "DTSTART:20260928T000000Z", f"SUMMARY:{escaped(text)}", "END:VEVENT", "END:VCALENDAR"]  # fmt: skip
    data = b"".join(map(folded, lines))
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    (event,) = icalendar.Calendar.from_ical(data).walk("VEVENT")
    plain = "".join(
        letter for letter in text if letter == "\n" or not (ord(letter) < 32 or ord(letter) == 127)
    )
    assert str(event["SUMMARY"]) == plain
