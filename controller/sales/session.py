"""One transaction or snapshot of the store with all its tables, and the standings computed from several of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Final

from controller.sales import standings
from controller.sales.access import AccessTables
from controller.sales.announcements import Outbox
from controller.sales.awards import Awards
from controller.sales.city_tables import CityTables
from controller.sales.contest_rows import Contests
from controller.sales.deals import Deals
from controller.sales.duty_tables import Duties
from controller.sales.exceptions import DayExceptions
from controller.sales.history import History
from controller.sales.inbound_rows import Inbound
from controller.sales.link_messages import LinkMessages
from controller.sales.measures import Measures
from controller.sales.model import Person, Team
from controller.sales.money import from_fen
from controller.sales.people import Roster
from controller.sales.products import Products
from controller.sales.proposals import Proposals
from controller.sales.received import ReceivedMessages
from controller.sales.rows import Rows
from controller.sales.settings import Settings
from controller.sales.target_tables import Targets
from controller.sales.targets import PeriodTargets, Works
from controller.sales.team_moves import TeamMoves

_PERIODS_KEPT: Final = 7

RosterOfPeriod = tuple[tuple[Person, ...], tuple[Team, ...], PeriodTargets]
RosterCache = dict[tuple[int, date, date, tuple[date, ...]], RosterOfPeriod]


def monday_to_friday(day: date) -> bool:
    """Return whether a date is a working day where no timetable says so."""
    return day.weekday() < 5


class Session:
    """One consistent view of the store: all tables in one snapshot or transaction. `works`: is a date a working day?

    `kept`: rosters of committed states by their version. A transaction (`writes`) adds only the one it began with:
    after a rollback the versions that it made are used again.
    """

    def __init__(
        self, rows: Rows, kept: RosterCache, works: Works = monday_to_friday, *, writes: bool = False
    ) -> None:
        self.rows = rows
        self._kept, self._works = kept, works
        self._began = Roster(rows).version() if writes else None
        self._after: list[Callable[[], None]] = []

    # Each table is made when it is first used: a deal needs five of the fifteen.

    @cached_property
    def deals(self) -> Deals:
        return Deals(self.rows)

    @cached_property
    def roster(self) -> Roster:
        return Roster(self.rows)

    @cached_property
    def moves(self) -> TeamMoves:
        return TeamMoves(self.rows)

    @cached_property
    def products(self) -> Products:
        return Products(self.rows)

    @cached_property
    def proposals(self) -> Proposals:
        return Proposals(self.rows)

    @cached_property
    def inbound(self) -> Inbound:
        return Inbound(self.rows)

    @cached_property
    def received(self) -> ReceivedMessages:
        return ReceivedMessages(self.rows)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.rows)

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.rows)

    @cached_property
    def targets(self) -> Targets:
        return Targets(self.rows, self.roster, self._works)

    @cached_property
    def duties(self) -> Duties:
        return Duties(self.rows)

    @cached_property
    def exceptions(self) -> DayExceptions:
        return DayExceptions(self.rows)

    @cached_property
    def access(self) -> AccessTables:
        return AccessTables(self.rows)

    @cached_property
    def awards(self) -> Awards:
        return Awards(self.rows)

    @cached_property
    def contests(self) -> Contests:
        return Contests(self.rows)

    @cached_property
    def history(self) -> History:
        return History(self.rows)

    @cached_property
    def link_messages(self) -> LinkMessages:
        return LinkMessages(self.rows)

    @cached_property
    def measures(self) -> Measures:
        return Measures(self.rows)

    @cached_property
    def cities(self) -> CityTables:
        return CityTables(self.rows)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` after the commit and before the change is signalled: for updating caches in memory."""
        self._after.append(call)

    def committed(self) -> None:
        """Run the calls registered with `after_commit`: the transaction is on the disk."""
        for call in self._after:
            call()

    def standings(self, since: date, until: date) -> standings.Standings:
        """Return the standings for the days `since`..`until`, both included; `standings` has the rules for places."""
        people, teams, targets = self._roster_of(since, until)
        sales = self.deals.sales(since, until)
        ranked = standings.standings(sales, people, teams, targets.people, targets.teams, self.rows.zone)
        if targets.office and (targets.fixed or not all(team.target for team in ranked.teams)):
            return replace(ranked, target=from_fen(targets.office))
        return ranked

    def everybody(self) -> tuple[tuple[Person, ...], tuple[Team, ...]]:
        """Return all people and teams, including removed ones."""
        return self._roster_of(date.min, date.min)[:2]

    def people(self) -> tuple[Person, ...]:
        """Return the active people by team, leaders first; the same tuple until the roster changes."""
        key = (self.roster.version(), date.max, date.max, ())
        kept = self._kept.get(key)
        if kept is None:
            everybody, teams, targets = self._roster_of(date.min, date.min)
            there = sorted(
                (person for person in everybody if person.active),
                key=lambda person: (person.team_id, not person.leader, person.id),
            )
            kept = (tuple(there), teams, targets)
            self._keep(key, kept)
        return kept[0]

    def active_ids(self) -> frozenset[int]:
        """Return the ids of the people who are in the office."""
        return frozenset(self.roster.active_ids())

    def _roster_of(self, since: date, until: date) -> RosterOfPeriod:
        """Return people, teams and targets, read again only after a change: they change daily, deals hourly.

        A month's shares also depend on its working days.
        """
        key = (self.roster.version(), since, until, self.targets.calendar_of(since, until))
        roster = self._kept.get(key)
        if roster is None:
            people, teams = self.roster.everybody(), self.roster.every_team()
            team_of = {person.id: person.team_id for person in people}
            roster = (people, teams, self.targets.of_period(since, until, team_of))
            self._keep(key, roster)
        return roster

    def _keep(self, key: tuple[int, date, date, tuple[date, ...]], roster: RosterOfPeriod) -> None:
        if self._began is not None and key[0] != self._began:
            return
        self._kept[key] = roster
        while len(self._kept) > _PERIODS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
