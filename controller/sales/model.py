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
from typing import Final

WAITING: Final = "waiting"
PLAYING: Final = "playing"
HEARD: Final = "heard"
NOT_HEARD: Final = "not_heard"
MERGED: Final = "merged"
DROPPED: Final = "dropped"
STATES: Final = (WAITING, PLAYING, HEARD, NOT_HEARD, MERGED, DROPPED)
OPEN_STATES: Final = (WAITING, PLAYING)

FIRST_OF_WEEK: Final = "first_of_week"
FIRST_OF_DAY: Final = "first_of_day"
BIG: Final = "big"
RECORD: Final = "record"
BURST: Final = "burst"
TARGET: Final = "target"
ROUNDUP: Final = "roundup"
RESULTS: Final = "results"


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
    kind: str
    text: str
    state: str
    why: str
    created: datetime
    due: datetime | None
    deals: tuple[int, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    priority: int = 0
    script: dict[str, object] = field(default_factory=dict)
    decision: dict[str, object] = field(default_factory=dict)
