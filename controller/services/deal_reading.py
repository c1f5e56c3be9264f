"""Read deals from pasted text and from tables, and say which of them are recorded already; nothing is written."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from controller.sales.corrections import week_so_far
from controller.sales.deals_import import has_heading, read_table
from controller.sales.model import HEARD, PLAYING, Deal
from controller.sales.money import money
from controller.sales.pasted_rows import Known, PastedRow
from controller.sales.store import Session
from controller.services.context import Context
from controller.services.table_files import table_lines
from controller.services.upload_inbox import Source, UploadInbox
from controller.sound.mandarin import spelling
from controller.sound.upload_sandbox import UploadSandbox


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row with the key of its deal: the same text gives the same key. `recorded`: the deal that has this key.

    `announced`: False where it is to be recorded only, None as usual.
    """

    row: PastedRow
    key: str
    recorded: Deal | None
    announced: bool | None


class DealReading:
    """Thread-safe: it keeps nothing."""

    def __init__(
        self,
        context: Context,
        inbox: UploadInbox,
        sandbox: UploadSandbox,
        choices: Callable[[], tuple[str, ...]],
    ):
        self._context, self._inbox, self._sandbox, self._choices = context, inbox, sandbox, choices

    def read_text(self, text: str) -> tuple[ReadRow, ...]:
        """Return the deals of a text that people wrote in a chat. Raises Refused."""
        from controller.sales.pasted import read_pasted  # 60 ms of patterns: music would wait

        with self._context.store.read() as session:
            known = self._known(session)
            return self._keyed(session, read_pasted(text, known), known.now)

    def read_file(self, source: Source) -> tuple[ReadRow, ...]:
        """Return the deals of a workbook, a CSV file or pasted cells. Raises Refused."""
        lines = table_lines(source, self._inbox, self._sandbox, has_heading)
        with self._context.store.read() as session:
            known = self._known(session)
            rows = self._keyed(session, read_table(lines, known), known.now)
        return tuple(replace(row, announced=False) for row in rows)

    def _known(self, session: Session) -> Known:
        return known_in(session, self._context, self._choices())

    def _keyed(self, session: Session, rows: tuple[PastedRow, ...], now: datetime) -> tuple[ReadRow, ...]:
        times: Counter[str] = Counter()
        keyed = []
        for row in rows:
            written = f"ref {row.ref}" if row.ref else f"{row.text} {row.at or now.date()}"
            times[written] += 1
            keyed.append(self._read_row(session, row, _key(written, times[written])))
        monday, days = week_so_far(now.date())[0], dict[date, tuple[Deal, ...]]()
        return tuple(_marked(session, one, monday, days) for one in keyed)

    def _read_row(self, session: Session, row: PastedRow, key: str) -> ReadRow:
        recorded = session.deals.by_key(key)
        if recorded is not None and row.ref and not _same(recorded, row):
            changed = _key(f"{key} {row.person and row.person.id} {row.product} {row.amount}", 1)
            again, standing = session.deals.by_key(changed), _standing(session, recorded)
            if again is None and standing is not None:
                was = f"{standing.person} {standing.product} {money(standing.amount)}"
                why = f"单号 {row.ref} 已经记过：{was}，这是改动。"
                row = replace(row, doubts=(*row.doubts, why), replaces=standing.id)
            key, recorded = changed, again
        return ReadRow(row, key, recorded, _announced(session, row))


def known_in(
    session: Session, context: Context, products: tuple[str, ...], own: tuple[Deal, ...] = ()
) -> Known:
    """Return the facts that a text is read with; `own`: the deals that its sender has sent before."""
    now, broadcasts = context.clock.now(), context.rhythm.broadcasts
    week = reversed(week_so_far(now.date()))
    standing = tuple(deal for day in week for deal in session.deals.of_day(day) if deal.voided is None)
    largest = next((deal.amount for deal in session.deals.largest_few(1)), None)
    return Known(
        session.roster.people(), products, standing, now, broadcasts.late_minutes, broadcasts.big_over, largest,
        spelling, own,
    )  # fmt: skip


def _key(written: str, turn: int) -> str:
    return "read-" + hashlib.sha256(f"{' '.join(written.split())}\0{turn}".encode()).hexdigest()[:40]


def _marked(session: Session, read: ReadRow, monday: date, days: dict[date, tuple[Deal, ...]]) -> ReadRow:
    """Return a row of an earlier week, with a doubt when its day has the same deal; `days`: deals read so far."""
    row = read.row
    if row.day is None or row.day >= monday or read.recorded is not None or row.replaces is not None:
        return read
    if row.day not in days:
        days[row.day] = session.deals.of_day(row.day)
    if not any(deal.voided is None and _same(deal, row) for deal in days[row.day]):
        return read
    return replace(read, row=replace(row, doubts=(*row.doubts, "那天已经记过一样的一单，请看是不是重复了。")))


def _same(deal: Deal, row: PastedRow) -> bool:
    return (deal.person_id, deal.product, deal.amount) == (
        row.person.id if row.person else 0,
        row.product,
        row.amount,
    )


def _standing(session: Session, deal: Deal | None) -> Deal | None:
    while deal is not None and deal.replaced_by is not None:
        deal = session.deals.get(deal.replaced_by)
    return deal if deal is not None and deal.voided is None else None


def _announced(session: Session, row: PastedRow) -> bool | None:
    """Return False for a late deal, and for the correction of one that was heard."""
    if row.late:
        return False
    said = session.outbox.of_deal(row.replaces) if row.replaces is not None else ()
    return False if any(one.state in (HEARD, PLAYING) for one in said) else None
