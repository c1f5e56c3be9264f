"""Last days, returns and changes of team: made on the phone for a date, carried out at the start of that day."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Final

from controller.sales import team_moves
from controller.sales.model import Conflict, Person, Refused, Team, Unknown
from controller.sales.session import Session
from controller.sales.team_moves import TeamMove
from controller.services.context import Context

log = logging.getLogger(__name__)

FURTHEST: Final = timedelta(days=366)
NEVER: Final = (date.min, -1)


class RosterDates:
    """Thread-safe. `follow` is called by the timekeeper, the others by people."""

    def __init__(self, context: Context):
        self._context = context
        self._seen: tuple[date, int] = NEVER

    def follow(self, today: date) -> None:
        """Carry out all that is due, in one transaction; after days without power also what was due then."""
        with self._context.store.read() as session:
            seen = (today, session.roster.version())
            wanted = seen != self._seen and team_moves.due(session.roster, session.moves, today)
        if wanted:
            with self._context.store.write() as session:
                now = self._context.clock.now()
                done = team_moves.bring_up_to_date(session.roster, session.moves, today, now)
            for sentence in done:
                log.info("roster: %s", sentence)
        self._seen = seen

    def everybody(self) -> tuple[Person, ...]:
        """Return all people, including those who left."""
        with self._context.store.read() as session:
            return session.roster.everybody()

    def moves(self) -> dict[int, TeamMove]:
        """Return the planned move of each person who has one."""
        with self._context.store.read() as session:
            return {move.person_id: move for move in session.moves.open()}

    def move(
        self, ident: int, team: str, since: date | None, by: str, leader: bool | None = None
    ) -> TeamMove | None:
        """Move a person to an existing team from a date on; deals keep the team in which they were made.

        `leader`: whether the person leads the new team; None: as in the old one.

        From today, or from a day of this week, it happens at once; return the planned move otherwise. Raises Refused.
        """
        now = self._context.clock.now()
        since = self._checked_since(since or now.date(), now.date())
        with self._context.store.write() as session:
            person, target = _active(session, ident), session.roster.team(team)
            if target is None:
                raise Refused(f"没有叫“{team[:40]}”的团队，请从列表里选。", "team")
            if target.id == person.team_id:
                raise Refused(f"{person.name}已经在{target.name}了。", "team")
            _check_free(session, person, target)
            planned = session.moves.add(ident, target.id, since, by, now, leader)
            if since > now.date():
                return planned
            session.roster.set_team(ident, target.id, since, leader)
            session.moves.apply(planned, now)
        return None

    def cancel_move(self, ident: int, by: str) -> None:
        """Cancel a planned move. Raises Unknown when there is none."""
        with self._context.store.write() as session:
            if not session.moves.cancel(ident, by, self._context.clock.now()):
                raise Unknown("没有要取消的调队。", "person")

    def leave(self, ident: int, last_day: date | None, returns: date | None) -> None:
        """Plan a person's last day and, if known, the first day back; without a last day the person leaves now.

        Photo, song and deals stay. Raises Refused.
        """
        today = self._context.clock.now().date()
        last = last_day or today
        if not today - FURTHEST <= last <= today + FURTHEST:
            raise Refused("最后一天要在前后一年以内。", "last_day")
        if returns is not None and not max(last, today) < returns <= today + 3 * FURTHEST:
            raise Refused("回来的日子要在最后一天以后、三年以内。", "returns")
        with self._context.store.write() as session:
            _active(session, ident)
            session.roster.set_absence(ident, last, returns)
            if last_day is None or last < today:
                session.roster.remove_person(ident)

    def come_back(self, ident: int, on: date | None, team: str | None) -> Person:
        """Bring back a person who left, now or on a later date; also undo a planned last day. Raises Refused."""
        today = self._context.clock.now().date()
        if on is not None and on > today + FURTHEST:
            raise Refused("回来的日子要在一年以内。", "on")
        with self._context.store.write() as session:
            person = next((one for one in session.roster.everybody() if one.id == ident), None)
            if person is None:
                raise Unknown(f"名单里没有编号为 {ident} 的人。", "person")
            target = _team_for(session, person, team)
            _check_free(session, person, target)
            session.roster.set_team(ident, target.id, on or today)
            if on is not None and on > today and not person.active:
                session.roster.set_absence(ident, person.last_day, on)
            else:
                session.roster.bring_back(ident)
            return next(one for one in session.roster.everybody() if one.id == ident)

    def _checked_since(self, since: date, today: date) -> date:
        monday = today - timedelta(days=today.weekday())
        if since < monday:
            raise Refused(
                f"调队最早从本周一（{monday.month}月{monday.day}日）算起，更早的单已经算在原来的团队。",
                "since",
            )
        if since > today + FURTHEST:
            raise Refused("调队的日子要在一年以内。", "since")
        if since > today and not self._context.timetable_file.plan(since).workday:
            after = self._context.next_workday(since)
            raise Refused(
                f"{since.month}月{since.day}日不上班，请选上班的日子，例如 {after.month}月{after.day}日。",
                "since",
            )
        return since


def _active(session: Session, ident: int) -> Person:
    person = session.roster.person(ident)
    if person is None:
        raise Unknown(f"名单里没有编号为 {ident} 的人。", "person")
    return person


def _check_free(session: Session, person: Person, team: Team) -> None:
    if team_moves.taken(session.roster, person, team.id):
        raise Conflict(
            f"“{team.name}”里已经有一位“{person.name}”，请先在名字后面加以区分，例如 {person.name}（大）。",
            "name",
        )


def _team_for(session: Session, person: Person, team: str | None) -> Team:
    found = session.roster.team(team or person.team)
    if found is None:
        gone = f"没有叫“{team[:40]}”的团队" if team else f"{person.name}原来的团队“{person.team}”已经去掉了"
        raise Refused(f"{gone}，请选一个团队。", "team")
    return found
