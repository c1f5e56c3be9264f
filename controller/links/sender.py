"""The sender: one thread decides for all links, each attempt has a separate thread, so that none waits for another.

Order of an attempt: the messages are marked with their common id in the store, then sent, then ended in the store. A
death in between repeats the attempt with the same id and the same messages: nothing is lost, nothing is new.
"""

from __future__ import annotations

import logging
import random
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller.clock import Clock
from controller.links import policy, words
from controller.links.policy import Choice, Habits
from controller.links.port import TEST, Adapter, Fate, LinkKind, LinkSpec, Outcome, Parcel, later
from controller.sales.link_messages import LinkMessage
from controller.sales.model import StoreTrouble
from controller.sales.store import Store
from controller.system.background import BackgroundThread

log = logging.getLogger(__name__)

LONGEST_SLEEP_S = 60.0
STORE_AGAIN_S = 5.0
_OWN_FAULT = "发送时出了意外，已写入日志，过一会儿再发。"
GONE_WHY = "作息表里没有这个连接了，不再发送。"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that sends. `ready`: why it cannot send now, "" when it can; `opened`: make its adapter.

    `mark`: when it changes, for example with the secrets, the waiting time after failures ends. `pause`: pause it.
    """

    spec: LinkSpec
    kind: LinkKind
    opened: Callable[[], Adapter] = field(repr=False)
    ready: str = ""
    paused: bool = False
    mark: object = field(default=None, repr=False)
    pause: Callable[[], None] = lambda: None


class _Progress:
    """The attempts of one link; a restart forgets them. Guarded by the sender's lock."""

    def __init__(self) -> None:
        self.busy = False
        self.not_before = 0.0  # CLOCK_MONOTONIC
        self._failures = 0
        self._mark: object = None

    def notice(self, mark: object) -> None:
        """End the waiting time when the link's mark has changed."""
        if self._mark != mark:
            self._mark, self._failures, self.not_before = mark, 0, 0.0

    def begin(self) -> None:
        """Note that an attempt is under way."""
        self.busy = True

    def failed(self, failed: bool) -> int:
        """Count a failure, or end the series of failures; return their number in succession."""
        self._failures = self._failures + 1 if failed else 0
        return self._failures

    def rest(self, until: float) -> None:
        """Note that the attempt is over and when the next one may begin."""
        self.busy, self.not_before = False, until


class LinkSender(BackgroundThread):
    """Thread-safe. `links`: the links of the moment; `trusted`: may messages follow the clock?

    `spawn` runs an attempt: in a thread, or at once in tests with simulated time.
    """

    def __init__(
        self, clock: Clock, store: Store, office: Callable[[], str], links: Callable[[], Sequence[OpenLink]],
        trusted: Callable[[], bool], *, spawn: Callable[[Callable[[], None]], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        super().__init__("links")
        self._clock, self._store, self._office = clock, store, office
        self._links, self._trusted, self._chance = links, trusted, chance
        self._spawn = spawn or _in_thread
        self._lock = threading.Lock()
        self._progress: dict[str, _Progress] = {}

    def start(self) -> None:
        """Start sending, and look again after each change of the store.

        `close` ends it: an attempt under way may end meanwhile, else it is repeated with the same id at the next start.
        """
        self._store.changes.listen(self.wake)
        super().start()

    def faulty(self, fault: Exception) -> float:
        """Wait for the store when it is the cause."""
        if not isinstance(fault, StoreTrouble):
            return super().faulty(fault)
        log.warning("links wait for the store: %s", fault.sentence)
        return STORE_AGAIN_S

    def turn(self) -> float:
        """Start every attempt that is due; return the seconds after which to look again."""
        links = self._links()
        with self._store.read() as session:
            waiting = session.link_messages.links_waiting()
        if not waiting or not self._trusted():
            return LONGEST_SLEEP_S
        self._expire(links, waiting)
        known = {link.spec.ident: link for link in links}
        pauses = [self._attempt(known[ident]) for ident in waiting if ident in known]
        return max(0.05, min([LONGEST_SLEEP_S, *pauses]))

    def _expire(self, links: Sequence[OpenLink], waiting: Sequence[str]) -> None:
        """Drop messages that are too old, or whose link is no longer in the timetable, each with its sentence."""
        now = self._clock.now()
        gone = set(waiting) - {link.spec.ident for link in links}
        with self._store.read() as session:
            old = session.link_messages.oldest_due()
        if not gone and (old is None or old >= now - policy.GIVEN_UP):
            return
        with self._store.write(quiet=True) as session:
            session.link_messages.expire(now - policy.GIVEN_UP, policy.GIVEN_UP_WHY, now)
            for ident in gone:
                session.link_messages.drop(
                    [m.id for m in session.link_messages.waiting(ident)], GONE_WHY, now
                )
            session.link_messages.trim(now.date())

    def _attempt(self, link: OpenLink) -> float:
        """Start a link's next attempt if it may; return the seconds until its next one."""
        with self._lock:
            progress = self._progress.setdefault(link.spec.ident, _Progress())
            progress.notice(link.mark)
            if progress.busy or link.ready:
                return LONGEST_SLEEP_S
            now, wait = self._clock.now(), progress.not_before - self._clock.monotonic()
            choice = self._choice(link, now)
            if not choice.messages:
                return (choice.look_at - now).total_seconds() if choice.look_at else LONGEST_SLEEP_S
            if wait > 0 and choice.messages[0].kind != TEST:
                return wait
            progress.begin()
        try:
            with self._store.write(quiet=True) as session:
                session.link_messages.start([message.id for message in choice.messages], choice.batch)
        except BaseException:
            self._rest(link, 0.0)
            raise
        parcel = Parcel(choice.batch, choice.messages, now, self._office())
        self._spawn(lambda: self._send(link, parcel))
        return LONGEST_SLEEP_S

    def _choice(self, link: OpenLink, now: datetime) -> Choice:
        kind = link.kind
        habits = Habits(link.spec.quiet, kind.avoids, kind.merges, kind.most_bytes, words.size_of)
        with self._store.read() as session:
            waiting = session.link_messages.waiting(link.spec.ident)
        return policy.choose(waiting, habits, now, paused=link.paused)

    def _send(self, link: OpenLink, parcel: Parcel) -> None:
        """Make an attempt and store what became of it. Runs in its own thread."""
        try:
            outcome = link.opened().send(parcel)
        except Exception as fault:  # the fault's own words may contain an address with its key
            frames = "".join(traceback.format_tb(fault.__traceback__))
            log.error("link %s: %s\n%s", link.spec.ident, type(fault).__name__, frames)
            outcome = later(_OWN_FAULT)
        if outcome.fate != Fate.DELIVERED:
            log.info("link %s: %s", link.spec.ident, outcome.why)
        if outcome.ends:
            link.pause()
        pause = self._after(link, outcome)
        self._keep(parcel.messages, outcome, pause)
        self._rest(link, pause)

    def _after(self, link: OpenLink, outcome: Outcome) -> float:
        """Return the seconds until the link's next attempt."""
        with self._lock:
            failures = self._progress[link.spec.ident].failed(outcome.fate == Fate.LATER)
        wait = policy.back_off_s(failures, self._chance())
        if outcome.fate != Fate.LATER:
            return link.kind.pace_s
        spread = 1 + 0.1 * self._chance()
        return max(link.kind.pace_s, outcome.after_s * spread if outcome.after_s is not None else wait)

    def _rest(self, link: OpenLink, pause: float) -> None:
        with self._lock:
            self._progress[link.spec.ident].rest(self._clock.monotonic() + pause)
        self.wake()

    def _keep(self, messages: Sequence[LinkMessage], outcome: Outcome, pause: float) -> None:
        """Store an outcome; on a full disk try until it is stored: sending again instead would double the message."""
        while True:
            try:
                self._store_outcome([message.id for message in messages], outcome, pause)
                return
            except StoreTrouble as trouble:
                log.warning("cannot store what became of a message yet: %s", trouble.sentence)
            if self._closing.wait(STORE_AGAIN_S):
                return

    def _store_outcome(self, ids: Sequence[int], outcome: Outcome, pause: float) -> None:
        now = self._clock.now()
        with self._store.write(quiet=True) as session:
            if outcome.fate == Fate.DELIVERED:
                session.link_messages.sent(ids, outcome.why, now)
            elif outcome.fate == Fate.REFUSED:
                session.link_messages.drop(ids, outcome.why, now)
            else:
                again = now + timedelta(seconds=pause)
                session.link_messages.later(ids, outcome.why, again, apart=outcome.nothing_arrived)


def _in_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="link", daemon=True).start()
