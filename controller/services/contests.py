"""Contests: create, preview, show, end and remove them; their results after those of their last day."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from controller.glance import UNNAMED, ContestView
from controller.names import tidy_name
from controller.sales import contests
from controller.sales.awards import CONTEST, Award
from controller.sales.contest_rows import KeptContest
from controller.sales.contests import Facts, Rules, Side
from controller.sales.deals import Sale
from controller.sales.messages import seconds
from controller.sales.model import Conflict, Kind, Line, NewAnnouncement, Refused, StoredScript, Unknown
from controller.sales.session import Session
from controller.services import announcement_priority
from controller.services.context import WORDS, Context
from controller.timetable.model import DayPlan
from controller.timetable.times import period_of

log = logging.getLogger(__name__)

ROWS: Final = 3
PREVIEWED: Final = 20
"""Rows of each group that screens get; the phone asks for all of one contest."""
MOST_SHOWN: Final = 6
MOST_PAST: Final = 20
KEPT_S: Final = 300.0
"""Maximum age of cached sums of past days: only a deal taken back changes them."""
AFTER_RESULTS_S: Final = 15.0
"""Between the estimated end of the results and the announcement of the contests: applause and a breath."""


@dataclass(frozen=True, slots=True)
class _Past:
    """The part that does not change during a day: the sums of the days before, the comparison, the targets."""

    read_at: float
    sales: tuple[Sale, ...]
    before: Mapping[int, int]
    targets: Mapping[int, int]
    days: int


class ContestService:
    """Thread-safe."""

    def __init__(self, context: Context):
        self._context = context
        self._lock = threading.Lock()
        self._past: dict[tuple[int, date, int], _Past] = {}
        self._views: dict[tuple[object, ...], tuple[float, ContestView]] = {}

    # --- making

    def rules(self, fields: Mapping[str, Any]) -> Rules:
        """Return the rules of a form. Raises Refused with the field."""
        today = self._context.clock.now().date()
        since = self._first_workday(fields.get("since") or today)
        rules = Rules(
            tidy_name(str(fields["name"])), fields["kind"], fields["measure"], since,
            self._last_workday(since, fields["days"]), tuple(dict.fromkeys(fields.get("sides", ()))),
            prize=str(fields.get("prize", "")),
        )  # fmt: skip
        with self._context.store.read() as session:
            rules = self._completed(session, rules, fields.get("size") or contests.GROUP_SIZE)
            contests.check(rules, today)
            _check_sides(session, rules)
        return rules

    def _completed(self, session: Session, rules: Rules, size: int) -> Rules:
        """Return the rules with the groups of equals, and with the period of comparison."""
        if rules.kind == contests.GROUPS:
            since, until = period_of("month", rules.since.replace(day=1) - timedelta(days=1))
            there = {person.id for person in session.people() if not person.hidden}
            sums = {i: fen for i, fen in session.contests.before(since, until).items() if i in there}
            rules = replace(rules, groups=contests.equals(sums, size), sides=())
        if rules.measure == contests.IMPROVED:
            days = self._workdays(rules.since, rules.until)
            first = last = self._context.timetable_file.workday_before(rules.since) or rules.since
            for _ in range(days - 1):
                first = self._context.timetable_file.workday_before(first) or first
            rules = replace(rules, before=(first, last), before_days=self._workdays(first, last))
        return rules

    def preview(self, rules: Rules) -> ContestView:
        """Return a contest as it would stand now; nothing is stored."""
        now = self._context.clock.now()
        with self._context.store.read() as session:
            return self._view(session, KeptContest(0, "", rules, now, ""), now, PREVIEWED)

    def create(self, rules: Rules, key: str, by: str) -> tuple[KeptContest, bool]:
        """Store a contest. Raises Refused when too many are open, Conflict for a name that is taken."""
        with self._context.store.write() as session:
            opened = session.contests.open()
            same = next((kept for kept in opened if kept.rules.name == rules.name and kept.key != key), None)
            if same is not None:
                raise Conflict(f"已经有一个叫“{rules.name}”的比赛，请换一个名称。", "name")
            if len(opened) >= contests.MOST_OPEN and all(kept.key != key for kept in opened):
                raise Refused(f"同时最多 {contests.MOST_OPEN} 个比赛，请先结束或删除一个。", "name")
            return session.contests.add(key, rules, by, self._context.clock.now())

    def end(self, ident: int, by: str) -> KeptContest:
        """End a contest early: its result is frozen, announced and recorded now. Raises Refused, Unknown."""
        now = self._context.clock.now()
        with self._context.store.write() as session:
            kept = _known(session, ident)
            if kept.ended is not None:
                raise Refused("这个比赛已经结束了。", "id")
            if kept.rules.since > now.date():
                raise Refused("这个比赛还没有开始，可以删除它。", "id")
            line = self._finish(session, kept, now, by)
            self._announce(session, f"contest:{ident}", (line,), now, now)
            return _known(session, ident)

    def remove(self, ident: int, by: str) -> None:
        """Take a contest off all lists, without a result. Raises Unknown."""
        with self._context.store.write() as session:
            _known(session, ident)
            session.contests.remove(ident, by, self._context.clock.now())

    # --- the end of the last day

    def settle(self, session: Session, plan: DayPlan, now: datetime, spoken: str) -> None:
        """End the contests whose last working day this is, after the results whose text is `spoken`."""
        ends = [kept for kept in session.contests.open() if self._over(kept.rules, plan.date)]
        lines = tuple(self._finish(session, kept, now, "") for kept in ends)
        if lines:
            due = now + timedelta(seconds=seconds(spoken) + AFTER_RESULTS_S)
            self._announce(session, f"contests:{plan.date}", lines, now, due)

    def _over(self, rules: Rules, day: date) -> bool:
        """Return whether no working day of the contest follows; a day that was taken off counts as none."""
        after = self._context.timetable_file.workday_after(day)
        return rules.since <= day and (after is None or after > rules.until)

    def _finish(self, session: Session, kept: KeptContest, now: datetime, by: str) -> Line:
        until = min(now.date(), kept.rules.until)
        facts = self._facts(session, kept.rules, self._read(session, kept.rules, until, until))
        sides = contests.standings(kept.rules, facts)
        text = contests.result_text(kept.rules, sides, WORDS, self._context.rhythm.broadcasts.contest)
        shown = _first_rows(sides, 10)
        session.contests.end(kept.id, {"text": text, "sides": [side_json(side) for side in shown]}, by, now)
        for side in contests.winners(sides):
            session.awards.add(_award(kept, side, until, now))
        return Line(text)

    def _announce(
        self, session: Session, key: str, lines: tuple[Line, ...], now: datetime, due: datetime
    ) -> None:
        why = "比赛结束了，在战报之后播报。" if due > now else "比赛结束了。"
        new = NewAnnouncement(
            key, Kind.CONTEST, "".join(line.text for line in lines), why, now, now.date(), due=due,
            priority=announcement_priority.TIMETABLE, script=StoredScript(lines, "large"),
        )  # fmt: skip
        session.outbox.add(new)

    # --- reading

    def shown(self, session: Session, now: datetime) -> tuple[ContestView, ...]:
        """Return the contests for the walls: those that run today, the first to end first."""
        today = now.date()
        running = [kept for kept in session.contests.open() if kept.rules.since <= today <= kept.rules.until]
        running.sort(key=lambda kept: (kept.rules.until, kept.id))
        return tuple(self._kept_view(session, kept, now) for kept in running[:MOST_SHOWN])

    def all(self) -> tuple[tuple[ContestView, ...], tuple[KeptContest, ...]]:
        """Return the open contests with their best rows, and the last ones that ended."""
        now = self._context.clock.now()
        with self._context.store.read() as session:
            opened = tuple(self._kept_view(session, kept, now) for kept in session.contests.open())
            past = session.contests.past(MOST_PAST)
            return opened, tuple(_veiled(session, kept) for kept in past)

    def one(self, ident: int) -> tuple[KeptContest, ContestView]:
        """Return a contest with its rows. Raises Unknown."""
        now = self._context.clock.now()
        with self._context.store.read() as session:
            kept = _veiled(session, _known(session, ident))
            return kept, self._view(session, kept, now, contests.MOST_SIDES)

    def _kept_view(self, session: Session, kept: KeptContest, now: datetime) -> ContestView:
        """Return a view, computed again only after a deal of today or a change of the roster."""
        today = now.date()
        total = session.history.total(today, today)
        key = (kept.id, today, session.roster.version(), total, self._left(kept.rules, today))
        with self._lock:
            found = self._views.get(key)
        if found is not None and time.monotonic() - found[0] < KEPT_S:
            return found[1]
        view = self._view(session, kept, now, ROWS)
        with self._lock:
            if len(self._views) > 2 * contests.MOST_OPEN:
                self._views.clear()
            self._views[key] = (time.monotonic(), view)
        return view

    def _view(self, session: Session, kept: KeptContest, now: datetime, most: int | None) -> ContestView:
        rules, today = kept.rules, now.date()
        until = min(today, rules.until)
        facts = self._facts(session, rules, self._cached(session, kept, until))
        sides = contests.standings(rules, facts, most)
        return ContestView(kept.id, rules, sides, self._left(rules, today), kept.by)

    def _left(self, rules: Rules, today: date) -> int:
        """Return the working days that remain, today included."""
        return self._workdays(max(today, rules.since), rules.until) if today <= rules.until else 0

    def _cached(self, session: Session, kept: KeptContest, today: date) -> _Past:
        key = (kept.id, today, session.roster.version())
        with self._lock:
            past = self._past.get(key)
        if kept.id and past is not None and time.monotonic() - past.read_at < KEPT_S:
            sales = (*past.sales, *_sales(session, kept.rules.since, today, today))
            return replace(past, sales=sales)
        whole = self._read(session, kept.rules, today - timedelta(days=1), today)
        with self._lock:
            if len(self._past) > 2 * contests.MOST_OPEN:
                self._past.clear()
            self._past[key] = whole
        return replace(whole, sales=(*whole.sales, *_sales(session, kept.rules.since, today, today)))

    def _read(self, session: Session, rules: Rules, until: date, today: date) -> _Past:
        """Read the sums up to `until`, and the figures for the comparison."""
        sales = _sales(session, rules.since, rules.since, until)
        before: Mapping[int, int] = {}
        if rules.before is not None:
            of_teams = rules.kind == contests.TEAMS
            read = session.contests.before_of_teams if of_teams else session.contests.before
            before = read(*rules.before)
        targets: Mapping[int, int] = {}
        if rules.measure == contests.TARGET:
            people, teams = session.roster.targets_in_fen(rules.since, today)
            targets = teams if rules.kind == contests.TEAMS else people
        return _Past(time.monotonic(), sales, before, targets, self._workdays(rules.since, today))

    def _facts(self, session: Session, rules: Rules, past: _Past) -> Facts:
        people, teams = session.everybody()
        active = session.active_ids()
        return Facts(past.sales, people, active, teams, past.before, past.targets, max(1, past.days))

    # --- working days

    def _first_workday(self, day: date) -> date:
        works = self._context.timetable_file.works
        return day if works(day) else self._context.next_workday(day)

    def _last_workday(self, since: date, days: int) -> date:
        day = since
        for _ in range(days - 1):
            day = self._context.next_workday(day)
        return day

    def _workdays(self, since: date, until: date) -> int:
        works = self._context.timetable_file.works
        return sum(works(since + timedelta(days=n)) for n in range((until - since).days + 1))


def side_json(side: Side) -> dict[str, object]:
    """Return a row as plain JSON values, for the store and the API."""
    return {
        "id": side.id, "name": side.name, "team": side.team, "place": side.place, "count": side.count,
        "amount": f"{side.amount:.2f}", "group": side.group, "left": side.left,
        "score": None if side.score is None else f"{side.score:.4f}",
    }  # fmt: skip


def _sales(session: Session, first: date, since: date, until: date) -> tuple[Sale, ...]:
    since = max(first, since)
    return session.deals.sales(since, until) if since <= until else ()


def _first_rows(sides: Sequence[Side], most: int) -> list[Side]:
    """Return each group's best rows."""
    taken: dict[int, int] = {}
    rows = []
    for side in sides:
        taken[side.group] = taken.get(side.group, 0) + 1
        if taken[side.group] <= most:
            rows.append(side)
    return rows


def _award(kept: KeptContest, side: Side, until: date, now: datetime) -> Award:
    rules, person = kept.rules, kept.rules.kind != contests.TEAMS
    title = rules.name + (f" {contests.group_name(side.group)}" if side.group else "")
    return Award(
        CONTEST, rules.since, until, side.id if person else 0, side.name if person else "", side.team_id, side.team,
        side.count, side.amount, rules.prize, now, kept.id, title,
    )  # fmt: skip


def _known(session: Session, ident: int) -> KeptContest:
    kept = session.contests.get(ident)
    if kept is None:
        raise Unknown(f"没有编号为 {ident} 的比赛。", "id")
    return kept


def _veiled(session: Session, kept: KeptContest) -> KeptContest:
    """Return an ended contest without the names of people who are hidden now."""
    hidden = {person.id: person.name for person in session.everybody()[0] if person.hidden}
    if kept.result is None or kept.rules.kind == contests.TEAMS or not hidden:
        return kept
    text = str(kept.result["text"])
    for name in sorted(hidden.values(), key=len, reverse=True):
        text = text.replace(name, UNNAMED)
    sides = [side for side in kept.result["sides"] if side["id"] not in hidden]
    return replace(kept, result={"text": text, "sides": sides})


def _check_sides(session: Session, rules: Rules) -> None:
    """Refuse ids that are not on the roster, and people who are hidden."""
    if rules.kind == contests.TEAMS:
        there = {team.id for team in session.roster.teams()}
        if rules.sides and not set(rules.sides) <= there:
            raise Refused("选的团队里有一个已经不在名单里，请重新选择。", "sides")
        return
    people = {person.id: person for person in session.people()}
    for ident in rules.sides:
        if ident not in people:
            raise Refused("选的人里有一个已经不在名单里，请重新选择。", "sides")
        if people[ident].hidden:
            raise Refused(f"{people[ident].name}不在屏幕上显示，不能参加公开的比赛。", "sides")
