"""The plan over HTTP: a week, a day, preview, change and undo, on phone, walls, poster and command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from controller.timetable.model import WallDisplay, WallSettings
from signage.wall_state import wall_state
from tests.signage.house import REPOSITORY, ZONE, House, running

TODAY, SATURDAY = "2026-11-26", "2026-11-28"
HALF_DAY = {"kind": "off_from", "at": "15:00"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        at = datetime(2026, 11, 26, 14, 10, tzinfo=ZONE)
        with running(tmp_path_factory.mktemp("office") / "home", at, sounds=False) as house:
            yield house


@pytest.fixture(autouse=True)
def as_usual(house: House) -> Iterator[None]:
    """Undo each test's exceptions."""
    yield
    for day in (TODAY, SATURDAY, "2026-11-27"):
        for one in house.call("GET", f"/api/days/{day}").json["exceptions"]:
            house.call("DELETE", f"/api/days/{day}/changes/{one['id']}", role="assistant")


def change(house: House, day: str, key: str, role: str = "assistant", **fields: str) -> Any:
    return house.call("POST", f"/api/days/{day}/changes", {**fields, "key": key}, role)


def text(house: House, path: str) -> str:
    with urllib.request.urlopen(house.address + path, timeout=10) as answer:
        return str(answer.read().decode("utf-8"))


def test_a_week_has_days_off_and_what_is_special(house: House) -> None:
    """Working hours, days off with the reason, the month's first working day, and exceptions in words."""
    change(house, SATURDAY, "saturday", kind="like", like="friday")
    week = house.call("GET", f"/api/week?from={TODAY}").json
    days = {day["date"]: day for day in week["days"]}
    assert week["today"] == TODAY
    assert (days[TODAY]["near"], days[TODAY]["from"], days[TODAY]["until"]) == ("今天", "08:30", "18:10")
    assert days[TODAY]["planned"] == []
    assert (days[SATURDAY]["workday"], days[SATURDAY]["changes"]) == (True, ["按周五的安排"])
    assert (days["2026-11-29"]["workday"], days["2026-11-29"]["why"]) == (False, "周日休息")
    assert days["2026-12-01"]["planned"][:2] == ["前台迎接", "月初问候"]
    holidays = house.call("GET", "/api/week?from=2026-10-05").json["days"]
    assert [day["workday"] for day in holidays] == [False, False, False, True, True, True, False]
    assert "调休上班" in holidays[5]["why"]


def test_a_preview_changes_nothing(house: House) -> None:
    before = house.call("GET", f"/api/days/{TODAY}").json
    shown = house.call("POST", f"/api/days/{TODAY}/preview", HALF_DAY, "assistant").json
    assert shown["words"] == "15:00 起休息"
    assert [row["label"] for row in shown["gone"]][-2:] == ["当天开拓能手", "战报"]
    assert next(row for row in shown["rows"] if row["changed"])["until"] == "15:00"
    assert any("没有战报" in effect for effect in shown["effects"])
    assert house.call("GET", f"/api/days/{TODAY}").json == before


def test_a_change_holds_on_every_screen_within_two_seconds(house: House) -> None:
    """Phone, wall in both languages, poster of the date and `/api/now`; undone, all are as before."""
    began = time.monotonic()
    made = change(house, TODAY, "now", kind="off_from", at="14:10")
    assert made.status == 201
    wall = house.call("GET", "/api/wall?name=main").json
    assert wall["scene"] == "rest"
    assert wall["entry"] is None
    assert "今天 14:10 起休息。" in wall["notices"]
    assert house.call("GET", "/api/phone").json["exceptions"] == ["14:10 起休息"]
    assert house.call("GET", "/api/now").json["entry"] is None
    assert time.monotonic() - began < 2
    assert "14:10 起休息" in text(house, f"/poster?date={TODAY}")
    assert "14:10 起休息" not in text(house, "/poster")
    english = WallSettings(WallDisplay(language="en"))
    state = wall_state(replace(house.daemon.office.snapshot.glance(), walls=english), "east")
    assert "Today: off from 14:10." in state["notices"]
    undone = house.call("DELETE", f"/api/days/{TODAY}/changes/{made.json['id']}", role="assistant")
    assert undone.json["undone"]
    assert undone.json["day"]["history"][-1]["undone_by"] == "assistant"
    assert house.call("GET", "/api/wall?name=main").json["scene"] == "rhythm"


def test_the_command_reads_the_same_plan(house: House) -> None:
    """`zhangu today` shows the exceptions beside the running daemon, with author and time."""
    change(house, TODAY, "half", **HALF_DAY)
    change(house, TODAY, "extra", kind="extra", at="16:30", text="全体到大会议室")
    home = house.daemon.store.path.parent.parent
    command = [sys.executable, "-m", "controller", "today", "--home", str(home), "--date", TODAY]
    run = {
        "capture_output": True,
        "text": True,
        "check": True,
        "cwd": REPOSITORY,
        "env": {**os.environ, "PYTHONUTF8": "1"},
    }
    said = subprocess.run(command, **run).stdout  # type: ignore[call-overload]
    assert "临时安排：15:00 起休息（assistant，2026-11-26 14:10）" in said
    assert "16:30  播报 全体到大会议室" in said
    assert "战报传来" not in said
    plan = json.loads(subprocess.run([*command, "--json"], **run).stdout)  # type: ignore[call-overload]
    day = house.call("GET", f"/api/days/{TODAY}").json
    assert plan["exceptions"] == day["exceptions"]
    assert [entry["name"] for entry in plan["entries"]] == [
        r["name"] for r in day["rows"] if r["item"] == "entry"
    ]


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("2026-13-01/changes", HALF_DAY, 422),
        ("yesterday/preview", HALF_DAY, 422),
        (f"{TODAY}/changes", {"kind": "party"}, 422),
        (f"{TODAY}/changes", HALF_DAY, 422),
        (f"{TODAY}/preview", {"kind": "extra", "at": "16:00", "text": {}}, 422),
        ("2026-11-25/changes", {**HALF_DAY, "key": "past"}, 422),
        (f"{TODAY}/changes", {**HALF_DAY, "key": "k" * 101}, 422),
        (f"{TODAY}/changes", b"[1]", 400),
        ("9999-12-31/preview", HALF_DAY, 422),
    ],
)
def test_a_bad_request_is_refused_with_a_sentence(
    house: House, path: str, fields: object, status: int
) -> None:
    answer = house.call("POST", f"/api/days/{path}", fields, "assistant")
    assert answer.status == status
    assert answer.json["error"].endswith("。")
    assert house.call("GET", f"/api/days/{TODAY}").json["exceptions"] == []


def test_only_some_roles_change_the_plan(house: House) -> None:
    """Assistant, director and admin; everyone may look."""
    for role in ("leader", "wall", "program"):
        assert change(house, TODAY, f"by-{role}", role, **HALF_DAY).status == 403
        assert house.call("GET", f"/api/days/{TODAY}", role=role).status == 200
    assert change(house, TODAY, "by-director", "director", **HALF_DAY).status == 201


def test_the_same_key_makes_it_once(house: House) -> None:
    first, again = (change(house, TODAY, "twice", **HALF_DAY) for _ in range(2))
    assert (first.status, again.status) == (201, 200)
    assert first.json["id"] == again.json["id"]
    assert change(house, TODAY, "twice", kind="off").status == 409
