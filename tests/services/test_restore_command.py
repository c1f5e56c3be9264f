"""`zhangu restore` and other commands at the machine: another office's backup, and times in the office's zone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes import SHANGHAI
from office_made import ROOT, house

from controller.cli import main
from controller.sales.store import Store
from controller.services.auth import Credentials
from controller.services.restore import facts_of
from controller.system.paths import Home

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=SHANGHAI)
MORNING = datetime(2026, 11, 30, 9, 30, tzinfo=SHANGHAI)
THERE, HERE = "上海分公司", "北京分公司"


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone is thirteen hours behind the office's."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def office(folder: Path, name: str, at: datetime, *deals: int) -> Home:
    """Make an office with deals and a track, and stop it."""
    timetable = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    timetable = re.sub(r"(?m)^office: .*$", f"office: {name}", timetable)
    with house(folder, at, timetable) as made:
        for amount in deals:
            made.deal("王小明", amount)
        track = folder / "sounds" / "music" / "morning" / "one.ogg"
        track.parent.mkdir(parents=True)
        track.write_bytes(name.encode())
    return Home(folder)


def run(home: Home, *words: str, fails: bool = False) -> str:
    done = CliRunner().invoke(main, [*words, "--home", str(home.root)])
    assert (done.exit_code != 0) == fails, done.output
    return done.output


def backup(home: Home, to: Path) -> str:
    run(home, "backup", str(to))
    return str(to)


def named(home: Home) -> str:
    found = re.search(r"(?m)^office: (.*)$", home.timetable.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def test_another_offices_backup_only_on_request(tmp_path: Path) -> None:
    """Its office is named and nothing changes; with --other-office this machine becomes that office."""
    here = office(tmp_path / "here", HERE, NOON, 100, 200)
    file = backup(office(tmp_path / "there", THERE, MORNING, 300), tmp_path / "there.zip")
    was = here.database.read_bytes()
    said = run(here, "restore", file, "--yes", fails=True)
    assert f"这是“{THERE}”的备份，这里是“{HERE}”，没有恢复，一切照旧。" in said
    assert "--other-office" in said
    assert here.database.read_bytes() == was
    assert not (here.var / "restore").exists()

    said = run(here, "restore", file, "--yes", "--other-office")
    assert "注意：这里有比备份更新的订单" in said
    assert named(here) == THERE
    assert facts_of(here.database).deals == 1
    assert (here.root / "sounds/music/morning/one.ogg").read_text() == THERE
    (before,) = here.var.glob("before-restore-*")
    assert str(before) in said
    assert facts_of(before / "var" / "zhangu.db").deals == 2
    assert f"office: {HERE}" in (before / "config" / "rhythm.yaml").read_text(encoding="utf-8")


def test_an_empty_box_takes_any_offices_backup(tmp_path: Path) -> None:
    """Moving to a new box needs no option: its shipped timetable has another name and nobody works there yet."""
    file = backup(office(tmp_path / "there", THERE, MORNING, 300), tmp_path / "there.zip")
    fresh = Home(tmp_path / "fresh")
    fresh.timetable.parent.mkdir(parents=True)
    fresh.timetable.write_bytes((ROOT / "config" / "rhythm.yaml").read_bytes())
    assert "已恢复。" in run(fresh, "restore", file, "--yes")
    assert (named(fresh), facts_of(fresh.database).deals) == (THERE, 1)


@pytest.mark.usefixtures("far_away")
def test_the_preview_has_the_offices_time(tmp_path: Path) -> None:
    """The last deal of both sides and the kept files are dated in the office's zone, not in the machine's or UTC."""
    here = office(tmp_path / "here", HERE, NOON, 100)
    file = backup(office(tmp_path / "there", HERE, MORNING, 300), tmp_path / "there.zip")
    said = run(here, "restore", file, "--preview")
    assert re.search("备份里：.*最后一单 2026-11-30 09:30", said)
    assert re.search("这里：.*最后一单 2026-12-01 12:00", said)
    now = datetime.now(SHANGHAI)
    assert f"{now:%Y-%m-%d %H:}" in said.splitlines()[0]
    assert f"before-restore-{now:%Y-%m-%d-%H}" in run(here, "restore", file, "--yes")


@pytest.mark.usefixtures("far_away")
def test_tokens_and_phones_have_the_offices_time(tmp_path: Path) -> None:
    """Their times are the office's; without a valid timetable the machine's."""
    home = office(tmp_path / "here", HERE, NOON)
    run(home, "token", "看板", "--role", "wall")
    with closing(Store(home.database)) as store:
        keys = Credentials(store)
        keys.open_session("前台", "10.0.0.9", secure=False)
    now = datetime.now(SHANGHAI)
    lines = run(home, "tokens").splitlines()
    assert len(lines) == 2
    for line in lines:
        assert f"{now:%Y-%m-%d %H:}" in line
    home.timetable.write_text("office: [", encoding="utf-8")
    home.last_good.unlink(missing_ok=True)
    assert f"{datetime.now():%Y-%m-%d %H:}" in run(home, "tokens")  # noqa: DTZ005 - the machine's own time
