"""Lists of a day's announcements as people read them: with the reason if they wait for the end of a silence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date

from controller.sales import corrections
from controller.sales.model import MOST_TIMES, Announcement, Outcome
from controller.sales.store import Session
from controller.services.announcements import AnnouncementService
from controller.services.context import Context


class AnnouncementLists:
    """Thread-safe. Each list reads its own rows only: a busy day has thousands."""

    def __init__(self, context: Context, talk: AnnouncementService) -> None:
        self._context, self._talk = context, talk

    def of_day(self, day: date) -> tuple[Announcement, ...]:
        """Return all announcements added on a day, oldest first."""
        return self._read(lambda session: session.outbox.of_day(day))

    def of_deals(self, day: date, deals: Iterable[int]) -> tuple[Announcement, ...]:
        """Return the announcements added on a day that name one of these deals, and all sentences about corrections."""
        return self._read(
            lambda session: (
                *session.outbox.of_day_and_deals(day, deals),
                *session.outbox.of_day_and_key(day, corrections.KEY),
            )
        )

    def latest(self, day: date, kinds: Collection[str], most: int) -> tuple[Announcement, ...]:
        """Return the latest announcements of these kinds added on a day, newest first."""
        return self._read(lambda session: session.outbox.latest_of_kinds(day, kinds, most))

    def outcomes(self, day: date) -> tuple[Outcome, ...]:
        """Return what became of the announcements added on a day, counted by state and reason."""
        with self._context.store.read() as session:
            outcomes = session.outbox.outcomes(day, MOST_TIMES + 1)  # one more shows that there are others
        return self._talk.read(outcomes, self._context.clock.now())

    def _read(self, ask: Callable[[Session], tuple[Announcement, ...]]) -> tuple[Announcement, ...]:
        with self._context.store.read() as session:
            announcements = ask(session)
        return self._talk.read(announcements, self._context.clock.now())
