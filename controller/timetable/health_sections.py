"""The section `health:` of the timetable file: messages about the box."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from controller.timetable.fields import Flag, Words
from controller.timetable.model import HealthSettings
from controller.timetable.schema import Field, Group
from controller.timetable.time_fields import Clock


def _is_https(text: str) -> bool:
    """Return whether a text is an https address; http is accepted for this machine only, where nobody listens."""
    if not re.fullmatch(r"[!-~]{1,300}", text):
        return False
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    return (parts.scheme == "https" or local) and bool(parts.hostname) and port_fits and not parts.username


def _health(values: dict[str, Any], line: int) -> HealthSettings:
    return HealthSettings(**{key: value for key, value in values.items() if value is not None})


HEALTH: Final = Group(
    {
        "call": Field(
            Words(
                300,
                check=_is_https,
                example="写一个 https 地址，例如“https://status.example.com/ping/office”",
            ),
            "每五分钟报一次平安的地址；主机没有消息时，由那边通知人",
        ),
        "daily": Field(Clock(), "每天几点发当天的小结，例如 18:30"),
        "cities": Field(Flag(), "别的城市的主机没有消息时，也发到收故障的群；总部写 true"),
        "speaker_test": Field(
            Clock(),
            "工作日几点用一声轻轻的提示音自检喇叭，例如 08:25；不写就不检。要一个 USB 麦克风，不留录音",
        ),
        "microphone": Field(
            Words(120, example="写麦克风的名字，最多 120 个字，手机“设备”页的“喇叭自检”里有名单"),
            "自检用哪个麦克风；不写就用第一个 USB 麦克风",
        ),
    },
    _health,
)
