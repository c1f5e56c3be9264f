"""The office's side of the connection to head office: what both ways ask of it, and hand to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from controller.cities.document import BigDeal, Version
from controller.cities.invitation import Access

KEEPALIVE_S: Final = 10
"""A line on which nothing comes for twice this long is closed, so that it delivers nothing late."""
UNSENT_LIMIT_MS: Final = 10_000
"""Bytes that the broker has not acknowledged for so long end the connection."""
CONNECT_LIMIT_S: Final = 10.0
EXPIRY_S: Final = 60
"""Lifetime of a big deal at the broker."""
LATEST_S: Final = 30
"""A big deal needs this much of its lifetime on arrival: 10 s in the sender's line and 20 s in ours are unseen."""
FROZEN_S: Final = 12.0
"""A process that was stopped for so long cannot know the age of the messages in its line."""
STEP_S: Final = 0.2
LOOK_EVERY_S, LOOK_AT_LEAST_EVERY_S = 0.5, 30.0
"""A change of the timetable or of the date wakes nobody."""
GOODBYE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Session:
    """One connection: its number, the id of this machine, and who it is at the broker."""

    access: Access
    number: Version
    install: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """A document of this branch as it has to be sent."""

    topic: str
    version: Version
    payload: bytes


@dataclass(frozen=True, slots=True)
class UnsentDeal:
    """A big deal of this branch. `left_s`: the rest of its lifetime."""

    deal: BigDeal
    left_s: float


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the broker. `lifetime_s`: the rest of its expiry, None without one."""

    topic: str
    payload: bytes
    retained: bool
    lifetime_s: int | None


class Side(Protocol):
    """The office's side of the connection; called in the connection's thread."""

    def access(self) -> Access | None:
        """Return how to reach the broker; None: no connection is wanted."""

    def open_session(self, access: Access) -> Session:
        """Count a connection."""

    def still(self, session: Session) -> bool:
        """Return whether the session is still wanted: same access, same epoch."""

    def unsent(self, session: Session) -> Sequence[Unsent]:
        """Bring the documents up to date and return those that the broker has not confirmed."""

    def sent(self, unsent: Unsent) -> None:
        """Record the broker's receipt of a document."""

    def unsent_deals(self) -> Sequence[UnsentDeal]:
        """Return big deals that are young enough to be sent."""

    def deal_sent(self, deal: BigDeal) -> None:
        """Record the broker's receipt of a big deal."""

    def receive(self, session: Session, messages: Sequence[Received]) -> Sequence[str]:
        """Take messages in; return topics whose retained message is to be emptied."""

    def birth_again(self) -> bool:
        """Return, once, whether the branch's status has to be sent again: an old last will replaced it."""

    def up(self, way: str) -> None:
        """Head office has accepted the connection; `way` is MQTT or HTTPS."""

    def down(self, why: str, detail: str, way: str) -> None:
        """The connection ended or could not be made; `why` is a key of a sentence."""
