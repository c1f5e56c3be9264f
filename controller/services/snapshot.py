"""The snapshot (`Glance`) from which walls and phones are drawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from controller.glance import (
    UNNAMED,
    Champion,
    Glance,
    OnAir,
    Ranking,
    Sounding,
    Total,
)
from controller.sales import highlights, results
from controller.sales.highlights import Highlight
from controller.sales.model import HEARD, RESULTS, City, Deal, Kind, Person
from controller.sales.standings import Standing, Standings
from controller.sales.store import Session
from controller.services.announcement_priority import EMERGENCY
from controller.services.announcements import AnnouncementService
from controller.services.celebrations import NOON
from controller.services.cities import CityService
from controller.services.contests import ContestService
from controller.services.context import Context
from controller.services.cues import PERIOD_OF, CueService
from controller.services.health import HealthMonitor
from controller.services.honours import Honours
from controller.services.measures import MeasureService
from controller.services.targets import asks_for_targets, teams_without_targets
from controller.timetable.model import DayPlan, Prizes, State, WallSettings
from controller.timetable.times import period_of

LOOK_BACK = timedelta(days=90)
KEPT_S = 300.0
"""Maximum age of cached past days: only a deal taken back changes them, and reading 90 days at each deal is slow."""


@dataclass(frozen=True, slots=True)
class _Past:
    until: date
    read_at: float
    workdays: tuple[date, ...]
    sold: Mapping[int, Collection[date]]
    first_days: Mapping[int, date]


class DayHighlights:
    """Called under the lock of `SnapshotBuilder`."""

    def __init__(self, context: Context):
        self._context = context
        self._past: _Past | None = None

    def champion(self, session: Session, state: State, on_air: OnAir | None, today: date) -> Champion | None:
        """Return the person of the award scene: from the present announcement, or at the ceremony last month's best."""
        period = PERIOD_OF.get(on_air.kind) if on_air else None
        if period is not None:
            return _champion(session, self._context.rhythm.prizes, period, today)
        if state.wall == "award":
            return _champion(
                session, self._context.rhythm.prizes, "month", today.replace(day=1) - timedelta(days=1)
            )
        return None

    def present(
        self, session: Session, day: Standings, week: Standings, hidden: Collection[int], today: date
    ) -> tuple[Highlight, ...]:
        """Return the present highlights, without hidden people."""
        past = self._looked_back(session, today)
        sold = {row.id: {today, *past.sold.get(row.id, ())} for row in day.people}
        candidates = (
            highlights.longest_streak(_shown(day, week), {**past.sold, **sold}, past.workdays, today),
            highlights.most_orders(week.people),
            highlights.newcomer(week.people, past.first_days, today),
            highlights.record(session.deals.largest_few(), hidden),
        )
        return tuple(highlight for highlight in candidates if highlight is not None)

    def _looked_back(self, session: Session, today: date) -> _Past:
        past = self._past
        if past is None or past.until != today or time.monotonic() - past.read_at > KEPT_S:
            workdays = past.workdays if past is not None and past.until == today else self._workdays(today)
            sold = session.deals.selling_days(today - LOOK_BACK, today - timedelta(days=1))
            past = self._past = _Past(today, time.monotonic(), workdays, sold, session.deals.first_days())
        return past

    def _workdays(self, today: date) -> tuple[date, ...]:
        works = self._context.timetable_file.works
        days = (today - timedelta(days=ahead) for ahead in range(LOOK_BACK.days, -1, -1))
        return tuple(day for day in days if works(day))


def _shown(day: Standings, week: Standings) -> tuple[Standing, ...]:
    """Return the people that may have a streak: sellers of today, then those of this week."""
    today = {row.id for row in day.people}
    return (*day.people, *(row for row in week.people if row.id not in today))


def _champion(session: Session, prizes: Prizes, period: str, day: date) -> Champion | None:
    since, until = period_of(period, day)
    people = session.standings(since, until).people
    prize = {"day": prizes.day, "week": prizes.week, "month": prizes.month}[period]
    return Champion(period, since, people[0], prize) if people else None


# --- The snapshot

LATEST_DEALS = 100  # a wall shows the last twelve of the office, or of its team
KEPT_FOR = timedelta(milliseconds=300)
"""After each hint two hundred walls request the state at the same time: only one request computes it."""
WATCH_SHARE = 300
"""A check of the music files that took t seconds is repeated after this many times t."""


class SnapshotBuilder:
    """Thread-safe."""

    def __init__(
        self,
        context: Context,
        talk: AnnouncementService,
        cues: CueService,
        sounding: Callable[[datetime], Sounding],
        walls: Callable[[WallSettings], WallSettings],
        playlists: Callable[[], tuple[str, ...]],
        health: HealthMonitor,
        honours: Honours,
        contests: ContestService,
        cities: CityService,
        measures: MeasureService,
    ):
        self._context, self._talk, self._cues, self._sounding = context, talk, cues, sounding
        self._walls, self._playlists, self._health = walls, playlists, health
        self._honours, self._contests, self._cities = honours, contests, cities
        self._measures = measures
        self._highlights = DayHighlights(context)
        self._lock = threading.Lock()
        self._last: Glance | None = None
        self._members: tuple[tuple[Person, ...], dict[str, tuple[str, ...]]] | None = None
        self._turned: tuple[State, int | None] | None = None
        self._seen: tuple[object, ...] = ()
        self._music: tuple[object, ...] = ()
        self._music_due = 0.0

    def glance(self) -> Glance:
        """Return the office now; at most 0.3 s old, and never older than the newest revision."""
        now = self._context.clock.now()
        with self._lock:
            last = self._last
            if (
                last is None
                or last.revision != self._context.feed.revision
                or not now - KEPT_FOR < last.now <= now
            ):
                last = self._last = self._look(now)
            return replace(last, now=now)

    def turn_with(self, state: State) -> None:
        """Notify screens at once when the timetable's state or the announcement shown has changed."""
        on_air = self._talk.shown_on_walls(self._context.clock.now())
        turned = (state, on_air.id if on_air else None)
        if turned != self._turned:
            self._turned = turned
            self.watch()

    def watch(self) -> None:
        """Notify screens of changes that send no event.

        Called every second. Covers the timetable's edits and problems, its next span, duties that become due, disk,
        clock, device, volume, mute, playlists and health problems.
        """
        now = self._context.clock.now()
        plan, on_air = self._context.plan(now), self._talk.shown_on_walls(now)
        seen = (
            self._context.rhythm, self._context.timetable_file.faults, plan, self._context.state(now),
            self._health.clock_trusted(), self._health.besides_music(), self._sounding(now),
            self._watched_music(), on_air.id if on_air else None, asks_for_targets(plan, now),
            sum(duty.at is not None and duty.at <= now for duty in plan.duties), self._honours.held(now),
            self._cities.lines(), now.hour < NOON,
        )  # fmt: skip
        if seen != self._seen:
            self._seen = seen
            self._context.feed.notify()

    def _watched_music(self) -> tuple[object, ...]:
        """Return playlists and the problems of their files. Checking the files uses at most 1/300 of the time."""
        began = self._context.clock.monotonic()
        if began >= self._music_due:
            before = time.perf_counter()
            self._music = self._health.of_the_music()
            self._music_due = began + WATCH_SHARE * (time.perf_counter() - before)
        return (self._playlists(), self._music)

    def _look(self, now: datetime) -> Glance:
        context = self._context
        revision = context.feed.revision
        plan, state, on_air = context.plan(now), context.state(now), self._talk.shown_on_walls(now)
        trusted = self._health.clock_trusted()
        scene = _scene(state, on_air, trusted, held=self._honours.held(now))
        walls = self._walls(context.rhythm.walls)
        report = self._health.report()
        with context.store.read() as session:
            periods = {
                period: session.standings(*period_of(period, now.date()))
                for period in ("day", "week", "month")
            }
            board = self._board(session, plan, now) if scene == "leaderboard" else None
            announced = board is not None and _announced(session, now.date())
            deals = tuple(deal for deal in session.deals.last(LATEST_DEALS) if deal.date == now.date())
            people = session.everybody()[0]
            hidden = {p.id for p in people if p.hidden}
            champion = self._highlights.champion(session, state, on_air, now.date())
            members = self._members_of(session.people())
            notices = (*plan.warnings, *self._cues.celebrated(session, plan, now))
            asked = asks_for_targets(plan, now) and teams_without_targets(session, now.date())
            walk = self._honours.present(session, now, on_air.kind if on_air else None)
            running = self._contests.shown(session, now)
            cities = self._cities.rows(session, now.date(), periods["day"])
            measured = _shows(walls, state, "measures") and self._measures.of_wall(session, now.date())
            shown = self._highlights.present(session, periods["day"], periods["week"], hidden, now.date())
        return Glance(
            revision=revision, now=now, office=context.rhythm.office, plan=plan, state=state, scene=scene,
            teams=periods["day"].teams, people=periods["day"].people,
            deals=unnamed(deals, hidden),
            day=_total(periods["day"]), week=_total(periods["week"]), month=_total(periods["month"]),
            on_air=_for_screens(on_air, people) if on_air else None, board=board, sounding=self._sounding(now),
            problems=report.problems, readings=report.readings, notices=notices, trusted_clock=trusted,
            walls=walls,
            champion=champion, results_announced=announced, highlights=shown,
            rankings=tuple(_ranking(period, standings) for period, standings in periods.items()),
            members=members, open_targets=asked or (), ceremony=walk, contests=running,
            cities=cities, city_news=self._cities.lines(), measures=measured or (), looked=now,
        )  # fmt: skip

    def _board(self, session: Session, plan: DayPlan, now: datetime) -> results.Show:
        """Return the day's results with the three best people: frozen, or the present ones."""
        frozen = session.settings.results(now.date())
        show = results.from_json(frozen) if frozen else self._cues.live(session, plan, now)
        return replace(show, people=show.people[:3])

    def _members_of(self, people: tuple[Person, ...]) -> dict[str, tuple[str, ...]]:
        """Return the people in each team, made again when the roster is another one: it changes once a day."""
        if self._members is None or self._members[0] is not people:
            self._members = (people, _members(people))
        return self._members[1]

    def ranking(self, period: str, day: date) -> Ranking:
        """Return the present ranking of a period."""
        with self._context.store.read() as session:
            standings = session.standings(*period_of(period, day))
        return _ranking(period, standings)

    def cities(self, day: date) -> tuple[City, ...]:
        """Return the branches' results of a day as far as entered, including this office's."""
        plan = self._context.timetable_file.plan(day)
        with self._context.store.read() as session:
            return self._cities.rows(session, plan.date, session.standings(day, day))


def _scene(state: State, on_air: OnAir | None, trusted: bool, *, held: bool) -> str:
    """Return the scene of all walls."""
    if on_air is not None and on_air.kind == EMERGENCY:
        return "celebration"
    if state.quiet:
        return state.wall
    if on_air is not None and on_air.kind == "results":
        return "leaderboard"
    if on_air is not None and (on_air.kind in PERIOD_OF or on_air.kind == Kind.CEREMONY):
        return "award"
    if held and (on_air is None or not on_air.deals):
        return "award"
    if on_air is not None:
        return "celebration"
    return state.wall if trusted else "fault"


def _shows(walls: WallSettings, state: State, scene: str) -> bool:
    """Return whether a screen may show `scene` now: by the timetable, or because it is pinned."""
    displays = (walls.default, *walls.screens.values())
    return state.wall == scene or any(display.scene == scene for display in displays)


def _members(people: Iterable[Person]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    for person in people:
        if not person.hidden:
            members.setdefault(person.team, []).append(person.name)
    return {team: tuple(names) for team, names in members.items()}


def _for_screens(on_air: OnAir, people: Collection[Person]) -> OnAir:
    """Return an announcement for screens: without the names of hidden people, with the photos of all others."""
    hidden = {person.id: person.name for person in people if person.hidden}
    return replace(
        on_air,
        text=without(on_air.text, hidden.values()),
        photos={person.id: person.photo for person in people if person.photo and not person.hidden},
        deals=unnamed(on_air.deals, hidden),
    )


def _total(standings: Standings) -> Total:
    return Total(standings.amount, standings.target, standings.count)


def _ranking(period: str, standings: Standings) -> Ranking:
    return Ranking(period, standings.teams, standings.people)


def unnamed(deals: Iterable[Deal], hidden: Collection[int]) -> tuple[Deal, ...]:
    """Return deals for screens: without the names of hidden people."""
    return tuple(replace(deal, person=UNNAMED) if deal.person_id in hidden else deal for deal in deals)


def without(text: str, names: Iterable[str]) -> str:
    """Return a text for screens: without the names of hidden people; longer names are replaced first."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, UNNAMED)
    return text


def _announced(session: Session, day: date) -> bool:
    return any(said.kind == RESULTS and said.state == HEARD for said in session.outbox.of_day(day))
