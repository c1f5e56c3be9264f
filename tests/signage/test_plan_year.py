"""A simulated year with random exceptions: one plan on phone, wall, API and sound, until each expires."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from controller.timetable.changed_day import calendar
from controller.timetable.plan import plan_for, state_at, to_json
from controller.timetable.workdays import Workdays
from signage import create_app
from signage.wall_state import hhmm, ms
from tests.services.office_made import House, house

SEED = 20261127
BEGIN = date(2026, 1, 1)
ZONE = ZoneInfo("Asia/Shanghai")
CN = Workdays("CN")


def proposed(chance: random.Random, entries: list[dict[str, Any]]) -> dict[str, str]:
    """Return a random exception, often one that names something of the day."""
    clock = f"{chance.randrange(8, 20):02}:{chance.choice((0, 15, 30, 45)):02}"
    later = f"{chance.randrange(20, 24):02}:00"
    item = chance.choice(entries) if entries else {"item": "entry", "name": "小憩", "at": "12:30"}
    named = {"item": item["item"], "name": item["name"], "was": item["at"]}
    return chance.choice(
        [
            {"kind": "like", "like": chance.choice(("monday", "friday", "workday"))},
            {"kind": "off"}, {"kind": "off_from", "at": clock}, {"kind": "off_until", "at": clock},
            {"kind": "no_music", "at": clock, "until": later},
            {"kind": "no_announcements", "at": clock, "until": later},
            {"kind": "extra", "at": clock, "text": "全体到大会议室"}, {"kind": "move", **named, "at": clock},
            {"kind": "skip", **named},
        ]
    )  # fmt: skip


class Year:
    """An office that lives through the days, with a phone that changes them."""

    def __init__(self, office: House, chance: random.Random):
        self.office, self.chance = office, chance
        app = create_app(office.office, secret="x", feed=office.feed, clock=office.clock)
        self.client: FlaskClient = app.test_client()
        token = office.office.keys.make_token("phone", "assistant")
        self.headers = {"Authorization": f"Bearer {token}"}
        self.made = 0

    def get(self, path: str) -> Any:
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    def change(self, today: date) -> None:
        """Try a random exception for today or one of the next ten days."""
        on = today + timedelta(days=self.chance.randrange(10))
        day = self.get(f"/api/days/{on}")
        fields = proposed(self.chance, day["rows"])
        before = to_json(self.office.office.exceptions.day(on).plan)
        path = f"/api/days/{on}/"
        shown = self.client.post(path + "preview", headers=self.headers, json=fields)
        sent = {**fields, "key": f"key-{self.made}-{on}-{self.chance.random()}"}
        answer = self.client.post(path + "changes", headers=self.headers, json=sent)
        assert answer.status_code in (201, 422), answer.json
        if answer.status_code == 422:
            assert shown.json == answer.json
            assert answer.json["error"].endswith("。")
            assert to_json(self.office.office.exceptions.day(on).plan) == before
            return
        self.made += 1
        assert [row["at"] for row in shown.json["rows"]] == [row["at"] for row in answer.json["day"]["rows"]]
        if self.chance.random() < 0.1:
            undone = self.client.delete(f"{path}changes/{answer.json['id']}", headers=self.headers)
            assert undone.json["undone"]
            assert to_json(self.office.office.exceptions.day(on).plan) == before
            self.made -= 1

    def check(self, now: datetime) -> None:
        """The plan of the store's exceptions, computed apart, is the one that everything follows at this moment."""
        office = self.office
        with office.store.read() as session:
            kept = session.exceptions.in_force(date.min)
        mine = kept.get(now.date(), ())
        plan = plan_for(now.date(), office.timetable_file.rhythm, calendar(CN, kept), mine)
        state = state_at(plan, now)
        office.keeper.refresh()
        wall, phone, api = self.get("/api/wall?name=main"), self.get("/api/phone"), self.get("/api/now")
        day = self.get(f"/api/days/{now.date()}")
        spans = [(f"{hhmm(entry.at)}", entry.name) for entry in plan.entries]
        assert [(row["at"], row["name"]) for row in day["rows"] if row["item"] == "entry"] == spans
        assert [(row["at"], row["name"]) for row in phone["plan"]] == spans
        name = state.entry.name if state.entry else None
        for entry in (wall["entry"], phone["entry"], api["entry"]):
            assert (entry or {}).get("name") == name
        assert (wall["entry"] or {}).get("until_ms") == (ms(state.entry.until) if state.entry else None)
        assert phone["exceptions"] == [one["words"] for one in day["exceptions"]]
        assert len(phone["exceptions"]) == len(mine)
        order = office.speaker.order
        assert (order is None) == (state.music is None), (now, state.music)


def live(folder: Path, days: int, number: int) -> Year:
    """Live through `days` days with up to `number` exceptions."""
    chance = random.Random(SEED)
    with house(folder, datetime.combine(BEGIN, time(7), ZONE)) as office:
        year = Year(office, chance)
        for n in range(days):
            today = BEGIN + timedelta(days=n)
            office.clock.jump(datetime.combine(today, time(7), office.clock.zone))
            office.office.timetable_listener.jumped(0)
            while year.made * days < number * (n + 1):
                year.change(today)
            for hour in sorted(chance.sample(range(8, 20), 2)):
                office.clock.go_to(
                    datetime.combine(today, time(hour, chance.randrange(60), 30), office.clock.zone)
                )
                year.check(office.clock.now())
        return year


@pytest.mark.parametrize(("days", "exceptions"), [(60, 36), pytest.param(365, 200, marks=pytest.mark.long)])
def test_a_year_with_exceptions_is_one_plan_everywhere(tmp_path: Path, days: int, exceptions: int) -> None:
    """Phone, wall, API, sound and the pure plan agree every day, and no exception outlives its date.

    Two months, which have the new year and the spring festival; `make soak` takes the year.
    """
    year = live(tmp_path, days, exceptions)
    assert year.made >= exceptions
