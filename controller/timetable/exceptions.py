"""An exception: a change of one date's plan that a person makes, such as "today as Friday" or "off from 15:00".

An exception belongs to a date and therefore expires by itself. This module has the value, its form as JSON and its
words; `changed_day` applies exceptions to a plan, and `exception_rules` refuses those that make no sense. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from controller.names import plain_text
from controller.sentences import Sentence, say
from controller.timetable.labels import SAYINGS
from controller.timetable.times import clock

LONGEST_TEXT: Final = 100
"""Characters of an extra moment's text: about 25 seconds of speech."""
LONGEST_NAME: Final = 120
WORKDAY: Final = "workday"
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LIKE: Final = (*WEEKDAYS, WORKDAY)
"""The days as which a date can be run."""
ENTRY, CUE = "entry", "cue"
DAY_END: Final = timedelta(hours=24)
_ZH: Final = "一二三四五六日"


class ExceptionKind(StrEnum):
    """The kinds of exceptions. The value is used in the API and in the store."""

    LIKE = "like"
    OFF = "off"
    OFF_FROM = "off_from"
    OFF_UNTIL = "off_until"
    NO_MUSIC = "no_music"
    NO_ANNOUNCEMENTS = "no_announcements"
    EXTRA = "extra"
    MOVE = "move"
    SKIP = "skip"


FIELDS: Final[Mapping[ExceptionKind, tuple[str, ...]]] = {
    ExceptionKind.LIKE: ("like",),
    ExceptionKind.OFF: (),
    ExceptionKind.OFF_FROM: ("at",),
    ExceptionKind.OFF_UNTIL: ("at",),
    ExceptionKind.NO_MUSIC: ("at", "until"),
    ExceptionKind.NO_ANNOUNCEMENTS: ("at", "until"),
    ExceptionKind.EXTRA: ("at", "text"),
    ExceptionKind.MOVE: ("item", "name", "was", "at"),
    ExceptionKind.SKIP: ("item", "name", "was"),
}
"""The fields that each kind has and needs."""


class ExceptionInvalid(ValueError):  # noqa: N818 - like TimetableInvalid
    """Fields that are no exception: `sentence` for people, `field` names the faulty one."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.sentence, self.field = sentence, field


@dataclass(frozen=True, slots=True)
class DayException:
    """One exception. Times are times of day; only the fields of `FIELDS[kind]` have values.

    `like`: one of LIKE. `item`: ENTRY or CUE, with `name` (an entry's name, a cue's `say`) and its present start
    `was`. `id`, `by`, `made`: who made it and when; empty until it is stored.
    """

    kind: ExceptionKind
    at: timedelta | None = None
    until: timedelta | None = None
    like: str | None = None
    text: str | None = None
    item: str | None = None
    name: str | None = None
    was: timedelta | None = None
    id: int = 0
    by: str = ""
    made: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """Return the fields of its kind, times as HH:MM."""
        fields = {field: getattr(self, field) for field in FIELDS[self.kind]}
        return {"kind": str(self.kind)} | {
            field: hhmm(value) if isinstance(value, timedelta) else value for field, value in fields.items()
        }

    def same(self, other: DayException) -> bool:
        """Return whether both change the same, also when different people made them."""
        return self.to_json() == other.to_json()


def from_json(fields: Mapping[str, Any]) -> DayException:
    """Invert `to_json`; unknown fields are ignored. Raises ExceptionInvalid with a sentence."""
    try:
        kind = ExceptionKind(str(fields.get("kind")))
    except ValueError:
        allowed = "、".join(ExceptionKind)
        raise ExceptionInvalid(f"没有这种临时安排。kind 可以是：{allowed}。", "kind") from None
    values: dict[str, Any] = {field: _READERS[field](fields.get(field), field) for field in FIELDS[kind]}
    exception = replace(DayException(kind), **values)
    if exception.at is not None and exception.until is not None and exception.at >= exception.until:
        at, until = hhmm(exception.at), hhmm(exception.until)
        raise ExceptionInvalid(f"结束（{until}）要晚于开始（{at}），并且在同一天。", "until")
    if exception.kind == ExceptionKind.SKIP or exception.at != timedelta() or exception.kind not in _HALVES:
        return exception
    raise ExceptionInvalid("从零点算就是一整天，请选“全天休息”。", "at")


_HALVES = (ExceptionKind.OFF_FROM, ExceptionKind.OFF_UNTIL)


def _time(value: object, field: str) -> timedelta:
    read = clock(value, end=field == "until") if isinstance(value, str) else None
    if read is None:
        raise ExceptionInvalid("时间要写成 15:00 这样，小时从 00 到 23，分钟从 00 到 59。", field)
    return read


def _like(value: object, field: str) -> str:
    if value not in LIKE:
        raise ExceptionInvalid(f"要按哪一天的安排？可以是：{'、'.join(LIKE)}。", field)
    return str(value)


def _item(value: object, field: str) -> str:
    if value not in (ENTRY, CUE):
        raise ExceptionInvalid("item 要写 entry（时段）或 cue（到点）。", field)
    return str(value)


def _text(value: object, field: str) -> str:
    most = LONGEST_NAME if field == "name" else LONGEST_TEXT
    text = " ".join(plain_text(value).split()) if isinstance(value, str) else ""
    if not text:
        raise ExceptionInvalid("还没有写要说什么。" if field == "text" else "还没有写是哪一项。", field)
    if len(text) > most:
        raise ExceptionInvalid(f"太长了：最多 {most} 个字，这里有 {len(text)} 个字。", field)
    if not text.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ExceptionInvalid("里面有不能用的字符，请重新写一遍。", field)
    return text


_READERS = {
    "at": _time, "until": _time, "was": _time, "like": _like, "item": _item, "name": _text, "text": _text,
}  # fmt: skip


def hhmm(at: timedelta) -> str:
    """Format a time of day as HH:MM, or HH:MM:SS when the seconds are not 0."""
    minutes, seconds = divmod(int(at.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def since_midnight(at: datetime) -> timedelta:
    """Return the time of day that the office's clock shows at a moment."""
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def words_of(exception: DayException) -> Sentence:
    """Return the exception in a few words, in both languages, without its author."""
    values: dict[str, object] = {
        "at": hhmm(exception.at) if exception.at is not None else "",
        "until": hhmm(exception.until) if exception.until is not None else "",
        "was": hhmm(exception.was) if exception.was is not None else "",
        "name": SAYINGS.get(exception.name or "", exception.name or ""),
        "day": day_words(exception.like) if exception.like else "",
    }
    if exception.kind == ExceptionKind.EXTRA:
        own = f"{values['at']} {exception.text}"
        return Sentence(own, own)
    return say(f"exception_{exception.kind.replace('_', '')}", **values)


def today_line(exceptions: Iterable[DayException]) -> Sentence | None:
    """Return one line about today's exceptions, in both languages; None without any. Extra moments are left out."""
    parts = [words_of(one) for one in exceptions if one.kind != ExceptionKind.EXTRA]
    if not parts:
        return None
    words = Sentence("，".join(parts), ", ".join(part.en for part in parts))
    return say("exceptions_today", words=words, gap=" " if words[0].isdigit() else "")


def day_words(like: str) -> Sentence:
    """Return the name of a day of LIKE in both languages."""
    if like == WORKDAY:
        return Sentence("工作日", "a working day")
    return Sentence(f"周{_ZH[WEEKDAYS.index(like)]}", like.capitalize())


def weekday_of(like: str, day: date) -> date:
    """Return the date in the week of `day` that has this weekday; `day` itself for "workday"."""
    if like == WORKDAY:
        return day
    return day + timedelta(days=WEEKDAYS.index(like) - day.weekday())
