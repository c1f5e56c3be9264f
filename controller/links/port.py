"""The port of all links: parcels for adapters, their outcomes, and records that come in from outside. Pure.

An adapter is one file `controller/links/NAME.py` with a `LinkKind`, listed in `controller/links/kinds.py`. It knows its
vendor's signature, sizes and refusals, and nothing of the store, the clock or other links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from controller.sales.inbound_rows import InboundDeal
from controller.sales.link_messages import LinkMessage

TEST: Final = "test"
"""Kind of a test message: sent also while the link is paused, in quiet hours and before other messages."""


class Fate(StrEnum):
    """The result of an attempt."""

    DELIVERED = "delivered"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of an adapter. `why`: a sentence for people, without addresses and secrets.

    `after_s`: earliest next try when LATER, None for the usual back-off. `nothing_arrived`: the other side surely has
    nothing of it, so that the messages may be merged with newer ones. `ends`: it wants no more, so the link is paused.
    """

    fate: Fate
    why: str = ""
    after_s: float | None = None
    nothing_arrived: bool = False
    ends: bool = False


def delivered(note: str = "") -> Outcome:
    """Return the outcome of a message that the other side has taken."""
    return Outcome(Fate.DELIVERED, note)


def later(why: str, after_s: float | None = None, *, nothing_arrived: bool = False) -> Outcome:
    """Return the outcome of an attempt that is worth another one, also when a person has to do something first."""
    return Outcome(Fate.LATER, why, after_s, nothing_arrived)


def ended(why: str) -> Outcome:
    """Return the outcome of an attempt after which the other side wants nothing more: its link is paused."""
    return Outcome(Fate.LATER, why, nothing_arrived=True, ends=True)


def refused(why: str) -> Outcome:
    """Return the outcome of a message that will never be taken: its content is at fault."""
    return Outcome(Fate.REFUSED, why)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Messages sent together. `id` is the same at every attempt, and so are the messages. `now`: the office's time."""

    id: str
    messages: tuple[LinkMessage, ...]
    now: datetime
    office: str


class Adapter(Protocol):
    """One opened link. Called in a separate thread; every call ends within its time limits."""

    def send(self, parcel: Parcel) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class SecretField:
    """A secret that a person enters. `read` tidies the input, such as a whole address; raises Refused."""

    name: str
    label: str
    hint: str
    required: bool = True
    read: Callable[[str], str] = str.strip


class LinkSpec(Protocol):
    """The settings of a link in the timetable file, whatever its kind."""

    @property
    def ident(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def bound(self) -> str: ...
    @property
    def server(self) -> str | None: ...
    @property
    def quiet(self) -> tuple[tuple[Any, Any], ...]: ...
    def wants(self, kind: str, *, silent: bool = False) -> bool: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """Services for adapters. `picture`: draw facts as PNG; `photo`: a photo by its name; None where there is none."""

    picture: Callable[[str, Mapping[str, Any]], bytes | None] = lambda name, facts: None
    photo: Callable[[str], bytes | None] = lambda name: None


@dataclass(frozen=True, slots=True)
class LinkKind:
    """An adapter describes itself. `open` gets settings, secrets, the base address (None: the vendor's) and tools.

    `pace_s`: least time between two parcels of a link. `merges`: deals that wait together go out as one message of at
    most `most_bytes`. `avoids`: minutes of the hour in which the vendor refuses. `address`: may the owner set another
    base address? `owners_address`: there is no vendor; the owner enters the whole address, which is shown to nobody.
    `rotates`: this program makes the secret, and the former one is used beside a new one for a while.
    """

    name: str
    title: str
    secrets: tuple[SecretField, ...]
    open: Callable[[Any, Mapping[str, str], str | None, Tools], Adapter]
    pace_s: float = 20.0
    merges: bool = True
    most_bytes: int = 2000
    avoids: tuple[int, ...] = ()
    address: bool = True
    owners_address: bool = False
    rotates: bool = False


# --- Records that come in


class Receipt(Protocol):
    """The fate of a record: recorded, waiting as a question, or known already (`created` is False)."""

    @property
    def version(self) -> int: ...
    @property
    def created(self) -> bool: ...


class Inbox(Protocol):
    """The inbound half of the port: `InboundService`. A record becomes a deal or a question for the assistant.

    The same record again is answered as before; nothing doubtful is recorded or announced by itself. Raises Refused,
    whose sentence the adapter sends back.
    """

    def receive(self, source: str, sent: InboundDeal) -> Receipt: ...


# --- Chat robots: people write their deals to them


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A text that a person wrote to a robot. `id`: the vendor's, the same when it delivers the message again.

    `chat`: the vendor's id of the group, "" in a private chat; `sender_name`: "" if the vendor does not say; `at`: when
    it was written, by the vendor's clock, None if unknown. `text` is None for pictures, files and the like.
    """

    id: str
    text: str | None
    sender: str
    chat: str = ""
    sender_name: str = ""
    at: datetime | None = None


class ChatInbox(Protocol):
    """The inbox of chat robots. The same message again gets the same answer and has no further effect."""

    def answer(self, link: LinkSpec, message: ChatMessage) -> str:
        """Return the answer for the person. Raises StoreTrouble: nothing was kept, the vendor has to deliver again."""

    def replied(self, link: LinkSpec, message: ChatMessage, why: str) -> None:
        """Note that the vendor has taken the answer, or why it has not."""


class Stay(Protocol):
    """The office's side of a robot's connection, while it is open."""

    @property
    def over(self) -> bool:
        """Return whether the connection is to be closed."""

    def connected(self) -> None:
        """Note that the vendor has accepted the robot."""

    def answer(self, message: ChatMessage) -> str:
        """Take a message in; see `ChatInbox.answer`."""

    def replied(self, message: ChatMessage, why: str = "") -> None:
        """Note what became of the answer."""


class Bot(Protocol):
    """One robot. Called in a separate thread."""

    def stay(self, stay: Stay) -> None:
        """Connect and serve until `stay.over`. Raises Failed when there is no connection or it ends."""


@dataclass(frozen=True, slots=True)
class BotKind:
    """A robot describes itself. `open` gets settings, secrets and the base address (None: the vendor's)."""

    name: str
    title: str
    secrets: tuple[SecretField, ...]
    open: Callable[[Any, Mapping[str, str], str | None], Bot]
    address: bool = True
    owners_address: bool = False
    rotates: bool = False
