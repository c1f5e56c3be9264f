"""Day plans as an iCalendar feed (RFC 5545). Pure.

Written here, because the package icalendar takes 7 MB and half a second to import; tests read the feed with it.
Moments are in UTC, so that the feed carries no time zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zlib import crc32

from controller.timetable.labels import ROLES, SAYINGS, SCENES
from controller.timetable.model import FREE_TEXT, Cue, DayPlan

MOST_OCTETS: Final = 75
"""Of a line; longer ones are folded."""
_ESCAPED: Final = str.maketrans(
    {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None}
    | dict.fromkeys([chr(n) for n in range(32) if n != 10] + ["\x7f"])
)


def feed(plans: Iterable[DayPlan], office: str, install: str, today: date) -> bytes:
    """Return the calendar of an office. `install`: an id of this machine, the second half of each event's id."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Zhangu//Day plans//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(office)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    stamp = f"DTSTAMP:{today:%Y%m%d}T000000Z"
    seen: Counter[str] = Counter()
    for plan in plans:
        for kind, event in _events(plan):
            ident = f"{kind}-{crc32(event[0].encode()):08x}"
            seen[ident] += 1
            number = f"-{seen[ident]}" if seen[ident] > 1 else ""
            uid = f"UID:{plan.date:%Y%m%d}-{ident}{number}@{install}.zhangu"
            lines += ["BEGIN:VEVENT", uid, stamp, *event[1:], "END:VEVENT"]
        seen.clear()
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def folded(line: str) -> bytes:
    """Return a line with CRLF; after 75 octets it goes on in the next one, never inside a character."""
    parts: list[bytes] = []
    part, room = b"", MOST_OCTETS
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > room:
            parts.append(part)
            part, room = b"", MOST_OCTETS - 1  # the next line begins with a space
        part += octets
    return b"\r\n ".join([*parts, part]) + b"\r\n"


def escaped(text: str) -> str:
    """Return text as a value."""
    return text.translate(_ESCAPED)


def _events(plan: DayPlan) -> Iterator[tuple[str, list[str]]]:
    """Yield the kind of each event and its lines; the first is its name, which with the kind identifies it that day."""
    if not plan.workday:
        after = plan.date + timedelta(days=1)
        yield "rest", [
            "", f"DTSTART;VALUE=DATE:{plan.date:%Y%m%d}", f"DTEND;VALUE=DATE:{after:%Y%m%d}",
            _summary(f"休息：{plan.why}" if plan.why else "休息"), "TRANSP:TRANSPARENT",
        ]  # fmt: skip
    for entry in plan.entries:
        yield "entry", [
            entry.name, _at("DTSTART", entry.at), _at("DTEND", entry.until), _summary(entry.name),
            *([f"DESCRIPTION:{escaped(entry.text)}"] if entry.text else []),
            *(["CATEGORIES:安静时间"] if entry.quiet else []), "TRANSP:TRANSPARENT",
        ]  # fmt: skip
    for cue in plan.cues:
        name = _cue_name(cue)
        yield "cue", [name, _at("DTSTART", cue.at), _summary(name), "CATEGORIES:到点", "TRANSP:TRANSPARENT"]
    for duty in plan.duties:
        at = f"DTSTART;VALUE=DATE:{plan.date:%Y%m%d}" if duty.at is None else _at("DTSTART", duty.at)
        name = f"{ROLES.get(duty.who, duty.who)}：{duty.what}"
        yield "duty", [name, at, _summary(name), "CATEGORIES:要做的事", "TRANSP:TRANSPARENT"]


def _summary(text: str) -> str:
    return f"SUMMARY:{escaped(text)}"


def _at(name: str, moment: datetime) -> str:
    return f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _cue_name(cue: Cue) -> str:
    if cue.say is not None:
        return cue.text or "播报" if cue.say == FREE_TEXT else f"播报{SAYINGS.get(cue.say, cue.say)}"
    return f"大屏：{SCENES.get(cue.show or '', cue.show or '')}"
