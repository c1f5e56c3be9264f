"""Values of the house as JSON: what programs and phones are given, and walls (`wallrows.py`) in their way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from controller.glance import HealthProblem, Sounding, Total
from controller.sales.model import Announcement, Deal, Person, Team
from controller.sales.results import City
from controller.sales.standings import Standing
from controller.services.announcement_priority import BY_HAND
from controller.services.voices import Speaking
from controller.sound.mandarin import unreadable
from controller.sound.tts.background_install import InstallStatus
from controller.timetable.model import Entry
from controller.timetable.times import written_end

Json = dict[str, Any]
Money = Callable[[Decimal | None], int | float | str | None]


def yuan(amount: Decimal | None) -> int | float | None:
    """Yuan as a JSON number: whole without a point, else with its fen (exact up to 999,999,999.99)."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def clock_time(at: datetime | None) -> str | None:
    """HH:MM, or HH:MM:SS when the seconds say something."""
    if at is None:
        return None
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def deal(found: Deal) -> Json:
    return {
        "id": found.id,
        "key": found.key,
        "person": found.person,
        "team": found.team,
        "product": found.product,
        "amount": yuan(found.amount),
        "at": moment(found.at),
        "voided": found.voided,
    }


def announcement(found: Announcement) -> Json:
    return {
        "id": found.id,
        "key": found.key.removeprefix(BY_HAND),
        "kind": found.kind,
        "text": found.text,
        "state": found.state,
        "why": found.why,
        "created": moment(found.created),
        "due": moment(found.due),
        "started": moment(found.started),
        "ended": moment(found.ended),
        "deals": list(found.deals),
    }


def person(found: Person) -> Json:
    return {
        "id": found.id,
        "name": found.name,
        "team": found.team,
        "leader": found.leader,
        "say_as": found.say_as,
        "hidden": found.hidden,
        "unreadable": [] if found.say_as else list(unreadable(found.name)),
    }


def team(found: Team) -> Json:
    return {"id": found.id, "name": found.name, "say_as": found.say_as}


def entry(found: Entry | None) -> Json | None:
    if found is None:
        return None
    return {
        "at": clock_time(found.at),
        "until": written_end(found.at, found.until),
        "name": found.name,
        "text": found.text,
        "quiet": found.quiet,
    }


def tally(found: Standing, money: Money = yuan) -> Json:
    """A team's or person's row; `money` is how its sums are written."""
    return {
        "place": found.place,
        "name": found.name,
        "team": found.team,
        "count": found.count,
        "amount": money(found.amount),
        "target": money(found.target),
        "rate": None if found.rate is None else float(found.rate),
        "gap": money(found.gap),
        "to_next": money(found.to_next),
    }


def total(found: Total | Standing, money: Money = yuan) -> Json:
    """A sum of the office or of a team, written as `money` writes."""
    return {"amount": money(found.amount), "target": money(found.target), "count": found.count}


def city(found: City) -> Json:
    return {"place": found.place, "name": found.name, "rate": float(found.rate or 0), "own": found.own}


def trouble(found: HealthProblem) -> Json:
    return {
        "what": found.what,
        "meanwhile": found.meanwhile,
        "mend": found.mend,
        "serious": found.serious,
        "details": list(found.details),
    }


def troubles_for_strangers(found: Sequence[HealthProblem]) -> list[Json]:
    """What is wrong without a name, a path, an address or a detail; each kind once."""
    told = [{**trouble(one), "what": one.generic or one.what, "details": []} for one in found]
    return [
        one for number, one in enumerate(told) if one["what"] not in {row["what"] for row in told[:number]}
    ]


def speaking(found: Speaking) -> Json:
    """Which voices there are, which are chosen and what speaks."""
    chosen, told, speaks = found.choice(), found.timetable(), found.speaks()
    return {
        "voice": chosen.voice,
        "speed": chosen.speed,
        "results_voice": chosen.results_voice,
        "from_timetable": {"voice": told.voice, "speed": told.speed, "results_voice": told.results_voice},
        "voices": [asdict(one) for one in found.options()],
        "state": asdict(speaks),
    }


def voice_install(found: InstallStatus) -> Json:
    return {"state": found.state, "percent": found.percent, "why": found.sentence}


def sounding(found: Sounding) -> Json:
    return {
        "device": found.device,
        "playlist": found.playlist,
        "track": found.track,
        "volume": found.volume,
        "hushed_until": clock_time(found.hushed_until),
        "manual": found.manual,
        "music_volume": found.music_volume,
        "playing_until": clock_time(found.playing_until),
        "playing_volume": found.playing_volume,
        "low": found.hearing.low,
        "hears": found.hearing.hears,
        "cause": found.hearing.reasons[0].cause if found.hearing.reasons else None,
        "why": found.hearing.sentence or ("总音量很小，办公室可能听不清。" if found.hearing.low else ""),
    }
