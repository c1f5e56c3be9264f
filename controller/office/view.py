"""The view: gathers everything a wall or a phone draws from into one frozen glance."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from controller.book import show
from controller.book.model import Deal, Person
from controller.book.show import CityRow, Show
from controller.book.standings import Standing, Standings
from controller.glance import UNNAMED, Board, City, Glance, OnAir, Ranking, Sounding, Tally, Total, Trouble
from controller.office.cues import PERIOD_OF, CueDesk
from controller.office.praise import Praise, tally
from controller.office.room import Room, period_of
from controller.office.talk import Talk
from controller.rhythm.model import State, WallSettings

LATEST_DEALS = 100  # a wall shows the last twelve of the office, or of its own team
KEPT_FOR = timedelta(milliseconds=300)
"""Two hundred walls ask at once after each hint: one of them does the work."""
TITLE = "开拓能手"


class View:
    """Thread-safe."""

    def __init__(self, room: Room, talk: Talk, cues: CueDesk, sounding: Callable[[datetime], Sounding]):
        self._room, self._talk, self._cues, self._sounding = room, talk, cues, sounding
        self._praise = Praise(room)
        self._lock = threading.Lock()
        self._last: Glance | None = None
        self._state: State | None = None
        self.troubles: Callable[[], tuple[Trouble, ...]] = lambda: ()
        self.walls: Callable[[WallSettings], WallSettings] = lambda settings: settings
        self.trusted: Callable[[], bool] = lambda: True

    def glance(self) -> Glance:
        """The office now; at most 0.3 s old, and never older than the newest revision."""
        now = self._room.clock.now()
        with self._lock:
            last = self._last
            if (
                last is None
                or last.revision != self._room.feed.revision
                or not now - KEPT_FOR < last.now <= now
            ):
                last = self._last = self._look(now)
            return replace(last, now=now)

    def turn_with(self, state: State) -> None:
        """Tells the screens when the timetable has gone on to another entry or scene."""
        if self._state != state:
            self._state = state
            self._room.feed.tell()

    def _look(self, now: datetime) -> Glance:
        room = self._room
        revision = room.feed.revision
        plan, state, on_air = room.plan(now), room.state(now), self._talk.on_air
        trusted = self.trusted()
        scene = _scene(state, on_air, trusted)
        with room.store.read() as book:
            periods = {
                period: book.standings(*period_of(period, now.date())) for period in ("day", "week", "month")
            }
            frozen = book.desk.results(now.date())
            board = None
            if scene == "leaderboard":
                board = _board(show.from_json(frozen) if frozen else self._cues.live(book, plan, now))
            deals = tuple(deal for deal in book.deals.last(LATEST_DEALS) if deal.date == now.date())
            people = book.roster.everybody()
            hidden = {p.id for p in people if p.hidden}
            photos = {p.id: p.photo for p in people if p.photo and not p.hidden}
            champion = self._praise.champion(book, state, on_air, now.date())
            members = _members(book.roster.people())
            honours = self._praise.honours(book, periods["day"], periods["week"], hidden, now.date())
        return Glance(
            revision=revision, now=now, office=room.rhythm.office, plan=plan, state=state, scene=scene,
            teams=tallies(periods["day"].teams), people=tallies(periods["day"].people),
            deals=unnamed(deals, hidden),
            day=_total(periods["day"]), week=_total(periods["week"]), month=_total(periods["month"]),
            on_air=replace(on_air, photos=photos, deals=unnamed(on_air.deals, hidden)) if on_air else None,
            board=board, sounding=self._sounding(now),
            troubles=self.troubles(), notices=plan.warnings, trusted_clock=trusted, walls=self.walls(room.rhythm.walls),
            champion=champion, honours=honours,
            rankings=tuple(_ranking(period, found) for period, found in periods.items()),
            members=members,
        )  # fmt: skip

    def ranking(self, period: str, day: date) -> Ranking:
        """A ranking as it stands now."""
        with self._room.store.read() as book:
            found = book.standings(*period_of(period, day))
        return _ranking(period, found)

    def cities(self, day: date) -> tuple[City, ...]:
        """The branches' results of a day as far as they are told, this one's too."""
        plan = self._room.almanac.plan(day)
        with self._room.store.read() as book:
            return _cities(self._cues.cities(book, plan.date, book.standings(day, day)))


def _scene(state: State, on_air: OnAir | None, trusted: bool) -> str:
    """What the walls show, decided once for all of them."""
    if state.quiet:
        return state.wall
    if on_air is not None and on_air.kind == "results":
        return "leaderboard"
    if on_air is not None and on_air.kind in PERIOD_OF:
        return "award"
    if on_air is not None:
        return "celebration"
    return state.wall if trusted else "fault"


def _members(people: Iterable[Person]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for person in people:
        if not person.hidden:
            found[person.team] = (*found.get(person.team, ()), person.name)
    return found


def _total(found: Standings) -> Total:
    return Total(found.amount, found.target, found.count)


def _ranking(period: str, found: Standings) -> Ranking:
    return Ranking(period, tallies(found.teams), tallies(found.people))


def unnamed(deals: Iterable[Deal], hidden: Collection[int]) -> tuple[Deal, ...]:
    """Orders as the screens may show them: of whoever is hidden, without the name."""
    return tuple(replace(deal, person=UNNAMED) if deal.person_id in hidden else deal for deal in deals)


def tallies(rows: Iterable[Standing]) -> tuple[Tally, ...]:
    """Rows of a ranking as screens draw them."""
    return tuple(tally(row) for row in rows)


def _board(found: Show) -> Board:
    return Board(
        title=TITLE, period="day", top=tallies(found.people[:3]), teams=tallies(found.teams),
        cities=_cities(found.cities),
        week_top=tally(found.week_top) if found.week_top else None,
        month_top=tally(found.month_top) if found.month_top else None, comment=found.comment,
    )  # fmt: skip


def _cities(rows: Iterable[CityRow]) -> tuple[City, ...]:
    return tuple(City(row.place, row.name, float(row.rate or 0), row.own) for row in rows)
