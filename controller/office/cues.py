"""The cue desk: what the timetable says at its moments: top sales, the 18:05 show, greetings, free words."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from controller.book import comments, phrases, show
from controller.book.model import Announcement
from controller.book.phrases import Line
from controller.book.show import CityRow, Show
from controller.book.standings import Standing, Standings
from controller.book.store import Book
from controller.office import etiquette
from controller.office.room import Room, period_of
from controller.office.scripts import as_json
from controller.office.talk import EVENING, Talk
from controller.office.wording import WORDS
from controller.rhythm.model import FREE_TEXT, Cue, DayPlan

log = logging.getLogger(__name__)

PERIOD_OF = {"top_sales_of_day": "day", "top_sales_of_week": "week", "top_sales_of_month": "month"}


class CueDesk:
    """Each cue is said once a day, whatever restarts and jumping clocks do: its key in the outbox is unique."""

    def __init__(self, room: Room, talk: Talk):
        self._room, self._talk = room, talk

    def come(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        """A moment has come: what it says is put into the outbox and handed on."""
        if cue.say is None:
            self._room.feed.tell()
            return
        with self._room.store.write() as book:
            made = self._made(book, cue, plan, now)
        if made is not None and made.due is None:
            self._talk.hand([made])
        self._room.feed.tell()

    def fixed(self, cue: Cue, plan: DayPlan) -> bool:
        """Whether what it says hangs on no order: free words, greeting, sprint, or that nobody has sold yet."""
        if cue.say not in PERIOD_OF:
            return cue.say != "results"
        with self._room.store.read() as book:
            return not book.standings(*period_of(PERIOD_OF[cue.say or ""], plan.date)).people

    def foresee(self, cue: Cue, plan: DayPlan, now: datetime) -> Announcement | None:
        """What it would say if its moment were now; changes nothing. None: nothing."""
        with self._room.store.read() as book:
            lines, applause = self._lines(book, cue, plan, now, said=False)
        if not lines:
            return None
        text, script = "".join(line.text for line in lines), as_json(lines, applause)
        return Announcement(0, "", cue.say or FREE_TEXT, text, "waiting", "", now, None, script=script)

    def _made(self, book: Book, cue: Cue, plan: DayPlan, now: datetime) -> Announcement | None:
        key = f"cue:{plan.date}:{cue.at:%H:%M:%S}:{cue.say}"
        if book.outbox.by_key(key) is not None:
            return None
        lines, applause = self._lines(book, cue, plan, now, said=True)
        if not lines:
            log.info("nothing to say for %s", key)
            return None
        members = (
            [a for a in book.outbox.waiting(EVENING) if a.due is None or a.due <= now]
            if cue.say == "results"
            else []
        )
        due, why = self._when(book, cue, now)
        said, _ = book.outbox.add(
            key, cue.say or FREE_TEXT, "".join(line.text for line in lines), why, now, plan.date, due=due,
            deals=[ident for member in members for ident in member.deals], priority=etiquette.TIMETABLE,
            script=as_json(lines, applause),
        )  # fmt: skip
        book.outbox.merge(members, f"并入 {now:%H:%M} 的战报。", now)
        return said

    def _when(self, book: Book, cue: Cue, now: datetime) -> tuple[datetime | None, str]:
        minutes = self._room.rhythm.sound.talk_minutes_per_hour
        small = cue.say in etiquette.SMALL_TALK
        due = etiquette.put_off(now, self._talk.spent_s(book, now), minutes) if small else None
        return due, "作息表安排的播报。" if due is None else etiquette.why_later(minutes, due)

    def _lines(
        self, book: Book, cue: Cue, plan: DayPlan, now: datetime, *, said: bool
    ) -> tuple[tuple[Line, ...], str | None]:
        """`said`: it is really said, so that variants count as used and the results are frozen."""
        texts = self._room.rhythm.broadcasts
        if cue.say == "results":
            return self._results(book, plan, now, said=said), "large"
        if cue.say in PERIOD_OF:
            return (Line(self._top(book, cue, plan, now, said=said)),), "large"
        if cue.say in ("greeting", "sprint"):
            variants = texts.greeting if cue.say == "greeting" else texts.sprint
            return (Line(self._of_month(book, variants, plan)),), "small"
        return ((Line(cue.text),), None) if cue.text else ((), None)

    def _top(self, book: Book, cue: Cue, plan: DayPlan, now: datetime, *, said: bool) -> str:
        texts, prizes = self._room.rhythm.broadcasts, self._room.rhythm.prizes
        period = PERIOD_OF[cue.say or ""]
        variants = {
            "day": texts.top_sales_of_day,
            "week": texts.top_sales_of_week,
            "month": texts.top_sales_of_month,
        }[period]
        prize = {"day": prizes.day, "week": prizes.week, "month": prizes.month}[period]
        people = book.standings(*period_of(period, plan.date)).people
        phrase = phrases.top_sales(
            people,
            (cue.text,) if cue.text else variants,
            texts.nobody,
            WORDS,
            prize,
            book.desk.used(cue.say or ""),
        )
        if said:
            book.desk.use(cue.say or "", phrase.template, now)
        return phrase.text

    def _of_month(self, book: Book, variants: tuple[str, ...], plan: DayPlan) -> str:
        month = book.standings(*period_of("month", plan.date))
        rate = month.amount / month.target if month.target else None
        slots = {
            "office": self._room.rhythm.office,
            "month": f"{plan.date.month}月",
            "amount": WORDS.amount(month.amount) if month.amount else "",
            "target": WORDS.amount(month.target) if month.target else "",
            "rate": phrases.percent(rate),
        }
        return phrases.phrase(variants, slots, pick=plan.date.month).text

    def _results(self, book: Book, plan: DayPlan, now: datetime, *, said: bool) -> tuple[Line, ...]:
        """The day's results: frozen here, and told as frozen."""
        kept = book.desk.results(plan.date)
        if kept is None:
            frozen = self.live(book, plan, now, remember=said)
            if said:
                book.desk.freeze_results(plan.date, show.to_json(frozen), now)
        else:
            frozen = show.from_json(kept)
        return show.tell(frozen, self._room.rhythm.broadcasts.results, WORDS, plan.date.toordinal())

    def live(self, book: Book, plan: DayPlan, now: datetime, *, remember: bool = False) -> Show:
        """The results as they stand now; `remember`: the comment counts as used."""
        rhythm = self._room.rhythm
        day = book.standings(plan.date, plan.date)
        past = self._past(book, plan.date)
        chosen = comments.comment(
            comments.remarks(plan.date, day, book.deals.of_day(plan.date), past, WORDS),
            rhythm.broadcasts.comments, book.desk.used("comment"), plan.date.toordinal(),
        )  # fmt: skip
        if remember and chosen is not None:
            book.desk.use("comment", chosen.template, now)
        return Show(
            plan.date, rhythm.office, day.count, day.amount, day.people[:10], day.teams,
            cities=self.cities(book, plan.date, day),
            week_top=self._winner(book, "week", plan) if self._last_of("week", plan) else None,
            month_top=self._winner(book, "month", plan) if self._last_of("month", plan) else None,
            comment=chosen.text if chosen else "", week_prize=rhythm.prizes.week, month_prize=rhythm.prizes.month,
        )  # fmt: skip

    def cities(self, book: Book, day: date, own: Standings) -> tuple[CityRow, ...]:
        """The branches' results of a day, ranked with this office's own; none when nobody told any."""
        rows = [CityRow(0, found.city, found.rate, found.amount) for found in book.desk.cities(day)]
        if not rows:
            return ()
        name = self._room.rhythm.city or self._room.rhythm.office
        rows = [row for row in rows if row.name != name]
        return show.rank_cities([*rows, CityRow(0, name, own.rate, own.amount, own=True)])

    def _winner(self, book: Book, period: str, plan: DayPlan) -> Standing | None:
        people = book.standings(*period_of(period, plan.date)).people
        return people[0] if people else None

    def _last_of(self, period: str, plan: DayPlan) -> bool:
        return plan.workday and self._room.next_workday(plan.date).date > period_of(period, plan.date)[1]

    def _past(self, book: Book, day: date) -> comments.Past:
        before = next(
            (
                day - timedelta(days=n)
                for n in range(1, 15)
                if self._room.almanac.plan(day - timedelta(days=n)).workday
            ),
            None,
        )
        sold = frozenset(row.id for row in book.standings(before, before).people) if before else None
        return comments.Past(sold, book.deals.largest(day), book.deals.first_days())
