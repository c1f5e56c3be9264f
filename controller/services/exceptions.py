"""Exceptions of dates: preview, make and undo them; show a day and a week with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from controller.sales.exceptions import KeptException
from controller.sales.model import Conflict, Refused, StoreTrouble, Unknown
from controller.sales.session import Session
from controller.services.context import Context
from controller.timetable.changed_day import cue_name
from controller.timetable.exception_rules import (
    FURTHEST,
    ONCE,
    WHOLE_DAY,
    Proposal,
    day_name,
    effects,
    refusal,
)
from controller.timetable.exceptions import DayException, ExceptionInvalid, from_json
from controller.timetable.model import DayPlan
from controller.timetable.plan import everyday

log = logging.getLogger(__name__)

LOOK_BACK = FURTHEST
"""Exceptions of older dates change nothing any more; the store keeps them as history."""
WEEK = 7


@dataclass(frozen=True, slots=True)
class Day:
    """A date as people change it: its plan, the one it has as the day it runs as, and all that was made and undone."""

    plan: DayPlan
    base: DayPlan
    kept: tuple[KeptException, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A date before and after a proposed exception, and the effects in sentences."""

    exception: DayException
    before: DayPlan
    plan: DayPlan
    effects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """An exception that was made. `created` is False for a repeated request."""

    exception: DayException
    created: bool


class ExceptionService:
    """Thread-safe: the store's single writer is the lock. Keeps the timetable's plans equal to the store."""

    def __init__(self, context: Context):
        self._context = context
        context.store.when_healed(self._load)
        self._load()

    def _load(self) -> None:
        """Give the timetable all exceptions of the store: at a start, and when the store can be read again."""
        try:
            with self._context.store.read() as session:
                self._context.timetable_file.except_on(session.exceptions.in_force(self._oldest()))
        except StoreTrouble as trouble:
            log.error("exceptions cannot be read: %s", trouble.sentence)

    def _oldest(self) -> date:
        return self._context.clock.now().date() - LOOK_BACK

    def day(self, on: date) -> Day:
        """Return a date with its exceptions."""
        timetable = self._context.timetable_file
        with self._context.store.read() as session:
            kept = session.exceptions.of_day(on)
        plan = timetable.plan(on)
        base = timetable.plan_with(on, [one for one in plan.exceptions if one.kind in WHOLE_DAY])
        return Day(plan, base, kept)

    def week(self, since: date) -> tuple[DayPlan, ...]:
        """Return the plans of the seven days from `since` on."""
        return tuple(self._context.timetable_file.plan(since + timedelta(days=n)) for n in range(WEEK))

    def special(self, plan: DayPlan) -> tuple[str, ...]:
        """Return the entries, announcements and duties of a date that most days do not have; no extra moments.

        Entries and announcements have their names of the timetable, duties their texts.
        """
        known = everyday(self._context.rhythm)
        listed = [entry.name for entry in plan.entries]
        listed += [cue_name(cue) for cue in plan.cues if cue.say and not cue.extra]
        listed += [duty.what for duty in plan.duties if duty.at is None]
        return tuple(name for name in dict.fromkeys(listed) if name not in known)

    def preview(self, on: date, fields: Mapping[str, Any]) -> Preview:
        """Return a date as it would be with one more exception. Raises Refused with the reason against it."""
        exception = _read(fields)
        with self._context.store.read() as session:
            return self._checked(session, on, exception, _replaced(fields))

    def make(self, on: date, fields: Mapping[str, Any], key: str, by: str) -> Made:
        """Make an exception, once per key; the plan holds everywhere when this returns. Raises Refused or Conflict.

        `replaces` in the fields: the id of one that is undone in the same transaction.
        """
        exception, now = _read(fields), self._context.clock.now()
        with self._context.store.write() as session:
            known = session.exceptions.known(key, on, exception)
            if known is not None:
                return Made(known.exception, created=False)
            replaced = _replaced(fields)
            self._checked(session, on, exception, replaced)
            if replaced is not None:
                session.exceptions.undo(replaced, by, now)
            made = session.exceptions.add(key, on, exception, by, now).exception
            self._pass_on(session)
        log.info("%s changes %s: %s", by, on, made.to_json())
        return Made(made, created=True)

    def undo(self, on: date, ident: int, by: str) -> bool:
        """Undo an exception; return False when it is undone already. Raises Unknown, and Refused for a past date."""
        now = self._context.clock.now()
        with self._context.store.write() as session:
            kept = session.exceptions.get(ident)
            if kept is None or kept.date != on:
                raise Unknown("没有这一项临时安排。请重新打开这一天。")
            if on < now.date():
                raise Refused(f"{day_name(on)}已经过去了，不能再改。", "date")
            undone = session.exceptions.undo(ident, by, now)
            self._pass_on(session)
        if undone:
            log.info("%s undoes exception #%d of %s", by, ident, on)
        return undone

    def _pass_on(self, session: Session) -> None:
        """Have the timetable use the store's exceptions from the commit on, before the change is signalled."""
        in_force = session.exceptions.in_force(self._oldest())
        session.after_commit(lambda: self._context.timetable_file.except_on(in_force))

    def _checked(
        self, session: Session, on: date, exception: DayException, replaced: int | None = None
    ) -> Preview:
        plan_with, now = self._context.timetable_file.plan_with, self._context.clock.now()
        present = session.exceptions.in_force(on, on).get(on, ())
        active = tuple(one for one in present if replaced is None or one.id != replaced)
        if replaced is not None and len(active) == len(present):
            raise Conflict("要换掉的那一项刚被撤销了，请重新打开这一天。", "replaces")
        before, after = plan_with(on, active), plan_with(on, (*active, replace(exception, made=now)))
        whole = plan_with(on, [one for one in active if one.kind not in ONCE])
        fault = refusal(Proposal(exception, before, after, whole, now))
        if fault is not None:
            raise Refused(*fault)
        shown = plan_with(on, present) if replaced is not None else before
        return Preview(exception, shown, after, effects(shown, after))


def _replaced(fields: Mapping[str, Any]) -> int | None:
    ident = fields.get("replaces")
    if ident is not None and (isinstance(ident, bool) or not isinstance(ident, int)):
        raise Refused("replaces 要写一项临时安排的编号。", "replaces")
    return ident


def _read(fields: Mapping[str, Any]) -> DayException:
    try:
        return from_json(fields)
    except ExceptionInvalid as fault:
        raise Refused(fault.sentence, fault.field) from None
