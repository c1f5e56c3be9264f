"""The office at one moment: everything that walls and phones draw, in one frozen value.

`SnapshotBuilder.glance()` makes it; `signage` turns it into pages. A glance never changes and looks nothing up, so that
drawing touches neither the store nor the clock nor the speaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from controller.health import HealthProblem
from controller.health_readings import Reading
from controller.hearing import ALL_HEARD, Hearing
from controller.sales.ceremony import Slide
from controller.sales.contests import Rules, Side
from controller.sales.highlights import Highlight
from controller.sales.measure_boards import MeasureBoard
from controller.sales.model import City, Deal, Kind
from controller.sales.results import Show
from controller.sales.standings import Standing
from controller.sentences import say
from controller.timetable.model import DayPlan, State, WallSettings

UNNAMED = say("unnamed")
"""Shown in place of the name of a hidden person."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ranking of a period ("day", "week" or "month"): every team, and everyone with a deal."""

    period: str
    teams: tuple[Standing, ...]
    people: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of the whole office in yuan, with its target if there is one."""

    amount: Decimal
    target: Decimal | None
    count: int


@dataclass(frozen=True, slots=True)
class Champion:
    """The winner of a prize: the best of the day, week or month (`period`) that began on `since`."""

    period: str
    since: date
    winner: Standing
    prize: str = ""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """The walk through the winners of `month`. `at`: the slide that a person chose, None: it turns with the voice."""

    month: date
    slides: tuple[Slide, ...]
    at: int | None = None


@dataclass(frozen=True, slots=True)
class ContestView:
    """A contest and its best rows, each group's first. `days_left`: working days that remain, today included."""

    id: int
    rules: Rules
    sides: tuple[Side, ...]
    days_left: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class OnAir:
    """The present announcement. `marks` name moments of it (third, second, first, teams, …) for the wall's changes."""

    id: int
    kind: Kind
    text: str
    deals: tuple[Deal, ...]
    started: datetime
    ends: datetime
    marks: tuple[tuple[str, datetime], ...] = ()
    photos: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sounding:
    """The sound device and the music. `device` None: there is none at the moment.

    `manual`: "play" or "stop" when a person chose it; `playing_until`: when the music, or a person's stop, ends;
    `playing_volume`: 0..100, the music's volume for its span, None without music;
    `music_volume` in percent beside speech; `hearing`: is an announcement heard now?
    """

    device: str | None
    playlist: str | None
    track: str | None
    volume: int
    muted_until: datetime | None
    manual: str | None = None
    music_volume: int = 100
    playing_until: datetime | None = None
    playing_volume: int | None = None
    hearing: Hearing = ALL_HEARD


@dataclass(frozen=True, slots=True)
class Glance:
    """The office at `now`. `board`: the results with the three best people; `champion`: see there; None: not shown.
    `results_announced`: the voice has announced them to the end, so that nothing is left to reveal.

    `ceremony`: the walk that is held; `contests`: those that run today.
    `rankings`: of the day, the week and the month, at this moment. `members`: the people in each team who
    may be shown, oldest member first. `open_targets`: the teams whose targets walls ask for now.
    `cities`: the branches' day at this moment; `city_news`: lines about them that are shown now.
    `measures`: the boards of the numbers beside the deals, empty while no screen shows them.
    `looked`: when all this was found; `now` may be a moment later. None: not kept.
    """

    revision: int
    now: datetime
    office: str
    plan: DayPlan
    state: State
    scene: str
    teams: tuple[Standing, ...]
    people: tuple[Standing, ...]
    deals: tuple[Deal, ...]
    day: Total
    week: Total
    month: Total
    on_air: OnAir | None
    board: Show | None
    sounding: Sounding
    problems: tuple[HealthProblem, ...]
    notices: tuple[str, ...]
    trusted_clock: bool
    walls: WallSettings
    champion: Champion | None = None
    results_announced: bool = False
    highlights: tuple[Highlight, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_targets: tuple[str, ...] = ()
    ceremony: Ceremony | None = None
    contests: tuple[ContestView, ...] = ()
    cities: tuple[City, ...] = ()
    city_news: tuple[str, ...] = ()
    measures: tuple[MeasureBoard, ...] = ()
    readings: tuple[Reading, ...] = ()
    looked: datetime | None = None
