"""What a timetable says that will never happen, or not as it reads: no fault, but worth a sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Final

from controller.names import same_name
from controller.rhythm.checks import written
from controller.rhythm.countries import REGIONAL, REGIONS, parts_of
from controller.rhythm.dayrule import DayRule
from controller.rhythm.faults import nearest, shortened
from controller.rhythm.model import Rhythm, Span
from controller.rhythm.workdays import Workdays

AHEAD: Final = 400
"""So many days are looked through; every rule that comes once a year is among them."""
_LOST: Final = re.compile(
    r"""\s*(?:-\s+)?(?:[a-z_]+:\s+)?(?P<kept>[^\s"'#\[{|>][^"'#]*?)\s(?P<lost>\#[^\s#].*)"""
)
Teams = Collection[str]


def hints(rhythm: Rhythm, workdays: Workdays, today: date, teams: Teams | None = None) -> tuple[str, ...]:
    """One sentence for each rule that names no date of the next 400 days, and for each unknown team of a wall.

    `teams`: the names of the teams there are; None or none when they are not known yet.
    """
    days = tuple(today + timedelta(days=n) for n in range(AHEAD))
    found = chain(
        rhythm.remarks,
        _calendar(rhythm),
        _never(rhythm, workdays, days),
        _music(rhythm, workdays, days),
        _teams(rhythm, teams or ()),
    )
    return tuple(found)


def lost_texts(text: str) -> Iterator[str]:
    """Values cut off at a # that was meant as text: YAML takes what follows a blank and # for a remark."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#") and (found := _LOST.fullmatch(line.rstrip())):
            yield (
                f"第 {number} 行：“{shortened(found['lost'])}”不起作用，# 后面的话算说明。"
                f"要念、要显示就加引号：“{shortened(found['kept'])} {shortened(found['lost'])}”。"
            )


def _calendar(rhythm: Rhythm) -> Iterator[str]:
    if rhythm.holidays is None:
        return
    country, region, _ = parts_of(rhythm.holidays)
    if region is None and country in REGIONAL:
        some = "、".join(f"{country}-{name}" for name in REGIONS[country][:4])
        yield (
            f"holidays: {country} 只有全国的公共假日，各地区自己的假日不在里面："
            f"请写到地区，例如 {some}，或把那些日子写进 days_off。"
        )


def _never(rhythm: Rhythm, workdays: Workdays, days: tuple[date, ...]) -> Iterator[str]:
    rules = [(span.line, span.name, span.on) for span in rhythm.spans]
    rules += [(cue.line, f"{written(cue.at)} 的提示", cue.on) for cue in rhythm.cues]
    rules += [(duty.line, duty.what, duty.on) for duty in rhythm.duties]
    for line, name, rule in sorted(rules, key=lambda found: found[0]):
        if not any(rule.holds(day, workdays) for day in days):
            yield f"第 {line} 行：“{shortened(name)}”不会发生。{_reason(rule, days[0])}"


def _reason(rule: DayRule, today: date) -> str:
    kinds = {part.kind for part in rule.parts}
    if kinds == {"date"} and all(part.day and part.day < today for part in rule.parts):
        return f"{rule.words} 已经过去了，可以删掉这一条，或写新的日子。"
    if kinds == {"weekday"}:
        return (
            f"{rule.words}不上班。要在休息的时候也发生，on 写“休息日”或具体日子；"
            "那天要上班，就把日子写进 extra_workdays。"
        )
    return f"往后 {AHEAD} 天里没有一天是“{rule.words}”，请换一种写法。"


def _music(rhythm: Rhythm, workdays: Workdays, days: tuple[date, ...]) -> Iterator[str]:
    for span in rhythm.spans:
        on = [day for day in days if span.on.holds(day, workdays)] if len(span.music) > 1 else []
        for choice in span.music if on else ():
            if not any(choice.on.holds(day, workdays) for day in on):
                yield _unplayed(span, choice.playlist, choice.on)


def _unplayed(span: Span, playlist: str, on: DayRule) -> str:
    return (
        f"第 {span.line} 行：“{span.name}”的音乐“{playlist}”不会放：这个时段在{span.on.words}，"
        f"没有一天是“{on.words}”。"
    )


def _teams(rhythm: Rhythm, teams: Teams) -> Iterator[str]:
    displays = (
        ("所有大屏", rhythm.walls.default),
        *((f"大屏“{n}”", d) for n, d in rhythm.walls.screens.items()),
    )
    seen: set[str] = set()
    for called, display in displays:
        team = display.team
        if not teams or team is None or team in seen or any(same_name(team, name) for name in teams):
            continue
        seen.add(team)
        near = nearest(team, teams)
        guess = f"是不是“{near}”？" if near else f"现有：{'、'.join(sorted(teams)[:12])}。"
        yield f"walls：{called}要看的团队“{team}”不在名单里。{guess}"
