"""Awards and the month's ceremony: recorded with the results, then a walk through the winners.

The ceremony runs in one of two ways: the timetable's cue announces the whole walk, and the walls turn with the voice;
or a person starts it on the phone and turns each slide, which is then announced alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from controller.glance import Ceremony
from controller.sales import ceremony
from controller.sales.awards import Award
from controller.sales.ceremony import Slide
from controller.sales.messages import phrase
from controller.sales.model import Announcement, Kind, Line, NewAnnouncement, Refused, StoredScript
from controller.sales.results import Show
from controller.sales.session import Session
from controller.sales.standings import Standing
from controller.services import announcement_priority
from controller.services.context import WORDS, Context
from controller.timetable.model import CeremonyTexts, DayPlan
from controller.timetable.times import period_of

log = logging.getLogger(__name__)

STATE: Final = "ceremony"
LASTS: Final = timedelta(minutes=20)
"""After this time without a tap a ceremony ends by itself: a forgotten one must not keep the walls."""
PAGE: Final = 50
TURNED: Final = "表彰翻到了另一位。"
ACTIONS: Final = ("start", "next", "previous", "end")


@dataclass(frozen=True, slots=True)
class ShownAward:
    """An award as people see it. `now`: the present sum when deals were taken back after it was recorded
    (`lowered`)."""

    award: Award
    lowered: bool = False
    now: Decimal | None = None


class Honours:
    """Thread-safe: the store's single writer is the lock."""

    def __init__(self, context: Context, cancel: Callable[[Iterable[int], str], object]):
        self._context, self._cancel = context, cancel

    # --- recording

    def record(self, session: Session, show: Show, plan: DayPlan, now: datetime) -> None:
        """Record the awards of a day whose results have just been frozen, in the same transaction."""
        for row in show.people:
            if row.place == 1:
                session.awards.add(self._award("day", plan.date, row, now))
        for period in ("week", "month"):
            self.settle(session, period, plan.date, now, over=self._last_of(period, plan))

    def settle(self, session: Session, period: str, day: date, now: datetime, *, over: bool = False) -> None:
        """Record the awards of the period of `day` if it is `over`, else those missing of the period before.

        A period whose last results were never played (a power cut, half a day off) gets its awards with the next ones.
        """
        inside = day if over else period_of(period, day)[0] - timedelta(days=1)
        since, _ = period_of(period, inside)
        if session.awards.of_period(period, since):
            return
        for award in self._winners(session, period, inside, now):
            session.awards.add(award)

    def _winners(self, session: Session, period: str, day: date, now: datetime) -> list[Award]:
        people = session.standings(*period_of(period, day)).people
        return [self._award(period, day, row, now) for row in people if row.place == 1]

    def _award(self, period: str, day: date, row: Standing, now: datetime) -> Award:
        since, until = period_of(period, day)
        prizes = self._context.rhythm.prizes
        prize = {"day": prizes.day, "week": prizes.week, "month": prizes.month}[period]
        team = row.team_id or 0
        return Award(
            period, since, until, row.id, row.name, team, row.team, row.count, row.amount, prize, now
        )

    def _last_of(self, period: str, plan: DayPlan) -> bool:
        return plan.workday and self._context.next_workday(plan.date) > period_of(period, plan.date)[1]

    # --- reading

    def awards(self, before: int | None = None, person_id: int | None = None) -> tuple[ShownAward, ...]:
        """Return a page of awards, newest first, without people who are hidden now; `before`: the last page's id."""
        with self._context.store.read() as session:
            found = (
                session.awards.newest(PAGE, before)
                if person_id is None
                else session.awards.of_person(person_id, PAGE, before)
            )
            hidden = _hidden(session)
            return tuple(_shown(session, award) for award in found if award.person_id not in hidden)

    def walk(self, session: Session, month: date) -> tuple[Slide, ...]:
        """Return the slides of a month; awards that are not recorded are taken from the present standings."""
        since, until = period_of("month", month)
        awards = session.awards.between(since, until)
        if not any(award.period == "month" for award in awards):
            now = self._context.clock.now()
            awards = (*awards, *self._winners(session, "month", since, now))
        people = session.everybody()[0]
        photos = {p.id: p.photo for p in people}
        walk = ceremony.slides(awards, {p.id for p in people if p.hidden}, WORDS, self._texts())
        return tuple(replace(slide, photo=photos.get(slide.person_id)) for slide in walk)

    def month_before(self, day: date) -> date:
        """Return the first day of the month before, whose ceremony is held."""
        return (day.replace(day=1) - timedelta(days=1)).replace(day=1)

    # --- the ceremony

    def lines(self, session: Session, day: date, now: datetime, *, final: bool) -> tuple[Line, ...]:
        """Return the script of the whole walk, for the timetable's cue; `final`: record missing awards first."""
        month = self.month_before(day)
        if final:
            self.settle(session, "month", day, now)
        return ceremony.lines_of(self._opening(month, self._texts().opening), self.walk(session, month))

    def _texts(self) -> CeremonyTexts:
        return self._context.rhythm.broadcasts.ceremony

    def _opening(self, month: date, variants: tuple[str, ...]) -> str:
        slots = {"month": ceremony.month_words(month), "office": self._context.rhythm.office}
        return phrase(variants, slots, pick=month.month).text

    def present(self, session: Session, now: datetime, said: Kind | None) -> Ceremony | None:
        """Return the ceremony that is held: a person's, else the one of the present announcement."""
        state = self._state(now)
        if state is not None:
            month, at, _ = state
            walk = self.walk(session, month)
            return Ceremony(month, walk, min(at, len(walk) - 1)) if walk else None
        if said == Kind.CEREMONY:
            month = self.month_before(now.date())
            walk = self.walk(session, month)
            return Ceremony(month, walk) if walk else None
        return None

    def rehearse(self) -> tuple[Ceremony | None, tuple[Slide, ...], date]:
        """Return the ceremony that is held, the slides that a start would show, and their month."""
        now = self._context.clock.now()
        with self._context.store.read() as session:
            held = self.present(session, now, None)
            if held is not None:
                return held, held.slides, held.month
            month = self.month_before(now.date())
            return None, self.walk(session, month), month

    def held(self, now: datetime) -> bool:
        """Return whether a person's ceremony is held."""
        return self._state(now) is not None

    def _state(self, now: datetime) -> tuple[date, int, int] | None:
        kept = self._context.preferences.get(STATE)
        if not isinstance(kept, dict):
            return None
        began = datetime.fromisoformat(str(kept["at"])).astimezone(now.tzinfo)
        if not began <= now < began + LASTS:
            return None
        return date.fromisoformat(str(kept["month"])), int(kept["slide"]), int(kept["said"])

    def control(self, action: str) -> None:
        """Start the ceremony, turn it, or end it; the announcement of the slide before is taken back.

        Raises Refused in quiet time, without a winner, or when no ceremony is held.
        """
        now = self._context.clock.now()
        state = self._state(now)
        if action == "end":
            self._context.preferences.set(STATE, None)
            self._take_back(state)
            return
        if (until := self._context.state(now).quiet_until) is not None:
            raise Refused(f"现在是安静时间，{until:%H:%M} 以后再开始。", "action")
        if action == "start":
            month, at = self.month_before(now.date()), 0
        elif state is None:
            raise Refused("表彰已经结束了，请重新开始。", "action")
        else:
            month, at = state[0], state[1] + (1 if action == "next" else -1)
        self._take_back(state)
        self._turn(month, at, now, spoken=action != "previous", opening=action == "start")

    def _take_back(self, state: tuple[date, int, int] | None) -> None:
        if state is not None:
            self._cancel([state[2]], TURNED)

    def _turn(self, month: date, at: int, now: datetime, *, spoken: bool, opening: bool) -> None:
        with self._context.store.write() as session:
            if opening:
                self.settle(session, "month", now.date(), now)
            walk = self.walk(session, month)
            if not walk:
                raise Refused(f"{month.month}月还没有开拓能手，没有可以表彰的人。", "action")
            if not 0 <= at < len(walk):
                raise Refused("已经是最后一位了。" if at > 0 else "已经是第一位了。", "action")
            said = self._say(session, month, walk[at], now, at, opening=opening) if spoken else None
            kept = {
                "month": month.isoformat(),
                "slide": at,
                "said": said.id if said else 0,
                "at": now.isoformat(),
            }
            session.settings.set_setting(STATE, kept)
            session.after_commit(lambda: self._context.preferences.remember(STATE, kept))

    def _say(
        self, session: Session, month: date, slide: Slide, now: datetime, at: int, *, opening: bool
    ) -> Announcement:
        first = [Line(self._opening(month, self._texts().start))] if opening else []
        lines = (*first, Line(slide.text, roll=slide.period == "month"))
        new = NewAnnouncement(
            f"ceremony:{now.isoformat()}:{at}", Kind.CEREMONY, "".join(line.text for line in lines),
            "手机上开始的表彰。", now, now.date(), priority=announcement_priority.PRIORITY[Kind.SAY],
            script=StoredScript(lines, "large"),
        )  # fmt: skip
        return session.outbox.add(new)[0]


def _hidden(session: Session) -> set[int]:
    return {person.id for person in session.everybody()[0] if person.hidden}


def _shown(session: Session, award: Award) -> ShownAward:
    if not award.person_id or award.period == "contest":
        return ShownAward(award)
    now = session.awards.sum_now(award)
    return ShownAward(award, now < award.amount, now)
