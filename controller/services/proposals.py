"""Deals that wait for the assistant, who confirms or declines them: from salespeople's phones and from programs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from controller.sales.corrections import week_so_far
from controller.sales.deals import checked_key, tidy_product
from controller.sales.model import Conflict, Refused
from controller.sales.money import deal_amount
from controller.sales.proposals import Proposal, ProposalState, checked_reason, expired_words
from controller.services.context import Context
from controller.services.deals import DealService, How, Recorded, Sold

CONFIRMED = "助理确认了，已经记下。"
OWN_LISTED = 30
"""Proposals of one phone that it lists."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The assistant's corrections of a proposal with a question; None keeps the value that came."""

    person: str | None = None
    team: str | None = None
    product: str | None = None
    amount: object = None


AS_SENT = Answer()


class ProposalService:
    """Thread-safe: the store's single writer is the lock."""

    def __init__(self, context: Context, deals: DealService):
        self._context, self._deals = context, deals

    def propose(
        self, person: str, product: str, amount: object, key: str, team: str | None, entered_by: str
    ) -> tuple[Proposal, bool]:
        """Keep a deal until the assistant confirms it; return it with True when it is new.

        `entered_by`: the phone that sent it. Raises Refused or Conflict.
        """
        yuan, key, product = deal_amount(amount), checked_key(key), tidy_product(product)
        now = self._context.clock.now()
        with self._context.store.write() as session:
            session.proposals.expire(now.date(), now)
            if session.deals.by_key(key) is not None and session.proposals.by_key(key) is None:
                raise Conflict("这张表单已经报过一单，请重新打开报单页再填。", field="key")
            seller = session.roster.find(person, team)
            return session.proposals.add(key, seller.id, product, yuan, entered_by, now)

    def waiting(self) -> tuple[Proposal, ...]:
        """Return today's open proposals, oldest first."""
        with self._context.store.read() as session:
            return session.proposals.open(self._today())

    def of_phone(self, entered_by: str) -> tuple[Proposal, ...]:
        """Return this week's proposals of one phone, newest first, each with what became of it."""
        today = self._today()
        with self._context.store.read() as session:
            recent = session.proposals.since(week_so_far(today)[0])
        own = [_as_of(proposal, today) for proposal in recent if proposal.entered_by == entered_by]
        return tuple(own[:OWN_LISTED])

    def confirm(self, ident: int, how: How, answer: Answer = AS_SENT) -> Recorded:
        """Record a proposal as a deal under its own key, in one transaction; idempotent. Raises Refused.

        `answer`: for a proposal with a question; a salesperson's is recorded unchanged, or declined.
        """
        now = self._context.clock.now()
        with self._context.store.write() as session:
            proposal = _as_of(session.proposals.get(ident), now.date())
            if proposal.state not in (ProposalState.OPEN, ProposalState.CONFIRMED):
                raise Conflict(proposal.why, field="id")
            if proposal.state == ProposalState.CONFIRMED and proposal.deal_id is not None:
                return self._deals.known(session, proposal.deal_id)
            sold = _sold(proposal, answer)
            recorded, gone = self._deals.record_in(
                session, sold, proposal.key, _how(proposal, how, now.date())
            )
            session.proposals.finish(ident, ProposalState.CONFIRMED, CONFIRMED, now, recorded.id)
        self._deals.withdraw(gone)
        return recorded

    def decline(self, ident: int, reason: str) -> Proposal:
        """End a proposal without a deal; idempotent. Raises Refused when it was confirmed meanwhile."""
        now, reason = self._context.clock.now(), checked_reason(reason)
        with self._context.store.write() as session:
            if session.proposals.get(ident).state == ProposalState.CONFIRMED:
                raise Refused("这一单刚才已经确认、记下了。不对的话，请在下面的列表里撤回。", field="id")
            return session.proposals.finish(ident, ProposalState.DECLINED, f"退回：{reason}", now)

    def _today(self) -> date:
        return self._context.clock.now().date()


def _as_of(proposal: Proposal, today: date) -> Proposal:
    """Return a proposal with its state of today: an open one of an earlier day has expired, written down or not."""
    if proposal.state != ProposalState.OPEN or proposal.date == today or proposal.question:
        return proposal
    return replace(proposal, state=ProposalState.EXPIRED, why=expired_words(proposal.date))


def _sold(proposal: Proposal, answer: Answer) -> Sold:
    """Return the deal to record. Raises Refused while the person or the amount is unknown."""
    if not proposal.question:
        assert proposal.amount is not None  # noqa: S101  the table's CHECK
        return Sold(proposal.person, proposal.product, proposal.amount, proposal.team)
    if proposal.person_id is None and answer.person is None:
        raise Refused("请先选是谁签的单，再确认。", field="person")
    if answer.amount is None and proposal.amount is None:
        raise Refused(f"金额“{proposal.written[:20]}”看不懂，请先写上金额，再确认。", field="amount")
    amount = proposal.amount if answer.amount is None else deal_amount(answer.amount)
    assert amount is not None  # noqa: S101  checked above
    person = proposal.person if answer.person is None else answer.person
    team = (proposal.team or None) if answer.person is None else answer.team
    return Sold(person, tidy_product(answer.product or proposal.product), amount, team)


def _how(proposal: Proposal, how: How, today: date) -> How:
    """Return how a proposal is recorded; one of a program counts for its day, also when that week is over."""
    if not proposal.question:
        return how
    day = proposal.counts_for if proposal.counts_for is None or proposal.counts_for <= today else None
    announced = how.announced if how.announced is not None else proposal.announced
    return How(announced, proposal.replaces, day, history=True)
