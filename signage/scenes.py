"""What one wall shows: a Glance in, the JSON that `static/wall*.js` draws out. Pure; the wall decides nothing itself.

Moments are epoch milliseconds of the office's clock (`…_ms`) or "HH:MM" in the office's zone, sums are strings of
yuan with two decimals. Names and texts go out as they were written: the page puts them in as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from controller.glance import Glance
from controller.hearing import MUTED
from controller.names import same_name
from controller.rhythm.model import Duty, Entry, WallDisplay
from controller.rhythm.moments import written_end
from signage.english import in_english
from signage.moments import award, board_of, celebration_of
from signage.shapes import Json
from signage.wallrows import deal_row, hhmm, honour_row, ms, tally_row, total_row

DEALS = 12
DUTY_STAYS = timedelta(minutes=15)  # a reminder stays this long after its time


def wall_state(glance: Glance, name: str, build: str = "") -> Json:
    """The state of wall `name`; a wall the timetable does not name is drawn with the default settings.

    `build`: what is installed; a page that was made by another loads itself anew.
    """
    display = glance.walls.screens.get(name) or replace(glance.walls.default, name=name)
    base = _base(glance, display)
    team = _team(glance, display)
    celebration = None if _undisturbed(glance, base, team) else celebration_of(glance)
    scene = "celebration" if celebration else base
    found: Json = {
        "revision": glance.revision,
        "build": build,
        "now": ms(glance.now),
        "offset_min": _offset(glance.now),
        "scene": scene,
        "base": base,
        "office": glance.office,
        "lang": display.language,
        "date": glance.plan.date.isoformat(),
        "wall": _wall(display, name, team),
        "entry": _entry(glance.state.entry),
        "next": _next(glance.state.next),
        "teams": [tally_row(row) for row in glance.teams if team in (None, row.name)],
        "members": [] if team is None else _members(glance, team),
        "deals": [
            deal_row(deal) for deal in glance.deals if deal.voided is None and team in (None, deal.team)
        ][:DEALS],
        "totals": {
            "day": total_row(glance.day),
            "week": total_row(glance.week),
            "month": total_row(glance.month),
        },
        "duties": _duties(glance.plan.duties, glance.now),
        "duty_stays_ms": round(DUTY_STAYS.total_seconds() * 1000),
        "celebration": celebration,
        "board": board_of(glance, base),
        "award": award(glance),
        "welcome": _welcome(glance),
        "rest": _rest(glance),
        "fault": _fault(glance),
        "notices": _stray(display, team) + _notices(glance, base),
        "honours": [honour_row(honour) for honour in glance.honours],
    }
    return in_english(found) if display.language == "en" else found


def _undisturbed(glance: Glance, base: str, team: str | None) -> bool:
    """Whether what is being said leaves this wall as it is.

    The nap stays dark; an award gives way to an order, not to what is said of the award itself; a team's wall
    gives way to that team's orders and to what is said to everybody, not to other teams' orders. An emergency is
    shown on every wall, also on one that is dark or turned off.
    """
    if glance.on_air is not None and glance.on_air.kind == "emergency":
        return False
    orders = glance.on_air.deals if glance.on_air else ()
    others = bool(orders) and team is not None and all(deal.team != team for deal in orders)
    return base in ("dark", "off") or (base == "award" and not orders) or others


def _team(glance: Glance, display: WallDisplay) -> str | None:
    """The team whose wall this is; None for everybody's, and for a team that does not exist."""
    wanted = display.team or ""
    there = [*(row.name for row in glance.teams), *glance.members]
    return next((name for name in there if same_name(name, wanted)), None)


def _stray(display: WallDisplay, team: str | None) -> list[str]:
    """Says that the wall's team does not exist; the wall shows all teams meanwhile."""
    if display.team is None or team is not None:
        return []
    return [f"没有叫“{display.team}”的团队，这块大屏显示全部团队。"]


def _members(glance: Glance, team: str) -> list[Json]:
    """Everybody of a team: who sold today, best first, then the others with nothing (`place` None)."""
    sold = [tally_row(row) for row in glance.people if row.team == team]
    names = {row["name"] for row in sold}
    for place, row in enumerate(sold, 1):
        row["place"] = place
    rest = [name for name in glance.members.get(team, ()) if name not in names]
    return sold + [{"place": None, "name": name, "count": 0, "amount": "0.00"} for name in rest]


def _offset(now: datetime) -> int:
    offset = now.utcoffset()
    return round(offset.total_seconds() / 60) if offset is not None else 0


def _base(glance: Glance, display: WallDisplay) -> str:
    """The scene without the celebration. A pinned scene gives way to the nap's darkness and to nothing else.

    "off" is a screen turned off on purpose.
    """
    scene = glance.state.wall if glance.scene == "celebration" else glance.scene
    if display.scene is not None and (scene != "dark" or display.scene == "off"):
        scene = display.scene
    if scene == "award" and glance.champion is None:
        return "rhythm"
    if scene == "fault" and not glance.troubles:
        return "rhythm"
    return scene


def _wall(display: WallDisplay, name: str, team: str | None) -> Json:
    return {
        "name": name,
        "diagonal": display.diagonal,
        "distance": display.distance,
        "theme": display.theme,
        "team": team,
        "portrait": display.portrait,
        "identify": None,
        "reload": None,
    }


def _entry(entry: Entry | None) -> Json | None:
    if entry is None:
        return None
    return {
        "name": entry.name,
        "text": entry.text,
        "at": hhmm(entry.at),
        "until": written_end(entry.at, entry.until)[:5],
        "at_ms": ms(entry.at),
        "until_ms": ms(entry.until),
    }


def _next(entry: Entry | None) -> Json | None:
    return None if entry is None else {"name": entry.name, "at": hhmm(entry.at)}


def _duties(duties: Sequence[Duty], now: datetime) -> list[Json]:
    """What is still to be done today: the next first, then what holds all day."""
    ahead = [duty for duty in duties if duty.at is not None and duty.at + DUTY_STAYS > now]
    all_day = [duty for duty in duties if duty.at is None]
    return [
        {
            "at": None if duty.at is None else hhmm(duty.at),
            "at_ms": None if duty.at is None else ms(duty.at),
            "who": duty.who,
            "what": duty.what,
        }
        for duty in ahead + all_day
    ]


# ---- the door, the evening ----


def _welcome(glance: Glance) -> Json:
    return {"text": glance.state.entry.text if glance.state.entry else ""}


def _rest(glance: Glance) -> Json:
    following = glance.state.next
    if not glance.plan.workday:
        text = "今天休息，好好放松。"
    elif glance.plan.entries and glance.now < glance.plan.entries[0].at:
        text = "新的一天，马上开始。"
    else:
        text = "今天辛苦了，路上小心。"
    return {"text": text, "next": f"{hhmm(following.at)} {following.name}" if following else None}


# ---- what is wrong ----


def _fault(glance: Glance) -> Json | None:
    serious = [trouble for trouble in glance.troubles if trouble.serious]
    for trouble in serious or list(glance.troubles):
        return {"what": trouble.what, "meanwhile": trouble.meanwhile, "mend": trouble.mend}
    return None


def _notices(glance: Glance, base: str) -> list[str]:
    """One line each at the foot of the wall; what already fills the wall is not told twice."""
    troubles = [] if base == "fault" else [trouble.what for trouble in glance.troubles]
    muted = [reason.sentence for reason in glance.sounding.hearing.reasons if reason.cause == MUTED]
    return [*muted, *troubles, *glance.notices]
