"""Bursts: deals that come in quick succession, in one announcement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from controller.sales import messages
from controller.sales.messages import Phrase
from controller.sales.model import BURST, Announcement, NewAnnouncement, StoredScript
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.context import WORDS, Context

APPLAUSE = "large"


class Batching:
    """Merge waiting announcements of several deals into a burst. Thread-safe; called while none of them is playing.

    `speed`: returns the speed of speech, 1 being normal.
    """

    def __init__(self, context: Context, speed: Callable[[], float]):
        self._context, self._speed = context, speed

    def merge(self, members: Sequence[Announcement], now: datetime) -> None:
        """Add one announcement for all members, and mark each as merged, with the reason."""
        with self._context.store.write() as session:
            deals = tuple(dict.fromkeys(ident for member in members for ident in member.deals))
            phrase = self._text(session, deals)
            session.settings.use(BURST, phrase.template, now)
            why = f"{WORDS.count(len(deals), '单')}等在一起，合成一条播报。"
            new = NewAnnouncement(
                f"burst:{members[0].id}:{members[-1].id}:{len(deals)}", BURST, phrase.text, why, now, now.date(),
                deals=deals, priority=announcement_priority.PRIORITY[BURST],
                script=StoredScript(applause=APPLAUSE),
            )  # fmt: skip
            session.outbox.add(new)
            session.outbox.merge(members, why, now)

    def without_voided(self, burst: Announcement) -> None:
        """Reword a waiting burst without a deal that was taken back."""
        with self._context.store.write() as session:
            session.outbox.rewrite(burst.id, self._text(session, burst.deals).text, burst.script)

    def _text(self, session: Session, idents: Sequence[int]) -> Phrase:
        deals = session.deals.of_ids(tuple(idents))
        since = min((deal.date for deal in deals), default=self._context.clock.now().date())
        own = session.outbox.texts_of_deals(announcement_priority.FIRSTS, since)
        limit_s = announcement_priority.speech_limit(messages.ROUNDUP_SECONDS, APPLAUSE, self._speed())
        return messages.burst(
            deals, own, self._context.rhythm.broadcasts, WORDS, session.settings.used(BURST), limit_s
        )
