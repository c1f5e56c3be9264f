"""Messages between speaker and player: values, and one JSON line for each command and event.

Moments are CLOCK_MONOTONIC seconds, which all processes of a machine share. Gains are dB.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

LONGEST_LINE = 1 << 20
"""Bytes; longer lines are rejected."""


@dataclass(frozen=True, slots=True)
class Part:
    """One sound of an announcement: chime, speech or applause."""

    path: Path
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Duck:
    """Lowering of music under speech: by how much, how fast, and how fast it is restored."""

    db: float = -20.0
    down_ms: int = 250
    up_ms: int = 1000


@dataclass(frozen=True, slots=True)
class Track:
    """A track. `name`: the office's file, as people read it; `path`: the same, or its conversion.

    guessed: its loudness is not measured yet, so its gain is a guess.
    """

    path: Path
    gain_db: float = 0.0
    duration_s: float = 0.0
    name: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class MusicOrder:
    """Music that starts at `start_at`, `position_s` into its tracks (played in a loop), and has
    ended at `until`.

    The sound at a moment is a function of that moment alone, so a command may be sent late and
    repeatedly.
    """

    tracks: tuple[Track, ...]
    start_at: float
    position_s: float = 0.0
    until: float | None = None
    volume: int = 100
    fade_in_ms: int = 0
    fade_out_ms: int = 0

    def same_music(self, other: MusicOrder) -> bool:
        """Return whether both play the same place of the same tracks, so that only volume or end differ."""
        mine, theirs = self.start_at - self.position_s, other.start_at - other.position_s
        return self.tracks == other.tracks and abs(mine - theirs) < 0.5


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the player.

    `kind`: ready, lost (`why`), part_started and part_ended (`id`, `n`, `at`), part_failed (`id`, `n`, `path`, `why`;
    the other parts sound), outputs (they changed), done (`id`, `ok`, `why`), track (`path`, `at`), track_failed
    (`path`, `why`), toned (`ok`: the test tone was not cut), music_ended (its span is over, or none of it can be
    played). A `done` that is not ok has a one-word `why`: lost, quiet, until (its limit was reached), stopped, busy,
    file (a part could not be read), waited (no further part came).
    `why` of `lost` is a sentence for people.
    """

    kind: str
    id: int | None = None
    n: int | None = None
    at: float | None = None
    ok: bool = False
    why: str | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """State of the device: does it work, which one is it, since when, and if not, why (a sentence).

    A device that works has a `why` while music that should sound does not leave the mixer.
    """

    alive: bool
    device: str | None
    since: float
    why: str | None


@dataclass(frozen=True, slots=True)
class Output:
    """A way for sound out of the machine. `key` finds it again (`outputs`); `name`: as the system calls it;

    `kind`: usb, jack, hdmi, bluetooth or other.
    """

    key: str
    name: str
    kind: str = "other"


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs at this moment. `current`: the one in use, if it is known; `chosen`: whether that is the chosen one;

    `blocked`: why nothing is heard although the player plays: `muted` (by sound server or card), `none` (a dummy).
    """

    all: tuple[Output, ...] = ()
    current: str | None = None
    chosen: bool = True
    blocked: str | None = None


def outputs(message: Mapping[str, Any]) -> Outputs:
    """Parse the state of the outputs; raises ValueError, TypeError or KeyError."""
    found = tuple(Output(str(one["key"]), str(one["name"]), str(one["kind"])) for one in message["all"])
    current, blocked = message.get("current"), message.get("blocked")
    return Outputs(found, current and str(current), bool(message["chosen"]), blocked and str(blocked))


def line(do: str, **values: Any) -> bytes:
    """Return a command or event as a line."""
    return json.dumps({"do": do, **values}, default=_plain, separators=(",", ":")).encode() + b"\n"


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else asdict(value)  # type: ignore[call-overload]


def read(raw: bytes) -> dict[str, Any]:
    """Parse a line into a command or event; raises ValueError."""
    if len(raw) > LONGEST_LINE:
        raise ValueError("too long")
    message = json.loads(raw)
    if not isinstance(message, dict) or not isinstance(message.get("do"), str):
        raise ValueError("not a message")
    return message


def part(value: Any) -> Part:
    """Parse a part; raises ValueError, TypeError or KeyError."""
    return Part(Path(value["path"]), float(value["gain_db"]))


def duck(order: Mapping[str, Any]) -> Duck:
    """Parse how a command ducks the music; raises ValueError, TypeError or KeyError."""
    value = order["duck"]
    return Duck(float(value["db"]), int(value["down_ms"]), int(value["up_ms"]))


def _track(value: Any) -> Track:
    path, gain_db, duration_s = Path(value["path"]), float(value["gain_db"]), float(value["duration_s"])
    return Track(path, gain_db, duration_s, str(value.get("name", "")), bool(value.get("guessed")))


def music_order(value: Any) -> MusicOrder | None:
    """Parse a music command, None for silence; raises ValueError, TypeError or KeyError."""
    if value is None:
        return None
    tracks = tuple(_track(track) for track in value["tracks"])
    until = None if value["until"] is None else float(value["until"])
    fades = int(value["fade_in_ms"]), int(value["fade_out_ms"])
    return MusicOrder(
        tracks, float(value["start_at"]), float(value["position_s"]), until, int(value["volume"]), *fades
    )


def spans(value: Any) -> tuple[tuple[float, float], ...]:
    """Parse spans of quiet time; raises ValueError or TypeError."""
    return tuple((float(start), float(end)) for start, end in value)


def event(message: dict[str, Any]) -> Event:
    """Parse an event."""
    path = Path(message["path"]) if message.get("path") else None
    get = message.get
    return Event(message["do"], get("id"), get("n"), get("at"), bool(get("ok")), get("why"), path)
