"""The deal desk: an order comes in, is decided on and written down in one transaction, and then told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from controller.book import broadcasts, phrases
from controller.book.amounts import parse_amount
from controller.book.broadcasts import Decision, Facts
from controller.book.model import (
    BIG,
    BURST,
    DROPPED,
    FIRST_OF_DAY,
    FIRST_OF_WEEK,
    OPEN_STATES,
    RECORD,
    RESULTS,
    ROUNDUP,
    WAITING,
    Announcement,
    Deal,
)
from controller.book.store import Book
from controller.names import same_name
from controller.office import etiquette, targets
from controller.office.bursts import Bursts
from controller.office.room import Room, period_of
from controller.office.roundups import TAKEN_BACK, RoundUps
from controller.office.scripts import as_json
from controller.office.talk import EVENING, HOURLY, Talk
from controller.office.wording import WORDS
from controller.rhythm.model import DayPlan, State
from controller.sound.speech.script import Script

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


class DealDesk:
    """Thread-safe: the book's one writer is the lock."""

    def __init__(self, room: Room, talk: Talk, bursts: Bursts, roundups: RoundUps):
        self._room, self._talk, self._bursts = room, talk, bursts
        self._next_roundup = roundups.next_roundup
        self.round_up, self.recover = (
            roundups.round_up,
            roundups.recover,
        )  # whoever follows the clock asks here

    def record(
        self, person: str, product: str, amount: object, key: str, hushed_until: datetime | None,
        team: str | None = None, how: How = AS_USUAL,
    ) -> Recorded:  # fmt: skip
        """Writes an order down, on the disk before this returns; `team` tells namesakes apart.

        Raises Refused or Conflict.
        """
        yuan = parse_amount(amount)
        now = self._room.clock.now()
        with self._room.store.write() as book:
            seller = _seller(book, key, person, team)
            replaced = how.replaces if book.deals.by_key(key) is None else None
            gone = self._taken_back(book, replaced, CORRECTED, now) if replaced is not None else None
            decision = broadcasts.decide(yuan, self._facts(book, now, hushed_until))
            if not how.announced:
                decision = Decision(ROUNDUP, None, True, NOT_ANNOUNCED, now)
            deal, created = book.deals.record(key, seller, product, yuan, now, now.date())
            said = self._put(book, deal, decision) if created else book.outbox.of_deal(deal.id)[0]
            spent = self._talk.spent_s(book, now)
            praised = created and how.announced
            target = targets.tell(book, deal, decision, self._room.rhythm, spent) if praised else None
        if gone is not None:
            self._withdraw(gone)
        if created:
            if decision.at_once:
                self._talk.hand([said])
                self._bursts.gather(now)
            if target is not None and target.due is None:
                self._talk.hand([target])
            self._room.feed.tell()
        return Recorded(deal.id, said.text, Decided(said.decision), created)

    def preview(
        self, person: str, product: str, amount: object, hushed_until: datetime | None,
        team: str | None = None,
    ) -> tuple[str, Decision]:  # fmt: skip
        """What would be said and when; changes nothing. Raises Refused."""
        deal, decision, announcement = self._imagined(person, product, amount, hushed_until, team)
        if decision.at_once:
            self._talk.prepare(announcement, deal)
        return announcement.text, decision

    def audition(self, person: str, product: str, amount: object, team: str | None = None) -> Script:
        """How an order would sound, with its own applause or song; changes nothing. Raises Refused."""
        deal, _, announcement = self._imagined(person, product, amount, None, team)
        return self._talk.script(announcement, deal)

    def _imagined(
        self, person: str, product: str, amount: object, hushed_until: datetime | None, team: str | None
    ) -> tuple[Deal, Decision, Announcement]:
        yuan = parse_amount(amount)
        now = self._room.clock.now()
        with self._room.store.read() as book:
            seller = book.roster.find(person, team)
            decision = broadcasts.decide(yuan, self._facts(book, now, hushed_until))
            deal = Deal(
                0, "", seller.id, seller.name, seller.team, product.strip(), yuan, now, None, now.date(),
                seller.team_id,
            )  # fmt: skip
            text = self._phrase(book, deal, decision).text
        return deal, decision, self._unsent(text, decision, yuan, now)

    def void(self, deal_id: int, reason: str) -> None:
        """Takes an order back: out of the standings and, if it was not said yet, out of what will be."""
        with self._room.store.write() as book:
            gone = self._taken_back(book, deal_id, reason, self._room.clock.now())
        self._withdraw(gone)
        self._room.feed.tell()

    def _taken_back(self, book: Book, deal_id: int, reason: str, now: datetime) -> Withdrawn:
        """Void a deal in the book; what else has to go once that is committed."""
        gone = book.deals.void(deal_id, reason, now)
        found = [a for a in book.outbox.of_deal(deal_id) if a.state in OPEN_STATES]
        alone = [a.id for a in found if all(deal.voided for deal in book.deals.of_ids(a.deals))]
        praise = [a.id for a in targets.missed(book, gone) if a.id not in alone]
        shared = [a for a in found if a.kind == BURST and a.state == WAITING and a.id not in alone]
        return Withdrawn((*alone, *praise), tuple(shared))

    def _withdraw(self, gone: Withdrawn) -> None:
        self._talk.cancel(list(gone.ended), TAKEN_BACK)
        for shared in gone.shared:
            self._bursts.without_voided(shared)

    # --- deciding and wording

    def _facts(self, book: Book, now: datetime, hushed_until: datetime | None) -> Facts:
        rhythm, plan, state = self._room.rhythm, self._room.plan(now), self._room.state(now)
        hearing = self._talk.hearing(now)
        monday, sunday = period_of("week", now.date())
        return Facts(
            now=now,
            first_of_week=not book.deals.first_taken(monday, sunday, FIRST_OF_WEEK),
            first_of_day=not book.deals.first_taken(now.date(), now.date(), FIRST_OF_DAY),
            big_over=rhythm.broadcasts.big_over,
            quiet_until=state.quiet_until,
            hushed_until=hushed_until,
            next_roundup=self._next_roundup(now),
            results_at=_results_at(plan),
            workday=plan.workday,
            record_over=book.deals.largest(before=now.date()),
            quiet_name=_quiet_name(state),
            at_once=hearing.at_once,
            held=hearing.held,
        )

    def _phrase(self, book: Book, deal: Deal, decision: Decision) -> phrases.Phrase:
        texts = self._room.rhythm.broadcasts
        variants = {
            FIRST_OF_WEEK: texts.first_of_week,
            FIRST_OF_DAY: texts.first_of_day,
            RECORD: texts.record or texts.big,
            BIG: texts.big,
        }.get(decision.kind, texts.hourly_item)
        return phrases.announce_deal(
            deal, variants, WORDS, book.desk.used(decision.kind), deal.date.toordinal()
        )

    def _put(self, book: Book, deal: Deal, decision: Decision) -> Announcement:
        phrase = self._phrase(book, deal, decision)
        book.desk.use(decision.kind, phrase.template, deal.at)
        kind = decision.kind
        if decision.merge:
            kind = EVENING if decision.kind == RESULTS else HOURLY
        said, _ = book.outbox.add(
            f"deal:{deal.id}", kind, phrase.text, decision.why, deal.at, deal.date,
            due=decision.when, deals=[deal.id], priority=etiquette.PRIORITY.get(kind, 0),
            script=self._script(deal.amount), decision=decision.to_json(),
            state=WAITING if decision.when is not None else DROPPED,
        )  # fmt: skip
        return said

    def _script(self, amount: Decimal) -> dict[str, object]:
        return as_json([], etiquette.applause(amount, self._room.rhythm.broadcasts.big_over))

    def _unsent(self, text: str, decision: Decision, amount: Decimal, now: datetime) -> Announcement:
        return Announcement(0, "", decision.kind, text, "waiting", "", now, None, script=self._script(amount))


def _seller(book: Book, key: str, person: str, team: str | None) -> int:
    """Whose order it is; one that comes again is whose it was, whatever became of the person meanwhile."""
    known = book.deals.by_key(key)
    same = known is not None and same_name(known.person, person)
    if known is not None and same and (team is None or same_name(known.team, team)):
        return known.person_id
    return book.roster.find(person, team).id


def _results_at(plan: DayPlan) -> datetime | None:
    return next((cue.at for cue in plan.cues if cue.say == "results"), None)


def _quiet_name(state: State) -> str:
    return f"{state.entry.name}时间" if state.quiet and state.entry else "安静时间"
