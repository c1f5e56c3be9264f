"""Announcements of the timetable's cues: top sales, the 18:05 results, greetings, free texts."""

from __future__ import annotations

import logging
from datetime import date, datetime
from zlib import crc32

from controller.sales import highlights, messages, results
from controller.sales.model import WAITING, Announcement, Kind, Line, NewAnnouncement, StoredScript
from controller.sales.results import Show
from controller.sales.standings import Standing
from controller.sales.store import Session
from controller.sentences import Sentence
from controller.services import announcement_priority
from controller.services.announcement_priority import EVENING
from controller.services.celebrations import CELEBRATED, Celebrations
from controller.services.cities import CityService
from controller.services.contests import ContestService
from controller.services.context import WORDS, Context, spent_s
from controller.services.honours import Honours
from controller.services.link_news import LinkNews
from controller.timetable.model import FREE_TEXT, Cue, DayPlan
from controller.timetable.times import period_of

log = logging.getLogger(__name__)

PERIOD_OF = {"top_sales_of_day": "day", "top_sales_of_week": "week", "top_sales_of_month": "month"}


def _key(cue: Cue, plan: DayPlan) -> str:
    """Return the outbox key of a cue: two texts at one moment are two announcements."""
    key = f"cue:{plan.date}:{cue.at:%H:%M:%S}:{cue.say}"
    return f"{key}:{crc32((cue.text or '').encode()):08x}" if cue.say == FREE_TEXT else key


def _priority(cue: Cue) -> int:
    """Return the priority: an extra moment is like a text that a person announces."""
    return announcement_priority.PRIORITY[Kind.SAY] if cue.extra else announcement_priority.TIMETABLE


class CueService:
    """Announce each cue once a day, despite restarts and clock jumps: its key in the outbox is unique."""

    def __init__(
        self,
        context: Context,
        honours: Honours,
        contests: ContestService,
        cities: CityService,
        news: LinkNews,
    ):
        self._context, self._honours, self._contests = context, honours, contests
        self._cities, self._news = cities, news
        self._celebrations = Celebrations(context)

    def come(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """Add the announcement of a due cue to the outbox."""
        with self._context.store.write() as session:
            self._put(session, cue, plan, now)

    def fixed(self, cue: Cue, plan: DayPlan) -> bool:
        """Return whether the text depends on no deal: free texts, greeting, sprint, or no sales yet."""
        if cue.say not in PERIOD_OF:
            return cue.say not in ("results", "ceremony")
        with self._context.store.read() as session:
            return not session.standings(*period_of(PERIOD_OF[cue.say or ""], plan.date)).people

    def preview(self, cue: Cue, plan: DayPlan, now: datetime) -> Announcement | None:
        """Return the announcement as if the cue were due now, without storing it; None if it has no text."""
        with self._context.store.read() as session:
            lines, applause = self._lines(session, cue, plan, now, final=False)
        if not lines:
            return None
        text, script = "".join(line.text for line in lines), StoredScript(lines, applause)
        return Announcement(0, "", Kind(cue.say or FREE_TEXT), text, WAITING, "", now, None, script=script)

    def _put(self, session: Session, cue: Cue, plan: DayPlan, now: datetime) -> None:
        key = _key(cue, plan)
        if session.outbox.by_key(key) is not None:
            return
        lines, applause = self._lines(session, cue, plan, now, final=True)
        if not lines:
            log.info("%s has no text to announce", key)
            return
        members = (
            [a for a in session.outbox.waiting(EVENING) if a.due is None or a.due <= now]
            if cue.say == "results"
            else []
        )
        due, why = self._when(session, cue, now)
        new = NewAnnouncement(
            key, Kind(cue.say or FREE_TEXT), "".join(line.text for line in lines), why, now, plan.date, due=due,
            deals=tuple(ident for member in members for ident in member.deals),
            priority=_priority(cue), script=StoredScript(lines, applause),
        )  # fmt: skip
        session.outbox.add(new)
        session.outbox.merge(members, f"并入 {now:%H:%M} 的战报。", now)
        if cue.say == "results":
            self._contests.settle(session, plan, now, new.text)

    def _when(self, session: Session, cue: Cue, now: datetime) -> tuple[datetime | None, str]:
        minutes = self._context.rhythm.sound.talk_minutes_per_hour
        small = cue.say in announcement_priority.SMALL_TALK and not cue.extra
        due = announcement_priority.postpone(now, spent_s(session, now), minutes) if small else None
        return due, "作息表安排的播报。" if due is None else announcement_priority.why_later(minutes, due)

    def _lines(
        self, session: Session, cue: Cue, plan: DayPlan, now: datetime, *, final: bool
    ) -> tuple[tuple[Line, ...], str | None]:
        """`final`: it is really announced, so that variants count as used and the results are frozen."""
        texts = self._context.rhythm.broadcasts
        if cue.say == "results":
            return self._results(session, plan, now, final=final), "large"
        if cue.say in PERIOD_OF:
            return (Line(self._top(session, cue, plan, now, final=final)),), "large"
        if cue.say in CELEBRATED:
            celebrated = self._celebrations.lines(session, cue, plan, now, final=final)
            return tuple(Line(text) for text in celebrated), "small"
        if cue.say == "ceremony":
            return self._honours.lines(session, plan.date, now, final=final), "large"
        if cue.say in ("greeting", "sprint"):
            variants = texts.greeting if cue.say == "greeting" else texts.sprint
            return (Line(self._of_month(session, variants, plan)),), "small"
        return ((Line(cue.text),), None) if cue.text else ((), None)

    def _top(self, session: Session, cue: Cue, plan: DayPlan, now: datetime, *, final: bool) -> str:
        texts, prizes = self._context.rhythm.broadcasts, self._context.rhythm.prizes
        period = PERIOD_OF[cue.say or ""]
        variants = {
            "day": texts.top_sales_of_day,
            "week": texts.top_sales_of_week,
            "month": texts.top_sales_of_month,
        }[period]
        prize = {"day": prizes.day, "week": prizes.week, "month": prizes.month}[period]
        people = session.standings(*period_of(period, plan.date)).people
        phrase = messages.top_sales(
            people,
            (cue.text,) if cue.text else variants,
            texts.nobody,
            WORDS,
            prize,
            session.settings.used(cue.say or ""),
        )
        if final:
            session.settings.use(cue.say or "", phrase.template, now)
        return phrase.text

    def _of_month(self, session: Session, variants: tuple[str, ...], plan: DayPlan) -> str:
        month = session.standings(*period_of("month", plan.date))
        rate = month.amount / month.target if month.target else None
        slots = {
            "office": self._context.rhythm.office,
            "month": f"{plan.date.month}月",
            "amount": WORDS.amount(month.amount) if month.amount else "",
            "target": WORDS.amount(month.target) if month.target else "",
            "rate": messages.percent(rate),
        }
        return messages.phrase(variants, slots, pick=plan.date.month).text

    def _results(self, session: Session, plan: DayPlan, now: datetime, *, final: bool) -> tuple[Line, ...]:
        """Freeze the day's results, and return their lines."""
        kept = session.settings.results(plan.date)
        if kept is None:
            frozen = self.live(session, plan, now, remember=final)
            if final:
                session.settings.freeze_results(plan.date, results.to_json(frozen), now)
                self._honours.record(session, frozen, plan, now)
                self._news.results(session, frozen, now)
        else:
            frozen = results.from_json(kept)
        return results.lines_of(frozen, self._context.rhythm.broadcasts.results, WORDS, plan.date.toordinal())

    def live(self, session: Session, plan: DayPlan, now: datetime, *, remember: bool = False) -> Show:
        """Return the present results; `remember`: the comment counts as used."""
        rhythm = self._context.rhythm
        day = session.standings(plan.date, plan.date)
        past = self._past(session, plan.date)
        chosen = highlights.comment(
            highlights.remarks(plan.date, day, session.deals.of_day(plan.date), past, WORDS),
            rhythm.broadcasts.comments, session.settings.used("comment"), plan.date.toordinal(),
        )  # fmt: skip
        if remember and chosen is not None:
            session.settings.use("comment", chosen.template, now)
        return Show(
            plan.date, rhythm.office, day.count, day.amount, day.people[:10], day.teams,
            cities=self._cities.rows(session, plan.date, day),
            week_top=self._winner(session, "week", plan) if self._last_of("week", plan) else None,
            month_top=self._winner(session, "month", plan) if self._last_of("month", plan) else None,
            comment=chosen.text if chosen else "", week_prize=rhythm.prizes.week, month_prize=rhythm.prizes.month,
        )  # fmt: skip

    def celebrated(self, session: Session, plan: DayPlan, now: datetime) -> tuple[Sentence, ...]:
        """Return the lines of today's birthdays and full years for the walls."""
        return self._celebrations.notes(session, plan, now)

    def _winner(self, session: Session, period: str, plan: DayPlan) -> Standing | None:
        people = session.standings(*period_of(period, plan.date)).people
        return people[0] if people else None

    def _last_of(self, period: str, plan: DayPlan) -> bool:
        return plan.workday and self._context.next_workday(plan.date) > period_of(period, plan.date)[1]

    def _past(self, session: Session, day: date) -> highlights.Past:
        before = self._context.timetable_file.workday_before(day)
        sold = frozenset(row.id for row in session.standings(before, before).people) if before else None
        return highlights.Past(sold, session.deals.largest(day), session.deals.first_days())
