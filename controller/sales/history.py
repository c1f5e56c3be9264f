"""The deals and sums of any span, read through indexes: a page of deals, a person's weeks, the office's totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Final

from controller.sales.money import from_fen
from controller.sales.rows import QUARTER_MS, Row, Rows, day, from_ms

_DEALS: Final = (
    "SELECT id, date, at, person_id, person, team, product, fen, voided_at, void_reason FROM deals"
    " WHERE date BETWEEN ? AND ? AND (date, id) < (?, ?) ORDER BY date DESC, id DESC LIMIT ?"
)
_AFTER: Final = (
    "SELECT id, date, at, person_id, person, team, product, fen, voided_at, void_reason FROM deals"
    " WHERE date BETWEEN ? AND ? AND (date, id) > (?, ?) ORDER BY date, id LIMIT ?"
)
DAY_S: Final = 86_400
Place = tuple[date, int]
"""The end of a page of deals: the office's day and the id of its last deal."""
NEWEST: Final[Place] = (date.max, 1 << 62)
OLDEST: Final[Place] = (date.min, 0)


@dataclass(frozen=True, slots=True)
class PastDeal:
    """A deal for lists and exports. `voided` None, or the reason for taking it back."""

    id: int
    date: date
    at: datetime
    person_id: int
    person: str
    team: str
    product: str
    amount: Decimal
    voided: str | None


@dataclass(frozen=True, slots=True)
class Sum:
    """Number and amount of the deals that stand."""

    count: int = 0
    amount: Decimal = Decimal(0)


class History:
    """Past deals as one snapshot sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def page(self, since: date, until: date, before: Place, count: int) -> tuple[PastDeal, ...]:
        """Return deals of a span, newest first, also those taken back; `before`: where the last page ended."""
        values = (day(since), day(min(until, before[0])), day(before[0]), before[1], count)
        return tuple(map(self._deal, self._rows.all(_DEALS, *values)))

    def next(self, since: date, until: date, after: Place, count: int) -> list[tuple[str, ...]]:
        """Return deals of a span, oldest first, also those taken back, as the cells of the export."""
        values = (day(max(since, after[0])), day(until), day(after[0]), after[1], count)
        return [self._cells(row) for row in self._rows.all(_AFTER, *values)]

    def after(self, since: date, until: date, place: Place, count: int) -> tuple[PastDeal, ...]:
        """Return deals of a span, oldest first, also those taken back; `place`: where the last page ended."""
        values = (day(max(since, place[0])), day(until), day(place[0]), place[1], count)
        return tuple(map(self._deal, self._rows.all(_AFTER, *values)))

    def _cells(self, row: Row) -> tuple[str, ...]:
        """Return a deal's id, date, time, team, person, product, amount, state and reason: a million of them."""
        ident, when, at, _, person, team, product, fen, voided_at, reason = row
        clock = (at // 1000 + _offset_s(at // QUARTER_MS, self._rows.zone)) % DAY_S
        stands = voided_at is None
        return (
            str(ident), when, f"{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}", team, person, product,
            f"{fen // 100}.{fen % 100:02}", "有效" if stands else "已撤回", "" if stands else reason or "未写原因",
        )  # fmt: skip

    def days_of(self, person_id: int, since: date, until: date) -> dict[date, Sum]:
        """Return a person's sums by day; days without a deal have none."""
        rows = self._rows.all(
            "SELECT date, sum(count), sum(fen) FROM daily WHERE person_id = ? AND date BETWEEN ? AND ? GROUP BY date",
            person_id, day(since), day(until),
        )  # fmt: skip
        return {date.fromisoformat(when): Sum(count, from_fen(fen)) for when, count, fen in rows}

    def total(self, since: date, until: date) -> Sum:
        """Return the office's sum of a span: whole months from the sums by month, the days around them by day."""
        months = [] if until < since else _whole_months(since, until)
        if not months:
            return self._days(since, until)
        row = self._rows.one(
            "SELECT coalesce(sum(count), 0), coalesce(sum(fen), 0) FROM monthly WHERE month BETWEEN ? AND ?",
            day(months[0])[:7], day(months[-1])[:7],
        )  # fmt: skip
        count, fen = row or (0, 0)
        before = self._days(since, months[0] - timedelta(days=1))
        after = self._days(_month_after(months[-1]), until)
        return Sum(count + before.count + after.count, from_fen(fen) + before.amount + after.amount)

    def _days(self, since: date, until: date) -> Sum:
        row = self._rows.one(
            "SELECT coalesce(sum(count), 0), coalesce(sum(fen), 0) FROM daily WHERE date BETWEEN ? AND ?",
            day(since), day(until),
        )  # fmt: skip
        return Sum() if row is None else Sum(row[0], from_fen(row[1]))

    def _deal(self, row: Row) -> PastDeal:
        ident, when, at, person_id, person, team, product, fen, voided_at, reason = row
        return PastDeal(
            ident, date.fromisoformat(when), from_ms(at, self._rows.zone), person_id, person, team, product,
            from_fen(fen), None if voided_at is None else str(reason or "未写原因"),
        )  # fmt: skip


@lru_cache(maxsize=4096)
def _offset_s(quarter: int, zone: tzinfo) -> int:
    """Return a zone's offset from UTC in a quarter of an hour since 1970."""
    offset = from_ms(quarter * QUARTER_MS, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _whole_months(since: date, until: date) -> list[date]:
    """Return the first days of the months that are in a span from their first to their last day."""
    month = since if since.day == 1 else _month_after(since.replace(day=1))
    months = []
    while _month_after(month) <= until + timedelta(days=1):
        months.append(month)
        month = _month_after(month)
    return months
