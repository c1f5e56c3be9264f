"""Building blocks of a story: a full office at 14:52, and the story's changes to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from controller.glance import Glance, OnAir, Sounding, Total
from controller.sales.model import Deal
from controller.timetable.model import WallDisplay, WallSettings
from controller.timetable.plan import state_at
from signage.wall_state import wall_state
from tests.storybook.cast import HIGHLIGHTS, deals, moment, people, plan, rankings, teams

State = dict[str, Any]


USUAL = WallDisplay()


@dataclass(frozen=True, slots=True)
class Story:
    """A glance on one screen. `stale`: time of the server's last answer; `identify`: shown on top of everything."""

    glance: Glance
    display: WallDisplay = USUAL
    stale: str | None = None
    identify: bool = False

    def state(self) -> State:
        """Return the JSON for this screen, including the fields that the page or the phone adds."""
        walls = WallSettings(default=self.display, screens={self.display.name: self.display})
        state = wall_state(replace(self.glance, walls=walls), self.display.name, "storybook")
        state["wall"].update(identify=self.display.name if self.identify else None, reload=None)
        return state | ({"stale": self.stale} if self.stale else {})


def total(amount: int, target: int | None = None, count: int = 0) -> Total:
    """Return a total of the office."""
    return Total(Decimal(amount), None if target is None else Decimal(target), count)


def glance(clock: str = "14:52", **over: Any) -> Glance:
    """Return a full office at `clock` on the plan's date; the scene is the plan's unless given."""
    day = over.get("plan") or plan()
    now = moment(clock, day.date)
    state = state_at(day, now)
    whole: dict[str, Any] = {
        "revision": 17,
        "now": now,
        "office": "北京分公司",
        "plan": day,
        "state": state,
        "scene": state.wall,
        "teams": teams(4),
        "people": people(8),
        "deals": deals(4),
        "day": total(187000, 280000),
        "week": total(894700, 1400000),
        "month": total(2894700, 3348000),
        "on_air": None,
        "board": None,
        "sounding": Sounding("null", None, None, 40, None),
        "problems": (),
        "notices": (),
        "trusted_clock": True,
        "walls": WallSettings(),
        "highlights": HIGHLIGHTS,
        "rankings": rankings(8),
    }
    return Glance(**whole | over)


def story(clock: str = "14:52", display: WallDisplay | None = None, **over: Any) -> Story:
    """Return a full office on a usual screen, with the story's changes."""
    return Story(glance(clock, **over), display or USUAL)


def celebration(
    kind: str, *sold: Deal, text: str = "", display: WallDisplay | None = None, **over: Any
) -> Story:
    """Return a celebration that started three seconds ago: stamped, counted up, still sounding."""
    start = moment("14:52") - timedelta(seconds=3)
    on_air = OnAir(7, kind, text, sold, start, start + timedelta(seconds=14))
    return story(display=display, scene="celebration", on_air=on_air, **over)
