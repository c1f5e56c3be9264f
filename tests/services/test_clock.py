"""The clock may be wrong after a power cut: timed sound waits, broadcasts work, people see it; then all goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fakes import SHANGHAI, HandClock
from office_made import House

from controller.clock import BUILT, Clock

NOON = datetime(2026, 11, 24, 17, 59, 50, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("timesyncd", "synchronised", "rtc", "trusted"),
    [
        (True, False, False, False),  # a Pi before the 5, not yet online
        (True, True, False, True),  # the network has set it
        (True, False, True, True),  # a clock with a battery
        (False, False, False, True),  # another time service: nothing says that it is wrong
    ],
)
def test_which_clock_is_trusted(
    tmp_path: Path, timesyncd: bool, synchronised: bool, rtc: bool, trusted: bool
) -> None:
    """Synchronised, or with a battery; a tap of a person confirms any."""
    timesync, battery = tmp_path / "timesync", tmp_path / "rtc0"
    if timesyncd:
        timesync.mkdir()
    if synchronised:
        (timesync / "synchronized").touch()
    if rtc:
        battery.mkdir()
    clock = Clock(ZoneInfo("UTC"), timesync=timesync, rtc=battery)
    assert clock.trusted() is trusted
    clock.confirm()
    assert clock.trusted()


def test_a_time_before_the_release_or_the_newest_deal_is_wrong(tmp_path: Path) -> None:
    """Also when the network has set it: deals are not made in the future."""
    clock = Clock(ZoneInfo("UTC"), timesync=tmp_path / "none", rtc=tmp_path)
    assert datetime.now(UTC) > BUILT
    assert clock.trusted(datetime.now(UTC) - timedelta(days=1))
    assert not clock.trusted(datetime.now(UTC) + timedelta(hours=1))


class BootClock(HandClock):
    """A clock that is not confirmed yet."""

    sure = False

    def trusted(self, newest: datetime | None = None) -> bool:
        return self.sure

    def confirm(self) -> None:
        self.sure = True


class Booted(House):
    """An office that starts with an untrusted clock."""

    def open(self) -> None:
        self.clock = BootClock(self.clock.present)
        super().open()


def test_timed_sound_waits_for_a_trusted_clock_and_broadcasts_do_not(tmp_path: Path) -> None:
    """18:00 passes unannounced, a text is said, the wall says why; after a tap 18:05 comes."""
    house = Booted(tmp_path, NOON)
    try:
        house.clock.go(seconds=20)
        house.keeper.refresh()
        assert house.announcer.jobs == []
        house.office.speech.announce("请开会。", "by-hand")
        assert len(house.announcer.say(house.clock)) == 1
        assert [one.part for one in house.office.snapshot.glance().problems if one.serious] == ["clock"]
        house.clock.confirm()
        house.go_to("18:05:01")
        assert "results" in {name.split(":")[0] for name in house.states()}
        assert not [one for one in house.office.snapshot.glance().problems if one.part == "clock"]
    finally:
        house.close()


def test_music_waits_for_a_trusted_clock(tmp_path: Path) -> None:
    """At 08:40 the timetable has music: silent until the clock is trusted."""
    house = Booted(tmp_path, NOON.replace(hour=8, minute=40))
    try:
        assert house.speaker.order is None
        house.clock.confirm()
        house.keeper.refresh()
        assert house.speaker.order is not None
    finally:
        house.close()
