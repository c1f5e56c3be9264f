"""Deals that people write to a chat robot: read, recorded or asked about, answered. Each message once.

A message and its deals are one transaction, under the vendor's id of the message: delivered again, also over a second
connection, it gets the same answer and nothing more. Doubtful deals wait for the assistant.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from datetime import time as time_of_day
from decimal import Decimal
from typing import Final

from controller.links.port import ChatMessage, LinkSpec
from controller.moments import local, local_time
from controller.sales.inbound import LONGEST_ID
from controller.sales.inbound_rows import InboundDeal
from controller.sales.inbound_rows import Known as KnownDeal
from controller.sales.model import Deal, Refused
from controller.sales.money import money
from controller.sales.pasted_rows import NOT_FOUND, PastedRow
from controller.sales.proposals import Proposal, ProposalState
from controller.sales.received import LONGEST_TEXT, NewReceived, ReceivedFate, ReceivedMessage
from controller.sales.store import Session
from controller.services.context import Context
from controller.services.deal_reading import known_in
from controller.services.deals import DealService, Withdrawn
from controller.services.inbound import InboundService, Received, decision_words
from controller.timetable.link_model import BotLink

A_MINUTE_SENDER: Final = 20
A_MINUTE_LINK: Final = 120
MOST_SENDERS: Final = 2000
MOST_OWN: Final = 20
MOST_DEALS: Final = 20
HOW_TO: Final = "写成“王小明 铂金套餐 12800”就能记下；改上一单写“上一单改成9800”，不要了写“撤回上一单”。"
UNREAD: Final = f"没有看到要记的单。{HOW_TO}"
_NOON: Final = time_of_day(12)
ONLY_TEXT: Final = f"只看得懂文字。{HOW_TO}"
TOO_FAST: Final = "发得太快了，这一条没有记，请过一分钟再发。"
TOO_LONG: Final = f"这一条太长，没有记：最多 {LONGEST_TEXT} 个字、{MOST_DEALS} 单，请分几次发。"
NOTHING_OWN: Final = "今天没有找到您在这里报的单，没有改。要改别的单，请找助理。"
TAKEN_BACK: Final = "报单的人在群里撤回了"
_TAKE_BACK: Final = re.compile(
    r"(?:撤回|取消|作废|撤销|不算)(?:了)?(?:我)?(?:的)?(?:上一?[单条个]|刚才(?:那|的)?(?:一?[单条个])?)"
    r"|(?:我)?(?:上一?[单条个]|刚才(?:那|的)?一?[单条个])(?:请|要)?(?:撤回|取消|作废|撤销|不算|退了|不要|退单)(?:了|吧|掉)?"
)
_AROUND: Final = re.compile(r"@\S{1,20}\s|[\s,，。.!！~～]|麻烦|帮我|帮忙|请|把|客户|一下")


@dataclass(frozen=True, slots=True)
class _Own:
    """A deal that the sender has sent: its external id, newest version, and its deal or question."""

    external_id: str
    known: KnownDeal
    deal: Deal | None
    waiting: Proposal | None


class ChatDeals:
    """Thread-safe. The inbox of all chat robots. `monotonic`: seconds, for the limits per minute."""

    def __init__(
        self, context: Context, deals: DealService, inbound: InboundService, products: Callable[[], tuple[str, ...]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._context, self._deals, self._inbound, self._products = context, deals, inbound, products
        self._pace = _Pace(monotonic)

    def answer(self, link: LinkSpec, message: ChatMessage) -> str:
        """Take a message in and return the answer; the same message again gets the same answer. Raises StoreTrouble."""
        uid = _uid(message)
        with self._context.store.read() as session:
            known = session.received.of_uid(link.ident, uid)
        if known is not None:
            return known.answer
        crowd = self._pace.crowd(link.ident, message.sender)
        if crowd > 2:
            return TOO_FAST  # not even listed: each row is a write
        if refusal := TOO_FAST if crowd > 1 else self._refusal(link, message):
            return self._keep(link, uid, message, ReceivedFate.REFUSED, refusal)
        products, gone = self._products(), list[Withdrawn | None]()
        try:
            with self._context.store.write() as session:
                answer = self._take_in(session, link, uid, message, products, gone)
        except Refused as refused:  # the whole message: nothing of it is recorded
            return self._keep(link, uid, message, ReceivedFate.REFUSED, f"没有记下：{refused.sentence}")
        for one in gone:
            self._deals.withdraw(one)
        return answer

    def replied(self, link: LinkSpec, message: ChatMessage, why: str) -> None:
        """Note that the vendor has taken the answer, or why it has not."""
        with self._context.store.write(quiet=True) as session:
            session.received.replied(link.ident, _uid(message), why)

    def _refusal(self, link: LinkSpec, message: ChatMessage) -> str:
        """Return why a message is not read, "" if it is."""
        if isinstance(link, BotLink) and not link.listens(message.chat, message.sender):
            return (
                f"这里还没有开通报单。请管理员把群编号 {message.chat or '（私聊，没有）'} 和您的编号 {message.sender} "
                f"写进作息表里“{link.name}”的 chats 或 senders。"
            )
        if not message.text or not message.text.strip():
            return ONLY_TEXT
        return TOO_LONG if len(message.text) > LONGEST_TEXT else ""

    def _keep(self, link: LinkSpec, uid: str, message: ChatMessage, fate: ReceivedFate, answer: str) -> str:
        with self._context.store.write(quiet=True) as session:
            session.received.add(self._listed(link, uid, message, fate, answer, 0))
        return answer

    def _listed(
        self, link: LinkSpec, uid: str, message: ChatMessage, fate: ReceivedFate, answer: str, deals: int
    ) -> NewReceived:
        now = self._context.clock.now()
        return NewReceived(
            link.ident, uid, now, message.text or "（不是文字）", fate, answer, deals, message.chat, message.sender,
            message.sender_name, None,
        )  # fmt: skip

    # --- one message, in one transaction

    def _take_in(
        self, session: Session, link: LinkSpec, uid: str, message: ChatMessage, products: tuple[str, ...],
        gone: list[Withdrawn | None],
    ) -> str:  # fmt: skip
        from controller.sales.pasted import read_pasted  # 60 ms of patterns: music would wait

        known = session.received.of_uid(link.ident, uid)
        if known is not None:  # meanwhile over another connection
            return known.answer
        own = _own_deals(session, link.ident, message.sender, self._context.clock.now())
        text = message.text or ""
        if _TAKE_BACK.fullmatch(_AROUND.sub("", text + " ")):
            lines, fate, count = self._taken_back(session, link, own, gone)
        else:
            facts = known_in(session, self._context, products, tuple(one.deal for one in own if one.deal))
            rows = read_pasted(text, facts, message.sender_name)
            if len(rows) > MOST_DEALS:
                raise Refused(f"一条消息最多 {MOST_DEALS} 单，请分几次发。")
            lines, fate, count = self._rows(session, link, uid, message, rows, own, gone)
        answer = "\n".join(lines)
        session.received.add(self._listed(link, uid, message, fate, answer, count))
        return answer

    def _rows(
        self, session: Session, link: LinkSpec, uid: str, message: ChatMessage, rows: tuple[PastedRow, ...],
        own: list[_Own], gone: list[Withdrawn | None],
    ) -> tuple[list[str], ReceivedFate, int]:  # fmt: skip
        if not rows:
            return [UNREAD], ReceivedFate.UNREAD, 0
        lines, fates = [], []
        for number, row in enumerate(rows, 1):
            sent = _corrected(row, own)
            if sent is None and NOT_FOUND in row.doubts:
                lines.append(NOTHING_OWN)
                continue
            sent = sent or _new(row, f"{uid}#{number}", message, self._context.clock.zone)
            received, withdrawn = self._inbound.receive_in(session, link.ident, sent)
            gone.append(withdrawn)
            line, fate = _said(sent, received)
            lines.append(line)
            fates.append(fate)
        waiting = ReceivedFate.WAITING in fates
        fate = ReceivedFate.WAITING if waiting else fates[-1] if fates else ReceivedFate.UNREAD
        return lines, fate, len(rows)

    def _taken_back(
        self, session: Session, link: LinkSpec, own: list[_Own], gone: list[Withdrawn | None]
    ) -> tuple[list[str], ReceivedFate, int]:
        last = next((one for one in reversed(own) if one.deal or one.waiting), None)
        if last is None:
            return [NOTHING_OWN], ReceivedFate.UNREAD, 0
        sent = InboundDeal(last.external_id, last.known.version + 1, "", "", None, cancelled=True)
        _, withdrawn = self._inbound.receive_in(session, link.ident, sent)
        gone.append(withdrawn)
        done = "屏幕上的业绩已经改了。" if last.deal else "它还在等助理确认，没有播报，也没有算业绩。"
        return [f"撤回了：{_named(last)}。{done}"], ReceivedFate.CANCELLED, 0


class _Pace:
    """Limits per minute, for a sender and for all of a link. Bounded."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def crowd(self, link: str, sender: str) -> float:
        """Count a message; return how full the last minute is: up to 1 is allowed."""
        now = self._monotonic()
        with self._lock:
            full = max(
                self._count((link, sender), now) / A_MINUTE_SENDER,
                self._count((link, ""), now) / A_MINUTE_LINK,
            )
            while len(self._times) > MOST_SENDERS:
                self._times.popitem(last=False)
        return full

    def _count(self, key: tuple[str, str], now: float) -> int:
        recent = [at for at in self._times.pop(key, ()) if at > now - 60]
        self._times[key] = [*recent, now][-3 * A_MINUTE_LINK :]
        return len(self._times[key])


def _own_deals(session: Session, link: str, sender: str, now: datetime) -> list[_Own]:
    """Return the deals that a sender has sent today and that stand or wait, oldest first."""
    messages = session.received.of_sender(link, sender, now.date(), MOST_OWN)
    found = [_own(session, message, number) for message in reversed(messages) for number in _numbers(message)]
    return [one for one in found if one is not None and (one.deal or one.waiting)]


def _numbers(message: ReceivedMessage) -> range:
    return range(1, min(message.deals, MOST_DEALS) + 1)


def _own(session: Session, message: ReceivedMessage, number: int) -> _Own | None:
    external_id = f"{message.uid}#{number}"
    known = session.inbound.get(message.link, external_id)
    if known is None or known.cancelled:
        return None
    deal = session.deals.by_key(known.key)
    if deal is None and known.deal_id is not None:
        deal = session.deals.get(known.deal_id)
    while deal is not None and deal.replaced_by is not None:
        deal = session.deals.get(deal.replaced_by)
    waiting = session.proposals.by_key(known.key)
    is_open = waiting is not None and waiting.state == ProposalState.OPEN
    stands = deal is not None and deal.voided is None
    return _Own(external_id, known, deal if stands else None, waiting if is_open else None)


def _corrected(row: PastedRow, own: list[_Own]) -> InboundDeal | None:
    """Return the next version of the sender's own deal that a row corrects, None for another row."""
    if row.replaces is not None and not row.doubts:
        meant = next((one for one in own if one.deal and one.deal.id == row.replaces), None)
        if meant is not None and meant.deal is not None:
            deal = meant.deal
            product, version = row.product or deal.product, meant.known.version + 1
            return InboundDeal(meant.external_id, version, deal.person, product, row.amount, deal.team)
    last = own[-1] if own else None
    if NOT_FOUND in row.doubts and last is not None and last.waiting is not None and row.amount is not None:
        asked = last.waiting
        why = f"报单的人说改成 {money(row.amount)}。"
        return InboundDeal(
            last.external_id, last.known.version + 1, asked.person, row.product or asked.product, row.amount,
            asked.team or None, doubts=(asked.question, why),
        )  # fmt: skip
    return None


def _new(row: PastedRow, external_id: str, message: ChatMessage, zone: tzinfo) -> InboundDeal:
    person, team = (row.person.name, row.person.team) if row.person else (row.written or "没有写名字", None)
    amount = row.amount if row.amount is not None else "没有写"
    at = row.at or (local(message.at, zone) if message.at else None)
    if row.day is not None and (at is None or row.day < at.date()):  # 昨天漏报一单
        at = local_time(row.day, at.time() if at else _NOON, zone)
    return InboundDeal(
        external_id, 1, person, row.product, amount, team, at, doubts=row.doubts, replaces=row.replaces
    )


def _uid(message: ChatMessage) -> str:
    """Return the id under which a message is kept: the vendor's, or a digest of a very long one."""
    if len(message.id) <= LONGEST_ID - 4:  # room for the number of the deal
        return message.id
    return "sha256-" + hashlib.sha256(message.id.encode()).hexdigest()


def _said(sent: InboundDeal, received: Received) -> tuple[str, ReceivedFate]:
    """Return what became of a deal, for its sender."""
    what = _what(sent.person, sent.product, sent.amount)
    if received.recorded is not None:
        fate = ReceivedFate.CORRECTED if sent.version > 1 else ReceivedFate.RECORDED
        said = "改好了" if sent.version > 1 else "记下了"
        decision = decision_words(received.recorded.decision.to_json())
        return f"{said}：{what}。\n{received.recorded.sentence}\n{decision}", fate
    question = received.waiting.question if received.waiting is not None else ""
    return f"等助理确认：{what}。{question}确认以前不播报，也不算业绩。", ReceivedFate.WAITING


def _what(person: str, product: str, amount: object) -> str:
    yuan = money(amount) if isinstance(amount, Decimal) else ""
    return "，".join(part for part in (person, product, yuan) if part) or "一单"


def _named(one: _Own) -> str:
    if one.deal is not None:
        return _what(one.deal.person, one.deal.product, one.deal.amount)
    assert one.waiting is not None  # noqa: S101  it stands or waits
    return _what(one.waiting.person, one.waiting.product, one.waiting.amount)
