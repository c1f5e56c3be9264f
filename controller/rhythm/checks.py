"""What only shows in the timetable as a whole: overlaps, cues in quiet time, days both off and worked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

from controller.rhythm.dayrule import DayRule
from controller.rhythm.faults import Fault, Said
from controller.rhythm.model import CueRule, Rhythm, Span
from controller.rhythm.yaml_nodes import Node, Pairs

# Six years hold every combination of weekday and day of the month that rules can name.
_SAMPLE = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(6 * 366))


class _EveryWeekday:
    """Monday to Friday, no holidays: enough to see whether two rules can name the same date."""

    def works(self, day: date) -> bool:
        return day.weekday() < 5


class _AlwaysOpen:
    """No days off, so that two rules for Saturdays are seen to meet as well."""

    def works(self, day: date) -> bool:
        return True


def meet(a: DayRule, b: DayRule) -> bool:
    """Whether there are dates that both rules name."""
    if a.parts == b.parts:
        return True
    return any(
        a.holds(day, calendar) and b.holds(day, calendar)
        for calendar in (_EveryWeekday(), _AlwaysOpen())
        for day in _SAMPLE
    )


def check(rhythm: Rhythm, root: Node, file: str) -> Iterator[Fault]:
    """The faults of a timetable whose values are all right by themselves."""
    for first, second in combinations(rhythm.spans, 2):
        if _same_time(first, second) and first.on.width == second.on.width and meet(first.on, second.on):
            yield _overlap(first, second, file)
    for span in rhythm.spans:
        if span.quiet and span.music:
            found = Said("既要安静又要放音乐", "both quiet and music")
            yield _fault(
                file, span.line, span.name, found, Said("quiet 和 music 只留一个", "Keep one of them")
            )
    for cue in rhythm.cues:
        yield from _cue_faults(cue, rhythm.spans, file)
    yield from _settings(rhythm, root, file)


def _same_time(a: Span, b: Span) -> bool:
    return a.at < b.until and b.at < a.until


def _overlap(first: Span, second: Span, file: str) -> Fault:
    found = Said(
        f"和第 {first.line} 行的“{first.name}”时间重叠，日子也一样",
        f'the same time and days as "{first.name}" on line {first.line}',
    )
    allowed = Said(
        "同一天的时段不能重叠；想在某些日子换掉它，就把 on 写得更窄，例如“每月第一个工作日”",
        'Spans of one day do not overlap; a narrower "on", such as "first workday of month", displaces a '
        "wider one",
    )
    return _fault(file, second.line, second.name, found, allowed)


def _cue_faults(cue: CueRule, spans: tuple[Span, ...], file: str) -> Iterator[Fault]:
    place = f"cues › {written(cue.at)}"
    if cue.say is None and cue.show is None:
        found = Said("没有写要做什么", "says nothing to do")
        yield _fault(
            file, cue.line, place, found, Said("请加上 say（播报）或 show（画面）", 'Add "say" or "show"')
        )
    for span in spans:
        if span.quiet and span.at <= cue.at < span.until and _heard_in(cue, span, spans):
            found = Said(f"落在安静时间“{span.name}”里", f'is inside the quiet time "{span.name}"')
            allowed = Said("安静时间里什么都不播，请换一个时刻", "Nothing sounds then; choose another time")
            yield _fault(file, cue.line, place, found, allowed)


def _heard_in(cue: CueRule, quiet: Span, spans: tuple[Span, ...]) -> bool:
    """Whether the cue can meet the quiet span; a narrower span that lies above it may make it audible."""
    above = (span for span in spans if span.on.width < quiet.on.width and span.at <= cue.at < span.until)
    return not any(not span.quiet for span in above) and meet(cue.on, quiet.on)


def _settings(rhythm: Rhythm, root: Node, file: str) -> Iterator[Fault]:
    lines = root.lines if isinstance(root, Pairs) else {}
    for day in sorted(rhythm.days_off & rhythm.extra_workdays):
        found = Said(f"{day} 既在 days_off 又在 extra_workdays", f"{day} is both off and worked")
        yield _fault(file, lines["extra_workdays"], "extra_workdays", found, Said("只留一处", "Keep one"))
    if rhythm.broadcasts.hourly_from > rhythm.broadcasts.hourly_to:
        found = Said("from 晚于 to", '"from" is later than "to"')
        allowed = Said("第一次整点播报要早于最后一次", "The first round-up comes before the last")
        yield _fault(file, lines["broadcasts"], "broadcasts › hourly", found, allowed)


def written(clock: timedelta) -> str:
    minutes = int(clock.total_seconds()) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _fault(file: str, line: int, place: str, found: Said, allowed: Said) -> Fault:
    return Fault(file, line, place, found, allowed)
