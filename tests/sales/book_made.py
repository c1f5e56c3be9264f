"""Factories for teams, people, deals and standings used in tests of the store."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from controller.sales.messages import Words
from controller.sales.model import WAITING, Announcement, Deal
from controller.sales.people_import import PersonRow
from controller.sales.standings import Standing
from controller.sales.store import Store
from controller.sound.mandarin import amount_in_words, count_in_words

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)  # a Monday
WORDS = Words(amount_in_words, count_in_words)
PEOPLE = (("猛虎队", "王小明"), ("猛虎队", "陈芳"), ("飞龙队", "李思思"), ("飞龙队", "刘洋"))


def at(clock: str, day: date = DAY) -> datetime:
    """Return a time such as "14:30" on a day in the office's zone."""
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), ZONE)  # noqa: DTZ007


def fill_roster(store: Store) -> None:
    with store.write() as session:
        session.roster.import_people([PersonRow(team, name) for team, name in PEOPLE])


def record(store: Store, person: int = 1, amount: str = "100", clock: str = "10:00", **more: object) -> Deal:
    """Record one deal in a separate transaction; `key` and `day` are optional."""
    day = more.get("day", DAY)
    assert isinstance(day, date)
    with store.write() as session:
        moment = at(clock, day)
        key = str(more.get("key", f"{day}-{clock}-{person}-{amount}"))
        deal, _ = session.deals.record(key, person, "网络招聘", Decimal(amount), moment, day)
    return deal


def deal(amount: str = "12800", clock: str = "14:07", ident: int = 1, **more: object) -> Deal:
    values = {
        "id": ident, "key": f"k{ident}", "person_id": ident, "person": "王小明", "team": "猛虎队",
        "product": "校园招聘套餐", "amount": Decimal(amount), "at": at(clock), "voided": None,
        "date": DAY, "team_id": 1,
    }  # fmt: skip
    return Deal(**(values | more))  # type: ignore[arg-type]


def standing(name: str = "王小明", amount: str = "12800", count: int = 1, **more: object) -> Standing:
    values = {
        "place": 1, "id": abs(hash(name)) % 10_000, "name": name, "team": "猛虎队", "count": count,
        "amount": Decimal(amount), "reached": at("10:00") if count else None,
    }  # fmt: skip
    return Standing(**(values | more))  # type: ignore[arg-type]


def announcement(kind: str = "big", state: str = WAITING, **more: object) -> Announcement:
    values = {
        "id": 1, "key": "a", "kind": kind, "text": "…", "state": state, "why": "因为",
        "created": at("10:00"), "due": None, "deals": (1,),
    }  # fmt: skip
    return Announcement(**(values | more))  # type: ignore[arg-type]


def minutes(day: date = DAY) -> list[datetime]:
    """Return every minute of the day."""
    start = datetime.combine(day, datetime.min.time(), ZONE)
    return [start + timedelta(minutes=n) for n in range(24 * 60)]
