"""Home Assistant: one discovery message that describes the office as a device, its state, and its commands. Pure.

Home Assistant's device discovery over MQTT: a retained message on `PREFIX/device/ID/config` with all entities. State is
one JSON document; each entity picks its value from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from controller.cities.document import NotUnderstood

PREFIX: Final = "homeassistant"
TEXT_LIMIT: Final = 200
_COMMAND_LIMIT: Final = 2_000


@dataclass(frozen=True, slots=True, repr=False)
class Broker:
    """Home Assistant's broker. Its `repr` has no password."""

    host: str
    port: int = 1883
    user: str = ""
    password: str = ""
    tls: bool = False

    def __repr__(self) -> str:
        return f"Broker({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class Command:
    """A command from Home Assistant. `name`: play, stop, next, mute, unmute, volume or say; `value` of the last two."""

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class OfficeState:
    """The values of the sensors; `completion` 1 = reached, `muted_until` "" while not muted."""

    deals: int
    amount: Decimal
    completion: Decimal | None
    top: str
    entry: str
    volume: int
    muted_until: str
    problems: tuple[str, ...]


def base_of(install: str) -> str:
    """Return the root of this office's topics."""
    return f"zhangu/ha/{install}"


def discovery_topic(install: str) -> str:
    """Return the topic of the discovery message."""
    return f"{PREFIX}/device/zhangu_{install}/config"


def discovery(install: str, office: str, version: str, address: str) -> bytes:
    """Return the discovery message: sensors, buttons, volume, a text to announce."""
    base, unit = base_of(install), f"zhangu_{install}"

    def sensor(name: str, icon: str, **more: Any) -> dict[str, Any]:
        return {"p": "sensor", "name": name, "icon": f"mdi:{icon}", **more}

    entities: dict[str, dict[str, Any]] = {
        "deals": sensor("今天的单数", "handshake", unit_of_measurement="单", state_class="measurement"),
        "amount": sensor("今天的业绩", "currency-cny", unit_of_measurement="CNY", device_class="monetary"),
        "completion": sensor("今天的完成率", "percent", unit_of_measurement="%", state_class="measurement"),
        "top": sensor("今日开拓能手", "trophy"),
        "entry": sensor("现在的时段", "clock-outline"),
        "muted_until": sensor("静音到", "volume-off"),
        "problem": {"p": "binary_sensor", "name": "故障", "device_class": "problem",
                    "payload_on": "ON", "payload_off": "OFF"},
        "play": {"p": "button", "name": "放音乐", "icon": "mdi:play"},
        "stop": {"p": "button", "name": "停音乐", "icon": "mdi:stop"},
        "next": {"p": "button", "name": "下一首", "icon": "mdi:skip-next"},
        "mute": {"p": "button", "name": "静音 30 分钟", "icon": "mdi:volume-off"},
        "unmute": {"p": "button", "name": "结束静音", "icon": "mdi:volume-high"},
        "volume": {"p": "number", "name": "总音量", "icon": "mdi:volume-high", "min": 0, "max": 100, "mode": "slider"},
        "say": {"p": "notify", "name": "播报"},
    }  # fmt: skip
    for key, entity in entities.items():
        entity["unique_id"] = f"{unit}_{key}"
        if entity["p"] in ("button", "number", "notify"):
            entity["command_topic"] = f"{base}/command/{key}"
        if entity["p"] in ("sensor", "binary_sensor", "number"):
            entity["value_template"] = f"{{{{ value_json.{key} }}}}"
    message = {
        "dev": {"ids": [unit], "name": office, "mf": "战鼓 Zhangu", "sw": version, "cu": address},
        "o": {"name": "zhangu", "sw": version},
        "cmps": entities,
        "state_topic": f"{base}/state",
        "availability_topic": f"{base}/online",
        "qos": 1,
    }
    return _json(message)


def state(now: OfficeState) -> bytes:
    """Return the document from which all sensors take their value."""
    rate = None if now.completion is None else round(float(now.completion) * 100, 1)
    return _json(
        {
            "deals": now.deals,
            "amount": float(now.amount),
            "completion": rate,
            "top": now.top or None,
            "entry": now.entry or None,
            "volume": now.volume,
            "muted_until": now.muted_until or None,
            "problem": "ON" if now.problems else "OFF",
            "problems": list(now.problems),
        }
    )


COMMANDS: Final[Mapping[str, bool]] = {
    "play": False, "stop": False, "next": False, "mute": False, "unmute": False, "volume": True, "say": True,
}  # fmt: skip
"""The commands; True for those with a value."""


def command_of(install: str, topic: str, payload: bytes) -> Command:
    """Return the command of a message. Raises NotUnderstood."""
    name = topic.removeprefix(f"{base_of(install)}/command/")
    if name not in COMMANDS or len(payload) > _COMMAND_LIMIT:
        raise NotUnderstood("no command of this office")
    if not COMMANDS[name]:
        return Command(name)
    try:
        value = payload.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise NotUnderstood("no text") from error
    if name == "volume" and not (value.isascii() and value.isdecimal() and int(value) <= 100):
        raise NotUnderstood("a volume is 0 to 100")
    if name == "say" and not 1 <= len(value) <= TEXT_LIMIT:
        raise NotUnderstood(f"a text has 1 to {TEXT_LIMIT} characters")
    return Command(name, value)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
