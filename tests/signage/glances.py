"""Glances for tests: an office with the shipped timetable, at any moment, with a few teams and deals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from controller.glance import Glance, OnAir, Sounding, Total
from controller.sales.model import City, Deal
from controller.sales.results import Show
from controller.sales.standings import Standing
from controller.timetable import load
from controller.timetable.model import Timetable
from controller.timetable.plan import plan_for, state_at
from controller.timetable.workdays import Workdays

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def rhythm() -> Timetable:
    return load.load(REPOSITORY / "config" / "rhythm.yaml")


@cache
def workdays() -> Workdays:
    return Workdays("CN", rhythm().days_off, rhythm().extra_workdays)


def moment(clock: str, day: date = MONDAY) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)


def deal(number: int, person: str = "王小明", amount: str = "12800.00", **over: Any) -> Deal:
    whole = Deal(
        id=number, key=f"k{number}", person_id=1, person=person, team="猛虎队", product="校园招聘套餐",
        amount=Decimal(amount), at=moment("14:41"), voided=None, date=MONDAY, team_id=1,
    )  # fmt: skip
    return replace(whole, **over)


def tally(
    place: int, name: str, amount: str = "86000.00", target: str | None = "100000.00", team: str = "猛虎队"
) -> Standing:
    goal = Decimal(target) if target else None
    return Standing(
        place, place, name, team, 7, Decimal(amount), goal, Decimal(amount) / goal if goal else None
    )


def said(kind: str, now: datetime, *deals: Deal, ago: float = 2, lasts: float = 14, **over: Any) -> OnAir:
    started = now - timedelta(seconds=ago)
    return replace(OnAir(7, kind, "恭喜！", deals, started, started + timedelta(seconds=lasts)), **over)


def board(**over: Any) -> Show:
    people = tuple(tally(n, name) for n, name in enumerate(("陈芳", "李思思", "赵磊"), 1))
    whole = Show(
        MONDAY,
        "北京分公司",
        21,
        Decimal(258000),
        people,
        (tally(1, "猛虎队"),),
        (City(1, "上海", Decimal("1.03"), None),),
        comment="明天继续！",
    )
    return replace(whole, **over)


def glance(clock: str = "14:52", day: date = MONDAY, **over: Any) -> Glance:
    """Return the office at `clock`; the scene is the timetable's unless given."""
    now = moment(clock, day)
    plan = plan_for(day, rhythm(), workdays())
    state = state_at(plan, now)
    whole = Glance(
        revision=17, now=now, office="北京分公司", plan=plan, state=state, scene=state.wall,
        teams=(tally(1, "猛虎队"),), people=(tally(1, "陈芳", target=None),),
        deals=(deal(2), deal(1, "李思思", "6000")),
        day=Total(Decimal("18800"), Decimal("100000"), 2),
        week=Total(Decimal("18800"), None, 2), month=Total(Decimal("18800"), None, 2),
        on_air=None, board=None, sounding=Sounding("null", None, None, 40, None),
        problems=(), notices=(), trusted_clock=True, walls=rhythm().walls,
    )  # fmt: skip
    return replace(whole, **over)
