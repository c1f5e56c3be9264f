"""The phone's page and the one state it is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.glance import Glance, Sounding
from controller.hearing import ALL_HEARD, MUTED, NO_DEVICE, QUIET, UNANNOUNCED, VOLUME_0, Hearing
from controller.sales.announcement_policy import time_text
from controller.sales.corrections import WEEKDAYS, in_words, week_so_far
from controller.sales.model import (
    DROPPED,
    HEARD,
    MERGED,
    NOT_HEARD,
    OPEN_STATES,
    PLAYING,
    WAITING,
    Announcement,
    Deal,
    Person,
)
from controller.sales.settings import Wall
from controller.services import Office
from controller.services.daily import day_line
from controller.services.deal_corrections import spoken_about
from controller.services.roundups import TAKEN_BACK
from controller.system.paths import version
from controller.timetable.exceptions import words_of
from controller.timetable.labels import ROLES, SCENES, track_title
from controller.timetable.model import Duty
from signage import serializers
from signage.auth import Caller, access, needs
from signage.callers import has, viewer_of
from signage.devices import described
from signage.http import date_of
from signage.icon import SIZES as ICONS
from signage.language import CODES, Encoded, in_english, is_english, language
from signage.office import https_port, office
from signage.reach import reach, searching
from signage.screens import Painted, screens, streams
from signage.serializers import Json
from signage.sign_in import renew

pages = Blueprint("phones", __name__)

APP = ("战鼓", "战鼓彩排")  # its name on a phone's home screen; in a rehearsal the second
LINES = 40  # latest deals in the state; the page requests the whole day when a person wants older ones
SPOKEN = 400  # lines of manual announcements: a whole day
RESTORED = "撤回过，已恢复，没有再播报。"
SHOWN = {**SCENES, "off": "已关屏"}
SAID_BY_HAND = ("say", "microphone", "emergency")
SAID = (HEARD, NOT_HEARD, DROPPED)  # states in which an announcement can be repeated
NOT_PLANNED = "这一单没有安排播报。"
HELD = {
    NO_DEVICE: "等音响恢复",
    VOLUME_0: "等音量调大",
    QUIET: "等安静时间结束",
    UNANNOUNCED: "等可以播报的时间",
    MUTED: "等静音结束",
}


@pages.get("/")
def home() -> Response:
    if access().role() is None:
        return redirect(url_for("access.login"))
    state = phone_state()
    return renew(searching(render_template("phone.html", first=state, office=state["office"])))


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """Return the web app manifest, for the phone's home screen; browsers request it without a cookie."""
    chinese = APP[bool(current_app.jinja_env.globals.get("rehearsal"))]
    name = in_english(chinese) if is_english() else chinese
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
            "lang": CODES[language()],
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


@pages.get("/api/phone/done")
@needs("read")
def done() -> Response:
    """Return every deal of a day (`date`, else today) as the phone lists it, newest first."""
    current = office()
    glance = current.snapshot.glance()
    today = glance.plan.date
    day = date_of(request.args.get("date"), today)
    later = [
        one for one in week_so_far(today) if one > day
    ]  # a correction was announced on the day it was made
    said = [row for one in (day, *later) for row in current.announced.of_day(one)]
    return jsonify(done_lines(current.deals.of_day(day), said, glance.now, glance.sounding.hearing))


def phone_state() -> Json:
    """Return all data of the tabs; other days, targets and duties have their own addresses."""
    current = office()
    glance = current.snapshot.glance()
    return {
        **_moment(glance),
        **_choices(current),
        **deal_parts(current, glance.plan.date),
        **_today(current, glance),
        **_box(current),
        **_belongings(),
        "me": access().me(),
        "notices": [*glance.notices, *(f"作息表{hint}" for hint in current.timetable.hints())],
        "cities": [serializers.city(city) for city in glance.cities],
        "walls": wall_lines(screens().all(), streams().names(), current.walls.known(), glance),
        "reminders": _reminders(access().caller()),
    }


def _choices(current: Office) -> Json:
    """Return the people, products, numbers and playlists to choose from."""
    return {
        "teams": [serializers.team(team) for team in current.people.teams()],
        "people": _people(current.people.active()),
        "recent_people": list(current.deals.recent_sellers()),
        "products": list(current.product_list.choices()),
        "measures": [{"name": one.name, "unit": one.unit} for one in current.measures.measures()],
        "playlists": list(current.library.playlists()),
        "playlist_names": current.music.playlist_names(),
    }


def _today(current: Office, glance: Glance) -> Json:
    """Return the latest deals, and the latest announcements that people made."""
    today, now, hearing = glance.plan.date, glance.now, glance.sounding.hearing
    deals, count = current.deals.latest(today, LINES)
    about = current.announced.of_deals(today, [deal.id for deal in deals])
    said = current.announced.latest(today, SAID_BY_HAND, SPOKEN)
    return {
        "done": done_lines(deals, about, now, hearing, LINES),
        "done_total": count,
        "said": [_said_line(announcement, now, hearing) for announcement in said],
        "day_lines": day_line(today, current.announced.outcomes(today)).lines,
    }


def _box(current: Office) -> Json:
    """Return what is installed and at which addresses the machine is reached."""
    return {
        "build": current_app.jinja_env.globals["build"],
        "reach": reach(),
        "version": version(),
        "voice": serializers.speaking(current.speaking),
        "voice_install": serializers.voice_install(current.voice_install()),
        "tls": https_port(),
    }


_LISTED: list[tuple[tuple[Person, ...], Encoded]] = []
"""The last list of people with its JSON: 3,000 readings take 100 ms, their text 15 ms; people change once a day."""


def _people(people: tuple[Person, ...]) -> Encoded:
    """Return the people as JSON, made again when the list is another one."""
    kept = _LISTED[-1] if _LISTED else None
    if kept is None or kept[0] is not people:
        kept = (people, Encoded(serializers.person(person) for person in people))
        _LISTED[:] = [kept]
    return kept[1]


def deal_parts(current: Office, today: date) -> Json:
    """Return further values of the deal page: rights of the caller, open proposals, the days of this week.

    `frozen`: the sentence to show while today's results are published, else "".
    """
    sells = access().may("sell")
    caller = access().caller()
    waiting = (
        current.proposals.waiting() if sells else current.proposals.of_phone(caller.name if caller else "")
    )
    return {
        "sells": sells,
        "manages": access().may("manage"),
        "proposed": [{**serializers.proposal(row), "at": time_text_of(row.at, today)} for row in waiting],
        "week": [
            {"date": day.isoformat(), "name": day_name(day, today)} for day in reversed(week_so_far(today))
        ],
        "frozen": current.deals.frozen_note(today),
    }


def day_name(day: date, today: date) -> str:
    """Return a day of this week as the phone's choice names it: 今天, 昨天, 周一."""
    words = in_words(day, today)
    return words if len(words) == 2 else f"周{WEEKDAYS[day.weekday()]}"


def time_text_of(at: datetime, day: date) -> str:
    """Return HH:MM, with the date for another day than `day`."""
    clock = f"{at.hour:02}:{at.minute:02}"
    return clock if at.date() == day else f"{at.month}月{at.day}日 {clock}"


def _moment(glance: Glance) -> Json:
    state, plan = glance.state, glance.plan
    return {
        "revision": glance.revision,
        "time": serializers.clock_time(glance.now.replace(second=0)),
        "date": plan.date.isoformat(),
        "office": glance.office,
        "workday": plan.workday,
        "day_why": plan.why,
        "entry": serializers.entry(state.entry),
        "quiet_until": serializers.clock_time(state.quiet_until) if state.quiet else None,
        "plan": [{**(serializers.entry(entry) or {}), "now": entry == state.entry} for entry in plan.entries],
        "duties": [_duty(duty) for duty in plan.duties],
        "exceptions": [words_of(exception) for exception in plan.exceptions],
        "totals": {
            "day": serializers.total(glance.day),
            "week": serializers.total(glance.week),
            "month": serializers.total(glance.month),
        },
        "sound": _sound(glance.sounding),
        "troubles": [serializers.problem(trouble) for trouble in glance.problems],
        "readings": [serializers.reading(row) for row in glance.readings],
        "clock_trusted": glance.trusted_clock,
        "output_muted": office().outputs.values().muted,
    }


def _sound(sounding: Sounding) -> Json:
    return {
        **serializers.sounding(sounding),
        "track": track_title(sounding.track) if sounding.track else None,
    }


def _duty(duty: Duty) -> Json:
    return {"at": serializers.clock_time(duty.at), "who": ROLES.get(duty.who, duty.who), "what": duty.what}


# ---- today's deals with the state of their announcements ------------------------------------------------


def done_lines(
    deals: Iterable[Deal],
    said: Iterable[Announcement],
    now: datetime,
    hearing: Hearing = ALL_HEARD,
    most: int | None = None,
) -> list[Json]:
    """Return today's deals, newest first, each with the state of its newest announcement.

    `most`: maximum number of lines; None: all.
    """
    newest: dict[int, Announcement] = {}
    for announcement in sorted(said, key=lambda row: row.id):
        about = spoken_about(announcement.key)
        newest.update(dict.fromkeys(announcement.deals if about is None else (about,), announcement))
    ordered = sorted(deals, key=lambda deal: (deal.at, deal.id), reverse=True)
    week = frozenset(week_so_far(now.date()))
    return [_done_line(deal, newest.get(deal.id), now, hearing, week) for deal in ordered[:most]]


def _done_line(
    deal: Deal, announcement: Announcement | None, now: datetime, hearing: Hearing, week: frozenset[date]
) -> Json:
    words, look = ("已撤回", "") if deal.voided is not None else state_words(announcement, now, hearing)
    return {
        "id": deal.id,
        "key": deal.key,
        "person": deal.person,
        "team": deal.team,
        "product": deal.product,
        "amount": serializers.yuan(deal.amount),
        "at": time_text_of(deal.at, deal.date),
        "voided": deal.voided,
        "date": deal.date.isoformat(),
        "state": words,
        "look": look,
        "why": _why(announcement, deal),
        "announcement": announcement.id if announcement else None,
        "replaced_by": deal.replaced_by,
        "this_week": deal.date in week,
        "again": deal.voided is None and announcement is not None and announcement.state in SAID,
        "reason": _reason(announcement, deal),
    }


def state_words(
    announcement: Announcement | None, now: datetime, hearing: Hearing = ALL_HEARD
) -> tuple[str, str]:
    """Return an announcement's state in a few words, and the style of the words: "", "live", "ok" or "bad"."""
    if announcement is None:
        return "没有播出", ""
    if announcement.state == WAITING:
        if announcement.due is not None and announcement.due > now:
            return f"{time_text(announcement.due, now)} 播报", ""
        held = next((HELD[reason.cause] for reason in hearing.reasons if reason.cause in HELD), None)
        return ("立即播报", "live") if held is None else (held, "bad")
    if announcement.state == HEARD:
        return f"已播 {time_text(announcement.ended or announcement.due or announcement.created, now)}", "ok"
    return {
        PLAYING: ("正在播报", "live"),
        NOT_HEARD: ("没有播出", "bad"),
        MERGED: ("和别的一起播", ""),
    }.get(announcement.state, ("没有播出", ""))


def _why(announcement: Announcement | None, deal: Deal) -> str:
    if announcement is None:
        return NOT_PLANNED
    restored = deal.voided is None and announcement.why == TAKEN_BACK
    return RESTORED if restored else announcement.why


def _reason(announcement: Announcement | None, deal: Deal | None = None) -> str:
    """Return why it was not heard, for the row itself; "" when it went as people expect."""
    if announcement is None:
        return NOT_PLANNED
    if announcement.state not in (NOT_HEARD, DROPPED):
        return ""
    return announcement.why if deal is None else _why(announcement, deal)


def _said_line(announcement: Announcement, now: datetime, hearing: Hearing) -> Json:
    words, look = state_words(announcement, now, hearing)
    return {
        "id": announcement.id,
        "text": announcement.text,
        "at": time_text(announcement.created, now),
        "state": words,
        "look": look,
        "why": announcement.why,
        "again": announcement.state in SAID,
        "reason": _reason(announcement),
        "kind": announcement.kind,
        "open": announcement.state in OPEN_STATES,
    }


# ---- walls ---------------------------------------------------------------------------------------------


def wall_lines(
    painted: Iterable[Painted], open_lines: Mapping[str, int], known: Iterable[Wall], glance: Glance
) -> list[Json]:
    """Return every wall that is connected, has reported or was known before, sorted by name; phones are left out.

    `stray`: its assigned team, when there is no such team. `silent`: the last sign of a wall that should be
    connected. `chosen`: the settings chosen on the phone.
    """
    lines: dict[str, Json] = {
        name: {"name": name, "online": True, "silent": None, "chosen": {}}
        for name in open_lines
        if not name.startswith("phone-")
    }
    for wall in known:
        line = lines.setdefault(
            wall.name, {"name": wall.name, "online": False, "silent": time_text(wall.seen, glance.now)}
        )
        line["chosen"] = dict(wall.settings)
    for report in painted:
        lines[report.wall] = {
            **lines.get(report.wall, {"chosen": {}}),
            "name": report.wall,
            "online": report.wall in open_lines,
            "silent": None if report.wall in open_lines else time_text(report.at, glance.now),
            "scene": SHOWN.get(report.scene, report.scene),
            "painted": f"{report.at:%H:%M:%S}",
            "size": f"{report.width}×{report.height}",
            "delay_ms": report.delay_ms,
            "agent": report.agent,
            "device": described(report.agent),
            "no_chinese": report.no_chinese,
        }
    there = {row.name for row in glance.teams} | set(glance.members)
    for name, line in lines.items():
        team = glance.walls.screens.get(name, glance.walls.default).team
        line["stray"] = team if team is not None and team not in there else None
    return [lines[name] for name in sorted(lines)]


def _reminders(caller: Caller | None) -> list[str]:
    """Return the reminders of the caller's phone."""
    if caller is None or not has(caller, "duties"):
        return []
    return list(office().duties.reminders(viewer_of(caller)))


def _belongings() -> Json:
    """Return, for the phone's page, photos by person, and the people and teams with a victory song."""
    current = office()
    songs, people = current.media.profiles.songs, current.people.active()
    singing, teams = frozenset(songs("person")), frozenset(songs("team"))
    return {
        "photos": {str(person.id): f"/photos/{person.photo}" for person in people if person.photo},
        "songs": {
            "people": [person.id for person in people if person.id in singing],
            "teams": [team.id for team in current.people.teams() if team.id in teams],
        },
    }
