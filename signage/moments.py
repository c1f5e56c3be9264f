"""What a wall shows of a moment: the celebration of what is being said, the 18:05 show, the award. Pure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from controller.book.model import Deal
from controller.glance import Board, Glance, OnAir, Ranking
from signage import shapes
from signage.shapes import Json
from signage.wallrows import deal_row, honour_row, ms, photo_url, tally_row, total_row, yuan

TOP = 10  # a ranking praises the best and never shows the last
LATE = timedelta(seconds=60)  # what is older is not celebrated any more
SILENT_SHOW = timedelta(seconds=15)  # so long the wall waits for the voice before it tells the results alone
SILENT_STEP = timedelta(seconds=2)
TITLES = {"day": "今日开拓能手", "week": "本周开拓能手", "month": "本月开拓能手"}
CHAMPIONS = {f"top_sales_of_{period}": title for period, title in TITLES.items()}
MONTHS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
STEPS = ("third", "second", "first", "teams", "cities", "week", "month", "comment")
_TITLES = {
    2: "双喜临门",
    3: "三单连开",
    4: "四单连开",
    5: "五单连开",
    6: "六单连开",
    7: "七单连开",
    8: "八单连开",
}


def celebration_of(glance: Glance) -> Json | None:
    """The picture to what is being said. The results have the leaderboard for a picture; silence has none.

    Free words lasting over a minute are not shown to a wall that comes late; an order always is, and the page
    decides by its own rule of 60 s.
    """
    said = glance.on_air
    if said is None or said.kind == "results" or said.ends <= glance.now:
        return None
    if glance.state.quiet and said.kind != "emergency":
        return None
    if not said.deals and glance.now - said.started > LATE:
        return None
    one = said.deals[0] if len(said.deals) == 1 else None
    if one and said.kind == "target":  # the team is praised, not who brought the last order
        reached = next((row for row in glance.teams if row.name == one.team), None)
        praise: Json = {
            "team": one.team,
            "amount": None,
            "items": [],
            "reached": reached and total_row(reached),
        }
        return _celebration(said, None) | praise
    return _celebration(said, one)


def _celebration(said: OnAir, one: Deal | None) -> Json:
    return {
        "id": said.id,
        "kind": said.kind,
        "title": _title(said),
        "person": one.person if one else None,
        "team": one.team if one else None,
        "amount": yuan(sum((deal.amount for deal in said.deals), Decimal(0))) if said.deals else None,
        "product": one.product if one else None,
        "photo": photo_url(said.photos.get(one.person_id)) if one else None,
        "reached": None,
        "text": said.text,
        "items": [] if one else [deal_row(deal) for deal in said.deals],
        "started_ms": ms(said.started),
        "ends_ms": ms(said.ends),
    }


def _title(said: OnAir) -> str | None:
    """None: the page has a title for each kind. Several orders in one breath are called what they are."""
    if said.kind in CHAMPIONS:
        return CHAMPIONS[said.kind]
    return None if said.kind in ("roundup", "hourly") else _TITLES.get(len(said.deals))


def board_of(glance: Glance, base: str) -> Json | None:
    """The results, on walls whose scene is the leaderboard: the frozen ones of the show, else as they stand."""
    if base != "leaderboard":
        return None
    board = glance.board or Board("开拓能手", "day", glance.people, glance.teams)
    live = glance.scene != "leaderboard"
    return {
        "title": board.title,
        "period": board.period,
        "top": [tally_row(row) for row in board.top[:TOP]],
        "teams": [tally_row(row) for row in board.teams],
        "cities": [shapes.city(city) for city in board.cities],
        "week_top": tally_row(board.week_top) if board.week_top else None,
        "month_top": tally_row(board.month_top) if board.month_top else None,
        "comment": board.comment,
        "reveal": _reveal(glance),
        "honours": [honour_row(honour) for honour in glance.honours],
        "rounds": [_round(found) for found in glance.rankings if found.people] if live else [],
    }


def _round(ranking: Ranking) -> Json:
    """A period's board; outside the show day, week and month take turns."""
    return {
        "period": ranking.period,
        "top": [tally_row(row) for row in ranking.people[:TOP]],
        "teams": [tally_row(row) for row in ranking.teams],
    }


def _reveal(glance: Glance) -> list[Json]:
    """When each part is told: by the voice, or, when no voice comes, by the wall alone. Empty: all is told."""
    said = glance.on_air
    if said is not None and said.kind == "results":
        told = [(step, at) for step, at in said.marks if step in STEPS]
        if not any(step == "comment" for step, _ in told):
            told.append(("comment", said.ends))
        return [{"step": step, "at_ms": ms(at)} for step, at in told]
    cues = [cue.at for cue in glance.plan.cues if cue.say == "results" and cue.at <= glance.now]
    begin = max(cues) + SILENT_SHOW if cues else None
    if begin is None or glance.scene != "leaderboard" or glance.now >= begin + len(STEPS) * SILENT_STEP:
        return []
    return [{"step": step, "at_ms": ms(begin + i * SILENT_STEP)} for i, step in enumerate(STEPS)]


def award(glance: Glance) -> Json | None:
    """Whom the prize is for: who is being praised, or at the ceremony the best of last month; None for nobody."""
    found = glance.champion
    if found is None:
        return None
    past = found.period == "month" and found.since != glance.plan.date.replace(day=1)
    winner = found.winner
    return {
        "title": f"{MONTHS[found.since.month - 1]}月开拓能手" if past else TITLES[found.period],
        "period": found.period,
        "month": found.since.month if past else None,
        "person": winner.name,
        "team": winner.team,
        "count": winner.count,
        "amount": yuan(winner.amount),
        "prize": found.prize or None,
        "photo": photo_url(winner.photo),
        "text": glance.on_air.text if glance.on_air else "",
    }
