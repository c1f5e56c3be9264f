"""Targets: of the month, handed in for the day, reviewed twice a day, and the pace towards them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from controller.sales.deals import Sale
from controller.sales.model import Conflict, Person, Refused, Team
from controller.sales.money import from_fen, parse_amount, to_fen
from controller.sales.session import Session
from controller.sales.target_tables import HandIn, Review
from controller.sales.targets import (
    MonthTargets,
    Pace,
    evenly,
    month_bounds,
    month_of,
    pace,
    workdays_of,
)
from controller.services.context import Context
from controller.timetable.model import DayPlan

REVIEWS = 2
"""Reviews a day."""
ASKED_FOR = timedelta(hours=2)
"""Time after the stand-up for which walls name the teams whose targets are open: until the first review."""
NOTHING = (0, 0)
"""No deals, no fen."""


class AlreadyHandedIn(Conflict):
    """Another hand-in was faster; `present` is the team's newest one."""

    def __init__(self, sentence: str, present: HandIn) -> None:
        super().__init__(sentence, "base")
        self.present = present


@dataclass(frozen=True, slots=True)
class PersonDay:
    """A person's day. `target`: of the day, None without one; `proposed`: the amount in an empty form; in yuan."""

    id: int
    name: str
    target: Decimal | None
    proposed: Decimal
    amount: Decimal
    count: int
    month: Decimal | None
    pace: Pace | None


@dataclass(frozen=True, slots=True)
class TeamDay:
    """A team's day. `hand_in`: the newest one; `since`: deals and yuan since the last review.

    `people`: only of the team that was asked for, because those of a large office are too much for a phone.
    """

    id: int
    name: str
    target: Decimal | None
    amount: Decimal
    count: int
    month: Decimal | None
    pace: Pace | None
    hand_in: HandIn | None
    since: tuple[int, Decimal]
    changed: bool
    people: tuple[PersonDay, ...]


@dataclass(frozen=True, slots=True)
class TargetsDay:
    """The targets of a date. `month` and `pace`: of the whole office."""

    date: date
    workday: bool
    teams: tuple[TeamDay, ...]
    reviews: tuple[Review, ...]
    month: Decimal | None
    pace: Pace | None

    @property
    def next_review(self) -> int | None:
        """Return the number of the review that comes next, 1 or 2; None when both are done."""
        return len(self.reviews) + 1 if len(self.reviews) < REVIEWS else None


def stand_up_end(plan: DayPlan) -> datetime | None:
    """Return when the day's stand-up ends: the first entry with the countdown; None without one."""
    return next((entry.until for entry in plan.entries if entry.wall == "countdown"), None)


def asks_for_targets(plan: DayPlan, now: datetime) -> bool:
    """Return whether walls name the teams whose targets are open: for two hours after the stand-up of a workday."""
    end = stand_up_end(plan)
    return plan.workday and end is not None and end <= now < end + ASKED_FOR


def teams_without_targets(session: Session, day: date) -> tuple[str, ...]:
    """Return the teams with people that have not handed in; none in an office that does not work with targets."""
    if not session.targets.in_use(day):
        return ()
    handed_in = session.targets.latest(day)
    asked = session.targets.staffed() - handed_in.keys()
    return tuple(team.name for team in session.roster.teams() if team.id in asked)


class TargetService:
    """Thread-safe."""

    def __init__(self, context: Context):
        self._context = context

    def set_day(self, team: str, day: date, amount: object) -> None:
        """Set a team's target of a day, in yuan. Raises Refused."""
        yuan = parse_amount(amount)
        with self._context.store.write() as session:
            row = session.roster.team(team)
            if row is None:
                raise Refused(f"没有叫“{team}”的团队。", "team")
            session.roster.set_team_target(day, row.id, yuan)

    # --- months

    def set_month(
        self, month: str, amount: object, team: str | None = None, person: int | None = None
    ) -> None:
        """Set the month's target of a team or a person, or without either of the office; None removes it.

        Raises Refused.
        """
        fen = None if amount is None else to_fen(parse_amount(amount))
        with self._context.store.write() as session:
            scope, ident = _scope(session, team, person)
            session.targets.set_month(month, scope, ident, fen)

    # --- hand-ins

    def hand_in(self, team: str, values: Mapping[int, object], base: int, key: str, who: str) -> HandIn:
        """Hand in the targets of a team's people for today. `base`: the number of the hand-in that the sender saw.

        Raises AlreadyHandedIn when another one came since, with other values; Refused for a wrong person or amount.
        """
        now = self._context.clock.now()
        with self._context.store.write() as session:
            known = session.targets.with_key(key)
            if known is not None:
                return known
            row = session.roster.team(team)
            if row is None:
                raise Refused(f"没有叫“{team}”的团队。", "team")
            fen = _values(values, [one for one in session.roster.people() if one.team_id == row.id])
            present = session.targets.latest(now.date()).get(row.id)
            if present is not None and present.number != base:
                if dict(present.fen) == fen:
                    return present
                raise AlreadyHandedIn(_overtaken(row, present), present)
            number = present.number + 1 if present else 1
            new = HandIn(now.date(), row.id, number, key, who, now, fen)
            session.targets.hand_in(new)
        return new

    # --- reviews

    def review(self, number: int, who: str) -> Review:
        """Record the first or second review of today; the same again returns the first record. Raises Refused."""
        now = self._context.clock.now()
        with self._context.store.write() as session:
            done = session.targets.reviews(now.date())
            known = next((one for one in done if one.number == number), None)
            if known is not None:
                return known
            if number != len(done) + 1:
                raise Refused("第一次复核还没有做，请先做第一次。", "number")
            new = Review(
                now.date(), number, who, now, sold_by(session.deals.sales(now.date(), now.date()), "team_id")
            )
            session.targets.add_review(new)
        return new

    # --- reading

    def open_teams(self, day: date) -> tuple[str, ...]:
        """Return the names of the teams that have not handed in."""
        with self._context.store.read() as session:
            return teams_without_targets(session, day)

    def of_day(self, day: date, people_of: str | None = None) -> TargetsDay:
        """Return the targets of a date as the phone shows them, with the people of one team."""
        works = self._context.timetable_file.works
        with self._context.store.read() as session:
            team = session.roster.team(people_of) if people_of else None
            opened = team.id if team else None
            return _DayReader(session, day, workdays_of(day, works), opened).read(works(day))


class _DayReader:
    """A reader of one date's targets in one snapshot."""

    def __init__(self, session: Session, day: date, workdays: tuple[date, ...], opened: int | None) -> None:
        self._session, self._day, self._workdays, self._opened = session, day, workdays, opened
        everybody = session.everybody()[0]
        team_of = {person.id: person.team_id for person in everybody}
        self._targets = session.targets.of_period(day, day, team_of)
        self._months: MonthTargets = session.targets.month(month_of(day))
        today, month = session.deals.sales(day, day), session.deals.sales(month_bounds(day)[0], day)
        self._of_team, self._of_person = sold_by(today, "team_id"), sold_by(today, "person_id")
        self._month_of_team, self._month_of_person = sold_by(month, "team_id"), sold_by(month, "person_id")
        self._reviews = session.targets.reviews(day)
        self._hand_ins = session.targets.latest(day)

    def read(self, workday: bool) -> TargetsDay:
        staffed = self._session.targets.staffed()
        office = self._months.office
        sold = sum(fen for _, fen in self._month_of_team.values())
        return TargetsDay(
            self._day, workday,
            tuple(self._team(team) for team in self._session.roster.teams() if team.id in staffed),
            self._reviews, _yuan(office), self._pace(office, sold),
        )  # fmt: skip

    def _team(self, team: Team) -> TeamDay:
        count, fen = self._of_team.get(team.id, NOTHING)
        month, target = self._months.teams.get(team.id, 0), self._targets.teams.get(team.id, 0)
        sold = self._month_of_team.get(team.id, NOTHING)[1]
        last = self._reviews[-1] if self._reviews else None
        before = last.teams.get(team.id, NOTHING) if last else NOTHING
        hand_in = self._hand_ins.get(team.id)
        return TeamDay(
            team.id, team.name, _yuan(target), from_fen(fen), count, _yuan(month), self._pace(month, sold),
            hand_in, (count - before[0], from_fen(fen - before[1])),
            changed=last is not None and hand_in is not None and hand_in.at > last.at,
            people=self._people(team.id, target) if team.id == self._opened else (),
        )  # fmt: skip

    def _people(self, team: int, target: int) -> tuple[PersonDay, ...]:
        """Return a team's people; those without a target start from an even part of the rest of the team's."""
        people = [person for person in self._session.people() if person.team_id == team]
        own = {one.id: self._targets.people[one.id] for one in people if one.id in self._targets.people}
        parts = iter(evenly(max(target - sum(own.values()), 0), len(people) - len(own)))
        return tuple(
            self._person(person, own[person.id] if person.id in own else next(parts)) for person in people
        )

    def _person(self, person: Person, proposed: int) -> PersonDay:
        count, fen = self._of_person.get(person.id, NOTHING)
        month = self._months.people.get(person.id, 0)
        target = self._targets.people.get(person.id)
        sold = self._month_of_person.get(person.id, NOTHING)[1]
        return PersonDay(
            person.id, person.name, _yuan(target or 0), from_fen(proposed),
            from_fen(fen), count, _yuan(month), self._pace(month, sold),
        )  # fmt: skip

    def _pace(self, target: int, sold: int) -> Pace | None:
        return pace(target, sold, self._workdays, self._day) if target else None


def _yuan(fen: int) -> Decimal | None:
    return from_fen(fen) if fen else None


def sold_by(sales: Iterable[Sale], by: str) -> dict[int, tuple[int, int]]:
    """Return the number of deals and fen by "team_id" or "person_id"."""
    sold: dict[int, tuple[int, int]] = {}
    for sale in sales:
        count, fen = sold.get(ident := getattr(sale, by), NOTHING)
        sold[ident] = count + sale.count, fen + sale.fen
    return sold


def _scope(session: Session, team: str | None, person: int | None) -> tuple[str, int]:
    if person is not None:
        if session.roster.person(person) is None:
            raise Refused("名单里没有这个人。", "person")
        return "person", person
    if team is None:
        return "office", 0
    row = session.roster.team(team)
    if row is None:
        raise Refused(f"没有叫“{team}”的团队。", "team")
    return "team", row.id


def _values(values: Mapping[int, object], people: list[Person]) -> dict[int, int]:
    """Return fen by person: each person of the team exactly once. Raises Refused."""
    names = {person.id: person.name for person in people}
    if strange := values.keys() - names.keys():
        raise Refused(f"名单有变动：编号 {min(strange)} 的人不在这个团队里。请看一遍，再交一次。", "values")
    if missing := [name for ident, name in names.items() if ident not in values]:
        raise Refused(f"还差{'、'.join(missing[:5])}的目标；今天没有目标的，请填 0。", "values")
    fen = {ident: _fen(values[ident], name) for ident, name in names.items()}
    if not any(fen.values()):
        raise Refused("每个人的目标都是 0，请至少填一个人的目标。", "values")
    return fen


def _fen(amount: object, name: str) -> int:
    if not isinstance(amount, bool) and str(amount).strip() in ("0", "０", "0.0", "0.00"):
        return 0
    try:
        return to_fen(parse_amount(amount))
    except Refused as refused:
        raise Refused(f"{name}：{refused.sentence}", "values") from refused


def _overtaken(team: Team, present: HandIn) -> str:
    total = from_fen(sum(present.fen.values()))
    return (
        f"{present.who}在 {present.at:%H:%M} 已经交了{team.name}的目标，合计 {total.normalize():f} 元。"
        "请看一遍：按那份，还是换成这份？"
    )
