"""Load the timetable file: return the timetable or all problems together; give hints about rules that never apply."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any, Final

from controller.names import same_name
from controller.timetable.day_rules import DayRule
from controller.timetable.model import CueRule, Span, Timetable
from controller.timetable.problems import Problem, TimetableInvalid, nearest, shortened
from controller.timetable.schema import BadError, Group, Where
from controller.timetable.sections import CUE, FILE, SPAN
from controller.timetable.workdays import REGIONAL, REGIONS, Workdays, parts_of
from controller.timetable.yaml_source import Items, Node, Pairs, Text, compose

# Six years contain every combination of weekday and day of the month that rules can name.
_SAMPLE = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(6 * 366))


_CALENDARS: tuple[Callable[[date], bool], ...] = (
    lambda day: day.weekday() < 5,
    lambda day: True,  # so that two rules for Saturdays are also found to meet
)


@dataclass(frozen=True, slots=True)
class _Calendar:
    works: Callable[[date], bool]


class _Meetings:
    """Check on the sample whether rules can name the same date; each rule is evaluated once."""

    def meet(self, a: DayRule, b: DayRule, without: Sequence[DayRule] = ()) -> bool:
        """Return whether both rules name a date that no rule of `without` names."""
        both = _dates(a) & _dates(b)
        named = {(n, day) for n in range(len(_CALENDARS)) for day in (*_named(a), *_named(b))}
        both |= {when for when in named if _holds(a, when) and _holds(b, when)}
        return any(not any(_holds(other, when) for other in without) for when in both)


@lru_cache(maxsize=64)
def _dates(rule: DayRule) -> frozenset[tuple[int, date]]:
    """Return the days of the sample that a rule names; 30 ms for six years, and every check asks for the same rules."""
    dates_only = all(part.kind == "date" for part in rule.parts)
    days = tuple(_named(rule)) if dates_only else _SAMPLE
    every = ((n, day) for n in range(len(_CALENDARS)) for day in days)
    return frozenset(when for when in every if _holds(rule, when))


def _holds(rule: DayRule, when: tuple[int, date]) -> bool:
    n, day = when
    return rule.holds(day, _Calendar(_CALENDARS[n]))


def _named(rule: DayRule) -> Iterator[date]:
    return (part.day for part in rule.parts if part.kind == "date" and part.day)


def check(rhythm: Timetable, root: Node, file: str) -> Iterator[Problem]:
    """Yield the contradictions in a timetable whose single values are valid."""
    yield from check_day(rhythm.spans, rhythm.cues, file)
    yield from _settings(rhythm, root, file)


def check_day(spans: Sequence[Span], cues: Sequence[CueRule], file: str) -> Iterator[Problem]:
    """Yield contradictions among spans and cues."""
    meetings = _Meetings()
    for first, second in combinations(spans, 2):
        if _clash(first, second, meetings):
            yield _overlap(first, second, file)
    for span in spans:
        if span.quiet and span.music:
            found = "既要安静又要放音乐"
            yield _fault(file, span.line, span.name, found, "quiet 和 music 只留一个")
    for cue in cues:
        yield from _cue_faults(cue, spans, meetings, file)


def _clash(a: Span, b: Span, meetings: _Meetings) -> bool:
    same_time = a.at < b.until and b.at < a.until
    return same_time and a.on.width == b.on.width and (a.on == b.on or meetings.meet(a.on, b.on))


def _overlap(first: Span, second: Span, file: str) -> Problem:
    found = f"和第 {first.line} 行的“{first.name}”时间重叠，又会在同一天"
    allowed = "同一天的时段不能重叠；想在某些日子换掉它，就把 on 写得更窄，例如“每月第一个工作日”"
    return _fault(file, second.line, second.name, found, allowed)


def _cue_faults(cue: CueRule, spans: Sequence[Span], meetings: _Meetings, file: str) -> Iterator[Problem]:
    place = f"cues › {written(cue.at)}"
    if cue.say is None and cue.show is None:
        found = "没有写要做什么"
        yield _fault(file, cue.line, place, found, "请加上 say（播报）或 show（画面）")
    for span in spans:
        if span.quiet and span.at <= cue.at < span.until and _heard_in(cue, span, spans, meetings):
            found = f"落在安静时间“{span.name}”里"
            allowed = "安静时间里什么都不播，请换一个时刻"
            yield _fault(file, cue.line, place, found, allowed)


def _heard_in(cue: CueRule, quiet: Span, spans: Sequence[Span], meetings: _Meetings) -> bool:
    """Return whether on some date the cue falls into the quiet span and no narrower span replaces that span."""
    above = [s.on for s in spans if s.on.width < quiet.on.width and s.at <= cue.at < s.until]
    return meetings.meet(cue.on, quiet.on, without=above)


def _settings(rhythm: Timetable, root: Node, file: str) -> Iterator[Problem]:
    yield from _same_measures(rhythm, file)
    for day in sorted(rhythm.days_off & rhythm.extra_workdays):
        found = f"{day} 既在 days_off 又在 extra_workdays"
        line = _line_of(root, "extra_workdays", str(day))
        yield _fault(file, line, "extra_workdays", found, "只留一处")
    if rhythm.broadcasts.hourly_from > rhythm.broadcasts.hourly_to:
        found = "from 晚于 to"
        allowed = "第一次整点播报要早于最后一次"
        line = _line_of(root, "broadcasts", "hourly", "from") or _line_of(root, "broadcasts", "hourly", "to")
        yield _fault(file, line, "broadcasts › hourly", found, allowed)


def _same_measures(rhythm: Timetable, file: str) -> Iterator[Problem]:
    for first, second in combinations(rhythm.measures, 2):
        if same_name(first.name, second.name):
            found = f"和第 {first.line} 行是同一个名称"
            yield _fault(file, second.line, f"measures › {second.name}", found, "每个名称只写一次")


def _line_of(node: Node, *path: str) -> int:
    """Return the line of a key below `node` or of a matching list item, else the last line found along `path`."""
    line = 0
    for word in path:
        if isinstance(node, Pairs) and word in node.pairs:
            line, node = node.lines[word], node.pairs[word]
        elif isinstance(node, Items):
            same = [
                item for item in node.items if isinstance(item, Text) and _digits(item.value) == _digits(word)
            ]
            return same[0].line if same else line
        elif isinstance(node, Pairs):
            return 0
    return line


def _digits(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", written))


def written(clock: timedelta) -> str:
    minutes = int(clock.total_seconds()) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _fault(file: str, line: int, place: str, found: str, allowed: str) -> Problem:
    return Problem(file, line, place, found, allowed)


# --- Hints: rules that never apply, and texts that have no effect

AHEAD: Final = 400
"""Days to check: enough for every yearly rule to occur."""
_LOST: Final = re.compile(
    r"""\s*(?:-\s+)?(?:[a-z_]+:\s+)?(?P<kept>[^\s"'#\[{|>][^"'#]*?)\s(?P<lost>\#[^\s#].*)"""
)
Teams = Collection[str]


def hints(rhythm: Timetable, workdays: Workdays, today: date, teams: Teams | None = None) -> tuple[str, ...]:
    """Return a sentence for each rule that names no date of the next 400 days, and for each wall's unknown team.

    `teams`: names of the existing teams; None or empty when they are not known yet.
    """
    days = tuple(today + timedelta(days=n) for n in range(AHEAD))
    sentences = chain(
        rhythm.remarks,
        _calendar(rhythm),
        _never(rhythm, workdays, days),
        _music(rhythm, workdays, days),
        _teams(rhythm, teams or ()),
    )
    return tuple(sentences)


def lost_texts(text: str) -> Iterator[str]:
    """Yield a hint for each value cut off at a # that was meant as text: in YAML, " #" starts a comment."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#") and (match := _LOST.fullmatch(line.rstrip())):
            yield (
                f"第 {number} 行：“{shortened(match['lost'])}”不起作用，# 后面的话算说明。"
                f"要念、要显示就加引号：“{shortened(match['kept'])} {shortened(match['lost'])}”。"
            )


def _calendar(rhythm: Timetable) -> Iterator[str]:
    if rhythm.holidays is None:
        return
    country, region, _ = parts_of(rhythm.holidays)
    if region is None and country in REGIONAL:
        some = "、".join(f"{country}-{name}" for name in REGIONS[country][:4])
        yield (
            f"holidays: {country} 只有全国的公共假日，各地区自己的假日不在里面："
            f"请写到地区，例如 {some}，或把那些日子写进 days_off。"
        )


def _never(rhythm: Timetable, workdays: Workdays, days: tuple[date, ...]) -> Iterator[str]:
    rules = [(span.line, span.name, span.on) for span in rhythm.spans]
    rules += [(cue.line, f"{written(cue.at)} 的提示", cue.on) for cue in rhythm.cues]
    rules += [(duty.line, duty.what, duty.on) for duty in rhythm.duties]
    for line, name, rule in sorted(rules, key=lambda row: row[0]):
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


def _music(rhythm: Timetable, workdays: Workdays, days: tuple[date, ...]) -> Iterator[str]:
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


def _teams(rhythm: Timetable, teams: Teams) -> Iterator[str]:
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


# --- The timetable file → a `Timetable`, or all its problems together

__all__ = ["Problem", "TimetableInvalid", "json_schema", "load", "parse"]

LARGEST = 256 * 1024  # bytes; the shipped file has about 10,000


def load(path: Path) -> Timetable:
    """Read and check the file. Raises TimetableInvalid with all problems, also when the file cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _unusable(path.name, "找不到这个文件", _PUT_IT_THERE) from None
    except OSError:
        raise _unusable(path.name, "打不开这个文件", _LET_IT_READ) from None
    if len(data) > LARGEST:
        raise _unusable(path.name, "文件太大", _SMALLER)
    return parse(_decoded(data, path.name), path.name)


def parse(text: str, file: str = "rhythm.yaml") -> Timetable:
    """Parse and check a timetable; pure. Raises TimetableInvalid with all problems."""
    if len(text) > LARGEST:
        raise _unusable(file, "文件太大", _SMALLER)
    root, faults = compose(text.removeprefix("\ufeff"), file)
    if root is None:
        raise TimetableInvalid(faults or [Problem(file, 1, "", "文件是空的", _BEGIN)])
    where = Where(file, faults)
    try:
        rhythm: Timetable = FILE.read(root, where)
    except BadError:
        raise TimetableInvalid([*faults, *_day_faults(root, file)]) from None
    faults.extend(check(rhythm, root, file))
    if faults:
        raise TimetableInvalid(faults)
    return replace(rhythm, remarks=tuple(lost_texts(text)))


def _day_faults(root: Node, file: str) -> Iterator[Problem]:
    """Return contradictions among the readable spans and cues of a file that has other problems."""
    spans, cues = (list(_readable(root, key, group)) for key, group in (("rhythm", SPAN), ("cues", CUE)))
    return check_day(spans, cues, file)


def _readable(root: Node, key: str, group: Group) -> Iterator[Any]:
    items = root.pairs.get(key) if isinstance(root, Pairs) else None
    for item in items.items if isinstance(items, Items) else ():
        with suppress(BadError):
            yield group.read(item, Where("", []))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file for editors; descriptions are in Chinese."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "战鼓作息表 rhythm.yaml"}
    return head | FILE.schema()


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = "这里的字符不是 UTF-8 编码"
        allowed = "请在编辑器里“另存为”，编码选 UTF-8"
        raise TimetableInvalid([Problem(file, line, "", found, allowed)]) from None


def _unusable(file: str, found: str, allowed: str) -> TimetableInvalid:
    return TimetableInvalid([Problem(file, 0, "", found, allowed)])


_PUT_IT_THERE = "请把作息表放到 config 文件夹里"
_LET_IT_READ = "请让本程序有权读取它"
_SMALLER = f"作息表最大 {LARGEST // 1024} KB"
_BEGIN = "请从“office: 公司名称”和“rhythm:”写起，可以照抄自带的作息表"

if __name__ == "__main__":
    json.dump(json_schema(), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
