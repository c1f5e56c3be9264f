"""The month's ceremony: the walk through its winners, as slides with a sentence each. Pure.

The month's top sales come first, then the top sales of its weeks, then those who were top sales of a day, most days
first. People who are hidden now are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from controller.sales.awards import Award
from controller.sales.messages import Variants, Words, counted, phrase
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


class Texts(Protocol):
    """The office's sentences for winners of the month, of a week, and of several days."""

    @property
    def month(self) -> Variants: ...
    @property
    def week(self) -> Variants: ...
    @property
    def day(self) -> Variants: ...


def slides(awards: Iterable[Award], hidden: Collection[int], words: Words, texts: Texts) -> tuple[Slide, ...]:
    """Return the walk through a month's awards, best first; empty without any.

    The walk is made again for each screen, so the variant of a text follows from the winner's place in it.
    """
    shown = [award for award in awards if award.person_id and award.person_id not in hidden]
    months = [_slide(award, 0, words, texts) for award in shown if award.period == "month"]
    begun = sorted({award.since for award in shown if award.period == "week"})
    weeks = [
        _slide(award, begun.index(award.since) + 1, words, texts) for award in shown if award.period == "week"
    ]
    return (*months, *weeks, *_days(shown, words, texts.day))[:MOST_SLIDES]


def _days(shown: Iterable[Award], words: Words, variants: Variants) -> list[Slide]:
    """Return one slide for each person with most days won; the last award of a person has the present team."""
    won: dict[int, list[Award]] = {}
    for award in shown:
        if award.period == "day":
            won.setdefault(award.person_id, []).append(award)
    best = sorted(won.values(), key=lambda days: (-len(days), -sum(day.amount for day in days)))
    return [_of_days(days, words, variants, place) for place, days in enumerate(best[:_DAY_WINNERS])]


def _of_days(days: list[Award], words: Words, variants: Variants, place: int) -> Slide:
    last, sum_ = days[-1], sum((day.amount for day in days), Decimal(0))
    count = sum(day.count for day in days)
    slots = {
        "month": month_words(last.since), "team": last.team, "person": last.person,
        "times": words.count(len(days), "次"), "count": counted(count, words), "amount": words.amount(sum_),
    }  # fmt: skip
    return Slide(
        "day", days[0].since, len(days), last.person_id, last.person, last.team, count, sum_, "",
        phrase(variants, slots, pick=place).text,
    )  # fmt: skip


def _slide(award: Award, number: int, words: Words, texts: Texts) -> Slide:
    slots = {
        "month": month_words(award.since), "week": f"第{_WEEKS[number - 1]}周" if number else "",
        "team": award.team, "person": award.person, "count": counted(award.count, words),
        "amount": words.amount(award.amount), "prize": award.prize,
    }  # fmt: skip
    variants = texts.month if award.period == "month" else texts.week
    return Slide(
        award.period, award.since, number, award.person_id, award.person, award.team, award.count, award.amount,
        award.prize, phrase(variants, slots, pick=number).text,
    )  # fmt: skip


def month_words(day: date) -> str:
    """Return a date's month as the texts say it: 11月."""
    return f"{day.month}月"


def lines_of(opening: str, walk: Iterable[Slide]) -> tuple[Line, ...]:
    """Return the script of the whole walk; each slide has its mark, so that the wall turns with the voice."""
    found = tuple(walk)
    if not found:
        return ()
    return (Line(opening), *(Line(slide.text, f"{MARK}{n}", n == 0) for n, slide in enumerate(found)))
