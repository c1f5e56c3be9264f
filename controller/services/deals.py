"""Deals and targets: recorded, voided, decided upon, announced."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from controller.names import same_name
from controller.sales import announcement_policy, messages
from controller.sales.announcement_policy import Decision, Facts
from controller.sales.model import (
    BIG,
    BURST,
    DROPPED,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    OPEN_STATES,
    RECORD,
    RESULTS,
    ROUNDUP,
    TARGET,
    WAITING,
    Announcement,
    Deal,
)
from controller.sales.money import parse_amount
from controller.sales.standings import Standing
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.announcement_priority import EVENING, HOURLY
from controller.services.announcements import AnnouncementService
from controller.services.context import WORDS, Context, period_of, spent_s
from controller.services.roundups import TAKEN_BACK, RoundUps
from controller.services.scripts import as_json
from controller.sound.tts.script import Script
from controller.timetable.model import DayPlan, State, Timetable


def tell(
    session: Session, deal: Deal, decision: Decision, own: Decision, rhythm: Timetable, spoken_s: float
) -> Announcement | None:
    """Puts the announcement into the outbox, in the order's own transaction; None when there is nothing to tell.

    `decision`: what the person was told of the order; `own`: the same without quiet time and mute. It follows its
    order: at once, or behind the round-up that the order waits for. An order that waits for the 18:05 results brings
    none, they tell every team's completion; nor does one that is told on another day.
    """
    if decision.when is None or decision.kind == RESULTS:
        return None
    if decision.when.astimezone(deal.at.tzinfo).date() != deal.date:
        return None
    row = _row(session, deal)
    if row is None or not row.target or not row.amount - deal.amount < row.target <= row.amount:
        return None
    if any(found.state != DROPPED for found in _of_team(session, deal)):
        return None
    slots = messages.place_slots(row, WORDS)
    said = messages.phrase(rhythm.broadcasts.target, slots, session.desk.used(TARGET), deal.date.toordinal())
    session.desk.use(TARGET, said.template, deal.at)
    due, why = _when(decision, own, rhythm, deal.at, spoken_s)
    made, _ = session.outbox.add(
        f"target:{deal.id}", TARGET, said.text, why, deal.at, deal.date, due=due, deals=[deal.id],
        priority=announcement_priority.AFTER_ROUNDUP if decision.merge else announcement_priority.PRIORITY[TARGET],
        script=as_json([], "large"),
    )  # fmt: skip
    return made


def missed(session: Session, deal: Deal) -> tuple[Announcement, ...]:
    """What still waits to praise the team of an order that was taken back, though it is short again."""
    row = _row(session, deal)
    if row is None or row.target is None or row.amount >= row.target:
        return ()
    return tuple(found for found in _of_team(session, deal) if found.state == WAITING)


def _when(
    decision: Decision, own: Decision, rhythm: Timetable, now: datetime, spoken_s: float
) -> tuple[datetime | None, str]:
    if not own.at_once:
        return own.when, f"团队完成了今天的目标，{own.when:%H:%M} 跟着这一单播报。"
    minutes = rhythm.sound.talk_minutes_per_hour
    later = announcement_priority.put_off(now, spoken_s, minutes) if decision.at_once else None
    if later is not None:
        return later, announcement_priority.why_later(minutes, later)
    return None, "团队完成了今天的目标，跟着这一单播报。"


def _row(session: Session, deal: Deal) -> Standing | None:
    teams = session.standings(deal.date, deal.date).teams
    return next((row for row in teams if row.team_id == deal.team_id), None)


def _of_team(session: Session, deal: Deal) -> tuple[Announcement, ...]:
    """The day's announcements of this team's target."""
    return tuple(
        found
        for found in session.outbox.of_day(deal.date)
        if found.kind == TARGET and any(d.team_id == deal.team_id for d in session.deals.of_ids(found.deals))
    )


# --- The deal desk

NOT_ANNOUNCED = "只记不播，战报照算。"
CORRECTED = "改过了，以新的一单为准"


@dataclass(frozen=True, slots=True)
class How:
    """How an order is recorded. `announced`: whether it is said at all; `replaces`: the deal that it corrects.

    The deal that it replaces is taken back in the same transaction.
    """

    announced: bool = True
    replaces: int | None = None


AS_USUAL = How()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What goes with a voided deal: the announcements that end, and the shared ones that go on without it."""

    ended: tuple[int, ...]
    shared: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided when the request was accepted; the same for each repetition of the request."""

    kept: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """`{"when", "why", "kind"}`; see `broadcasts.Decision.to_json`."""
        return dict(self.kept)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An order as accepted. `created` is False when the same request had come before."""

    id: int
    sentence: str
    decision: Decided
    created: bool


class DealService:
    """Thread-safe: the book's one writer is the lock."""

    def __init__(self, context: Context, talk: AnnouncementService, roundups: RoundUps):
        self._context, self._talk = context, talk
        self._next_roundup = roundups.next_roundup
        self.round_up, self.recover = (
            roundups.round_up,
            roundups.recover,
        )  # whoever follows the clock asks here

    def record(
        self,
        person: str,
        product: str,
        amount: object,
        key: str,
        team: str | None = None,
        how: How = AS_USUAL,
    ) -> Recorded:
        """Writes an order down, on the disk before this returns; `team` tells namesakes apart.

        Raises Refused or Conflict.
        """
        yuan = parse_amount(amount)
        now = self._context.clock.now()
        with self._context.store.write() as session:
            seller = _seller(session, key, person, team)
            replaced = how.replaces if session.deals.by_key(key) is None else None
            gone = self._taken_back(session, replaced, CORRECTED, now) if replaced is not None else None
            decision, own = self._decide(session, yuan, now)
            if not how.announced:
                decision = own = Decision(ROUNDUP, None, True, NOT_ANNOUNCED, now)
            deal, created = session.deals.record(key, seller, product, yuan, now, now.date())
            said = self._put(session, deal, decision, own) if created else session.outbox.of_deal(deal.id)[0]
            if created and how.announced:
                tell(session, deal, decision, own, self._context.rhythm, spent_s(session, now))
        if gone is not None:
            self._withdraw(gone)
        return Recorded(deal.id, said.text, Decided(said.decision), created)

    def preview(
        self, person: str, product: str, amount: object, team: str | None = None
    ) -> tuple[str, Decision]:
        """What would be said and when; changes nothing. Raises Refused."""
        deal, decision, announcement = self._imagined(person, product, amount, team)
        if decision.at_once:
            self._talk.prepare(announcement, deal)
        return announcement.text, decision

    def audition(self, person: str, product: str, amount: object, team: str | None = None) -> Script:
        """How an order would sound, with its own applause or song; changes nothing. Raises Refused."""
        deal, _, announcement = self._imagined(person, product, amount, team)
        return self._talk.script(announcement, deal)

    def _imagined(
        self, person: str, product: str, amount: object, team: str | None
    ) -> tuple[Deal, Decision, Announcement]:
        yuan = parse_amount(amount)
        now = self._context.clock.now()
        with self._context.store.read() as session:
            seller = session.roster.find(person, team)
            decision, _ = self._decide(session, yuan, now)
            deal = Deal(
                0, "", seller.id, seller.name, seller.team, product.strip(), yuan, now, None, now.date(),
                seller.team_id,
            )  # fmt: skip
            text = self._phrase(session, deal, decision).text
        return deal, decision, self._unsent(text, decision, yuan, now)

    def void(self, deal_id: int, reason: str) -> None:
        """Takes an order back: out of the standings and, if it was not said yet, out of what will be."""
        with self._context.store.write() as session:
            gone = self._taken_back(session, deal_id, reason, self._context.clock.now())
        self._withdraw(gone)

    def _taken_back(self, session: Session, deal_id: int, reason: str, now: datetime) -> Withdrawn:
        """Void a deal in the book; what else has to go once that is committed."""
        gone = session.deals.void(deal_id, reason, now)
        found = [a for a in session.outbox.of_deal(deal_id) if a.state in OPEN_STATES]
        alone = [a.id for a in found if all(deal.voided for deal in session.deals.of_ids(a.deals))]
        praise = [a.id for a in missed(session, gone) if a.id not in alone]
        shared = [a for a in found if a.kind == BURST and a.state == WAITING and a.id not in alone]
        return Withdrawn((*alone, *praise), tuple(shared))

    def _withdraw(self, gone: Withdrawn) -> None:
        self._talk.cancel(list(gone.ended), TAKEN_BACK)
        for shared in gone.shared:
            self._talk.without_voided(shared)

    # --- deciding and wording

    def _decide(self, session: Session, amount: Decimal, now: datetime) -> tuple[Decision, Decision]:
        """What the person is told, and what the outbox keeps: the moment without the present quiet time and mute."""
        facts = self._facts(session, now)
        free = replace(facts, quiet_until=None, hushed_until=None)
        return announcement_policy.decide(amount, facts), announcement_policy.decide(amount, free)

    def _facts(self, session: Session, now: datetime) -> Facts:
        rhythm, plan, state = self._context.rhythm, self._context.plan(now), self._context.state(now)
        hearing = self._talk.hearing(now)
        monday, sunday = period_of("week", now.date())
        return Facts(
            now=now,
            first_of_week=not session.deals.first_taken(monday, sunday, FIRST_OF_WEEK),
            first_of_day=not session.deals.first_taken(now.date(), now.date(), FIRST_OF_DAY),
            big_over=rhythm.broadcasts.big_over,
            quiet_until=state.quiet_until,
            hushed_until=self._context.unmuted_at(now),
            next_roundup=self._next_roundup(now),
            results_at=_results_at(plan),
            workday=plan.workday,
            record_over=session.deals.largest(before=now.date()),
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
            deal, variants, WORDS, session.desk.used(decision.kind), deal.date.toordinal()
        )

    def _put(self, session: Session, deal: Deal, decision: Decision, own: Decision) -> Announcement:
        phrase = self._phrase(session, deal, decision)
        session.desk.use(decision.kind, phrase.template, deal.at)
        kind = decision.kind
        if decision.merge:
            kind = EVENING if decision.kind == RESULTS else HOURLY
        said, _ = session.outbox.add(
            f"deal:{deal.id}", kind, phrase.text, own.why, deal.at, deal.date,
            due=own.when, deals=[deal.id], priority=announcement_priority.PRIORITY.get(kind, 0),
            script=self._script(deal.amount), decision=decision.to_json(),
            state=WAITING if decision.when is not None else DROPPED,
        )  # fmt: skip
        return said

    def _script(self, amount: Decimal) -> dict[str, object]:
        return as_json([], announcement_priority.applause(amount, self._context.rhythm.broadcasts.big_over))

    def _unsent(self, text: str, decision: Decision, amount: Decimal, now: datetime) -> Announcement:
        return Announcement(0, "", decision.kind, text, WAITING, "", now, None, script=self._script(amount))


def _seller(session: Session, key: str, person: str, team: str | None) -> int:
    """Whose order it is; one that comes again is whose it was, whatever became of the person meanwhile."""
    known = session.deals.by_key(key)
    same = known is not None and same_name(known.person, person)
    if known is not None and same and (team is None or same_name(known.team, team)):
        return known.person_id
    return session.roster.find(person, team).id


def _results_at(plan: DayPlan) -> datetime | None:
    return next((cue.at for cue in plan.cues if cue.say == "results"), None)


def _quiet_name(state: State) -> str:
    return f"{state.entry.name}时间" if state.quiet and state.entry else "安静时间"
