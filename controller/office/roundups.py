"""The round-ups: what is told together at the full hour, and what came too late to be told alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.book import broadcasts, phrases
from controller.book.model import DROPPED, MERGED, PLAYING, ROUNDUP, TARGET, WAITING, Announcement
from controller.book.store import Book
from controller.office import etiquette
from controller.office.room import Room
from controller.office.scripts import as_json
from controller.office.talk import AMONG_OTHERS, EVENING, FRESH, HOURLY, Talk
from controller.office.wording import WORDS

RETOLD = (*etiquette.URGENT, TARGET, ROUNDUP, HOURLY, EVENING)
TAKEN_BACK = "订单已撤回，不再播报。"


class RoundUps:
    """Thread-safe: the book's one writer is the lock."""

    def __init__(self, room: Room, talk: Talk):
        self._room, self._talk = room, talk

    def next_roundup(self, now: datetime) -> datetime | None:
        """The next full hour at which orders are told together."""
        texts = self._room.rhythm.broadcasts
        return broadcasts.next_roundup(
            now, texts.hourly_from, texts.hourly_to, workday=self._room.plan(now).workday,
            next_workday=self._room.next_workday(now.date()).date, zone=self._room.clock.zone,
        )  # fmt: skip

    def round_up(self, now: datetime) -> None:
        """At the full hour: the orders that waited for it become one announcement."""
        with self._room.store.read() as book:
            due = [
                a
                for a in book.outbox.waiting()
                if a.kind in AMONG_OTHERS and a.due is not None and a.due <= now
            ]
        fresh = [a for a in due if a.kind == HOURLY and a.due is not None and now - a.due <= FRESH]
        for late in due:
            if late.due is not None and now - late.due > FRESH:
                self.postpone(late, "错过了播报时间，")
        if fresh:
            self._tell_together(fresh, now)

    def foresee(self, moment: datetime) -> Announcement | None:
        """Return the round-up of `moment` as it would be spoken with the deals of now, to render it ahead."""
        with self._room.store.read() as book:
            due = [
                a for a in book.outbox.waiting() if a.kind == HOURLY and a.due is not None and a.due <= moment
            ]
            phrase = self._phrase(book, due, moment)[1]
        if phrase is None:
            return None
        return Announcement(
            0, "", ROUNDUP, phrase.text, WAITING, "", moment, moment, script=as_json([], "small")
        )

    def _phrase(
        self, book: Book, members: Sequence[Announcement], now: datetime
    ) -> tuple[phrases.RoundUp, phrases.Phrase | None]:
        deals = book.deals.of_ids(tuple(dict.fromkeys(ident for member in members for ident in member.deals)))
        found = phrases.round_up(deals, book.deals.of_day(now.date()), now)
        rhythm = self._room.rhythm
        limit_s = etiquette.roundup_limit(self._talk.spent_s(book, now), rhythm.sound.talk_minutes_per_hour)
        return found, phrases.roundup(
            found, rhythm.broadcasts, WORDS, now, book.desk.used(ROUNDUP), limit_s=limit_s
        )

    def _tell_together(self, members: Sequence[Announcement], now: datetime) -> None:
        with self._room.store.write() as book:
            found, phrase = self._phrase(book, members, now)
            if phrase is None:
                return
            book.desk.use(ROUNDUP, phrase.template, now)
            told = [deal.id for deal in found.told]
            said, _ = book.outbox.add(
                f"roundup:{now:%Y-%m-%dT%H:%M}:{members[0].id}", ROUNDUP, phrase.text, "整点播报。", now, now.date(),
                deals=told, priority=etiquette.PRIORITY[ROUNDUP], script=as_json([], "small"),
            )  # fmt: skip
            book.outbox.merge(members, f"并入 {now:%H:%M} 的整点播报。", now)
        self._talk.hand([said])
        self._room.feed.tell()

    def postpone(self, late: Announcement, because: str) -> None:
        """What could not be said in time goes into the next round-up; without orders in it, it stays as it is."""
        now = self._room.clock.now()
        moment = self.next_roundup(now)
        if moment is None or not late.deals:
            return
        with self._room.store.write() as book:
            alive = [deal.id for deal in book.deals.of_ids(late.deals) if deal.voided is None]
            if not alive:
                book.outbox.move(late.id, DROPPED, TAKEN_BACK, now)
                return
            if late.kind == TARGET and moment.date() != late.created.date():
                book.outbox.move(late.id, DROPPED, "今天的整点播报已经结束，不再播报。", now)
                return
            why = f"{because}{broadcasts.said(moment, now)} 一起播报。"
            book.outbox.add(
                f"late:{late.id}",
                TARGET if late.kind == TARGET else HOURLY,
                late.text,
                why,
                now,
                now.date(),
                due=moment,
                deals=alive,
                priority=etiquette.AFTER_ROUNDUP,
                script=as_json([], "large" if late.kind == TARGET else "small"),
            )
            book.outbox.move(late.id, MERGED, why, now)
        self._room.feed.tell()

    def postpone_unheard(self, unheard: Announcement, why: str) -> None:
        """What was to be said and was not; a round-up's orders go on into the next one too."""
        if unheard.kind in RETOLD:
            self.postpone(unheard, why.rstrip("。") + "，")

    def recover(self) -> None:
        """At a start: what the last run left waiting or in mid-sentence; see `broadcasts.after_restart`."""
        now = self._room.clock.now()
        with self._room.store.read() as book:
            left = book.outbox.unfinished()
        for found in left:
            decision = broadcasts.after_restart(found, now, self.next_roundup(now))
            if decision.when is None:
                with self._room.store.write() as book:
                    book.outbox.move(found.id, DROPPED, decision.why, now)
            elif decision.merge and found.kind not in (*AMONG_OTHERS, ROUNDUP):
                self.postpone(found, "重启错过了播报时间，")
            elif found.state == PLAYING:
                with self._room.store.write() as book:
                    book.outbox.move(found.id, WAITING, decision.why, now, decision.when)
