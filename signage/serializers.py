"""Convert values to JSON for programs and phones; walls have their variants in `wall_state.py`. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from controller.glance import Sounding, Total
from controller.health import HealthProblem
from controller.health_readings import Reading
from controller.sales.deals import Step
from controller.sales.model import Announcement, City, Deal, Person, Team
from controller.sales.products import Product
from controller.sales.proposals import Proposal
from controller.sales.standings import Standing
from controller.services.announcement_priority import BY_HAND
from controller.services.deals import Recorded
from controller.services.honours import ShownAward
from controller.services.voices import Speaking
from controller.sound.mandarin import spelling, unreadable
from controller.sound.tts.background_install import InstallStatus
from controller.timetable.model import Entry
from controller.timetable.times import written_end

Json = dict[str, Any]
Money = Callable[[Decimal | None], int | float | str | None]


def yuan(amount: Decimal | None) -> int | float | None:
    """Return yuan as a JSON number: an integer if whole, else with fen (exact up to 999,999,999.99)."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def clock_time(at: datetime | None) -> str | None:
    """Return HH:MM, or HH:MM:SS when the seconds are not 0."""
    if at is None:
        return None
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def deal(row: Deal) -> Json:
    return {
        "id": row.id,
        "key": row.key,
        "person": row.person,
        "team": row.team,
        "product": row.product,
        "amount": yuan(row.amount),
        "at": moment(row.at),
        "voided": row.voided,
    }


def recorded(row: Recorded) -> Json:
    """Return the answer to a recorded or restored deal; `note` only where published results do not show it."""
    answer = {"id": row.id, "sentence": row.sentence, "decision": row.decision.to_json()}
    return {**answer, "note": row.note} if row.note else answer


def step(row: Step) -> Json:
    return {"step": row.step, "at": moment(row.at), "reason": row.reason}


def award(shown: ShownAward) -> Json:
    """Return an award; `note` says when the winner's deals were taken back later."""
    award = shown.award
    note = None
    if shown.lowered:
        note = f"记下以后有单撤回，现在是 {yuan(shown.now):,} 元；奖不改。"
    return {
        "id": award.id,
        "period": award.period,
        "since": award.since.isoformat(),
        "until": award.until.isoformat(),
        "title": award.title,
        "person_id": award.person_id or None,
        "person": award.person or None,
        "team": award.team,
        "count": award.count,
        "amount": yuan(award.amount),
        "prize": award.prize,
        "at": moment(award.at),
        "note": note,
    }


def product(row: Product) -> Json:
    return {"id": row.id, "name": row.name, "hidden": row.hidden}


def proposal(row: Proposal) -> Json:
    """Return a deal that waits for the assistant, or what became of it."""
    return {
        "id": row.id,
        "key": row.key,
        "person": row.person,
        "team": row.team,
        "product": row.product,
        "amount": yuan(row.amount),
        "at": moment(row.at),
        "by": row.entered_by,
        "state": row.state,
        "why": row.why,
        "deal": row.deal_id,
        "question": row.question,
        "written": row.written,
        "known": row.person_id is not None,
    }


def announcement(row: Announcement) -> Json:
    return {
        "id": row.id,
        "key": row.key.removeprefix(BY_HAND),
        "kind": row.kind,
        "text": row.text,
        "state": row.state,
        "why": row.why,
        "created": moment(row.created),
        "due": moment(row.due),
        "started": moment(row.started),
        "ended": moment(row.ended),
        "deals": list(row.deals),
    }


def person(row: Person) -> Json:
    initials, pinyin = spelling(row.name, row.say_as)
    return {
        "id": row.id,
        "name": row.name,
        "team": row.team,
        "leader": row.leader,
        "say_as": row.say_as,
        "hidden": row.hidden,
        "initials": initials,
        "pinyin": pinyin,
        "unreadable": [] if row.say_as else list(unreadable(row.name)),
    }


def team(row: Team) -> Json:
    return {"id": row.id, "name": row.name, "say_as": row.say_as}


def entry(span: Entry | None) -> Json | None:
    if span is None:
        return None
    return {
        "at": clock_time(span.at),
        "until": written_end(span.at, span.until),
        "name": span.name,
        "text": span.text,
        "quiet": span.quiet,
    }


def tally(standing: Standing, money: Money = yuan) -> Json:
    """Return a team's or person's row; `money` formats its amounts."""
    return {
        "place": standing.place,
        "name": standing.name,
        "team": standing.team,
        "count": standing.count,
        "amount": money(standing.amount),
        "target": money(standing.target),
        "rate": None if standing.rate is None else float(standing.rate),
        "gap": money(standing.gap),
        "to_next": money(standing.to_next),
    }


def total(row: Total | Standing, money: Money = yuan) -> Json:
    """Return a total of the office or of a team; `money` formats its amounts."""
    return {"amount": money(row.amount), "target": money(row.target), "count": row.count}


def city(row: City) -> Json:
    """`rate` None: no target, or nothing reported. `as_of`: time of the last figures of a branch that is cut off."""
    return {
        "place": row.place,
        "name": row.name,
        "rate": None if row.rate is None else float(row.rate),
        "amount": None if row.amount is None else yuan(row.amount),
        "own": row.own,
        "missing": row.missing,
        "as_of": row.as_of,
        "rising": row.rising,
    }


def problem(row: HealthProblem) -> Json:
    return {
        "what": row.what,
        "meanwhile": row.meanwhile,
        "mend": row.mend,
        "serious": row.serious,
        "details": list(row.details),
        "part": row.part,
    }


def reading(row: Reading) -> Json:
    """Return the value of a part of the box in words."""
    return {"part": row.part, "label": row.label, "words": row.words, "state": row.state, "mend": row.mend}


def speaking(voices: Speaking) -> Json:
    """Return the available voices, the chosen ones and the voice that speaks now."""
    chosen, default, speaks = voices.choice(), voices.timetable(), voices.speaks()
    return {
        "voice": chosen.voice,
        "speed": chosen.speed,
        "results_voice": chosen.results_voice,
        "from_timetable": {
            "voice": default.voice,
            "speed": default.speed,
            "results_voice": default.results_voice,
        },
        "voices": [asdict(one) for one in voices.options()],
        "state": asdict(speaks),
        "waiting": voices.waiting(),
    }


def voice_install(status: InstallStatus) -> Json:
    return {"state": status.state, "percent": status.percent, "why": status.sentence}


def sounding(sound: Sounding) -> Json:
    return {
        "device": sound.device,
        "playlist": sound.playlist,
        "track": sound.track,
        "volume": sound.volume,
        "hushed_until": clock_time(sound.muted_until),
        "manual": sound.manual,
        "music_volume": sound.music_volume,
        "playing_until": clock_time(sound.playing_until),
        "playing_volume": sound.playing_volume,
        "low": sound.hearing.low,
        "hears": sound.hearing.hears,
        "cause": sound.hearing.reasons[0].cause if sound.hearing.reasons else None,
        "why": sound.hearing.sentence or ("总音量很小，办公室可能听不清。" if sound.hearing.low else ""),
    }
