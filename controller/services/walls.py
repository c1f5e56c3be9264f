"""The walls: names, settings, pairing by code, and when each was last seen."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from controller.health import Away
from controller.names import same_name
from controller.sales.model import Refused
from controller.sales.settings import Wall
from controller.services.auth import Credentials
from controller.services.context import Context
from controller.timetable.model import (
    DIAGONALS,
    DISTANCES,
    LANGUAGES,
    SCENES,
    THEMES,
    WallDisplay,
    WallSettings,
)

VALID_S = 600.0
MOST_WAITING = 20
MISSED: Final = timedelta(seconds=100)
"""Three reports that did not come."""
STAYS: Final = timedelta(minutes=30)
"""A page that was opened only for a look is no wall that should be there."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """A TV waiting for its pairing: the digits it shows and, once confirmed, its name and token."""

    code: str
    until: float
    address: str = ""
    name: str | None = None
    token: str | None = None


class Pairings:
    """Thread-safe. In memory only: after a restart a waiting TV shows other digits."""

    def __init__(self, keys: Credentials, now: Callable[[], float] = time.monotonic):
        self._keys, self._now = keys, now
        self._lock = threading.Lock()
        self._waiting: dict[str, Pairing] = {}

    def begin(self, address: str = "") -> tuple[str, str]:
        """Return (secret, code): the secret is for the TV only, the code is shown on it.

        Above the limit, drop the oldest of the address with the most, so that no address can displace another's digits.
        """
        with self._lock:
            self._clear()
            while len(self._waiting) >= MOST_WAITING:
                (greedy, _), *_ = Counter(one.address for one in self._waiting.values()).most_common(1)
                del self._waiting[next(key for key, one in self._waiting.items() if one.address == greedy)]
            taken = {pairing.code for pairing in self._waiting.values()}
            code = next(c for c in iter(lambda: f"{secrets.randbelow(1_000_000):06d}", "") if c not in taken)
            secret = secrets.token_urlsafe(24)
            self._waiting[secret] = Pairing(code, self._now() + VALID_S, address)
            return secret, code

    def find(self, secret: str) -> Pairing | None:
        """Return the state of a pairing; None when it has expired."""
        with self._lock:
            self._clear()
            return self._waiting.get(secret)

    def collect(self, secret: str) -> Pairing | None:
        """Return a confirmed pairing once, and remove it; None while it is not confirmed."""
        with self._lock:
            self._clear()
            pairing = self._waiting.get(secret)
            return self._waiting.pop(secret) if pairing is not None and pairing.token is not None else None

    def confirm(self, code: str, name: str) -> None:
        """Confirm that the TV with these digits is `name`. Raises Refused when none shows them."""
        with self._lock:
            self._clear()
            digits = "".join(code.split())
            secret = next(
                (key for key, p in self._waiting.items() if p.code == digits and p.token is None), None
            )
            if secret is None:
                raise Refused("没有屏幕正在显示这个数字，请再看一眼屏幕。", "code")
            token = self._keys.make_token(f"wall:{name}"[:40], "wall", "配对")
            self._waiting[secret] = replace(self._waiting[secret], name=name, token=token)

    def _clear(self) -> None:
        now = self._now()
        for secret in [secret for secret, pairing in self._waiting.items() if pairing.until <= now]:
            del self._waiting[secret]


# --- Settings of walls

OFF: Final = "off"
"""The scene of a wall that was turned off on purpose."""
PINNABLE: Final = (*(name for name in SCENES if name not in ("celebration", "fault")), OFF)
MOST_WALLS: Final = 300
MOST_OF_ONE: Final = 40
_CALLED: Final = "called"
_SEEN_EVERY: Final = timedelta(minutes=20)
"""Interval at which a wall's last report is stored: each one costs the card 60 KB."""
_ONE_OF: Final[Mapping[str, tuple[object, ...]]] = {
    "scene": PINNABLE,
    "theme": THEMES,
    "language": LANGUAGES,
    "portrait": (True, False),
}
_RANGE: Final = {"diagonal": (*DIAGONALS, "英寸"), "distance": (*DISTANCES, "米")}


def is_free(name: str) -> bool:
    """Return whether /wall/NAME can be a wall: `new` is the pairing page, and browsers resolve dots as folders."""
    return name not in ("new", ".", "..")


def free_name(name: str) -> str:
    """Return `name` if a wall may have it. Raises Refused if its address is not a wall's."""
    if not is_free(name):
        what = "是配对页的地址" if name == "new" else "在地址里不算名字"
        raise Refused(f"“{name}”{what}，请换一个名字。", "name")
    return name


class WallPresence:
    """The reports since the start, by name. Not thread-safe; bounded by the number of walls."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._spans: dict[str, tuple[datetime, datetime]] = {}  # first report without a gap, and the last one
        self._staying: set[str] = set()

    def seen(self, name: str, now: datetime) -> None:
        """Note a report of a wall."""
        first, last = self._spans.get(name, (now, now))
        if not timedelta() <= now - last <= MISSED:
            first = now
        if name in self._spans or len(self._spans) < self._most:
            self._spans[name] = first, now
            if now - first >= STAYS:
                self._staying.add(name)

    def stays(self, name: str) -> bool:
        """Return whether a wall has been there for half an hour without a gap since the start."""
        return name in self._staying

    def away_since(self, name: str, stored: datetime, now: datetime) -> datetime | None:
        """Return since when a wall is missing, None while it reports. `stored`: its report of an earlier run."""
        last = self._spans[name][1] if name in self._spans else stored
        return None if timedelta() <= now - last <= MISSED else min(last, now)

    def forget(self, name: str) -> None:
        """Forget a wall that was removed or renamed."""
        self._spans.pop(name, None)
        self._staying.discard(name)


class WallRegistry:
    """Thread-safe; read once, then served from memory. The caller checks names."""

    def __init__(self, context: Context):
        self._context = context
        self._lock = threading.Lock()
        self._walls: dict[str, Wall] = {}
        self._brought: Counter[str] = Counter()  # new names by address, since the start
        self._presence = WallPresence(MOST_WALLS)
        self._paired: set[str] = set()
        self._load()
        context.store.when_healed(self._load)

    def _load(self) -> None:
        with self._context.store.read() as session:
            walls = {wall.name: wall for wall in session.settings.walls()}
            tokens = session.settings.tokens()
        with self._lock:
            self._walls = walls
            self._paired = {one.name.removeprefix("wall:") for one in tokens if one.role == "wall"}

    def known(self) -> tuple[Wall, ...]:
        """Return all walls that have connected or were set up, by name, without former names."""
        with self._lock:
            return tuple(
                sorted((w for w in self._walls.values() if _CALLED not in w.settings), key=lambda w: w.name)
            )

    def called(self, name: str) -> str:
        """Return the present name of a wall that identifies itself as `name`."""
        wall = self._walls.get(name)
        return str(wall.settings.get(_CALLED, name)) if wall else name

    def merged(self, settings: WallSettings) -> WallSettings:
        """Return the timetable's settings, overridden by choices made on the phone."""
        screens = dict(settings.screens)
        for wall in self.known():
            chosen = {key: value for key, value in wall.settings.items() if hasattr(WallDisplay, key)}
            if chosen:
                base = screens.get(wall.name) or replace(settings.default, name=wall.name)
                screens[wall.name] = replace(base, **chosen)
        return replace(settings, screens=screens)

    def seen(self, name: str, now: datetime, address: str = "", trusted: bool = False) -> None:
        """Note that a wall has painted; stored every few minutes, precise enough to show since when one is offline.

        `address`: its network address; one address may add 40 names. `trusted`: it was paired, so it may replace an
        unpaired one when there are too many.
        """
        with self._lock:
            self._presence.seen(name, now)
            wall = self._walls.get(name)
            if wall is None and not trusted:
                if self._brought[address] >= MOST_OF_ONE or len(self._walls) >= MOST_WALLS:
                    return
                self._brought[address] += 1
            if wall is None and len(self._walls) >= MOST_WALLS and not self._evict():
                return
            if wall is not None and timedelta() <= now - wall.seen < _SEEN_EVERY:
                return
            self._walls[name] = Wall(name, now, wall.settings if wall else {})
        with self._context.store.write(quiet=True) as session:
            session.settings.wall_seen(name, now)

    def presence(self, now: datetime) -> tuple[Away, ...]:
        """Return the walls that should be there, each with since when it is missing.

        A wall should be there when it is paired, set up, named in the timetable, or has been there for half an hour;
        any other counts while it is connected.
        """
        named, walls = self._context.rhythm.walls.screens, self.known()
        with self._lock:
            found = [(wall, self._presence.away_since(wall.name, wall.seen, now)) for wall in walls]
            return tuple(
                Away(wall.name, since)
                for wall, since in found
                if since is None
                or wall.settings
                or wall.name in named
                or wall.name in self._paired
                or self._presence.stays(wall.name)
            )

    def choose(self, name: str, changes: Mapping[str, object]) -> None:
        """Store choices; None returns a setting to the timetable. Raises Refused for an invalid value."""
        checked = {
            key: None if value is None else self._checked(key, value) for key, value in changes.items()
        }
        with self._lock:
            wall = self._walls.get(name)
            kept = {**(wall.settings if wall else {}), **checked}
            self._keep(name, {key: value for key, value in kept.items() if value is not None})

    def rename(self, name: str, new: str) -> None:
        """Rename a wall and keep all its choices."""
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
            self._presence.forget(name)
            if name in self._paired:
                self._paired.add(new)

    def forget(self, name: str) -> tuple[str, ...]:
        """Remove a wall and its former names; return all these names."""
        with self._lock:
            former = [w.name for w in self._walls.values() if w.settings.get(_CALLED) == name]
            with self._context.store.write() as session:
                for gone in (name, *former):
                    session.settings.remove_wall(gone)
            for gone in (name, *former):
                self._walls.pop(gone, None)
                self._presence.forget(gone)
                self._paired.discard(gone)
        return (name, *former)

    def _keep(self, name: str, settings: Mapping[str, Any]) -> None:
        if name not in self._walls and len(self._walls) >= MOST_WALLS and not self._evict():
            raise Refused(f"已经有 {MOST_WALLS} 块屏幕，请先在手机上去掉不用的。", "name")
        now = self._context.clock.now()
        wall = self._walls.get(name)
        with self._context.store.write() as session:
            session.settings.set_wall(name, settings, now)
        self._walls[name] = Wall(name, wall.seen if wall else now, dict(settings))

    def team_renamed(self, former: str, name: str) -> None:
        """Change the team's name in the settings of its walls."""
        with self._lock:
            of_team = [w for w in self._walls.values() if same_name(str(w.settings.get("team", "")), former)]
            for wall in of_team:
                self._keep(wall.name, {**wall.settings, "team": name})

    def _evict(self) -> bool:
        """Remove the wall last seen longest ago that is neither set up nor paired; return False without one."""
        with self._context.store.read() as session:
            paired = {
                token.name.removeprefix("wall:")
                for token in session.settings.tokens()
                if token.role == "wall"
            }
        free = [wall for wall in self._walls.values() if not wall.settings and wall.name not in paired]
        if not free:
            return False
        gone = min(free, key=lambda wall: wall.seen).name
        with self._context.store.write() as session:
            session.settings.remove_wall(gone)
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
            with self._context.store.read() as session:
                team = session.roster.team(str(value))
            if team is None:
                raise Refused(f"没有叫“{value}”的团队。", "team")
            return team.name
        if key not in (*_ONE_OF, *_RANGE):
            raise Refused(f"大屏没有“{key}”这个设置。", key)
        return value
