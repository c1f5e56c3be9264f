"""Round-ups: the deals that waited for the full hour, in one announcement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from controller.sales import announcement_policy, messages
from controller.sales.model import (
    DROPPED,
    MERGED,
    PLAYING,
    ROUNDUP,
    TARGET,
    WAITING,
    Announcement,
    Kind,
    NewAnnouncement,
    StoredScript,
)
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.announcement_priority import AMONG_OTHERS, EVENING, FRESH, HOURLY
from controller.services.context import WORDS, Context, spent_s
from controller.services.link_news import LinkNews

ROUNDUP_APPLAUSE = "small"


ANNOUNCED_AGAIN = (*announcement_priority.URGENT, TARGET, ROUNDUP, HOURLY, EVENING)
TAKEN_BACK = "订单已撤回，不再播报。"


DAYS_AHEAD = 10
"""Working days to look ahead for a round-up: those before it have time off at all of its hours."""


class RoundUps:
    """Thread-safe: the store's single writer is the lock. `speed`: returns the speed of speech, 1 being normal."""

    def __init__(self, context: Context, speed: Callable[[], float], news: LinkNews):
        self._context, self._speed, self._news = context, speed, news

    def next_roundup(self, now: datetime) -> datetime | None:
        """Return the next full hour with a round-up."""
        context, texts, following = self._context, self._context.rhythm.broadcasts, now.date()
        today = context.plan(now)
        for _ in range(DAYS_AHEAD):
            following = context.next_workday(following)
            moment = announcement_policy.next_roundup(
                now, texts.hourly_from, texts.hourly_to, workday=today.workday, next_workday=following,
                zone=context.clock.zone, off=(*today.off, *context.timetable_file.plan(following).off),
            )  # fmt: skip
            if moment is not None:
                return moment
        return None

    def round_up(self, now: datetime) -> None:
        """Merge the deals that waited for the full hour into one announcement."""
        silences = self._context.silences(now)
        with self._context.store.read() as session:
            groups = session.outbox.waiting_until(AMONG_OTHERS)
        if self._follow_plan([(kind, due) for kind, due in groups if due > now], now):
            return  # the changed outbox wakes the timekeeper at once
        if not any(announcement_priority.after(due, silences, now)[0] <= now for _, due in groups):
            return
        waiting = self._of(AMONG_OTHERS)
        moments = {a.id: announcement_priority.released(a, silences, now)[0] for a in waiting}
        due = [a for a in waiting if moments[a.id] <= now]
        fresh = [a for a in due if a.kind == HOURLY and now - moments[a.id] <= FRESH]
        self._postpone([a for a in due if now - moments[a.id] > FRESH], "错过了播报时间，", now)
        if fresh:
            self._announce_together(fresh, now)

    def _of(self, kinds: Iterable[str]) -> list[Announcement]:
        with self._context.store.read() as session:
            rows = [one for kind in kinds for one in session.outbox.waiting(kind)]
        return sorted((one for one in rows if one.due is not None), key=lambda one: one.id)

    def _follow_plan(self, ahead: Sequence[tuple[Kind, datetime]], now: datetime) -> bool:
        """Move waiting deals whose round-up or results have been moved, or cancelled by time off; return whether any.

        Without it they would be announced to an empty office, or wait longer than needed after an undo.
        """
        if not ahead:
            return False
        roundup, plan = self.next_roundup(now), self._context.plan(now)
        results = next((cue.at for cue in plan.cues if cue.say == "results" and cue.at > now), None)
        moved: dict[tuple[Kind, datetime], tuple[datetime, str]] = {}
        cancelled: set[datetime] = set()
        for kind, due in ahead:
            if kind == HOURLY and roundup is not None and self._misses(due, roundup):
                why = f"安排有变，{announcement_policy.time_text(roundup, now)} 一起播报。"
                moved[kind, due] = (roundup, why)
            elif kind == EVENING and due.date() == plan.date and due != results:
                if results is None:
                    cancelled.add(due)
                else:
                    why = f"{announcement_policy.time_text(results, now)} 在战报里一起公布。"
                    moved[kind, due] = (results, why)
        if moved:
            with self._context.store.write() as session:
                for (kind, due), (later, why) in moved.items():
                    session.outbox.postpone_all(kind, due, later, why)
        if roundup is not None and cancelled:
            self._postpone_evening(cancelled)
            return True
        return bool(moved)

    def _postpone_evening(self, cancelled: Collection[datetime]) -> None:
        waiting = [one for one in self._of([EVENING]) if one.due in cancelled]
        self._postpone(waiting, "今天的战报取消了，", self._context.clock.now())

    def _misses(self, due: datetime, roundup: datetime) -> bool:
        """Return whether deals due at `due` must go to `roundup`: an earlier one, or `due` is in time off."""
        off = self._context.timetable_file.plan(due.date()).off
        return due > roundup or any(since <= due < until for since, until in off)

    def preview(self, moment: datetime) -> Announcement | None:
        """Return the round-up of `moment` as it would be spoken with the deals of now, to render it ahead."""
        with self._context.store.read() as session:
            due = [a for a in session.outbox.waiting(HOURLY) if a.due is not None and a.due <= moment]
            phrase = self._phrase(session, due, moment)[1]
        if phrase is None:
            return None
        script = StoredScript(applause=ROUNDUP_APPLAUSE)
        return Announcement(0, "", ROUNDUP, phrase.text, WAITING, "", moment, moment, script=script)

    def _phrase(
        self, session: Session, members: Sequence[Announcement], now: datetime
    ) -> tuple[messages.RoundUp, messages.Phrase | None]:
        deals = session.deals.of_ids(
            tuple(dict.fromkeys(ident for member in members for ident in member.deals))
        )
        roundup = messages.round_up(deals, session.deals.of_day(now.date()), now)
        rhythm = self._context.rhythm
        left_s = announcement_priority.roundup_limit(
            spent_s(session, now), rhythm.sound.talk_minutes_per_hour
        )
        limit_s = announcement_priority.speech_limit(left_s, ROUNDUP_APPLAUSE, self._speed())
        return roundup, messages.roundup(
            roundup, rhythm.broadcasts, WORDS, now, session.settings.used(ROUNDUP), limit_s=limit_s
        )

    def _announce_together(self, members: Sequence[Announcement], now: datetime) -> None:
        with self._context.store.write() as session:
            roundup, phrase = self._phrase(session, members, now)
            if phrase is None:
                return
            session.settings.use(ROUNDUP, phrase.template, now)
            new = NewAnnouncement(
                f"roundup:{now:%Y-%m-%dT%H:%M}:{members[0].id}", ROUNDUP, phrase.text, "整点播报。", now, now.date(),
                deals=tuple(deal.id for deal in roundup.announced), priority=announcement_priority.PRIORITY[ROUNDUP],
                script=StoredScript(applause=ROUNDUP_APPLAUSE),
            )  # fmt: skip
            session.outbox.add(new)
            session.outbox.merge(members, f"并入 {now:%H:%M} 的整点播报。", now)
            of_day = [deal for deal in session.deals.of_day(now.date()) if deal.voided is None]
            self._news.hourly(session, roundup.announced, of_day, now)

    def _postpone(self, late: Iterable[Announcement], because: str, now: datetime) -> None:
        """Move the deals of late announcements to the next round-up; those without deals stay unchanged.

        In one transaction: after a jump of the clock there may be hundreds, and each commit waits for the disk.
        """
        with_deals, moment = [one for one in late if one.deals], self.next_roundup(now)
        if moment is None or not with_deals:
            return
        with self._context.store.write() as session:
            for one in with_deals:
                _postpone_to(session, one, moment, because, now)

    def postpone_unheard(self, unheard: Announcement, why: str) -> None:
        """Postpone the deals of an announcement that was not heard, also those of a round-up."""
        if unheard.kind in ANNOUNCED_AGAIN:
            self._postpone([unheard], why.rstrip("。") + "，", self._context.clock.now())

    def recover(self) -> None:
        """At a start, decide on unfinished announcements of the last run; see `announcement_policy.after_restart`."""
        now = self._context.clock.now()
        silences, roundup = self._context.silences(now), self.next_roundup(now)
        with self._context.store.write() as session:  # one commit for all: each waits for the disk
            for announcement in session.outbox.unfinished():
                began = announcement.started if announcement.state == PLAYING else None
                own = replace(announcement, due=began or announcement.due, state=WAITING)
                moment = announcement_priority.released(own, silences, now)[0]
                decision = announcement_policy.after_restart(replace(own, due=moment), now, roundup)
                if decision.when is None:
                    session.outbox.move(announcement.id, DROPPED, decision.why, now)
                elif decision.merge and announcement.kind not in (*AMONG_OTHERS, ROUNDUP):
                    if announcement.deals and roundup is not None:
                        _postpone_to(session, announcement, roundup, "重启错过了播报时间，", now)
                elif announcement.state == PLAYING:
                    due = own.due if moment > now else now
                    session.outbox.move(announcement.id, WAITING, "重启前没有播完，现在播报。", now, due)


def _postpone_to(session: Session, late: Announcement, moment: datetime, because: str, now: datetime) -> None:
    alive = tuple(deal.id for deal in session.deals.of_ids(late.deals) if deal.voided is None)
    if not alive:
        session.outbox.move(late.id, DROPPED, TAKEN_BACK, now)
        return
    if late.kind == TARGET and moment.date() != late.created.date():
        session.outbox.move(late.id, DROPPED, "今天的整点播报已经结束，不再播报。", now)
        return
    why = f"{because}{announcement_policy.time_text(moment, now)} 一起播报。"
    kind, applause = (TARGET, "large") if late.kind == TARGET else (HOURLY, "small")
    new = NewAnnouncement(
        f"late:{late.id}", kind, late.text, why, now, now.date(), due=moment, deals=alive,
        priority=announcement_priority.AFTER_ROUNDUP, script=StoredScript(applause=applause),
    )  # fmt: skip
    session.outbox.add(new)
    session.outbox.move(late.id, MERGED, why, now)
