"""How a made-up wall state is put together: a full office at 14:52, and what a story changes of it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from signage.storybook_cast import HONOURS, deals, teams

State = dict[str, Any]
ZONE = timezone(timedelta(hours=8))
DATE = "2026-11-23"


def ms(clock: str, date: str = DATE) -> int:
    """Epoch milliseconds of "HH:MM" or "HH:MM:SS" in the made-up office."""
    return int(datetime.fromisoformat(f"{date}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)


def entry(name: str, text: str, at: str, until: str) -> State:
    """A span of the day as the wall gets it."""
    return {"name": name, "text": text, "at": at, "until": until, "at_ms": ms(at), "until_ms": ms(until)}


def total(amount: str, target: str | None = None) -> State:
    """A sum of the office."""
    return {"amount": amount, "target": target}


def duty(at: str | None, who: str, what: str) -> State:
    """A reminder as the wall gets it."""
    return {"at": at, "at_ms": ms(at) if at else None, "who": who, "what": what}


def state(scene: str, clock: str = "14:52", **over: Any) -> State:
    """A full office at 14:52, with what the story changes."""
    whole: State = {
        "revision": 17,
        "build": "storybook",
        "now": ms(clock),
        "offset_min": 480,
        "scene": scene,
        "base": "rhythm",
        "office": "北京分公司",
        "lang": "zh",
        "date": DATE,
        "wall": {
            "name": "main",
            "diagonal": 55,
            "distance": 5,
            "theme": "ink",
            "team": None,
            "identify": None,
            "reload": None,
        },
        "entry": entry("决战时刻", "重点客户，一个一个拿下。\n促单、促单，还是促单！", "14:30", "16:30"),
        "next": {"name": "拔营略寨", "at": "16:30"},
        "teams": teams(4),
        "members": [],
        "deals": deals(4),
        "totals": {
            "day": total("187000.00", "280000.00"),
            "week": total("894700.00", "1400000.00"),
            "month": total("2894700.00", "3348000.00"),
        },
        "duties": [
            duty("17:30", "leader", "回顾每个人的目标"),
            duty(None, "leader", "周会"),
        ],
        "duty_stays_ms": 900_000,
        "celebration": None,
        "board": None,
        "award": None,
        "welcome": None,
        "rest": None,
        "fault": None,
        "notices": [],
        "honours": HONOURS,
    }
    return whole | over


def wall(**over: Any) -> State:
    """One screen's own settings."""
    own = {
        "name": "main",
        "diagonal": 55,
        "distance": 5,
        "theme": "ink",
        "team": None,
        "identify": None,
        "reload": None,
    }
    return own | over


def celebration(kind: str, at: str = "14:52", **over: Any) -> State:
    """A celebration that began three seconds ago: stamped, counted up, still sounding."""
    start = ms(at) - 3000
    what = {
        "id": 7,
        "kind": kind,
        "title": None,
        "person": None,
        "team": None,
        "amount": None,
        "product": None,
        "photo": None,
        "reached": None,
        "text": "",
        "items": [],
        "started_ms": start,
        "ends_ms": start + 14000,
    }
    return state("celebration", at, celebration=what | over)
