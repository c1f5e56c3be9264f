"""The cities: this office among the other branches, live over one MQTT broker of head office.

The typed figures of other cities (`set_result`) are kept; a branch that is connected is shown with its own
document instead. Without an invitation nothing here does anything.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from controller.cities import document
from controller.cities.board import DAYS_KEPT, Board, Branch, overtakings
from controller.cities.document import BigDeal, Document, NotUnderstood, Place, Status
from controller.cities.invitation import Access
from controller.cities.side import LATEST_S, Received, Session, Unsent, UnsentDeal
from controller.cities.way import HTTPS
from controller.health import Away
from controller.names import same_name, tidy_name
from controller.sales import results, store
from controller.sales.model import City, Refused
from controller.sales.standings import Standings
from controller.sentences import Sentence, say
from controller.services.city_access import CityAccess
from controller.services.city_documents import OwnDocuments
from controller.services.city_rows import deal_line, spelling, unheard
from controller.services.city_state import Clocks, LinkRecord
from controller.services.context import Context

log = logging.getLogger(__name__)

NEWS_S: Final = 60.0
"""An overtaking is a line on the walls for this time."""
RISING_S: Final = 300.0
"""The branch that overtook is marked for this time."""
TEST_S: Final = 8.0
_MOST_NEWS: Final = 5
_IDS_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class _News:
    text: Sentence
    until: float


class CityService:
    """Implements the `Side` of the connection. Thread-safe: walls and phones read while the connection writes."""

    def __init__(self, context: Context, trusted: Callable[[], bool], folder: Path) -> None:
        self._context, self._trusted = context, trusted
        self.joined = CityAccess(context, folder)
        self.own = OwnDocuments(context, folder / "cities.json", self.joined.names)
        self._lock = threading.Lock()
        self._board = Board()
        self.link = LinkRecord(context)
        self._clocks = Clocks(context.clock)
        self._news: list[_News] = []
        self._rising: dict[str, float] = {}
        self._rates: dict[str, Decimal | None] = {}
        self._heard: dict[str, float] = {}
        self._unread: dict[str, str] = {}
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._down: dict[str, datetime] = {}
        self._double = False
        self._birth_again = self._stale = False
        self._reads_store = True
        self.late = 0
        """Number of big deals that came too late to be shown."""

    # --- the connection's side

    def access(self) -> Access | None:
        """Return how to reach the broker; None when nothing is to be connected."""
        if self._context.store.ailing() is not None:
            return None
        return self.joined.wanted()

    def open_session(self, access: Access) -> Session:
        """Count a connection."""
        self._load()
        self._stale = False
        return self.own.open_session(access)

    def still(self, session: Session) -> bool:
        """Return whether a connection is still wanted with its access and epoch."""
        return not self._stale and self.own.epoch == session.number.epoch and self.access() == session.access

    def unsent(self, session: Session) -> Sequence[Unsent]:
        """Bring today's document up to date; return all documents that the broker has not confirmed."""
        if not self._trusted():
            return ()
        unsent = self.own.unsent(session.access, self._context.clock.now())
        self._compare()
        return unsent

    def sent(self, unsent: Unsent) -> None:
        """Record the broker's receipt of a document."""
        self.own.sent(unsent)
        self.link.confirmed()

    def unsent_deals(self) -> Sequence[UnsentDeal]:
        """Return big deals that others can still be shown in time."""
        return self.own.unsent_deals()

    def deal_sent(self, deal: BigDeal) -> None:
        """Record the broker's receipt of a big deal."""
        self.own.deal_sent(deal)

    def birth_again(self) -> bool:
        """Return, once, whether an old last will has replaced this branch's status."""
        again, self._birth_again = self._birth_again, False
        return again

    def up(self, way: str) -> None:
        """Record that the connection is up."""
        self.link.up(way)

    def down(self, why: str, detail: str, way: str) -> None:
        """Record why there is no connection. What happened meanwhile elsewhere is no overtaking of this moment."""
        with self._lock:
            self._double = False
            self._rates.clear()
        self.link.down(why, detail, way)

    def _load(self) -> None:
        """Read the documents of the last run, once: the last known figures survive a restart."""
        if not self._reads_store:
            return
        today = self._context.clock.now().date()
        with self._context.store.read() as session:
            kept = session.cities.kept()
        with self._lock:
            for branch, on, body, _ in kept:
                with suppress(NotUnderstood):
                    place = Place("", branch, "standings", on)
                    self._board.take(document.read_document(place, body.encode("utf-8")), today)
        self._reads_store = False

    # --- receiving

    def receive(self, session: Session, messages: Sequence[Received]) -> Sequence[str]:
        """Take messages in; return own topics that are too old to be kept at the broker."""
        empty: list[str] = []
        kept: dict[tuple[str, date], Received | None] = {}
        changed = False
        for message in messages:
            try:
                place = document.place_of(message.topic)
                if place.org != session.access.org:
                    continue
                if place.branch == session.access.branch:
                    empty += self._take_own(session, place, message)
                else:
                    changed = self._take(place, message, kept) or changed
            except NotUnderstood as fault:
                self._note_unread(message.topic, str(fault))
        self._compare()
        if kept:
            self._keep(kept)
        elif changed:
            self._context.changes.notify()
        return empty

    def _keep(self, kept: Mapping[tuple[str, date], Received | None]) -> None:
        now = self._context.clock.now()
        with self._context.store.write() as session:
            for (branch, on), message in kept.items():
                if message is None:
                    session.cities.forget(branch, on)
                else:
                    session.cities.keep(branch, on, message.payload.decode("utf-8"), now)
            session.cities.forget_before(now.date() - timedelta(days=DAYS_KEPT))

    def _take(self, place: Place, message: Received, kept: dict[tuple[str, date], Received | None]) -> bool:
        """Take another branch's message in; return whether the board or the news have changed."""
        if place.kind == "events":
            return self._take_deal(place, message)
        with self._lock:
            self._heard[place.branch] = self._context.clock.monotonic()
            if not message.payload:
                changed = self._board.forget(place.branch, place.date)
                if place.date is not None:
                    kept[place.branch, place.date] = None
            elif place.date is None:
                changed = self._board.take_status(document.read_status(place, message.payload))
            else:
                today = self._context.clock.now().date()
                came = document.read_document(place, message.payload)
                self._clocks.note(came, live=not message.retained)
                changed = self._board.take(came, today)
                if changed:
                    kept[place.branch, place.date] = message
            self._unread.pop(place.branch, None)
        return changed

    def _take_deal(self, place: Place, message: Received) -> bool:
        """Show a big deal once, and never late: the lifetime tells how long it was under way."""
        deal = document.read_deal(place, message.payload)
        if message.retained or message.lifetime_s is None or message.lifetime_s < LATEST_S:
            self.late += 1
            return False
        if deal.ident in self._ids:
            return False
        self._ids[deal.ident] = None
        while len(self._ids) > _IDS_KEPT:
            self._ids.popitem(last=False)
        self._tell(deal_line(deal), min(message.lifetime_s, NEWS_S))
        return True

    def _tell(self, text: Sentence, for_s: float) -> None:
        now = self._context.clock.monotonic()
        with self._lock:
            news = [one for one in self._news if one.until > now and one.text != text]
            self._news = [*news, _News(text, now + for_s)][-_MOST_NEWS:]

    def _note_unread(self, topic: str, fault: str) -> None:
        branch = topic.split("/")[3][: document.BRANCH_LIMIT] if topic.count("/") >= 3 else "?"
        with self._lock:
            if branch not in self._unread:
                log.warning("a message of %s was not understood: %s", branch, fault)
            if len(self._unread) < document.MOST_TEAMS:
                self._unread[branch] = fault

    # --- messages under this branch's own name: from an earlier run, or from another machine

    def _take_own(self, session: Session, place: Place, message: Received) -> list[str]:
        if not message.payload or place.kind == "events":
            return []
        if place.date is None:
            self._own_status(session, document.read_status(place, message.payload))
            return []
        if place.date < self._context.clock.now().date() - timedelta(days=DAYS_KEPT):
            return [message.topic]
        self._own_document(document.read_document(place, message.payload))
        return []

    def _own_document(self, sent: Document) -> None:
        """Raise the epoch when the broker has a newer document than this store: it was restored from a backup."""
        if sent.version <= self.own.version() or self._double:
            return
        self.own.raise_epoch(sent.version.epoch)

    def _own_status(self, session: Session, status: Status) -> None:
        if status.install == session.install and status.session == session.number:
            self._stale = self._stale or not status.online
            return
        if status.install != session.install and status.online:
            self._set_double(double=True)
            return
        self._set_double(double=False)
        if status.session > session.number:
            self.own.raise_epoch(status.session.epoch)
        self._birth_again = True

    def _set_double(self, *, double: bool) -> None:
        changed, self._double = self._double != double, double
        if changed:
            self._context.changes.notify()

    # --- overtaking

    def _compare(self) -> None:
        """Note who has overtaken whom since the last look."""
        today = self._context.clock.now().date()
        own = self._own_name()
        with self._lock:
            branches = self._board.branches(today)
            rates = {b.name: b.document.completion for b in branches if b.current and b.document is not None}
            rates[own] = self.own.rate
            passed = overtakings(self._rates, rates)
            self._rates = dict(rates)
            until = self._context.clock.monotonic() + RISING_S
            self._rising |= {one.branch: until for one in passed}
        for one in passed:
            self._tell(say("city_overtook", city=one.branch, passed=one.passed), NEWS_S)

    # --- what screens show

    def lines(self) -> tuple[Sentence, ...]:
        """Return the news of other branches that walls show now."""
        now = self._context.clock.monotonic()
        with self._lock:
            return tuple(one.text for one in self._news if one.until > now)

    def set_result(self, day: date, city: str, rate: float | None) -> None:
        """Set another branch's completion of the day that a person typed (1.0 = reached); None removes it."""
        with self._context.store.write() as session:
            session.settings.set_city(day, tidy_name(city), None if rate is None else Decimal(str(rate)))

    def rows(self, session: store.Session, day: date, own: Standings) -> tuple[City, ...]:
        """Return the branches' results of a day, ranked together with this office's; empty without any other."""
        typed = {row.name: row for row in session.settings.cities(day)}
        name, access = self._own_name(), self.joined.wanted()
        branches = self._branches(day, name, access)
        others = [self._city(branch, typed.pop(spelling(branch.name, typed), None)) for branch in branches]
        if access is not None:
            listed = (city for city in self._context.rhythm.cities if not same_name(city, name))
            others += unheard(listed, [*typed, *(row.name for row in others)])
        others += [row for row in typed.values() if not same_name(row.name, name)]
        if not others:
            return ()
        here = () if access is not None and access.observer else (self._here(name, own),)
        return results.rank_cities([*others, *here])

    def _branches(self, day: date, own: str, access: Access | None) -> list[Branch]:
        if access is None:
            return []
        self._load()
        with self._lock:
            branches = self._board.branches(day)
        return [b for b in branches if not same_name(b.name, own) and b.name != access.branch]

    def _city(self, branch: Branch, typed: City | None) -> City:
        """Return a branch's row: its document while both lines are up, else what was typed, else the last known."""
        known = branch.document
        rising = self._rising.get(branch.name, 0) > self._context.clock.monotonic()
        if known is not None and branch.current and self.link.state().up:
            return City(0, branch.name, known.completion, known.amount, rising=rising)
        if typed is not None:
            return typed
        if known is None:
            return City(0, branch.name, None, None, missing=True)
        return City(0, branch.name, known.completion, known.amount, missing=True, as_of=known.as_of[11:16])

    def _here(self, name: str, own: Standings) -> City:
        rising = self._rising.get(name, 0) > self._context.clock.monotonic()
        return City(0, name, own.rate, own.amount, own=True, rising=rising)

    def _own_name(self) -> str:
        return self._context.rhythm.city or self._context.rhythm.office

    # --- for the phone

    def unsent_count(self) -> int:
        """Return the number of documents that the broker has not confirmed."""
        with self._context.store.read() as session:
            return len(session.cities.unsent())

    def sentences(self) -> tuple[str, ...]:
        """Return what is wrong, in sentences for the phone; empty when all is well or nothing is connected."""
        access = self.joined.wanted()
        if access is None:
            return ()
        today = self._context.clock.now().date()
        state = self.link.state()
        with self._lock:
            ahead, unread = self._board.ahead(today), dict(self._unread)
            double, clocks = self._double, self._clocks.ahead()
        found = (
            []
            if state.up or not state.why
            else [say(f"city_link_{state.why}", host=access.host, port=_port_of(access, state.way))]
        )
        if double:
            found.append(say("city_double", branch=access.branch))
        found += self._ahead(ahead, clocks)
        found += [say("city_unread", city=city) for city in sorted(unread)]
        return tuple(found)

    @staticmethod
    def _ahead(listed: Sequence[str], clocks: Mapping[str, timedelta]) -> list[Sentence]:
        """Return a sentence for each branch that reports a later day, also one too late for the board, or hour."""
        days = {*listed, *(city for city, ahead in clocks.items() if ahead >= timedelta(days=1))}
        hours = {
            city: round(ahead / timedelta(minutes=1)) for city, ahead in clocks.items() if city not in days
        }
        return [
            *(say("city_ahead", city=city) for city in sorted(days)),
            *(say("city_clock", city=city, minutes=minutes) for city, minutes in sorted(hours.items())),
        ]

    def silent(self, now: datetime) -> tuple[Away, ...]:
        """Return the branches that have reported this week, each with since when its line to the broker is down.

        Nothing is known of them while this office's own line is down.
        """
        access = self.joined.wanted()
        if access is None:
            return ()
        with self._lock:
            up, lines = self.link.state().up, self._board.lines()
            if not up:
                self._down = {}
                return ()
            down = [name for name, online in lines if not online and name != access.branch]
            self._down = {name: self._down.get(name, now) for name in down}
            return tuple(Away(name, self._down.get(name)) for name, _ in lines if name != access.branch)

    def ages(self) -> dict[str, float]:
        """Return seconds since the last message of each branch, by this machine's monotonic clock."""
        now = self._context.clock.monotonic()
        with self._lock:
            return {branch: now - at for branch, at in self._heard.items()}

    def join(self, code: str, *, replace: bool = False) -> Access:
        """Join with a pasted code; see `CityAccess.join`. Raises Refused, Conflict."""
        before = self.joined.kept()
        access = self.joined.join(code, replace=replace)
        if before is not None and (before.org, before.host) != (access.org, access.host):
            self._forget_all()
        self.link.reset()
        return access

    def leave(self) -> None:
        """Forget the code and everything of the other branches."""
        self.joined.leave()
        self.link.reset()
        self._forget_all()

    def test(self) -> str:
        """Send today's document again and wait for head office's receipt; return what became of it. Raises Refused."""
        if self.joined.kept() is None:
            raise Refused("还没有加入总部，先贴上总部的邀请码。")
        if self.joined.paused():
            raise Refused("和总部的连接暂停着，先点“继续”。")
        if not self.link.state().up:
            raise Refused(next(iter(self.sentences()), "还没有连上总部，正在连，过几秒再试。"))
        access = self.joined.wanted()
        if access is None or access.observer:
            return "连着总部。这里只看其他城市，自己不报数字。"
        before, began = self.link.receipts(), self._context.clock.monotonic()
        with self._context.store.write() as session:
            session.cities.send_again()
        if not self.link.wait_for_receipt(before, TEST_S):
            raise Refused("总部没有在 8 秒内确认收到，线路可能正好断了。数字留着，连上以后自动补报。")
        took = max(0.1, self._context.clock.monotonic() - began)
        return f"总部收到了今天的数字，用了 {took:.1f} 秒。"

    def _forget_all(self) -> None:
        with self._lock:
            self._board, self._clocks = Board(), Clocks(self._context.clock)
            self._heard.clear()
            self._rates.clear()
            self._news.clear()
        with self._context.store.write() as session:
            session.cities.forget_all()


def _port_of(access: Access, way: str) -> int:
    return access.https if way == HTTPS else access.port
