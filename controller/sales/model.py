"""Values of the store: teams, people, deals and announcements.

Plain frozen values. Amounts are yuan as `Decimal` with two decimals; moments are aware datetimes. A `date` is the
office's calendar day, chosen by the caller, because a deal at 23:59 belongs to the office's day, not to the UTC day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class State(StrEnum):
    """State of an announcement; stored under this name."""

    WAITING = "waiting"
    PLAYING = "playing"
    HEARD = "heard"
    NOT_HEARD = "not_heard"
    MERGED = "merged"
    DROPPED = "dropped"


class Kind(StrEnum):
    """Subject of an announcement; stored under this name and served as `kind`."""

    FIRST_OF_WEEK = "first_of_week"
    FIRST_OF_DAY = "first_of_day"
    BIG = "big"
    RECORD = "record"
    BURST = "burst"
    TARGET = "target"
    HOURLY = "hourly"  # a deal that waits for the next round-up
    EVENING = "evening"  # a deal that waits for the results
    ROUNDUP = "roundup"
    # started by a person
    MICROPHONE = "microphone"
    SAY = "say"
    EMERGENCY = "emergency"
    # from the timetable: values of `say` in a cue (timetable.model.SAYABLE and FREE_TEXT)
    RESULTS = "results"
    TOP_SALES_OF_DAY = "top_sales_of_day"
    TOP_SALES_OF_WEEK = "top_sales_of_week"
    TOP_SALES_OF_MONTH = "top_sales_of_month"
    GREETING = "greeting"
    SPRINT = "sprint"
    BIRTHDAYS = "birthdays"
    COMPANY_YEARS = "company_years"
    CEREMONY = "ceremony"
    TEXT = "text"
    CONTEST = "contest"

    @classmethod
    def _missing_(cls, value: object) -> Kind:
        """Treat an unknown kind, stored by another version, as free text."""
        return cls.TEXT


WAITING: Final = State.WAITING
PLAYING: Final = State.PLAYING
HEARD: Final = State.HEARD
NOT_HEARD: Final = State.NOT_HEARD
MERGED: Final = State.MERGED
DROPPED: Final = State.DROPPED
OPEN_STATES: Final = (WAITING, PLAYING)

FIRST_OF_WEEK: Final = Kind.FIRST_OF_WEEK
FIRST_OF_DAY: Final = Kind.FIRST_OF_DAY
BIG: Final = Kind.BIG
RECORD: Final = Kind.RECORD
BURST: Final = Kind.BURST
TARGET: Final = Kind.TARGET
ROUNDUP: Final = Kind.ROUNDUP
RESULTS: Final = Kind.RESULTS


class Refused(Exception):  # noqa: N818  a refused request is not an error of the program
    """A request that cannot be executed. `str()` is the sentence for the user (HTTP 422).

    `field` names the form field concerned, or is None.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Unknown(Refused):
    """The request names an id that does not exist (HTTP 404)."""


class Unsayable(Refused):
    """A text without anything to pronounce: emoji, separator lines, punctuation (HTTP 400)."""


class Conflict(Refused):
    """The request contradicts data in the store (HTTP 409)."""


class StoreTrouble(Refused):
    """The store cannot be read or written (HTTP 503); the sentence names the file and the remedy."""


class StoreDamaged(StoreTrouble):
    """The file is not a database, or its content is damaged: only a backup helps."""


class StoreFull(StoreTrouble):
    """The disk is full; nothing of the refused request was written."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team. `say_as`: pronunciation of its name (pinyin with tones) where the voice would read it wrong.

    `active` is False after it was removed; its deals remain.
    """

    id: int
    name: str
    say_as: str | None = None
    active: bool = True


LONGEST_NAME: Final = 40
"""Characters of a person's or team's name."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person who sells. `hidden`: never on a screen or in a ranking. `photo`: content hash.

    `birthday`: month and day ("05-03"). `active` is False for people who left; `last_day` and `returns` are set while
    that is planned, and remain until they are back.
    """

    id: int
    name: str
    team_id: int
    team: str
    leader: bool = False
    say_as: str | None = None
    hidden: bool = False
    photo: str | None = None
    birthday: str | None = None
    joined: dt.date | None = None
    last_day: dt.date | None = None
    returns: dt.date | None = None
    active: bool = True
    email: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as a list or a form has it. `namesake`: another person on the list has the same name in another team.

    `birthday` ("05-03") and `joined`: None keeps the known ones. `line`: its number in the file. `keeps_leader`: the
    list does not say who leads.
    """

    team: str
    name: str
    leader: bool = False
    say_as: str | None = None
    namesake: bool = False
    birthday: str | None = None
    joined: dt.date | None = None
    email: str | None = None
    line: int = field(default=0, compare=False)
    keeps_leader: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Deal:
    """One sale, with the names of person and team at the time of signing.

    `voided` is None, or the reason for taking it back. `replaces`: the deal that it corrects; `replaced_by`: the deal
    that corrects it.
    """

    id: int
    key: str
    person_id: int
    person: str
    team: str
    product: str
    amount: Decimal
    at: datetime
    voided: str | None
    date: dt.date
    team_id: int
    replaces: int | None = None
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class City:
    """A branch's day. `rate`: completion (1 = reached), `amount`: yuan, None where not reported; `place` 0: not ranked.

    `own`: this office. `missing`: its machine is not connected; the figures are the last known, of `as_of` ("16:42",
    by its own clock), or None. `rising`: it has overtaken another one lately.
    """

    place: int
    name: str
    rate: Decimal | None
    amount: Decimal | None
    own: bool = False
    missing: bool = False
    as_of: str = ""
    rising: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a longer script. `mark` names its moment for the walls; `roll`: preceded by a drum roll."""

    text: str
    mark: str | None = None
    roll: bool = False


@dataclass(frozen=True, slots=True)
class StoredScript:
    """The sound of an announcement; `to_json` is its form in the store.

    `lines`: the parts that are spoken, the announcement's text when empty. `applause` names a sound, None for none.
    `alarm`: the emergency's sound in place of the chime. `clip`: a voice clip that is played instead of speech.
    """

    lines: tuple[Line, ...] = ()
    applause: str | None = "small"
    chime: bool = True
    alarm: bool = False
    clip: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the stored form; `from_json` is the inverse."""
        return {
            "lines": [[line.text, line.mark, line.roll] for line in self.lines],
            "applause": self.applause,
            "chime": self.chime,
            **({"alarm": True} if self.alarm else {}),
            **({} if self.clip is None else {"clip": self.clip}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StoredScript:
        """Restore a script from the store, also one that an older version stored."""
        lines, clip = value.get("lines"), value.get("clip")
        return cls(
            lines=tuple(map(_line, lines)) if isinstance(lines, list) else (),
            applause=value.get("applause", "small"),
            chime=bool(value.get("chime", True)),
            alarm=bool(value.get("alarm")),
            clip=None if clip is None else str(clip),
        )


def _line(stored: object) -> Line:
    text, mark, roll = stored if isinstance(stored, list) and len(stored) == 3 else (stored, None, False)
    return Line(str(text), str(mark) if mark else None, bool(roll))


@dataclass(frozen=True, slots=True)
class NewAnnouncement:
    """An announcement to be added to the outbox; fields as in `Announcement`. `date`: the office's day."""

    key: str
    kind: Kind
    text: str
    why: str
    created: datetime
    date: dt.date
    due: datetime | None = None
    deals: tuple[int, ...] = ()
    priority: int = 0
    script: StoredScript = StoredScript()
    decision: Mapping[str, object] = field(default_factory=dict)
    state: State = State.WAITING


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement, open until it was heard, merged into another, or dropped with a reason.

    `text` is shown; `script` is its sound; `decision` is the first answer (`Decision.to_json()`), stored so that
    a repeated request gets the same answer. A larger `priority` is played first. `due` None means as soon as possible.
    """

    id: int
    key: str
    kind: Kind
    text: str
    state: State
    why: str
    created: datetime
    due: datetime | None
    deals: tuple[int, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    priority: int = 0
    script: StoredScript = StoredScript()
    decision: dict[str, object] = field(default_factory=dict)


MOST_TIMES: Final = 4
"""Moments named for one outcome."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of `count` announcements of a day that have the same kind, state and reason.

    `due`: of waiting ones, the same for all; `times`: when the first of them were added, oldest first.
    """

    state: State
    why: str
    kind: Kind
    due: datetime | None
    count: int
    times: tuple[datetime, ...]

    @property
    def created(self) -> datetime:
        """Return when the first of them was added."""
        return self.times[0]
