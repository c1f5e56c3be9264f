"""The month's ceremony: the walk through its winners, as slides with a sentence each. Pure.

The month's top sales come first, then the top sales of its weeks, then those who were top sales of a day, most days
first. People who are hidden now are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from controller.sales.awards import Award
from controller.sales.messages import Words, counted
from controller.sales.model import Line

MOST_SLIDES: Final = 12
MARK: Final = "slide-"
_DAY_WINNERS: Final = 5
_WEEKS: Final = "一二三四五六"  # a month touches six weeks at most


@dataclass(frozen=True, slots=True)
class Slide:
    """One winner. `period`: month, week or day; `number`: the week of the month, or the number of days won."""

    period: str
    since: date
    number: int
    person_id: int
    person: str
    team: str
    count: int
    amount: Decimal
    prize: str
    text: str
    photo: str | None = None


def slides(awards: Iterable[Award], hidden: Collection[int], words: Words) -> tuple[Slide, ...]:
    """Return the walk through a month's awards, best first; empty without any."""
    shown = [award for award in awards if award.person_id and award.person_id not in hidden]
    months = [_slide(award, 0, words) for award in shown if award.period == "month"]
    begun = sorted({award.since for award in shown if award.period == "week"})
    weeks = [_slide(award, begun.index(award.since) + 1, words) for award in shown if award.period == "week"]
    return (*months, *weeks, *_days(shown, words))[:MOST_SLIDES]


def _days(shown: Iterable[Award], words: Words) -> list[Slide]:
    """Return one slide for each person with most days won; the last award of a person has the present team."""
    won: dict[int, list[Award]] = {}
    for award in shown:
        if award.period == "day":
            won.setdefault(award.person_id, []).append(award)
    best = sorted(won.values(), key=lambda days: (-len(days), -sum(day.amount for day in days)))
    return [_of_days(days, words) for days in best[:_DAY_WINNERS]]


def _of_days(days: list[Award], words: Words) -> Slide:
    last, sum_ = days[-1], sum((day.amount for day in days), Decimal(0))
    text = f"{last.team}的{last.person}，{words.count(len(days), '次')}获得当天的开拓能手！"
    count = sum(day.count for day in days)
    return Slide(
        "day", days[0].since, len(days), last.person_id, last.person, last.team, count, sum_, "", text
    )


def _slide(award: Award, number: int, words: Words) -> Slide:
    what = (
        f"{award.since.month}月的开拓能手"
        if award.period == "month"
        else f"第{_WEEKS[number - 1]}周的开拓能手"
    )
    text = f"{what}，{award.team}的{award.person}，{counted(award.count, words)}单，共{words.amount(award.amount)}！"
    if award.period == "month":
        text += "请大家鼓掌！"
    return Slide(
        award.period, award.since, number, award.person_id, award.person, award.team, award.count, award.amount,
        award.prize, text,
    )  # fmt: skip


def lines_of(month: int, walk: Iterable[Slide]) -> tuple[Line, ...]:
    """Return the script of the whole walk; each slide has its mark, so that the wall turns with the voice."""
    found = tuple(walk)
    if not found:
        return ()
    opening = Line(f"请大家到前面来，为{month}月的获奖者鼓掌。")
    return (opening, *(Line(slide.text, f"{MARK}{n}", n == 0) for n, slide in enumerate(found)))
