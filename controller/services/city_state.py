"""The state of the connection to head office, as the phone shows it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from controller.cities.document import Document
from controller.cities.way import MQTT
from controller.clock import Clock
from controller.services.context import Context

log = logging.getLogger(__name__)

QUIET: Final = frozenset(
    {"lost", "unreachable", "not_running", "silent", "no_such_host", "no_tls", "no_gateway"}
)
"""General reasons: a line could not be made."""
CLOCK_OFF: Final = timedelta(minutes=5)
_MOST_CLOCKS: Final = 100


@dataclass(frozen=True, slots=True)
class LinkState:
    """The connection to head office. `why`: key of the sentence, "" while it is up or before the first attempt.

    `way`: MQTT or HTTPS, of the last connection; `last_sent`: when head office last confirmed a document.
    """

    up: bool = False
    why: str = ""
    since: str = ""
    last_up: str = ""
    way: str = MQTT
    last_sent: datetime | None = None


class LinkRecord:
    """The state of the connection. Thread-safe; a change is signalled."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._state = LinkState()
        self._confirmed = threading.Condition(self._lock)
        self._receipts = 0

    def state(self) -> LinkState:
        """Return the state."""
        with self._lock:
            return self._state

    def reset(self) -> None:
        """Begin again: another invitation."""
        self._set(LinkState())

    def up(self, way: str) -> None:
        """Record that the connection is up."""
        now = f"{self._context.clock.now():%H:%M}"
        self._set(LinkState(True, "", now, now, way, self.state().last_sent))

    def down(self, why: str, detail: str, way: str) -> None:
        """Record why there is no connection; a general reason does not replace a precise one of the other way."""
        before = self.state()
        if why in QUIET and not before.up and before.why and before.way != way:
            return
        if why not in ("closed", before.why):
            log.info("no connection to the cities: %s %s", why, detail)
        if before.up or before.why != why:
            now = f"{self._context.clock.now():%H:%M}"
            self._set(replace(before, up=False, why=why, since=now, way=way))

    def confirmed(self) -> None:
        """Record that head office has confirmed a document."""
        with self._confirmed:
            self._state = replace(self._state, last_sent=self._context.clock.now())
            self._receipts += 1
            self._confirmed.notify_all()

    def receipts(self) -> int:
        """Return the number of confirmed documents since the start."""
        with self._lock:
            return self._receipts

    def wait_for_receipt(self, after: int, limit_s: float) -> bool:
        """Wait until more than `after` documents were confirmed; return whether it came in time."""
        with self._confirmed:
            return self._confirmed.wait_for(lambda: self._receipts > after, limit_s)

    def _set(self, state: LinkState) -> None:
        with self._lock:
            self._state = state
        self._context.changes.notify()


class Clocks:
    """Other branches' clocks that seem to be ahead. Only for a sentence: nothing is ordered by it.

    A document that says it was made in the future proves a wrong clock, there or here, also one that the broker kept;
    one from the past proves nothing, because it may have waited. The moment of receipt is kept by the monotonic clock:
    when this machine's clock was the wrong one and is set, the sentence goes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[str, tuple[datetime, float]] = {}

    def note(self, made: Document, *, live: bool) -> None:
        """Compare the moment at which a document was made with now. `live`: it was sent just now."""
        at, moment = datetime.fromisoformat(made.as_of), self._clock.monotonic()
        if self._ahead(at, moment) > CLOCK_OFF:
            if made.branch in self._made or len(self._made) < _MOST_CLOCKS:
                self._made[made.branch] = at, moment
        elif live:
            self._made.pop(made.branch, None)

    def _ahead(self, at: datetime, moment: float) -> timedelta:
        return at - self._clock.from_monotonic(moment)

    def ahead(self) -> Mapping[str, timedelta]:
        """Return by how much the clock of each branch is ahead."""
        found = {branch: self._ahead(*one) for branch, one in dict(self._made).items()}
        return {branch: ahead for branch, ahead in found.items() if ahead > CLOCK_OFF}
