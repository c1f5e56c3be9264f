"""Small offices for the tests: a timetable from a few lines, a calendar without holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from controller.timetable import load
from controller.timetable.model import DayPlan, Timetable
from controller.timetable.workdays import Workdays

SHIPPED = Path(__file__).parents[2] / "config" / "rhythm.yaml"
NO_HOLIDAYS = Workdays(None)


def office(spans: str = "", *, zone: str = "Asia/Shanghai", more: str = "") -> Timetable:
    """Return an office whose `rhythm:` has these lines (each an item in braces)."""
    items = "".join(f"  - {line.strip()}\n" for line in spans.strip().splitlines() if line.strip())
    body = f"\n{items}" if items else " []"
    return load.parse(f"office: 测试\ntimezone: {zone}\nholidays: none\nrhythm:{body}\n{more}")


def faults(text: str) -> list[str]:
    """Return the problems of this file as sentences; empty when it is valid."""
    try:
        load.parse(text, "rhythm.yaml")
    except load.TimetableInvalid as faulty:
        return [str(fault) for fault in faulty.faults]
    return []


def moments(plan: DayPlan, every: timedelta = timedelta(minutes=1)) -> list[datetime]:
    """Return every minute of the plan's date that exists in its zone, in sequence (23, 24 or 25 hours)."""
    at = datetime(plan.date.year, plan.date.month, plan.date.day, tzinfo=plan.zone).astimezone(
        UTC
    ) - timedelta(hours=3)
    minutes = []
    for n in range(int(timedelta(hours=31) / every)):
        local = (at + n * every).astimezone(plan.zone)
        if local.date() == plan.date:
            minutes.append(local)
    return minutes


def day(text: str) -> date:
    return date.fromisoformat(text)
