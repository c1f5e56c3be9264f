"""Stories of the boards of the numbers beside the deals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.sales.measure_boards import MeasureBoard, board_of
from controller.sales.model import Person, Team
from controller.timetable.model import Measure, WallDisplay
from tests.storybook.cast import LONG, PEOPLE, TEAMS
from tests.storybook.quiet_scenes import BIG_TEAM, FAR, PAPER
from tests.storybook.story import Story, story

PINNED = WallDisplay(scene="measures")
CALLS, PAID = Measure("电话", "通"), Measure("回款", "元")


def counted(measure: Measure, teams: int, people: int, names: tuple[str, ...] = PEOPLE) -> MeasureBoard:
    """Return today's board of made-up numbers, made by the real ranking."""
    rows = {n: Team(n, TEAMS[n - 1] if n > 1 or names is PEOPLE else BIG_TEAM) for n in range(1, teams + 1)}
    staff = {}
    for n in range(people):
        team = rows[n % teams + 1]
        name = names[n % len(names)] + (str(n) if n >= len(names) else "")
        staff[n + 1] = Person(n + 1, name, team.id, team.name)
    factor = 1250_00 if measure.unit == "元" else 100
    sums = [(n, one.team_id, (people * 3 + 20 - 3 * n) * factor) for n, one in staff.items()]
    return board_of(measure, "day", sums, staff, rows)


def _story(board: MeasureBoard, display: WallDisplay = PINNED, **over: Any) -> Story:
    return story("14:52:00", display, measures=(board,), **over)


def measure_stories() -> dict[str, Story]:
    """Return the stories."""
    return {
        "measures": _story(counted(CALLS, 4, 20)),
        "measures-sixty": _story(counted(CALLS, 12, 60)),
        "measures-one-team": _story(counted(PAID, 1, 6)),
        "measures-long": _story(counted(PAID, 6, 12, LONG)),
        "measures-empty": _story(counted(CALLS, 4, 0)),
        "measures-none": story("14:52:00", PINNED),
        "measures-light": _story(counted(CALLS, 8, 24), replace(PAPER, scene="measures")),
        "measures-far": _story(counted(CALLS, 8, 24), replace(FAR, scene="measures")),
    }
