"""Deals: record, correct, take back, restore, decide on announcements, announce."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from controller.names import same_name
from controller.sales import announcement_policy, corrections, messages
from controller.sales.announcement_policy import Decision, Facts
from controller.sales.deals import Step, same_or_conflict
from controller.sales.model import (
    BIG,
    BURST,
    DROPPED,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    HEARD,
    OPEN_STATES,
    RECORD,
    RESULTS,
    ROUNDUP,
    WAITING,
    Announcement,
    Deal,
    Kind,
    NewAnnouncement,
    StoredScript,
    Unknown,
)
from controller.sales.money import deal_amount
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.announcement_priority import EVENING, HOURLY
from controller.services.announcements import AnnouncementService
from controller.services.context import UNANNOUNCED, WORDS, Context, Decided
from controller.services.deal_corrections import (
    CORRECTED,
    RESTORED,
    UNCHANGED,
    CalmSentences,
    calm_of,
    correctable,
    not_announced,
    published,
)
from controller.services.link_news import LinkNews
from controller.services.roundups import TAKEN_BACK, RoundUps
from controller.services.scripts import Scripts
from controller.services.team_targets import announce_target, missed
from controller.sound.tts.script import Script
from controller.timetable.model import DayPlan, State
from controller.timetable.plan import state_at
from controller.timetable.times import period_of

RECENT_SELLERS = 12


@dataclass(frozen=True, slots=True)
class How:
    """Options of recording a deal. `announced`: False for record only, None: as usual (only deals of today are).

    `replaces`: the deal that it corrects, taken back in the same transaction. `day`: the day of this week for which it
    counts, None for today. `calm`: announced as a correction, in one sentence without applause; a deal for another day
    always is. `why`: the reason for recording only, None for the usual one. `history`: `day` may be before this week,
    for a deal of a program or an imported list; such a deal is announced to nobody.
    """

    announced: bool | None = None
    replaces: int | None = None
    day: date | None = None
    calm: bool = False
    why: str | None = None
    history: bool = False


AS_USUAL = How()


@dataclass(frozen=True, slots=True)
class Sold:
    """A deal with the values entered. `team` distinguishes namesakes."""

    person: str
    product: str
    amount: Decimal
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The announcements affected by a voided deal: those that end, and the shared ones that stay without it."""

    ended: tuple[int, ...]
    shared: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded deal. `created` is False for a repeated request; `note`: what published results do not show."""

    id: int
    sentence: str
    decision: Decided
    created: bool
    note: str = ""


class DealService:
    """Thread-safe: the store's single writer is the lock."""

    def __init__(
        self,
        context: Context,
        talk: AnnouncementService,
        scripts: Scripts,
        roundups: RoundUps,
        news: LinkNews,
    ):
        self._context, self._talk, self._calm, self._news = context, talk, CalmSentences(talk.hearing), news
        self._scripts = scripts
        self._next_roundup = roundups.next_roundup
        self.round_up, self.recover = roundups.round_up, roundups.recover  # called by TimetableListener

    def record(
        self,
        person: str,
        product: str,
        amount: object,
        key: str,
        team: str | None = None,
        how: How = AS_USUAL,
    ) -> Recorded:
        """Record a deal, on the disk before this returns; `team` distinguishes namesakes.

        Raises Refused or Conflict.
        """
        sold = Sold(person, product, deal_amount(amount), team)
        with self._context.store.write() as session:
            recorded, gone = self.record_in(session, sold, key, how)
        self.withdraw(gone)
        return recorded

    def record_in(
        self, session: Session, sold: Sold, key: str, how: How = AS_USUAL
    ) -> tuple[Recorded, Withdrawn | None]:
        """Record a deal in the caller's transaction; return it with the announcements to change after the commit."""
        now = self._context.clock.now()
        known = session.deals.by_key(key)
        seller = _seller(session, known, sold)
        if known is not None:
            same_or_conflict(known, seller, sold.product, sold.amount)
            return self.known(session, known.id), None
        day, old = self._dated(session, how, now.date())
        if day < corrections.week_so_far(now.date())[0]:
            how = replace(how, announced=False, calm=False)
        gone = self._taken_back(session, old.id, CORRECTED, now) if old is not None else None
        decided = self._decide(session, sold.amount, now)
        signed = old.at if old is not None and old.date == day != now.date() else now
        deal = session.deals.add(key, seller, sold.product, sold.amount, signed, day, how.replaces)
        announcement = self._announce(session, deal, old, how, now, decided)
        silent = how.announced is False or day != now.date()
        self._news.recorded(session, deal, old, decided[0].kind, now, silent=silent)
        note = published(session, now.date(), day, old.date if old is not None else day)
        return Recorded(deal.id, announcement.text, Decided(announcement.decision), True, note), gone

    @staticmethod
    def _dated(session: Session, how: How, today: date) -> tuple[date, Deal | None]:
        """Return the day for which a deal counts, and the deal that it corrects. Raises Refused."""
        day = corrections.checked_date(how.day, today, history=how.history)
        return day, correctable(session, how.replaces, today, history=how.history)

    def known(self, session: Session, deal_id: int) -> Recorded:
        """Return the answer to a repeated request: the first one's."""
        first = session.outbox.of_deal(deal_id)[0]
        return Recorded(deal_id, first.text, Decided(first.decision), False)

    def _announce(
        self, session: Session, deal: Deal, old: Deal | None, how: How, now: datetime,
        decided: tuple[Decision, Decision],
    ) -> Announcement:  # fmt: skip
        """Put the deal's announcement into the outbox, as usual, as a calm sentence, or with the reason for none."""
        today = deal.date == now.date()
        if how.announced is False or (how.announced is None and not today):
            why = how.why or not_announced(deal.date, now.date())
            silent = Decision(ROUNDUP, None, True, why, now)
            return self._put(session, deal, silent, silent)
        if how.calm or not today:
            text = corrections.correction(old, deal, WORDS) if old else corrections.late_entry(deal, WORDS)
            return self._calm.announce(
                session, deal, text, announcement_policy.calm(self._facts(session, now, None))
            )
        announcement = self._put(session, deal, *decided)
        self._announce_target(session, deal, decided, now)
        return announcement

    def _announce_target(
        self, session: Session, deal: Deal, decided: tuple[Decision, Decision], now: datetime
    ) -> None:
        row = announce_target(session, deal, *decided, self._context.rhythm)
        if row is not None:
            self._news.target(session, row, deal, now)

    def preview(
        self, person: str, product: str, amount: object, team: str | None = None, how: How = AS_USUAL
    ) -> tuple[str, Decision]:
        """Return text and decision of a deal without recording it; `how` as for `record`. Raises Refused."""
        deal, decision, announcement = self._imagined(Sold(person, product, deal_amount(amount), team), how)
        if decision.at_once:
            self._scripts.prepare(announcement, deal)
        return announcement.text, decision

    def preview_script(
        self, person: str, product: str, amount: object, team: str | None = None, how: How = AS_USUAL
    ) -> Script:
        """Return the script of a deal with its applause or song, without recording it. Raises Refused."""
        deal, _, announcement = self._imagined(Sold(person, product, deal_amount(amount), team), how)
        return self._scripts.build(announcement, deal)

    def _imagined(self, sold: Sold, how: How) -> tuple[Deal, Decision, Announcement]:
        now = self._context.clock.now()
        with self._context.store.read() as session:
            seller = session.roster.find(sold.person, sold.team)
            day, old = self._dated(session, how, now.date())
            deal = Deal(
                0, "", seller.id, seller.name, seller.team, sold.product.strip(), sold.amount, now, None, day,
                seller.team_id,
            )  # fmt: skip
            if how.announced is not False and (how.calm or day != now.date()):
                decision = announcement_policy.calm(self._facts(session, now, how.replaces))
                text = (
                    corrections.correction(old, deal, WORDS) if old else corrections.late_entry(deal, WORDS)
                )
                calm = Announcement(
                    0, "", Kind.SAY, text, WAITING, "", now, None, script=StoredScript(applause=None)
                )
                return deal, self._as_asked(how, day, decision), calm
            decision, _ = self._decide(session, sold.amount, now, without=how.replaces)
            text = self._phrase(session, deal, decision).text
            decision = self._as_asked(how, day, decision)
        return deal, decision, self._unsent(text, decision, sold.amount, now)

    def _as_asked(self, how: How, day: date, decision: Decision) -> Decision:
        """Return the decision, or the one for record only when a deal of another day is not to be announced."""
        today = decision.now.date()
        if how.announced is None and day != today:
            return Decision(ROUNDUP, None, True, not_announced(day, today), decision.now)
        return decision

    def void(self, deal_id: int, reason: str) -> str:
        """Take a deal back: out of the standings and, if not announced yet, out of its announcements.

        Return what published results do not show, "" for nothing.
        """
        now = self._context.clock.now()
        with self._context.store.write() as session:
            gone = self.take_back_in(session, deal_id, reason, now)
            deal = session.deals.get(deal_id)
            note = published(session, now.date(), deal.date) if deal is not None else ""
        self.withdraw(gone)
        return note

    def restore(self, deal_id: int, *, announced: bool = False) -> Recorded:
        """Count a deal of this week again that was taken back; idempotent. Raises Refused.

        It is not spoken again unless `announced`: as usual when it was not heard yet, else in one calm sentence.
        """
        now = self._context.clock.now()
        with self._context.store.write() as session:
            before = _existing(session, deal_id)
            corrections.check_restorable(before, now.date())
            deal = session.deals.restore(deal_id, now)
            note = published(session, now.date(), deal.date)
            if before.voided is None or not announced:
                why = RESTORED if before.voided is not None else UNCHANGED
                silent = Decision(ROUNDUP, None, True, why, now)
                self._news_of_restored(session, before, deal, now)
                return Recorded(deal.id, "", Decided(silent.to_json()), before.voided is not None, note)
            announcement = self._announce_restored(session, deal, now)
            self._news_of_restored(session, before, deal, now)
        return Recorded(deal.id, announcement.text, Decided(announcement.decision), True, note)

    def _announce_restored(self, session: Session, deal: Deal, now: datetime) -> Announcement:
        heard = any(said.state == HEARD for said in session.outbox.of_deal(deal.id))
        if heard or deal.date != now.date():
            text = corrections.still_counts(deal, WORDS)
            return self._calm.announce(
                session, deal, text, announcement_policy.calm(self._facts(session, now, None))
            )
        decided = self._decide(session, deal.amount, now, without=deal.id)
        times = len(session.deals.history(deal.id))
        announcement = self._put(session, deal, *decided, key=f"deal:{deal.id}:{times}")
        self._news.deal(session, deal, decided[0].kind, now, again=times)
        self._announce_target(session, deal, decided, now)
        return announcement

    def _news_of_restored(self, session: Session, before: Deal, deal: Deal, now: datetime) -> None:
        """Report a restored deal to the links that want also what is announced to nobody, once."""
        if before.voided is not None:
            times = len(session.deals.history(deal.id))
            self._news.deal(session, deal, ROUNDUP, now, silent=True, again=times)

    def take_back_in(self, session: Session, deal_id: int, reason: str, now: datetime) -> Withdrawn:
        """Void a deal in the store; return the announcements to change after the commit."""
        gone = self._taken_back(session, deal_id, reason, now)
        deal = session.deals.get(deal_id)
        if deal is not None:
            self._news.taken_back(session, deal, now)
        return gone

    def _taken_back(self, session: Session, deal_id: int, reason: str, now: datetime) -> Withdrawn:
        gone = session.deals.void(deal_id, reason, now)
        spoken = calm_of(session, deal_id)
        unfinished = [a for a in session.outbox.of_deal(deal_id) if a.state in OPEN_STATES]
        alone = [a.id for a in unfinished if all(deal.voided for deal in session.deals.of_ids(a.deals))]
        targets = [a.id for a in missed(session, gone) if a.id not in alone]
        shared = [a for a in unfinished if a.kind == BURST and a.state == WAITING and a.id not in alone]
        return Withdrawn((*alone, *targets, *spoken), tuple(shared))

    def withdraw(self, gone: Withdrawn | None) -> None:
        """End the announcements of voided deals; call it after the commit."""
        if gone is None:
            return
        self._talk.cancel(list(gone.ended), TAKEN_BACK)
        for shared in gone.shared:
            self._talk.without_voided(shared)

    # --- reading

    def of_day(self, day: date) -> tuple[Deal, ...]:
        """Return all deals of a day, oldest first, including those taken back."""
        with self._context.store.read() as session:
            return session.deals.of_day(day)

    def latest(self, day: date, most: int) -> tuple[tuple[Deal, ...], int]:
        """Return the latest deals of a day, oldest first, including those taken back, and how many the day has."""
        with self._context.store.read() as session:
            return session.deals.latest_of_day(day, most)

    def history(self, deal_id: int) -> tuple[Deal, tuple[Step, ...]]:
        """Return a deal and each void and restore of it, oldest first. Raises Unknown."""
        with self._context.store.read() as session:
            return _existing(session, deal_id), session.deals.history(deal_id)

    def frozen_note(self, day: date) -> str:
        """Return the sentence for a day whose results are published, "" for other days."""
        with self._context.store.read() as session:
            return published(session, self._context.clock.now().date(), day)

    def recent_sellers(self) -> tuple[int, ...]:
        """Return the people of the latest deals, the last one first."""
        with self._context.store.read() as session:
            return session.deals.recent_sellers(RECENT_SELLERS)

    # --- deciding and wording

    def _decide(
        self, session: Session, amount: Decimal, now: datetime, without: int | None = None
    ) -> tuple[Decision, Decision]:
        """Return the decision for the person, and the one for the outbox, without the present quiet time and mute.

        `without`: the id of a deal that is about to be taken back.
        """
        facts = self._facts(session, now, without)
        decision, free = announcement_policy.decide(amount, facts), facts.without_silence()
        return decision, decision if free == facts else announcement_policy.decide(amount, free)

    def _facts(self, session: Session, now: datetime, without: int | None) -> Facts:
        rhythm, plan = self._context.rhythm, self._context.plan(now)
        state = state_at(plan, now)
        hearing = self._talk.hearing(now, state)
        monday, sunday = period_of("week", now.date())
        return Facts(
            now=now,
            first_of_week=not session.deals.first_taken(monday, sunday, FIRST_OF_WEEK, without=without),
            first_of_day=not session.deals.first_taken(now.date(), now.date(), FIRST_OF_DAY, without=without),
            big_over=rhythm.broadcasts.big_over,
            quiet_until=state.silent_until,
            muted_until=self._context.unmuted_at(now),
            next_roundup=self._next_roundup(now),
            results_at=_results_at(plan),
            workday=plan.workday,
            record_over=session.deals.largest(before=now.date(), without=without),
            quiet_name=_quiet_name(state),
            at_once=hearing.at_once,
            held=hearing.held,
        )

    def _phrase(self, session: Session, deal: Deal, decision: Decision) -> messages.Phrase:
        texts = self._context.rhythm.broadcasts
        variants = {
            FIRST_OF_WEEK: texts.first_of_week,
            FIRST_OF_DAY: texts.first_of_day,
            RECORD: texts.record or texts.big,
            BIG: texts.big,
        }.get(decision.kind, texts.hourly_item)
        return messages.announce_deal(
            deal, variants, WORDS, session.settings.used(decision.kind), deal.date.toordinal()
        )

    def _put(
        self, session: Session, deal: Deal, decision: Decision, own: Decision, key: str | None = None
    ) -> Announcement:
        phrase = self._phrase(session, deal, decision)
        session.settings.use(decision.kind, phrase.template, decision.now)
        kind = decision.kind
        if decision.merge:
            kind = EVENING if decision.kind == RESULTS else HOURLY
        new = NewAnnouncement(
            key or f"deal:{deal.id}", kind, phrase.text, own.why, decision.now, decision.now.date(),
            due=own.when, deals=(deal.id,), priority=announcement_priority.PRIORITY.get(kind, 0),
            script=self._script(deal.amount), decision=decision.to_json(),
            state=WAITING if decision.when is not None else DROPPED,
        )  # fmt: skip
        announcement, _ = session.outbox.add(new)
        return announcement

    def _script(self, amount: Decimal) -> StoredScript:
        return StoredScript(
            applause=announcement_priority.applause(amount, self._context.rhythm.broadcasts.big_over)
        )

    def _unsent(self, text: str, decision: Decision, amount: Decimal, now: datetime) -> Announcement:
        return Announcement(0, "", decision.kind, text, WAITING, "", now, None, script=self._script(amount))


def _existing(session: Session, deal_id: int) -> Deal:
    deal = session.deals.get(deal_id)
    if deal is None:
        raise Unknown(f"没有编号为 {deal_id} 的订单。", "id")
    return deal


def _seller(session: Session, known: Deal | None, sold: Sold) -> int:
    """Return the seller's id; a repeated request keeps its seller, even if the person has changed meanwhile."""
    same = known is not None and same_name(known.person, sold.person)
    if known is not None and same and (sold.team is None or same_name(known.team, sold.team)):
        return known.person_id
    return session.roster.find(sold.person, sold.team).id


def _results_at(plan: DayPlan) -> datetime | None:
    return next((cue.at for cue in plan.cues if cue.say == "results"), None)


def _quiet_name(state: State) -> str:
    return f"{state.entry.name}时间" if state.quiet and state.entry else UNANNOUNCED
