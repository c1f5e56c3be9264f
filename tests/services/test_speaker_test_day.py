"""When the speaker test runs on a day, and when it must not."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import ROOT, House

from controller.sound.microphone import Listened

TIMETABLE = (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8")
FRIDAY, SATURDAY = (
    datetime(2026, 11, 27, 8, 20, tzinfo=SHANGHAI),
    datetime(2026, 11, 28, 8, 20, tzinfo=SHANGHAI),
)


class Listener:
    """A microphone that gives each test the next result."""

    def __init__(self, *found: str) -> None:
        self.found, self.count = list(found), 0

    def __call__(self, name: str, play: object) -> Listened:
        self.count += 1
        return Listened(self.found.pop(0) if self.found else "silent", -50.0, 0.0, "USB")


@pytest.fixture
def morning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that plays twenty minutes from the start on, and the listener."""
    houses = []

    def play(start: datetime, *found: str, setting: str = "speaker_test: 08:25", trusted: bool = True):  # type: ignore[no-untyped-def]
        house = House(
            tmp_path / str(len(houses)), start, TIMETABLE + f"\nhealth: {{daily: 18:30, {setting}}}\n"
        )
        houses.append(house)
        listener, test = Listener(*found), house.office.speaker_test
        monkeypatch.setattr(test, "_listen", listener)
        monkeypatch.setattr(type(house.clock), "trusted", lambda *_: trusted)
        for _ in range(60):
            house.clock.go(seconds=20)
            house.keeper.refresh()
            while test.running:
                time.sleep(0.005)
        return listener.count, [one.name for one in house.office.health.all() if one.part == "speaker"]

    yield play
    for house in houses:
        house.close()


def test_it_runs_once_when_it_is_heard_and_three_times_when_it_is_not(morning) -> None:  # type: ignore[no-untyped-def]
    """A single miss is no fault; three are one; a loud office is none."""
    assert morning(FRIDAY, "heard") == (1, [])
    assert morning(FRIDAY, "silent", "heard") == (2, [])
    assert morning(FRIDAY, "silent", "loud", "silent") == (3, ["speaker_unheard"])
    assert morning(FRIDAY, "silent", "silent", "loud") == (3, [])
    assert morning(FRIDAY, "mic_lost", "mic_lost", "mic_lost") == (3, ["mic_lost"])


def test_it_never_runs_on_a_day_off_with_an_untrusted_clock_or_when_it_is_off(morning) -> None:  # type: ignore[no-untyped-def]
    """Nothing sounds then, and nothing is judged."""
    assert morning(SATURDAY) == (0, [])
    assert morning(FRIDAY, trusted=False) == (0, [])
    assert morning(FRIDAY, setting="cities: false") == (0, [])


def test_it_never_runs_in_quiet_time(morning) -> None:  # type: ignore[no-untyped-def]
    """A test that is set for the nap is left out: its quarter of an hour passes in silence."""
    nap = FRIDAY.replace(hour=12, minute=28)
    assert morning(nap, setting="speaker_test: 12:32") == (0, [])
