"""Deals in the store: recorded once, voided and restored with their history, never changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from controller.sales import model
from controller.sales.model import Conflict, Deal, Refused, Unknown
from controller.sales.money import from_fen, to_fen
from controller.sales.products import LONGEST_PRODUCT
from controller.sales.rows import Row, Rows, day, from_ms, to_json, to_ms

LONGEST_KEY: Final = 80
LONGEST_REASON: Final = 200
NOTHING_HIDDEN: Final[Mapping[str, int]] = MappingProxyType({})
_RECENT: Final = 10
"""A product sold only once is offered while its deal is among this many newest deals."""
_SELECT: Final = (
    "SELECT id, key, person_id, person, team, product, fen, at, voided_at, void_reason, date, team_id, replaces,"
    " (SELECT max(later.id) FROM deals later WHERE later.replaces = deals.id) FROM deals "
)


@dataclass(frozen=True, slots=True)
class Sale:
    """One person's sales in one team in a period: number and sum (fen) of unvoided deals, time of the last."""

    person_id: int
    team_id: int
    count: int
    fen: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a deal's history. `step`: "voided" or "restored"; `reason`: of a void."""

    step: str
    at: datetime
    reason: str


class Deals:
    """Deals as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def record(
        self,
        key: str,
        person_id: int,
        product: str,
        amount: Decimal,
        at: datetime,
        date: date,
        replaces: int | None = None,
    ) -> tuple[Deal, bool]:
        """Record a deal; return it with True when it is new, False when the same request was recorded before.

        `date` is the office's day for which it counts, and for the person's team of that day; `replaces`: the deal
        that it corrects.
        Raises `Conflict` when `key` was used with other content, `Refused` (field "person", "product" or "key") when
        the person is not on the roster or a text is too long.
        """
        if (known := self.by_key(key)) is not None:
            return same_or_conflict(known, person_id, product, amount), False
        return self.add(key, person_id, product, amount, at, date, replaces), True

    def add(
        self,
        key: str,
        person_id: int,
        product: str,
        amount: Decimal,
        at: datetime,
        date: date,
        replaces: int | None = None,
    ) -> Deal:
        """Record a deal whose key is known to be new; see `record`."""
        key, product = checked_key(key), tidy_product(product)
        row = self._rows.one(
            "SELECT p.name, t.id, t.name FROM people p JOIN teams t ON t.id = ifnull("
            " (SELECT c.from_team FROM team_changes c WHERE c.person_id = p.id AND c.since > ?"
            "  ORDER BY c.since, c.id LIMIT 1), p.team_id) WHERE p.id = ? AND p.active = 1",
            day(date), person_id,
        )  # fmt: skip
        if row is None:
            raise Refused("名单里没有这个人，请重新选择。", field="person")
        person, team_id, team = row
        fen, at_ms, asked = to_fen(amount), to_ms(at), _fingerprint(person_id, product, amount)
        deal_id = self._rows.add(
            "INSERT INTO deals (key, date, at, person_id, team_id, person, team, product, fen, asked, replaces)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key, day(date), at_ms, person_id, team_id, person, team, product, fen, asked, replaces,
        )  # fmt: skip
        row = (
            deal_id, key, person_id, person, team, product, fen, at_ms, None, None, day(date), team_id, replaces, None,
        )  # fmt: skip
        return _deal(row, self._rows.zone)

    def void(self, deal_id: int, reason: str, at: datetime) -> Deal:
        """Take a deal back with a reason; idempotent. Raises `Unknown` when there is no such deal."""
        reason = reason.strip() or "未写原因"
        if len(reason) > LONGEST_REASON:
            raise Refused(f"撤回的原因最多 {LONGEST_REASON} 个字。", field="reason")
        if self.get(deal_id) is None:
            raise Unknown(f"没有编号为 {deal_id} 的订单。", field="id")
        self._rows.change(
            "UPDATE deals SET voided_at = ?, void_reason = ? WHERE id = ? AND voided_at IS NULL",
            to_ms(at), reason, deal_id,
        )  # fmt: skip
        return self._known(deal_id)

    def restore(self, deal_id: int, at: datetime) -> Deal:
        """Count a voided deal again; idempotent. Raises `Unknown` when there is no such deal.

        Raises `Conflict` when a deal that corrects it stands, because both would count.
        """
        deal = self.get(deal_id)
        if deal is None:
            raise Unknown(f"没有编号为 {deal_id} 的订单。", field="id")
        if deal.voided is None:
            return deal
        if (standing := self._correction_of(deal)) is not None:
            raise Conflict(
                f"这一单已经改成 {standing.person} 的一单（编号 {standing.id}）。要恢复原来的，请先撤回改后的那一单。",
                field="id",
            )
        self._rows.add(
            "INSERT INTO deal_history (deal_id, step, at, reason) VALUES (?, 'restored', ?, '')",
            deal_id, to_ms(at),
        )  # fmt: skip
        return self._known(deal_id)

    def _correction_of(self, deal: Deal) -> Deal | None:
        """Return the standing deal that corrects this one, directly or by further corrections."""
        while deal.replaced_by is not None:
            deal = self._known(deal.replaced_by)
            if deal.voided is None:
                return deal
        return None

    def history(self, deal_id: int) -> tuple[Step, ...]:
        """Return each void and restore of a deal, oldest first."""
        rows = self._rows.all(
            "SELECT step, at, reason FROM deal_history WHERE deal_id = ? ORDER BY id LIMIT 200", deal_id
        )
        return tuple(Step(step, from_ms(at, self._rows.zone), reason) for step, at, reason in rows)

    def get(self, deal_id: int) -> Deal | None:
        """Return the deal with this id, voided or not."""
        row = self._rows.one(_SELECT + "WHERE id = ?", deal_id)
        return None if row is None else _deal(row, self._rows.zone)

    def by_key(self, key: str) -> Deal | None:
        """Return the deal recorded under this key, voided or not."""
        row = self._rows.one(_SELECT + "WHERE key = ?", key)
        return None if row is None else _deal(row, self._rows.zone)

    def usual_amounts(self, count: int) -> tuple[Decimal, ...]:
        """Return the most frequent amounts of the last 300 unvoided deals that occurred more than once."""
        rows = self._rows.all("SELECT fen FROM deals WHERE voided_at IS NULL ORDER BY id DESC LIMIT 300")
        sold = Counter(row[0] for row in rows)
        return tuple(from_fen(fen) for fen, times in sold.most_common(count) if times > 1)

    def of_day(self, date: date) -> tuple[Deal, ...]:
        """Return all deals of an office day, including voided ones, by time of signing."""
        rows = self._rows.all(_SELECT + "WHERE date = ? ORDER BY at, id", day(date))
        return self._deals(rows)

    def latest_of_day(self, date: date, most: int) -> tuple[tuple[Deal, ...], int]:
        """Return the latest deals of an office day, including voided ones, by time of signing, and how many it has."""
        rows = self._rows.all(_SELECT + "WHERE date = ? ORDER BY at DESC, id DESC LIMIT ?", day(date), most)
        count = self._rows.one("SELECT count(*) FROM deals WHERE date = ?", day(date))
        return self._deals(reversed(rows)), count[0] if count else 0

    def of_ids(self, ids: tuple[int, ...]) -> tuple[Deal, ...]:
        """Return the deals with these ids, in the given sequence; unknown ids are left out."""
        return tuple(deal for deal in map(self.get, ids) if deal is not None)

    def last(self, count: int) -> tuple[Deal, ...]:
        """Return the newest unvoided deals, newest first."""
        sql = _SELECT + "WHERE voided_at IS NULL ORDER BY id DESC LIMIT ?"
        return self._deals(self._rows.all(sql, count))

    def recent_sellers(self, count: int) -> tuple[int, ...]:
        """Return the people of the newest unvoided deals, the last one first."""
        rows = self._rows.all(
            "SELECT person_id FROM deals WHERE voided_at IS NULL ORDER BY id DESC LIMIT 300"
        )
        return tuple(dict.fromkeys(row[0] for row in rows))[:count]

    def newest_at(self) -> datetime | None:
        """Return when the newest deal was signed: a clock that shows an earlier time is wrong."""
        row = self._rows.one("SELECT at FROM deals ORDER BY id DESC LIMIT 1")
        return None if row is None else from_ms(row[0], self._rows.zone)

    def newest_id(self) -> int:
        """Return the id of the newest deal, voided or not; 0 when there is none."""
        return int(self._rows.all("SELECT coalesce(max(id), 0) FROM deals")[0][0])

    def products(self, hidden: Mapping[str, int] = NOTHING_HIDDEN, count: int = 12) -> tuple[str, ...]:
        """Return the phone's choices: the most frequent products of the last 300 unvoided deals, sorted by name.

        A product sold only once may be a typing error and disappears after the next few deals. For a `hidden` product
        only deals after the given id count, so that it reappears when sold again.
        """
        rows = self._rows.all(
            "SELECT product, id FROM deals WHERE product <> '' AND voided_at IS NULL ORDER BY id DESC LIMIT 300"
        )
        visible = [row for row in rows if row[1] > hidden.get(row[0], 0)]
        newest = {row[0] for row in visible[:_RECENT]}
        sold = Counter(row[0] for row in visible)
        common = [name for name, times in sold.most_common() if times > 1 or name in newest]
        return tuple(sorted(common[:count]))

    def first_taken(
        self, since: date, until: date, kind: str = model.FIRST_OF_DAY, *, without: int | None = None
    ) -> bool:
        """Return whether the period has a first deal: one stands, or a first-deal announcement was played.

        `kind` is FIRST_OF_WEEK for a week, FIRST_OF_DAY for a day; the first deal of the week is also the first of
        its day. `without`: the id of a deal that counts as taken back.
        """
        if self._any_stands(since, until, without):
            return True
        kinds = (model.FIRST_OF_WEEK, model.FIRST_OF_DAY if kind == model.FIRST_OF_DAY else "")
        announced = self._rows.one(
            "SELECT 1 FROM announcements WHERE date BETWEEN ? AND ? AND kind IN (?, ?)"
            " AND state IN ('playing', 'heard') LIMIT 1",
            day(since), day(until), *kinds,
        )  # fmt: skip
        return announced is not None

    def _any_stands(self, since: date, until: date, without: int | None) -> bool:
        if without is None:  # `daily` has rows only for days with an unvoided deal
            row = self._rows.one(
                "SELECT 1 FROM daily WHERE date BETWEEN ? AND ? LIMIT 1", day(since), day(until)
            )
            return row is not None
        sql = "SELECT 1 FROM deals WHERE date BETWEEN ? AND ? AND voided_at IS NULL AND id <> ? LIMIT 1"
        return self._rows.one(sql, day(since), day(until), without) is not None

    def sales(self, since: date, until: date) -> tuple[Sale, ...]:
        """Return the unvoided deals of the days `since`..`until` (both included), summed per person and team."""
        if since.day == 1 and until == _last_of_month(since):
            sql = "SELECT person_id, team_id, count, fen, last_at FROM monthly WHERE month = ?"
            return tuple(Sale(*row) for row in self._rows.all(sql, day(since)[:7]))
        rows = self._rows.all(
            "SELECT person_id, team_id, sum(count), sum(fen), max(last_at) FROM daily"
            " WHERE date BETWEEN ? AND ? GROUP BY person_id, team_id",
            day(since), day(until),
        )  # fmt: skip
        return tuple(Sale(*row) for row in rows)

    def largest(self, before: date, *, without: int | None = None) -> Decimal | None:
        """Return the largest unvoided deal before that day, in yuan; `without`: the id of a deal to leave out."""
        row = self._rows.one(
            "SELECT fen FROM deals WHERE voided_at IS NULL AND date < ? AND id <> ? ORDER BY fen DESC LIMIT 1",
            day(before), without or 0,
        )  # fmt: skip
        return None if row is None else from_fen(row[0])

    def largest_few(self, count: int = 20) -> tuple[Deal, ...]:
        """Return the largest unvoided deals of all time, largest first; among equals the earlier first."""
        sql = _SELECT + "WHERE voided_at IS NULL ORDER BY fen DESC, date, id LIMIT ?"
        return self._deals(self._rows.all(sql, count))

    def selling_days(self, since: date, until: date) -> dict[int, set[date]]:
        """Return per person the days with an unvoided deal."""
        days: dict[int, set[date]] = {}
        sql = "SELECT DISTINCT person_id, date FROM daily WHERE date BETWEEN ? AND ?"
        for person, when in self._rows.all(sql, day(since), day(until)):
            days.setdefault(person, set()).add(date.fromisoformat(when))
        return days

    def first_days(self) -> dict[int, date]:
        """Return per person the day of the first deal, to recognise newcomers."""
        rows = self._rows.all(
            "SELECT id, (SELECT min(date) FROM daily WHERE person_id = people.id) FROM people"
        )  # one index lookup per person; GROUP BY would read all days
        return {person: date.fromisoformat(first) for person, first in rows if first is not None}

    def first_day_of(self, team_id: int) -> date | None:
        """Return the day of a team's first deal."""
        rows = self._rows.all("SELECT date FROM deals WHERE team_id = ? ORDER BY date LIMIT 1", team_id)
        return _parsed(rows[0][0]) if rows else None

    def _known(self, deal_id: int) -> Deal:
        deal = self.get(deal_id)
        assert deal is not None  # noqa: S101  written in this transaction
        return deal

    def _deals(self, rows: Iterable[Row]) -> tuple[Deal, ...]:
        return tuple(_deal(row, self._rows.zone) for row in rows)


def same_or_conflict(known: Deal, person_id: int, product: str, amount: Decimal) -> Deal:
    """Return the deal recorded under a key if its content is the same. Raises `Conflict`."""
    asked = (person_id, tidy_product(product), to_fen(amount))
    if asked != (known.person_id, known.product, to_fen(known.amount)):
        raise Conflict("这张表单已经用别的内容报过一单，请重新打开报单页再填。", field="key")
    return known


@lru_cache(maxsize=1024)
def _deal(row: Row, zone: tzinfo) -> Deal:
    """Return a row as a deal. Cached: walls and phones ask for the same hundred deals after every change."""
    ident, key, person_id, person, team, product, fen, at, voided_at, reason, when, team_id, *link = row
    return Deal(
        id=ident, key=key, person_id=person_id, person=person, team=team, product=product,
        amount=from_fen(fen), at=from_ms(at, zone),
        voided=None if voided_at is None else reason, date=_parsed(when), team_id=team_id,
        replaces=link[0], replaced_by=link[1],
    )  # fmt: skip


def forget_deals() -> None:
    """Clear the cache of deals."""
    _deal.cache_clear()


@lru_cache(maxsize=512)
def _parsed(day: str) -> date:
    return date.fromisoformat(day)


def checked_key(key: str) -> str:
    """Return the key of a form. Raises `Refused` when it is empty, too long or unprintable."""
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise Refused(f"表单的编号（key）应当有 1 到 {LONGEST_KEY} 个字符，请重新打开报单页。", field="key")
    return key


def tidy_product(product: str) -> str:
    """Return a product's name in its stored spelling. Raises `Refused` when it is too long or unprintable."""
    tidy = " ".join(product.split())
    if len(tidy) > LONGEST_PRODUCT or not tidy.isprintable():
        raise Refused(f"产品名最多 {LONGEST_PRODUCT} 个字，不能有控制字符。", field="product")
    return tidy


def _fingerprint(person_id: int, product: str, amount: Decimal) -> str:
    return hashlib.sha256(to_json([person_id, product, to_fen(amount)]).encode()).hexdigest()


def _last_of_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
