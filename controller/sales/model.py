"""What the book holds: teams, people, deals and what was said about them.

Plain frozen values. Amounts are yuan as `Decimal` with two decimals; moments are aware datetimes; a
`date` is the office's own calendar day, decided by the caller, because a deal at 23:59 belongs to the
day of the office and not to the day of UTC.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What has become of an announcement; stored under this name."""

    WAITING = "waiting"
    PLAYING = "playing"
    HEARD = "heard"
    NOT_HEARD = "not_heard"
    MERGED = "merged"
    DROPPED = "dropped"


class Kind(StrEnum):
    """What an announcement is about; stored under this name and served as `kind`."""

    FIRST_OF_WEEK = "first_of_week"
    FIRST_OF_DAY = "first_of_day"
    BIG = "big"
    RECORD = "record"
    BURST = "burst"
    TARGET = "target"
    HOURLY = "hourly"  # a deal that waits for the next round-up
    EVENING = "evening"  # a deal that waits for the results
    ROUNDUP = "roundup"
    # by hand
    MICROPHONE = "microphone"
    SAY = "say"
    EMERGENCY = "emergency"
    # from the timetable: the words of `say` in a cue (timetable.model.SAYABLE and FREE_TEXT)
    RESULTS = "results"
    TOP_SALES_OF_DAY = "top_sales_of_day"
    TOP_SALES_OF_WEEK = "top_sales_of_week"
    TOP_SALES_OF_MONTH = "top_sales_of_month"
    GREETING = "greeting"
    SPRINT = "sprint"
    TEXT = "text"

    @classmethod
    def _missing_(cls, value: object) -> Kind:
        """A kind that another version has stored is spoken and shown like free text."""
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


class Refused(Exception):  # noqa: N818  the office's word: a request is refused, nothing broke
    """A request that cannot be carried out. `str()` is the sentence for the person (HTTP 422).

    `field` names the form field to look at, or is None.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Unknown(Refused):
    """Nothing is there under the number that the request named (HTTP 404)."""


class Unsayable(Refused):
    """A text in which there is nothing to say: emoji, rulers, punctuation (HTTP 400)."""


class Conflict(Refused):
    """The request contradicts something already in the book (HTTP 409)."""


class StoreTrouble(Refused):
    """The book itself cannot be read or written (HTTP 503): the sentence names the file and the way out."""


class StoreFull(StoreTrouble):
    """No room left on the disk; nothing of the refused request was written."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team. `say_as`: how its name is read aloud (pinyin with tones) where plain reading goes wrong.

    `active` is False once it has left; its deals remain.
    """

    id: int
    name: str
    say_as: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who sells. `hidden`: never on a screen or in a ranking. `photo`: content hash."""

    id: int
    name: str
    team_id: int
    team: str
    leader: bool = False
    say_as: str | None = None
    hidden: bool = False
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Deal:
    """One order, with the names of person and team as they were when it was signed.

    `voided` is None, or the reason why it was taken back.
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


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something to be said, kept until it was heard, merged into another, or dropped with a reason.

    `text` is shown, `script` is what the voice is given (JSON-able, opaque to the book), `decision`
    the first answer (`Decision.to_json()`), kept so that the same request gets the same answer. A larger
    `priority` goes first. `due` None means as soon as possible.
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
    script: dict[str, object] = field(default_factory=dict)
    decision: dict[str, object] = field(default_factory=dict)
