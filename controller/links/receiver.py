"""Keep the connections of chat robots open: one thread per robot, connected again with back-off and jitter.

A supervisor compares the robots that the timetable names with those that run. A robot whose settings or secrets have
changed ends before its successor begins: vendors keep one connection per robot and end the older one.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from controller.clock import Clock
from controller.links.port import Bot, ChatInbox, ChatMessage, LinkSpec, Outcome, later
from controller.links.web import Failed
from controller.sales.model import StoreTrouble
from controller.system.background import BackgroundThread

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
BACK_OFF_S: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
STEADY_S: Final = 60.0
"""A connection that lasted this long ends the series of failures."""
_OWN_FAULT: Final = "接收时出了意外，已写入日志，过一会儿重新连接。"


@dataclass(frozen=True, slots=True)
class BotState:
    """The connection of a robot as people see it. `since`: connected since; `why`: why it is not, "" if it is."""

    since: datetime | None = None
    why: str = ""
    next_try: datetime | None = None


class BotStates:
    """Thread-safe. The states of all robots, and people's wishes to connect again now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, BotState] = {}
        self._wishes: dict[str, int] = {}

    def of(self, ident: str) -> BotState:
        """Return a robot's state."""
        with self._lock:
            return self._states.get(ident, BotState())

    def put(self, ident: str, state: BotState) -> None:
        """Set a robot's state."""
        with self._lock:
            self._states[ident] = state

    def forget(self, ident: str) -> None:
        """Forget a robot that no longer runs."""
        with self._lock:
            self._states.pop(ident, None)

    def hurry(self, ident: str) -> None:
        """Ask for a new connection now."""
        with self._lock:
            self._wishes[ident] = self._wishes.get(ident, 0) + 1

    def wishes(self, ident: str) -> int:
        """Return how often a new connection was asked for."""
        with self._lock:
            return self._wishes.get(ident, 0)


@dataclass(frozen=True, slots=True)
class OpenBot:
    """A robot that can run. `mark`: when it changes, for example with the secrets, it connects again."""

    spec: LinkSpec
    opened: Callable[[], Bot] = field(repr=False)
    mark: object = field(default=None, repr=False)


class BotReceivers(BackgroundThread):
    """The thread `bots`. `bots`: the robots that are to run at the moment."""

    def __init__(
        self, clock: Clock, bots: Callable[[], Sequence[OpenBot]], inbox: ChatInbox, states: BotStates,
        *, chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        super().__init__("bots")
        self._clock, self._bots, self._inbox, self._states, self._chance = clock, bots, inbox, states, chance
        self._running: dict[str, _Runner] = {}

    def close(self) -> None:
        """End all connections."""
        super().close()
        for runner in self._running.values():
            runner.stop()
        for runner in self._running.values():
            runner.join(2)

    def turn(self) -> float:
        """Start and end robots, so that those run which are wanted, with their present settings."""
        wanted = {bot.spec.ident: bot for bot in self._bots()}
        for ident, runner in list(self._running.items()):
            if ident not in wanted or wanted[ident].mark != runner.mark:
                runner.stop()
            if not runner.is_alive():  # also one that is wanted again since it was asked to end
                del self._running[ident]
                self._states.forget(ident)
        for ident, bot in wanted.items():
            if ident not in self._running and not self._closing.is_set():
                self._running[ident] = _Runner(bot, self._clock, self._inbox, self._states, self._chance)
                self._running[ident].start()
        return LOOK_S


class _Runner(BackgroundThread):
    """One robot's thread: connects, serves, waits, connects again."""

    def __init__(
        self, bot: OpenBot, clock: Clock, inbox: ChatInbox, states: BotStates, chance: Callable[[], float]
    ) -> None:
        super().__init__("bot")
        self.mark = bot.mark
        self._bot, self._clock, self._inbox, self._states, self._chance = bot, clock, inbox, states, chance
        self._failures = 0

    def turn(self) -> float:
        began = time.monotonic()
        outcome = self._stay()
        if self._closing.is_set():
            return 0.0
        self._failures = 1 if time.monotonic() - began > STEADY_S else self._failures + 1
        return self._pause(outcome)

    def _stay(self) -> Outcome:
        """Serve one connection; return why it ended."""
        try:
            self._bot.opened().stay(
                _Stay(self._bot.spec, self._clock, self._inbox, self._states, self._closing)
            )
        except Failed as failed:
            return failed.outcome
        except Exception as fault:  # the fault's own words may contain an address with its ticket
            frames = "".join(traceback.format_tb(fault.__traceback__))
            log.error("robot %s: %s\n%s", self._bot.spec.ident, type(fault).__name__, frames)
            return later(_OWN_FAULT)
        return later("")

    def _pause(self, outcome: Outcome) -> float:
        """Return the seconds until the next connection, and show them."""
        step = BACK_OFF_S[min(self._failures, len(BACK_OFF_S)) - 1]
        pause = (outcome.after_s if outcome.after_s is not None else step) * (1 + 0.5 * self._chance())
        again = self._clock.now() + timedelta(seconds=pause)
        self._states.put(self._bot.spec.ident, BotState(None, outcome.why, again))
        log.info("robot %s: %s", self._bot.spec.ident, outcome.why)
        return pause


class _Stay:
    """The port's `Stay` for one connection."""

    def __init__(
        self, spec: LinkSpec, clock: Clock, inbox: ChatInbox, states: BotStates, over: threading.Event
    ) -> None:
        self._spec, self._clock, self._inbox, self._states, self._over = spec, clock, inbox, states, over

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def connected(self) -> None:
        self._states.put(self._spec.ident, BotState(self._clock.now()))
        log.info("robot %s is connected", self._spec.ident)

    def answer(self, message: ChatMessage) -> str:
        return self._inbox.answer(self._spec, message)

    def replied(self, message: ChatMessage, why: str = "") -> None:
        try:
            self._inbox.replied(self._spec, message, why)
        except StoreTrouble as trouble:
            log.warning("cannot store what became of an answer: %s", trouble.sentence)
