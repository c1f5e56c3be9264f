"""Render announcements of the timetable and of the next deals ahead.

Texts that depend on the timetable only (free texts, greeting, sprint, no sales) are rendered shortly after a start, an
edit and midnight; texts with figures a minute before they are due. A natural voice takes seconds to render, so single
clauses are also rendered in idle time, the likeliest first: results and round-ups, every minute during the last ten
minutes before them; each person with the common products in the phrases of deals that are announced at once. On a slow
machine also the sums of these deals: whole those that occurred often, and the common parts of all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from controller.sales import messages
from controller.sales.model import FIRST_OF_DAY, WAITING, Announcement, Person, StoredScript
from controller.services.context import Context
from controller.services.cues import CueService
from controller.services.roundups import RoundUps
from controller.services.scripts import Scripts
from controller.sound.mandarin.numbers import amount_in_words
from controller.sound.tts import amount_parts
from controller.timetable.model import Cue, DayPlan

SETTLED_S = 5.0
"""Time after a start that is reserved for music, web and walls."""
SHORTLY = timedelta(seconds=60)
LONG_BEFORE = timedelta(minutes=10)
"""From this time on, clauses of texts with figures are rendered: those that no longer change are then ready."""
NAMES_AFTER_S = 30.0
NAMES_EVERY_S = 60.0
MOST_PRODUCTS = 3
MOST_PEOPLE = 60
MOST_TEXTS = 600
"""About 30 minutes of speech: 60 people with three products each, 80 MB of the cache."""
MOST_SUMS = 650
"""Usual sums, and the 580 common parts of one phrase: 75 MB of the cache."""
MOST_AMOUNTS = 30
TEXTS_AT_ONCE = 5
"""Building a script takes 2 ms, and this is the timekeeper's thread."""


class Prerenderer:
    """Called by the timekeeper's thread only."""

    def __init__(
        self,
        context: Context,
        cues: CueService,
        scripts: Scripts,
        roundups: RoundUps,
        manner: Callable[[], object],
    ):
        """manner: the chosen voices and speed; after a change all is rendered again."""
        self._context, self._cues, self._scripts, self._manner = context, cues, scripts, manner
        self._roundups = roundups
        self._began: float | None = None
        self._seen: tuple[object, ...] = ()
        self._shortly: set[datetime] = set()
        self._names_at = 0.0
        self._known: tuple[object, ...] = ()
        self._names: Iterator[Announcement] = iter(())
        self._sums: Iterator[str] = iter(())

    def follow(self, plan: DayPlan, now: datetime) -> None:
        """Start rendering the announcements of today that are not rendered yet."""
        monotonic = self._context.clock.monotonic()
        self._began = monotonic if self._began is None else self._began
        if monotonic - self._began < SETTLED_S:
            return
        ahead = [cue for cue in plan.cues if cue.say is not None and cue.at > now]
        present = (plan.date, plan.cues, self._context.rhythm, self._manner())
        if self._seen != present:
            self._seen, self._shortly = present, set()
            self._prepare([cue for cue in ahead if self._cues.fixed(cue, plan)], plan, now)
        near = [cue for cue in ahead if cue.at - now <= SHORTLY and cue.at not in self._shortly]
        self._shortly.update(cue.at for cue in near)
        self._prepare(near, plan, now)
        if monotonic - self._began > NAMES_AFTER_S and monotonic >= self._names_at:
            self._names_at = monotonic + NAMES_EVERY_S
            self._learn_soon(ahead, plan, now)
            self._look_at_names(now)
        self._learn_some_names()

    def _prepare(self, cues: list[Cue], plan: DayPlan, now: datetime) -> None:
        for cue in cues:
            foreseen = self._cues.preview(cue, plan, now)
            if foreseen is not None:
                self._scripts.prepare(foreseen)

    def _learn_soon(self, ahead: list[Cue], plan: DayPlan, now: datetime) -> None:
        soon = [self._cues.preview(cue, plan, now) for cue in ahead if cue.at - now <= LONG_BEFORE]
        roundup = self._roundups.next_roundup(now)
        if roundup is not None and roundup - now <= LONG_BEFORE:
            soon.append(self._roundups.preview(roundup))
        self._scripts.learn(announcement for announcement in soon if announcement is not None)

    def _look_at_names(self, now: datetime) -> None:
        """Restart with the likeliest names when sellers, common products or the voice have changed."""
        texts = self._context.rhythm.broadcasts
        with self._context.store.read() as session:
            amounts = session.deals.usual_amounts(MOST_AMOUNTS)
            products = tuple(session.deals.products()[:MOST_PRODUCTS]) or ("",)
            lately = {deal.person for deal in session.deals.of_day(now.date())}
            people = sorted(session.roster.people(), key=lambda person: person.name not in lately)[
                :MOST_PEOPLE
            ]
        present = (self._manner(), texts, products, tuple((person.team, person.name) for person in people))
        if present != self._known:
            self._known = present
            self._names = islice(self._likely(products, people, now), MOST_TEXTS)
            self._sums = islice(self._likely_sums(amounts), MOST_SUMS)

    def _learn_some_names(self) -> None:
        if self._scripts.learns():
            self._scripts.learn(list(islice(self._names, TEXTS_AT_ONCE)))
        if self._scripts.needs_parts():
            self._scripts.learn_spoken(list(islice(self._sums, TEXTS_AT_ONCE)))

    def _likely_sums(self, amounts: Sequence[Decimal]) -> Iterator[str]:
        """Yield the clauses with `amounts`, then the parts of common sums, of deals that are announced at once."""
        texts = self._context.rhythm.broadcasts
        around = dict.fromkeys(map(messages.around_sum, (*texts.big, *texts.record)))
        for clause in filter(None, around):
            yield from (f"{clause[0]}{amount_in_words(amount)}{clause[1]}" for amount in amounts)
        for clause in filter(None, around):
            yield from amount_parts.common(*clause)

    def _likely(
        self, products: Sequence[str], people: Sequence[Person], now: datetime
    ) -> Iterator[Announcement]:
        """Yield likely announcements of the next deals, without amounts; each text once."""
        texts = self._context.rhythm.broadcasts
        templates = [
            messages.without_sum(template)
            for template in (*texts.big, *texts.first_of_day, *texts.first_of_week, *texts.record)
        ]
        known: set[str] = set()
        script = StoredScript(applause=None)
        for product in products:
            for person in people:
                slots = {"team": person.team, "person": person.name, "product": product}
                for text in messages.whole(templates, slots):
                    filled = messages.fill(text, slots)
                    if filled and filled not in known:
                        known.add(filled)
                        yield Announcement(
                            0,
                            "",
                            FIRST_OF_DAY,
                            filled,
                            WAITING,
                            "",
                            now.replace(hour=0),
                            None,
                            script=script,
                        )
