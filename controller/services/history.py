"""Past results: the deals of any span, a person's trend, and the export as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nsmallest
from typing import Final, TypeVar

from controller.sales.history import NEWEST, OLDEST, PastDeal, Place, Sum
from controller.sales.model import Person, Refused, State, Unknown
from controller.sales.money import from_fen
from controller.sales.store import Session, Store
from controller.services.context import Context
from controller.services.honours import Honours, ShownAward
from controller.timetable.times import period_of

T = TypeVar("T")
PAGE: Final = 100
WEEKS: Final = 12
TOP: Final = 10
LONGEST_SPAN: Final = 3660
"""Days: ten years, so that a typing error in a year is noticed."""
_EXPORTED_AT_ONCE: Final = 2000
HEADINGS: Final = ("编号", "日期", "时间", "团队", "人员", "产品", "金额（元）", "状态", "撤回的原因")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of deals. `more`: where the next page begins, None on the last one."""

    deals: tuple[PastDeal, ...]
    more: Place | None


@dataclass(frozen=True, slots=True)
class PersonResults:
    """A person's last weeks, oldest first (Monday and sum), the present month, and the awards."""

    person: Person
    weeks: tuple[tuple[date, Sum], ...]
    month: Sum
    awards: tuple[ShownAward, ...]
    counts: dict[str, int]


class HistoryService:
    """Thread-safe: reads only."""

    def __init__(self, context: Context, honours: Honours):
        self._context, self._honours = context, honours

    def deals(self, since: date, until: date, before: Place | None = None) -> Page:
        """Return a page of the deals of a span, newest first. Raises Refused for a span that is not one."""
        check_span(since, until)
        with self._context.store.read() as session:
            found = session.history.page(since, until, before or NEWEST, PAGE + 1)
        shown = found[:PAGE]
        return Page(shown, (shown[-1].date, shown[-1].id) if len(found) > PAGE else None)

    def announcement_counts(self, day: date) -> dict[State, int]:
        """Return the number of announcements added on a day, by state."""
        with self._context.store.read() as session:
            return session.outbox.counts(day)

    def today(self) -> date:
        """Return the office's day."""
        return self._context.clock.now().date()

    def top(self, since: date, until: date) -> tuple[tuple[int, Person, Sum], ...]:
        """Return the best ten people of a span with their places, without those who are hidden."""
        check_span(since, until)
        with self._context.store.read() as session:
            people = {person.id: person for person in session.everybody()[0] if not person.hidden}
            sums: dict[int, tuple[int, int, int]] = {}
            for sale in session.deals.sales(since, until):
                if sale.person_id in people:
                    fen, count, at = sums.get(sale.person_id, (0, 0, 0))
                    sums[sale.person_id] = (fen + sale.fen, count + sale.count, max(at, sale.last_at))
        keyed = [((-fen, -count, at), ident) for ident, (fen, count, at) in sums.items()]
        best = nsmallest(TOP, keyed)
        rows: list[tuple[int, Person, Sum]] = []
        for index, (key, ident) in enumerate(best):
            place = rows[-1][0] if index and key == best[index - 1][0] else index + 1
            rows.append((place, people[ident], Sum(-key[1], from_fen(-key[0]))))
        return tuple(rows)

    def total(self, since: date, until: date) -> Sum:
        """Return the office's sum of a span."""
        check_span(since, until)
        with self._context.store.read() as session:
            return session.history.total(since, until)

    def person(self, ident: int) -> PersonResults:
        """Return a person's trend and awards, also of one who has left. Raises Unknown."""
        today = self._context.clock.now().date()
        monday, sunday = period_of("week", today)
        since = monday - timedelta(weeks=WEEKS - 1)
        first = today.replace(day=1)
        with self._context.store.read() as session:
            person = next((p for p in session.everybody()[0] if p.id == ident), None)
            if person is None:
                raise Unknown(f"没有编号为 {ident} 的人。", "id")
            days = session.history.days_of(ident, min(since, first), sunday)
            counts = session.awards.counts(ident)
        weeks = tuple(_week(days, since + timedelta(weeks=n)) for n in range(WEEKS))
        month = _added(total for day, total in days.items() if day >= first)
        return PersonResults(person, weeks, month, self._honours.awards(person_id=ident), counts)

    def rows(self, since: date, until: date) -> Iterator[tuple[str, ...]]:
        """Yield the cells of a span's deals; see `rows_of`."""
        return rows_of(self._context.store, since, until)


def check_span(since: date, until: date) -> None:
    """Refuse a span that ends before it begins, or is longer than ten years."""
    if until < since:
        raise Refused("结束的日期在开始的日期以前，请对调一下。", "until")
    if (until - since).days > LONGEST_SPAN:
        raise Refused("一次最多十年，请写近一点的日期。", "from")


def rows_of(store: Store, since: date, until: date) -> Iterator[tuple[str, ...]]:
    """Yield the cells of a span's deals, oldest first, with the headings; CSV and other tables are made of them.

    Read in pages, each in its own snapshot: an export of years keeps no writer waiting.
    """
    check_span(since, until)
    return _rows(store, since, until)


def _rows(store: Store, since: date, until: date) -> Iterator[tuple[str, ...]]:
    yield HEADINGS
    yield from _paged(
        store,
        lambda session, at: session.history.next(since, until, at, _EXPORTED_AT_ONCE),
        lambda row: (date.fromisoformat(row[1]), int(row[0])),
    )


def deals_of(store: Store, since: date, until: date) -> Iterator[PastDeal]:
    """Yield a span's deals, oldest first; read as `rows_of` does."""
    check_span(since, until)
    return _paged(
        store,
        lambda session, at: session.history.after(since, until, at, _EXPORTED_AT_ONCE),
        lambda deal: (deal.date, deal.id),
    )


def _paged(
    store: Store, read: Callable[[Session, Place], Sequence[T]], place: Callable[[T], Place]
) -> Iterator[T]:
    """Yield what `read` returns after a place, page by page, each in its own snapshot; `place`: of a row."""
    at = OLDEST
    while True:
        with store.read() as session:
            page = read(session, at)
        yield from page
        if len(page) < _EXPORTED_AT_ONCE:
            return
        at = place(page[-1])


def _week(days: dict[date, Sum], monday: date) -> tuple[date, Sum]:
    return monday, _added(days.get(monday + timedelta(days=n), Sum()) for n in range(7))


def _added(sums: Iterable[Sum]) -> Sum:
    total = Sum()
    for one in sums:
        total = Sum(total.count + one.count, total.amount + one.amount)
    return total
