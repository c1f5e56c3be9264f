"""What one wall shows: a Glance in, the JSON that `static/wall*.js` draws out. Pure; the wall decides nothing itself.

Moments are epoch milliseconds of the office's clock (`…_ms`) or "HH:MM" in the office's zone, sums are strings of
yuan with two decimals. Names and texts go out as they were written: the page puts them in as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from controller.book.model import Deal
from controller.glance import Board, City, Glance, OnAir, Tally, Total
from controller.rhythm.model import Duty, Entry, WallDisplay

Json = dict[str, Any]

TOP = 10  # a ranking praises the best and never shows the last
DEALS = 12
DUTY_STAYS = timedelta(minutes=15)  # a reminder stays this long after its time
LATE = timedelta(seconds=60)  # what is older is not celebrated any more
STEPS = ("third", "second", "first", "teams", "cities", "week", "month", "comment")


def wall_state(glance: Glance, name: str) -> Json:
    """The state of wall `name`; a wall the timetable does not name is drawn with the default settings."""
    display = glance.walls.screens.get(name) or replace(glance.walls.default, name=name)
    celebration = _celebration(glance)
    base = _base(glance, display)
    scene = "celebration" if celebration and base != "dark" else base
    return {
        "revision": glance.revision,
        "build": glance.build,
        "now": ms(glance.now),
        "offset_min": _offset(glance.now),
        "scene": scene,
        "base": base,
        "office": glance.office,
        "lang": display.language,
        "date": glance.plan.date.isoformat(),
        "wall": _wall(display, name),
        "entry": _entry(glance.state.entry),
        "next": _next(glance.state.next),
        "teams": [tally(team) for team in glance.teams],
        "deals": [_deal(deal) for deal in glance.deals if deal.voided is None][:DEALS],
        "totals": {"day": _total(glance.day), "week": _total(glance.week), "month": _total(glance.month)},
        "duties": _duties(glance.plan.duties, glance.now),
        "celebration": celebration,
        "board": _board(glance),
        "award": _award(glance),
        "welcome": _welcome(glance),
        "rest": _rest(glance),
        "fault": _fault(glance),
        "notices": _notices(glance, base),
    }


def ms(moment: datetime) -> int:
    """Epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def _offset(now: datetime) -> int:
    offset = now.utcoffset()
    return round(offset.total_seconds() / 60) if offset is not None else 0


def _hhmm(moment: datetime) -> str:
    return moment.strftime("%H:%M")


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _base(glance: Glance, display: WallDisplay) -> str:
    """The scene without the celebration. A pinned scene gives way to the nap's darkness and to nothing else."""
    scene = glance.state.wall if glance.scene == "celebration" else glance.scene
    if display.scene is not None and scene != "dark":
        scene = display.scene
    if scene == "leaderboard" and glance.board is None:
        return "rhythm"
    if scene == "award" and _award(glance) is None:
        return "welcome"
    if scene == "fault" and not glance.troubles:
        return "rhythm"
    return scene


def _wall(display: WallDisplay, name: str) -> Json:
    return {
        "name": name,
        "diagonal": display.diagonal,
        "distance": display.distance,
        "theme": display.theme,
        "team": display.team,
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
        "at": _hhmm(entry.at),
        "until": _hhmm(entry.until),
        "at_ms": ms(entry.at),
        "until_ms": ms(entry.until),
    }


def _next(entry: Entry | None) -> Json | None:
    return None if entry is None else {"name": entry.name, "at": _hhmm(entry.at)}


def tally(row: Tally) -> Json:
    """A team's or person's row."""
    return {
        "place": row.place,
        "name": row.name,
        "team": row.team,
        "count": row.count,
        "amount": _yuan(row.amount),
        "target": None if row.target is None else _yuan(row.target),
        "rate": row.rate,
        "photo": _photo(row.photo),
    }


def _photo(photo: str | None) -> str | None:
    """Where the page finds a picture: a path of this server, or a content hash served under /photos/."""
    if not photo:
        return None
    return photo if photo.startswith("/") else f"/photos/{photo}"


def _deal(deal: Deal) -> Json:
    return {
        "id": deal.id,
        "at": _hhmm(deal.at),
        "person": deal.person,
        "team": deal.team,
        "amount": _yuan(deal.amount),
        "product": deal.product,
    }


def _total(total: Total) -> Json:
    return {"amount": _yuan(total.amount), "target": None if total.target is None else _yuan(total.target)}


def _duties(duties: Sequence[Duty], now: datetime) -> list[Json]:
    """What is still to be done today: the next first, then what holds all day."""
    ahead = [duty for duty in duties if duty.at is not None and duty.at + DUTY_STAYS > now]
    all_day = [duty for duty in duties if duty.at is None]
    return [
        {"at": None if duty.at is None else _hhmm(duty.at), "who": duty.who, "what": duty.what} for duty in ahead + all_day
    ]


# ---- what is being said now ----

_TITLES = {2: "双喜临门", 3: "三单连开", 4: "四单连开", 5: "五单连开", 6: "六单连开", 7: "七单连开", 8: "八单连开"}


def _celebration(glance: Glance) -> Json | None:
    """The picture to what is being said. The results have the leaderboard for a picture; silence has none."""
    said = glance.on_air
    if said is None or said.kind == "results" or glance.state.quiet or said.ends <= glance.now:
        return None
    if not said.deals and glance.now - said.started > LATE:
        return None
    one = said.deals[0] if len(said.deals) == 1 else None
    return {
        "id": said.id,
        "kind": said.kind,
        "title": _title(said),
        "person": one.person if one else None,
        "team": one.team if one else None,
        "amount": _yuan(sum((deal.amount for deal in said.deals), Decimal(0))) if said.deals else None,
        "product": one.product if one else None,
        "photo": _photo(said.photos.get(one.person)) if one else None,
        "text": said.text,
        "items": [] if one else [{"person": deal.person, "team": deal.team, "amount": _yuan(deal.amount)} for deal in said.deals],
        "started_ms": ms(said.started),
        "ends_ms": ms(said.ends),
    }  # fmt: skip


def _title(said: OnAir) -> str | None:
    """None: the page has a title for each kind. Several orders in one breath are called what they are."""
    return _TITLES.get(len(said.deals)) if said.kind not in ("roundup", "hourly") else None


# ---- the show, the prize, the door ----


def _board(glance: Glance) -> Json | None:
    board = glance.board
    if board is None:
        return None
    return {
        "title": board.title,
        "period": board.period,
        "top": [tally(row) for row in board.top[:TOP]],
        "teams": [tally(row) for row in board.teams],
        "cities": [_city(city) for city in board.cities],
        "week_top": tally(board.week_top) if board.week_top else None,
        "month_top": tally(board.month_top) if board.month_top else None,
        "comment": board.comment,
        "reveal": _reveal(glance.on_air),
    }


def _city(city: City) -> Json:
    return {"place": city.place, "name": city.name, "rate": city.rate, "own": city.own}


def _reveal(said: OnAir | None) -> list[Json]:
    """When each part is told. Without marks everything stands there at once."""
    if said is None or said.kind != "results":
        return []
    return [{"step": step, "at_ms": ms(at)} for step, at in said.marks if step in STEPS]


def _award(glance: Glance) -> Json | None:
    board: Board | None = glance.board
    winner = board.month_top or board.week_top if board else None
    if board is None or winner is None:
        return None
    return {
        "title": "本月开拓能手" if board.month_top else "本周开拓能手",
        "person": winner.name,
        "team": winner.team,
        "count": winner.count,
        "amount": _yuan(winner.amount),
        "prize": None,
        "photo": _photo(winner.photo),
        "text": glance.state.entry.text if glance.state.entry else "",
    }


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
    return {"text": text, "next": f"{_hhmm(following.at)} {following.name}" if following else None}


# ---- what is wrong ----


def _fault(glance: Glance) -> Json | None:
    serious = [trouble for trouble in glance.troubles if trouble.serious]
    for trouble in serious or list(glance.troubles):
        return {"what": trouble.what, "meanwhile": trouble.meanwhile, "mend": trouble.mend}
    return None


def _notices(glance: Glance, base: str) -> list[str]:
    """One line each at the foot of the wall; what already fills the wall is not told twice."""
    troubles = [] if base == "fault" else [trouble.what for trouble in glance.troubles]
    return [*troubles, *glance.notices]
