"""An office that types Latin letters only: Chinese on its English pages comes from the program and is a fault."""

from __future__ import annotations

import re
from itertools import count

from signage.catalogue import HAN

DAYS = {
    "每月第一个工作日": "first workday of month", "每月最后一个工作日": "last workday of month",
    "每周最后一个工作日": "last workday of week", "周二和周五": "tuesday and friday", "周一": "monday",
    "单月10日前": "2026-12-31",
}  # fmt: skip
TEXT = re.compile(r"[\u3000-\u9fff\uff00-\uffef“”…—]+")
PEOPLE = {"Tigers": ("Ann Lee", "Bob Ray", "Carl Fox"), "Eagles": ("Dora Hill", "Emil Kent")}
PRODUCT = "Gold plan"


def timetable(shipped: str) -> str:
    """Return the shipped timetable without comments, its texts in Latin letters and its slots kept."""
    number = count(1)
    lines = [re.sub(r"(^|\s)#.*", "", line) for line in shipped.splitlines()]
    text = "\n".join(line for line in lines if line.strip())
    for chinese, english in DAYS.items():
        text = re.sub(rf"on: {chinese}\b", f"on: {english}", text)
    return TEXT.sub(lambda match: f"Text {next(number)}" if HAN.search(match[0]) else ", ", text)
