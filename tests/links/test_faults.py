"""Messages about the box: a fault once when it has lasted, once when it is over, and the line of the day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from linked import LinkedHouse, linked
from vendors import WecomServer

from controller.sales.model import Refused

GROUP = "links: {groups: {群: {kind: wecom, quiet: %s, send: [故障, 小结]}}}"


@contextmanager
def group(
    folder: Path, quiet: str = "[]", start: str = "2026-11-27T09:30:00+08:00"
) -> Iterator[tuple[LinkedHouse, WecomServer]]:
    with linked(folder, GROUP % quiet, datetime.fromisoformat(start)) as house:
        server = WecomServer(house.clock.now)
        house.connect("group:群", server.address, key=server.key)
        yield house, server
        server.close()


def passing(house: LinkedHouse, seconds: int, step: int = 10) -> None:
    """Let the office run, and its links send."""
    for _ in range(seconds // step):
        house.clock.go(seconds=step)
        house.keeper.refresh()
        house.sender.turn()


def heads(server: WecomServer) -> list[str]:
    return [text.splitlines()[0][:6] for text in server.texts]


def test_a_fault_is_reported_once_and_once_when_it_is_over(tmp_path: Path) -> None:
    """One that is over within a minute is no news; a restart in between repeats nothing and still reports the end."""
    with group(tmp_path) as (house, server):
        house.office.music.set_volume(0)
        passing(house, 30)
        house.office.music.set_volume(80)
        passing(house, 120)
        assert heads(server) == []
        house.office.music.set_volume(0)
        passing(house, 180)
        house.close()
        house.open()
        passing(house, 7200, 120)
        assert heads(server) == ["【设备故障】"]
        assert "总音量是 0" in server.texts[0]
        house.office.music.set_volume(80)
        passing(house, 120)
        assert heads(server) == ["【设备故障】", "【设备恢复】"]


def test_a_wall_that_is_away_for_ten_minutes_of_work_is_reported(tmp_path: Path) -> None:
    """Off for the night is no fault, and closing time is no repair."""
    with group(tmp_path, start="2026-11-27T16:00:00+08:00") as (house, server):
        house.office.walls.seen("大厅", house.clock.now())
        house.office.walls.choose("大厅", {"theme": "paper"})
        passing(house, 540)
        assert heads(server) == []
        passing(house, 300)
        assert heads(server) == ["【设备故障】"]
        assert "大屏“大厅”从 16:00 起没有连上" in server.texts[0]
        passing(house, 6 * 3600, 300)  # work has ended
        assert heads(server) == ["【设备故障】", "【小结】11"]
        house.office.walls.seen("大厅", house.clock.now())
        passing(house, 60)
        assert heads(server)[-1] == "【设备恢复】"


def test_nothing_is_sent_in_quiet_hours(tmp_path: Path) -> None:
    """A fault that begins and ends in them is not sent at all; one that lasts is sent at their end."""
    with group(tmp_path, "[09:00-10:00]") as (house, server):
        house.office.music.set_volume(0)
        passing(house, 600)
        house.office.music.set_volume(80)
        passing(house, 60)
        house.office.music.set_volume(0)
        passing(house, 600)
        assert server.texts == []
        passing(house, 1200)
        assert heads(server) == ["【设备故障】"]
        first = house.link_messages("group:群")[0]
        assert (first.state, first.why) == ("dropped", "还没有发出去就好了，不再发。")


def test_a_backup_that_failed_is_reported(tmp_path: Path) -> None:
    """Although it is no serious fault."""
    with group(tmp_path) as (house, server):
        passing(house, 60)
        house.file.write_text(f"{house.file.read_text('utf-8')}\nbackup: {{folder: /nowhere}}\n", "utf-8")
        house.timetable_file.refresh()
        with pytest.raises(Refused):
            house.office.backups.make()
        passing(house, 120)
        assert heads(server) == ["【设备故障】"]
        assert "没有做成：没有这个文件夹" in server.texts[0]


def test_the_line_of_the_day_is_sent_once(tmp_path: Path) -> None:
    """At 18:30, after a restart too; with what was not heard and why."""
    with group(tmp_path, start="2026-11-27T18:25:00+08:00") as (house, server):
        house.office.speech.announce("大家好", "hello")
        passing(house, 600)
        house.close()
        house.open()
        passing(house, 600)
        lines = [text for text in server.texts if text.startswith("【小结】")]
        assert len(lines) == 1
        assert lines[0].startswith("【小结】11月27日（周五）：今天播了")
