"""After a restart, announcements left by the last run are played, postponed or dropped; none is played twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from fakes import SHANGHAI
from office_made import house

from controller.sound.playback import Report

TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)


def test_an_announcement_interrupted_a_minute_ago_is_repeated(tmp_path: Path) -> None:
    """The daemon crashes in mid-sentence and restarts within a minute: the deal is announced again."""
    with house(tmp_path, TUESDAY) as office:
        office.deal("王小明", 3000)
        office.office.queue.on_report(
            Report(1, "playing", "正在播报。", office.clock.monotonic(), office.clock.monotonic() + 9)
        )
        office.close()
        office.clock.go(seconds=60)
        office.open()
        assert [job.id for job in office.announcer.jobs] == [1]


def test_an_announcement_interrupted_long_ago_is_merged_into_the_next_round_up(tmp_path: Path) -> None:
    """After a restart ten minutes later the deal waits for 10:00 and is announced there, once."""
    with house(tmp_path, TUESDAY) as office:
        office.deal("王小明", 3000)
        office.close()
        office.clock.go(minutes=10)
        office.open()
        assert office.announcer.jobs == []
        office.go_to("10:00")
        assert len(office.announcer.jobs) == 1
        assert "王小明" in office.office.announced.of_day(TUESDAY.date())[-1].text


def test_a_heard_announcement_is_not_repeated(tmp_path: Path) -> None:
    """After a restart, an announcement that was heard is not queued."""
    with house(tmp_path, TUESDAY) as office:
        office.deal("王小明", 3000)
        office.announcer.say(office.clock)
        office.close()
        office.open()
        assert office.announcer.jobs == []


def test_a_typed_announcement_is_dropped_when_it_is_late(tmp_path: Path) -> None:
    """«The lift is out of order» from an hour ago is not played after a restart; the list gives the reason."""
    with house(tmp_path, TUESDAY) as office:
        office.office.speech.announce("电梯坏了，请走楼梯。", "k")
        office.close()
        office.clock.go(hours=1)
        office.open()
        assert office.announcer.jobs == []
        (state, why) = office.states()["say:1"]
        assert state == "dropped"
        assert "重启" in why


def test_a_missed_round_up_is_announced_at_the_next_full_hour(tmp_path: Path) -> None:
    """When the daemon is down from 09:30 to 10:20, the deal waiting for 10:00 is announced at 11:00."""
    with house(tmp_path, TUESDAY) as office:
        office.deal("王小明", 3000)
        office.announcer.say(office.clock)
        office.deal("陈芳", 6000)
        office.close()
        office.clock.go(minutes=50)
        office.open()
        assert office.announcer.jobs == []
        office.go_to("11:00")
        assert len(office.announcer.say(office.clock)) == 1


def test_a_cue_is_announced_once_despite_restarts(tmp_path: Path) -> None:
    """With three restarts at 18:00 and a clock set back an hour, the day's top sales are announced once."""
    with house(tmp_path, TUESDAY.replace(hour=17, minute=59, second=58)) as office:
        office.go_to("18:00:01")
        said = len(office.announcer.say(office.clock))
        assert said == 1
        for _ in range(3):
            office.close()
            office.open()
            office.keeper.refresh()
        office.clock.jump(office.clock.now() - timedelta(hours=1))
        office.office.timetable_listener.jumped(-3600)
        office.go_to("18:01")
        assert office.announcer.jobs == []
