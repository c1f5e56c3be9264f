"""Who is praised besides the ranking: the champion of a prize, and the honours (streak, record, …)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from controller.book import honours
from controller.book.honours import Honour
from controller.book.standings import Standing, Standings
from controller.book.store import Book
from controller.glance import Champion, OnAir, Tally
from controller.office.cues import PERIOD_OF
from controller.office.room import Room, period_of
from controller.rhythm.model import Prizes, State

LOOK_BACK = timedelta(days=90)
KEPT_S = 300.0
"""So old the past may be: only an order taken back changes it, and 90 days are not read at each order."""


@dataclass(frozen=True, slots=True)
class _Past:
    until: date
    read_at: float
    workdays: tuple[date, ...]
    sold: Mapping[int, Collection[date]]
    first_days: Mapping[int, date]


class Praise:
    """Called under the view's lock."""

    def __init__(self, room: Room):
        self._room = room
        self._past: _Past | None = None

    def champion(self, book: Book, state: State, on_air: OnAir | None, today: date) -> Champion | None:
        """Whom the wall's award is for: who is being praised, or at the ceremony the best of last month."""
        period = PERIOD_OF.get(on_air.kind) if on_air else None
        if period is not None:
            return _champion(book, self._room.rhythm.prizes, period, today)
        if state.wall == "award":
            return _champion(
                book, self._room.rhythm.prizes, "month", today.replace(day=1) - timedelta(days=1)
            )
        return None

    def honours(
        self, book: Book, day: Standings, week: Standings, hidden: Collection[int], today: date
    ) -> tuple[Honour, ...]:
        """The honours that somebody has earned, as of now; nobody hidden among them."""
        past = self._looked_back(book, today)
        sold = {row.id: {today, *past.sold.get(row.id, ())} for row in day.people}
        found = (
            honours.longest_streak(_shown(day, week), {**past.sold, **sold}, past.workdays, today),
            honours.most_orders(week.people),
            honours.newcomer(week.people, past.first_days, today),
            honours.record(book.deals.largest_few(), hidden),
        )
        return tuple(honour for honour in found if honour is not None)

    def _looked_back(self, book: Book, today: date) -> _Past:
        past = self._past
        if past is None or past.until != today or time.monotonic() - past.read_at > KEPT_S:
            workdays = past.workdays if past is not None and past.until == today else self._workdays(today)
            sold = book.deals.selling_days(today - LOOK_BACK, today - timedelta(days=1))
            past = self._past = _Past(today, time.monotonic(), workdays, sold, book.deals.first_days())
        return past

    def _workdays(self, today: date) -> tuple[date, ...]:
        works = self._room.almanac.works
        days = (today - timedelta(days=ahead) for ahead in range(LOOK_BACK.days, -1, -1))
        return tuple(day for day in days if works(day))


def _shown(day: Standings, week: Standings) -> tuple[Standing, ...]:
    """Who may have a streak: who sold today, and who did this week."""
    today = {row.id for row in day.people}
    return (*day.people, *(row for row in week.people if row.id not in today))


def _champion(book: Book, prizes: Prizes, period: str, day: date) -> Champion | None:
    since, until = period_of(period, day)
    people = book.standings(since, until).people
    prize = {"day": prizes.day, "week": prizes.week, "month": prizes.month}[period]
    return Champion(period, since, tally(people[0]), prize) if people else None


def tally(row: Standing) -> Tally:
    """A row of a ranking as screens draw it."""
    return Tally(
        place=row.place, name=row.name, team=row.team, count=row.count, amount=row.amount, target=row.target,
        rate=None if row.rate is None else float(row.rate), gap=row.gap, to_next=row.to_next, photo=row.photo,
    )  # fmt: skip
