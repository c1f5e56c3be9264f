"""Numbers beside the deals: entered by phone, program or table, ranked by day, week and month, never announced."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from controller.names import same_name, tidy_name
from controller.sales.measure_boards import MeasureBoard, board_of
from controller.sales.measure_import import LARGEST_TABLE, MeasureRow, is_heading, rows_of
from controller.sales.measures import Entered, in_units, parse_value
from controller.sales.model import Person, Refused
from controller.sales.people_import import LineFault
from controller.sales.session import Session
from controller.sales.text_tables import read
from controller.services.context import Context
from controller.timetable.model import Measure
from controller.timetable.times import PERIODS, period_of

LOOK_BACK: Final = timedelta(days=366)
MOST_FAULTS: Final = 50
_READ_AT_ONCE: Final = 2000
HEADINGS: Final = ("日期", "团队", "人员", "项目", "数值", "单位")


@dataclass(frozen=True, slots=True)
class Asked:
    """One value of a request. `person`: an id or a name; `added`: add it to the day instead of setting it."""

    person: int | str
    value: object
    team: str | None = None
    added: bool = False


@dataclass(frozen=True, slots=True)
class TableRead:
    """The effect of a table: numbers that change, people and days in it, and the faults, each with its line."""

    changed: int
    rows: int
    faults: tuple[LineFault, ...]


class MeasureService:
    """Thread-safe."""

    def __init__(self, context: Context):
        self._context = context
        self._kept: tuple[object, tuple[MeasureBoard, ...]] | None = None

    def measures(self) -> tuple[Measure, ...]:
        """Return the measures of the timetable in force."""
        return self._context.rhythm.measures

    # --- entering

    def enter(self, measure: str, values: Sequence[Asked], when: date | None, key: str, by: str) -> int:
        """Store people's values of a day, default today; return how many changed.

        The same key again changes nothing. Raises Refused for an unknown measure or person, a wrong value or day.
        """
        known, today = self._known(measure), self._context.clock.now().date()
        day = self._checked_day(when or today)
        parsed = [parse_value(one.value, known.unit) for one in values]
        with self._context.store.write() as session:
            changed = 0
            for one, value in zip(values, parsed, strict=True):
                entered = Entered(_person(session, one), value, one.added)
                at = self._context.clock.now()
                changed += session.measures.enter(
                    known.name, day, entered, f"{key}:{entered.person.id}", at, by
                )
        return changed

    def _known(self, name: str) -> Measure:
        found = next((one for one in self.measures() if same_name(one.name, name)), None)
        if found is None:
            names = "、".join(one.name for one in self.measures())
            there = f"可以记：{names}。" if names else "作息表的 measures 里还没有写要记什么。"
            raise Refused(f"不记“{name[:20]}”。{there}", "measure")
        return found

    def _checked_day(self, day: date) -> date:
        today = self._context.clock.now().date()
        if day > today:
            raise Refused("以后的日子还不能记。", "date")
        if day < today - LOOK_BACK:
            raise Refused("最多补记一年以内的。", "date")
        return day

    def take_table(self, data: bytes, by: str, *, write: bool) -> TableRead:
        """Read a CSV table of values and, with `write` and without a fault, store it. Raises Refused."""
        units = {one.name: one.unit for one in self.measures()}
        if not units:
            raise Refused("作息表的 measures 里还没有写要记什么。", "file")
        if len(data) > LARGEST_TABLE:
            raise Refused("表格太大，最多 1 MB，请分几次导入。", "file")
        rows, faults = rows_of(read(data, lambda cells: is_heading(cells, units)), units)
        if not rows and not faults:
            raise Refused("只有标题行，没有数。", "file")
        if not write:
            with self._context.store.read() as session:
                entries, more = self._entries(session, rows)
                return TableRead(_changes(session, entries), len(rows), _first((*faults, *more)))
        with self._context.store.write() as session:
            entries, more = self._entries(session, rows)
            if faults or more:
                return TableRead(0, len(rows), _first((*faults, *more)))
            return TableRead(self._store(session, entries, by), len(rows), ())

    def _entries(
        self, session: Session, rows: Iterable[MeasureRow]
    ) -> tuple[list[tuple[str, date, Entered]], list[LineFault]]:
        """Return the entries that the rows mean, and the rows whose person or day is unknown or comes twice."""
        today = self._context.clock.now().date()
        people = _by_name(session.roster.people())
        entries: list[tuple[str, date, Entered]] = []
        faults: list[LineFault] = []
        seen: dict[tuple[int, date], int] = {}
        for row in rows:
            try:
                person, when = _named(people, row.person, row.team), self._checked_day(row.date or today)
                first = seen.setdefault((person.id, when), row.line)
                if first != row.line:
                    raise Refused(f"和第 {first} 行是同一个人、同一天。", "person")
            except Refused as refused:
                faults.append(LineFault(row.line, refused.sentence, f"{row.team} {row.person}".strip()))
                continue
            entries += [(measure, when, Entered(person, value)) for measure, value in row.values.items()]
        return entries, faults

    def _store(self, session: Session, entries: Iterable[tuple[str, date, Entered]], by: str) -> int:
        key, now = secrets.token_hex(8), self._context.clock.now()
        return sum(
            session.measures.enter(measure, when, entered, f"table-{key}-{number}", now, by)
            for number, (measure, when, entered) in enumerate(entries)
        )

    # --- reading

    def boards(self, period: str, day: date) -> tuple[MeasureBoard, ...]:
        """Return each measure's board of the day, week or month that contains `day`."""
        with self._context.store.read() as session:
            return self._boards(session, period, day)

    def of_wall(self, session: Session, today: date) -> tuple[MeasureBoard, ...]:
        """Return all boards of the day, the week and the month; the same until an entry or the roster changes."""
        state = (session.measures.last_entry(), session.roster.version(), today, self.measures())
        kept = self._kept
        if kept is None or kept[0] != state:
            found = (board for period in PERIODS for board in self._boards(session, period, today))
            kept = self._kept = (state, tuple(found))
        return kept[1]

    def _boards(self, session: Session, period: str, day: date) -> tuple[MeasureBoard, ...]:
        since, until = period_of(period, day)
        everybody, teams = session.everybody()
        people = {person.id: person for person in everybody}
        named = {team.id: team for team in teams}
        found = []
        for measure in self.measures():
            if period == "month":
                sums = session.measures.of_month(measure.name, since)
            else:
                sums = session.measures.of_span(measure.name, since, until)
            found.append(board_of(measure, period, sums, people, named))
        return tuple(found)

    def of_team(self, team: str, when: date | None) -> tuple[tuple[Person, Mapping[str, Decimal]], ...]:
        """Return a team's people with their values of a day, for the form. Raises Refused."""
        day = self._checked_day(when or self._context.clock.now().date())
        with self._context.store.read() as session:
            row = session.roster.team(team)
            if row is None:
                raise Refused(f"没有叫“{team}”的团队。", "team")
            people = [person for person in session.people() if person.team_id == row.id]
            values = session.measures.of_people(day, (person.id for person in people))
        return tuple(
            (person, {m: in_units(value) for (m, ident), value in values.items() if ident == person.id})
            for person in people
        )

    def rows(self, since: date, until: date) -> Iterator[tuple[str, ...]]:
        """Yield the cells of a span's values, oldest first, with the headings; read in pages."""
        units = {one.name: one.unit for one in self.measures()}
        yield HEADINGS
        after = (date.min, "", 0)
        while True:
            with self._context.store.read() as session:
                found = session.measures.next(since, until, after, _READ_AT_ONCE)
            for day, measure, _, team, person, value in found:
                name = str(measure)
                yield (
                    str(day),
                    str(team),
                    str(person),
                    name,
                    f"{in_units(int(str(value))):f}",
                    units.get(name, ""),
                )
            if len(found) < _READ_AT_ONCE:
                return
            after = (date.fromisoformat(str(found[-1][0])), str(found[-1][1]), int(str(found[-1][2])))


def _person(session: Session, asked: Asked) -> Person:
    if isinstance(asked.person, str):
        return session.roster.find(asked.person, asked.team)
    person = session.roster.person(asked.person)
    if person is None:
        raise Refused(f"名单里没有编号为 {asked.person} 的人，请重新打开这一页。", "person")
    return person


def _by_name(people: Iterable[Person]) -> dict[str, list[Person]]:
    named: dict[str, list[Person]] = {}
    for person in people:
        named.setdefault(tidy_name(person.name), []).append(person)
    return named


def _named(people: Mapping[str, Sequence[Person]], name: str, team: str) -> Person:
    same = people.get(tidy_name(name), ())
    if team:
        same = [person for person in same if same_name(person.team, team)]
    if not same:
        raise Refused(f"名单里没有“{name[:20]}”{f'（{team[:20]}）' if team else ''}。", "person")
    if len(same) > 1:
        teams = "、".join(person.team for person in same)
        raise Refused(f"有 {len(same)} 位“{name}”（{teams}），请加一列“团队”。", "person")
    return same[0]


def _changes(session: Session, entries: Sequence[tuple[str, date, Entered]]) -> int:
    """Return how many entries differ from the stored values."""
    days: dict[date, set[int]] = {}
    for _, when, entered in entries:
        days.setdefault(when, set()).add(entered.person.id)
    stored = {when: session.measures.of_people(when, people) for when, people in days.items()}
    return sum(
        stored[when].get((measure, entered.person.id), 0) != entered.value
        for measure, when, entered in entries
    )


def _first(faults: tuple[LineFault, ...]) -> tuple[LineFault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.line)[:MOST_FAULTS])
