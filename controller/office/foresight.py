"""Render ahead of their moment the words that the timetable and the next deals will need.

Texts that depend on the timetable alone (free words, greeting, sprint, nobody sold) are rendered shortly after a start,
an edit and midnight; texts with figures a minute before their moment, with the figures of then. With a natural voice,
whose rendering takes seconds, also single clauses, in idle time and the likeliest first: the results, each minute of
the last ten before them; each person with the common products in the phrases of deals that are spoken at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from controller.book import phrases
from controller.book.model import FIRST_OF_DAY, Announcement
from controller.office.cues import CueDesk
from controller.office.room import Room
from controller.office.scripts import as_json
from controller.office.talk import Talk
from controller.rhythm.model import Cue, DayPlan

SETTLED_S = 5.0
"""So long after a start the music, the web and the walls come first."""
SHORTLY = timedelta(seconds=60)
LONG_BEFORE = timedelta(minutes=10)
"""Clauses of what depends on figures are rendered from here on: those that do not change any more are ready."""
NAMES_AFTER_S = 30.0
NAMES_EVERY_S = 60.0
MOST_PRODUCTS = 3
MOST_CLAUSES = 600
"""About 30 minutes of speech: 60 people with three products each, 80 MB of the cache."""


class Foresight:
    """Called by the timekeeper's thread alone."""

    def __init__(self, room: Room, cues: CueDesk, talk: Talk, manner: Callable[[], object]):
        """manner: the chosen voices and speed; another choice is rendered again."""
        self._room, self._cues, self._talk, self._manner = room, cues, talk, manner
        self._began: float | None = None
        self._seen: tuple[object, ...] = ()
        self._shortly: set[datetime] = set()
        self._names_at = 0.0
        self._known: tuple[object, ...] = ()

    def follow(self, plan: DayPlan, now: datetime) -> None:
        """Has rendered what is to be said later today and is not being rendered yet."""
        monotonic = self._room.clock.monotonic()
        self._began = monotonic if self._began is None else self._began
        if monotonic - self._began < SETTLED_S:
            return
        ahead = [cue for cue in plan.cues if cue.say is not None and cue.at > now]
        present = (plan.date, self._room.rhythm, self._manner())
        if self._seen != present:
            self._seen, self._shortly = present, set()
            self._prepare([cue for cue in ahead if self._cues.fixed(cue, plan)], plan, now)
        near = [cue for cue in ahead if cue.at - now <= SHORTLY and cue.at not in self._shortly]
        self._shortly.update(cue.at for cue in near)
        self._prepare(near, plan, now)
        if monotonic - self._began > NAMES_AFTER_S and monotonic >= self._names_at:
            self._names_at = monotonic + NAMES_EVERY_S
            self._learn(ahead, plan, now)

    def _prepare(self, cues: list[Cue], plan: DayPlan, now: datetime) -> None:
        for cue in cues:
            foreseen = self._cues.foresee(cue, plan, now)
            if foreseen is not None:
                self._talk.prepare(foreseen)

    def _learn(self, ahead: list[Cue], plan: DayPlan, now: datetime) -> None:
        soon = [self._cues.foresee(cue, plan, now) for cue in ahead if cue.at - now <= LONG_BEFORE]
        self._talk.learn(found for found in soon if found is not None)
        names = self._likely(now)
        present = (self._manner(), *(found.text for found in names))
        if present != self._known and self._talk.learn(names) is not None:
            self._known = present

    def _likely(self, now: datetime) -> tuple[Announcement, ...]:
        """What may be said at once of the next deals, without its sums: who sold lately first."""
        texts = self._room.rhythm.broadcasts
        templates = [
            phrases.without_sum(template)
            for template in (*texts.big, *texts.first_of_day, *texts.first_of_week, *texts.record)
        ]
        with self._room.store.read() as book:
            products = book.deals.products()[:MOST_PRODUCTS] or ("",)
            lately = {deal.person for deal in book.deals.of_day(now.date())}
            people = sorted(book.roster.people(), key=lambda person: person.name not in lately)
        found: dict[str, None] = {}
        for product in products:
            for person in people:
                slots = {"team": person.team, "person": person.name, "product": product}
                found |= {
                    phrases.fill(whole, slots): None for whole in phrases.whole(templates, slots) if whole
                }
        script = as_json([], None)
        kind = FIRST_OF_DAY
        return tuple(
            Announcement(0, "", kind, text, "waiting", "", now.replace(hour=0), None, script=script)
            for text in list(found)[:MOST_CLAUSES]
        )
