"""The plan of a usual day, for a poster used for months; and the Chinese titles of playlists."""

from __future__ import annotations

from datetime import date

import pytest
from small_office import NO_HOLIDAYS, SHIPPED, office

from controller.timetable import load
from controller.timetable.labels import track_title
from controller.timetable.model import playlist_name
from controller.timetable.plan import plan_for, to_json, usual
from controller.timetable.workdays import Workdays

MONDAY = date(2026, 5, 11)


def names(text: str) -> list[str]:
    plan = plan_for(MONDAY, usual(office(text)), NO_HOLIDAYS)
    return [entry["name"] for entry in to_json(plan)["entries"]]


def test_spans_of_a_few_days_are_left_out() -> None:
    """The first workday's welcome, a Monday meeting and a party on a date are not part of the usual day."""
    assert names("""
        {at: 08:30-09:00, name: 战前准备}
        {at: 08:30-09:00, name: 前台迎接, on: first workday of month}
        {at: 09:00-10:00, name: 周会, on: monday}
        {at: 10:00-11:00, name: 庆祝, on: 2026-05-11}
        {at: 12:30-12:55, name: 小憩, quiet: true}
    """) == ["战前准备", "小憩"]


def test_a_timetable_of_special_days_only_stays_complete() -> None:
    """An office that works on Mondays only gets Monday's poster, not an empty one."""
    assert names("{at: 09:00-10:00, name: 周会, on: monday}") == ["周会"]


@pytest.mark.parametrize("on", [date(2026, 11, 27), date(2026, 9, 30), date(2026, 12, 31), date(2026, 11, 2)])
def test_the_shipped_sheet_is_the_same_on_every_day(on: date) -> None:
    """The text is the same before a weekend, before a holiday week, at the month's end and on its first workday."""
    rhythm = load.load(SHIPPED)
    workdays = Workdays("CN")
    ordinary = to_json(plan_for(date(2026, 11, 25), usual(rhythm), workdays))
    plan = to_json(plan_for(on, usual(rhythm), workdays))
    assert (plan["entries"], plan["duties"]) == (ordinary["entries"], ordinary["duties"])


def test_the_shipped_sheet_names_no_day() -> None:
    """The poster has no share of new customers, no "tomorrow", no date and no unfilled slot."""
    rhythm = load.load(SHIPPED)
    plan = to_json(plan_for(date(2026, 11, 25), usual(rhythm), Workdays("CN")))
    words = "".join(entry["text"] or "" for entry in plan["entries"]) + "".join(
        d["what"] for d in plan["duties"]
    )
    for dated in ("%", "明天", "月", "{", "周一", "，。", "、。"):
        assert dated not in words, dated
    assert "下个工作日" in words


def test_a_clause_with_the_days_share_is_removed_completely() -> None:
    """The remaining text stays a sentence; a text with only that clause becomes empty."""
    rhythm = office("""
        {at: 09:00-10:00, name: A, text: "排好{next_workday}的名单，新客户占{new_customers}。"}
        {at: 10:00-11:00, name: B, text: "新客户占{new_customers}。"}
        {at: 11:00-12:00, name: C, text: "新客户{new_customers}，老客户照旧！"}
    """)
    plan = plan_for(MONDAY, usual(rhythm), NO_HOLIDAYS)
    assert [entry.text or "" for entry in plan.entries] == ["排好下个工作日的名单。", "", "老客户照旧！"]


def test_the_real_timetable_still_names_the_day() -> None:
    """`usual` does not change the plan in force."""
    rhythm = load.load(SHIPPED)
    usual(rhythm)
    texts = "".join(
        entry.text or "" for entry in plan_for(date(2026, 11, 25), rhythm, Workdays("CN")).entries
    )
    assert "明天" in texts
    assert "%" in texts


def test_playlists_have_chinese_names() -> None:
    """Shipped playlists have a title, Chinese folders keep their name, others take that of the most frequent span."""
    spans = office("""
        {at: 08:30-09:00, name: 开门, music: spring}
        {at: 09:00-09:30, name: 周一会, on: monday, music: spring}
        {at: 10:00-10:30, name: 茶歇, music: {monday: tea, friday: spring}}
    """).spans
    assert playlist_name("morning", ()) == "晨间"
    assert playlist_name("rousing", spans) == "战鼓"
    assert playlist_name("爵士 jazz", spans) == "爵士 jazz"
    assert playlist_name("spring", spans) == "开门的音乐"
    assert playlist_name("tea", spans) == "茶歇的音乐"
    assert playlist_name("unused", spans) == "unused"


def test_shipped_playlists_and_tracks_all_have_names() -> None:
    """Each folder and file under sounds/music has a Chinese title on the phone."""
    music = SHIPPED.parents[1] / "sounds" / "music"
    folders = [folder for folder in music.iterdir() if folder.is_dir()]
    assert folders
    for folder in folders:
        assert not playlist_name(folder.name, ()).isascii()
        for file in folder.iterdir():
            assert not track_title(file.stem).isascii()
    assert track_title("my song") == "my song"
