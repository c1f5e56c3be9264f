"""The wall desk: which screens there are, what they are called, and what was chosen for each on the phone.

The timetable says how a screen looks; what the phone chose for it goes above that, and is forgotten when it is
chosen back. A screen that was renamed stays reachable by its old name, so that nobody touches the television.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from controller.book.desk import Wall
from controller.book.model import Refused
from controller.names import same_name
from controller.office.room import Room
from controller.rhythm.model import SCENES, WallDisplay, WallSettings

OFF: Final = "off"
"""The scene of a screen that was turned off on purpose."""
PINNABLE: Final = (*(name for name in SCENES if name not in ("celebration", "fault")), OFF)
MOST: Final = 300
MOST_OF_ONE: Final = 40
_CALLED: Final = "called"
_SEEN_EVERY: Final = timedelta(minutes=5)
_ONE_OF: Final[Mapping[str, tuple[object, ...]]] = {
    "scene": PINNABLE,
    "theme": ("ink", "paper"),
    "language": ("zh", "en"),
    "portrait": (True, False),
}
_RANGE: Final = {"diagonal": (10, 300, "英寸"), "distance": (0.5, 50, "米")}


def is_free(name: str) -> bool:
    """Whether /wall/NAME leads to a wall: `new` is where screens are paired, browsers take dots for a folder."""
    return name not in ("new", ".", "..")


def free_name(name: str) -> str:
    """A name that a wall may be given. Raises Refused for one whose address leads elsewhere."""
    if not is_free(name):
        what = "是配对页的地址" if name == "new" else "在地址里不算名字"
        raise Refused(f"“{name}”{what}，请换一个名字。", "name")
    return name


class WallDesk:
    """Thread-safe; read once, then from memory. Names are checked by the caller."""

    def __init__(self, room: Room):
        self._room = room
        self._lock = threading.Lock()
        self._walls: dict[str, Wall] = {}
        self._brought: Counter[str] = Counter()  # new names by address, since the start
        self._load()
        room.store.when_healed(self._load)

    def _load(self) -> None:
        with self._room.store.read() as book:
            found = {wall.name: wall for wall in book.desk.walls()}
        with self._lock:
            self._walls = found

    def known(self) -> tuple[Wall, ...]:
        """Every screen that has called or was set up, by name; former names are left out."""
        with self._lock:
            return tuple(
                sorted((w for w in self._walls.values() if _CALLED not in w.settings), key=lambda w: w.name)
            )

    def called(self, name: str) -> str:
        """What a screen that calls itself `name` is called now."""
        wall = self._walls.get(name)
        return str(wall.settings.get(_CALLED, name)) if wall else name

    def merged(self, settings: WallSettings) -> WallSettings:
        """The timetable's settings with what the phone chose above them."""
        screens = dict(settings.screens)
        for wall in self.known():
            chosen = {key: value for key, value in wall.settings.items() if hasattr(WallDisplay, key)}
            if chosen:
                base = screens.get(wall.name) or replace(settings.default, name=wall.name)
                screens[wall.name] = replace(base, **chosen)
        return replace(settings, screens=screens)

    def seen(self, name: str, now: datetime, address: str = "", trusted: bool = False) -> None:
        """A screen has painted. On the disk every few minutes: enough to say since when one is silent.

        `address`: where it is; one address may bring 40 names by itself. `trusted`: it was paired, so that it takes
        the place of an invented one when there are too many.
        """
        with self._lock:
            wall = self._walls.get(name)
            if wall is None and not trusted:
                if self._brought[address] >= MOST_OF_ONE or len(self._walls) >= MOST:
                    return
                self._brought[address] += 1
            if wall is None and len(self._walls) >= MOST and not self._make_room():
                return
            if wall is not None and timedelta() <= now - wall.seen < _SEEN_EVERY:
                return
            self._walls[name] = Wall(name, now, wall.settings if wall else {})
        with self._room.store.write() as book:
            book.desk.wall_seen(name, now)

    def choose(self, name: str, changes: Mapping[str, object]) -> None:
        """Takes choices over; None gives one back to the timetable. Refused for a value that doesn't exist."""
        checked = {
            key: None if value is None else self._checked(key, value) for key, value in changes.items()
        }
        with self._lock:
            wall = self._walls.get(name)
            kept = {**(wall.settings if wall else {}), **checked}
            self._keep(name, {key: value for key, value in kept.items() if value is not None})
        self._room.feed.tell()

    def rename(self, name: str, new: str) -> None:
        """What called itself `name` is `new` from now on, with all its choices."""
        free_name(new)
        if new == name:
            raise Refused("新名字和现在的一样。", "name")
        with self._lock:
            wall = self._walls.get(name)
            if new in self._walls and _CALLED not in self._walls[new].settings:
                raise Refused(f"已经有一块屏幕叫“{new}”。", "name")
            self._keep(new, wall.settings if wall else {})
            for former in [w.name for w in self._walls.values() if w.settings.get(_CALLED) == name]:
                if former != new:
                    self._keep(former, {_CALLED: new})
            self._keep(name, {_CALLED: new})
        self._room.feed.tell()

    def forget(self, name: str) -> tuple[str, ...]:
        """A screen that is gone, and its former names; all that it ever called itself."""
        with self._lock:
            former = [w.name for w in self._walls.values() if w.settings.get(_CALLED) == name]
            with self._room.store.write() as book:
                for gone in (name, *former):
                    book.desk.remove_wall(gone)
            for gone in (name, *former):
                self._walls.pop(gone, None)
        self._room.feed.tell()
        return (name, *former)

    def _keep(self, name: str, settings: Mapping[str, Any]) -> None:
        if name not in self._walls and len(self._walls) >= MOST and not self._make_room():
            raise Refused(f"已经有 {MOST} 块屏幕，请先在手机上去掉不用的。", "name")
        now = self._room.clock.now()
        wall = self._walls.get(name)
        with self._room.store.write() as book:
            book.desk.set_wall(name, settings, now)
        self._walls[name] = Wall(name, wall.seen if wall else now, dict(settings))

    def team_renamed(self, former: str, name: str) -> None:
        """Screens of a team show it under its new name as well."""
        with self._lock:
            of_team = [w for w in self._walls.values() if same_name(str(w.settings.get("team", "")), former)]
            for wall in of_team:
                self._keep(wall.name, {**wall.settings, "team": name})

    def _make_room(self) -> bool:
        """Forget the wall that was silent for longest of those that nobody has set up or paired; False without one."""
        with self._room.store.read() as book:
            paired = {
                token.name.removeprefix("wall:") for token in book.desk.tokens() if token.role == "wall"
            }
        free = [wall for wall in self._walls.values() if not wall.settings and wall.name not in paired]
        if not free:
            return False
        gone = min(free, key=lambda wall: wall.seen).name
        with self._room.store.write() as book:
            book.desk.remove_wall(gone)
        del self._walls[gone]
        return True

    def _checked(self, key: str, value: object) -> object:
        if key in _ONE_OF and value not in _ONE_OF[key]:
            allowed = "、".join(str(one).lower() for one in _ONE_OF[key])
            raise Refused(f"{key} 要写成 {allowed} 之一。", key)
        if key in _RANGE:
            low, high, unit = _RANGE[key]
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise Refused(f"{key} 要在 {low} 到 {high} {unit}之间。", key)
        if key == "team":
            with self._room.store.read() as book:
                team = book.roster.team(str(value))
            if team is None:
                raise Refused(f"没有叫“{value}”的团队。", "team")
            return team.name
        if key not in (*_ONE_OF, *_RANGE):
            raise Refused(f"大屏没有“{key}”这个设置。", key)
        return value
