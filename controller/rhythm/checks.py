"""What only shows in the timetable as a whole: overlaps, cues in quiet time, days both off and worked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from controller.rhythm.dayrule import DayRule
from controller.rhythm.faults import Fault, Said
from controller.rhythm.model import CueRule, Rhythm, Span
from controller.rhythm.yaml_nodes import Items, Node, Pairs, Text

# Six years hold every combination of weekday and day of the month that rules can name.
_SAMPLE = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(6 * 366))


_CALENDARS: tuple[Callable[[date], bool], ...] = (
    lambda day: day.weekday() < 5,
    lambda day: True,  # so that two rules for Saturdays are seen to meet as well
)


@dataclass(frozen=True, slots=True)
class _Calendar:
    works: Callable[[date], bool]


class _Meetings:
    """Whether rules can name the same date, tried on the sample; each rule is tried once."""

    def __init__(self) -> None:
        self._tried: dict[DayRule, frozenset[tuple[int, date]]] = {}

    def meet(self, a: DayRule, b: DayRule, without: Sequence[DayRule] = ()) -> bool:
        """Whether there are dates that both rules name, and none of `without`."""
        both = self._dates(a) & self._dates(b)
        named = {(n, day) for n in range(len(_CALENDARS)) for day in (*_named(a), *_named(b))}
        both |= {when for when in named if _holds(a, when) and _holds(b, when)}
        return any(not any(_holds(other, when) for other in without) for when in both)

    def _dates(self, rule: DayRule) -> frozenset[tuple[int, date]]:
        if rule not in self._tried:
            dates_only = all(part.kind == "date" for part in rule.parts)
            days = tuple(_named(rule)) if dates_only else _SAMPLE
            every = ((n, day) for n in range(len(_CALENDARS)) for day in days)
            self._tried[rule] = frozenset(when for when in every if _holds(rule, when))
        return self._tried[rule]


def _holds(rule: DayRule, when: tuple[int, date]) -> bool:
    n, day = when
    return rule.holds(day, _Calendar(_CALENDARS[n]))


def _named(rule: DayRule) -> Iterator[date]:
    return (part.day for part in rule.parts if part.kind == "date" and part.day)


def check(rhythm: Rhythm, root: Node, file: str) -> Iterator[Fault]:
    """The faults of a timetable whose values are all right by themselves."""
    yield from check_day(rhythm.spans, rhythm.cues, file)
    yield from _settings(rhythm, root, file)


def check_day(spans: Sequence[Span], cues: Sequence[CueRule], file: str) -> Iterator[Fault]:
    """Where spans and cues are at odds with each other."""
    meetings = _Meetings()
    for first, second in combinations(spans, 2):
        if _clash(first, second, meetings):
            yield _overlap(first, second, file)
    for span in spans:
        if span.quiet and span.music:
            found = Said("既要安静又要放音乐", "both quiet and music")
            yield _fault(
                file, span.line, span.name, found, Said("quiet 和 music 只留一个", "Keep one of them")
            )
    for cue in cues:
        yield from _cue_faults(cue, spans, meetings, file)


def _clash(a: Span, b: Span, meetings: _Meetings) -> bool:
    same_time = a.at < b.until and b.at < a.until
    return same_time and a.on.width == b.on.width and (a.on == b.on or meetings.meet(a.on, b.on))


def _overlap(first: Span, second: Span, file: str) -> Fault:
    found = Said(
        f"和第 {first.line} 行的“{first.name}”时间重叠，又会在同一天",
        f'meets at the same time, on the same days, "{first.name}" on line {first.line}',
    )
    allowed = Said(
        "同一天的时段不能重叠；想在某些日子换掉它，就把 on 写得更窄，例如“每月第一个工作日”",
        'Spans of one day do not overlap; a narrower "on", such as "first workday of month", displaces a '
        "wider one",
    )
    return _fault(file, second.line, second.name, found, allowed)


def _cue_faults(cue: CueRule, spans: Sequence[Span], meetings: _Meetings, file: str) -> Iterator[Fault]:
    place = f"cues › {written(cue.at)}"
    if cue.say is None and cue.show is None:
        found = Said("没有写要做什么", "says nothing to do")
        yield _fault(
            file, cue.line, place, found, Said("请加上 say（播报）或 show（画面）", 'Add "say" or "show"')
        )
    for span in spans:
        if span.quiet and span.at <= cue.at < span.until and _heard_in(cue, span, spans, meetings):
            found = Said(f"落在安静时间“{span.name}”里", f'is inside the quiet time "{span.name}"')
            allowed = Said("安静时间里什么都不播，请换一个时刻", "Nothing sounds then; choose another time")
            yield _fault(file, cue.line, place, found, allowed)


def _heard_in(cue: CueRule, quiet: Span, spans: Sequence[Span], meetings: _Meetings) -> bool:
    """Whether the cue falls into the quiet span on some date on which no narrower span lies above it."""
    above = [s.on for s in spans if s.on.width < quiet.on.width and s.at <= cue.at < s.until]
    return meetings.meet(cue.on, quiet.on, without=above)


def _settings(rhythm: Rhythm, root: Node, file: str) -> Iterator[Fault]:
    for day in sorted(rhythm.days_off & rhythm.extra_workdays):
        found = Said(f"{day} 既在 days_off 又在 extra_workdays", f"{day} is both off and worked")
        line = _line_of(root, "extra_workdays", str(day))
        yield _fault(file, line, "extra_workdays", found, Said("只留一处", "Keep one"))
    if rhythm.broadcasts.hourly_from > rhythm.broadcasts.hourly_to:
        found = Said("from 晚于 to", '"from" is later than "to"')
        allowed = Said("第一次整点播报要早于最后一次", "The first round-up comes before the last")
        line = _line_of(root, "broadcasts", "hourly", "from") or _line_of(root, "broadcasts", "hourly", "to")
        yield _fault(file, line, "broadcasts › hourly", found, allowed)


def _line_of(node: Node, *path: str) -> int:
    """The line of a key below `node`, of the item written so in a list, else the last line found on the way."""
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


def _fault(file: str, line: int, place: str, found: Said, allowed: Said) -> Fault:
    return Fault(file, line, place, found, allowed)
