"""Duties: what is due for a role, ticks, one-to-ones, coaching and team building. They remind, nothing is scored.

**Rules.** A duty of the timetable is ticked once a date; a leader's duty by each leader. Everything that is open is
listed from the last timed duty of leaders on (17:30). A one-to-one is due with each person once a month; its
note can be read by leaders and the director, and is deleted after twelve months. A team building is due in every second
month before the tenth.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from controller.moments import local_time
from controller.names import same_name
from controller.sales.duty_tables import OneToOne, Tick
from controller.sales.model import Person, Refused, Team, Unknown
from controller.sales.session import Session
from controller.sales.targets import month_of
from controller.services.context import Context
from controller.services.targets import TargetService, stand_up_end
from controller.timetable.model import DayPlan, Duty

COACHING_MIN = 60
"""Minutes of call analysis and coaching that a leader does each day."""
MOST_COACHING_MIN = 480
LONGEST_NOTE = 1000
NOTES_KEPT_MONTHS = 12
BEFORE_DAY = 10
MONTH = timedelta(days=30)
"""A team building is due before this day of its month."""
REVIEW_AT = time(17, 30)
REMINDED_FOR = timedelta(minutes=90)
"""Time for which a phone reminds of a duty that is due; leaders see it again when everything open is listed."""
EVERYONE = "everyone"
LEADER = "leader"
DIRECTOR = "director"
HANDS_IN = re.compile("交.*目标|目标.*交")
REVIEWS_TARGETS = re.compile("(检查|复核|核对|看).*目标|目标.*(检查|复核|核对)")
"""Duties of the timetable that the hand-in and the two reviews do, by their texts."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person for whom duties are read: a role of duties, a name for ticks, and a leader's team ("": unknown)."""

    role: str
    name: str
    team: str | None = None


@dataclass(frozen=True, slots=True)
class DutyState:
    """A duty of a date. `mine`: it concerns the viewer; `done`: the viewer's tick; `by`: everybody's ticks."""

    key: str
    duty: Duty
    mine: bool
    due: bool
    done: Tick | None
    by: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class TeamBuilding:
    """A team's last team building, and the day before which the next one is due."""

    team: Team
    last: date | None
    before: date


@dataclass(frozen=True, slots=True)
class Talked:
    """A team's people, and the number of them with a one-to-one this month (`held`)."""

    team: str
    held: int
    people: int


@dataclass(frozen=True, slots=True)
class DutyDay:
    """A date's duties for a viewer. `listed`: everything open is shown now; `leaders`: names, for their ticks.

    `people`: those of one team for one-to-ones, without a team the leaders, with `talked` for each team.
    """

    date: date
    duties: tuple[DutyState, ...]
    listed: bool
    leaders: tuple[str, ...]
    people: tuple[Person, ...]
    one_to_ones: tuple[OneToOne, ...]
    talked: tuple[Talked, ...]
    coaching: Mapping[str, int]
    team_buildings: tuple[TeamBuilding, ...]


def duty_key(duty: Duty) -> str:
    """Return the key of a duty among those of its date."""
    at = f"{duty.at:%H:%M:%S}" if duty.at else ""
    return hashlib.sha256(f"{at}|{duty.who}|{duty.what}".encode()).hexdigest()[:16]


def subject_of(duty: Duty, viewer: Viewer) -> str:
    """Return for whom a tick counts: each leader does a leader's duty, all others are done once."""
    return viewer.name if duty.who == LEADER else ""


def listed_from(plan: DayPlan) -> datetime:
    """Return when everything open is listed: the last timed duty of leaders, 17:30 without one."""
    at = [duty.at for duty in plan.duties if duty.who == LEADER and duty.at is not None]
    return max(at, default=local_time(plan.date, REVIEW_AT, plan.zone))


def next_team_building(last: date | None, today: date, began: date | None) -> date:
    """Return the day before which the next team building is due: two months after the last, else in an odd month.

    `began`: the team's first deal. A new team gets a month, so that it is not late on its first day.
    """
    if last is not None:
        return _tenth(last, 2)
    least = (began or today) + MONTH
    ahead = (_tenth(today, months) for months in range(5))
    fits = (day for day in ahead if day.month % 2 == 1 and day >= least)
    return next(day for day in fits if day > today or day.month == today.month)


def months_before(month: str, count: int) -> str:
    """Return the month `count` months before `month`: 2026-11, 12 is 2025-11."""
    year, number = (int(part) for part in month.split("-"))
    whole = year * 12 + number - 1 - count
    return f"{whole // 12:04d}-{whole % 12 + 1:02d}"


def _kept_since(now: datetime) -> str:
    return months_before(month_of(now.date()), NOTES_KEPT_MONTHS)


def _tenth(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 + months
    return date(whole // 12, whole % 12 + 1, BEFORE_DAY)


class DutyService:
    """Thread-safe."""

    def __init__(self, context: Context, targets: TargetService):
        self._context, self._targets = context, targets

    # --- ticks

    def tick(self, key: str, viewer: Viewer, *, done: bool) -> None:
        """Tick a duty of today, or take the tick back. Raises Refused for a duty that is not in today's plan."""
        now = self._context.clock.now()
        duty = next((one for one in self._context.plan(now).duties if duty_key(one) == key), None)
        if duty is None:
            raise Unknown("今天的作息里没有这件事，作息表可能刚改过。请刷新页面。", "duty")
        if not concerns(duty, viewer):
            raise Refused("这件事不归您做，不用打勾。", "duty")
        with self._context.store.write() as session:
            session.duties.delete_before(_kept_since(now))
            if done:
                session.duties.tick(now.date(), Tick(key, subject_of(duty, viewer), viewer.name, now))
            else:
                session.duties.untick(now.date(), key, subject_of(duty, viewer))

    def handed_in(self, team: str, who: str) -> None:
        """Tick the duty of the leaders of a team to hand in targets: it has just been done on the phone."""
        with self._context.store.read() as session:
            leaders = [one.name for one in session.people() if one.leader and same_name(one.team, team)]
        self._done(LEADER, HANDS_IN, 0, leaders, who)

    def reviewed(self, number: int, who: str) -> None:
        """Tick the director's duty that the first or second review of the targets has done."""
        self._done(DIRECTOR, REVIEWS_TARGETS, number - 1, [""], who)

    def _done(
        self, role: str, words: re.Pattern[str], number: int, subjects: Iterable[str], who: str
    ) -> None:
        """Tick the `number`-th duty of a role whose text matches; a timetable without one has nothing to tick."""
        now = self._context.clock.now()
        duties = [one for one in self._context.plan(now).duties if one.who == role and words.search(one.what)]
        if number >= len(duties):
            return
        with self._context.store.write() as session:
            for subject in subjects:
                session.duties.tick(now.date(), Tick(duty_key(duties[number]), subject, who, now))

    # --- one-to-ones

    def add_one_to_one(self, person: int, note: str, viewer: Viewer) -> OneToOne:
        """Note a one-to-one of this month. Raises Unknown for a person that is not on the list."""
        now = self._context.clock.now()
        month = month_of(now.date())
        with self._context.store.write() as session:
            if session.roster.person(person) is None:
                raise Unknown(f"名单里没有编号为 {person} 的人。", "person")
            session.duties.delete_before(_kept_since(now))
            ident = session.duties.add_one_to_one(month, person, viewer.name, now, note)
        return OneToOne(ident, month, person, viewer.name, now, note)

    def delete_one_to_one(self, ident: int, viewer: Viewer) -> None:
        """Delete a one-to-one with its note: its author or the director may. Raises Unknown or Refused."""
        with self._context.store.write() as session:
            row = session.duties.one_to_one(ident)
            if row is None:
                raise Unknown("这条谈话记录已经不在了。", "one_to_one")
            if not may_delete(row, viewer):
                raise Refused(f"这条记录是{row.author}写的，只有本人和总监能删。", "one_to_one")
            session.duties.delete_one_to_one(ident)

    def one_to_ones(self, person: int) -> tuple[OneToOne, ...]:
        """Return the one-to-ones with a person in the last twelve months, newest first."""
        since = _kept_since(self._context.clock.now())
        with self._context.store.read() as session:
            return session.duties.one_to_ones_with(person, since)

    def person_of(self, ident: int) -> Person | None:
        """Return the person with whom a one-to-one was held, None when there is no such row or person."""
        with self._context.store.read() as session:
            row = session.duties.one_to_one(ident)
            return session.roster.person(row.person_id) if row else None

    # --- coaching, team building

    def add_coaching(self, minutes: int, viewer: Viewer) -> None:
        """Add minutes of coaching of today; 0 starts the day's count again. Raises Refused above eight hours."""
        now = self._context.clock.now()
        with self._context.store.write() as session:
            if minutes == 0:
                session.duties.clear_coaching(now.date(), viewer.name)
                return
            if session.duties.coaching(now.date()).get(viewer.name, 0) + minutes > MOST_COACHING_MIN:
                raise Refused("一天最多记八小时。记多了可以清零重记。", "minutes")
            session.duties.add_coaching(now.date(), viewer.name, minutes, now)

    def set_team_building(self, team: str, day: date, viewer: Viewer, *, done: bool) -> None:
        """Note a team building of a past date or today, or take the note back. Raises Refused."""
        now = self._context.clock.now()
        if day > now.date():
            raise Refused("团队活动还没有办，请在办完以后记。", "date")
        with self._context.store.write() as session:
            row = session.roster.team(team)
            if row is None:
                raise Refused(f"没有叫“{team}”的团队。", "team")
            if done:
                session.duties.add_team_building(row.id, day, viewer.name, now)
            else:
                session.duties.remove_team_building(row.id, day)

    # --- reading

    def of_today(self, viewer: Viewer, team: str | None = None) -> DutyDay:
        """Return today's duties for a viewer, with the people of `team`; a leader's own team comes first."""
        now = self._context.clock.now()
        plan = self._context.plan(now)
        team = team if viewer.team is None else viewer.team
        with self._context.store.read() as session:
            everybody = session.roster.people()
            talks = session.duties.one_to_ones(month_of(now.date()))
            people = tuple(one for one in everybody if _talks_with(viewer, one, team))
            idents = {one.id for one in people}
            return DutyDay(
                now.date(), _states(plan, session.duties.ticks(now.date()), viewer, now),
                _listed(plan, now), tuple(one.name for one in everybody if one.leader),
                people, tuple(one for one in talks if one.person_id in idents),
                _talked(everybody, talks) if team is None else (),
                session.duties.coaching(now.date()), _team_buildings(session, viewer, now.date()),
            )  # fmt: skip

    def reminders(self, viewer: Viewer) -> tuple[str, ...]:
        """Return the reminders of the viewer's phone, the latest duty first."""
        now = self._context.clock.now()
        plan = self._context.plan(now)
        with self._context.store.read() as session:
            states = _states(plan, session.duties.ticks(now.date()), viewer, now)
        everything = viewer.role == LEADER and _listed(plan, now)
        open_now = [one.duty for one in states if one.mine and one.due and one.done is None]
        due = [one for one in open_now if one.at is not None and (everything or now < one.at + REMINDED_FOR)]
        lines = [f"{one.at:%H:%M} {one.what}" for one in reversed(due)]
        lines[1:1] = self._open_targets(viewer, plan, now)
        return (*lines, *(_open(self.of_today(viewer), viewer) if everything else ()))

    def _open_targets(self, viewer: Viewer, plan: DayPlan, now: datetime) -> list[str]:
        after = stand_up_end(plan)
        if not plan.workday or after is None or now < after or viewer.role not in (LEADER, "director"):
            return []
        names = [name for name in self._targets.open_teams(plan.date) if viewer.team in (None, name)]
        return [f"目标未交：{'、'.join(names)}"] if names else []


def _talks_with(viewer: Viewer, person: Person, team: str | None) -> bool:
    """Return whether a person is listed for one-to-ones: a leader's own team, for others a team or the leaders."""
    if team is None:
        return person.leader
    return same_name(person.team, team) and not (person.leader and viewer.role == LEADER)


def _talked(people: Iterable[Person], talks: Iterable[OneToOne]) -> tuple[Talked, ...]:
    held = {one.person_id for one in talks}
    teams: dict[str, list[int]] = {}
    for person in people:
        teams.setdefault(person.team, []).append(person.id)
    return tuple(Talked(team, len(held.intersection(ids)), len(ids)) for team, ids in teams.items())


def _listed(plan: DayPlan, now: datetime) -> bool:
    return plan.workday and now >= listed_from(plan)


def concerns(duty: Duty, viewer: Viewer) -> bool:
    """Return whether a duty is one of the viewer's role."""
    return duty.who in (viewer.role, EVERYONE)


def may_delete(row: OneToOne, viewer: Viewer) -> bool:
    """Return whether a viewer may delete a one-to-one: its author and the director may."""
    return viewer.role == "director" or row.author == viewer.name


def _states(plan: DayPlan, ticks: Iterable[Tick], viewer: Viewer, now: datetime) -> tuple[DutyState, ...]:
    by_key: dict[str, list[Tick]] = {}
    for tick in ticks:
        by_key.setdefault(tick.duty, []).append(tick)
    states = []
    for duty in plan.duties:
        key = duty_key(duty)
        by, subject = by_key.get(key, []), subject_of(duty, viewer)
        done = next((tick for tick in by if tick.subject == subject), None)
        due = duty.at is not None and duty.at <= now
        states.append(DutyState(key, duty, concerns(duty, viewer), due, done, tuple(by)))
    return tuple(states)


def _team_buildings(session: Session, viewer: Viewer, today: date) -> tuple[TeamBuilding, ...]:
    last = session.duties.last_team_buildings()
    return tuple(
        TeamBuilding(
            team,
            last.get(team.id),
            next_team_building(last.get(team.id), today, session.deals.first_day_of(team.id)),
        )
        for team in session.roster.teams()
        if viewer.team in (None, team.name)
    )


def _open(day: DutyDay, viewer: Viewer) -> list[str]:
    """Return the open points of a leader besides the timed duties."""
    lines = [one.duty.what for one in day.duties if one.mine and one.duty.at is None and one.done is None]
    if (minutes := day.coaching.get(viewer.name, 0)) < COACHING_MIN:
        lines.append(f"辅导还差 {COACHING_MIN - minutes} 分钟")
    talked = {one.person_id for one in day.one_to_ones}
    if left := [one.name for one in day.people if one.id not in talked]:
        lines.append(f"本月还没有单独谈话：{len(left)} 人")
    lines += [
        f"{one.team.name}的团队活动要在 {one.before.month}月{one.before.day}日前办"
        for one in day.team_buildings
        if day.date >= one.before.replace(day=1)
    ]
    return lines
