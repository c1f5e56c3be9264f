"""The view: gathers everything a wall or a phone draws from into one frozen glance."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from controller.book import show
from controller.book.model import Deal, Person
from controller.book.show import CityRow, Show
from controller.book.standings import Standing, Standings
from controller.glance import UNNAMED, Board, City, Glance, OnAir, Ranking, Sounding, Tally, Total, Trouble
from controller.office.cues import PERIOD_OF, CueDesk
from controller.office.etiquette import EMERGENCY
from controller.office.praise import Praise, tally
from controller.office.room import Room, period_of
from controller.office.talk import Talk
from controller.rhythm.model import State, WallSettings

LATEST_DEALS = 100  # a wall shows the last twelve of the office, or of its own team
KEPT_FOR = timedelta(milliseconds=300)
"""Two hundred walls ask at once after each hint: one of them does the work."""
WATCH_SHARE = 300
"""What a look at the music costs is spent once in so many times its length."""
TITLE = "开拓能手"


class View:
    """Thread-safe."""

    def __init__(self, room: Room, talk: Talk, cues: CueDesk, sounding: Callable[[datetime], Sounding]):
        self._room, self._talk, self._cues, self._sounding = room, talk, cues, sounding
        self._praise = Praise(room)
        self._lock = threading.Lock()
        self._last: Glance | None = None
        self._turned: tuple[State, int | None] | None = None
        self._seen: tuple[object, ...] = ()
        self._music: tuple[object, ...] = ()
        self._music_due = 0.0
        self.troubles: Callable[[], tuple[Trouble, ...]] = lambda: ()
        self.urgent_troubles: Callable[[], tuple[Trouble, ...]] = lambda: ()
        self.music_troubles: Callable[[], tuple[Trouble, ...]] = lambda: ()
        self.playlists: Callable[[], tuple[str, ...]] = lambda: ()
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
        """At each boundary: tells the screens at once when the timetable, or what is celebrated, has gone on."""
        on_air = self._talk.on_air(self._room.clock.now())
        turned = (state, on_air.id if on_air else None)
        if turned != self._turned:
            self._turned = turned
            self.watch()

    def watch(self) -> None:
        """Tells the screens when anything that they show has changed without an event of its own.

        Called every second. What comes by itself (the timetable's edits and faults, its next span, disk, clock,
        device, volume, mute, playlists, troubles) needs no other signal.
        """
        now = self._room.clock.now()
        plan, on_air = self._room.plan(now), self._talk.on_air(now)
        seen = (
            self._room.rhythm, self._room.almanac.faults, plan, self._room.state(now), self.trusted(),
            self.urgent_troubles(), self._sounding(now), self._watched_music(), on_air.id if on_air else None,
        )  # fmt: skip
        if seen != self._seen:
            self._seen = seen
            self._room.feed.tell()

    def _watched_music(self) -> tuple[object, ...]:
        """Playlists and what is wrong with their files. Looking through many files may take 1/300 of the time."""
        began = self._room.clock.monotonic()
        if began >= self._music_due:
            before = time.perf_counter()
            self._music = self.music_troubles()
            self._music_due = began + WATCH_SHARE * (time.perf_counter() - before)
        return (self.playlists(), self._music)

    def _look(self, now: datetime) -> Glance:
        room = self._room
        revision = room.feed.revision
        plan, state, on_air = room.plan(now), room.state(now), self._talk.on_air(now)
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
            names = [p.name for p in people if p.hidden]
            photos = {p.id: p.photo for p in people if p.photo and not p.hidden}
            champion = self._praise.champion(book, state, on_air, now.date())
            members = _members(book.roster.people())
            honours = self._praise.honours(book, periods["day"], periods["week"], hidden, now.date())
        return Glance(
            revision=revision, now=now, office=room.rhythm.office, plan=plan, state=state, scene=scene,
            teams=tallies(periods["day"].teams), people=tallies(periods["day"].people),
            deals=unnamed(deals, hidden),
            day=_total(periods["day"]), week=_total(periods["week"]), month=_total(periods["month"]),
            on_air=replace(
                on_air, text=without(on_air.text, names), photos=photos, deals=unnamed(on_air.deals, hidden)
            ) if on_air else None,
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
    if on_air is not None and on_air.kind == EMERGENCY:
        return "celebration"
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


def without(text: str, names: Iterable[str]) -> str:
    """A text as the screens may show it: without the names of who is hidden, longer names first."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, UNNAMED)
    return text


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
