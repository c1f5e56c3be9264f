"""A mute that ends early or late: the postponed announcements follow, with the right reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, datetime(2026, 11, 24, 14, 10, tzinfo=SHANGHAI)) as made:
        made.deal("赵磊", 50)  # the first deal of the week and day has been announced
        made.announcer.say(made.clock)
        yield made


def waiting(office: House) -> list[tuple[str, str]]:
    """Return kind and reason of the waiting announcements."""
    said = office.office.announced.of_day(office.clock.now().date())
    return [(a.kind, a.why) for a in said if a.state == "waiting"]


def test_announcements_postponed_by_mute_are_played_as_soon_as_it_ends(office: House) -> None:
    """A big deal and a typed announcement wait for 14:40; mute ends at 14:15 and both are played, with the reason."""
    office.office.music.mute_for(30)
    office.deal("王小明", 20000)
    office.office.speech.announce("三点开会。", "k")
    office.keeper.refresh()
    assert waiting(office) == [("big", "正在静音，14:40 播报。"), ("say", "正在静音，14:40 播报。")]
    office.go_to("14:15")
    assert office.announcer.jobs == []
    office.office.music.mute_for(0)
    office.keeper.refresh()
    assert [job.priority for job in office.announcer.jobs] == [60, 50]
    assert waiting(office) == [("big", "静音提前结束，现在播报。"), ("say", "静音提前结束，现在播报。")]
    office.announcer.say(office.clock)
    office.go_to("14:45")
    assert office.announcer.jobs == []


def test_more_than_two_deals_postponed_by_mute_are_one_burst_when_it_ends_early(office: House) -> None:
    """The rule for a burst applies at the early end as at the planned one."""
    office.office.music.mute_for(30)
    for person in ("王小明", "陈芳", "李思思"):
        office.deal(person, 20000)
    office.office.music.mute_for(0)
    office.keeper.refresh()
    (job,) = office.announcer.jobs
    assert "三单" in job.script.segments[0].text


def test_a_longer_or_shorter_mute_moves_the_waiting_announcements(office: House) -> None:
    """At 14:12 the end is set to 14:17, then to 14:42: the waiting announcement is due then and gives the reason."""
    office.office.music.mute_for(30)
    office.deal("王小明", 20000)
    office.go_to("14:12")
    for minutes, end in ((5, "14:17"), (30, "14:42")):
        office.office.music.mute_for(minutes)
        assert waiting(office) == [("big", f"正在静音，{end} 播报。")]
    office.go_to("14:41")
    assert office.announcer.jobs == []
    office.go_to("14:42:01")
    assert len(office.announcer.jobs) == 1


def test_small_deals_return_to_their_full_hour(office: House) -> None:
    """Muted past 15:00, a small deal waits for the end of mute; if mute ends before 15:00 it waits for 15:00, else it
    is announced now."""
    office.office.music.mute_for(70)
    office.deal("王小明", 300)
    assert waiting(office) == [("hourly", "正在静音，15:20 一起播报。")]
    office.office.music.mute_for(0)
    assert waiting(office) == [("hourly", "15:00 整点一起播报。")]
    office.office.music.mute_for(70)
    office.office.music.mute_for(71)
    assert waiting(office) == [("hourly", "正在静音，15:21 一起播报。")]
    office.go_to("14:20")
    office.office.deals.void(2, "记错了")
    office.deal("陈芳", 400)
    assert waiting(office) == [("hourly", "正在静音，15:21 一起播报。")]
    office.go_to("15:05")
    office.office.music.mute_for(0)
    office.keeper.refresh()
    assert [(kind, why) for kind, why in waiting(office)] == [("roundup", "整点播报。")]


def test_ending_mute_during_quiet_time_plays_nothing(tmp_path: Path) -> None:
    """Mute ends at 12:40 during quiet time: the deal postponed to 13:10 waits for 12:55, with quiet time as reason."""
    with house(tmp_path, datetime(2026, 11, 24, 12, 20, tzinfo=SHANGHAI)) as office:
        office.office.music.mute_for(50)
        office.deal("王小明", 20000)
        assert waiting(office)[0][1] == "正在静音，13:10 播报。"
        office.go_to("12:40")
        office.office.music.mute_for(0)
        assert waiting(office)[0][1] == "小憩时间，12:55 播报。"
        office.go_to("12:54")
        assert office.announcer.jobs == []
        office.go_to("12:55")
        assert len(office.announcer.jobs) == 1
