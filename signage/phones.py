"""The phone's page and the one state it is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from flask import Blueprint, current_app, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response

from controller.book.broadcasts import said as told_at
from controller.book.desk import Wall
from controller.book.model import HEARD, MERGED, NOT_HEARD, OPEN_STATES, PLAYING, WAITING, Announcement, Deal
from controller.glance import Glance
from controller.rhythm.called import ROLES, SCENES
from controller.rhythm.model import Duty
from signage import shapes
from signage.access import access, needs
from signage.api import office
from signage.icon import SIZES as ICONS
from signage.secure import told
from signage.shapes import Json
from signage.uploads import belongings
from signage.walls import Painted, screens, streams

pages = Blueprint("phones", __name__)

LINES = 40  # of what was just done; the rest of the day stands in the standings
SHOWN = {**SCENES, "off": "已关屏"}
SAID_BY_HAND = ("say", "microphone")
SAID = (HEARD, NOT_HEARD)  # what can be said again


@pages.get("/")
def home() -> str | Response:
    if access().role() is None:
        return redirect(url_for("access.login"))
    state = phone_state()
    return render_template("phone.html", first=state, office=state["office"])


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """What a phone needs to put the page on its home screen; asked for without a cookie."""
    name = "战鼓彩排" if current_app.jinja_env.globals.get("rehearsal") else "战鼓"
    icons = [
        {
            "src": url_for("static", filename=f"icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
        }
        for size in ICONS
    ]
    answer = jsonify(
        {
            "name": name,
            "short_name": name,
            "lang": "zh-CN",
            "start_url": url_for("phones.home"),
            "display": "standalone",
            "background_color": "#faf5ec",
            "theme_color": "#faf5ec",
            "icons": icons,
        }
    )
    answer.mimetype = "application/manifest+json"
    return answer


@pages.get("/api/phone")
@needs("read")
def state() -> Response:
    return jsonify(phone_state())


def phone_state() -> Json:
    """Everything the four tabs show, asked of the office once."""
    house = office()
    glance = house.glance()
    today = glance.plan.date
    said = house.announcements(today)
    return {
        **_moment(glance),
        "teams": [{"id": team.id, "name": team.name} for team in house.teams()],
        "people": [shapes.person(person) for person in house.people()],
        "products": list(house.products()),
        "playlists": list(house.playlists()),
        "playlist_names": house.playlist_names(),
        "done": done_lines(house.deals(today), said, glance.now),
        "said": [_said_line(found, glance.now) for found in reversed(said) if found.kind in SAID_BY_HAND][
            :LINES
        ],
        "cities": [shapes.city(city) for city in house.cities(today)],
        "walls": wall_lines(screens().all(), streams().names(), house.walls.known(), glance),
        "build": current_app.jinja_env.globals["build"],
        **belongings(),
        "tls": told(),
    }


def _moment(glance: Glance) -> Json:
    state, plan = glance.state, glance.plan
    return {
        "revision": glance.revision,
        "time": shapes.clock_time(glance.now.replace(second=0)),
        "date": plan.date.isoformat(),
        "office": glance.office,
        "workday": plan.workday,
        "day_why": plan.why,
        "entry": shapes.entry(state.entry),
        "quiet_until": shapes.clock_time(state.quiet_until) if state.quiet else None,
        "plan": [{**(shapes.entry(entry) or {}), "now": entry == state.entry} for entry in plan.entries],
        "duties": [_duty(duty) for duty in plan.duties],
        "totals": {
            "day": shapes.total(glance.day),
            "week": shapes.total(glance.week),
            "month": shapes.total(glance.month),
        },
        "sound": shapes.sounding(glance.sounding),
        "troubles": [shapes.trouble(trouble) for trouble in glance.troubles],
        "notices": list(glance.notices),
        "clock_trusted": glance.trusted_clock,
    }


def _duty(duty: Duty) -> Json:
    return {"at": shapes.clock_time(duty.at), "who": ROLES.get(duty.who, duty.who), "what": duty.what}


# ---- what was just done, with its true state -----------------------------------------------------------


def done_lines(deals: Iterable[Deal], said: Iterable[Announcement], now: datetime) -> list[Json]:
    """Today's deals, newest first, each with how its announcement stands (the newest one that names it)."""
    newest: dict[int, Announcement] = {}
    for announcement in sorted(said, key=lambda found: found.id):
        newest.update(dict.fromkeys(announcement.deals, announcement))
    ordered = sorted(deals, key=lambda deal: (deal.at, deal.id), reverse=True)
    return [_done_line(deal, newest.get(deal.id), now) for deal in ordered[:LINES]]


def _done_line(deal: Deal, announcement: Announcement | None, now: datetime) -> Json:
    words, look = ("已撤回", "") if deal.voided is not None else state_words(announcement, now)
    return {
        **shapes.deal(deal),
        "at": f"{deal.at:%H:%M}",
        "state": words,
        "look": look,
        "why": announcement.why if announcement else "这一单没有播报。",
        "announcement": announcement.id if announcement else None,
        "again": announcement is not None and announcement.state in SAID,
    }


def state_words(found: Announcement | None, now: datetime) -> tuple[str, str]:
    """How an announcement stands, in a few words, and how the words look: "", "live", "ok" or "bad"."""
    if found is None:
        return "没有播报", ""
    if found.state == WAITING:
        return (
            ("马上播报", "live")
            if found.due is None or found.due <= now
            else (f"{told_at(found.due, now)} 播报", "")
        )
    if found.state == HEARD:
        return f"已播 {told_at(found.ended or found.due or found.created, now)}", "ok"
    return {
        PLAYING: ("正在播报", "live"),
        NOT_HEARD: ("没有播出", "bad"),
        MERGED: ("和别的一起播", ""),
    }.get(found.state, ("不播了", ""))


def _said_line(found: Announcement, now: datetime) -> Json:
    words, look = state_words(found, now)
    return {
        "id": found.id,
        "text": found.text,
        "at": told_at(found.created, now),
        "state": words,
        "look": look,
        "why": found.why,
        "again": found.state in SAID,
        "open": found.state in OPEN_STATES,
    }


# ---- walls ---------------------------------------------------------------------------------------------


def wall_lines(
    painted: Iterable[Painted], open_lines: Mapping[str, int], known: Iterable[Wall], glance: Glance
) -> list[Json]:
    """Every wall that listens, has reported or is known from before, by name; phones listen too but are no walls.

    `stray`: the team it was given to, when there is no such team. `silent`: since when nothing was heard of a wall
    that should be there. `chosen`: what the phone chose for it.
    """
    lines: dict[str, Json] = {
        name: {"name": name, "online": True, "silent": None, "chosen": {}}
        for name in open_lines
        if not name.startswith("phone-")
    }
    for wall in known:
        line = lines.setdefault(
            wall.name, {"name": wall.name, "online": False, "silent": told_at(wall.seen, glance.now)}
        )
        line["chosen"] = dict(wall.settings)
    for report in painted:
        lines[report.wall] = {
            **lines.get(report.wall, {"chosen": {}}),
            "name": report.wall,
            "online": report.wall in open_lines,
            "silent": None if report.wall in open_lines else told_at(report.at, glance.now),
            "scene": SHOWN.get(report.scene, report.scene),
            "painted": f"{report.at:%H:%M:%S}",
            "size": f"{report.width}×{report.height}",
            "delay_ms": report.delay_ms,
            "agent": report.agent,
            "no_chinese": report.no_chinese,
        }
    there = {row.name for row in glance.teams} | set(glance.members)
    for name, line in lines.items():
        team = glance.walls.screens.get(name, glance.walls.default).team
        line["stray"] = team if team is not None and team not in there else None
    return [lines[name] for name in sorted(lines)]
