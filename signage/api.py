"""The JSON door, for phones and programs: it parses, asks the office, and answers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, jsonify, request
from werkzeug.wrappers import Response

from controller.sales.model import Refused, StoreTrouble
from controller.sales.money import parse_amount
from controller.services.deals import How
from controller.system.paths import version
from signage import serializers
from signage.auth import access, needs
from signage.http import body, date_of, flag_of, number_of, text_of, time_of, whole_of

if TYPE_CHECKING:
    from controller.services import Office

pages = Blueprint("api", __name__)

NAME_LIMIT = 60
KEY_LIMIT = 100
TEXT_LIMIT = 60_000  # the office itself refuses long texts, and names its own limit
REASON_LIMIT = 100
MOST_ID = 10**18 - 1
PERIODS = ("day", "week", "month")


def office() -> Office:
    """The office that this app serves."""
    found: Office = current_app.extensions["office"]
    return found


def _date() -> Any:
    return date_of(request.args.get("date"), office().glance().plan.date)


def order_of(found: dict[str, Any]) -> tuple[str, str, Any, str | None]:
    """Person, product, amount and, among namesakes, the team of an order that a phone or program sent."""
    amount = found.get("amount")
    if amount is None or isinstance(amount, list | dict):
        raise Refused("缺少 amount：这里要一个金额，例如 12800。", "amount")
    person, product = text_of(found, "person", NAME_LIMIT), text_of(found, "product", NAME_LIMIT)
    return person, product, amount, text_of(found, "team", NAME_LIMIT, optional=True) or None


@pages.post("/api/deals")
@needs("sell")
def record_deal() -> tuple[Response, int]:
    found = body()
    person, product, amount, team = order_of(found)
    recorded = office().record_deal(
        person, product, amount, text_of(found, "key", KEY_LIMIT), team, _how(found)
    )
    answer = {"id": recorded.id, "sentence": recorded.sentence, "decision": recorded.decision.to_json()}
    return jsonify(answer), 201 if recorded.created else 200


def _how(found: dict[str, Any]) -> How:
    """`announce`: false records without a word; `replaces`: the id of the deal that this one corrects."""
    announced = flag_of(found, "announce")
    replaces = found.get("replaces")
    return How(
        announced=announced is not False,
        replaces=None if replaces is None else whole_of(found, "replaces", 1, MOST_ID),
    )


@pages.post("/api/deals/preview")
@needs("sell")
def preview_deal() -> Response:
    """`amount`: how the sum was understood, in yuan, so that a zero too many is seen before anybody hears it."""
    order = order_of(body())
    sentence, decision = office().preview_deal(*order)
    amount = serializers.yuan(parse_amount(order[2]))
    return jsonify({"sentence": sentence, "decision": decision.to_json(), "amount": amount})


@pages.get("/api/deals")
@needs("read")
def deals() -> Response:
    return jsonify([serializers.deal(deal) for deal in office().deals(_date())])


@pages.delete("/api/deals/<int:number>")
@needs("sell")
def void_deal(number: int) -> Response:
    office().void_deal(number, text_of(body(), "reason", REASON_LIMIT))
    return jsonify({"id": number})


@pages.patch("/api/products")
@needs("sell")
def change_product() -> Response:
    """`hidden`: true takes a product out of those to choose from until it is sold again, false brings it back."""
    found = body()
    product, hidden = text_of(found, "product", NAME_LIMIT), flag_of(found, "hidden")
    if hidden is None:
        raise Refused("缺少 hidden：true 是从选择里去掉，false 是恢复。", "hidden")
    office().hide_product(product, hidden=hidden)
    return jsonify({"products": list(office().products())})


@pages.post("/api/announcements")
@needs("sell")
def announce() -> tuple[Response, int]:
    found = body()
    said = office().announce(text_of(found, "text", TEXT_LIMIT), text_of(found, "key", KEY_LIMIT))
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201 if said.created else 200


@pages.get("/api/announcements")
@needs("read")
def announcements() -> Response:
    return jsonify([serializers.announcement(said) for said in office().announcements(_date())])


@pages.post("/api/announcements/<int:number>/repeat")
@needs("sell")
def repeat(number: int) -> tuple[Response, int]:
    body()
    said = office().repeat(number)
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201


@pages.get("/api/now")
def now() -> Response:
    """Where in the day the office is, for anyone; what is playing and how loud only for a known caller."""
    glance = office().glance()
    sound = serializers.sounding(glance.sounding) if _is_known() else {"device": glance.sounding.device}
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
    """Whether all is well, for anyone; `version`, `sound` and the troubles in full only for a known caller."""
    glance = office().glance()
    well = not any(trouble.serious for trouble in glance.troubles)
    answer = {"ok": well, "build": current_app.jinja_env.globals["build"]}
    if _is_known():
        answer |= {
            "version": version(),
            "sound": serializers.sounding(glance.sounding),
            "troubles": [serializers.trouble(found) for found in glance.troubles],
        }
    else:
        answer["troubles"] = serializers.troubles_for_strangers(glance.troubles)
    return jsonify(answer), 200 if well else 503


def _is_known() -> bool:
    """Whether the caller is known; nobody is while the book cannot be read, and that is told, not an error."""
    try:
        return access().known()
    except StoreTrouble:
        return False


@pages.post("/api/music")
@needs("sell")
def music() -> Response:
    found = body()
    action = found.get("action")
    if action == "play":
        office().play(text_of(found, "playlist", NAME_LIMIT, optional=True) or None)
    elif action == "stop":
        office().stop_music()
    elif action == "next":
        office().next_track()
    else:
        raise Refused("action 要写成 play、stop 或 next。", "action")
    return jsonify({})


@pages.put("/api/volume")
@needs("sell")
def volume() -> Response:
    """`volume`: of everything; `music`: of music beside speech, in percent. Either or both."""
    found = body()
    if "volume" in found or "music" not in found:
        office().set_volume(whole_of(found, "volume", 0, 100))
    if "music" in found:
        office().set_music_volume(whole_of(found, "music", 0, 100))
    return jsonify({})


@pages.get("/api/voice")
@needs("read")
def voice() -> Response:
    return jsonify(serializers.speaking(office().speaking))


@pages.put("/api/voice")
@needs("sell")
def choose_voice() -> Response:
    """Change only what is sent; null: as in the timetable."""
    found = body()
    changes: dict[str, Any] = {
        name: _voice_of(found, name) for name in ("voice", "results_voice") if name in found
    }
    if "speed" in found:
        changes["speed"] = None if found["speed"] is None else number_of(found, "speed")
    office().choose_voice(**changes)
    return jsonify(serializers.speaking(office().speaking))


def _voice_of(found: dict[str, Any], name: str) -> str | None:
    return None if found[name] is None else text_of(found, name, NAME_LIMIT + 20)


@pages.post("/api/hush")
@needs("sell")
def hush() -> Response:
    """Nothing is said for `minutes`, or until the time `until` ("14:00"); 0 minutes end it."""
    found = body()
    if found.get("until") not in (None, ""):
        office().mute_until(time_of(found["until"]))
    else:
        office().hush(whole_of(found, "minutes", 0, 240))
    return jsonify({})


@pages.post("/api/stop")
@needs("sell")
def stop_all() -> Response:
    """Silence now. `waited`: how many announcements were taken out of the queue; `/api/stop/undo` brings them back."""
    body()
    return jsonify({"waited": office().stop_all()})


@pages.post("/api/stop/undo")
@needs("sell")
def undo_stop() -> Response:
    """Within a minute: what the last stop took out of the queue waits again, and the music is as it was."""
    body()
    return jsonify({"restored": office().undo_stop()})


@pages.post("/api/emergency")
@needs("sell")
def emergency() -> tuple[Response, int]:
    """Said at once and twice, also in quiet time, while muted and at volume 0: the only exception to silence."""
    found = body()
    said = office().emergency(text_of(found, "text", TEXT_LIMIT), text_of(found, "key", KEY_LIMIT))
    return jsonify({"id": said.id, "decision": said.decision.to_json()}), 201 if said.created else 200


@pages.post("/api/clock")
@needs("manage")
def confirm_clock() -> Response:
    """A person has looked at the time shown and says that it is right."""
    body()
    office().confirm_clock()
    return jsonify({})


@pages.get("/api/people")
@needs("read")
def people() -> Response:
    return jsonify([serializers.person(person) for person in office().people()])


@pages.post("/api/people")
@needs("manage")
def add_person() -> tuple[Response, int]:
    found = body()
    added = office().add_person(
        name=text_of(found, "name", NAME_LIMIT),
        team=text_of(found, "team", NAME_LIMIT),
        leader=bool(flag_of(found, "leader")),
        say_as=text_of(found, "say_as", 2 * NAME_LIMIT, optional=True) or None,
    )
    return jsonify(serializers.person(added)), 201


@pages.patch("/api/people/<int:number>")
@needs("manage")
def update_person(number: int) -> Response:
    found = body()
    changes: dict[str, Any] = {}
    for field in ("name", "team"):
        if field in found:
            changes[field] = text_of(found, field, NAME_LIMIT)
    if "say_as" in found:
        changes["say_as"] = text_of(found, "say_as", 2 * NAME_LIMIT, optional=True) or None
    for field in ("leader", "hidden", "active"):
        if (flag := flag_of(found, field)) is not None:
            changes[field] = flag
    return jsonify(serializers.person(office().update_person(number, **changes)))


@pages.patch("/api/teams/<int:number>")
@needs("manage")
def update_team(number: int) -> Response:
    found = body()
    changes: dict[str, str | None] = {}
    if "name" in found:
        changes["name"] = text_of(found, "name", NAME_LIMIT)
    if "say_as" in found:
        changes["say_as"] = text_of(found, "say_as", 2 * NAME_LIMIT, optional=True) or None
    return jsonify(serializers.team(office().update_team(number, **changes)))


@pages.delete("/api/teams/<int:number>")
@needs("manage")
def remove_team(number: int) -> Response:
    office().remove_team(number)
    return jsonify({})


@pages.put("/api/targets")
@needs("targets")
def set_target() -> Response:
    found = body()
    day = date_of(found.get("date"), office().glance().plan.date)
    amount = found.get("amount")
    if amount is None or isinstance(amount, list | dict):
        raise Refused("缺少 amount：这里要一个目标金额，例如 100000。", "amount")
    office().set_target(text_of(found, "team", NAME_LIMIT), day, amount)
    return jsonify({})


@pages.put("/api/cities")
@needs("targets")
def set_city_result() -> Response:
    """`percent`: the city's completion of the day, 0 to 1000, whole or with a point; null or "" takes it back."""
    found = body()
    percent = found.get("percent")
    day = date_of(found.get("date"), office().glance().plan.date)
    if "percent" in found and percent in (None, ""):
        office().set_city_result(day, text_of(found, "city", NAME_LIMIT), None)
        return jsonify({})
    if isinstance(percent, bool) or not isinstance(percent, int | Decimal):
        raise Refused("完成率要写一个数，例如 86。", "percent")
    if not 0 <= percent <= 1000:
        raise Refused("完成率要在 0 到 1000 之间，例如 86 就是百分之八十六。", "percent")
    office().set_city_result(day, text_of(found, "city", NAME_LIMIT), float(percent) / 100)
    return jsonify({})


@pages.get("/api/standings")
def standings() -> Response:
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise Refused("period 要写成 day、week 或 month。", "period")
    day = _date()
    found = office().standings(period, day)
    return jsonify(
        {
            "period": period,
            "date": day.isoformat(),
            "teams": [serializers.tally(team) for team in found.teams],
            "people": [serializers.tally(person) for person in found.people],
        }
    )
