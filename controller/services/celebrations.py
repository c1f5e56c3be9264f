"""Texts for birthdays and full years in the company, for the timetable's cues `birthdays` and `company_years`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from controller.sales import messages
from controller.sales.people_dates import Celebrated, birthdays, company_years, dates_of, day_words
from controller.sales.session import Session
from controller.sentences import Sentence, say
from controller.services.context import WORDS, Context
from controller.timetable.model import Cue, DayPlan, Variants

CELEBRATED: Final = {"birthdays": birthdays, "company_years": company_years}
"""By cue: the function that finds the people."""
MOST_NAMED: Final = 6
"""Names in one sentence; the others are counted."""
MOST_SENTENCES: Final = 8
NOON: Final = 12


class Celebrations:
    """Stateless."""

    def __init__(self, context: Context):
        self._context = context

    def lines(self, session: Session, cue: Cue, plan: DayPlan, now: datetime, *, final: bool) -> list[str]:
        """Return a sentence for each date, and for each number of years; `final`: the variants count as used.

        A working day celebrates the days off that follow it, another day none.
        """
        name = cue.say or ""
        variants: Variants = getattr(self._context.rhythm.broadcasts, name)
        lines = []
        for found in self.today(session, name, plan)[:MOST_SENTENCES]:
            phrase = messages.phrase(
                variants, _slots(found, plan.date), session.settings.used(name), plan.date.toordinal()
            )
            lines.append(phrase.text)
            if final:
                session.settings.use(name, phrase.template, now)
        return lines

    def today(self, session: Session, name: str, plan: DayPlan) -> tuple[Celebrated, ...]:
        """Return the celebrations of the day of `plan`."""
        if not plan.workday:
            return ()
        dates = dates_of(plan.date, self._context.next_workday(plan.date))
        return CELEBRATED[name](session.roster.people(), dates)

    def notes(self, session: Session, plan: DayPlan, now: datetime) -> tuple[Sentence, ...]:
        """Return the lines at the foot of the walls, from the moment of the cue until noon."""
        if now.hour >= NOON:
            return ()
        cues = {cue.say: cue.at for cue in plan.cues if cue.say in CELEBRATED and cue.at <= now}
        return tuple(
            _note(name, found, plan.date) for name in cues for found in self.today(session, name or "", plan)
        )


def _note(name: str, found: Celebrated, today: date) -> Sentence:
    slots = _slots(found, today)
    values = {
        "when": Sentence(slots["day"], "today" if found.date == today else f"{found.date:%A}"),
        "people": Sentence(slots["people"], ", ".join(found.names[:MOST_NAMED])),
    }
    if name == "birthdays":
        return say("birthday_note", **values)
    years = Sentence(slots["years"], f"{found.years} year{'s' if found.years != 1 else ''}")
    return say("years_note", **values, years=years)


def _slots(found: Celebrated, today: date) -> dict[str, str]:
    return {
        "day": day_words(found.date, today),
        "people": _names(found.names),
        "years": WORDS.count(found.years, "周年") if found.years else "",
    }


def _names(names: tuple[str, ...]) -> str:
    """Join names: 王小明; 王小明和李思思; 王小明、李思思和陈芳; and six of many with the number of the others."""
    if len(names) > MOST_NAMED:
        return f"{'、'.join(names[:MOST_NAMED])}和另外{WORDS.count(len(names) - MOST_NAMED, '位')}同事"
    return "和".join(filter(None, ("、".join(names[:-1]), names[-1])))
