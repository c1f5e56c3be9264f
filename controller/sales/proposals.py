"""Deals that wait for the assistant: from salespeople's phones, or from programs with a question about them.

Bounded; finished ones are deleted after a month. A question stays open until it is answered: no sender repeats it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.money import from_fen, to_fen
from controller.sales.rows import Row, Rows, day, from_ms, to_ms

MOST_OPEN: Final = 200
MOST_LISTED: Final = 400
LONGEST_REASON: Final = 100
KEPT_FOR: Final = timedelta(days=31)
"""Finished proposals are deleted after this time; the deal of a confirmed one stays."""
_SELECT: Final = (
    "SELECT id, key, date, at, person_id, person, team, product, fen, entered_by, state, why, deal_id,"
    " question, written, replaces, counts_for, announced FROM proposals"
)


class ProposalState(StrEnum):
    """State of a proposal; stored under this name."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A deal that waits. `entered_by`: the phone or program that sent it; `why`: the sentence about its end.

    `question`: why a program's deal waits, "" for a salesperson's; only with a question `person_id` and `amount` may be
    None, and `written` is the amount as it came. `replaces`, `counts_for`, `announced`: how it is recorded, see `How`.
    """

    id: int
    key: str
    date: date
    at: datetime
    person_id: int | None
    person: str
    team: str
    product: str
    amount: Decimal | None
    entered_by: str
    state: ProposalState
    why: str
    deal_id: int | None = None
    question: str = ""
    written: str = ""
    replaces: int | None = None
    counts_for: dt.date | None = None
    announced: bool | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A deal from a program that a person must look at. `amount`: as it came; `yuan`: as read, None if unreadable."""

    why: str
    person_id: int | None
    person: str
    team: str
    product: str
    amount: str
    yuan: Decimal | None
    replaces: int | None = None
    counts_for: date | None = None
    announced: bool | None = None


class Proposals:
    """Proposals as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(
        self, key: str, person_id: int, product: str, amount: Decimal, entered_by: str, at: datetime
    ) -> tuple[Proposal, bool]:
        """Add an open proposal for the day of `at`; return it with True when it is new.

        Raises `Conflict` when `key` was used with other content, `Refused` when too many are open.
        """
        if (known := self.by_key(key)) is not None:
            if (known.person_id, known.product, known.amount) != (person_id, product, amount):
                raise Conflict("这张表单已经用别的内容交过一单，请重新打开报单页再填。", field="key")
            return known, False
        self._check_room(at)
        row = self._rows.one(
            "SELECT p.name, t.name FROM people p JOIN teams t ON t.id = p.team_id WHERE p.id = ? AND p.active = 1",
            person_id,
        )
        if row is None:
            raise Refused("名单里没有这个人，请重新选择。", field="person")
        ident = self._rows.add(
            "INSERT INTO proposals (key, date, at, person_id, person, team, product, fen, entered_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key, day(at.date()), to_ms(at), person_id, row[0], row[1], product, to_fen(amount), entered_by,
        )  # fmt: skip
        return self.get(ident), True

    def ask(self, key: str, asked: Question, entered_by: str, at: datetime) -> Proposal:
        """Keep a program's deal until its question is answered. Raises `Refused` when too many are open."""
        self._check_room(at)
        ident = self._rows.add(
            "INSERT INTO proposals (key, date, at, person_id, person, team, product, fen, entered_by, question,"
            " written, replaces, counts_for, announced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key, day(at.date()), to_ms(at), asked.person_id, asked.person, asked.team, asked.product,
            None if asked.yuan is None else to_fen(asked.yuan), entered_by, asked.why, asked.amount, asked.replaces,
            None if asked.counts_for is None else day(asked.counts_for),
            None if asked.announced is None else int(asked.announced),
        )  # fmt: skip
        return self.get(ident)

    def _check_room(self, at: datetime) -> None:
        self._rows.change(
            "DELETE FROM proposals WHERE state <> 'open' AND date < ?", day(at.date() - KEPT_FOR)
        )
        if len(self.open(at.date(), MOST_OPEN)) >= MOST_OPEN:
            raise Refused(f"已经有 {MOST_OPEN} 单在等助理确认，请先请助理处理，再报这一单。", field="key")

    def get(self, ident: int) -> Proposal:
        """Return the proposal with this id. Raises `Unknown`."""
        row = self._rows.one(f"{_SELECT} WHERE id = ?", ident)
        if row is None:
            raise Unknown(f"没有编号为 {ident} 的待确认的单。", field="id")
        return self._proposal(row)

    def by_key(self, key: str) -> Proposal | None:
        """Return the proposal that was sent under this key."""
        row = self._rows.one(f"{_SELECT} WHERE key = ?", key)
        return None if row is None else self._proposal(row)

    def open(self, date: date, most: int = MOST_OPEN) -> tuple[Proposal, ...]:
        """Return the open proposals of a day and all open questions, oldest first; other old ones have expired."""
        sql = f"{_SELECT} WHERE state = 'open' AND (date = ? OR question <> '') ORDER BY id LIMIT ?"
        return tuple(map(self._proposal, self._rows.all(sql, day(date), most)))

    def since(self, date: date) -> tuple[Proposal, ...]:
        """Return the newest proposals from a day on, newest first."""
        rows = self._rows.all(f"{_SELECT} WHERE date >= ? ORDER BY id DESC LIMIT ?", day(date), MOST_LISTED)
        return tuple(map(self._proposal, rows))

    def finish(
        self, ident: int, state: ProposalState, why: str, at: datetime, deal_id: int | None = None
    ) -> Proposal:
        """End an open proposal; one that has ended is not changed."""
        self._rows.change(
            "UPDATE proposals SET state = ?, why = ?, ended = ?, deal_id = ? WHERE id = ? AND state = 'open'",
            state, why, to_ms(at), deal_id, ident,
        )  # fmt: skip
        return self.get(ident)

    def expire(self, today: date, at: datetime) -> int:
        """End the open proposals of earlier days; return their number."""
        rows = self._rows.all(
            "SELECT id, date FROM proposals WHERE state = 'open' AND date < ? AND question = ''", day(today)
        )
        for ident, entered in rows:
            self.finish(ident, ProposalState.EXPIRED, expired_words(date.fromisoformat(entered)), at)
        return len(rows)

    def _proposal(self, row: Row) -> Proposal:
        ident, key, entered, at, person_id, person, team, product, fen, by, state, why, deal_id, *more = row
        question, written, replaces, counts_for, announced = more
        return Proposal(
            ident, key, date.fromisoformat(entered), from_ms(at, self._rows.zone), person_id, person, team, product,
            None if fen is None else from_fen(fen), by, ProposalState(state), why, deal_id, question, written, replaces,
            None if counts_for is None else date.fromisoformat(counts_for),
            None if announced is None else bool(announced),
        )  # fmt: skip


def expired_words(entered: date) -> str:
    """Return the sentence for a proposal without an answer on its day."""
    return f"这一单是 {entered.month}月{entered.day}日交上来的，当天没有人确认，已经过期。请重新报一次。"


def checked_reason(reason: str) -> str:
    """Return why a proposal is declined. Raises `Refused` when it is too long."""
    tidy = " ".join(reason.split()) or "没有写原因"
    if len(tidy) > LONGEST_REASON:
        raise Refused(f"退回的原因最多 {LONGEST_REASON} 个字。", field="reason")
    return tidy
