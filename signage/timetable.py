"""The timetable in the browser: forms, text, check with a day's preview, save, history and restore."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from controller.glance import Glance
from controller.sales.model import Refused
from controller.services.timetable_edit import Checked, Faulty, FoundProblem, Outdated, Wanted, who_of
from controller.services.timetable_history import FILE, RESTORED, START, Version
from controller.timetable.differences import Line
from controller.timetable.edit import EditRefused, operations_of, values_of
from controller.timetable.load import LARGEST
from controller.timetable.model import DayPlan
from controller.timetable.plan import to_json
from signage.auth import access, needs
from signage.http import Denied, body, brings, date_of, text_of
from signage.office import office
from signage.serializers import Json
from signage.timetable_forms import forms, playlists

pages = Blueprint("timetables", __name__)

MOST_BYTES = 2 * LARGEST
"""Bytes of a request: a text with every quotation mark escaped."""
MARK_LIMIT = 40
HOW = {START: "第一次看到的作息表", FILE: "在文件里修改", RESTORED: "恢复以前的版本"}


@pages.get("/timetable")
def page() -> str | Response:
    if access().role() is None:
        return redirect(url_for("access.login"))
    return render_template("timetable.html", office=office().snapshot.glance().office)


@pages.get("/api/timetable")
@needs("timetable")
def show() -> Response:
    """Return the file as text and values, its problems, and everything that the forms need."""
    current = office()
    version, glance = current.timetable.present(), current.snapshot.glance()
    return jsonify(
        {
            **_version(version),
            "text": version.text,
            "values": values_of(version.text),
            "problems": [_problem(found) for found in current.timetable.problems(version.text)],
            "forms": forms(),
            "playlists": playlists(current.music.playlist_names()),
            "teams": [team.name for team in current.people.teams()],
            "samples": _samples(glance),
            "today": glance.plan.date.isoformat(),
        }
    )


def _samples(glance: Glance) -> dict[str, str]:
    """Return a value for each slot, so that a text can be heard."""
    people = office().people.active()
    person = next((one for one in people if not one.hidden), None)
    product = next(iter(office().product_list.choices()), "校园招聘套餐")
    return {
        "team": person.team if person else "猛虎队", "person": person.name if person else "王小明",
        "product": product, "amount": "一万两千八百元", "total": "三万六千元",
        "all_total": "五万元", "count": "三", "all": "五", "target": "十万元", "rate": "百分之八十六",
        "when": "昨天傍晚",
        "day": "今天", "people": person.name if person else "王小明", "years": "三周年",
        "prize": "一份小奖品", "office": glance.office, "month": f"{glance.plan.date.month}月",
        "city": "上海", "time": "16:42", "place": "第二", "new_customers": "15%", "next_workday": "明天",
        "week": "第二周", "times": "三次", "contest": "冲刺周", "group": "甲组", "score": "一万两千八百元",
        "side": f"{person.team}的{person.name}" if person else "猛虎队的王小明",
        "winners": f"{person.team}的{person.name}，一万两千八百元" if person else "猛虎队的王小明，一万两千八百元",
    }  # fmt: skip


@pages.post("/api/timetable/check")
@needs("timetable")
@brings(MOST_BYTES)
def check() -> Response:
    """Return the problems of an edit, the lines it changes, and the plan of `date` with it. Writes nothing."""
    fields = _large_body()
    day = date_of(fields.get("date"), office().snapshot.glance().plan.date)
    try:
        wanted = _wanted(fields)
    except EditRefused as refused:
        raise Refused(refused.sentence) from None
    return jsonify(_checked(office().timetable.check(wanted, day)))


@pages.put("/api/timetable")
@needs("timetable")
@brings(MOST_BYTES)
def save() -> Response:
    """Save `operations` or `text`, based on the version `base`. 409: it has changed since; 422: it has problems."""
    fields = _large_body()
    base = text_of(fields, "base", MARK_LIMIT)
    try:
        wanted = _wanted(fields)
    except EditRefused as refused:
        raise Refused(refused.sentence) from None
    return _written(lambda: office().timetable.save(wanted, base, _who()))


@pages.get("/api/timetable/history")
@needs("timetable")
def history() -> Response:
    return jsonify([_version(version) for version in office().timetable.versions()])


@pages.get("/api/timetable/history/<int:number>")
@needs("timetable")
def earlier(number: int) -> Response:
    """Return a version with its text, and the lines in which the present file differs from it."""
    version, changed = office().timetable.version(number)
    return jsonify({**_version(version), "text": version.text, "changed": _lines(changed)})


@pages.post("/api/timetable/history/<int:number>")
@needs("timetable")
def restore(number: int) -> Response:
    """Make an earlier version the present one; `base` is the version that the person sees."""
    base = text_of(body(), "base", MARK_LIMIT)
    return _written(lambda: office().timetable.restore(number, base, _who()))


def _who() -> str:
    caller = access().caller()
    return caller.name if caller else ""


def _large_body() -> dict[str, Any]:
    request.max_content_length = MOST_BYTES
    if (request.content_length or 0) > MOST_BYTES:
        raise Denied(413, f"作息表最大 {LARGEST // 1024} KB。")
    return body()


def _wanted(fields: dict[str, Any]) -> Wanted:
    text = fields.get("text")
    if text is None:
        return Wanted(operations_of(fields.get("operations")))
    if not isinstance(text, str) or any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in text):
        raise EditRefused("文字里有不能用的字符。")
    return Wanted(text=text)


def _written(write: Callable[[], Version]) -> Response:
    try:
        return jsonify(_version(write()))
    except Faulty as faulty:
        answer = jsonify({"error": faulty.sentence, "field": None, "problems": _problems(faulty.problems)})
        answer.status_code = 422
    except Outdated as outdated:
        answer = jsonify(
            {
                "error": outdated.sentence,
                "field": None,
                **_version(outdated.version),
                "changed": _lines(outdated.changed),
                "fits": outdated.fits,
            }
        )
        answer.status_code = 409
    return answer


def _version(version: Version) -> Json:
    how = HOW.get(version.how, "")
    words = f"{version.who}：{how}" if version.who and how else version.who or how or who_of(version)
    return {"number": version.number, "version": version.mark, "who": words, "when": version.when}


def _problem(found: FoundProblem) -> Json:
    return asdict(found)


def _problems(found: Iterable[FoundProblem]) -> list[Json]:
    return [_problem(one) for one in found]


def _lines(changed: Iterable[Line]) -> list[Json]:
    return [asdict(line) for line in changed]


def _checked(checked: Checked) -> Json:
    return {
        "problems": _problems(checked.problems),
        "changed": _lines(checked.changed),
        "day": _day(checked.before if checked.plan is None else checked.plan, checked.before),
        "valid": checked.plan is not None,
    }


def _day(plan: DayPlan, before: DayPlan) -> Json:
    """Return the plan of a day; each line that `before` does not have is marked with `new`, lost ones are in `gone`."""
    after, old = to_json(plan), to_json(before)
    gone: dict[str, list[Json]] = {}
    for section in ("entries", "cues", "duties"):
        gone[section] = [line for line in old[section] if line not in after[section]]
        after[section] = [{**line, "new": line not in old[section]} for line in after[section]]
    return {**after, "gone": gone}
