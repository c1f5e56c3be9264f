"""News for links: each event's messages are written in the transaction of the event, one row per link that wants it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Protocol

from controller.health import HealthProblem
from controller.links.policy import MERGED, SETTLE
from controller.links.port import LinkSpec
from controller.moments import local_time
from controller.sales import results
from controller.sales.link_messages import NewLinkMessage
from controller.sales.model import BIG, FIRST_OF_DAY, FIRST_OF_WEEK, RECORD, Deal, Kind
from controller.sales.results import Show
from controller.sales.standings import Standing
from controller.sales.store import Session
from controller.timetable.link_model import NEXT_MORNING
from controller.timetable.times import period_of

_KIND_OF: Final[Mapping[Kind, str]] = {
    FIRST_OF_WEEK: "first",
    FIRST_OF_DAY: "first",
    RECORD: "big",
    BIG: "big",
}
MOST_ADDRESSES: Final = 5
HOURLY_AFTER_S: Final = (60.0, 180.0)
"""Round-ups go out this long after the full hour, spread: vendors are busiest at :00."""
MAIL_TIME: Final = time(9, 20)
WITHDRAWN: Final = "这一单撤回了，没有发。"
OVER_UNSENT: Final = "还没有发出去就好了，不再发。"


class Receivers(Protocol):
    """See `LinkService.receivers`."""

    def __call__(self, kind: str, *, silent: bool = False) -> Sequence[LinkSpec]: ...


class LinkNews:
    """Called inside transactions: it only adds rows. `receivers`: the links that want an event."""

    def __init__(
        self, receivers: Receivers, next_workday: Callable[[date], date],
        chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._receivers, self._next_workday, self._chance = receivers, next_workday, chance

    def put(
        self, session: Session, kind: str, key: str, facts: Mapping[str, Any], now: datetime, *,
        due: datetime | None = None, silent: bool = False, without: Collection[str] = (),
    ) -> None:  # fmt: skip
        """Add an event for every link that wants it; once per key. `silent`: the office announces it to nobody."""
        settle = SETTLE if kind in MERGED else timedelta()
        for spec in self._receivers(kind, silent=silent):
            if spec.ident not in without:
                uid, at = secrets.token_hex(8), due or now + settle
                session.link_messages.add(NewLinkMessage(uid, spec.ident, key, kind, facts, now, at))

    def recorded(
        self, session: Session, deal: Deal, old: Deal | None, how: Kind, now: datetime, *, silent: bool
    ) -> None:
        """Add a recorded deal; links that may have got the deal that it replaces, `old`, get a correction instead."""
        corrected = self.taken_back(session, old, now, deal) if old is not None else frozenset()
        self.deal(session, deal, how, now, silent=silent, without=corrected)

    def deal(
        self, session: Session, deal: Deal, how: Kind, now: datetime, *, silent: bool = False, again: int = 0,
        without: Collection[str] = (),
    ) -> None:  # fmt: skip
        """Add a deal; `how`: why it was announced; `again`: its number of voids and restores."""
        kind = _KIND_OF.get(how, "deal")
        key = f"deal:{deal.id}:{again}" if again else f"deal:{deal.id}"
        if self._receivers(kind, silent=silent):
            facts = {**deal_facts(session, deal), "how": str(how)}
            self.put(session, kind, key, facts, now, silent=silent, without=without)

    def taken_back(
        self, session: Session, deal: Deal, now: datetime, new: Deal | None = None
    ) -> frozenset[str]:
        """Report a deal that was taken back, or replaced by `new`, to the links that have got it or may get it.

        Programs hear of it also when the deal is older than they are. Returns the links that get a correction.
        """
        again = len(session.deals.history(deal.id))
        keys = (f"deal:{deal.id}", *(f"deal:{deal.id}:{n}" for n in range(1, again + 1)))
        known = {link for key in keys for link in session.link_messages.links_of(key)}
        got = {link for key in keys for link in session.link_messages.withdraw(key, WITHDRAWN, now)}
        facts = {**deal_facts(session, deal), "at": f"{deal.at:%H:%M}", "moment": _second(deal.at)}
        if new is not None:
            facts["new"] = deal_facts(session, new)
        corrected = set()
        for spec in self._receivers("correction"):
            unknown = getattr(spec, "every_correction", False) and spec.ident not in known
            if spec.ident in got or unknown:
                uid, key = secrets.token_hex(8), f"void:{deal.id}:{again}"
                row = NewLinkMessage(uid, spec.ident, key, "correction", facts, now, now + SETTLE)
                session.link_messages.add(row)
                corrected.add(spec.ident)
        return frozenset(corrected)

    def target(self, session: Session, row: Standing, deal: Deal, now: datetime) -> None:
        """Add a team's target that a deal has reached."""
        facts = {
            "team": row.name, "amount": str(row.amount), "target": str(row.target), "rate": str(row.rate),
            "deal": deal.id,
        }  # fmt: skip
        self.put(session, "target", f"target:{deal.id}", facts, now)

    def hourly(
        self, session: Session, deals: Sequence[Deal], of_the_day: Sequence[Deal], now: datetime
    ) -> None:
        """Add the round-up of a full hour."""
        rows = [deal_facts(session, deal) for deal in deals]
        facts = {
            "at": f"{now:%H:%M}", "deals": rows, "count": len(deals), "amount": str(sum(d.amount for d in deals)),
            "day_count": len(of_the_day), "day_amount": str(sum(d.amount for d in of_the_day)),
        }  # fmt: skip
        least, most = HOURLY_AFTER_S
        due = now + timedelta(seconds=least + (most - least) * self._chance())
        self.put(session, "hourly", f"hourly:{now:%Y-%m-%dT%H:%M}", facts, now, due=due)

    def fault(self, session: Session, problem: HealthProblem, key: str, now: datetime) -> None:
        """Add a problem of the box."""
        facts = {
            "what": problem.for_groups,
            "meanwhile": problem.meanwhile,
            "mend": problem.mend,
        }
        self._add_to_all(session, key, {**facts, "over": False}, now, self._receivers("fault"))

    def fault_over(self, session: Session, what: str, key: str, now: datetime) -> None:
        """Add the end of a problem, for the links that have got it; one that waited through the night is dropped."""
        keys = (key, *(f"{key}#{number}" for number in range(1, MOST_ADDRESSES)))
        got = {link for one in keys for link in session.link_messages.withdraw(one, OVER_UNSENT, now)}
        links = [spec for spec in self._receivers("fault") if spec.ident in got]
        self._add_to_all(session, f"{key}:over", {"what": what, "over": True}, now, links)

    def daily(self, session: Session, facts: Mapping[str, Any], day: date, now: datetime) -> None:
        """Add the day's line."""
        self._add_to_all(session, f"daily:{day}", facts, now, self._receivers("daily"), "daily")

    def _add_to_all(
        self, session: Session, key: str, facts: Mapping[str, Any], now: datetime, links: Sequence[LinkSpec],
        kind: str = "fault",
    ) -> None:  # fmt: skip
        """Add one message for each link, a mailbox gets one for each address."""
        for spec in links:
            for number, address in enumerate(getattr(spec, "faults_to", ("",))):
                own = {**facts, **({"to": address, "to_name": ""} if address else {})}
                each = f"{key}#{number}" if number else key
                row = NewLinkMessage(secrets.token_hex(8), spec.ident, each, kind, own, now, now)
                session.link_messages.add(row)

    def results(self, session: Session, show: Show, now: datetime) -> None:
        """Add the frozen results, and the top sales of week and month on their last day."""
        self.put(session, "results", f"results:{show.date}", results.to_json(show), now)
        for period, row, prize in (
            ("week", show.week_top, show.week_prize), ("month", show.month_top, show.month_prize),
        ):  # fmt: skip
            if row is not None:
                facts = {
                    "team": row.team, "person": row.name, "count": row.count, "amount": str(row.amount), "prize": prize,
                    "photo": row.photo, "date": show.date.isoformat(), "person_id": row.id,
                }  # fmt: skip
                self.put(session, period, f"{period}:{show.date}", facts, now)
                standings = session.standings(*period_of(period, show.date))
                teams = [
                    {"name": team.name, "amount": str(team.amount)} for team in standings.teams if team.count
                ]
                self._mails(session, f"{period}_mail", {**facts, "teams": teams}, show, now)

    def _mails(
        self, session: Session, kind: str, facts: Mapping[str, Any], show: Show, now: datetime
    ) -> None:
        """Add one mail for each person with an address: at once, or in the morning of the next working day."""
        for spec in self._receivers(kind):
            due = now
            if getattr(spec, "at", "") == NEXT_MORNING:
                due = local_time(self._next_workday(show.date), MAIL_TIME, session.rows.zone)
            for person in session.roster.people():
                if person.email:
                    own = {**facts, "to": person.email, "to_name": person.name, "to_person": person.id}
                    uid, key = secrets.token_hex(8), f"{kind}:{show.date}:{person.id}"
                    session.link_messages.add(NewLinkMessage(uid, spec.ident, key, kind, own, now, due))


def _second(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def deal_facts(session: Session, deal: Deal) -> dict[str, Any]:
    """Return a deal as links get it."""
    person = session.roster.person(deal.person_id)
    return {
        "deal": deal.id, "key": deal.key, "person": deal.person, "team": deal.team, "product": deal.product,
        "amount": str(deal.amount), "at": _second(deal.at), "date": deal.date.isoformat(),
        "hidden": person.hidden if person is not None else False,
    }  # fmt: skip
