"""Build the JSON state from which a wall draws itself. Pure."""

from __future__ import annotations

from calendar import month_name
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from controller.glance import Glance, OnAir, Ranking, Total
from controller.hearing import MUTED, UNANNOUNCED
from controller.names import same_name
from controller.sales.highlights import Highlight
from controller.sales.model import Deal, Kind
from controller.sales.standings import Standing
from controller.sentences import Sentence, english, say
from controller.timetable.exceptions import today_line
from controller.timetable.model import Duty, Entry, WallDisplay
from controller.timetable.times import written_end
from signage import serializers, wall_boards
from signage.serializers import Json


def ms(moment: datetime) -> int:
    """Return epoch milliseconds."""
    return round(moment.timestamp() * 1000)


def hhmm(moment: datetime) -> str:
    """Return HH:MM in the time zone of `moment`."""
    return f"{moment.hour:02d}:{moment.minute:02d}"  # strftime took a tenth of the daemon's time in a crowd


def yuan(amount: Decimal | None) -> str | None:
    """Return yuan with two decimals as text, so that the page gets the exact amount."""
    return None if amount is None else f"{amount:.2f}"


def tally_row(row: Standing) -> Json:
    """Return a team's or person's row with the URL of its photo."""
    return serializers.tally(row, yuan) | {"photo": photo_url(row.photo)}


def photo_url(photo: str | None) -> str | None:
    """Return the URL of a photo. `photo`: a path of this server, or a content hash served under /photos/."""
    if not photo:
        return None
    return photo if photo.startswith("/") else f"/photos/{photo}"


def deal_row(deal: Deal) -> Json:
    """Return a deal's row."""
    return {
        "id": deal.id,
        "at": hhmm(deal.at),
        "person": deal.person,
        "team": deal.team,
        "amount": yuan(deal.amount),
        "product": deal.product,
    }


def highlight_row(highlight: Highlight) -> Json:
    """Return a highlight (streak, record, …) in days or deals (`count`), or in yuan."""
    return {
        "kind": highlight.kind,
        "name": highlight.name,
        "team": highlight.team,
        "count": highlight.count,
        "amount": yuan(highlight.amount),
    }


def total_row(total: Total | Standing) -> Json:
    """Return a total of the office or of one team."""
    return serializers.total(total, yuan)


# --- Scenes

TOP = 10  # a leaderboard shows the best and never the last
LATE = timedelta(seconds=60)  # older announcements without deals are not celebrated
SILENT_SHOW = timedelta(seconds=15)  # wait this long for the voice, then reveal the results without it
SILENT_STEP = timedelta(seconds=2)
TITLES = {period: say(f"top_sales_of_{period}") for period in ("day", "week", "month")}
NO_CHAMPION = say("no_top_sales")
CHAMPIONS = {Kind(f"top_sales_of_{period}"): title for period, title in TITLES.items()}
STEPS = ("third", "second", "first", "teams", "cities", "week", "month", "comment")
_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}
_TITLES = {count: say(f"{number}_deals") for count, number in _NUMBERS.items()}


def celebration_of(glance: Glance) -> Json | None:
    """Return the celebration of the current announcement. Results show the leaderboard instead; quiet time, none.

    A wall that connects more than a minute late does not show free text; it always gets deals, and the page applies
    its rule of 60 s.
    """
    said = glance.on_air
    if said is None or said.kind == Kind.RESULTS or said.ends <= glance.now:
        return None
    if glance.state.quiet and said.kind != Kind.EMERGENCY:
        return None
    if not said.deals and glance.now - said.started > LATE:
        return None
    one = said.deals[0] if len(said.deals) == 1 else None
    if one and said.kind == Kind.TARGET:  # celebrate the team, not the seller of the last deal
        reached = next((row for row in glance.teams if row.name == one.team), None)
        changes: Json = {
            "team": one.team,
            "amount": None,
            "items": [],
            "reached": reached and total_row(reached),
        }
        return _celebration(glance, said, None) | changes
    return _celebration(glance, said, one)


def _celebration(glance: Glance, said: OnAir, one: Deal | None) -> Json:
    return {
        "id": said.id,
        "kind": said.kind,
        "calm": _calm(glance, said),
        "title": _title(glance, said),
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


def _calm(glance: Glance, said: OnAir) -> bool:
    """Return whether the wall stays dark: red is for deals, winners and emergencies, not for a day without a deal."""
    winner = said.kind in CHAMPIONS and glance.champion is not None
    return not (said.deals or winner or said.kind == Kind.EMERGENCY)


def _title(glance: Glance, said: OnAir) -> str | None:
    """Return the title for top sales or for several deals at once; None: the page has one for each kind."""
    if said.kind in CHAMPIONS:
        return CHAMPIONS[said.kind] if glance.champion is not None else NO_CHAMPION
    return None if said.kind in (Kind.ROUNDUP, Kind.HOURLY) else _TITLES.get(len(said.deals))


def board_of(glance: Glance, base: str) -> Json | None:
    """Return the standings for walls with the scene leaderboard: frozen during the show, else live."""
    if base != "leaderboard":
        return None
    show, live = glance.board, glance.scene != "leaderboard"
    return {
        "title": say("top_sales"),
        "period": "day",
        "top": [tally_row(row) for row in (show or glance).people[:TOP]],
        "teams": [tally_row(row) for row in (show or glance).teams],
        "cities": [serializers.city(city) for city in (show or glance).cities],
        "week_top": tally_row(show.week_top) if show and show.week_top else None,
        "month_top": tally_row(show.month_top) if show and show.month_top else None,
        "comment": show.comment if show else "",
        "reveal": _reveal(glance),
        "honours": [highlight_row(highlight) for highlight in glance.highlights],
        "live": live,
        "rounds": [_round(ranking) for ranking in glance.rankings if ranking.people] if live else [],
    }


def _round(ranking: Ranking) -> Json:
    """Return a period's leaderboard; outside the show the wall alternates between day, week and month."""
    return {
        "period": ranking.period,
        "top": [tally_row(row) for row in ranking.people[:TOP]],
        "teams": [tally_row(row) for row in ranking.teams],
    }


def _reveal(glance: Glance) -> list[Json]:
    """Return when to reveal each part: with the voice, or on a timer when no voice starts. Empty: show everything.

    A day without a deal has no winners to reveal.
    """
    if glance.board is not None and not glance.board.people:
        return []
    said = glance.on_air
    if said is not None and said.kind == Kind.RESULTS:
        steps = [(step, at) for step, at in said.marks if step in STEPS]
        if not any(step == "comment" for step, _ in steps):
            steps.append(("comment", said.ends))
        return [{"step": step, "at_ms": ms(at)} for step, at in steps]
    cues = [cue.at for cue in glance.plan.cues if cue.say == "results" and cue.at <= glance.now]
    begin = max(cues) + SILENT_SHOW if cues else None
    announced = glance.results_announced
    if (
        begin is None
        or announced
        or glance.scene != "leaderboard"
        or glance.now >= begin + len(STEPS) * SILENT_STEP
    ):
        return []
    return [{"step": step, "at_ms": ms(begin + i * SILENT_STEP)} for i, step in enumerate(STEPS)]


def award(glance: Glance) -> Json | None:
    """Return the winner of the award: the announced one, or at the ceremony its slide; else None."""
    if glance.ceremony is not None:
        return wall_boards.walk(glance.ceremony, glance.on_air)
    champion = glance.champion
    if champion is None:
        return None
    past = champion.period == "month" and champion.since != glance.plan.date.replace(day=1)
    winner = champion.winner
    return {
        "title": _of_month(champion.since.month) if past else TITLES[champion.period],
        "period": champion.period,
        "month": champion.since.month if past else None,
        "person": winner.name,
        "team": winner.team,
        "count": winner.count,
        "amount": yuan(winner.amount),
        "prize": champion.prize or None,
        "photo": photo_url(winner.photo),
        "text": glance.on_air.text if glance.on_air else "",
    }


def _of_month(month: int) -> Sentence:
    return say(
        "top_sales_of_past_month", zh_month=wall_boards.ZH_MONTHS[month - 1], en_month=month_name[month]
    )


# --- State of one wall

DEALS = 12
DUTY_STAYS = timedelta(minutes=15)  # a duty stays on the wall this long after its time


def wall_state(glance: Glance, name: str, build: str = "") -> Json:
    """Return the state of wall `name`; a wall that is not in the timetable has the default settings.

    `build`: hash of the installed page; a page of another build reloads itself.
    """
    display = display_of(glance, name)
    return shared(glance, display, build) | own(glance, display)


def display_of(glance: Glance, name: str) -> WallDisplay:
    """Return the settings of a wall."""
    return glance.walls.screens.get(name) or replace(glance.walls.default, name=name)


def shared(glance: Glance, display: WallDisplay, build: str) -> Json:
    """Return the part of the state that all walls of these settings have in common, whatever their names are."""
    base = _base(glance, display)
    team = _team(glance, display)
    celebration = None if _undisturbed(glance, base, team) else celebration_of(glance)
    scene = "celebration" if celebration else base
    deals = (deal_row(deal) for deal in glance.deals if deal.voided is None and team in (None, deal.team))
    state: Json = {
        "revision": glance.revision,
        "build": build,
        "offset_min": _offset(glance.now),
        "scene": scene,
        "base": base,
        "office": glance.office,
        "lang": display.language,
        "date": glance.plan.date.isoformat(),
        "entry": _entry(glance.state.entry),
        "next": _next(glance.state.next),
        "teams": [tally_row(row) for row in glance.teams if team in (None, row.name)],
        "members": [] if team is None else _members(glance, team),
        "deals": list(islice(deals, DEALS)),
        "totals": {name: total_row(getattr(glance, name)) for name in ("day", "week", "month")},
        "duties": _duties(glance.plan.duties, glance.now),
        "duty_stays_ms": round(DUTY_STAYS.total_seconds() * 1000),
        "celebration": celebration,
        "board": board_of(glance, base),
        "award": award(glance),
        "welcome": {"text": glance.state.entry.text if glance.state.entry else ""},
        "rest": _rest(glance),
        "fault": _fault(glance),
        "notices": _stray(display, team) + _notices(glance, base),
        "quiet_line": _open_targets(glance, team),
        "city_news": list(glance.city_news),
        "cities": [serializers.city(city) for city in glance.cities if base == "cities"],
        "measures": wall_boards.measure_boards(glance.measures) if base == "measures" else [],
        "honours": [highlight_row(highlight) for highlight in glance.highlights],
        "contests": wall_boards.contest_lines(glance.contests),
    }
    return _in_english(state) if display.language == "en" else state


def _in_english(value: Any) -> Any:
    """Return the state with the program's sentences in English and the office's texts unchanged."""
    if isinstance(value, dict):
        return {key: _in_english(part) for key, part in value.items()}
    return [_in_english(part) for part in value] if isinstance(value, list) else english(value)


def _undisturbed(glance: Glance, base: str, team: str | None) -> bool:
    """Return whether the current announcement leaves this wall unchanged.

    The nap stays dark. Deals replace an award; the award's announcement does not. A team's wall shows that team's
    deals and announcements to all, but not other teams' deals. Every wall shows an emergency, also one that is dark
    or turned off.
    """
    if glance.on_air is not None and glance.on_air.kind == Kind.EMERGENCY:
        return False
    deals = glance.on_air.deals if glance.on_air else ()
    others = bool(deals) and team is not None and all(deal.team != team for deal in deals)
    return base in ("dark", "off") or (base == "award" and not deals) or others


def _team(glance: Glance, display: WallDisplay) -> str | None:
    """Return the wall's team; None for a wall of all teams or of a team that does not exist."""
    wanted = display.team or ""
    teams = [*(row.name for row in glance.teams), *glance.members]
    return next((name for name in teams if same_name(name, wanted)), None)


def _stray(display: WallDisplay, team: str | None) -> list[str]:
    """Return a notice when the wall's team does not exist; meanwhile the wall shows all teams."""
    if display.team is None or team is not None:
        return []
    return [say("no_such_team", team=display.team)]


def _members(glance: Glance, team: str) -> list[Json]:
    """Return all members of a team: sellers of today, best first, then the others with nothing (`place` None)."""
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
    """Return the scene without the celebration. Only the dark scene of the nap overrides a pinned scene.

    "off": a person turned the screen off.
    """
    scene = glance.state.wall if glance.scene == "celebration" else glance.scene
    if display.scene is not None and (scene != "dark" or display.scene == "off"):
        scene = display.scene
    if scene == "award" and glance.champion is None and glance.ceremony is None:
        return "rhythm"
    if scene == "fault" and not glance.problems:
        return "rhythm"
    return scene


def own(glance: Glance, display: WallDisplay) -> Json:
    """Return the rest: the moment, and the wall itself."""
    wall = {
        "name": display.name, "diagonal": display.diagonal, "distance": display.distance, "theme": display.theme,
        "team": _team(glance, display), "portrait": display.portrait, "identify": None, "reload": None,
    }  # fmt: skip
    return {"now": ms(glance.now), "wall": wall}


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
    """Return today's remaining duties: the next first, then those without a time."""
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


def _rest(glance: Glance) -> Json:
    following = glance.state.next
    if not glance.plan.workday:
        text = say("day_off")
    elif glance.plan.entries and glance.now < glance.plan.entries[0].at:
        text = say("before_work")
    else:
        text = say("after_work")
    return {"text": text, "next": f"{hhmm(following.at)} {following.name}" if following else None}


NAMED = 4  # teams named in the quiet line; more are counted


def _open_targets(glance: Glance, team: str | None) -> str | None:
    """Return the line with the teams that have not handed in their targets; a team's wall names that team alone."""
    teams = [name for name in glance.open_targets if team in (None, name)]
    if not teams:
        return None
    names = Sentence("、".join(teams[:NAMED]), ", ".join(teams[:NAMED]))
    more = say("teams_and_more", teams=names, count=len(teams))
    return say("open_targets", teams=more if len(teams) > NAMED else names)


def _fault(glance: Glance) -> Json | None:
    serious = [trouble for trouble in glance.problems if trouble.serious]
    for trouble in serious or list(glance.problems):
        return {"what": trouble.what, "meanwhile": trouble.meanwhile, "mend": trouble.mend}
    return None


def _notices(glance: Glance, base: str) -> list[str]:
    """Return the lines at the foot of the wall, without the problems that the fault scene already shows.

    Faults of single music files are on the phone only: the music plays on, and nobody at a wall can mend a file.
    """
    problems = [] if base == "fault" else [one.what for one in glance.problems if one.part != "music"]
    muted = [
        reason.sentence for reason in glance.sounding.hearing.reasons if reason.cause in (MUTED, UNANNOUNCED)
    ]
    exceptions = today_line(glance.plan.exceptions)
    return [*muted, *problems, *([exceptions] if exceptions else []), *glance.notices]
