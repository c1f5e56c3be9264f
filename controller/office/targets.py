"""A team has reached its target of the day: told once, behind the order that brought it there."""

from __future__ import annotations

from datetime import datetime

from controller.book import phrases
from controller.book.broadcasts import Decision
from controller.book.model import DROPPED, RESULTS, TARGET, WAITING, Announcement, Deal
from controller.book.standings import Standing
from controller.book.store import Book
from controller.office import etiquette
from controller.office.scripts import as_json
from controller.office.wording import WORDS
from controller.rhythm.model import Rhythm


def tell(book: Book, deal: Deal, decision: Decision, rhythm: Rhythm, spent_s: float) -> Announcement | None:
    """Puts the announcement into the outbox, in the order's own transaction; None when there is nothing to tell.

    It follows its order: at once, or behind the round-up that the order waits for. An order that waits for the
    18:05 results brings none, they tell every team's completion; nor does one that is told on another day.
    """
    if decision.when is None or decision.kind == RESULTS:
        return None
    if decision.when.astimezone(deal.at.tzinfo).date() != deal.date:
        return None
    row = _row(book, deal)
    if row is None or not row.target or not row.amount - deal.amount < row.target <= row.amount:
        return None
    if any(found.state != DROPPED for found in _of_team(book, deal)):
        return None
    slots = phrases.place_slots(row, WORDS)
    said = phrases.phrase(rhythm.broadcasts.target, slots, book.desk.used(TARGET), deal.date.toordinal())
    book.desk.use(TARGET, said.template, deal.at)
    due, why = _when(decision, rhythm, deal.at, spent_s)
    made, _ = book.outbox.add(
        f"target:{deal.id}", TARGET, said.text, why, deal.at, deal.date, due=due, deals=[deal.id],
        priority=etiquette.AFTER_ROUNDUP if decision.merge else etiquette.PRIORITY[TARGET],
        script=as_json([], "large"),
    )  # fmt: skip
    return made


def missed(book: Book, deal: Deal) -> tuple[Announcement, ...]:
    """What still waits to praise the team of an order that was taken back, though it is short again."""
    row = _row(book, deal)
    if row is None or row.target is None or row.amount >= row.target:
        return ()
    return tuple(found for found in _of_team(book, deal) if found.state == WAITING)


def _when(decision: Decision, rhythm: Rhythm, now: datetime, spent_s: float) -> tuple[datetime | None, str]:
    if not decision.at_once:
        return decision.when, f"团队完成了今天的目标，{decision.when:%H:%M} 跟着这一单播报。"
    minutes = rhythm.sound.talk_minutes_per_hour
    later = etiquette.put_off(now, spent_s, minutes)
    if later is not None:
        return later, etiquette.why_later(minutes, later)
    return None, "团队完成了今天的目标，跟着这一单播报。"


def _row(book: Book, deal: Deal) -> Standing | None:
    teams = book.standings(deal.date, deal.date).teams
    return next((row for row in teams if row.team_id == deal.team_id), None)


def _of_team(book: Book, deal: Deal) -> tuple[Announcement, ...]:
    """The day's announcements of this team's target."""
    return tuple(
        found
        for found in book.outbox.of_day(deal.date)
        if found.kind == TARGET and any(d.team_id == deal.team_id for d in book.deals.of_ids(found.deals))
    )
