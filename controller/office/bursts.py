"""Several first or big orders that wait together are told in one breath; the rule is `etiquette.in_one_breath`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.book import phrases
from controller.book.model import BURST, WAITING, Announcement
from controller.book.phrases import Phrase
from controller.book.store import Book
from controller.office import etiquette
from controller.office.room import Room
from controller.office.scripts import as_json
from controller.office.talk import Talk
from controller.office.wording import WORDS


class Bursts:
    """Thread-safe: while orders are gathered none of them is handed to the announcer."""

    def __init__(self, room: Room, talk: Talk):
        self._room, self._talk = room, talk

    def gather(self, now: datetime) -> None:
        """More than two that wait and may be said now become one; each is told as merged, with the reason."""
        if self._room.state(now).quiet:
            return
        with self._talk.held():
            with self._room.store.read() as book:
                waiting = [a for a in book.outbox.waiting() if etiquette.gathers(a, now)]
            if not etiquette.in_one_breath(waiting):
                return
            free = self._talk.withdraw(waiting)
            made = self._merged(free, now) if etiquette.in_one_breath(free) else None
            self._talk.hand([made] if made is not None else free)
        self._room.feed.tell()

    def without_voided(self, burst: Announcement) -> None:
        """An order of one that still waits was taken back: the others are told without it."""
        with self._talk.held():
            if not self._talk.withdraw([burst]):
                return
            with self._room.store.write() as book:
                book.outbox.rewrite(burst.id, self._text(book, burst.deals).text, burst.script)
                again = book.outbox.get(burst.id)
            self._talk.hand([again] if again else [])

    def _merged(self, members: Sequence[Announcement], now: datetime) -> Announcement | None:
        with self._room.store.write() as book:
            deals = tuple(dict.fromkeys(ident for member in members for ident in member.deals))
            said = self._text(book, deals)
            book.desk.use(BURST, said.template, now)
            why = f"{WORDS.count(len(deals), '单')}等在一起，合成一条播报。"
            made, created = book.outbox.add(
                f"burst:{members[0].id}:{members[-1].id}:{len(deals)}", BURST, said.text, why, now, now.date(),
                deals=deals, priority=etiquette.PRIORITY[BURST], script=as_json([], "large"),
            )  # fmt: skip
            book.outbox.merge(members, why, now)
        return made if created and made.state == WAITING else None

    def _text(self, book: Book, idents: Sequence[int]) -> Phrase:
        deals = book.deals.of_ids(tuple(idents))
        since = min((deal.date for deal in deals), default=self._room.clock.now().date())
        own = book.outbox.texts_of_deals(etiquette.FIRSTS, since)
        return phrases.burst(deals, own, self._room.rhythm.broadcasts, WORDS, book.desk.used(BURST))
