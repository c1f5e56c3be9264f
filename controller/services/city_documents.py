"""This branch's part of the cities: its documents, epochs, sessions and big deals, kept in the store."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from controller.cities import document
from controller.cities.board import next_epoch
from controller.cities.document import BigDeal, Document, Sum, TeamSum, Version
from controller.cities.invitation import Access
from controller.cities.side import EXPIRY_S, LATEST_S, Session, Unsent, UnsentDeal
from controller.sales import store
from controller.sales.city_tables import UnsentDocument
from controller.sales.model import Deal
from controller.sales.standings import Standings
from controller.services.context import Context
from controller.system.atomic_file import rewrite
from controller.timetable.times import period_of

log = logging.getLogger(__name__)

_LARGEST: Final = 10_000


class OwnFile:
    """`cities.json` beside the store: the id of this installation and the last version sent. Called in one thread.

    It shows at a start whether the store was restored from a backup: then it has a higher number than the store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.install = ""
        self.last: Version | None = None
        self._read()

    def _read(self) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            with self._path.open("rb") as file:
                fields = json.loads(file.read(_LARGEST))
            install = fields["install"]
            if not isinstance(install, str) or len(install) != 16 or set(install) - set("0123456789abcdef"):
                raise ValueError("install")
            self.install, self.last = install, Version(int(fields["epoch"]), int(fields["seq"]))
        self.install = self.install or secrets.token_hex(8)

    def remember(self, version: Version) -> None:
        """Write the last version down. A full disk is no reason to stop: the broker has it too."""
        if version == self.last:
            return
        self.last = version
        fields = {"install": self.install, "epoch": version.epoch, "seq": version.seq}
        with suppress(OSError):
            rewrite(self._path, json.dumps(fields).encode(), 0o600)


_MOST_DEALS: Final = 20
_ORDER_FIELDS: Final = ("epoch", "seq", "as_of", "install")


class OwnDocuments:
    """Called in the connection's thread, except `names`."""

    def __init__(self, context: Context, file: Path, names: Callable[[], bool]) -> None:
        self._context, self._names = context, names
        self._file = OwnFile(file)
        self._epoch: int | None = None
        self._essence: tuple[date, object] | None = None
        self._newest_deal: int | None = None
        self._deals: dict[str, tuple[BigDeal, float]] = {}
        self.rate: Decimal | None = None
        """Completion of the day, as last looked up."""

    @property
    def install(self) -> str:
        """The id of this installation."""
        return self._file.install

    @property
    def epoch(self) -> int | None:
        """The epoch in force; None before the first connection."""
        return self._epoch

    # --- sessions and epochs

    def open_session(self, access: Access) -> Session:
        """Count a connection; at the first one after a start, find out whether the store was restored."""
        with self._context.store.write(quiet=True) as session:
            if self._epoch is None:
                state = session.cities.state()
                self._epoch = next_epoch(Version(state.epoch, state.seq), self._file.last)
                if self._epoch != state.epoch:
                    log.info("epoch of the cities' documents: %d, before %d", self._epoch, state.epoch)
                    session.cities.set_epoch(self._epoch)
            if self._newest_deal is None:
                self._newest_deal = session.deals.newest_id()
            session.cities.send_again()  # the broker may have lost it: its disk was replaced, or its power cut
            state = session.cities.next_session()
        self._file.remember(Version(state.epoch, max(state.seq, self._last_seq(state.epoch))))
        return Session(access, Version(state.epoch, state.session), self._file.install)

    def _last_seq(self, epoch: int) -> int:
        last = self._file.last
        return last.seq if last is not None and last.epoch == epoch else 0

    def raise_epoch(self, above: int) -> None:
        """Start an epoch above one that the broker has: this store is older than what was sent."""
        with self._context.store.write(quiet=True) as session:
            epoch = max(above, session.cities.state().epoch) + 1
            session.cities.set_epoch(epoch)
        log.warning("this branch's documents at the broker are newer than this store: epoch %d", epoch)
        self._epoch = epoch

    def version(self) -> Version:
        """Return the last version of this store."""
        with self._context.store.read() as session:
            state = session.cities.state()
        return Version(state.epoch, state.seq)

    # --- documents

    def unsent(self, access: Access, now: datetime) -> Sequence[Unsent]:
        """Write today's document if its content has changed; return all that the broker has not confirmed."""
        self._look(now)
        with self._context.store.read() as session:
            rows = session.cities.unsent()
        return [_unsent(access, row) for row in rows]

    def _look(self, now: datetime) -> None:
        with self._context.store.read() as session:
            today = self._made(session, now)
            deals = self._new_deals(session, now)
            known = session.cities.document(now.date())
        self.rate = today.completion
        self._deals |= deals
        body = document.written(today).decode("utf-8")
        essence = (now.date(), _essence(body))
        if self._essence is None and known is not None:
            self._essence = (known.date, _essence(known.body))
        if essence == self._essence:
            return
        with self._context.store.write(quiet=True) as session:
            state = session.cities.next_seq()
            session.cities.put(UnsentDocument(now.date(), state.epoch, state.seq, body))
        self._essence = essence
        self._file.remember(Version(state.epoch, state.seq))

    def _made(self, session: store.Session, now: datetime) -> Document:
        """Return today's document, without its version."""
        today = now.date()
        periods = {
            period: session.standings(*period_of(period, today)) for period in ("day", "week", "month")
        }
        day = periods["day"]
        people = tuple((row.name, row.amount) for row in day.people[: document.MOST_PEOPLE])
        return Document(
            "", today, Version(0, 0), now.isoformat(timespec="seconds"),
            self._context.rhythm.office[: document.NAME_LIMIT], self._file.install,
            {period: _sum(standings) for period, standings in periods.items()},
            tuple(TeamSum(row.name, row.amount, row.count, row.rate) for row in day.teams),
            people if self._names() else (), day.rate,
        )  # fmt: skip

    def sent(self, unsent: Unsent) -> None:
        """Record the broker's receipt of a document."""
        day = date.fromisoformat(unsent.topic.rpartition("/")[2])
        with self._context.store.write(quiet=True, synced=False) as session:
            session.cities.sent(day, *unsent.version)

    # --- big deals

    def _new_deals(self, session: store.Session, now: datetime) -> dict[str, tuple[BigDeal, float]]:
        newest = self._newest_deal or 0
        fresh = [deal for deal in session.deals.last(_MOST_DEALS) if deal.id > newest]
        if not fresh:
            return {}
        self._newest_deal = max(deal.id for deal in fresh)
        hidden = {person.id for person in session.roster.people() if person.hidden}
        big = [deal for deal in fresh if self._is_big(deal)]
        made = [
            self._unsent_deal(deal, now, named=self._names() and deal.person_id not in hidden) for deal in big
        ]
        return {deal.ident: (deal, until) for deal, until in made}

    def _is_big(self, deal: Deal) -> bool:
        return (
            deal.voided is None
            and deal.replaces is None
            and deal.amount > self._context.rhythm.broadcasts.big_over
        )

    def _unsent_deal(self, deal: Deal, now: datetime, *, named: bool) -> tuple[BigDeal, float]:
        ident = hashlib.sha256(f"{self._file.install}:{deal.id}:{deal.key}".encode()).hexdigest()[:16]
        until = self._context.clock.monotonic() + EXPIRY_S - max(0.0, (now - deal.at).total_seconds())
        names = (deal.person, deal.team) if named else ("", "")
        return BigDeal("", ident, deal.amount, *names), until

    def unsent_deals(self) -> Sequence[UnsentDeal]:
        """Return the big deals that others can still be shown in time."""
        now = self._context.clock.monotonic()
        self._deals = {
            key: (deal, until) for key, (deal, until) in self._deals.items() if until > now + LATEST_S
        }
        return tuple(UnsentDeal(deal, until - now) for deal, until in self._deals.values())

    def deal_sent(self, deal: BigDeal) -> None:
        """Record the broker's receipt of a big deal."""
        self._deals.pop(deal.ident, None)


def _unsent(access: Access, row: UnsentDocument) -> Unsent:
    fields = {**json.loads(row.body), "epoch": row.epoch, "seq": row.seq}
    payload = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    topic = document.standings_topic(access.org, access.branch, row.date)
    return Unsent(topic, Version(row.epoch, row.seq), payload)


def _essence(body: str) -> object:
    """Return what counts as content: all fields but the document's version."""
    fields: dict[str, Any] = json.loads(body)
    return {key: value for key, value in fields.items() if key not in _ORDER_FIELDS}


def _sum(standings: Standings) -> Sum:
    return Sum(standings.amount, standings.target, standings.count)
