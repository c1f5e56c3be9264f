"""The plan of days on the phone: a week, a date, and the exceptions that people preview, make and undo."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from controller.sales.exceptions import KeptException
from controller.sales.model import Refused
from controller.timetable.changed_day import Item, cue_name
from controller.timetable.exception_rules import day_name, label
from controller.timetable.exceptions import CUE, ENTRY, DayException, words_of
from controller.timetable.labels import SAYINGS
from controller.timetable.model import Cue, DayPlan, Entry
from controller.timetable.plan import exceptions_json, music_of
from controller.timetable.times import written, written_end
from signage.auth import author, needs
from signage.fields import KEY_LIMIT
from signage.http import body, date_of, text_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("plan", __name__)

MOST_PLANNED = 6
NEAR_DAYS = {0: "今天", 1: "明天", 2: "后天"}


@pages.get("/api/week")
@needs("read")
def week() -> Response:
    """Return the seven days from `from` on (default: today), each with what is out of the ordinary."""
    now = office().snapshot.glance().now
    since = date_of(request.args.get("from"), now.date())
    days = [_week_day(plan, now.date()) for plan in office().exceptions.week(since)]
    return jsonify({"from": since.isoformat(), "today": now.date().isoformat(), "days": days})


@pages.get("/api/days/<day>")
@needs("read")
def one_day(day: str) -> Response:
    return jsonify(_day(_date(day)))


@pages.post("/api/days/<day>/preview")
@needs("plan")
def preview(day: str) -> Response:
    """Return the date as it would be with one more exception, and the effects in sentences; nothing is stored."""
    on = _date(day)
    shown = office().exceptions.preview(on, body())
    now = office().snapshot.glance().now
    return jsonify(
        {
            "words": words_of(shown.exception),
            "effects": list(shown.effects),
            "workday": shown.plan.workday,
            "rows": _rows(shown.plan, shown.before, now),
            "gone": _gone(shown.plan, shown.before, now),
        }
    )


@pages.post("/api/days/<day>/changes")
@needs("plan")
def change(day: str) -> tuple[Response, int]:
    fields, on = body(), _date(day)
    made = office().exceptions.make(on, fields, text_of(fields, "key", KEY_LIMIT), author())
    answer = {"id": made.exception.id, "words": words_of(made.exception), "day": _day(on)}
    return jsonify(answer), 201 if made.created else 200


@pages.delete("/api/days/<day>/changes/<int:number>")
@needs("plan")
def undo(day: str, number: int) -> Response:
    on = _date(day)
    undone = office().exceptions.undo(on, number, author())
    return jsonify({"undone": undone, "day": _day(on)})


def _date(written_day: str) -> date:
    if not written_day:
        raise Refused("缺少日期，要写成 2026-11-23 这样。", "date")
    return date_of(written_day, date.min)


# --- Answers


def _week_day(plan: DayPlan, today: date) -> Json:
    special = office().exceptions.special(plan)
    return {
        **_head(plan, today),
        "changes": [words_of(exception) for exception in plan.exceptions],
        "planned": list(dict.fromkeys(SAYINGS.get(name, name) for name in special))[:MOST_PLANNED],
        "from": written(plan.entries[0].at) if plan.entries else None,
        "until": written_end(plan.entries[-1].at, plan.entries[-1].until) if plan.entries else None,
    }


def _head(plan: DayPlan, today: date) -> Json:
    ahead = (plan.date - today).days
    return {
        "date": plan.date.isoformat(),
        "name": day_name(plan.date),
        "near": NEAR_DAYS.get(ahead),
        "weekday": plan.date.weekday() + 1,
        "past": ahead < 0,
        "workday": plan.workday,
        "why": plan.why,
        "guess": plan.guess,
    }


def _day(on: date) -> Json:
    now = office().snapshot.glance().now
    day = office().exceptions.day(on)
    plan = day.plan
    return {
        **_head(plan, now.date()),
        "rows": _rows(plan, day.base, now),
        "gone": _gone(plan, day.base, now),
        "duties": [
            {"at": written(duty.at) if duty.at else None, "what": duty.what, "who": duty.who}
            for duty in plan.duties
        ],
        "warnings": list(plan.warnings),
        "hints": list(plan.hints),
        "music": [
            {"at": written(part.since), "until": written_end(part.since, part.until)}
            for part in music_of(plan)
        ],
        **exceptions_json(plan),
        "history": [_history(kept) for kept in day.kept if kept.undone is not None],
    }


def _history(kept: KeptException) -> Json:
    exception: DayException = kept.exception
    return {
        "words": words_of(exception),
        "by": exception.by,
        "made": exception.made.isoformat(timespec="seconds") if exception.made else None,
        "undone": kept.undone.isoformat(timespec="seconds") if kept.undone else None,
        "undone_by": kept.undone_by,
    }


def _rows(plan: DayPlan, before: DayPlan, now: datetime) -> list[Json]:
    """Return entries and announcements by time; `changed`: not like this in `before`."""
    known = set(_items(before))
    return [_row(item, now) | {"changed": item not in known} for item in _items(plan)]


def _gone(plan: DayPlan, before: DayPlan, now: datetime) -> list[Json]:
    """Return the entries and announcements of `before` that the plan no longer has."""
    names = {_key(item) for item in _items(plan)}
    return [_row(item, now) for item in _items(before) if _key(item) not in names]


def _items(plan: DayPlan) -> list[Item]:
    shown: Iterable[Item] = (*plan.entries, *plan.cues)
    return sorted(shown, key=lambda item: (item.at, isinstance(item, Cue)))


def _key(item: Item) -> tuple[str, str]:
    return (ENTRY, item.name) if isinstance(item, Entry) else (CUE, cue_name(item))


def _row(item: Item, now: datetime) -> Json:
    kind, name = _key(item)
    ends = item.until if isinstance(item, Entry) else item.at
    return {
        "item": kind,
        "name": name,
        "label": label(item),
        "at": written(item.at),
        "until": written_end(item.at, item.until) if isinstance(item, Entry) else None,
        "text": item.text or "",
        "music": isinstance(item, Entry) and item.music is not None,
        "quiet": isinstance(item, Entry) and item.quiet,
        "extra": isinstance(item, Cue) and item.extra,
        "over": ends <= now,
        "now": isinstance(item, Entry) and item.at <= now < item.until,
    }
