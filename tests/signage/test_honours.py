"""Awards, ceremony, contests, past results and the export over HTTP, and the command, on a running office."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from controller.cli import main
from controller.sales.awards import Award
from controller.timetable.model import WallDisplay, WallSettings
from signage.wall_state import wall_state
from tests.signage.house import REPOSITORY, ZONE, House, running

TODAY = "2026-12-01"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The month's first working day, after a month with two weeks and three days won."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_AUDIODRIVER", "dummy")
        at = datetime(2026, 12, 1, 14, 10, tzinfo=ZONE)
        with running(tmp_path_factory.mktemp("office") / "home", at, sounds=False) as house:
            honour(house)
            yield house


def honour(house: House) -> None:
    """Record November's awards."""
    office = house.daemon.office
    people = {person.name: person for person in office.people.active()}
    won = [
        ("month", "2026-11-01", "2026-11-30", "陈芳", 63, 486_000, "总经理亲自颁奖"),
        ("week", "2026-11-09", "2026-11-15", "陈芳", 12, 99_000, ""),
        ("week", "2026-11-16", "2026-11-22", "李思思", 9, 88_000, ""),
        ("day", "2026-11-16", "2026-11-16", "李思思", 3, 30_000, ""),
        ("day", "2026-11-17", "2026-11-17", "李思思", 3, 31_000, ""),
        ("day", "2026-11-18", "2026-11-18", "王小明", 2, 20_000, ""),
    ]
    at = datetime(2026, 11, 30, 18, 5, tzinfo=ZONE)
    with house.daemon.store.write() as session:
        for period, since, until, name, count, amount, prize in won:
            one = people[name]
            session.awards.add(
                Award(
                    period, date.fromisoformat(since), date.fromisoformat(until), one.id, name, one.team_id, one.team,
                    count, Decimal(amount), prize, at,
                )
            )  # fmt: skip


def text(house: House, path: str, role: str = "assistant") -> str:
    request = urllib.request.Request(
        house.address + path, headers={"Authorization": f"Bearer {house.token(role)}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(answer.read().decode("utf-8"))


def test_awards_are_listed_newest_first_and_by_person(house: House) -> None:
    found = house.call("GET", "/api/awards").json
    assert [award["period"] for award in found["awards"]] == ["day", "day", "day", "week", "week", "month"]
    assert found["awards"][-1] | {"id": 0, "person_id": 0, "at": ""} == {
        "id": 0, "period": "month", "since": "2026-11-01", "until": "2026-11-30", "title": "", "person_id": 0,
        "person": "陈芳", "team": "猛虎队", "count": 63, "amount": 486_000, "prize": "总经理亲自颁奖", "at": "",
        "note": "记下以后有单撤回，现在是 0 元；奖不改。",
    }  # fmt: skip
    person = found["awards"][-1]["person_id"]
    own = house.call("GET", f"/api/awards?person={person}").json["awards"]
    assert [award["period"] for award in own] == ["week", "month"]
    assert (
        house.call("GET", f"/api/awards?before={found['awards'][0]['id']}").json["awards"]
        == found["awards"][1:]
    )


def test_the_phone_leads_the_ceremony_and_the_wall_follows(house: House) -> None:
    """Started, next, previous, ended; the wall shows the slide in Chinese and in English."""
    before = house.call("GET", "/api/ceremony").json
    assert (before["held"], before["month"], len(before["slides"])) == (False, "2026-11", 5)
    house.call("POST", "/api/ceremony", {"action": "start"}, "assistant")
    wall = house.call("GET", "/api/wall?name=main").json
    assert (wall["scene"], wall["award"]["title"], wall["award"]["person"]) == (
        "award",
        "十一月开拓能手",
        "陈芳",
    )
    house.call("POST", "/api/ceremony", {"action": "next"}, "assistant")
    shown = house.call("POST", "/api/ceremony", {"action": "next"}, "assistant").json
    assert (shown["at"], shown["slides"][2]["person"]) == (2, "李思思")
    english = WallSettings(WallDisplay(language="en"))
    state = wall_state(replace(house.daemon.office.snapshot.glance(), walls=english), "east")
    assert state["award"]["title"] == "Top sales of week 2"
    assert house.call("POST", "/api/ceremony", {"action": "previous"}, "assistant").json["at"] == 1
    refused = house.call("POST", "/api/ceremony", {"action": "dance"}, "assistant")
    assert (refused.status, refused.json["field"]) == (422, "action")
    assert house.call("POST", "/api/ceremony", {"action": "end"}, "assistant").json["held"] is False
    assert house.call("GET", "/api/wall?name=main").json["scene"] == "rhythm"


FORM: dict[str, Any] = {"name": "冲刺周", "kind": "teams", "measure": "amount", "days": 3}


def test_a_contest_from_preview_to_removal(house: House) -> None:
    shown = house.call("POST", "/api/contests/preview", FORM, "manager").json
    assert (shown["until"], shown["days_left"], len(shown["sides"])) == ("2026-12-03", 3, 3)
    assert house.call("GET", "/api/contests").json["open"] == []
    made = house.call("POST", "/api/contests", {**FORM, "key": "c1"}, "manager")
    assert (made.status, made.json["until"]) == (201, "2026-12-03")
    assert house.call("POST", "/api/contests", {**FORM, "key": "c1"}, "manager").status == 200
    house.sell("陈芳", 8000, "contest-deal")
    line = house.call("GET", "/api/wall?name=main").json["contests"][0]
    assert line == {
        "name": "冲刺周", "group": 0, "measure": "amount", "leaders": ["猛虎队"], "score": "8000.00", "days_left": 3,
    }  # fmt: skip
    ended = house.call("POST", f"/api/contests/{made.json['id']}/end", {}, "manager").json
    assert ended["text"] == "冲刺周的结果：恭喜猛虎队，八千元！"
    assert house.call("GET", "/api/contests").json["past"][0]["name"] == "冲刺周"
    house.call("DELETE", f"/api/contests/{made.json['id']}", {}, "manager")
    assert house.call("GET", f"/api/contests/{made.json['id']}").status == 404


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"), ({"name": "一" * 21}, "name"), ({"name": 5}, "name"), ({"kind": "cats"}, "kind"),
        ({"measure": None}, "measure"), ({"days": 0}, "days"), ({"days": 61}, "days"), ({"days": "三"}, "days"),
        ({"since": "2026-11-30"}, "since"), ({"since": "明天"}, "date"), ({"sides": [1]}, "sides"),
        ({"sides": [1, 99_999]}, "sides"), ({"sides": "1"}, "sides"), ({"sides": [True, 1]}, "sides"),
        ({"sides": list(range(1, 99))}, "sides"), ({"prize": "一" * 41}, "prize"),
        ({"kind": "groups", "size": 1}, "size"),
    ],
)  # fmt: skip
def test_a_faulty_contest_is_refused_with_a_sentence(house: House, over: dict[str, Any], field: str) -> None:
    answer = house.call("POST", "/api/contests", {**FORM, "key": "faulty", **over}, "manager")
    assert (answer.status, answer.json["field"]) == (422, field)
    assert answer.json["error"].endswith(("。", "。）"))


def test_any_day_is_read_with_every_deal(house: House) -> None:
    """120 deals are two pages; a deal taken back stays in the list with its reason and is not in the sum."""
    day = "2026-12-01"
    earlier = house.call("GET", f"/api/results?period=day&date={day}").json
    for number in range(120):
        house.sell("王小明", 100, f"paged-{number}", "=1+1" if number == 7 else "套餐")
    last = house.call("GET", f"/api/deals?date={day}").json[-1]
    house.call("DELETE", f"/api/deals/{last['id']}", {"reason": "报重了"}, "assistant")
    first = house.call("GET", f"/api/results?period=day&date={day}").json
    assert (len(first["deals"]), first["count"] - earlier["count"]) == (100, 119)
    assert first["deals"][0]["voided"] == "报重了"
    assert {"王小明"} <= {row["name"] for row in first["top"]}
    second = house.call("GET", f"/api/results?period=day&date={day}&before={first['more']}").json
    assert second["more"] is None
    ids = [deal["id"] for deal in first["deals"] + second["deals"]]
    assert len(ids) == len(set(ids)) == 120 + len(earlier["deals"])
    assert house.call("GET", "/api/results?period=month&date=2026-10-05").json["deals"] == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/results?period=year", "period"), ("/api/results?date=gestern", "date"),
        ("/api/results?from=2026-12-02&until=2026-12-01", "until"), ("/api/results?before=5", "before"),
        ("/api/results?from=2001-01-01&until=2026-12-01", "from"), ("/api/awards?before=x", "before"),
        ("/api/awards?person=-1", "person"),
    ],
)  # fmt: skip
def test_a_faulty_question_is_refused_with_a_sentence(house: House, path: str, field: str) -> None:
    answer = house.call("GET", path)
    assert (answer.status, answer.json["field"]) == (422, field)


def test_a_persons_page_has_twelve_weeks_and_awards(house: House) -> None:
    house.sell("周婷", 700, "trend")
    person = next(p for p in house.call("GET", "/api/people").json if p["name"] == "周婷")
    found = house.call("GET", f"/api/people/{person['id']}/results").json
    assert len(found["weeks"]) == 12
    assert found["weeks"][-1] == {"monday": "2026-11-30", "count": 1, "amount": 700}
    assert (found["month"], found["awards"]) == ({"count": 1, "amount": 700}, [])
    assert house.call("GET", "/api/people/99999/results").status == 404


def rows_of(table: str) -> list[list[str]]:
    assert table.startswith("\ufeff")
    return list(csv.reader(io.StringIO(table[1:])))


def test_the_export_is_harmless_in_a_spreadsheet(house: House) -> None:
    """A product that looks like a formula is text; reasons too; the sum of valid rows is the day's sum."""
    house.sell("陈芳", 5, "formula", "@SUM(A1)")
    rows = rows_of(text(house, f"/api/deals.csv?from={TODAY}&until={TODAY}"))
    assert rows[0][:4] == ["编号", "日期", "时间", "团队"]
    products = {row[5] for row in rows[1:]}
    assert "'@SUM(A1)" in products
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    total = sum(Decimal(row[6]) for row in rows[1:] if row[7] == "有效")
    assert total == house.call("GET", "/api/results?period=day").json["amount"]
    assert house.call("GET", "/api/deals.csv", role="leader").status == 403


def test_the_command_exports_beside_the_running_daemon(house: House, tmp_path: Path) -> None:
    home = house.daemon.store.path.parent.parent
    file = tmp_path / "deals.csv"

    def export(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["export", "deals", "--home", str(home), *words])
        return done.exit_code, done.output

    span = ["--from", TODAY, "--to", TODAY]
    # Once in a separate process, as people run it; then in this one.
    command = [sys.executable, "-m", "controller", "export", "deals", "--home", str(home), *span, str(file)]
    env = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, env=env)
    assert str(file) in done.stdout
    assert rows_of(file.read_bytes().decode()) == rows_of(
        text(house, f"/api/deals.csv?from={TODAY}&until={TODAY}")
    )
    code, said = export(*span, str(file))
    assert (code, "已经存在" in said) == (1, True)
    code, said = export(*span, str(tmp_path / "deals.txt"))
    assert (code, ".csv" in said) == (1, True)
    code, said = export("--from", TODAY, "--to", "2026-11-01", str(tmp_path / "x.csv"))
    assert (code, "对调" in said) == (1, True)
    assert not (tmp_path / "x.csv").exists()
