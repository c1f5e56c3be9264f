"""Targets of months, days and periods, and the pace towards them. Pure; amounts are whole fen.

**Rules.** A month's target is split over the month's working days; the days sum to it exactly and differ by at most one
yuan. A day's target is the one that was set for that day, else its share of the month. A team without either has the
sum of its people's targets. A period sums its days; a whole month is the month's target where there is one, because
a lower target for some day does not lower the month. The office's total is the sum of its teams, or its share of
the office's month while some team has no target. When the working days of a month change, its shares change too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

Works = Callable[[date], bool]
YUAN = 100
"""Fen in a yuan: shares are whole yuan when the month's target is."""


@dataclass(frozen=True, slots=True)
class MonthTargets:
    """The targets set for one month; 0: none for the office. Teams and people by id."""

    office: int = 0
    teams: Mapping[int, int] = field(default_factory=dict)
    people: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayTargets:
    """The targets set for one day, by id."""

    teams: Mapping[int, int] = field(default_factory=dict)
    people: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PeriodTargets:
    """Targets of a period by id. `office` counts in place of the teams' sum when it is `fixed` or a team has none."""

    people: Mapping[int, int]
    teams: Mapping[int, int]
    office: int = 0
    fixed: bool = False


def month_of(day: date) -> str:
    """Return the stored form of a month: 2026-11."""
    return f"{day:%Y-%m}"


def days_of(since: date, until: date) -> Iterator[date]:
    """Yield the dates `since`..`until`, both included."""
    for n in range((until - since).days + 1):
        yield since + timedelta(days=n)


def month_bounds(day: date) -> tuple[date, date]:
    """Return the first and the last date of the month of `day`."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def workdays_of(day: date, works: Works) -> tuple[date, ...]:
    """Return the working days of the month of `day`."""
    return tuple(one for one in days_of(*month_bounds(day)) if works(one))


def up_to(fen: int, number: int, count: int) -> int:
    """Return the part of a month's target that belongs to the first `number` of `count` working days."""
    unit = 1 if fen % YUAN else YUAN
    return fen // unit * number // count * unit if count else 0


def share(fen: int, number: int, count: int) -> int:
    """Return the part that belongs to working day `number` (from 1) of `count`."""
    return up_to(fen, number, count) - up_to(fen, number - 1, count)


def split(fen: int, days: Sequence[date]) -> dict[date, int]:
    """Split a month's target over its working days; the parts sum to it exactly. Without working days: nothing."""
    return {day: share(fen, number, len(days)) for number, day in enumerate(days, 1)}


def evenly(fen: int, count: int) -> tuple[int, ...]:
    """Split an amount among `count` people, exactly."""
    return tuple(share(fen, number, count) for number in range(1, count + 1))


def period_targets(
    since: date,
    until: date,
    days: Mapping[date, DayTargets],
    months: Mapping[str, MonthTargets],
    team_of: Mapping[int, int],
    works: Works,
) -> PeriodTargets:
    """Return the targets of `since`..`until`. `days`: the targets set for days; `team_of`: each person's team."""
    whole = months.get(month_of(since), MonthTargets()) if (since, until) == month_bounds(since) else None
    if whole is not None:
        months = {month_of(since): _unsettled(whole, team_of)}
    people: dict[int, int] = {}
    teams: dict[int, int] = {}
    office = 0
    for day in days_of(since, until):
        target = _day(day, days.get(day, DayTargets()), months.get(month_of(day), MonthTargets()), works)
        own, office = target.teams, office + target.office
        for person, fen in target.people.items():
            people[person] = people.get(person, 0) + fen
            team = team_of.get(person)
            if team is not None and team not in own:
                teams[team] = teams.get(team, 0) + fen
        for team, fen in own.items():
            teams[team] = teams.get(team, 0) + fen
    if whole is not None:
        people, teams, office = {**people, **whole.people}, {**teams, **whole.teams}, whole.office
    return PeriodTargets(people, _some(teams), office, fixed=whole is not None and whole.office > 0)


def _unsettled(whole: MonthTargets, team_of: Mapping[int, int]) -> MonthTargets:
    """Return the people's targets that a whole month needs day by day: those of teams without a month's target."""
    people = {one: fen for one, fen in whole.people.items() if team_of.get(one) not in whole.teams}
    return MonthTargets(teams=whole.teams, people=people)


def _day(day: date, chosen: DayTargets, month: MonthTargets, works: Works) -> MonthTargets:
    """Return the targets of one day: its share of the month, replaced by the targets set for it."""
    if not (month.office or month.teams or month.people) or not works(day):
        return MonthTargets(0, chosen.teams, chosen.people)
    days = workdays_of(day, works)
    number, count = days.index(day) + 1, len(days)
    teams = {ident: share(fen, number, count) for ident, fen in month.teams.items()}
    people = {ident: share(fen, number, count) for ident, fen in month.people.items()}
    return MonthTargets(
        share(month.office, number, count), {**teams, **chosen.teams}, {**people, **chosen.people}
    )


def _some(targets: Mapping[int, int]) -> dict[int, int]:
    return {ident: fen for ident, fen in targets.items() if fen}


# --- Pace


@dataclass(frozen=True, slots=True)
class Pace:
    """The way to a month's target. `expected`: the part of the month's finished working days.

    `days_left`: working days left, today included; `per_day`: fen needed on each of them, rounded up to whole yuan,
    None when no working day is left.
    """

    target: int
    sold: int
    expected: int
    days_left: int

    @property
    def left(self) -> int:
        """Fen to the target, 0 once it is reached."""
        return max(self.target - self.sold, 0)

    @property
    def per_day(self) -> int | None:
        """The rest of the target by working days left, rounded up."""
        return -(-self.left // (self.days_left * YUAN)) * YUAN if self.days_left else None

    @property
    def behind(self) -> bool:
        """Return whether less was sold than the finished working days should have brought."""
        return self.sold < self.expected


def pace(target: int, sold: int, days: Sequence[date], today: date) -> Pace:
    """Return the pace on `today`. `days`: the working days of the month."""
    finished = sum(day < today for day in days)
    return Pace(target, sold, up_to(target, finished, len(days)), len(days) - finished)
