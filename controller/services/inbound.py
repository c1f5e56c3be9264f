"""Deals from programs: recorded once, corrected by their next version, or kept as a question for the assistant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from controller.sales import inbound, name_match
from controller.sales.deals import tidy_product
from controller.sales.inbound import Timing
from controller.sales.inbound_rows import InboundDeal, Known
from controller.sales.model import HEARD, PLAYING, Deal, Person
from controller.sales.proposals import Proposal, ProposalState, Question
from controller.sales.received import NewReceived, ReceivedFate
from controller.sales.store import Session
from controller.services.context import Context
from controller.services.deals import DealService, How, Recorded, Sold, Withdrawn
from controller.sound.mandarin import spelling

NEWER: Final = "来源改过这一单，以新发来的为准。"
CANCELLED: Final = "来源撤回了这一单"
HEARD_ALREADY: Final = "原来那一单已经播过，来源改了以后只记不播。"


@dataclass(frozen=True, slots=True)
class Received:
    """The fate of a deal: `recorded`, `waiting` for the assistant (also declined), or neither: cancelled.

    `created`: this request changed something; False for a repeated one.
    """

    version: int
    created: bool
    recorded: Recorded | None = None
    waiting: Proposal | None = None


class InboundService:
    """Thread-safe: the store's single writer is the lock."""

    def __init__(self, context: Context, deals: DealService):
        self._context, self._deals = context, deals

    def receive(self, source: str, sent: InboundDeal, delivery: str = "") -> Received:
        """Take in a deal from `source` (the program's name), in one transaction. Raises Refused or Conflict.

        The same id with the same or a lower version changes nothing and gets the same answer, and so does the same
        `delivery` (the sender's id of the request). A higher version corrects the deal or the question. A doubtful deal
        waits for the assistant and is never announced by itself.
        """
        gone: Withdrawn | None = None
        with self._context.store.write() as session:
            known = session.inbound.get(source, sent.external_id)
            if delivery and known is not None and session.received.of_uid(source, delivery) is not None:
                return self._answer(session, known)
            received, gone = self.receive_in(session, source, sent)
            if received.created or delivery:
                uid = delivery or f"{sent.external_id} {sent.version}"
                now, earlier = self._context.clock.now(), known is not None
                session.received.add(_listed(source, uid, sent, received, now, earlier=earlier))
        self._deals.withdraw(gone)
        return received

    def receive_in(
        self, session: Session, source: str, sent: InboundDeal
    ) -> tuple[Received, Withdrawn | None]:
        """Take in a deal in the caller's transaction; see `receive`.

        Return it with the announcements to change after the commit.
        """
        sent = replace(sent, product=tidy_product(sent.product))
        known = session.inbound.get(source, sent.external_id)
        if known is not None and sent.version <= known.version:
            return self._answer(session, known), None
        if known is not None:
            self._supersede(session, known)
        return self._take_in(session, source, sent, known)

    def refused(self, source: str, uid: str, text: str, why: str) -> None:
        """List a message of a program that was refused."""
        new = NewReceived(source, uid, self._context.clock.now(), text, ReceivedFate.REFUSED, why)
        with self._context.store.write(quiet=True) as session:
            session.received.add(new)

    def _take_in(
        self, session: Session, source: str, sent: InboundDeal, known: Known | None
    ) -> tuple[Received, Withdrawn | None]:
        now = self._context.clock.now()
        key = inbound.key_of(source, sent.external_id, sent.version)
        standing = _standing(session, known) if known is not None else None
        row = Known(
            sent.version, key, sent.occurred or (known.occurred if known else None), sent.cancelled,
            standing.id if standing else None,
        )  # fmt: skip
        if sent.cancelled:
            session.inbound.put(source, sent.external_id, row, now)
            return Received(sent.version, True), self._cancelled(session, standing, source, now)
        timing = self._timing(session, row.occurred, now)
        person, yuan, doubts = self._doubts(session, sent, timing)
        doubts += _conflicts(session, known, standing)
        how = _how(session, sent, standing, timing)
        if doubts or person is None or yuan is None:
            session.inbound.put(source, sent.external_id, row, now)
            asked = _question("".join(doubts), sent, person, yuan, how)
            waiting = session.proposals.ask(key, asked, source, now)
            return Received(sent.version, True, waiting=waiting), None
        if known is not None and _same(standing, person, sent.product, yuan, timing):
            row = replace(row, key=known.key)
            session.inbound.put(source, sent.external_id, row, now)
            return self._answer(session, row), None
        session.inbound.put(source, sent.external_id, row, now)
        recorded, gone = self._deals.record_in(
            session, Sold(person.name, sent.product, yuan, person.team), key, how
        )
        return Received(sent.version, True, recorded=recorded), gone

    def _cancelled(
        self, session: Session, standing: Deal | None, source: str, now: datetime
    ) -> Withdrawn | None:
        if standing is None or standing.voided is not None:
            return None
        return self._deals.take_back_in(session, standing.id, f"{CANCELLED}（{source}）。", now)

    def _timing(self, session: Session, occurred: datetime | None, now: datetime) -> Timing:
        trusted = self._context.clock.trusted(session.deals.newest_at())
        return inbound.timing(occurred, now, self._context.rhythm.broadcasts.late_minutes, trusted=trusted)

    def _doubts(
        self, session: Session, sent: InboundDeal, timing: Timing
    ) -> tuple[Person | None, Decimal | None, list[str]]:
        found = name_match.match(sent.person, session.roster.people(), spelling, sent.team)
        if sent.doubts:
            yuan, _ = inbound.read_amount(sent.amount, None, self._context.rhythm.broadcasts.big_over)
            return found.person, yuan, [*sent.doubts, *([timing.doubt] if timing.doubt else [])]
        largest = next((deal.amount for deal in session.deals.largest_few(1)), None)
        yuan, doubt = inbound.read_amount(sent.amount, largest, self._context.rhythm.broadcasts.big_over)
        return found.person, yuan, [why for why in (found.doubt, doubt, timing.doubt) if why]

    def _supersede(self, session: Session, known: Known) -> None:
        proposal = session.proposals.by_key(known.key)
        if proposal is not None and proposal.state == ProposalState.OPEN:
            session.proposals.finish(proposal.id, ProposalState.DECLINED, NEWER, self._context.clock.now())

    def _answer(self, session: Session, known: Known) -> Received:
        """Return the present answer to a deal that is known: what became of its newest version."""
        deal = session.deals.by_key(known.key)
        if deal is not None:
            return Received(known.version, False, recorded=self._deals.known(session, deal.id))
        proposal = session.proposals.by_key(known.key)
        return Received(known.version, False, waiting=proposal)


def _listed(
    source: str, uid: str, sent: InboundDeal, received: Received, now: datetime, *, earlier: bool
) -> NewReceived:
    """Return a program's message for the list of the day; its `sender` is the program's own id of the deal.

    `earlier`: an older version of the deal was known.
    """
    text = f"{sent.external_id} {sent.person} {sent.product} {str(sent.amount)[:40]}"
    fate, why = ReceivedFate.CANCELLED, ""
    if received.recorded is not None:
        fate = ReceivedFate.CORRECTED if earlier else ReceivedFate.RECORDED
        why = decision_words(received.recorded.decision.to_json())
    elif received.waiting is not None:
        fate, why = ReceivedFate.WAITING, received.waiting.question
    else:
        text = f"撤回 {sent.external_id}"
    return NewReceived(source, uid, now, text, fate, why, deals=1, sender=sent.external_id)


def decision_words(decision: Mapping[str, object]) -> str:
    """Return a decision's sentence: when the deal is announced, and why."""
    return str(decision.get("why") or "")


def _standing(session: Session, known: Known) -> Deal | None:
    """Return the deal that counts for the earlier versions, or the last one if it was taken back."""
    deal = session.deals.by_key(known.key)
    if deal is None and known.deal_id is not None:
        deal = session.deals.get(known.deal_id)
    while deal is not None and deal.replaced_by is not None:
        deal = session.deals.get(deal.replaced_by)
    return deal


def _conflicts(session: Session, known: Known | None, standing: Deal | None) -> list[str]:
    """Return why a newer version contradicts the changes that people made meanwhile."""
    if known is None:
        return []
    if standing is None:
        proposal = session.proposals.by_key(known.key)
        declined = proposal is not None and proposal.state == ProposalState.DECLINED and proposal.why != NEWER
        return [f"上次发来的已经退回（{proposal.why}），来源又改了。"] if proposal and declined else []
    if standing.voided is not None and not known.cancelled:
        return ["这一单已经撤回，来源又发来改动。"]
    own = standing.key.startswith("in-")
    return [] if own else ["这一单有人在手机上改过，来源又发来改动。"]


def _same(standing: Deal | None, person: Person, product: str, yuan: Decimal, timing: Timing) -> bool:
    if standing is None or standing.voided is not None:
        return False
    same_day = timing.day in (None, standing.date)
    return (standing.person_id, standing.product, standing.amount) == (person.id, product, yuan) and same_day


def _how(session: Session, sent: InboundDeal, standing: Deal | None, timing: Timing) -> How:
    """Return how a deal is recorded: a correction of one that was heard is not announced again."""
    meant = standing
    if meant is None and sent.doubts and sent.replaces is not None:
        meant = session.deals.get(sent.replaces)
    old = meant if meant is not None and meant.voided is None else None
    day = timing.day or (old.date if old else None)
    heard = old is not None and any(said.state in (HEARD, PLAYING) for said in session.outbox.of_deal(old.id))
    if heard and old is not None:
        return How(False, old.id, day, why=HEARD_ALREADY, history=True)
    if timing.announced is False:
        return How(False, old.id if old else None, day, why=timing.why, history=True)
    return How(sent.announced, old.id if old else None, day, history=True)


def _question(why: str, sent: InboundDeal, person: Person | None, yuan: Decimal | None, how: How) -> Question:
    name, team = (person.name, person.team) if person else (sent.person, sent.team or "")
    return Question(
        why, person.id if person else None, name, team, sent.product, str(sent.amount)[:40], yuan, how.replaces,
        how.day, how.announced,
    )  # fmt: skip
