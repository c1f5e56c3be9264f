"""`zhangu demo`: the made-up day fits the shipped timetable, runs on the real daemon, and leaves no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from datetime import time as clock_time
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.clock import Clock
from controller.sales.model import Deal
from controller.sales.store import Store
from controller.simulation import demo
from controller.simulation.demo_day import ACTS, DAY, Act, DemoDeal, Past
from controller.system.paths import Home
from controller.timetable.current import TimetableFile
from controller.timetable.plan import state_at

ROOT = Path(__file__).resolve().parents[1]
ZHANGU = Path(sys.executable).parent / "zhangu"
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with only the shipped timetable and sounds."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "rhythm.yaml").write_bytes((ROOT / "config" / "rhythm.yaml").read_bytes())
    (tmp_path / "sounds").symlink_to(ROOT / "sounds")
    return Home(tmp_path)


@pytest.fixture
def made_up(home: Home) -> Iterator[Home]:
    with demo.stage(home) as stage:
        yield stage


def act(hour: int, minute: int) -> Act:
    return next(act for act in ACTS if (act.at.hour, act.at.minute) == (hour, minute))


def second(act: Act, after: float) -> datetime:
    begin = datetime.combine(DAY, act.at, ZONE)
    return datetime.fromtimestamp(begin.timestamp() + after, ZONE)


def test_each_act_meets_the_moment_it_announces(home: Home) -> None:
    """Each step on the terminal without an action is a boundary or cue of the shipped timetable, or a round-up."""
    plan = TimetableFile(home.timetable, home.last_good).plan(DAY)
    boundaries = {entry.at for entry in plan.entries} | {cue.at for cue in plan.cues}
    moments = [second(act, step.after) for act in ACTS for step in act.steps if step.action is None]
    assert [f"{at:%H:%M:%S}" for at in moments] == [
        "08:50:00", "09:00:00", "10:00:00", "12:30:00", "12:55:00", "18:00:00", "18:05:00",
    ]  # fmt: skip
    assert set(moments) - boundaries == {datetime.combine(DAY, datetime.min.time(), ZONE).replace(hour=10)}
    assert all(act.lasts > step.after for act in ACTS for step in act.steps)


def test_the_clock_only_goes_forward_and_the_day_takes_about_six_minutes() -> None:
    """No act starts before the previous one has ended; all acts, including speech, take about six minutes."""
    for before, after in pairwise(ACTS):
        assert second(before, before.lasts + 60) < second(after, 0)
        assert all(second(before, before.lasts) < datetime.combine(DAY, past.at, ZONE) < second(after, 0)
                   for past in after.meanwhile)  # fmt: skip
    assert 280 < sum(act.lasts for act in ACTS) < 400


def test_one_deal_of_the_nap_and_no_other_is_in_quiet_time(home: Home) -> None:
    """The one deal that has to wait for the drums is recorded in the nap; all others outside quiet time."""
    plan = TimetableFile(home.timetable, home.last_good).plan(DAY)
    quiet = [
        step.action
        for act in ACTS
        for step in act.steps
        if isinstance(step.action, DemoDeal) and state_at(plan, second(act, step.after)).quiet
    ]
    assert quiet == [DemoDeal("王小明", "猎头服务", 16800)]


def test_the_made_up_month_is_the_same_each_time(home: Home) -> None:
    """Two demos have exactly the same deals."""
    books = []
    for _ in range(2):
        with (
            demo.stage(home) as made_up,
            closing(Store(made_up.var / demo.OPENING, ZONE)) as store,
            store.read() as session,
        ):
            deals = [deal for n in range(1, DAY.day) for deal in session.deals.of_day(DAY.replace(day=n))]
            books.append([(deal.person, deal.product, deal.amount, deal.at) for deal in deals])
            largest = session.deals.largest(DAY)
    assert books[0] == books[1]
    assert len(books[0]) > 100
    assert largest is not None
    assert 16800 < largest < 28800  # so that the afternoon's deal is a record and the nap's is not


def test_a_clock_that_is_no_rehearsals_cannot_be_set() -> None:
    """No part of the program can set the office's clock."""
    clock = Clock(ZONE)
    with pytest.raises(ValueError, match="rehearsal"):
        clock.jump_to(datetime(2026, 10, 30, 12, tzinfo=ZONE))


def test_two_acts_pass_on_the_real_daemon(made_up: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A big deal is heard at once, the small ones together after the clock has jumped to the full hour."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    early = Past(clock_time(9, 31), DemoDeal("李思思", "网络招聘", 3600))
    morning = replace(act(9, 47), meanwhile=(early,), lasts=6)
    hour = replace(act(9, 59), at=clock_time(9, 59, 57), steps=(), lasts=5)
    monkeypatch.setattr(demo, "ACTS", (morning, hour))
    lines: list[str] = []
    with demo.opened(made_up, "127.0.0.1", 0) as daemon:
        demo.DemoPlayer(daemon, lines.append, lambda seconds: bool(time.sleep(seconds))).play()
        said = daemon.office.announced.of_day(DAY)
        deals = {deal.id: deal for deal in daemon.office.deals.of_day(DAY)}
    of_person = {deals[row.deals[0]].person: row for row in said if row.key.startswith("deal:")}
    assert of_person["赵磊"].state == "heard", of_person["赵磊"].why
    assert [of_person[name].state for name in ("单晓明", "林晓雨")] == ["merged", "merged"]
    together = next(row for row in said if row.kind == "roundup")
    assert together.state == "heard", together.why
    assert {deals[ident].person for ident in together.deals} == {"单晓明", "林晓雨"}
    assert together.started is not None
    assert f"{together.started:%H:%M}" == "10:00"
    assert lines[0].startswith("09:47:0")


def test_the_hours_left_out_are_in_the_standings(made_up: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deals recorded while the clock jumped count normally; the next round starts in the morning again."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    lunch = act(12, 29)
    monkeypatch.setattr(demo, "ACTS", (Act(lunch.at, 0.1, lunch.line, (), lunch.meanwhile),))
    with demo.opened(made_up, "127.0.0.1", 0) as daemon:
        demo.DemoPlayer(daemon, lambda line: None, lambda seconds: bool(time.sleep(seconds))).play()
        deals: tuple[Deal, ...] = daemon.office.deals.of_day(DAY)
        said = daemon.office.announced.of_day(DAY)
        pin = daemon.office.keys.pin()
    assert [(f"{deal.at:%H:%M}", deal.person) for deal in deals] == [
        (f"{past.at:%H:%M}", past.deal.person) for past in lunch.meanwhile
    ]
    assert {(row.state, row.why) for row in said} == {
        ("merged", "并入 11:00 的整点播报。"),
        ("merged", "并入 12:00 的整点播报。"),
    }
    with demo.opened(made_up, "127.0.0.1", 0) as daemon:  # as --loop does
        assert daemon.office.deals.of_day(DAY) == ()
        assert daemon.office.keys.pin() == pin


def test_ctrl_c_ends_the_command_and_leaves_nothing(home: Home, tmp_path: Path) -> None:
    """Exit code 0, no temporary folder, no child, and the home with the timetable has no store."""
    scratches = tmp_path / "scratches"
    scratches.mkdir()
    env: dict[str, Any] = dict(os.environ) | {"SDL_AUDIODRIVER": "dummy", "TMPDIR": str(scratches)}
    process = subprocess.Popen(
        [ZHANGU, "demo", "--home", home.root, "--host", "127.0.0.1", "--port", "0"],
        env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert "虚构" in process.stdout.readline()
        address = process.stdout.readline().partition("大屏：")[2].partition("/wall")[0]
        with urllib.request.urlopen(f"{address}/api/now", timeout=20) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{address}/login", timeout=20) as answer:
            assert "彩排" in answer.read().decode()
        assert list(scratches.iterdir())
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "演示停下了。" in rest
    assert not list(scratches.iterdir())
    assert not home.database.exists()
