"""A team's target that a deal has reached: its announcement, in the deal's transaction."""

from __future__ import annotations

from datetime import datetime

from controller.sales import messages
from controller.sales.announcement_policy import Decision
from controller.sales.model import (
    DROPPED,
    RESULTS,
    TARGET,
    WAITING,
    Announcement,
    Deal,
    NewAnnouncement,
    StoredScript,
)
from controller.sales.standings import Standing
from controller.sales.store import Session
from controller.services import announcement_priority
from controller.services.context import WORDS, spent_s
from controller.timetable.model import Timetable


def announce_target(
    session: Session, deal: Deal, decision: Decision, own: Decision, rhythm: Timetable
) -> Standing | None:
    """Add the announcement of a reached target, in the deal's transaction; return the team's row, None without one.

    `decision`: the decision shown for the deal; `own`: the same without quiet time and mute. The target is announced
    after its deal: at once, or after the round-up that the deal waits for. A deal that waits for the 18:05 results
    causes none, because the results name every team's completion. A deal that is announced on another day causes none.
    """
    if decision.when is None or decision.kind == RESULTS:
        return None
    if decision.when.date() != deal.date:
        return None
    row = _target_row(session, deal)
    if row is None or not row.target or not row.amount - deal.amount < row.target <= row.amount:
        return None
    if any(announcement.state != DROPPED for announcement in _of_team(session, deal)):
        return None
    slots = messages.place_slots(row, WORDS)
    phrase = messages.phrase(
        rhythm.broadcasts.target, slots, session.settings.used(TARGET), deal.date.toordinal()
    )
    session.settings.use(TARGET, phrase.template, deal.at)
    due, why = _when(session, decision, own, rhythm, deal.at)
    after = announcement_priority.AFTER_ROUNDUP
    new = NewAnnouncement(
        f"target:{deal.id}", TARGET, phrase.text, why, deal.at, deal.date, due=due, deals=(deal.id,),
        priority=after if decision.merge else announcement_priority.PRIORITY[TARGET],
        script=StoredScript(applause="large"),
    )  # fmt: skip
    session.outbox.add(new)
    return row


def missed(session: Session, deal: Deal) -> tuple[Announcement, ...]:
    """Return the waiting target announcements of a team that is below its target again after a deal was taken back."""
    row = _target_row(session, deal)
    if row is None or row.target is None or row.amount >= row.target:
        return ()
    return tuple(announcement for announcement in _of_team(session, deal) if announcement.state == WAITING)


def _when(
    session: Session, decision: Decision, own: Decision, rhythm: Timetable, now: datetime
) -> tuple[datetime | None, str]:
    if not own.at_once:
        return own.when, f"团队完成了今天的目标，{own.when:%H:%M} 跟着这一单播报。"
    minutes = rhythm.sound.talk_minutes_per_hour
    later = announcement_priority.postpone(now, spent_s(session, now), minutes) if decision.at_once else None
    if later is not None:
        return later, announcement_priority.why_later(minutes, later)
    return None, "团队完成了今天的目标，跟着这一单播报。"


def _target_row(session: Session, deal: Deal) -> Standing | None:
    """Return the row of the deal's team on its day."""
    teams = session.standings(deal.date, deal.date).teams
    return next((row for row in teams if row.team_id == deal.team_id), None)


def _of_team(session: Session, deal: Deal) -> tuple[Announcement, ...]:
    """Return the day's announcements of this team's target."""
    return tuple(
        one
        for one in session.outbox.of_day(deal.date)
        if one.kind == TARGET and any(d.team_id == deal.team_id for d in session.deals.of_ids(one.deals))
    )
