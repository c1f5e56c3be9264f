"""Describe a device for people from its browser's user agent. Pure."""

from __future__ import annotations

import re
from typing import Final

_DEVICES: Final = (
    ("Web0S", "LG 电视"), ("webOS", "LG 电视"), ("Tizen", "三星电视"), ("CrKey", "Chromecast"), ("AFT", "Fire TV"),
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows 电脑"), ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"), ("Linux", "Linux 电脑"),
)  # fmt: skip
_BROWSERS: Final = (
    ("MicroMessenger", "微信"), ("Edg", "Edge"), ("SamsungBrowser", "三星浏览器"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Version", "Safari"),
)  # fmt: skip

KINDS: Final = (
    "安卓手机", "安卓平板或电视", "浏览器", *(name for _, name in _DEVICES if not name.isascii()), " 微信",
)  # fmt: skip
"""The parts of devices' names that are Chinese."""


def device_name(agent: str) -> str:
    """Return one or two words for the device; with 微信 when its browser is WeChat's."""
    if "Android" in agent:
        kind = "安卓手机" if "Mobile" in agent else "安卓平板或电视"
    else:
        kind = next((name for mark, name in _DEVICES if mark in agent), "浏览器")
    return f"{kind} 微信" if "MicroMessenger" in agent else kind


def described(agent: str) -> str:
    """Return the device and its browser with the release, "Linux 电脑，Chrome 119"; "" without a user agent."""
    if not agent:
        return ""
    for mark, name in _BROWSERS:
        if match := re.search(rf"{mark}/(\d{{1,4}})", agent):
            return f"{device_name(agent).removesuffix(' 微信')}，{name} {match[1]}"
    return device_name(agent)
