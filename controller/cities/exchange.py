"""The messages of an organisation as head office's HTTPS gateway hands them to branches.

Kept: the last message of each topic, as the broker retains it, and young big deals. Each has a number; a branch asks
for everything after the number it knows. A branch that stops asking loses its lease, and is offline as by a last will.
All methods are called in the gateway's loop.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from controller.cities import document
from controller.cities.board import DAYS_KEPT, MOST_BRANCHES
from controller.cities.document import NotUnderstood, Status, Version

LEASE_S: Final = 30.0
"""A branch asks at least every 10 s."""
MOST_OF_BRANCH: Final = DAYS_KEPT + 4
MOST_TOPICS: Final = MOST_BRANCHES * MOST_OF_BRANCH
MOST_EVENTS: Final = 500
MOST_AT_ONCE: Final = 500
HTTPS: Final = "https"
"""The field `via` of a status that a branch sent over HTTPS: the gateway ends it when the branch is silent."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the broker. `until`: monotonic end of its lifetime, None for a retained one."""

    number: int
    topic: str
    text: str
    until: float | None = None

    def as_json(self, now: float) -> dict[str, object]:
        """Return the message as branches get it, with the rest of its lifetime."""
        lifetime = None if self.until is None else int(self.until - now)
        return {
            "topic": self.topic,
            "payload": self.text,
            "retained": self.until is None,
            "lifetime": lifetime,
        }


@dataclass(frozen=True, slots=True)
class Lease:
    """A branch that is connected over HTTPS."""

    status: Status
    until: float


class Exchange:
    """The messages of the broker, by number."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._start()

    def _start(self) -> None:
        self._life, self._number = secrets.token_hex(4), 0
        self._retained: dict[str, Message] = {}
        self._of_branch: dict[str, dict[str, None]] = {}
        self._events: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._leases: dict[str, Lease] = {}
        self._news = asyncio.Event()

    def begin_again(self) -> None:
        """Forget everything: the broker sends all of it again. Branches notice by another tag."""
        news = self._news
        self._start()
        news.set()

    # --- from the broker

    def came(self, topic: str, payload: bytes, lifetime_s: int | None) -> None:
        """Take a message of the broker in; an empty one removes its topic."""
        try:
            place, text = document.place_of(topic), payload.decode("utf-8")
        except (NotUnderstood, UnicodeDecodeError):
            return
        if len(payload) > document.RECEIVED_LIMIT:
            return
        if place.kind == "events":
            if lifetime_s:
                self._add_event(topic, text, lifetime_s)
            return
        kept = self._retained.get(topic)
        if (kept is not None and kept.text == text) or (kept is None and len(self._retained) >= MOST_TOPICS):
            return
        self._number += 1
        self._retained[topic] = Message(self._number, topic, text)
        self._forget_oldest(place.branch, topic)
        if place.kind == "status":
            self._adopt(place, payload)
        self._tell()

    def _forget_oldest(self, branch: str, topic: str) -> None:
        """Forget the topic of this branch that has not changed for longest: no branch takes the others' places."""
        topics = self._of_branch.setdefault(branch, {})
        topics.pop(topic, None)
        topics[topic] = None
        if len(topics) > MOST_OF_BRANCH:
            oldest = next(iter(topics))
            del topics[oldest], self._retained[oldest]

    def _add_event(self, topic: str, text: str, lifetime_s: int) -> None:
        self._number += 1
        until = self._monotonic() + min(lifetime_s, 60)
        self._events.append(Message(self._number, topic, text, until))
        self._tell()

    def _adopt(self, place: document.Place, payload: bytes) -> None:
        """Lease a branch that an earlier gateway served: it is offline unless it comes back."""
        with suppress(NotUnderstood, ValueError):
            status = document.read_status(place, payload)
            known = self._leases.get(place.branch)
            if known is not None and known.status.session >= status.session:
                return
            if status.online and json.loads(payload).get("via") == HTTPS:
                self.lease(status)
            else:
                self._leases.pop(place.branch, None)

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- to branches

    @property
    def tag(self) -> str:
        """The number of the last message, with the id of this life of the gateway."""
        return f"{self._life}-{self._number}"

    async def after(self, tag: str, wait_s: float) -> tuple[str, list[Message]]:
        """Return the messages after a tag and the new tag; wait for one. An unknown tag: all that are retained."""
        messages = self._after(tag)
        if not messages and wait_s > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait_s)
            messages = self._after(tag)
        if len(messages) <= MOST_AT_ONCE:
            return self.tag, messages
        first = messages[:MOST_AT_ONCE]
        return f"{self._life}-{first[-1].number}", first

    def _after(self, tag: str) -> list[Message]:
        life, _, number = tag.partition("-")
        known = int(number) if life == self._life and number.isdecimal() else None
        now = self._monotonic()
        young = (
            []
            if known is None
            else [one for one in self._events if one.until is not None and one.until > now]
        )
        fresh = [one for one in (*self._retained.values(), *young) if one.number > (known or 0)]
        return sorted(fresh, key=lambda one: one.number)

    def version(self, topic: str) -> Version | None:
        """Return the version of the kept document of a topic."""
        kept = self._retained.get(topic)
        if kept is None or not kept.text:
            return None
        with suppress(NotUnderstood):
            return document.read_document(document.place_of(topic), kept.text.encode()).version
        return None

    # --- leases

    def lease(self, status: Status) -> None:
        """Note that a branch is online over HTTPS, or has said goodbye."""
        if status.online:
            self._leases[status.branch] = Lease(status, self._monotonic() + LEASE_S)
        else:
            self._leases.pop(status.branch, None)

    def renew(self, branch: str) -> None:
        """Note that a branch has just asked."""
        if branch in self._leases:
            self._leases[branch] = replace(self._leases[branch], until=self._monotonic() + LEASE_S)

    def ended(self) -> list[Status]:
        """Return, once, the last wills of branches that have not asked for too long."""
        now = self._monotonic()
        over = [lease.status for lease in self._leases.values() if lease.until <= now]
        for status in over:
            del self._leases[status.branch]
        return [replace(status, online=False) for status in over]
