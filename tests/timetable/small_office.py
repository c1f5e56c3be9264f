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
    """An office whose `rhythm:` holds these lines (each an item in braces)."""
    items = "".join(f"  - {line.strip()}\n" for line in spans.strip().splitlines() if line.strip())
    body = f"\n{items}" if items else " []"
    return load.parse(f"office: 测试\ntimezone: {zone}\nholidays: none\nrhythm:{body}\n{more}")


def faults(text: str) -> list[str]:
    """The sentences about this file; none when it is right."""
    try:
        load.parse(text, "rhythm.yaml")
    except load.TimetableInvalid as faulty:
        return [str(fault) for fault in faulty.faults]
    return []


def moments(plan: DayPlan, every: timedelta = timedelta(minutes=1)) -> list[datetime]:
    """Every minute of the plan's date that really exists there, in order (23, 24 or 25 hours of them)."""
    at = datetime(plan.date.year, plan.date.month, plan.date.day, tzinfo=plan.zone).astimezone(
        UTC
    ) - timedelta(hours=3)
    found = []
    for n in range(int(timedelta(hours=31) / every)):
        local = (at + n * every).astimezone(plan.zone)
        if local.date() == plan.date:
            found.append(local)
    return found


def day(text: str) -> date:
    return date.fromisoformat(text)
