"""JSON API for phones and programs: parse the request, call the office, return the answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from werkzeug.wrappers import Response

from controller.health import for_strangers
from controller.sales.email_address import read_email
from controller.sales.model import PersonRow, Refused
from controller.sales.money import parse_amount
from controller.sales.people_dates import read_birthday, read_joined
from controller.system.paths import version
from controller.timetable.times import PERIODS
from signage import inbound, serializers
from signage.auth import is_known, needs
from signage.callers import seller, seller_team
from signage.fields import KEY_LIMIT, NAME_LIMIT, REASON_LIMIT, TEXT_LIMIT, deal_of, how_of
from signage.http import body, date_of, flag_of, number_of, text_of, time_of, whole_of
from signage.office import office

pages = Blueprint("api", __name__)


def _date() -> Any:
    return date_of(request.args.get("date"), office().snapshot.glance().plan.date)


@pages.post("/api/deals")
@needs("sell")
def record_deal() -> tuple[Response, int]:
    """With `external_id` instead of `key`: a program's deal, see `inbound.take_in`."""
    fields = body()
    if "external_id" in fields:
        return inbound.take_in(fields)
    person, product, amount, team = deal_of(fields)
    recorded = office().deals.record(
        person,
        product,
        amount,
        text_of(fields, "key", KEY_LIMIT),
        team,
        how_of(fields, office().history.today()),
    )
    return jsonify(serializers.recorded(recorded)), 201 if recorded.created else 200


@pages.post("/api/deals/preview")
@needs("propose", team=seller_team, person=seller)
def preview_deal() -> Response:
    """`amount`: the amount as parsed, in yuan, so that an extra zero is seen before the deal is announced.

    `replaces`: the preview counts that deal as taken back. Also for salespeople, whose deal waits for a tap.
    """
    fields = body()
    deal = deal_of(fields)
    sentence, decision = office().deals.preview(*deal, how=how_of(fields, office().history.today()))
    amount = serializers.yuan(parse_amount(deal[2]))
    return jsonify({"sentence": sentence, "decision": decision.to_json(), "amount": amount})


@pages.get("/api/deals")
@needs("read")
def deals() -> Response:
    return jsonify([serializers.deal(deal) for deal in office().deals.of_day(_date())])


@pages.delete("/api/deals/<int:number>")
@needs("sell")
def void_deal(number: int) -> Response:
    note = office().deals.void(number, text_of(body(), "reason", REASON_LIMIT))
    return jsonify({"id": number, **({"note": note} if note else {})})


@pages.patch("/api/products")
@needs("sell")
def change_product() -> Response:
    """`hidden`: true removes a product from the choices until it is sold again, false brings it back."""
    fields = body()
    product, hidden = text_of(fields, "product", NAME_LIMIT), flag_of(fields, "hidden")
    if hidden is None:
        raise Refused("缺少 hidden：true 是从选择里去掉，false 是恢复。", "hidden")
    office().product_list.hide(product, hidden=hidden)
    return jsonify({"products": list(office().product_list.choices())})


@pages.post("/api/announcements")
@needs("sell")
def announce() -> tuple[Response, int]:
    fields = body()
    said = office().speech.announce(text_of(fields, "text", TEXT_LIMIT), text_of(fields, "key", KEY_LIMIT))
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201 if said.created else 200


@pages.get("/api/announcements")
@needs("read")
def announcements() -> Response:
    return jsonify([serializers.announcement(said) for said in office().announced.of_day(_date())])


@pages.post("/api/announcements/<int:number>/repeat")
@needs("sell")
def repeat(number: int) -> tuple[Response, int]:
    body()
    said = office().speech.repeat(number)
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201


@pages.get("/api/now")
def now() -> Response:
    """Return the current point of the day to anyone; return music and volume only to a known caller."""
    glance = office().snapshot.glance()
    sound = serializers.sounding(glance.sounding) if is_known() else {"device": glance.sounding.device}
    state, plan = glance.state, glance.plan
    return jsonify(
        {
            "now": serializers.moment(glance.now),
            "date": plan.date.isoformat(),
            "workday": plan.workday,
            "why": plan.why,
            "entry": serializers.entry(state.entry),
            "next": serializers.entry(state.next),
            "quiet": state.quiet,
            "quiet_until": serializers.clock_time(state.quiet_until),
            "wall": glance.scene,
            "changes_at": serializers.moment(state.changes_at),
            "sound": sound,
            "clock_trusted": glance.trusted_clock,
            "revision": glance.revision,
        }
    )


@pages.get("/health")
def health() -> tuple[Response, int]:
    """Return the health to anyone; `version`, `named`, `sound`, `readings`, full problems only to a known caller."""
    glance = office().snapshot.glance()
    well = not any(trouble.serious for trouble in glance.problems)
    answer = {"ok": well, "build": current_app.jinja_env.globals["build"]}
    if is_known():
        answer["named"] = office().addresses.reach().named()
        answer |= {"version": version(), "sound": serializers.sounding(glance.sounding)}
        answer["readings"] = [serializers.reading(row) for row in glance.readings]
    shown = glance.problems if is_known() else for_strangers(glance.problems)
    answer["troubles"] = [serializers.problem(row) for row in shown]
    return jsonify(answer), 200 if well else 503


@pages.post("/api/music")
@needs("sell")
def music() -> Response:
    fields = body()
    action = fields.get("action")
    if action == "play":
        office().music.play(text_of(fields, "playlist", NAME_LIMIT, optional=True) or None)
    elif action == "stop":
        office().music.stop()
    elif action == "next":
        office().music.next_track()
    else:
        raise Refused("action 要写成 play、stop 或 next。", "action")
    return jsonify({})


@pages.put("/api/volume")
@needs("sell")
def volume() -> Response:
    """`volume`: of all sound; `music`: of music relative to speech; in percent. Either or both."""
    fields = body()
    if "volume" in fields or "music" not in fields:
        office().music.set_volume(whole_of(fields, "volume", 0, 100))
    if "music" in fields:
        office().music.set_music_volume(whole_of(fields, "music", 0, 100))
    return jsonify({})


@pages.get("/api/voice")
@needs("read")
def voice() -> Response:
    return jsonify(serializers.speaking(office().speaking))


@pages.put("/api/voice")
@needs("sell")
def choose_voice() -> Response:
    """Change only the fields that are sent; null: as in the timetable."""
    fields = body()
    changes: dict[str, Any] = {
        name: _voice_of(fields, name) for name in ("voice", "results_voice") if name in fields
    }
    if "speed" in fields:
        changes["speed"] = None if fields["speed"] is None else number_of(fields, "speed")
    office().speaking.choose(**changes)
    return jsonify(serializers.speaking(office().speaking))


def _voice_of(fields: dict[str, Any], name: str) -> str | None:
    return None if fields[name] is None else text_of(fields, name, NAME_LIMIT + 20)


@pages.post("/api/hush")
@needs("sell")
def mute() -> Response:
    """Mute for `minutes`, or until the time `until` ("14:00"); 0 minutes end the mute."""
    fields = body()
    if fields.get("until") not in (None, ""):
        office().music.mute_until(time_of(fields["until"]))
    else:
        office().music.mute_for(whole_of(fields, "minutes", 0, 240))
    return jsonify({})


@pages.post("/api/stop")
@needs("sell")
def stop_all() -> Response:
    """Stop all sound now. `waited`: the number of announcements removed from the outbox; `/api/stop/undo` restores
    them."""
    body()
    return jsonify({"waited": office().speech.stop_all()})


@pages.post("/api/stop/undo")
@needs("sell")
def undo_stop() -> Response:
    """Undo the last stop within a minute: its announcements wait again and the music continues as before."""
    body()
    return jsonify({"restored": office().speech.undo_stop()})


@pages.post("/api/emergency")
@needs("sell")
def emergency() -> tuple[Response, int]:
    """Announce at once and twice, also in quiet time, while muted and at volume 0: the only exception to silence."""
    fields = body()
    said = office().speech.emergency(text_of(fields, "text", TEXT_LIMIT), text_of(fields, "key", KEY_LIMIT))
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201 if said.created else 200


@pages.post("/api/clock")
@needs("manage")
def confirm_clock() -> Response:
    """Record that a person has checked the displayed time and confirms it."""
    body()
    office().health.confirm_clock()
    return jsonify({})


@pages.get("/api/people")
@needs("read")
def people() -> Response:
    return jsonify([serializers.person(person) for person in office().people.active()])


@pages.post("/api/people")
@needs("manage")
def add_person() -> tuple[Response, int]:
    fields = body()
    added = office().people.add(
        PersonRow(
            name=text_of(fields, "name", NAME_LIMIT),
            team=text_of(fields, "team", NAME_LIMIT),
            leader=bool(flag_of(fields, "leader")),
            say_as=text_of(fields, "say_as", 2 * NAME_LIMIT, optional=True) or None,
            **_dates(fields),
        )
    )
    return jsonify(serializers.person(added)), 201


def _dates(fields: dict[str, Any]) -> dict[str, Any]:
    """Return `birthday` (any way of writing; the year is not kept), `joined` and `email`, if present."""
    found: dict[str, Any] = {}
    if "birthday" in fields:
        found["birthday"] = read_birthday(text_of(fields, "birthday", NAME_LIMIT, optional=True))
    if "joined" in fields:
        found["joined"] = read_joined(text_of(fields, "joined", NAME_LIMIT, optional=True))
    if "email" in fields:
        found["email"] = read_email(text_of(fields, "email", 2 * NAME_LIMIT, optional=True))
    return found


@pages.patch("/api/people/<int:number>")
@needs("manage")
def update_person(number: int) -> Response:
    """`was`: the values that a form showed; 409 when one of them was changed by somebody else meanwhile."""
    fields = body()
    was = _person_changes(_base_of(fields))
    return jsonify(serializers.person(office().people.update(number, was, **_person_changes(fields))))


def _base_of(fields: dict[str, Any]) -> dict[str, Any]:
    was = fields.get("was") or {}
    if not isinstance(was, dict):
        raise Refused('was 应当是改动以前的值，例如 {"name": "王小明"}。', "was")
    return was


def _person_changes(fields: dict[str, Any]) -> dict[str, Any]:
    changes = _dates(fields)
    for field in ("name", "team"):
        if field in fields:
            changes[field] = text_of(fields, field, NAME_LIMIT)
    if "say_as" in fields:
        changes["say_as"] = text_of(fields, "say_as", 2 * NAME_LIMIT, optional=True) or None
    for field in ("leader", "hidden", "active"):
        if (flag := flag_of(fields, field)) is not None:
            changes[field] = flag
    return changes


@pages.patch("/api/teams/<int:number>")
@needs("manage")
def update_team(number: int) -> Response:
    """`was`: as for a person."""
    fields = body()
    was = _team_changes(_base_of(fields))
    return jsonify(serializers.team(office().people.update_team(number, was, **_team_changes(fields))))


def _team_changes(fields: dict[str, Any]) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    if "name" in fields:
        changes["name"] = text_of(fields, "name", NAME_LIMIT)
    if "say_as" in fields:
        changes["say_as"] = text_of(fields, "say_as", 2 * NAME_LIMIT, optional=True) or None
    return changes


@pages.delete("/api/teams/<int:number>")
@needs("manage")
def remove_team(number: int) -> Response:
    office().people.remove_team(number)
    return jsonify({})


def _team_sent() -> object:
    return body().get("team")


@pages.put("/api/targets")
@needs("targets", team=_team_sent)
def set_target() -> Response:
    fields = body()
    day = date_of(fields.get("date"), office().snapshot.glance().plan.date)
    amount = fields.get("amount")
    if amount is None or isinstance(amount, list | dict):
        raise Refused("缺少 amount：这里要一个目标金额，例如 100000。", "amount")
    office().targets.set_day(text_of(fields, "team", NAME_LIMIT), day, amount)
    return jsonify({})


@pages.put("/api/cities")
@needs("cities")
def set_city_result() -> Response:
    """`percent`: the city's completion of the day, 0 to 1000, decimals allowed; null or "" removes it."""
    fields = body()
    percent = fields.get("percent")
    day = date_of(fields.get("date"), office().snapshot.glance().plan.date)
    if "percent" in fields and percent in (None, ""):
        office().cities.set_result(day, text_of(fields, "city", NAME_LIMIT), None)
        return jsonify({})
    if isinstance(percent, bool) or not isinstance(percent, int | Decimal):
        raise Refused("完成率要写一个数，例如 86。", "percent")
    if not 0 <= percent <= 1000:
        raise Refused("完成率要在 0 到 1000 之间，例如 86 就是百分之八十六。", "percent")
    office().cities.set_result(day, text_of(fields, "city", NAME_LIMIT), float(percent) / 100)
    return jsonify({})


@pages.get("/api/standings")
def standings() -> Response:
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise Refused("period 要写成 day、week 或 month。", "period")
    day = _date()
    ranking = office().snapshot.ranking(period, day)
    return jsonify(
        {
            "period": period,
            "date": day.isoformat(),
            "teams": [serializers.tally(team) for team in ranking.teams],
            "people": [serializers.tally(person) for person in ranking.people],
        }
    )
