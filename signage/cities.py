"""The connection to the other cities on the phone: state, joining, what is sent, pause."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from controller.cities.home_assistant import Broker
from controller.cities.invitation import CODE_LIMIT
from controller.services.cities import CityService
from controller.services.city_access import shown_proxy
from signage import serializers
from signage.auth import access, needs
from signage.http import body, flag_of, text_of, whole_of
from signage.office import office
from signage.serializers import Json

pages = Blueprint("cities", __name__)

MINUTE: Final = 60
PROXY_LIMIT: Final = 300


@pages.get("/api/cities/link")
@needs("manage")
def link() -> Response:
    """Return the state of the connection to head office; never the code."""
    return jsonify(_state(office().cities))


def _state(cities: CityService) -> Json:
    joined, state = cities.joined.kept(), cities.link.state()
    return {
        "joined": joined is not None,
        "org": joined.org if joined else None,
        "branch": joined.branch if joined else None,
        "host": joined.host if joined else None,
        "observer": bool(joined and joined.observer),
        "paused": cities.joined.paused(),
        "names": cities.joined.names(),
        "up": state.up,
        "since": state.since or None,
        "last_up": state.last_up or None,
        "last_sent": serializers.moment(state.last_sent) if state.last_sent else None,
        "by": state.way,
        "way": joined.way if joined else None,
        "https": joined.https or None if joined else None,
        "proxy": shown_proxy(joined.proxy) if joined else None,
        "waiting": cities.unsent_count() if joined else 0,
        "problems": list(cities.sentences()),
        "heard": [
            {"city": city, "minutes": int(age // MINUTE)} for city, age in sorted(cities.ages().items())
        ],
        "may": access().may("access"),
    }


@pages.put("/api/cities/link")
@needs("access")
def join() -> Response:
    """`code`: head office's invitation; `replace`: also when it is another organisation's, else 409."""
    fields = body()
    cities = office().cities
    cities.join(text_of(fields, "code", CODE_LIMIT), replace=bool(flag_of(fields, "replace")))
    return jsonify(_state(cities))


@pages.delete("/api/cities/link")
@needs("access")
def leave() -> Response:
    """Forget the code and the other cities' documents."""
    office().cities.leave()
    return jsonify({})


@pages.post("/api/cities/link/test")
@needs("manage")
def test() -> Response:
    """Send today's figures again; answer with head office's receipt, or 422 with the reason."""
    return jsonify({"sentence": office().cities.test()})


@pages.get("/api/home-assistant")
@needs("manage")
def home_assistant() -> Response:
    """Return the broker's address and the connection's state; never the password."""
    device = office().home_assistant
    broker, (up, why) = device.broker(), device.status()
    return jsonify(
        {
            "on": broker is not None,
            "host": broker.host if broker else None,
            "port": broker.port if broker else None,
            "user": broker.user if broker else None,
            "tls": bool(broker and broker.tls),
            "up": up,
            "why": _ha_why(why, broker) if broker and why not in ("", "closed") else None,
            "may": access().may("access"),
        }
    )


def _ha_why(why: str, broker: Broker) -> str:
    if why == "refused":
        return "Home Assistant 的 MQTT 服务器没有让战鼓进来，请检查用户名和密码。"
    if why == "no_such_host":
        return f"找不到地址 {broker.host}，请检查写得对不对。"
    if why in ("not_head_office", "expired", "not_yet_valid", "no_tls"):
        return f"{broker.host} 的加密连接不能用：证书不被信任，或者那个端口没有加密。"
    return f"连不上 {broker.host}:{broker.port}，正在重试。请检查地址、端口，和 MQTT 服务有没有开。"


@pages.put("/api/home-assistant")
@needs("access")
def set_home_assistant() -> Response:
    """`host`, `port` (1883), `user`, `password`, `tls`: Home Assistant's MQTT broker."""
    fields = body()
    port = whole_of(fields, "port", 1, 65_535) if "port" in fields else 1883
    office().home_assistant.choose(
        text_of(fields, "host", 253),
        port,
        text_of(fields, "user", 200, optional=True),
        text_of(fields, "password", 200, optional=True),
        tls=bool(flag_of(fields, "tls")),
    )
    return jsonify({})


@pages.delete("/api/home-assistant")
@needs("access")
def end_home_assistant() -> Response:
    """Switch the link off; the device disappears from Home Assistant."""
    office().home_assistant.switch_off()
    return jsonify({})


@pages.patch("/api/cities/link")
@needs("access")
def choose() -> Response:
    """`names`: send names of people; `paused`: no connection until it is false again; `way`: auto, mqtt or https;
    `proxy`: http://HOST:PORT, "" for none."""
    fields = body()
    cities = office().cities
    cities.joined.choose(
        names=flag_of(fields, "names") if "names" in fields else None,
        paused=flag_of(fields, "paused") if "paused" in fields else None,
        way=text_of(fields, "way", 10) if "way" in fields else None,
        proxy=text_of(fields, "proxy", PROXY_LIMIT, optional=True) if "proxy" in fields else None,
    )
    return jsonify(_state(cities))
