"""Hints name each rule that never applies, with advice, and no other rule."""

from __future__ import annotations

import re
from datetime import date

import pytest
from small_office import SHIPPED

from controller.timetable import load
from controller.timetable.load import hints
from controller.timetable.workdays import Workdays

TODAY = date(2026, 11, 27)
TEAMS = ("猛虎队", "飞龙队")


def hints_for(body: str, teams: tuple[str, ...] = TEAMS, days: Workdays | None = None) -> tuple[str, ...]:
    text = f"office: 测试\nholidays: CN\nrhythm:\n  - {{at: 08:00-09:00, name: 开门}}\n{body}"
    rhythm = load.parse(text)
    return hints(
        rhythm, days or Workdays(rhythm.holidays, rhythm.days_off, rhythm.extra_workdays), TODAY, teams
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "  - {at: 10:00-11:00, on: 周六, name: 加班}\n",
            "“加班”不会发生。周六不上班。.*休息日.*extra_workdays",
        ),
        ("cues:\n  - {at: 10:00, on: 周日, say: 大家好}\n", "第 6 行：“10:00 的提示”不会发生。周日不上班"),
        ("duties:\n  - {on: 周末, who: 组长, what: 值班}\n", "“值班”不会发生"),
        ("duties:\n  - {on: 每月第23个工作日, who: 组长, what: 复盘}\n", ""),
        ("duties:\n  - {on: 2025-12-24, who: 组长, what: 复盘}\n", "2025-12-24 已经过去了"),
        ("  - {at: 10:00-11:00, name: b, music: {工作日: a, 周六: c}}\n", "音乐“c”不会放"),
        (
            "walls:\n  screens:\n    前台: {team: 猛虎}\n",
            "大屏“前台”要看的团队“猛虎”不在名单里。是不是“猛虎队”",
        ),
        ("walls:\n  screens:\n    前台: {team: 猛　虎队}\n", ""),
        (
            "  - at: 10:00-11:00\n    name: 促单\n    text: 促单 #加油\n",
            "第 7 行：“#加油”不起作用.*“促单 #加油”",
        ),
        ("  - at: 10:00-11:00\n    name: 促单  # 说明\n    text: '促单 #加油'\n", ""),
        ("  - {at: 10:00-11:00, on: 周六, name: 加班}\nextra_workdays: 2026-12-26\n", ""),
        ("  - {at: 10:00-11:00, on: 周六, name: 加班}\nextra_workdays: 2025-12-27\n", "“加班”不会发生"),
        ("  - {at: 10:00-11:00, on: 2月29日, name: 闰日}\n", "往后 400 天里没有一天是“2月29日”"),
    ],
)
def test_a_rule_that_never_applies_gives_a_hint(body: str, sentence: str) -> None:
    """The hint is one sentence with line, reason and advice; rules that apply give none."""
    plain = Workdays(None, extra_workdays=load.parse(_only(body)).extra_workdays)
    sentences = hints_for(body, days=plain)
    assert len(sentences) == bool(sentence), sentences
    if sentence:
        assert re.search(sentence, sentences[0]), sentences[0]


def _only(body: str) -> str:
    return f"office: 测试\nrhythm:\n  - {{at: 08:00-09:00, name: 开门}}\n{body}"


def test_a_country_without_a_region_gives_a_hint() -> None:
    """GB alone lacks the bank holidays of England; with a region there is no hint."""
    (sentence,) = hints(load.parse("holidays: GB\n" + _only("")), Workdays("GB"), TODAY)
    assert "GB-ENG" in sentence
    assert "days_off" in sentence
    assert hints(load.parse("holidays: 英国-eng\n" + _only("")), Workdays("GB-ENG"), TODAY) == ()


def test_the_shipped_timetable_gives_no_hints() -> None:
    """All rules of the shipped file apply."""
    assert hints(load.load(SHIPPED), Workdays("CN"), TODAY, TEAMS) == ()
